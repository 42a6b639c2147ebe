import os

import pytest
import torch

from av1core.errors import RunError
from av1core.runs.thesis_results import check_metrics, read_history, read_metrics
from tests.dataset.imports.damage import flipped, truncated
from tests.dataset.imports.test_pickles import Calls
from tests.runs.thesis_files import (
    BEST_EPOCH,
    EPOCHS,
    adapter_history,
    adapter_metrics,
    loss_history,
    loss_metrics,
)


@pytest.fixture
def save(tmp_path):
    def saved(history):
        torch.save(history, tmp_path / "a_history.pt")
        return tmp_path / "a_history.pt"

    return saved


def test_the_adapter_scripts_history_comes_back(save):
    history = read_history(save(adapter_history()))
    written = adapter_history()
    assert [record["epoch"] for record in history.records] == list(range(1, EPOCHS + 1))
    for name, key in (("train_loss", "train_loss"), ("train_acc", "train_accuracy"), ("val_acc", "val_accuracy")):
        assert [record[key] for record in history.records] == [float(value) for value in written[name]]
    assert history.records[4]["learning_rates"] == {"adapter": 5e-4, "head": 5e-5}
    assert (history.percent, history.left_out) == ((), ())


def test_the_loss_studys_history_comes_back_and_nothing_is_made_up(save):
    history = read_history(save(loss_history()))
    keys = {"epoch", "train_loss", "train_f1", "val_loss", "val_f1", "val_precision", "val_recall"}
    assert all(record.keys() == keys for record in history.records)


def test_the_best_epoch_counts_from_1_and_is_the_first_of_equals(save):
    assert read_history(save(adapter_history())).best["epoch"] == BEST_EPOCH
    assert read_history(save({"val_f1": [0.9]})).best["epoch"] == 1


def test_percent_and_shares_give_the_same_history_each_kind_by_itself(save):
    shares = read_history(save(adapter_history()))
    written = adapter_history()
    in_percent = written | {name: [100 * value for value in written[name]] for name in ("train_f1", "val_f1")}
    percent = read_history(save(in_percent))
    assert percent.percent == ("F1",)
    for one, other in zip(shares.records, percent.records, strict=True):
        assert one.keys() == other.keys()
        assert all(other[key] == pytest.approx(one[key]) for key in one if key != "learning_rates")


def test_a_value_that_is_not_finite_is_absent(save):
    record = read_history(save({"val_f1": [0.5], "train_loss": [float("nan")], "train_f1": [float("inf")]})).records[0]
    assert record == {"epoch": 1, "val_f1": 0.5}


def test_unknown_fields_are_listed(save):
    assert read_history(save({"val_f1": [0.5], "gpu_memory": [1], 3: "x"})).left_out == ("3", "gpu_memory")


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ({"train_f1": [0.5]}, "val_f1 is missing"),
        ({"val_f1": []}, "val_f1 is empty"),
        ({"val_f1": [0.5, 0.6], "val_loss": [1.0]}, "val_loss has 1 values and val_f1 has 2"),
        ({"val_f1": [0.5], "val_loss": ["low"]}, "val_loss is not a list of numbers"),
        ({"val_f1": [0.5], "val_loss": 3.0}, "val_loss is not a list"),
        ({"val_f1": [0.5], "val_loss": torch.zeros(1, 2)}, "val_loss is not a list"),
        ({"val_f1": "12"}, "val_f1 is not a list"),
        ({"val_f1": [0.5, float("nan")]}, "val_f1 of epoch 2 is nan"),
        ({"val_f1": [0.5, 1.2]}, "val_f1 of epoch 2 is 1.2"),
        ({"val_f1": [50.0, 130.0]}, "val_f1 of epoch 2 is 130"),
        ({"val_f1": [0.5], "val_recall": [-0.1]}, "val_recall of epoch 1 is -0.1"),
    ],
)
def test_a_wrong_history_is_refused_by_file_and_field(save, history, message):
    with pytest.raises(RunError, match=rf"a_history\.pt.*{message}"):
        read_history(save(history))


def test_code_in_a_history_is_refused_by_name_and_not_run(save, tmp_path):
    with pytest.raises(RunError, match=r'a_history\.pt asks for the Python object "\w+\.system"'):
        read_history(save({"val_f1": [Calls(os.system, f"touch {tmp_path}/trace")]}))
    assert not (tmp_path / "trace").exists()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_damaged_history_is_shares_or_an_error(save):
    data = save(loss_history()).read_bytes()
    file = save(loss_history())
    refused = 0
    for changed in (*flipped(data), *truncated(data)):
        file.write_bytes(changed)
        try:
            records = read_history(file).records
        except RunError as error:
            refused += str(file) in str(error)
        else:
            assert all(0 <= record["val_f1"] <= 1 for record in records)
    assert refused


@pytest.mark.parametrize("change", [{}, {"best_f1": 58.0}, {"best_f1": 0.5801}, {"final_val_f1": 0.58}, {"x": "y"}])
def test_metrics_agree_with_their_history_up_to_scale_and_rounding(save, tmp_path, change):
    check_metrics(tmp_path / "m.json", adapter_metrics() | change, read_history(save(adapter_history())))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"best_f1": 0.582}, "best_f1 is 0.582, but the history says 0.5800"),
        ({"best_f1": 57.9}, "best_f1 is 57.9"),
        ({"best_val_f1": 0.59}, "best_val_f1"),
        ({"final_val_f1": 0.55}, "0.5000 or 0.5800"),
        ({"final_train_f1": 0.3}, "final_train_f1"),
        ({"epochs_trained": 7}, "epochs_trained is 7, but the history says 6"),
        ({"total_epochs": 5}, "total_epochs"),
        ({"best_epoch": 5}, "best_epoch is 5, but the history says 3"),
        ({"best_f1": "high"}, "best_f1 is 'high'"),
        ({"best_f1": [0.58]}, "best_f1 is"),
    ],
)
def test_metrics_of_another_run_are_refused_by_file_and_field(save, tmp_path, change, message):
    with pytest.raises(RunError, match=rf"m\.json: .*{message}"):
        check_metrics(tmp_path / "m.json", adapter_metrics() | change, read_history(save(adapter_history())))


@pytest.mark.parametrize("best_epoch", [2, 3])
def test_the_loss_studys_metrics_may_count_epochs_from_0_or_1(save, tmp_path, best_epoch):
    check_metrics(tmp_path, loss_metrics() | {"best_epoch": best_epoch}, read_history(save(loss_history())))


def test_metrics_come_back_with_nan_as_text(tmp_path):
    (tmp_path / "m.json").write_text('{"best_f1": NaN, "loss_type": "γ"}')
    assert read_metrics(tmp_path / "m.json") == {"best_f1": "NaN", "loss_type": "γ"}


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", '{"a": 1e999}', '{"a": "\\ud800"}', "[" * 100_000])
def test_metrics_that_cannot_be_stored_again_are_refused(tmp_path, text):
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(RunError, match=r"m\.json"):
        read_metrics(tmp_path / "m.json")
