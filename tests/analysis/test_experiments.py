import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from av1core.analysis.comparisons import comparisons, with_verdicts
from av1core.analysis.experiments import (
    differing_settings,
    each_run_alone,
    experiment_labels,
    experiments,
    one_run_a_seed,
    settings,
    settled,
)
from av1core.analysis.results import with_delta
from av1core.runs.annotations import Annotations
from av1core.runs.folder import RunFolder
from av1core.training.spec import parse_spec
from benchmarks.made_up import PROVENANCE, made_up_import
from tests.analysis.predicted import read
from tests.runs.test_index import make_run


@pytest.fixture
def runs_dir(tmp_path):
    return tmp_path / "runs"


def train(runs_dir, val_f1: float = 0.5, state: str = "finished", provenance=PROVENANCE, **values) -> str:
    folder = make_run(runs_dir, [val_f1 / 2, val_f1], state, **{"stage": "stage2", "stage1_run": "s1"} | values)
    if provenance is not None:
        folder.write_provenance(provenance)
    return folder.id


def test_an_experiment_is_all_seeds_of_one_recipe_whatever_they_are_called(runs_dir):
    runs = [train(runs_dir, name=name, seed=seed) for name, seed in [("c", 2), ("a", 0), ("b", 1)]]
    other = train(runs_dir, adapter={"reduction": 2})
    table = experiments(read(runs_dir))
    assert table["runs"].tolist() == [[runs[1], runs[2], runs[0]], [other]]
    assert table["seeds"].tolist() == [3, 1] and table["name"].tolist() == ["a", "Run"]
    RunFolder(runs_dir / runs[1]).write_annotations(Annotations("another name"))
    again = experiments(read(runs_dir))
    assert again["experiment"].tolist() == table["experiment"].tolist() and again["name"][0] == "another name"


def test_a_repeated_seed_counts_once_and_the_oldest_stays_in_any_order(runs_dir):
    first, repeat, other = (train(runs_dir, val_f1, seed=seed) for val_f1, seed in [(0.5, 0), (0.9, 0), (0.6, 1)])
    table = read(runs_dir)
    assert one_run_a_seed(table)["run"].tolist() == [first, other]
    assert one_run_a_seed(table[::-1])["run"].tolist() == [other, first]
    for rows in (table, table[::-1]):
        row = experiments(rows).iloc[0]
        assert (row["runs"], row["seeds"], row["repeats"]) == ([first, other], 2, 1)
        assert row["val_f1"] == pytest.approx(55)
    assert repeat in table["run"].tolist()


@pytest.mark.parametrize(
    "other",
    [
        replace(PROVENANCE, dataset_fingerprint="another content"),
        replace(PROVENANCE, split="frame"),
        replace(PROVENANCE, val_sources=("brick",)),
        replace(PROVENANCE, validation="a digest of the blocks"),
        None,
    ],
)
def test_one_recipe_on_other_blocks_is_another_experiment_that_is_not_compared(runs_dir, other):
    runs = [train(runs_dir, seed=0), train(runs_dir, seed=0, provenance=other)]
    rows = read(runs_dir)
    table = experiments(rows)
    assert table["runs"].tolist() == [[run] for run in runs] and table["repeats"].tolist() == [0, 0]
    assert rows["recipe"].nunique() == 1 and rows["validation"].nunique() == 2
    assert comparisons(table, table["experiment"][0], rows, {}) == []
    assert with_delta(table, table["experiment"][0], "experiment")["delta"].isna().tolist() == [False, True]


def test_means_deviations_and_intervals_are_scipys(runs_dir):
    values = np.array([0.51, 0.55, 0.50, 0.53])
    for seed, val_f1 in enumerate(values):
        train(runs_dir, val_f1, seed=seed)
    train(runs_dir, 0.7, adapter={"reduction": 2})
    rows = read(runs_dir)
    several, one = experiments(rows).itertuples()
    assert several.val_f1 == pytest.approx(100 * values.mean())
    assert several.val_f1_std == pytest.approx(100 * values.std(ddof=1))
    interval = stats.t.interval(0.95, 3, 100 * values.mean(), 100 * stats.sem(values))
    assert (several.val_f1_low, several.val_f1_high) == pytest.approx(interval)
    of_several = rows[rows["run"].isin(several.runs)]
    for name in ("train_f1", "gap", "train_f1_clean", "gap_clean", "train_loss", "val_loss", "best_epoch", "epochs"):
        assert getattr(several, name) == pytest.approx(of_several[name].mean())
    assert np.isnan([one.val_f1_std, one.val_f1_low, one.val_f1_high]).all() and one.val_f1 == pytest.approx(70)


