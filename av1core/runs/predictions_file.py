"""predictions.parquet: what a run predicts for the validation blocks at its best epoch."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from av1core.runs.folder import RunFolder
from av1core.storage import write_bytes_atomically

_ENCODINGS = {"block": "DELTA_BINARY_PACKED", "label": "PLAIN", "probabilities.list.element": "BYTE_STREAM_SPLIT"}
"""Lossless: rows rise, and the exponents of probabilities are alike."""


def write_predictions(
    folder: RunFolder, fingerprint: str, block: np.ndarray, label: np.ndarray, probabilities: np.ndarray
) -> None:
    """block: int64 (N,) rows of the dataset's table; label: int8 (N,); probabilities: float32 (N, C).

    fingerprint: of the dataset that the rows are of.
    """
    rows = pa.FixedSizeListArray.from_arrays(pa.array(probabilities.reshape(-1)), probabilities.shape[1])
    table = pa.table(
        {"block": pa.array(block), "label": pa.array(label.astype(np.int8)), "probabilities": rows}
    ).replace_schema_metadata({"dataset_fingerprint": fingerprint})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", use_dictionary=False, column_encoding=_ENCODINGS)
    write_bytes_atomically(folder.predictions_file, sink.getvalue().to_pybytes())
