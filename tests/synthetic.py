"""A small dataset made without an encoder: each partition type has its own pattern, which models can learn."""

from pathlib import Path

import numpy as np

from av1core.dataset.folder import FRAMES, Dataset, fingerprint, frame_digest, new_folder
from av1core.dataset.frames import write_frames
from av1core.dataset.record import FINAL_TREE, FORMAT, Description, Encoder, Source, Split
from av1core.dataset.tables import Blocks, write_tables
from av1core.partition import MODEL_SIZE, Partition, sub_blocks

TYPES = [partition for partition in Partition if partition not in (Partition.HORZ_4, Partition.VERT_4)]


def pattern(partition: Partition, random: np.random.Generator) -> np.ndarray:
    """uint16 (16, 16): each part of the partition has its own grey, plus noise."""
    block = random.normal(0, 8, (MODEL_SIZE, MODEL_SIZE))
    for place, (row, col, height, width) in enumerate(sub_blocks(partition, MODEL_SIZE)):
        block[row : row + height, col : col + width] += 200 + 180 * place + random.normal(0, 10)
    return np.clip(np.rint(block), 0, 1023).astype(np.uint16)


def make_dataset(
    folder: Path, *, sources: int = 4, side: int = 8, seed: int = 0, qindexes: tuple[int, ...] = (128,)
) -> Dataset:
    """`sources` pictures of side×side blocks with every type in turn, and a qindex a row; the last source validates."""
    random = np.random.default_rng(seed)
    per_source = side * side
    types = np.array([TYPES[index % len(TYPES)] for index in range(per_source)], np.int8)
    rows, cols = np.divmod(np.arange(per_source, dtype=np.int32), side)
    names = [f"picture-{index}" for index in range(sources)]
    with new_folder(folder) as draft:
        (draft / FRAMES).mkdir()
        records, digests = [], []
        for name in names:
            frame = np.zeros((side * MODEL_SIZE, side * MODEL_SIZE), np.uint16)
            for kind, row, col in zip(types, rows * MODEL_SIZE, cols * MODEL_SIZE, strict=True):
                frame[row : row + MODEL_SIZE, col : col + MODEL_SIZE] = pattern(Partition(int(kind)), random)
            file = f"{FRAMES}/{name}.tif"
            write_frames(draft / file, [frame])
            digests.append(frame_digest(frame))
            records.append(Source(name, file, (0,), *frame.shape, name, "the tests", "CC0 1.0", "", name, "", name))
        total = per_source * sources
        blocks = Blocks(
            source=np.repeat(np.arange(sources, dtype=np.int16), per_source),
            frame=np.zeros(total, np.int32),
            row=np.tile(rows * MODEL_SIZE, sources).astype(np.int32),
            col=np.tile(cols * MODEL_SIZE, sources).astype(np.int32),
            size=np.full(total, MODEL_SIZE, np.int16),
            qindex=np.tile(np.array(qindexes, np.int16)[rows % len(qindexes)], sources),
            partition=np.tile(types, sources),
        )
        description = Description(
            format=FORMAT,
            name=folder.name,
            fingerprint=fingerprint(blocks, digests),
            labels=FINAL_TREE,
            encoder=Encoder("none", "0", "synthetic", {}),
            qindexes=qindexes,
            block_count=total,
            split=Split("source", (names[-1],), 1 / sources, 0, ""),
            sources=tuple(records),
        )
        write_tables(draft, description, blocks)
    return Dataset.open(folder)


def stage1_values(dataset: Path) -> dict:
    """Values of a Stage-1 spec that trains in about a second an epoch."""
    backbone = {"name": "resnet10t"}
    sizes = {"epochs": 2, "batch_size": 32, "epoch_blocks": 64}
    return {"name": "Tiny", "dataset": str(dataset), "backbone": backbone, **sizes}


def stage2_values(dataset: Path, stage1_run: str) -> dict:
    """Values of a Stage-2 spec on top of a tiny Stage-1 run."""
    shared = {key: value for key, value in stage1_values(dataset).items() if key != "backbone"}
    return shared | {"name": "Tiny 2", "stage": "stage2", "stage1_run": stage1_run}