def test_what_is_half_trained_counts_only_where_nothing_has_finished(runs_dir):
    done = train(runs_dir, seed=0)
    train(runs_dir, 0.1, "failed", seed=1)
    alone = [train(runs_dir, 0.4, state, seed=seed, dropout=0.5) for seed, state in enumerate(["running", "failed"])]
    table = experiments(settled(read(runs_dir)))
    assert table["runs"].tolist() == [[done], alone]


def test_a_seed_that_failed_and_was_trained_anew_counts_with_what_it_came_to(runs_dir):
    train(runs_dir, 0.1, "failed", seed=0)
    again = train(runs_dir, 0.5, seed=0)
    assert experiments(settled(read(runs_dir)))["runs"].tolist() == [[again]]


def test_imported_runs_are_alone_and_pair_with_none(runs_dir):
    for number in range(3):
        folder = made_up_import(runs_dir, parse_spec({"seed": number}), epochs=2, created=1e9 + number)
        record = json.loads(folder.imported_file.read_text()) | {"dataset": "UVG", "split": "block"}
        folder.imported_file.write_text(json.dumps(record))
    rows = read(runs_dir)
    table = experiments(rows)
    assert table["seeds"].tolist() == [1, 1, 1] and table["experiment"].is_unique
    assert table["runs"].tolist() == [[run] for run in rows["run"]]
    for rows_, table_ in ((rows, table), (each_run_alone(rows), experiments(each_run_alone(rows)))):
        found = comparisons(table_, table_["experiment"][0], rows_, {})
        assert len(found) == 2
        for variant, comparison in enumerate(found, 1):
            assert (comparison.pairs, comparison.verdict) == (0, "not established")
            assert comparison.delta == pytest.approx(rows["val_f1"][variant] - rows["val_f1"][0])
            assert "No seed in common" in comparison.reason


def test_imported_runs_of_unknown_blocks_are_compared_with_nothing(runs_dir):
    for number in range(2):
        made_up_import(runs_dir, parse_spec({"seed": number}), epochs=2, created=1e9 + number)
    rows = read(runs_dir)
    table = experiments(rows)
    assert table["validation"].isna().all() and comparisons(table, table["experiment"][0], rows, {}) == []
    assert with_delta(table, table["experiment"][0], "experiment")["delta"].isna().all()


def test_runs_alone_are_experiments_of_one_run(runs_dir):
    runs = [train(runs_dir, 0.5 + 0.1 * seed, seed=seed) for seed in range(2)]
    alone = each_run_alone(read(runs_dir))
    table = experiments(alone)
    assert table["experiment"].tolist() == runs and table["runs"].tolist() == [[run] for run in runs]
    (comparison,) = comparisons(table, runs[0], alone, {})
    assert comparison.pairs == 0 and comparison.delta == pytest.approx(10)


def test_changes_are_what_differs_within_a_stage(runs_dir):
    train(runs_dir, name="a", dropout=0.1)
    train(runs_dir, name="b", dropout=0.3, seed=4)
    train(runs_dir, stage="stage1", stage1_run=None, epochs=7)
    assert experiments(read(runs_dir))["changes"].tolist() == ["dropout = 0.1", "dropout = 0.3", ""]


def test_settings_that_nobody_knows_differ_from_nothing():
    specs = [{"a": {"b": 1}, "seed": 1, "name": "x"}, {"a": {"b": 2}, "c": 3, "seed": 2}, {}]
    assert differing_settings([json.dumps(spec) for spec in specs]) == {"a.b": [1, 2, "unknown"]}
    assert differing_settings([]) == {} == differing_settings(['{"a": 1}'])


def test_settings_are_shown_as_text_by_experiment():
    specs = {"a": '{"name": "x", "seed": 1, "rate": 0.1, "loss": {"name": "poly"}}', "b": '{"rate": 0.1, "more": null}'}
    assert settings(specs).empty and list(settings(specs)) == ["setting", "a", "b"]
    every = settings(specs, differing=False).set_index("setting")
    assert every.loc["rate"].tolist() == ["0.1", "0.1"] and every.loc["loss.name"].tolist() == ["poly", "unknown"]
    assert every.loc["more"].tolist() == ["unknown", "None"] and set(every.index) == {"rate", "loss.name", "more"}
    other = {"a": specs["a"], "b": specs["b"].replace("0.1", "0.2")}
    assert settings(other).values.tolist() == [["rate", "0.1", "0.2"]]


def test_labels_tell_experiments_from_each_other(runs_dir):
    for dropout, name in [(0.1, "a"), (0.2, "b"), (0.3, "b")]:
        train(runs_dir, name=name, dropout=dropout)
    table = experiments(read(runs_dir))
    labels = experiment_labels(table)
    assert list(labels) == table["experiment"].tolist() and len(set(labels.values())) == 3
    assert labels[table["experiment"][0]] == "a" and labels[table["experiment"][1]].startswith("b · ")


