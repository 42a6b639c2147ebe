"""Blocks in three files a sequence and size: pixels, labels and qindexes, as the thesis's first scripts kept them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from av1core.dataset.folder import FRAMES, Dataset, new_folder
from av1core.dataset.imports.mosaic import write_mosaic
from av1core.dataset.imports.parts import Part, Progress, continued, joined, sha256_of, write_parts
from av1core.dataset.imports.text import read_integers
from av1core.dataset.imports.values import require_ten_bits
from av1core.dataset.record import PREPARED_BLOCKS, Source
from av1core.dataset.split import choose_split
from av1core.errors import DatasetError
from av1core.partition import NODE_SIZES, Partition
from av1core.storage import file_name

_BYTES_A_PIXEL = 2

_MEMBERS = {
    "intra_raw_blocks": "{sequence}_sample_{size}.txt",
    "labels": "{sequence}_labels_{size}_intra.txt",
    "qps": "{sequence}_qps_{size}_intra.txt",
}
"""Folder and file name of the three files. Despite its name, the first is binary."""


@dataclass(frozen=True)
class Triplet:
    """The three files of one sequence and block size. count: how many blocks the pixel file has room for."""

    sequence: str
    size: int
    pixels: Path
    labels: Path
    qps: Path

    @property
    def name(self) -> str:
        """What its source is called."""
        return file_name(f"{self.sequence}-{self.size}")

    @property
    def count(self) -> int:
        """How many blocks its pixels make."""
        return self.pixels.stat().st_size // (self.size**2 * _BYTES_A_PIXEL)


def import_triplet(
    folder: str | Path,
    out: str | Path,
    *,
    sequences: Sequence[str] | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Import `intra_raw_blocks/`, `labels/` and `qps/` of a folder as the dataset folder `out`, and open it.

    Pixels are little-endian uint16, blocks of S×S one after another, S 8, 16, 32 or 64 (other sizes are not read);
    labels, 0–9 as in `Partition`, and qindexes, 0–255, are text. sequences: only those; all of them otherwise. Each
    sequence and size becomes a mosaic source, and the sequences are split whole. progress: blocks done, blocks in all.
    DatasetError, naming file and line or block, for whatever does not fit; `out` is then left as it was.
    """
    triplets = find_triplets(folder, sequences)
    total, done, parts = sum(triplet.count for triplet in triplets), 0, []
    with new_folder(out) as draft:
        (draft / FRAMES).mkdir()
        for index, triplet in enumerate(triplets):
            parts.append(_write(draft, index, triplet, continued(progress, done, total)))
            done += triplet.count
        split = choose_split(joined(part.blocks for part in parts), [part.source for part in parts])
        write_parts(draft, name or Path(out).absolute().name, parts, PREPARED_BLOCKS, split)
    return Dataset.open(out)


def find_triplets(folder: str | Path, sequences: Sequence[str] | None = None) -> list[Triplet]:
    """The triplets of a folder, by sequence and size. DatasetError for a missing file, an unknown sequence, or none."""
    folder = Path(folder)
    found: set[tuple[str, int]] = set()
    for place, pattern in _MEMBERS.items():
        sizes = "|".join(map(str, NODE_SIZES))
        names = re.compile(pattern.format(sequence="(.+)", size=f"({sizes})").replace(".txt", r"\.txt"))
        files = (file.name for file in (folder / place).glob("*.txt"))
        found |= {(match[1], int(match[2])) for file in files if (match := names.fullmatch(file))}
    known = sorted({sequence for sequence, _ in found})
    if not known:
        raise DatasetError(f"{folder} has no files like {' or '.join(map('/'.join, _MEMBERS.items()))}.")
    if unknown := sorted(set(sequences or ()) - set(known)):
        raise DatasetError(f'{folder} has no sequence "{unknown[0]}"; it has {", ".join(known)}.')
    triplets: dict[str, Triplet] = {}
    for sequence, size in sorted(found):
        if sequences and sequence not in sequences:
            continue
        files = [folder / place / name.format(sequence=sequence, size=size) for place, name in _MEMBERS.items()]
        for file in files:
            if not file.is_file():
                raise DatasetError(f"{file} is missing; {sequence} at size {size} has only part of its three files.")
        triplet = Triplet(sequence, size, *files)
        other = triplets.setdefault(triplet.name.casefold(), triplet)  # some file systems ignore case
        if other is not triplet:
            raise DatasetError(f'"{sequence}" and "{other.sequence}" would both be called {triplet.name}; rename one.')
    return list(triplets.values())


def _write(draft: Path, index: int, triplet: Triplet, progress: Progress | None) -> Part:
    size, count = triplet.size, triplet.count
    if rest := triplet.pixels.stat().st_size % (size**2 * _BYTES_A_PIXEL):
        raise DatasetError(
            f"{triplet.pixels} ends {rest} bytes into a block of {size}×{size} pixels of {_BYTES_A_PIXEL} bytes; it is "
            "cut short or of another block size."
        )
    partition = _column(triplet.labels, triplet, 0, len(Partition) - 1)
    qindex = _column(triplet.qps, triplet, 0, 255)
    source = Source(
        name=triplet.name,
        file=f"{FRAMES}/{triplet.name}.tif",
        numbers=(),
        height=0,
        width=0,
        title=f"{triplet.sequence}, blocks of {size}×{size}",
        author="",
        licence="",
        url="",
        origin=triplet.pixels.name,
        sha256=sha256_of(triplet.pixels),
        group=triplet.sequence,
    )
    if not count:
        raise DatasetError(f"{triplet.pixels} is empty, so there is nothing to import.")
    stored = np.memmap(triplet.pixels, "<u2", mode="r", shape=(count, size, size))

    def read(rows: np.ndarray) -> np.ndarray:
        pixels = stored[rows]
        require_ten_bits(pixels, rows, str(triplet.pixels))
        return pixels

    return write_mosaic(
        draft, source, read, index=index, size=size, qindex=qindex, partition=partition, progress=progress
    )


def _column(file: Path, triplet: Triplet, low: int, high: int) -> np.ndarray:
    """The integers of a text file, int64 (count,), each checked."""
    parts = [np.zeros(0, np.int64)]
    for values, lines in read_integers(file):
        wrong = (values < low) | (values > high)
        if wrong.any():
            index = int(np.argmax(wrong))
            raise DatasetError(f"{file}, line {lines[index]}: {values[index]} is not in the range {low} to {high}.")
        parts.append(values)
    column = np.concatenate(parts)
    if len(column) != triplet.count:
        raise DatasetError(f"{file} holds {len(column):,} values and {triplet.pixels} {triplet.count:,} blocks.")
    return column
