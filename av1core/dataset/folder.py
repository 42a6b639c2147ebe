"""The dataset folder: dataset.json, blocks.parquet, frames/. Opening checks it; writing is all or nothing."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import numpy as np

from av1core.dataset.frames import read_frame
from av1core.dataset.record import Description, Encoder, Source, Split, from_json, to_json
from av1core.errors import DatasetError
from av1core.partition import MODEL_SIZE
from av1core.storage import fsync_folder, write_bytes_atomically, write_json_atomically

DESCRIPTION, BLOCKS, FRAMES = "dataset.json", "blocks.parquet", "frames"

_DTYPES = {
    "source": np.int16,
    "frame": np.int32,
    "row": np.int32,
    "col": np.int32,
    "size": np.int16,
    "qindex": np.int16,
    "partition": np.int8,
}


@dataclass(frozen=True, eq=False)
class Blocks:
    """One row a visited tree node: arrays of one length N, ordered by source, frame, qindex, size, row, col.

    source: int16, index into the dataset's sources. frame: int32. row, col: int32, pixels. size: int16,
    pixels. qindex: int16. partition: int8, 0–9.
    """

    source: np.ndarray
    frame: np.ndarray
    row: np.ndarray
    col: np.ndarray
    size: np.ndarray
    qindex: np.ndarray
    partition: np.ndarray

    def __len__(self) -> int:
        return len(self.source)

    def columns(self) -> Iterator[tuple[str, np.ndarray]]:
        for field in fields(self):
            yield field.name, getattr(self, field.name)


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
            raise DatasetError(f"There is no dataset folder at {path}.")
        description = _read_description(path / DESCRIPTION)
        dataset = cls(path, description, _read_blocks(path / BLOCKS, description))
        for source in dataset.sources:
            if not (path / source.file).is_file():
                raise DatasetError(
                    f"The frame file {path / source.file} is missing; copy the dataset again or rebuild it."
                )
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
        """One frame, uint16 (H, W), values 0–1023, decoded at each call. DatasetError on a damaged file."""
        source = self.sources[source_index]
        if not 0 <= frame < source.frames:
            raise DatasetError(f"{source.name} has {source.frames} frames; there is no frame {frame}.")
        luma = read_frame(self.path / source.file, frame)
        if luma.shape != (source.height, source.width):
            raise DatasetError(
                f"{self.path / source.file} holds {luma.shape[1]}×{luma.shape[0]} pixels and {DESCRIPTION} "
                f"says {source.width}×{source.height}; copy the dataset again or rebuild it."
            )
        return luma


def whole_nodes(blocks: Blocks, sources: Sequence[Source]) -> np.ndarray:
    """bool (blocks,): the nodes that lie wholly inside their picture.

    Of the others some pixels do not exist, and there AV1 allows only some of the types, or one.
    """
    height, width = (np.array([getattr(source, name) for source in sources], np.int32) for name in ("height", "width"))
    inside = blocks.row + blocks.size <= height[blocks.source]
    return inside & (blocks.col + blocks.size <= width[blocks.source])


def model_blocks(blocks: Blocks, sources: Sequence[Source]) -> np.ndarray:
    """bool (blocks,): the blocks that the hierarchy predicts: nodes of 16×16 wholly inside their picture."""
    return (blocks.size == MODEL_SIZE) & whole_nodes(blocks, sources)


def fingerprint(blocks: Blocks, frame_digests: Iterable[bytes]) -> str:
    """sha256 of the block columns, then of each frame's `frame_digest` by source and frame number."""
    total = hashlib.sha256()
    for name, column in blocks.columns():
        total.update(name.encode())
        total.update(np.ascontiguousarray(column, np.dtype(_DTYPES[name]).newbyteorder("<")).tobytes())
    for digest in frame_digests:
        total.update(digest)
    return total.hexdigest()


def frame_digest(luma: np.ndarray) -> bytes:
    """sha256 of a frame's size and pixels, whatever file format holds them."""
    head = f"{luma.shape[0]}x{luma.shape[1]}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(luma, "<u2").tobytes()).digest()


