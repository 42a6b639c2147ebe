import pytest

from av1core.analysis.arms import SEEDS
from av1core.analysis.next_steps import next_steps
from av1core.analysis.results import results
from av1core.analysis.studies import STUDIES
from av1core.runs.index import RunIndex
from tests.runs.test_index import make_run

FIX = {"stage": "stage2", "stage1_run": "s1"}


def steps(runs_dir, hypotheses=()) -> list[tuple]:
    index = RunIndex(runs_dir)
    index.refresh()
    table = results(index)
    found = next_steps(index.runs(), table[table["state"] == "finished"], hypotheses)
    return [(step.page, step.link) for step in found]


def test_without_stage_1_that_is_what_comes_first(tmp_path):
    assert steps(tmp_path) == [("launch", {})]
    make_run(tmp_path, [0.5], "failed")
    assert steps(tmp_path) == [("runs", {}), ("launch", {})]


@pytest.mark.parametrize("seeds", [2, len(SEEDS)])
def test_a_study_that_lacks_seeds_is_named_before_one_that_was_not_begun(tmp_path, seeds):
    make_run(tmp_path, [0.5])
    for seed in range(seeds):
        for mode in ("train", "eval"):
            make_run(tmp_path, [0.5], seed=seed, adapter={"batchnorm": mode}, **FIX)
    found = steps(tmp_path)
    untried = next(key for key in STUDIES if key != "batchnorm")
    lacking = [("ablations", {"study": "batchnorm"})] if seeds < len(SEEDS) else []
    assert found == [*lacking, ("ablations", {"study": untried})]


def test_all_stages_open_hypotheses_and_weights_are_worth_a_look(tmp_path):
    make_run(tmp_path, [0.5]).best_file.touch()
    for stage in ("stage2", "stage3_rect", "stage3_ab"):
        make_run(tmp_path, [0.5], stage=stage, stage1_run="s1")
    pages = [page for page, _ in steps(tmp_path, [object()])]
    assert pages[-3:] == ["hypotheses", "hierarchy", "attribution"]
