"""The two tables of a dataset folder: dataset.json and blocks.parquet, checked when they are read."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from av1core.dataset.record import Description, from_json, to_json
from av1core.errors import DatasetError, said
from av1core.storage import write_bytes_atomically, write_json_atomically
from av1core.translation import message

DESCRIPTION, BLOCKS = "dataset.json", "blocks.parquet"

DTYPES = {
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

    source: int16, index into the dataset's sources. frame: int32, index into the source's frame file. row, col: int32,
    pixels of the top-left corner. size: int16, side in pixels. qindex: int16, base qindex 0–255 (AV1 specification,
    section 6.8.11). partition: int8, 0–9 as in `Partition`.
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
        """Name and array of each column, in the order of the file."""
        for field in fields(self):
            yield field.name, getattr(self, field.name)


def write_tables(folder: Path, description: Description, blocks: Blocks) -> None:
    """Write blocks.parquet and dataset.json into a folder whose frames are already there."""
    import pyarrow as pa
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    table = pa.table({name: pa.array(column, pa.from_numpy_dtype(DTYPES[name])) for name, column in blocks.columns()})
    parquet.write_table(table, sink, compression="zstd")
    write_bytes_atomically(folder / BLOCKS, sink.getvalue().to_pybytes())
    write_json_atomically(folder / DESCRIPTION, to_json(description))


def read_description(file: Path) -> Description:
    """What dataset.json says. DatasetError, naming the file and its key, if it is missing or damaged."""
    try:
        return from_json(file.read_bytes())
    except FileNotFoundError as error:
        raise DatasetError(
            message("{file} is missing, so {folder} is not a dataset; build one there.", file=file, folder=file.parent)
        ) from error
    except (OSError, ValueError) as error:
        raise DatasetError(
            message(
                "{file} is not a dataset description: {reason}. Copy or rebuild the dataset.",
                file=file,
                reason=said(error),
            )
        ) from error


def read_blocks(file: Path, description: Description) -> Blocks:
    """What blocks.parquet holds. DatasetError, naming the file, if it is damaged or does not fit the description."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(file).read()
    except FileNotFoundError as error:
        raise DatasetError(message("{file} is missing; copy the dataset again or rebuild it.", file=file)) from error
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(
            message("{file} is damaged ({reason}); copy the dataset again or rebuild it.", file=file, reason=str(error))
        ) from error
    found = dict(zip(table.column_names, table.schema.types, strict=True))
    expected = {name: pa.from_numpy_dtype(dtype) for name, dtype in DTYPES.items()}
    if found != expected:
        columns = ", ".join(f"{name} {kind}" for name, kind in found.items())
        raise DatasetError(
            message(
                "{file} has the columns {columns}, which are not those of a dataset; rebuild it.",
                file=file, columns=columns,
            )
        )  # fmt: skip
    if table.num_rows != description.block_count:
        raise DatasetError(
            message(
                "{file} has {found} blocks and dataset.json says {blocks}; copy the dataset again or rebuild it.",
                file=file, found=table.num_rows, blocks=description.block_count,
            )
        )  # fmt: skip
    if any(table[name].null_count for name in expected):
        raise DatasetError(message("{file} has empty cells; copy the dataset again or rebuild it.", file=file))
    # Not to_numpy(), which imports pandas and so takes longer than all the rest.
    blocks = Blocks(**{name: np.from_dlpack(table[name].combine_chunks()) for name in expected})
    _check_values(file, blocks, description)
    return blocks


def _check_values(file: Path, blocks: Blocks, description: Description) -> None:
    """Indices must point at something: a wrong one would end in an obscure error during training."""
    if not len(blocks):
        raise DatasetError(message("{file} has no blocks; build the dataset from larger pictures.", file=file))
    if not 0 <= blocks.source.min() <= blocks.source.max() < len(description.sources):
        raise DatasetError(
            message("{file} names sources that dataset.json does not have; rebuild the dataset.", file=file)
        )
    if not 0 <= blocks.partition.min() <= blocks.partition.max() <= 9:
        raise DatasetError(message("{file} holds partition types outside 0–9; rebuild the dataset.", file=file))
    count, height, width = (
        np.array([getattr(source, name) for source in description.sources])[blocks.source]
        for name in ("frames", "height", "width")
    )
    outside = (blocks.frame < 0) | (blocks.row < 0) | (blocks.col < 0) | (blocks.frame >= count)
    outside |= (blocks.row >= height) | (blocks.col >= width)
    if outside.any():
        raise DatasetError(
            message("{file} has blocks outside their frame; copy the dataset again or rebuild it.", file=file)
        )
