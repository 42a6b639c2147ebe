"""Build a dataset: read the frames, encode each at each qindex, and keep the final tree of every stream.

The work lies in a draft (`dataset.draft`), a piece for every frame and qindex, so that a build that was stopped, or
killed, goes on where it was. No more than one frame a worker is held in memory.
"""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from av1core.dataset.draft import Draft, FramesRead, draft_folder, open_draft
from av1core.dataset.encoding import Encoding
from av1core.dataset.folder import FRAMES, Dataset, fingerprint, frame_digest
from av1core.dataset.frames import read_frame
from av1core.dataset.ray_work import RayWorkers
from av1core.dataset.record import FINAL_TREE, FORMAT, Description, Encoder, Source
from av1core.dataset.sources import SourceFile
from av1core.dataset.split import THESIS_VAL_FRACTION, Drawn, choose_split, list_split
from av1core.dataset.tables import Blocks, write_tables
from av1core.dataset.work import Piece, Progress, ThreadWorkers, Workers
from av1core.errors import DatasetError
from av1core.media.clips import Clip, open_clip
from av1core.media.streams import Stream, open_stream
from av1core.media.tree import visited_nodes
from av1core.storage import file_sha256
from av1core.translation import message

GIVEN_STREAMS = Encoder(message("given streams"), "", "intra frames", {})
"""Stands for the encoder where the labels come from streams that somebody else made."""


