"""Build a dataset: encode each picture at each qindex with libaom, and keep the final tree of the stream."""

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from av1core.dataset.folder import (
    FRAMES,
    Blocks,
    Dataset,
    fingerprint,
    frame_digest,
    new_folder,
    write_tables,
)
from av1core.dataset.frames import read_frame, write_frames
from av1core.dataset.record import FINAL_TREE, FORMAT, Description, Encoder, Source, Split
from av1core.dataset.sources import SourceFile
from av1core.dataset.split import split_by_source
from av1core.errors import DatasetError, MediaError
from av1core.media import libaom
from av1core.media.photos import read_luma
from av1core.media.tree import Nodes, visited_nodes
from av1core.partition import STAGES


@dataclass(frozen=True)
class Progress:
    """How far a build is: encodes done and in all, seconds since the start, and what was done last."""

    done: int
    total: int
    seconds: float
    what: str


def build(
    sources: Sequence[SourceFile],
    out: str | Path,
    qindexes: Sequence[int],
    *,
    cpu_used: int = 2,
    options: Mapping[str, object] | None = None,
    name: str | None = None,
    val_fraction: float = 0.2,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Dataset:
    """Encode every source at every qindex, write the dataset folder `out` and open it.

    qindexes: values that libaom has a cq-level for. options: encoder options by name. val_fraction: share of
    the sources and blocks that validates. workers: parallel
    encodes, one a core unless given. `progress` runs in the calling thread; what it raises stops the build.
    The folder appears when all is done, or not at all. MediaError or DatasetError say what is wrong.
    """
    qindexes = sorted({int(qindex) for qindex in qindexes})
    levels = {qindex: libaom.cq_level_for(qindex) for qindex in qindexes}
    if not sources or not qindexes:
        raise DatasetError("A dataset needs at least one picture and one qindex.")
    options = {**libaom.DEFAULT_OPTIONS, **(options or {})}
    with new_folder(out) as folder:
        (folder / FRAMES).mkdir()
        records, digests = _write_sources(sources, folder)

        def nodes_of(source: int, qindex: int) -> Nodes:
            luma = read_frame(folder / records[source].file, 0)
            stream = libaom.encode_intra(luma, cq_level=levels[qindex], cpu_used=cpu_used, options=options)
            mode_info = libaom.read_mode_info(stream)
            if mode_info.base_qindex != qindex:
                raise MediaError(
                    f"libaom encoded {records[source].name} at qindex {mode_info.base_qindex} instead of "
                    f"{qindex}; leave out the encoder option that changes it."
                )
            return visited_nodes(mode_info)

        # The largest pictures go first, so that no core is left alone with one at the end.
        pixels = [record.height * record.width for record in records]
        order = sorted(range(len(records)), key=lambda source: -pixels[source])
        tasks = [(source, qindex) for source in order for qindex in qindexes]
        nodes = _run(nodes_of, tasks, [record.name for record in records], workers, progress)
        blocks = _table(nodes)
        encoder = Encoder(
            name="libaom",
            version=libaom.version(),
            usage="all-intra",
            options={key: str(value) for key, value in {"cpu-used": cpu_used, **options}.items()},
        )
        description = Description(
            format=FORMAT,
            name=name or Path(out).absolute().name,
            fingerprint=fingerprint(blocks, digests),
            labels=FINAL_TREE,
            encoder=encoder,
            qindexes=tuple(qindexes),
            block_count=len(blocks),
            split=_split(blocks, records, val_fraction),
            sources=tuple(records),
        )
        write_tables(folder, description, blocks)
    return Dataset.open(out)


def _write_sources(sources: Sequence[SourceFile], folder: Path) -> tuple[list[Source], list[bytes]]:
    """Write the frame files; a picture that cannot be read stops the build here, before any encoding."""
    records, digests = [], []
    for source in sources:
        luma = read_luma(source.path)
        file = f"{FRAMES}/{source.name}.tif"
        write_frames(folder / file, [luma])
        digests.append(frame_digest(luma))
        records.append(
            Source(
                name=source.name,
                file=file,
                numbers=(0,),
                height=luma.shape[0],
                width=luma.shape[1],
                title=source.title,
                author=source.author,
                licence=source.licence,
                url=source.url,
                origin=source.origin,
                sha256=hashlib.sha256(source.path.read_bytes()).hexdigest(),
                group=source.group or source.name,
            )
        )
    return records, digests


def _run(work, tasks, names, workers, progress) -> dict[tuple[int, int], Nodes]:
    """Nodes by (source, qindex). libaom releases Python's lock, so that threads encode in parallel."""
    start, results = time.monotonic(), {}
    pool = ThreadPoolExecutor(workers or os.cpu_count() or 1, thread_name_prefix="encode")
    try:
        futures = {pool.submit(work, *task): task for task in tasks}
        for future in as_completed(futures):
            source, qindex = futures[future]
            results[source, qindex] = future.result()
            if progress:
                what = f"{names[source]} at qindex {qindex}"
                progress(Progress(len(results), len(tasks), time.monotonic() - start, what))
    finally:
        pool.shutdown(cancel_futures=True)
    return results


def _table(nodes: Mapping[tuple[int, int], Nodes]) -> Blocks:
    """All nodes as one table, in an order that does not depend on which encode ended first."""
    keys = sorted(nodes)
    lengths = [len(nodes[key]) for key in keys]

    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(nodes[key], name) for key in keys])

    return Blocks(
        source=np.repeat(np.array([source for source, _ in keys], np.int16), lengths),
        frame=np.zeros(sum(lengths), np.int32),
        row=column("row"),
        col=column("col"),
        size=column("size"),
        qindex=np.repeat(np.array([qindex for _, qindex in keys], np.int16), lengths),
        partition=column("partition"),
    )


def _split(blocks: Blocks, sources: Sequence[Source], val_fraction: float, seed: int = 42) -> Split:
    """The best split there is: for all stages, else for Stage 1 alone, else none; the note says why."""
    note = ""
    for stages in (tuple(STAGES.values()), (STAGES["stage1"],)):
        try:
            val = split_by_source(blocks, sources, val_fraction=val_fraction, seed=seed, stages=stages)
            return Split("source", val, val_fraction, seed, note)
        except DatasetError as error:
            note = note or str(error)
    return Split("none", (), val_fraction, seed, note)
