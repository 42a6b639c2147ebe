import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from av1core.analysis.predictions import Predictions, load_predictions
from av1core.dataset.folder import Dataset
from av1core.errors import RunError
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from tests.synthetic import make_dataset


@pytest.fixture
def copy(trained, tmp_path):
    return RunFolder(shutil.copytree(trained.runs_dir / trained.stage2, tmp_path / "copy"))


def test_predictions_of_some_blocks_come_in_the_order_asked_for():
    probabilities = np.array([[0.1, 0.9], [0.4, 0.6], [1, 0]], np.float32)
    predictions = Predictions(STAGES["stage1"], np.array([7, 3, 5]), np.array([1, 0, 0]), probabilities)
    some = predictions.of(np.array([5, 7, 5]))
    assert some.block.tolist() == [5, 7, 5] and some.label.tolist() == [0, 1, 0]
    assert some.predicted.tolist() == [0, 1, 0] and some.confidence.tolist() == np.float32([1, 0.9, 1]).tolist()
    assert len(predictions.of(np.array([], int)).label) == 0
    with pytest.raises(RunError, match="no prediction for some"):
        predictions.of(np.array([3, 4]))


def test_probabilities_sum_to_one(copy, tiny):
    predictions = load_predictions(copy, Dataset.open(tiny))
    np.testing.assert_allclose(predictions.probabilities.sum(1), 1, rtol=1e-5)


def test_missing_and_truncated_files_are_errors_that_say_so(copy, tiny):
    data = copy.predictions_file.read_bytes()
    copy.predictions_file.write_bytes(data[: len(data) // 2])
    with pytest.raises(RunError, match=r"predictions\.parquet"):
        load_predictions(copy, Dataset.open(tiny))
    copy.predictions_file.unlink()
    with pytest.raises(RunError, match="no predictions yet"):
        load_predictions(copy, Dataset.open(tiny))


def test_predictions_are_read_as_they_were_written(copy, tiny):
    table = pq.read_table(copy.predictions_file)
    predictions = load_predictions(copy, Dataset.open(tiny))
    assert predictions.block.tolist() == table["block"].to_pylist()
    assert predictions.label.tolist() == table["label"].to_pylist() and predictions.label.dtype == np.int64
    assert predictions.probabilities.tolist() == table["probabilities"].to_pylist()
    assert predictions.probabilities.dtype == np.float32 and predictions.probabilities.shape == (len(table), 3)


def test_predictions_in_several_parts_and_of_other_lists_are_read_alike(copy, tiny):
    expected = load_predictions(copy, Dataset.open(tiny))
    table = pq.read_table(copy.predictions_file)
    field = pa.field("probabilities", pa.list_(pa.float64()))
    lists = table.set_column(2, field, table["probabilities"].cast(field.type))
    pq.write_table(lists.replace_schema_metadata(table.schema.metadata), copy.predictions_file, row_group_size=7)
    found = load_predictions(copy, Dataset.open(tiny))
    for name in ("block", "label", "probabilities"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize(
    "probabilities", [[0.5] * 4, [[0.5, 0.5]] * 4, [["a", "b", "c"]] * 4, [[0.2, 0.3, 0.5]] * 3 + [None]]
)
def test_predictions_of_another_shape_are_refused(copy, tiny, probabilities):
    metadata = pq.read_schema(copy.predictions_file).metadata
    table = pa.table({"block": range(4), "label": [0] * 4, "probabilities": probabilities})
    pq.write_table(table.replace_schema_metadata(metadata), copy.predictions_file)
    with pytest.raises(RunError, match=r"predictions\.parquet"):
        load_predictions(copy, Dataset.open(tiny))


def test_predictions_of_other_data_are_refused(copy, tmp_path):
    with pytest.raises(RunError, match="fingerprints differ"):
        load_predictions(copy, make_dataset(tmp_path / "other", seed=9))
