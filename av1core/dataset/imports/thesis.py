"""Datasets of the thesis: a train.pt, and its val.pt, with pixels, stage labels and qindex of every block.

Two forms are known. The staged form has the partition type of each block and its label at every stage; the form of one
stage has the class of each block at that stage only. Neither says which picture a block came from.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from av1core.dataset.folder import FRAMES, Dataset, new_folder
from av1core.dataset.imports.mosaic import write_mosaic
from av1core.dataset.imports.parts import Progress, continued, sha256_of, write_parts
from av1core.dataset.imports.pickles import load_pt
from av1core.dataset.imports.values import CHUNK_PIXELS, array, first_wrong, integers, require_ten_bits
from av1core.dataset.record import PREPARED_BLOCKS, Source, Split
from av1core.errors import DatasetError
from av1core.partition import LUMA_MAX, NODE_SIZES, STAGES, Partition
from av1core.translation import message

STAGE_FIELDS = {
    "labels_stage1": "stage1",
    "labels_stage2": "stage2",
    "labels_stage3_RECT": "stage3_rect",
    "labels_stage3_AB": "stage3_ab",
}
"""Fields of the staged form, and the stage that each labels; they must agree with `labels_stage0`."""

SINGLE_STAGES = ("stage3_rect", "stage3_ab")
"""Stages whose classes are partition types, so that their label alone says how a block is cut."""

SPLIT_NOTE = message(
    "The split is the imported files' own. The thesis's scripts drew it at random by block, so that blocks of one "
    "picture may be on both sides."
)
NO_SPLIT_NOTE = message(
    "it was imported from one file; import the training and the validation file together, or draw blocks that validate "
    "with `dataset split --by block`."
)

_TOLERANCE = 1e-3  # of one step of 10 bits; float32 is off by a tenth of it


@dataclass(frozen=True, eq=False)
class _Prepared:
    """One file. samples: as stored, (N, S, S). partition, qindex: int64 (N,)."""

    path: Path
    samples: np.ndarray
    partition: np.ndarray
    qindex: np.ndarray

    @property
    def size(self) -> int:
        return self.samples.shape[1]

    def pixels(self, rows: np.ndarray) -> np.ndarray:
        """uint16 (len(rows), S, S). DatasetError if the samples are not those of 10-bit luma."""
        found, what = self.samples[rows], f'{self.path}, "samples"'
        if found.dtype.kind != "f":
            require_ten_bits(found, rows, what)
            return found.astype(np.uint16)
        levels = found.astype(np.promote_types(found.dtype, np.float32)) * LUMA_MAX
        pixels = np.rint(levels)
        far = np.abs(levels - pixels) > _TOLERANCE
        if far.any():
            place = first_wrong(far, rows)
            raise DatasetError(
                f"{what} holds {found[place]} in block {rows[place[0]]} (from 0), which is {levels[place]:.3f}/"
                f"{LUMA_MAX} and so not 10-bit luma divided by {LUMA_MAX}; save the samples from before any further "
                "normalisation."
            )
        return pixels.astype(np.uint16)


def import_thesis(
    train: str | Path,
    val: str | Path | None,
    out: str | Path,
    *,
    name: str | None = None,
    stage: str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Import train.pt, and val.pt if there is one, as the dataset folder `out` and open it.

    Samples are (N, 1, S, S), (N, S, S, 1) or (N, S, S), of floats k/1023 or of integers k from 0 to 1023; S is 8, 16,
    32 or 64. stage: "stage3_rect" or "stage3_ab" for files with the classes of one stage, unless their names say RECT
    or AB. The files become the sources "train" and "val", each a mosaic. progress: blocks done, blocks in all.
    DatasetError, naming file, field and block, for whatever does not fit; `out` is then left as it was.
    """
    paths = {"train": Path(train)} | ({"val": Path(val)} if val is not None else {})
    digests = {side: sha256_of(path) for side, path in paths.items()}
    if len(set(digests.values())) < len(paths):
        raise DatasetError(f"{train} and {val} hold the same; give the training and the validation file.")
    with new_folder(out) as folder:
        (folder / FRAMES).mkdir()
        files = {side: _read(path, stage) for side, path in paths.items()}
        total, done, parts = sum(len(file.qindex) for file in files.values()), 0, []
        for index, (side, file) in enumerate(files.items()):
            source = Source(
                name=side,
                file=f"{FRAMES}/{side}.tif",
                numbers=(),
                height=0,
                width=0,
                title=file.path.name,
                author="",
                licence="",
                url="",
                origin=file.path.name,
                sha256=digests[side],
                group=side,
            )
            part = write_mosaic(
                folder,
                source,
                file.pixels,
                index=index,
                size=file.size,
                qindex=file.qindex,
                partition=file.partition,
                progress=continued(progress, done, total),
            )
            parts.append(part)
            done += len(part.blocks)
        split = Split("none", (), 0.0, 0, NO_SPLIT_NOTE)
        if val is not None:
            split = Split("list", ("val",), len(parts[1].blocks) / total, 0, SPLIT_NOTE)
        write_parts(folder, name or Path(out).absolute().name, parts, PREPARED_BLOCKS, split)
    return Dataset.open(out)


