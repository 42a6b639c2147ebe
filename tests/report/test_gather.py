import pytest

from av1core.analysis.arms import bases
from av1core.analysis.results import results
from av1core.analysis.studies import STUDIES
from av1core.errors import ReportError
from av1core.report.gather import gather, gather_study
from tests.report.studies import batchnorm_study, interrupt


@pytest.fixture
def index(trained, tmp_path):
    return batchnorm_study(trained, tmp_path / "runs")


def key_of(index, run: str) -> str:
    return results(index).set_index("run")["experiment"][run]


def test_a_study_comes_with_its_baseline_first_and_all_that_its_runs_rest_on(index):
    (base, *_) = bases(STUDIES["batchnorm"], results(index))
    gathered = gather_study(index, STUDIES["batchnorm"], base)
    assert list(gathered.table["name"]) == ["BN train", "BN eval"] and gathered.lacking == ()
    assert [configuration.spec.adapter.batchnorm for configuration in gathered.configurations] == ["train", "eval"]
    assert all(
        len(configuration.specs) == len(configuration.provenances) == 3 for configuration in gathered.configurations
    )
    (comparison,) = gathered.comparisons
    assert comparison.pairs == 3 and comparison.delta == pytest.approx(1.0)
    assert set(gathered.tallies) == set(gathered.runs["run"]) and len(gathered.runs) == 6
    assert set(gathered.curves.seeds["experiment"]) == set(gathered.labels)


def test_only_finished_runs_count_and_the_others_are_counted(index):
    interrupt(index, "eval-2")
    gathered = gather(index, [key_of(index, "train-0"), key_of(index, "eval-0")], "Title")
    assert gathered.left_out == 1 and list(gathered.table["seeds"]) == [3, 2]


def test_an_arm_without_runs_is_named_and_a_study_without_a_baseline_refused(index):
    study = STUDIES["batchnorm"]
    (base, *_) = bases(study, results(index))
    for seed in range(3):
        interrupt(index, f"eval-{seed}")
    assert gather_study(index, study, base).lacking == ("BN eval",)
    for seed in range(3):
        interrupt(index, f"train-{seed}")
    with pytest.raises(ReportError, match="BN train, has no finished run"):
        gather_study(index, study, base)


def test_an_unknown_experiment_and_one_of_another_stage_are_refused_by_name(index, trained):
    with pytest.raises(ReportError, match="nothing-such"):
        gather(index, [key_of(index, "train-0"), "nothing-such"], "Title")
    with pytest.raises(ReportError, match="another stage"):
        gather(index, [key_of(index, "train-0"), key_of(index, trained.stage1)], "Title")
