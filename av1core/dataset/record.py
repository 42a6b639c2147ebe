"""What dataset.json says about a dataset, and the checked way between it and frozen records."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, get_type_hints

FORMAT = 1
"""Number of the layout of the folder; a reader refuses any other."""

FINAL_TREE = "final tree of the stream"
"""Labels are the decisions that reached the stream, not every one that the encoder's search looked at."""


@dataclass(frozen=True)
class Source:
    """One picture or video: where it came from and where its frames are.

    file: the frame file, relative to the dataset folder. origin: the input file, without any machine's paths.
    sha256: of the input file. group: sources of one scene share it and stay on one side of a split.
    """

    name: str
    file: str
    frames: int
    height: int
    width: int
    title: str
    author: str
    licence: str
    url: str
    origin: str
    sha256: str
    group: str


@dataclass(frozen=True)
class Encoder:
    """What made the streams that the labels were read from. options: by name, as the encoder got them."""

    name: str
    version: str
    usage: str
    options: Mapping[str, str]


@dataclass(frozen=True)
class Split:
    """Which sources validate. method: "source", or "none" if no split is possible; note: what is lacking."""

    method: str
    val: tuple[str, ...]
    val_fraction: float
    seed: int
    note: str


@dataclass(frozen=True)
class Description:
    """All of dataset.json. block_count: rows of blocks.parquet. fingerprint: of labels and pixels."""

    format: int
    name: str
    fingerprint: str
    labels: str
    encoder: Encoder
    qindexes: tuple[int, ...]
    block_count: int
    split: Split
    sources: tuple[Source, ...]


def to_json(description: Description) -> dict[str, Any]:
    return asdict(description)


def from_json(value: Any) -> Description:
    """Check and convert what dataset.json holds. ValueError, naming the key, if it is not a description."""
    if isinstance(value, dict) and value.get("format", FORMAT) != FORMAT:
        raise ValueError(f'its "format" is {value["format"]!r} and this Lab reads {FORMAT}')
    description = _record(Description, value, "")
    known = {source.name for source in description.sources}
    if len(known) < len(description.sources):
        raise ValueError('two of its "sources" have the same name')
    for source in description.sources:
        if not re.fullmatch(r"frames/[\w.-]+", source.file):
            raise ValueError(f'the "file" of {source.name} is {source.file!r}, not a file in frames/')
    if description.split.method not in ("source", "none"):
        raise ValueError(f'"split.method" is {description.split.method!r}, not "source" or "none"')
    if unknown := sorted(set(description.split.val) - known):
        raise ValueError(f'"split.val" names {unknown[0]!r}, which is not a source')
    return description


def _record(cls: type, value: Any, where: str):
    if not isinstance(value, dict):
        raise ValueError(f'"{where.rstrip(".")}" is not an object' if where else "it is not a JSON object")
    names = [field.name for field in fields(cls)]
    if unknown := sorted(set(value) - set(names)):
        raise ValueError(f'the key "{where}{unknown[0]}" is unknown')
    if missing := [name for name in names if name not in value]:
        raise ValueError(f'the key "{where}{missing[0]}" is missing')
    types = get_type_hints(cls)
    return cls(**{name: _value(types[name], value[name], where + name) for name in names})


def _value(kind: Any, value: Any, where: str):
    if kind in (Encoder, Split):
        return _record(kind, value, f"{where}.")
    if kind == Mapping[str, str]:
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise ValueError(f'"{where}" is not an object of strings')
        return dict(value)
    if kind in (tuple[str, ...], tuple[int, ...], tuple[Source, ...]):
        if not isinstance(value, list):
            raise ValueError(f'"{where}" is not a list')
        item = kind.__args__[0]
        if item is Source:
            return tuple(_record(Source, entry, f"{where}[{index}].") for index, entry in enumerate(value))
        return tuple(_value(item, entry, f"{where}[{index}]") for index, entry in enumerate(value))
    accepted = (int, float) if kind is float else (kind,)
    if not isinstance(value, accepted) or isinstance(value, bool):
        raise ValueError(f'"{where}" is {value!r}, not a {"number" if kind in (int, float) else "text"}')
    return kind(value)