def build(
    sources: Sequence[SourceFile],
    out: str | Path,
    encoding: Encoding | None = None,
    *,
    name: str | None = None,
    split: Drawn = "source",
    val: Sequence[str] | None = None,
    val_fraction: float = THESIS_VAL_FRACTION,
    workers: int | None = None,
    executor: Literal["threads", "ray"] = "threads",
    ray_address: str = "",
    restart: bool = False,
    progress: Callable[[Progress], None] = lambda progress: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Dataset:
    """Build the dataset folder `out` and open it; go on with it where an earlier build of the same was stopped.

    encoding: how to encode; not used where the sources bring AV1 streams. split, val_fraction: what is drawn to
    validate, and the share of it (0–1); val: names of the sources that validate, instead of a draw. workers: parallel
    encodes, one a core unless given. executor: threads of this process, or the Ray cluster that `cluster.connect`
    finds at ray_address, whose nodes must see `out` and the sources under the same paths. restart: drop an unfinished
    build. progress: called in this thread. cancelled: asked before each encode and twice a second; then the encodes
    under way are finished, kept, and Cancelled is raised. MediaError, DatasetError or ClusterError say what is wrong.
    The folder appears when all is done.
    """
    out, encoding = Path(out).absolute(), encoding or Encoding()
    if not sources:
        raise DatasetError(message("A dataset needs at least one picture or video."))
    given = [source.stream is not None for source in sources]
    if any(given) and not all(given):
        raise DatasetError(message("Some sources bring an AV1 stream and some do not; build two datasets of them."))
    # Before the work begins, since it can take hours.
    listed = list_split([source.name for source in sources], val) if val else None
    encoder = GIVEN_STREAMS if all(given) else encoding.record()
    plan = {
        "sources": [_identity(source) for source in sources],
        "encoding": None if all(given) else encoding.plan(),
    }
    pool: Workers
    if executor == "ray":
        pool = RayWorkers(ray_address, workers, progress, cancelled)
    else:
        pool = ThreadWorkers(workers or os.cpu_count() or 1, progress, cancelled)
    try:
        with open_draft(out, plan, restart=restart) as draft:
            records = [_record(*pair) for pair in zip(sources, _read(sources, draft, pool), strict=True)]
            if encoder is not GIVEN_STREAMS:
                _encode(records, draft, encoding, encoder, pool)
            blocks = _table(draft)
            digests = [bytes.fromhex(digest) for source in sources for digest in draft.frames_read(source.name).digests]
            description = Description(
                format=FORMAT,
                name=name or out.name,
                fingerprint=fingerprint(blocks, digests),
                labels=FINAL_TREE,
                encoder=encoder,
                qindexes=tuple(np.unique(blocks.qindex).tolist()),
                block_count=len(blocks),
                split=listed or choose_split(blocks, records, method=split, val_fraction=val_fraction),
                sources=tuple(records),
            )
            write_tables(draft.folder, description, blocks)
            draft.finish(out)
    except OSError as error:
        raise DatasetError(
            message(
                "The build stopped: {reason}. What was done is kept in {draft}; repeat the build to go on.",
                reason=str(error),
                draft=draft_folder(out),
            )
        ) from error
    return Dataset.open(out)


def _identity(source: SourceFile) -> dict[str, object]:
    """What tells whether a source is the one that an unfinished build began with; hashing a long video takes long."""
    files = [file.stat() for file in (source.path, source.stream) if file]
    return {
        "name": source.name,
        "files": [[file.st_size, file.st_mtime_ns] for file in files],
        "frames": str(source.frames),
        "raw": str(source.raw),
    }


def _record(source: SourceFile, read: FramesRead) -> Source:
    return Source(
        name=source.name,
        file=f"{FRAMES}/{source.name}.tif",
        numbers=read.numbers,
        height=read.height,
        width=read.width,
        title=source.title,
        author=source.author,
        licence=source.licence,
        url=source.url,
        origin=source.origin,
        sha256=read.sha256,
        group=source.group or source.name,
    )


def _read(sources: Sequence[SourceFile], draft: Draft, workers: Workers) -> list[FramesRead]:
    """Write the frame files, and the labels of given streams; what cannot be read stops the build before encoding."""
    missing = [(place, source) for place, source in enumerate(sources) if not draft.frames_read(source.name)]
    pieces = [
        Piece(source.name, source.path.stat().st_size + 1, partial(_read_source, place, source, draft))
        for place, source in missing
    ]
    workers.run(message("reading frames"), pieces, len(sources) - len(missing))
    return [draft.frames_read(source.name) for source in sources]


def _read_source(place: int, source: SourceFile, draft: Draft) -> None:
    clip = open_clip(source.path, source.raw)
    digests: list[str] = []

    def frames() -> Iterator[np.ndarray]:
        for luma in clip.read(numbers):
            digests.append(frame_digest(luma).hex())
            yield luma

    if source.stream is None:
        numbers = source.frames.numbers(clip.frames)
    else:
        stream = _matching_stream(source.stream, clip)
        chosen = source.frames.numbers(len(stream.intra))
        numbers = tuple(stream.intra[index] for index in chosen)
        for index, frame in enumerate(stream.read(numbers)):
            draft.write_labels(place, index, frame.mode_info.base_qindex, visited_nodes(frame.mode_info))
    pixels = len(numbers) * clip.height * clip.width
    draft.write_frames(source.name, frames(), pixels=pixels)
    draft.note_frames(
        source.name, FramesRead(numbers, clip.height, clip.width, file_sha256(source.path), tuple(digests))
    )


def _matching_stream(path: Path, clip: Clip) -> Stream:
    """The stream, if it has the size and the number of frames of its source."""
    stream = open_stream(path)
    if (stream.height, stream.width) != (clip.height, clip.width):
        raise DatasetError(
            message(
                "{path} has pictures of {size} and {clip} of {other}; a stream goes with the very pictures that it was "
                "made from.",
                path=path, size=f"{stream.width}×{stream.height}", clip=clip.path, other=f"{clip.width}×{clip.height}",
            )
        )  # fmt: skip
    if stream.frames != clip.frames:
        raise DatasetError(
            message(
                "{path} has {frames} frames and {clip} has {others}; cut the source to the frames that were encoded.",
                path=path, frames=stream.frames, clip=clip.path, others=clip.frames,
            )
        )  # fmt: skip
    if not stream.intra:
        raise DatasetError(
            message("{path} has no intra frame that is shown, so there are no labels to read.", path=path)
        )
    return stream


def _encode(records: Sequence[Source], draft: Draft, encoding: Encoding, encoder: Encoder, workers: Workers) -> None:
    """Encode what has no labels yet, the largest pictures first, so that no core is left alone with one at the end."""
    by_size = sorted(range(len(records)), key=lambda place: -records[place].height * records[place].width)
    tasks = [
        (place, frame, qindex)
        for place in by_size
        for frame in range(records[place].frames)
        for qindex in encoding.qindexes
    ]
    left = [task for task in tasks if not draft.has_labels(*task)]
    pieces = [
        Piece(
            f"{records[place].name}, frame {records[place].numbers[frame]}, qindex {qindex}",
            records[place].height * records[place].width,
            partial(_encode_frame, draft, records[place].file, encoding, encoder, place, frame, qindex),
        )
        for place, frame, qindex in left
    ]
    workers.run(message("encoding"), pieces, len(tasks) - len(left))


def _encode_frame(
    draft: Draft, file: str, encoding: Encoding, encoder: Encoder, place: int, frame: int, qindex: int
) -> None:
    if (here := encoding.record()) != encoder:
        raise DatasetError(
            f"{platform.node()} has {here.name} {here.version}, and the build began with {encoder.version}, whose "
            "labels may differ. Install the same version on every node of the cluster."
        )
    draft.write_labels(place, frame, qindex, encoding.nodes(read_frame(draft.folder / file, frame), qindex))


def _table(draft: Draft) -> Blocks:
    """All labels as one table, in an order that does not depend on which encode ended first."""
    parts = list(draft.labels())
    lengths = [part.shape[1] for *_, part in parts]
    row, col, size, partition = np.concatenate([part for *_, part in parts], axis=1)

    def key(index: int, dtype: type) -> np.ndarray:
        return np.repeat(np.array([part[index] for part in parts], dtype), lengths)

    return Blocks(
        source=key(0, np.int16),
        frame=key(1, np.int32),
        row=row,
        col=col,
        size=size.astype(np.int16),
        qindex=key(2, np.int16),
        partition=partition.astype(np.int8),
    )
