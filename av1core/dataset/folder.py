"""The dataset folder: dataset.json, blocks.parquet, frames/. Opening checks it; making it is all or nothing."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import numpy as np

from av1core.dataset.frames import read_frame
from av1core.dataset.record import Description, Encoder, Source, Split
from av1core.dataset.tables import BLOCKS, DESCRIPTION, DTYPES, Blocks, read_blocks, read_description
from av1core.errors import DatasetError
from av1core.partition import MODEL_SIZE
from av1core.storage import fsync_folder
from av1core.translation import message

FRAMES = "frames"


@dataclass(frozen=True, eq=False)
class Dataset:
    """An open dataset folder. Pixels stay on disk until `luma` asks for them."""

    path: Path
    description: Description
    blocks: Blocks

    @classmethod
    def open(cls, path: str | Path) -> "Dataset":
        """Read the labels and check the folder. DatasetError says which file is damaged and what to do."""
        path = Path(path)
        if not path.is_dir():
            raise DatasetError(message("There is no dataset folder at {path}.", path=path))
        description = read_description(path / DESCRIPTION)
        dataset = cls(path, description, read_blocks(path / BLOCKS, description))
        for source in dataset.sources:
            if not (path / source.file).is_file():
                raise DatasetError(
                    message(
                        "The frame file {file} is missing; copy the dataset again or rebuild it.",
                        file=path / source.file,
                    )
                )  # fmt: skip
        return dataset

    @property
    def name(self) -> str:
        return self.description.name

    @property
    def fingerprint(self) -> str:
        """sha256 over all labels and pixels: datasets with the same one train alike."""
        return self.description.fingerprint

    @property
    def encoder(self) -> Encoder:
        return self.description.encoder

    @property
    def qindexes(self) -> tuple[int, ...]:
        return self.description.qindexes

    @property
    def sources(self) -> tuple[Source, ...]:
        return self.description.sources

    @property
    def split(self) -> Split:
        return self.description.split

    @cached_property
    def model_blocks(self) -> np.ndarray:
        """bool (blocks,): the blocks that the hierarchy predicts, see `model_blocks`."""
        return model_blocks(self.blocks, self.sources)

    def luma(self, source_index: int, frame: int = 0) -> np.ndarray:
        """One frame, uint16 (H, W), values 0–1023, decoded at each call.

        source_index, frame: from 0, the frame within the frame file. DatasetError if there is none, or it is damaged.
        """
        source = self.sources[source_index]
        if not 0 <= frame < source.frames:
            raise DatasetError(
                message(
                    "{name} has {frames} frames; there is no frame {frame}.",
                    name=source.name, frames=source.frames, frame=str(frame),
                )
            )  # fmt: skip
        luma = read_frame(self.path / source.file, frame)
        if luma.shape != (source.height, source.width):
            raise DatasetError(
                message(
                    "{file} holds {found} pixels and dataset.json says {size}; copy the dataset again or rebuild it.",
                    file=self.path / source.file, found=f"{luma.shape[1]}×{luma.shape[0]}",
                    size=f"{source.width}×{source.height}",
                )
            )  # fmt: skip
        return luma


def whole_nodes(blocks: Blocks, sources: Sequence[Source]) -> np.ndarray:
    """bool (blocks,): the nodes that lie wholly inside their picture.

    Of the others some pixels do not exist, and there AV1 allows only some of the types, or one (section 5.11.4).
    """
    height, width = (np.array([getattr(source, name) for source in sources], np.int32) for name in ("height", "width"))
    inside = blocks.row + blocks.size <= height[blocks.source]
    return inside & (blocks.col + blocks.size <= width[blocks.source])


def model_blocks(blocks: Blocks, sources: Sequence[Source]) -> np.ndarray:
    """bool (blocks,): the blocks that the hierarchy predicts: nodes of 16×16 wholly inside their picture."""
    return (blocks.size == MODEL_SIZE) & whole_nodes(blocks, sources)


def fingerprint(blocks: Blocks, frame_digests: Iterable[bytes]) -> str:
    """Hexadecimal sha256 of the block columns, then of each frame's `frame_digest` by source and frame number."""
    total = hashlib.sha256()
    for name, column in blocks.columns():
        total.update(name.encode())
        total.update(np.ascontiguousarray(column, np.dtype(DTYPES[name]).newbyteorder("<")).tobytes())
    for digest in frame_digests:
        total.update(digest)
    return total.hexdigest()


def frame_digest(luma: np.ndarray) -> bytes:
    """sha256, 32 bytes, of the size and pixels of a frame, uint16 (H, W), whatever file format holds them."""
    head = f"{luma.shape[0]}x{luma.shape[1]}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(luma, "<u2").tobytes()).digest()


def content_fingerprint(dataset: Dataset) -> str:
    """The fingerprint of what the folder holds now; it differs from the recorded one after any damage.

    DatasetError where frames cannot be read.
    """
    frames = ((index, frame) for index, source in enumerate(dataset.sources) for frame in range(source.frames))
    return fingerprint(dataset.blocks, (frame_digest(dataset.luma(*place)) for place in frames))


@contextmanager
def new_folder(out: str | Path) -> Iterator[Path]:
    """A folder beside `out` to fill; it takes the name `out` at the end, or vanishes after an error.

    DatasetError if `out` exists and is not an empty folder, or cannot be made.
    """
    out = Path(out).absolute()
    require_free(out)
    temporary = out.with_name(f".{out.name}.{uuid4().hex}.tmp")
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise DatasetError(
            message("{out} cannot be created: {reason}; choose another place.", out=out, reason=str(error.strerror))
        ) from error
    try:
        yield temporary
        fsync_folder(temporary)
        if out.exists():
            out.rmdir()
        temporary.rename(out)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    fsync_folder(out.parent)


def require_free(out: Path) -> None:
    """DatasetError if `out` exists and is not an empty folder."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise DatasetError(
            message("{out} already exists and is not an empty folder; choose another place or remove it.", out=out)
        )
