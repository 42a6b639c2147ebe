"""How pictures become labels: which encoder at which qindexes, and the final tree of each stream it makes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from av1core.dataset.record import Encoder
from av1core.errors import MediaError
from av1core.media import libaom, svtav1
from av1core.media.tree import Nodes, visited_nodes
from av1core.partition import Partition
from av1core.translation import message

QINDEXES = (80, 128, 172, 220)
"""The qindexes of a dataset unless others are asked for."""

_DEFAULT_SPEED = {"libaom": 2, "svtav1": 4}
_SPEED_NAME = {"libaom": "cpu-used", "svtav1": "preset"}

_TOOL_OPTIONS = {
    "rect": "enable-rect-partitions",
    "ab": "enable-ab-partitions",
    "1to4": "enable-1to4-partitions",
}
_TOOL_TYPES = {
    "rect": (Partition.HORZ, Partition.VERT),
    "ab": (Partition.HORZ_A, Partition.HORZ_B, Partition.VERT_A, Partition.VERT_B),
    "1to4": (Partition.HORZ_4, Partition.VERT_4),
}

TOOLS = tuple(_TOOL_OPTIONS)
"""Names of the partition tools that libaom can be told to use or not."""


@dataclass(frozen=True)
class Encoding:
    """An encoder and its settings; MediaError at once for what it cannot do.

    speed: libaom's cpu-used (0 searches everything, to 9) or SVT-AV1's preset; None takes 2 or 4. options: of the
    encoder, by its own names. tools: partition tools of TOOLS that libaom uses (True) or not (False); unless asked
    for, 1to4 is off.
    """

    qindexes: tuple[int, ...] = QINDEXES
    encoder: Literal["libaom", "svtav1"] = "libaom"
    speed: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    tools: Mapping[str, bool] = field(default_factory=dict)

    def __post_init__(self):
        if self.encoder not in _DEFAULT_SPEED:
            raise MediaError(f'There is no encoder "{self.encoder}"; the Lab has {", ".join(_DEFAULT_SPEED)}.')
        if self.tools and self.encoder != "libaom":
            raise MediaError("Partition tools can be turned on and off in libaom only.")
        if unknown := sorted(set(self.tools) - set(TOOLS)):
            raise MediaError(f'There is no partition tool "{unknown[0]}"; there are {", ".join(TOOLS)}.')
        if not self.qindexes:
            raise MediaError(message("A dataset needs at least one qindex."))
        for qindex in self.qindexes:
            libaom.cq_level_for(qindex)  # SVT-AV1 has the same table
        object.__setattr__(self, "qindexes", tuple(sorted({int(qindex) for qindex in self.qindexes})))
        if self.speed is None:
            object.__setattr__(self, "speed", _DEFAULT_SPEED[self.encoder])

    def nodes(self, luma: np.ndarray, qindex: int) -> Nodes:
        """Encode one picture, uint16 (H, W) in 0–1023, and read the final tree of its stream.

        MediaError if the encoder refuses, encodes at another base qindex, or uses a tool that was turned off.
        """
        if self.encoder == "libaom":
            level = libaom.cq_level_for(qindex)
            stream = libaom.encode_intra(luma, cq_level=level, cpu_used=self.speed, options=self._libaom_options())
        else:
            stream = svtav1.encode_intra(luma, qindex=qindex, preset=self.speed, options=self.options)
        mode_info = libaom.read_mode_info(stream)
        if mode_info.base_qindex != qindex:
            raise MediaError(
                f"{self.encoder} encoded at qindex {mode_info.base_qindex} instead of {qindex}; leave out the "
                "encoder option that changes it."
            )
        nodes = visited_nodes(mode_info)
        self._require_tools_off(nodes)
        return nodes

    def record(self) -> Encoder:
        """What the dataset notes about it; the encoder's version is that of the library in use."""
        own = self._libaom_options() if self.encoder == "libaom" else self.options
        options = {key: str(value) for key, value in {_SPEED_NAME[self.encoder]: self.speed, **own}.items()}
        if self.encoder == "libaom":
            return Encoder("libaom", libaom.version(), "all-intra", options)
        return Encoder("SVT-AV1", svtav1.version(), "one intra frame", options)

    def plan(self) -> dict[str, Any]:
        """Everything that decides the labels, as plain JSON values."""
        return {"qindexes": list(self.qindexes), **asdict(self.record())}

    def _libaom_options(self) -> dict[str, object]:
        tools = {_TOOL_OPTIONS[name]: int(on) for name, on in self.tools.items()}
        return {**libaom.DEFAULT_OPTIONS, **tools, **self.options}

    def _require_tools_off(self, nodes: Nodes) -> None:
        """Before 3.14 libaom takes enable-ab-partitions=0 and does nothing with it."""
        for name, on in self.tools.items():
            if not on and np.isin(nodes.partition, _TOOL_TYPES[name]).any():
                raise MediaError(
                    f"libaom {libaom.version()} used the partition tool {name} although it was turned off; this "
                    "version cannot do without it. Leave it on, or set AV1LAB_LIBAOM to another libaom."
                )
