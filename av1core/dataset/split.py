"""Which blocks train and which validate, and what stands on both sides.

Unless asked otherwise, whole sources are drawn: blocks of one picture, or of two views of one scene, never part.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from av1core.dataset.draw import draw_units
from av1core.dataset.folder import Dataset, model_blocks
from av1core.dataset.record import Source, Split, to_json
from av1core.dataset.tables import DESCRIPTION, Blocks
from av1core.errors import DatasetError, said
from av1core.partition import STAGES, Stage
from av1core.storage import write_json_atomically
from av1core.translation import MISSING, Message, message

SIDES = ("train", "val")

SIDE_TITLES = {"train": message("training"), "val": message("validation"), "both": message("both"), "": MISSING}
"""What people call a side, or `summary.side_of` of a source; nothing stands for no split."""

THESIS_SEED, THESIS_VAL_FRACTION = 42, 0.2
"""The thesis draws its blocks one by one, 80 % to train and 20 % to validate, with this seed."""

BLOCK_NOTE = message(
    "Blocks were drawn one by one: blocks of one picture, and the same pixels at two qindexes, are on both sides."
)

Drawn = Literal["source", "frame", "block"]


def choose_split(
    blocks: Blocks,
    sources: Sequence[Source],
    *,
    method: Drawn = "source",
    val_fraction: float = THESIS_VAL_FRACTION,
    seed: int = THESIS_SEED,
) -> Split:
    """Draw a split by whole sources, by whole frames or by single blocks, as the record of a dataset.

    By source and by frame it is the best there is: with all classes of all stages on both sides, else with those of
    Stage 1 alone, else none; the note says what is lacking. DatasetError for frames of a mosaic, which has none.
    """
    if method == "block":
        return Split("block", (), val_fraction, seed, BLOCK_NOTE)
    if method == "frame" and any(source.mosaic for source in sources):
        raise DatasetError(
            message("Blocks without their frames cannot be split by frame; split them by source or by block.")
        )
    split = split_by_source if method == "source" else split_by_frame
    note = ""
    for stages in (tuple(STAGES.values()), (STAGES["stage1"],)):
        try:
            chosen = split(blocks, sources, val_fraction=val_fraction, seed=seed, stages=stages)
        except DatasetError as error:
            note = note or said(error)
            continue
        if method == "source":
            return Split("source", chosen, val_fraction, seed, note)
        return Split("frame", (), val_fraction, seed, note, chosen)
    return Split("none", (), val_fraction, seed, note)


def list_split(names: Sequence[str], val: Iterable[str]) -> Split:
    """The split in which exactly the sources of `val` validate, out of those of these names.

    DatasetError for an unknown name, and if none or all of them are listed.
    """
    chosen = set(val)
    if unknown := sorted(chosen - set(names)):
        raise DatasetError(f'The list of validation sources names "{unknown[0]}"; there are {", ".join(names)}.')
    if not chosen or len(chosen) == len(names):
        raise DatasetError("The list of validation sources must name some of the sources, and not all of them.")
    val = tuple(name for name in names if name in chosen)
    return Split("list", val, len(val) / len(names), 0, "")


def resolve_split(dataset: Dataset, method: Literal["dataset", "source", "frame", "block"]) -> Split:
    """The dataset's own split, or another one of the same blocks, drawn with the thesis's seed and share.

    DatasetError as `choose_split` raises it.
    """
    if method in ("dataset", dataset.split.method):
        return dataset.split
    return choose_split(dataset.blocks, dataset.sources, method=method)


def write_split(dataset: Dataset, split: Split) -> Dataset:
    """Give the dataset another split and open it again; its labels, pixels and fingerprint stay."""
    description = replace(dataset.description, split=split)
    write_json_atomically(dataset.path / DESCRIPTION, to_json(description))
    return Dataset.open(dataset.path)


def split_by_source(
    blocks: Blocks,
    sources: Sequence[Source],
    *,
    val_fraction: float = THESIS_VAL_FRACTION,
    seed: int = THESIS_SEED,
    stages: Iterable[Stage] = tuple(STAGES.values()),
) -> tuple[str, ...]:
    """Names of the validation sources, in the dataset's order.

    Of many random choices of whole groups, the one is taken whose shares of the groups, of the 16×16 blocks and of
    each class at each qindex are nearest to val_fraction (0–1), with every class of the stages on both sides. The same
    seed gives the same split. DatasetError, naming the class, if no choice puts each class on both sides.
    """
    names = sorted({source.group for source in sources})
    group_of_source = np.array([names.index(source.group) for source in sources])
    chosen = _draw(blocks, sources, group_of_source[blocks.source], names, "picture", val_fraction, seed, stages)
    return tuple(source.name for source in sources if source.group in chosen)


def split_by_frame(
    blocks: Blocks,
    sources: Sequence[Source],
    *,
    val_fraction: float = THESIS_VAL_FRACTION,
    seed: int = THESIS_SEED,
    stages: Iterable[Stage] = tuple(STAGES.values()),
) -> tuple[tuple[str, int], ...]:
    """Validation frames as (source, index of the frame in its file); drawn as `split_by_source` draws groups.

    All qindexes of a frame stay together; neighbouring frames of one clip, which look alike, may part.
    """
    places, frame_of_block = np.unique(_frame_keys(blocks), return_inverse=True)
    frames = [(sources[place >> 32].name, place & 0xFFFFFFFF) for place in places.tolist()]
    names = [message("frame {number} of {name}", number=frame, name=name) for name, frame in frames]
    chosen = _draw(blocks, sources, frame_of_block, names, "frame", val_fraction, seed, stages)
    return tuple(frame for frame, name in zip(frames, names, strict=True) if name in chosen)


def side_mask(dataset: Dataset, side: str, split: Split | None = None) -> np.ndarray:
    """bool (blocks,): which blocks of the dataset are on a side, "train" or "val", of its own split or another.

    DatasetError if the split is none, with the reason and what to do.
    """
    if side not in SIDES:
        raise ValueError(f"side is one of {SIDES}, not {side!r}")
    split, blocks = split or dataset.split, dataset.blocks
    match split.method:
        case "none":
            raise DatasetError(
                message(
                    "The dataset {name} has no training and validation side: {note}",
                    name=dataset.name, note=Message(split.note),
                )
            )  # fmt: skip
        case "source" | "list":
            is_val = np.array([source.name in split.val for source in dataset.sources])[blocks.source]
        case "frame":
            index = {source.name: place for place, source in enumerate(dataset.sources)}
            is_val = np.isin(_frame_keys(blocks), [index[name] << 32 | frame for name, frame in split.val_frames])
        case "block":
            drawn = np.random.default_rng(split.seed).permutation(len(blocks))
            is_val = np.zeros(len(blocks), bool)
            is_val[drawn[: round(len(blocks) * split.val_fraction)]] = True
    return is_val if side == "val" else ~is_val


def describe_split(split: Split) -> Message:
    """One line for people: what validates, and how it was chosen."""
    share = message("{share:.0f} % asked for, seed {seed}", share=100 * split.val_fraction, seed=split.seed)
    names = ", ".join(split.val)
    match split.method:
        case "source":
            return message("By source ({share}); validation: {names}", share=share, names=names)
        case "list":
            return message("By a given list of sources; validation: {names}", names=names)
        case "frame":
            frames = len(split.val_frames)
            return message("By frame ({share}); validation: {frames:,} frames", share=share, frames=frames)
        case "block":
            return message("By block, at random ({share})", share=share)
        case _:
            return message("No split is possible: {note}", note=Message(split.note))


@dataclass(frozen=True)
class SplitAudit:
    """What stands on both sides of a split; nothing at all is good.

    sources: names of the sources whose scene, or whose very file under another name, has blocks on both sides.
    frames: how many frames have blocks on both sides, of `all_frames`.
    """

    sources: tuple[str, ...]
    frames: int
    all_frames: int


def audit(dataset: Dataset, split: Split | None = None) -> SplitAudit:
    """Look for scenes and frames on both sides of the dataset's own split or another. DatasetError if it is none."""
    is_val = side_mask(dataset, "val", split)
    frames = _frame_keys(dataset.blocks)
    both = np.intersect1d(frames[is_val], frames[~is_val])
    seen: dict[str, set[bool]] = {}
    for side in (True, False):
        for index in np.unique(dataset.blocks.source[is_val == side]):
            for mark in _marks(dataset.sources[index]):
                seen.setdefault(mark, set()).add(side)
    sources = (source.name for source in dataset.sources if any(len(seen.get(mark, ())) > 1 for mark in _marks(source)))
    return SplitAudit(tuple(sources), len(both), len(np.unique(frames)))


def _marks(source: Source) -> list[str]:
    """What tells that two sources show the same: their scene, and the content of their file."""
    return [f"group {source.group}", *([f"sha256 {source.sha256}"] if source.sha256 else [])]


def _frame_keys(blocks: Blocks) -> np.ndarray:
    """int64 (blocks,): source and frame of each block in one number."""
    return blocks.source.astype(np.int64) << 32 | blocks.frame


def _draw(blocks, sources, unit_of_block, names, what, val_fraction, seed, stages) -> set[str]:
    of_model = model_blocks(blocks, sources)
    columns = unit_of_block[of_model], blocks.partition[of_model], blocks.qindex[of_model]
    return draw_units(*columns, names, what, val_fraction=val_fraction, seed=seed, stages=tuple(stages))
