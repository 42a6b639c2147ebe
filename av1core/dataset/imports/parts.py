"""What every import ends with: its sources, each with its blocks, become one dataset folder."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from av1core.dataset.folder import fingerprint
from av1core.dataset.record import FORMAT, Description, Encoder, Source, Split
from av1core.dataset.tables import Blocks, write_tables
from av1core.errors import DatasetError
from av1core.storage import file_sha256
from av1core.translation import message

UNKNOWN_ENCODER = Encoder(name=message("unknown"), version="", usage="imported", options={})
"""Stands for the encoder: none of the imported formats says which one it was."""

Progress = Callable[[int, int], None]
"""Is told how many blocks or frames are done, and how many there are; what it raises stops the import."""


@dataclass(frozen=True, eq=False)
class Part:
    """One source of an import, whose frame file is written. digests: `frame_digest` of each of its frames."""

    source: Source
    blocks: Blocks
    digests: tuple[bytes, ...]


def write_parts(folder: Path, name: str, parts: Sequence[Part], labels: str, split: Split) -> None:
    """Write blocks.parquet and dataset.json. labels: where they come from, one of the constants of `record`."""
    blocks = joined(part.blocks for part in parts)
    description = Description(
        format=FORMAT,
        name=name,
        fingerprint=fingerprint(blocks, (digest for part in parts for digest in part.digests)),
        labels=labels,
        encoder=UNKNOWN_ENCODER,
        qindexes=tuple(np.unique(blocks.qindex).tolist()),
        block_count=len(blocks),
        split=split,
        sources=tuple(part.source for part in parts),
    )
    write_tables(folder, description, blocks)


def joined(tables: Iterable[Blocks]) -> Blocks:
    """The rows of all tables, one table after another."""
    tables = list(tables)
    return Blocks(
        **{field.name: np.concatenate([getattr(table, field.name) for table in tables]) for field in fields(Blocks)}
    )


def continued(progress: Progress | None, done: int, total: int) -> Progress | None:
    """The progress of one source, as part of all of them. done: blocks of the sources before it."""
    return progress and (lambda here, _: progress(done + here, total))


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file. DatasetError if it cannot be read."""
    try:
        return file_sha256(path)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