def test_an_experiment_is_pinned_if_one_of_its_runs_is(runs_dir):
    train(runs_dir, seed=0)
    for pinned in (train(runs_dir, seed=1), train(runs_dir, seed=1)):
        RunFolder(runs_dir / pinned).write_annotations(Annotations(baseline=True))
        train(runs_dir, dropout=0.5)
        assert experiments(read(runs_dir))["baseline"].tolist() == [True, False]
        RunFolder(runs_dir / pinned).write_annotations(Annotations())


def test_a_damaged_run_is_of_no_experiment(runs_dir):
    good, bad = train(runs_dir), train(runs_dir, seed=1)
    RunFolder(runs_dir / bad).spec_file.write_text("{")
    rows = read(runs_dir)
    assert rows["run"].tolist() == [good] and experiments(settled(rows))["runs"].tolist() == [[good]]


def test_of_no_runs_there_are_no_experiments(runs_dir):
    none = read(runs_dir)
    for rows in (none, none[none["state"] == "finished"]):
        table = experiments(settled(each_run_alone(one_run_a_seed(rows))))
        assert table.empty and {"experiment", "runs", "val_f1_low", "changes", "baseline"} <= set(table)
        assert experiment_labels(table) == {} and with_verdicts(table, ()).empty


def random_store(runs_dir, random: np.random.Generator) -> None:
    """Runs of a few recipes, blocks, seeds and states, some of them repeated, imported or damaged."""
    for number in range(random.integers(8, 16)):
        if random.random() < 0.1:
            made_up_import(runs_dir, parse_spec({"seed": number}), epochs=2, created=1e9)
            continue
        provenance = replace(PROVENANCE, validation=str(random.integers(2))) if random.random() < 0.8 else None
        run = train(
            runs_dir, random.random(), str(random.choice(["finished", "finished", "failed", "running"])), provenance,
            dropout=float(random.integers(3)) / 10, seed=int(random.integers(4)), name=str(random.choice(["a", "b"])),
        )  # fmt: skip
        if random.random() < 0.1:
            RunFolder(runs_dir / run).spec_file.write_text("")


@pytest.mark.parametrize("seed", range(3))
def test_in_any_store_each_run_has_one_place_and_order_and_names_say_nothing(runs_dir, seed):
    random = np.random.default_rng(seed)
    random_store(runs_dir, random)
    rows = settled(read(runs_dir))
    table = experiments(rows)
    once = one_run_a_seed(rows)
    placed = [run for runs in table["runs"] for run in runs]
    assert sorted(placed) == sorted(once["run"]) and (table["seeds"] + table["repeats"]).sum() == len(rows)
    assert table["experiment"].is_unique and (table["seeds"] == table["runs"].map(len)).all()
    for runs in table["runs"]:
        own = rows[rows["run"].isin(runs)]
        assert (
            own["seed"].dropna().is_unique and own["recipe"].nunique() == own["validation"].nunique(dropna=False) == 1
        )
        # Only finished runs, or only others.
        assert (own["state"] == "finished").nunique() == 1

    shuffled = rows.sample(frac=1, random_state=seed)
    columns = ["runs", "seeds", "repeats", "val_f1", "val_f1_low", "baseline", "stage", "validation"]
    by_key = table.set_index("experiment")[columns]
    pd.testing.assert_frame_equal(experiments(shuffled).set_index("experiment").loc[by_key.index, columns], by_key)

    measured_rows = table[table["origin"] == "measured"].set_index("experiment")
    for baseline in measured_rows.index[:3]:
        found = comparisons(table, baseline, rows, {})
        same = measured_rows[measured_rows["validation"] == measured_rows.loc[baseline, "validation"]]
        assert [each.variant for each in found] == [key for key in same.index if key != baseline]
        for each in found:
            ours, theirs = (
                set(rows.loc[rows["run"].isin(same.loc[key, "runs"]), "seed"]) for key in (each.variant, baseline)
            )
            assert each.pairs == len(ours & theirs) <= min(len(ours), len(theirs))
        again = comparisons(table, baseline, shuffled, {})
        assert [(each.variant, each.pairs, each.verdict) for each in again] == [
            (each.variant, each.pairs, each.verdict) for each in found
        ]

    for run in rows["run"]:
        RunFolder(runs_dir / run).write_annotations(Annotations(f"now {random.random()}"))
    renamed = experiments(settled(read(runs_dir)))
    assert renamed[["experiment", "runs"]].equals(table[["experiment", "runs"]])
