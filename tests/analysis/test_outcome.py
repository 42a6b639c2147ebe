from collections.abc import Callable, Mapping

import numpy as np
import pytest

from av1core.analysis.hypotheses import Hypothesis, Reported, Revision
from av1core.analysis.outcome import Outcome, outcomes
from av1core.analysis.reported import reported_results
from av1core.analysis.tally import Tally
from av1core.errors import LabError, RunError
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from tests.runs.test_index import make_run

SOURCES = 8


def prediction(study: str = "batchnorm", variant: str = "BN eval", time: float | None = None, **fields) -> Hypothesis:
    return Hypothesis("H2", (Revision("It helps.", 1.0, 3.0, study, variant, time),), **fields)


@pytest.fixture
def index(tmp_path) -> RunIndex:
    return RunIndex(tmp_path / "runs")


def train(index: RunIndex, batchnorm: str, seeds: int, gain: float = 0.0, state: str = "finished", **values) -> None:
    """Runs of one recipe on Stage 2 whose val F1 is 0.5, a little more for higher seeds, and the gain."""
    for seed in range(seeds):
        spec = {"stage": "stage2", "stage1_run": "s1", "adapter": {"batchnorm": batchnorm}, "seed": seed} | values
        make_run(index.runs_dir, [0.5 + gain + 0.001 * seed * (1 + (gain > 0))], state=state, **spec)


def judged(index: RunIndex, hypothesis: Hypothesis, tallies: Callable | None = None) -> Outcome:
    index.refresh()
    (found,) = outcomes([hypothesis], index, tallies or tallied(index))
    return found


def tallied(index: RunIndex) -> Callable[[Mapping[str, str]], dict[str, Tally]]:
    """Tallies in which the runs with BatchNorm in eval mode are right more often, and those with PolyLoss too."""

    def read(runs: Mapping[str, str]) -> dict[str, Tally]:
        found = {}
        for run in runs:
            spec = RunFolder(index.runs_dir / run).spec()
            right = 150 + 50 * (spec.adapter.batchnorm == "eval") + 50 * (spec.loss.name == "poly")
            confusion = np.full((SOURCES, 3, 3), 20, np.int64)
            confusion[:, range(3), range(3)] = right + np.arange(SOURCES)[:, None] % 3
            confusion[:, :, 0] += 1000 - confusion.sum(2)  # the same blocks for all
            names = np.array([f"picture-{place}" for place in range(SOURCES)])
            zeros = np.zeros(SOURCES, np.int64)
            found[run] = Tally(STAGES["stage2"], names, zeros, zeros, confusion)
        return found

    return read


def test_without_runs_there_is_no_result_and_it_says_why(index):
    found = judged(index, prediction())
    assert found.comparison is None and found.judgement.verdict == "not established"
    assert found.lacking == "No run of the study has finished."
    train(index, "train", 1)
    assert judged(index, prediction()).lacking == "No run of the variant has finished."
    train(index, "eval", 1, state="failed")
    assert judged(index, prediction()).lacking == "No run of the variant has finished."


def test_a_variant_alone_has_nothing_to_be_compared_with(index):
    train(index, "eval", 2)
    assert judged(index, prediction()).lacking == "No run of the baseline has finished."


def test_runs_of_the_study_confirm_or_refute(index):
    train(index, "train", 6)
    train(index, "eval", 6, gain=0.02)
    found = judged(index, prediction())
    assert found.comparison.pairs == 6 and 1.9 < found.comparison.delta < 2.4 and not found.lacking
    assert (found.comparison.units, found.comparison.unit) == (SOURCES, "source")
    assert found.comparison.verdict == "better" and found.judgement.verdict == "confirmed"
    assert found.where == "photos, split unknown"  # such runs have no provenance
    far = Hypothesis("H3", (Revision("It helps much.", 5.0, 9.0, "batchnorm", "BN eval"),))
    assert judged(index, far).judgement.verdict == "partly"


def test_the_correction_is_over_all_variants_of_the_study(index):
    for loss, gain in (({}, 0.0), ({"name": "poly"}, 0.02), ({"gamma": 3.0}, 0.01)):
        train(index, "eval", 6, gain, loss=loss)
    one = judged(index, prediction("loss", "PolyLoss")).measured
    assert one.p == 2 / 64 and one.p_adjusted == 4 / 64 and one.delta == pytest.approx(2.25)


def test_one_seed_or_no_predictions_establish_nothing(index):
    train(index, "train", 1)
    train(index, "eval", 1, gain=0.02)
    found = judged(index, prediction())
    assert found.comparison.delta == pytest.approx(2.0) and found.judgement.verdict == "not established"
    for seed in range(1, 6):
        train(index, "train", 1, seed=seed)
        train(index, "eval", 1, gain=0.02, seed=seed)

    def none(runs: Mapping[str, str]) -> dict[str, LabError]:
        return {run: RunError("No predictions there.") for run in runs}

    found = judged(index, prediction(), none)
    assert found.judgement.verdict == "not established" and "No predictions there." in found.judgement.reason


def test_what_was_reported_stands_in_only_until_there_are_runs(index):
    hypothesis = prediction(reported=Reported("Exp 03", "partially confirmed"))
    found = judged(index, hypothesis)
    delta = reported_results("stage2").set_index("experiment").loc["Exp 03", "delta"]
    assert found.measured is None and found.comparison == found.reported and found.reported.delta == delta == 0.32
    assert found.judgement.verdict == "not established" and "One seed" in found.judgement.reason and found.lacking
    train(index, "train", 2)
    train(index, "eval", 2, gain=0.02)
    found = judged(index, hypothesis)
    assert found.comparison == found.measured and found.measured.delta > 1 and found.reported.delta == delta
    assert judged(index, prediction(reported=Reported("Exp 99"))).reported is None


def test_a_study_is_read_once_and_where_most_of_it_was_run(index):
    for batchnorm in ("train", "eval"):
        train(index, batchnorm, 2, dataset="data/small")
        train(index, batchnorm, 3, dataset="data/large")
    index.refresh()
    asked = []

    def counted(runs: Mapping[str, str]) -> dict[str, Tally]:
        asked.append(set(runs.values()))
        return tallied(index)(runs)

    first, second = outcomes([prediction(), prediction(time=1.0)], index, counted)
    assert asked == [{"data/large"}] and first.measured is second.measured and first.measured.pairs == 3
    assert first.where.startswith("large, ") and first.where.endswith("it was run on one other base too")


@pytest.mark.parametrize("place", [("no-such", "BN eval", "study"), ("batchnorm", "no-such", "variant")])
def test_a_study_or_variant_that_is_no_more_is_named(index, place):
    train(index, "train", 2)
    study, variant, named = place
    found = judged(index, prediction(study, variant))
    assert found.comparison is None and found.lacking.startswith(f"{named}: ") and "no-such" in found.lacking


def test_runs_that_had_begun_before_the_prediction_are_counted_whatever_became_of_them(index):
    train(index, "train", 3)
    train(index, "eval", 2)
    train(index, "eval", 1, state="failed", dropout=0.1)
    train(index, "eval", 1, state="running", epochs=7)
    for seed, state in ((7, "failed"), (8, "queued")):
        spec = {"stage": "stage2", "stage1_run": "s1", "adapter": {"batchnorm": "eval"}, "seed": seed}
        make_run(index.runs_dir, [], state=state, **spec)
    index.refresh()
    created = index.query("SELECT max(created) AS last FROM runs")["last"][0]
    assert judged(index, prediction(time=created + 1)).begun == 4
    assert judged(index, prediction(time=1.0)).begun == judged(index, prediction()).begun == 0