def content_fingerprint(dataset: Dataset) -> str:
    """The fingerprint of what the folder holds now; it differs from the recorded one after any damage."""
    frames = ((index, frame) for index, source in enumerate(dataset.sources) for frame in range(source.frames))
    return fingerprint(dataset.blocks, (frame_digest(dataset.luma(*place)) for place in frames))


@contextmanager
def new_folder(out: str | Path) -> Iterator[Path]:
    """A folder beside `out` to fill; it takes the name `out` at the end, or vanishes after an error.

    DatasetError if `out` exists and is not an empty folder.
    """
    out = Path(out).absolute()
    require_free(out)
    temporary = out.with_name(f".{out.name}.{uuid4().hex}.tmp")
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise DatasetError(f"{out} cannot be created: {error.strerror}; choose another place.") from error
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
        raise DatasetError(f"{out} already exists and is not an empty folder; choose another place or remove it.")


def write_tables(folder: Path, description: Description, blocks: Blocks) -> None:
    """Write blocks.parquet and dataset.json into a folder whose frames are already there."""
    import pyarrow as pa
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    table = pa.table({name: pa.array(column, pa.from_numpy_dtype(_DTYPES[name])) for name, column in blocks.columns()})
    parquet.write_table(table, sink, compression="zstd")
    write_bytes_atomically(folder / BLOCKS, sink.getvalue().to_pybytes())
    write_json_atomically(folder / DESCRIPTION, to_json(description))


def _read_description(file: Path) -> Description:
    try:
        return from_json(file.read_bytes())
    except FileNotFoundError as error:
        raise DatasetError(f"{file} is missing, so {file.parent} is not a dataset; build one there.") from error
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} is not a dataset description: {error}. Copy or rebuild the dataset.") from error


def _read_blocks(file: Path, description: Description) -> Blocks:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(file).read()
    except FileNotFoundError as error:
        raise DatasetError(f"{file} is missing; copy the dataset again or rebuild it.") from error
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{file} is damaged ({error}); copy the dataset again or rebuild it.") from error
    found = dict(zip(table.column_names, table.schema.types, strict=True))
    expected = {name: pa.from_numpy_dtype(dtype) for name, dtype in _DTYPES.items()}
    if found != expected:
        columns = ", ".join(f"{name} {kind}" for name, kind in found.items())
        raise DatasetError(f"{file} has the columns {columns}, which are not those of a dataset; rebuild it.")
    if table.num_rows != description.block_count:
        raise DatasetError(
            f"{file} has {table.num_rows} blocks and {DESCRIPTION} says {description.block_count}; "
            "copy the dataset again or rebuild it."
        )
    if any(table[name].null_count for name in expected):
        raise DatasetError(f"{file} has empty cells; copy the dataset again or rebuild it.")
    # Not to_numpy(), which imports pandas and so takes longer than all the rest.
    blocks = Blocks(**{name: np.from_dlpack(table[name].combine_chunks()) for name in expected})
    _check_values(file, blocks, description)
    return blocks


def _check_values(file: Path, blocks: Blocks, description: Description) -> None:
    """Indices must point at something: a wrong one would end in an obscure error during training."""
    if not len(blocks):
        raise DatasetError(f"{file} has no blocks; build the dataset from larger pictures.")
    if not 0 <= blocks.source.min() <= blocks.source.max() < len(description.sources):
        raise DatasetError(f"{file} names sources that {DESCRIPTION} does not have; rebuild the dataset.")
    if not 0 <= blocks.partition.min() <= blocks.partition.max() <= 9:
        raise DatasetError(f"{file} holds partition types outside 0–9; rebuild the dataset.")
    count, height, width = (
        np.array([getattr(source, name) for source in description.sources])[blocks.source]
        for name in ("frames", "height", "width")
    )
    outside = (blocks.frame < 0) | (blocks.row < 0) | (blocks.col < 0) | (blocks.frame >= count)
    outside |= (blocks.row >= height) | (blocks.col >= width)
    if outside.any():
        raise DatasetError(f"{file} has blocks outside their frame; copy the dataset again or rebuild it.")
