"""The partition log that a patched encoder writes, together with the clip that it encoded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from av1core.dataset.folder import FRAMES, Dataset, frame_digest, new_folder
from av1core.dataset.frames import write_frames
from av1core.dataset.imports.parts import Part, Progress, sha256_of, write_parts
from av1core.dataset.imports.text import read_table
from av1core.dataset.record import SEARCH_LOG, Source
from av1core.dataset.split import choose_split
from av1core.dataset.tables import Blocks
from av1core.errors import DatasetError
from av1core.media.clips import Clip
from av1core.media.frame_choice import FrameChoice
from av1core.partition import BLOCK_SIZES, MI_SIZE, NODE_SIZES, Partition
from av1core.storage import file_name

COLUMNS = ("order_hint", "frame_type", "bsize", "row", "col", "partition", "qp")
"""The numbers of a line. row and col are in units of 4 pixels, bsize and partition are AV1's numbers."""

_INTRA_FRAMES = (0, 2)  # key frame, intra-only frame
_FRAME_TYPES, _QINDEXES = 4, 256

_SIDES = np.array([width if width == height else 0 for width, height in BLOCK_SIZES], np.int64)
"""Side of the square node of each BLOCK_SIZE, 0 if it is not one."""


@dataclass(frozen=True)
class LogCounts:
    """What was found in a log. Of `lines`, some are not stored: those of frames that are not intra frames
    (`other_frames`) or were not chosen (`not_chosen`), nodes of 128×128 (`too_large`), and nodes that another line
    names, too (`repeated`). contradicted: nodes that different lines cut differently; the last line is stored.
    """

    lines: int
    other_frames: int
    not_chosen: int
    too_large: int
    repeated: int
    contradicted: int


def import_partition_log(
    log: str | Path,
    clip: Clip,
    out: str | Path,
    *,
    name: str | None = None,
    choice: FrameChoice | None = None,
    progress: Progress | None = None,
    report: Callable[[LogCounts], None] | None = None,
) -> Dataset:
    """Import a log and the luma of the intra frames that it names as the dataset folder `out`, and open it.

    choice: keep only these frames of the clip. progress: frames written, frames in all. report: is given the counts
    of what was not stored. DatasetError, naming the line, for whatever does not fit; `out` is then left as it was.
    See `read_log` for what the lines mean.
    """
    with new_folder(out) as folder:
        (folder / FRAMES).mkdir()
        numbers, blocks, counts = read_log(Path(log), clip, choice)
        title = clip.path.stem
        source = Source(
            name=file_name(title),
            file=f"{FRAMES}/{file_name(title)}.tif",
            numbers=numbers,
            height=clip.height,
            width=clip.width,
            title=title,
            author="",
            licence="",
            url="",
            origin=clip.path.name,
            sha256=sha256_of(clip.path),
            group=title,
        )
        digests: list[bytes] = []

        def frames() -> Iterator[np.ndarray]:
            for done, luma in enumerate(clip.read(numbers), 1):
                digests.append(frame_digest(luma))
                yield luma
                if progress:
                    progress(done, len(numbers))

        write_frames(folder / source.file, frames(), pixels=len(numbers) * clip.height * clip.width)
        part = Part(source, blocks, tuple(digests))
        split = choose_split(blocks, [source])
        write_parts(folder, name or Path(out).absolute().name, [part], SEARCH_LOG, split)
    if report:
        report(counts)
    return Dataset.open(out)


