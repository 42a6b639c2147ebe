import json
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from av1core.analysis.curves import (
    METRICS,
    X_TITLES,
    class_f1,
    class_means,
    curves,
    learning_rates,
    others,
    with_class_f1,
)
from av1core.analysis.experiments import experiments
from av1core.analysis.results import results
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.training.spec import parse_spec
from benchmarks.made_up import PROVENANCE, made_up_import, made_up_run
from tests.runs.test_index import epoch_record, make_run

EPOCHS = (5, 8, 6)
BLOCKS = {"epoch_blocks": 1000, "batch_size": 128}


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> RunIndex:
    """Two experiments of three and two seeds, whose runs end after different epochs, and an imported run."""
    runs_dir = tmp_path_factory.mktemp("runs")
    for number, (dropout, epochs) in enumerate((dropout, epochs) for dropout in (0.2, 0.4) for epochs in EPOCHS):
        spec = parse_spec({"dropout": dropout, "seed": number, "epochs": 9} | BLOCKS)
        if number != 4:
            made_up_run(runs_dir, spec, 1e9 + number, done=epochs)
    made_up_import(runs_dir, parse_spec({"name": "Other"}), epochs=4, created=2e9)
    index = RunIndex(runs_dir)
    index.refresh()
    return index


@pytest.fixture(scope="module")
def table(index) -> pd.DataFrame:
    return results(index)


def history(index: RunIndex, run: str) -> list[dict]:
    return list(RunFolder(index.runs_dir / run).history())


def expected(records: list[dict]) -> list[dict]:
    """The metrics of each epoch, by a loop over its lines."""
    none = float("nan")
    rows = []
    for record in records:
        val, train, clean = (100 * record.get(name, none) for name in ("val_f1", "train_f1", "train_f1_clean"))
        rows.append(
            {"val_f1": val, "train_f1": train, "train_f1_clean": clean, "gap": train - val, "gap_clean": clean - val}
            | {name: record[name] for name in ("val_loss", "train_loss")}
        )
    return rows


