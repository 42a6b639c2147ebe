"""What dataset.json says about a dataset, and the checked way between it and frozen records."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError, with_config

from av1core.translation import message

FORMAT = 2
"""Number of the layout of the folder; a reader refuses any other."""

FINAL_TREE = message("final tree of the stream")
"""Labels are the decisions that reached the stream, not every one that the encoder's search looked at."""

SEARCH_LOG = message("log of an encoder's search")
"""Labels are of every node that the search reported, those of branches that lost included."""

PREPARED_BLOCKS = message("blocks prepared by earlier scripts")
"""Labels are as the imported files give them; where they came from is not recorded there."""


@with_config(extra="forbid")
@dataclass(frozen=True)
class Source:
    """One picture or video: where it came from and where its frames are.

    file: the frame file, relative to the dataset folder. numbers: which frames of the clip it holds, from 0. height,
    width: pixels. mosaic: whether its frames are separate blocks laid side by side, so that what lies next to a block
    means nothing. origin: the input file, without any machine's paths. sha256: of the input file. group: sources of one
    scene share it and stay on one side of a split.
    """

    name: str
    file: str
    numbers: tuple[int, ...]
    height: int
    width: int
    title: str
    author: str
    licence: str
    url: str
    origin: str
    sha256: str
    group: str
    mosaic: bool = False

    @property
    def frames(self) -> int:
        """How many frames the frame file holds."""
        return len(self.numbers)


@with_config(extra="forbid")
@dataclass(frozen=True)
class Encoder:
    """What made the streams that the labels were read from. options: by name, as the encoder got them."""

    name: str
    version: str
    usage: str
    options: Mapping[str, str]


SPLITS = {
    "source": message("by source"),
    "list": message("by source, as the dataset lists them"),
    "frame": message("by frame"),
    "block": message("by block"),
}
"""How a split was drawn, by its method."""


@with_config(extra="forbid")
@dataclass(frozen=True)
class Split:
    """Which blocks validate, and how that was chosen.

    method: "source" (whole sources, drawn), "list" (whole sources, given), "frame" (whole frames, drawn), "block"
    (16×16 blocks and all others, drawn one by one as the thesis did), or "none" if no split is possible.
    val: validation sources of "source" and "list". val_frames: validation frames of "frame", as (source, index of the
    frame in its file). val_fraction (0–1), seed: of the draw. note: what is lacking, or what to know about the split.
    """

    method: Literal["source", "list", "frame", "block", "none"]
    val: tuple[str, ...]
    val_fraction: float
    seed: int
    note: str
    val_frames: tuple[tuple[str, int], ...] = ()


@with_config(extra="forbid")
@dataclass(frozen=True)
class Description:
    """All of dataset.json. qindexes: those of the blocks, ascending. block_count: rows of blocks.parquet.

    fingerprint: hexadecimal sha256 of labels and pixels, see `folder.fingerprint`.
    """

    format: int
    name: str
    fingerprint: str
    labels: str
    encoder: Encoder
    qindexes: tuple[int, ...]
    block_count: int
    split: Split
    sources: tuple[Source, ...]


_DESCRIPTION = TypeAdapter(Description)


def to_json(description: Description) -> dict[str, Any]:
    """The description as plain JSON values, which `from_json` reads."""
    return asdict(description)


def from_json(text: bytes) -> Description:
    """Check and convert the text of dataset.json. ValueError, naming the key, if it is not a description."""
    try:
        description = _DESCRIPTION.validate_json(text, strict=True)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise ValueError(f'"{key}": {problem["msg"]}' if key else problem["msg"]) from None
    if description.format != FORMAT:
        raise ValueError(
            message('its "format" is {found} and this Lab reads {known}', found=str(description.format), known=FORMAT)
        )
    known = {source.name for source in description.sources}
    if len(known) < len(description.sources):
        raise ValueError(message('two of its "sources" have the same name'))
    for source in description.sources:
        if not re.fullmatch(r"frames/[\w.-]+", source.file):
            raise ValueError(
                message('the "file" of {name} is {file!r}, not a file in frames/', name=source.name, file=source.file)
            )
        if not source.numbers:
            raise ValueError(message("{name} has no frames", name=source.name))
    frames = {source.name: source.frames for source in description.sources}
    for name, frame in description.split.val_frames:
        if not 0 <= frame < frames.get(name, frame + 1):
            raise ValueError(
                message(
                    '"split" names frame {number} of {name}, which has {frames} frames',
                    number=str(frame), name=name, frames=frames[name],
                )
            )  # fmt: skip
    named = {*description.split.val, *(name for name, _ in description.split.val_frames)}
    if unknown := sorted(named - known):
        raise ValueError(message('"split" names {name!r}, which is not a source', name=unknown[0]))
    return description