def read_log(log: Path, clip: Clip, choice: FrameChoice | None = None) -> tuple[tuple[int, ...], Blocks, LogCounts]:
    """The nodes of 8×8 to 64×64 in the intra frames of a log: those frames' numbers, the nodes of source 0, counts.

    A line is seven integers, see COLUMNS. order_hint is taken for the frame's number in the clip, from 0; since AV1
    counts it in 8 bits at most (OrderHintBits, section 5.5.1) and libaom in 7, a log must end before it begins anew. A
    node that crosses the border of the picture is kept. A node that several lines name is one node; if they cut it
    differently, because the search came back to it, the last line holds. DatasetError, naming the line, for anything
    else than such lines, for nodes outside the picture or off their grid, for frames that the clip does not have, and
    if no node is left.
    """
    grid = (clip.frames, _QINDEXES, len(NODE_SIZES), -(-clip.height // MI_SIZE), -(-clip.width // MI_SIZE))
    chosen = np.zeros(clip.frames, bool)
    chosen[list((choice or FrameChoice()).numbers(clip.frames))] = True
    keys, partitions = [np.zeros(0, np.int64)], [np.zeros(0, np.int8)]
    total = other_frames = not_chosen = too_large = 0
    for table, lines in read_table(log, len(COLUMNS)):
        _check(log, table, lines, clip)
        order_hint, frame_type, bsize, row, col, partition, qp = table.T
        side = _SIDES[bsize]
        intra = np.isin(frame_type, _INTRA_FRAMES)
        stored = np.isin(side, NODE_SIZES)
        wanted = chosen[np.where(intra, order_hint, 0)]
        keep = intra & wanted & stored
        total += len(table)
        other_frames += int((~intra).sum())
        not_chosen += int((intra & ~wanted).sum())
        too_large += int((intra & wanted & ~stored).sum())
        place = order_hint, qp, np.searchsorted(NODE_SIZES, side), row, col
        keys.append(np.ravel_multi_index([column[keep] for column in place], grid))
        partitions.append(partition[keep].astype(np.int8))
    key, partition = np.concatenate(keys), np.concatenate(partitions)
    if not len(key):
        raise DatasetError(
            f"{log} has no nodes of 8×8 to 64×64 in the chosen key and intra-only frames: there is nothing to import."
        )
    order = np.argsort(key, kind="stable")
    key, partition = key[order], partition[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    last = np.append(starts[1:], len(key)) - 1
    contradicted = int((np.minimum.reduceat(partition, starts) < np.maximum.reduceat(partition, starts)).sum())
    frame, qindex, size, row, col = np.unravel_index(key[last], grid)
    numbers, frame = np.unique(frame, return_inverse=True)
    blocks = Blocks(
        source=np.zeros(len(last), np.int16),
        frame=frame.astype(np.int32),
        row=(row * MI_SIZE).astype(np.int32),
        col=(col * MI_SIZE).astype(np.int32),
        size=np.array(NODE_SIZES, np.int16)[size],
        qindex=qindex.astype(np.int16),
        partition=partition[last],
    )
    counts = LogCounts(total, other_frames, not_chosen, too_large, len(key) - len(last), contradicted)
    return tuple(numbers.tolist()), blocks, counts


def _check(log: Path, table: np.ndarray, lines: np.ndarray, clip: Clip) -> None:
    """DatasetError for the first line with an impossible value. Lines of other frames need no place in the clip."""
    order_hint, frame_type, bsize, row, col, partition, qp = table.T
    intra = np.isin(frame_type, _INTRA_FRAMES)
    side = _SIDES[np.clip(bsize, 0, len(_SIDES) - 1)]
    units = np.maximum(side // MI_SIZE, 1)
    rules = (
        (frame_type, (frame_type < 0) | (frame_type >= _FRAME_TYPES), "frame_type", "is not 0 to 3"),
        (bsize, (bsize < 0) | (bsize >= len(_SIDES)) | (side < NODE_SIZES[0]), "bsize",
         "is not a square node of 8 to 128 pixels (3, 6, 9, 12 or 15)"),
        (partition, (partition < 0) | (partition >= len(Partition)), "partition", f"is not 0 to {len(Partition) - 1}"),
        (qp, (qp < 0) | (qp >= _QINDEXES), "qp", f"is not 0 to {_QINDEXES - 1}"),
        (order_hint, intra & ((order_hint < 0) | (order_hint >= clip.frames)), "order_hint",
         f"is not a frame of {clip.path.name}, which has 0 to {clip.frames - 1}"),
        (row, (row < 0) | (row * MI_SIZE >= clip.height), "row",
         f"times {MI_SIZE} is not inside a picture of {clip.height} lines"),
        (col, (col < 0) | (col * MI_SIZE >= clip.width), "col",
         f"times {MI_SIZE} is not inside a picture {clip.width} pixels wide"),
        (row, row % units != 0, "row", "is not on the grid of nodes of that size"),
        (col, col % units != 0, "col", "is not on the grid of nodes of that size"),
    )  # fmt: skip
    broken = [(int(np.argmax(wrong)), values, field, reason) for values, wrong, field, reason in rules if wrong.any()]
    if broken:
        index, values, field, reason = min(broken, key=lambda entry: entry[0])
        raise DatasetError(f"{log}, line {lines[index]}: {field} is {values[index]}, which {reason}.")