def _read(path: Path, stage: str | None) -> _Prepared:
    """Check everything but the single pixels, which are checked when they are written."""
    content = load_pt(path)
    form = next((field for field in ("labels_stage0", "labels") if field in content), "labels_stage0")
    for field in ("samples", form, "qps"):
        if field not in content:
            found = ", ".join(map(str, content)) or "nothing"
            raise DatasetError(
                f'{path} has no field "{field}". It needs samples, qps and labels_stage0, or samples, qps and labels '
                f"of one stage; it has {found}."
            )
    samples = _squares(path, content["samples"])
    _require_range(path, samples)
    count = len(samples)
    if form == "labels_stage0":
        if stage is not None:
            raise DatasetError(f"{path} has the labels of all stages, so no stage may be given for it.")
        partition = _staged_partitions(path, content, count)
    else:
        types = np.array([kind for (kind,) in STAGES[_single_stage(path, stage)].members])
        partition = types[integers(content["labels"], f'{path}, "labels"', count, 0, len(types) - 1)]
    qindex = integers(content["qps"], f'{path}, "qps"', count, 0, 255)
    return _Prepared(path, samples, partition, qindex)


def _squares(path: Path, values: Any) -> np.ndarray:
    """The samples as (N, S, S), a view of what the file holds."""
    what = f'{path}, "samples"'
    samples = array(values, what)
    squares = samples
    if samples.ndim == 4 and samples.shape[1] == 1:
        squares = samples[:, 0]
    elif samples.ndim == 4 and samples.shape[3] == 1:
        squares = samples[..., 0]
    if squares.ndim != 3 or squares.shape[1] != squares.shape[2] or squares.shape[1] not in NODE_SIZES:
        raise DatasetError(
            f"{what} has the shape {samples.shape}. It must be (N, 1, S, S), (N, S, S, 1) or (N, S, S), with S one of "
            f"{', '.join(map(str, NODE_SIZES))}."
        )
    if not len(squares):
        raise DatasetError(f"{what} holds no blocks, so there is nothing to import.")
    if samples.dtype.kind == "b" or samples.dtype.itemsize == 1:
        raise DatasetError(f"{what} is of {samples.dtype}, which cannot hold 10 bits; save uint16, or float32 in 0–1.")
    if samples.nbytes > path.stat().st_size:  # strides of a damaged file can claim any number of blocks
        raise DatasetError(f"{what} claims {len(squares):,} blocks, more than the file has room for; copy it again.")
    return squares


def _require_range(path: Path, samples: np.ndarray) -> None:
    """Floats must lie in 0–1 and be divided by 1023 once; integers are checked when they are written."""
    if samples.dtype.kind != "f":
        return
    what, step = f'{path}, "samples"', CHUNK_PIXELS // samples[0].size
    largest = 0.0
    for start in range(0, len(samples), step):
        chunk = samples[start : start + step]
        low, high = float(chunk.min()), float(chunk.max())
        if not 0 <= low <= high <= 1:  # false for NaN, too
            wrong = ~((chunk >= 0) & (chunk <= 1))
            place = np.unravel_index(np.argmax(wrong), wrong.shape)
            raise DatasetError(
                f"{what} holds {chunk[place]} in block {start + place[0]} (from 0); floats must be 10-bit luma divided "
                f"by {LUMA_MAX}, from 0 to 1."
            )
        largest = max(largest, high)
    if 0 < largest <= 0.001:
        raise DatasetError(
            f"{what} is nowhere above {largest:.6f}: it was divided by {LUMA_MAX} twice. Save the samples "
            "divided once, or as the integers that they were."
        )


def _staged_partitions(path: Path, content: dict, count: int) -> np.ndarray:
    """The partition types, int64 (count,), once every stage's labels are found to follow from them."""
    partition = integers(content["labels_stage0"], f'{path}, "labels_stage0"', count, 0, len(Partition) - 1)
    for field, name in STAGE_FIELDS.items():
        if field not in content:
            continue
        stage = STAGES[name]
        given = integers(content[field], f'{path}, "{field}"', count, -1, len(stage.classes) - 1)
        expected = stage.labels(partition)
        if (given != expected).any():
            index = int(np.argmax(given != expected))
            raise DatasetError(
                f'{path}, "{field}" is {given[index]} for block {index} (from 0), but "labels_stage0" says '
                f"{Partition(partition[index]).name}, which is {expected[index]} there; export the file again."
            )
    return partition


def _single_stage(path: Path, stage: str | None) -> str:
    if stage is None:
        words = set(re.findall(r"(?<![A-Z])(?:RECT|AB)(?![A-Z])", path.stem.upper()))
        if len(words) != 1:
            raise DatasetError(
                f"{path} has the labels of one stage, and its name does not say RECT or AB; give the stage, "
                f"{' or '.join(SINGLE_STAGES)}."
            )
        stage = f"stage3_{words.pop().lower()}"
    if stage not in SINGLE_STAGES:
        raise DatasetError(f'"{stage}" is not a stage that such a file can have; it is {" or ".join(SINGLE_STAGES)}.')
    return stage