X: dict[str, Callable[[list[dict], int], float]] = {
    "epoch": lambda records, place: records[place]["epoch"],
    "time": lambda records, place: sum(record["seconds"] for record in records[: place + 1]) / 60,
    "blocks": lambda records, place: (place + 1) * (1000 // 128) * 128,
}


@pytest.mark.parametrize("along", X_TITLES)
def test_each_seed_is_what_its_history_says(index, table, along):
    found = curves(index, table[table["origin"] == "measured"], along)
    assert found.x_title == X_TITLES[along] and found.seeds["run"].nunique() == 5
    for run, rows in found.seeds.groupby("run", sort=False):
        records = history(index, run)
        assert rows["epoch"].tolist() == [record["epoch"] for record in records]
        assert rows["x"].tolist() == pytest.approx([X[along](records, place) for place in range(len(records))])
        best = max(records, key=lambda record: record["val_f1"])["epoch"]
        assert rows.loc[rows["best"], "epoch"].tolist() == [best]
        pd.testing.assert_frame_equal(
            rows[list(METRICS)].reset_index(drop=True), pd.DataFrame(expected(records))[list(METRICS)]
        )
        of_run = table[table["run"] == run].iloc[0]
        assert (rows["experiment"] == of_run["experiment"]).all() and (rows["seed"] == of_run["seed"]).all()


@pytest.mark.parametrize("band", ["range", "interval"])
def test_means_and_bands_are_over_the_seeds_while_all_of_them_train(index, table, band):
    measured = table[table["origin"] == "measured"]
    found = curves(index, measured, "time", band)
    for experiment, runs in measured.groupby("experiment"):
        of_runs = [history(index, run) for run in runs["run"]]
        shortest = min(map(len, of_runs))
        means = found.means[found.means["experiment"] == experiment]
        assert means["epoch"].tolist() == list(range(1, shortest + 1)) and (means["seeds"] == len(runs)).all()
        x = [np.mean([X["time"](records, place) for records in of_runs]) for place in range(shortest)]
        assert means["x"].tolist() == pytest.approx(x)
        for metric in METRICS:
            values = np.array([[row[metric] for row in expected(records)[:shortest]] for records in of_runs])
            assert means[metric].tolist() == pytest.approx(values.mean(0))
            if band == "range":
                low, high = values.min(0), values.max(0)
            else:
                low, high = stats.t.interval(0.95, len(runs) - 1, values.mean(0), stats.sem(values))
            np.testing.assert_allclose(means[f"{metric}_low"], low)
            np.testing.assert_allclose(means[f"{metric}_high"], high)


@pytest.mark.parametrize("band", ["range", "interval"])
def test_one_seed_is_its_own_mean_without_a_band(index, table, band):
    found = curves(index, table[:1], band=band)
    assert found.means["val_f1"].tolist() == found.seeds["val_f1"].tolist()
    assert found.means[[f"{metric}_{end}" for metric in METRICS for end in ("low", "high")]].isna().all(axis=None)


def test_smoothing_is_a_moving_mean_of_each_seed_that_leaves_the_best_epochs_alone(index, table):
    plain, smooth = (curves(index, table, smoothing=epochs) for epochs in (1, 3))
    pd.testing.assert_frame_equal(plain.seeds, curves(index, table).seeds)
    kept = ["run", "epoch", "x", "best"]
    pd.testing.assert_frame_equal(smooth.seeds[kept], plain.seeds[kept])
    for run, rows in smooth.seeds.groupby("run"):
        values = plain.seeds.loc[plain.seeds["run"] == run, "val_f1"].to_numpy()
        around = [values[max(place - 1, 0) : place + 2].mean() for place in range(len(values))]
        assert rows["val_f1"].tolist() == pytest.approx(around)


def test_what_an_imported_history_lacks_is_missing(index, table):
    imported = table[table["origin"] == "imported"]
    seeds = curves(index, imported).seeds
    assert seeds[["train_f1_clean", "gap_clean"]].isna().all(axis=None)
    assert seeds[["val_f1", "gap", "val_loss", "x"]].notna().all(axis=None) and len(seeds) == 4
    for along in ("time", "blocks"):
        assert curves(index, imported, along).seeds["x"].isna().all()
    assert learning_rates(index, imported).empty and class_f1(index, imported, STAGES["stage1"].classes).empty


def test_a_repeated_seed_is_drawn_once(tmp_path):
    for _ in range(2):
        make_run(tmp_path, [0.5, 0.6])
    index = RunIndex(tmp_path)
    index.refresh()
    found = curves(index, results(index))
    assert len(found.seeds) == 2 and found.means["seeds"].tolist() == [1, 1]


def test_curves_keep_the_order_of_the_rows_asked_for(index, table):
    backwards = table[::-1]
    assert list(dict.fromkeys(curves(index, backwards).seeds["run"])) == list(backwards["run"])


def test_a_damaged_run_beside_them_hurts_no_curve(tmp_path):
    good, bad = make_run(tmp_path, [0.5], name="good"), make_run(tmp_path, [0.6])
    bad.spec_file.write_text("{")
    with good.history_file.open("a") as file:
        file.write(json.dumps(epoch_record(2, 0.7))[:60])
    index = RunIndex(tmp_path)
    index.refresh()
    assert curves(index, results(index), "blocks").seeds["epoch"].tolist() == [1]


@pytest.mark.parametrize(
    ("values", "train_blocks"), [(BLOCKS, 5000), ({"batch_size": 128}, 1000), (BLOCKS, 90), ({}, 50)]
)
def test_blocks_seen_are_those_that_a_trainer_draws(tmp_path, values, train_blocks):
    import torch

    from av1core.training.sampling import Sampler
    from av1core.training.trainer import Trainer

    spec = parse_spec(values)
    labels = torch.arange(train_blocks) % 2
    trainer = SimpleNamespace(
        spec=spec, train=labels, sampler=Sampler(labels, 2, "natural"), generator=torch.Generator()
    )
    drawn = Trainer.draw_epoch(trainer)
    folder = make_run(tmp_path, [0.5, 0.6, 0.7], **values)
    folder.write_provenance(replace(PROVENANCE, train_blocks=train_blocks))
    index = RunIndex(tmp_path)
    index.refresh()
    assert curves(index, results(index), "blocks").seeds["x"].tolist() == [epoch * drawn.numel() for epoch in (1, 2, 3)]


def test_learning_rates_are_those_of_the_epochs_that_all_seeds_reached(index, table):
    measured = table[table["origin"] == "measured"]
    rates = learning_rates(index, measured, "time")
    means = curves(index, measured, "time").means.set_index(["experiment", "epoch"])
    for (experiment, part), rows in rates.groupby(["experiment", "part"]):
        of_runs = [history(index, run) for run in measured.loc[measured["experiment"] == experiment, "run"]]
        shortest = min(map(len, of_runs))
        mean = np.mean([[record["learning_rates"][part] for record in records[:shortest]] for records in of_runs], 0)
        assert rows["epoch"].tolist() == list(range(1, shortest + 1)) and rows["rate"].tolist() == pytest.approx(mean)
        assert rows["x"].tolist() == means.loc[experiment, "x"].tolist()
    assert set(rates["part"]) == {"adapter", "head"} and set(rates["experiment"]) == set(measured["experiment"])


def test_class_f1_is_of_the_best_epoch_the_first_of_equals(tmp_path):
    runs = [make_run(tmp_path, seed=seed, dropout=0.1) for seed in range(3)]
    values = np.random.default_rng(0).random((3, 4, 2))
    for folder, of_run in zip(runs, values, strict=True):
        for epoch, (val_f1, classes) in enumerate(zip([0.2, 0.6, 0.6, 0.3], of_run, strict=True), 1):
            folder.append_history(epoch_record(epoch, val_f1) | {"val_f1_per_class": classes.tolist()})
    index = RunIndex(tmp_path)
    index.refresh()
    found = class_f1(index, results(index), ("NONE", "PARTITION"))
    for folder, of_run in zip(runs, values, strict=True):
        rows = found[found["run"] == folder.id].set_index("class")["f1"]
        assert rows[["NONE", "PARTITION"]].tolist() == pytest.approx(100 * of_run[1])
    means = class_means(found)
    best = 100 * values[:, 1]
    assert means["class"].tolist() == ["NONE", "PARTITION"] and means["f1"].tolist() == pytest.approx(best.mean(0))
    low, high = stats.t.interval(0.95, 2, best.mean(0), stats.sem(best))
    np.testing.assert_allclose(means[["low", "high"]], np.stack([low, high], 1))
    assert class_means(found[found["run"] == runs[0].id])[["low", "high"]].isna().all(axis=None)


def test_f1_by_class_stands_beside_each_experiment_and_is_missing_where_nobody_knows_it(index, table):
    measured = experiments(table)
    classes = STAGES["stage1"].classes
    values = class_f1(index, table, classes)
    wide = with_class_f1(measured, values, "experiment", classes)
    assert wide["experiment"].tolist() == measured["experiment"].tolist()
    known = wide[wide["origin"] == "measured"]
    assert known[["f1_NONE", "f1_PARTITION"]].mean(axis=1).tolist() == pytest.approx(known["val_f1"].tolist())
    assert wide.loc[wide["origin"] == "imported", ["f1_NONE", "f1_PARTITION"]].isna().all(axis=None)
    assert {"f1_NONE", "f1_PARTITION"} <= set(with_class_f1(measured, values[:0], "experiment", classes))


@pytest.mark.parametrize("along", X_TITLES)
def test_the_others_are_the_means_of_the_best_ones_the_best_first(index, table, along):
    found = others(index, table, along)
    means = curves(index, table, along).means
    order = experiments(table).sort_values("val_f1", ascending=False)["experiment"].tolist()
    assert list(dict.fromkeys(found["experiment"])) == order
    for key in order:
        expected, rows = (each[each["experiment"] == key] for each in (means, found))
        np.testing.assert_allclose(rows[["epoch", "x", "val_f1"]], expected[["epoch", "x", "val_f1"]])
    assert set(others(index, table, along, 1)["experiment"]) == {order[0]}


def test_of_no_runs_there_is_nothing_to_draw(index, table):
    none = table[:0]
    for along in X_TITLES:
        found = curves(index, none, along, "interval", smoothing=3)
        assert found.seeds.empty and found.means.empty and {"val_f1_low", "seeds"} <= set(found.means)
    assert learning_rates(index, none).empty
    assert class_f1(index, none, ("NONE", "PARTITION")).empty and class_means(class_f1(index, none, ())).empty
