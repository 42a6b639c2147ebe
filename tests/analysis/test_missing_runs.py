import pytest

from av1core.access import Access
from av1core.analysis.arms import Arm, Base, arms
from av1core.analysis.missing_runs import Missing, launch, missing
from av1core.analysis.results import results
from av1core.analysis.studies import STUDIES
from av1core.errors import AccessError
from av1core.runs.launcher import Launcher
from tests.analysis.study_runs import STAGE1, base_of, index_of
from tests.runs.test_index import make_run

SEEDS = (0, 1)


def of_study(runs_dir, base: Base, key: str = "reduction") -> list[Arm]:
    index = index_of(runs_dir)
    table = results(index, "stage2")
    return arms(STUDIES[key], base, index, table[table["state"] == "finished"], SEEDS)


def test_what_is_missing_is_counted_and_named(store, tiny):
    spec = base_of(tiny).spec
    make_run(store, [0.5], **spec.model_dump(mode="json"))
    two = spec.model_copy(update={"adapter": spec.adapter.model_copy(update={"reduction": 2}), "seed": 1})
    make_run(store, [], "queued", **two.model_dump(mode="json"))
    found = missing(of_study(store, base_of(tiny)), index_of(store))
    assert (found.runs, found.coming, found.stage1) == (6, 1, ())
    assert found.summary().startswith("Missing runs: 6, of 4 variants. 1 more wait or train.")
    assert found.table().to_numpy().tolist() == [
        ["γ = 4", "1", ""],
        ["γ = 1", "0, 1", ""],
        ["γ = 2", "0", "1 more wait or train"],
        ["γ = 8", "0, 1", ""],
    ]


def test_stage1_runs_come_first_and_nobody_knows_how_long_they_take(store, tiny):
    found = missing(of_study(store, base_of(tiny), "stage1_features"), index_of(store))
    assert len(found.stage1) == 3 and found.seconds is None
    assert "Stage-1 runs that will be trained first: Stage 1, stem keep" in found.summary()
    notes = found.table().set_index("variant")["note"]
    assert notes["stem keep"] == "after Stage 1, stem keep" and notes["head only"] == ""


def test_time_is_that_of_like_runs_for_every_epoch(store, tiny, trained):
    base = base_of(tiny, trained.stage1)
    found = missing(of_study(trained.runs_dir, base), index_of(trained.runs_dir))
    assert found.seconds > 0 and "at the measured speed" in found.summary()
    features = missing(of_study(trained.runs_dir, base, "stage1_features"), index_of(trained.runs_dir))
    assert features.seconds is None and "The time is unknown" in features.summary()
    longer = Base(base.spec.model_copy(update={"epochs": 10 * base.spec.epochs}))
    assert missing(of_study(trained.runs_dir, longer), index_of(trained.runs_dir)).seconds == pytest.approx(
        10 * found.seconds, rel=0.3
    )


def test_what_ended_early_can_be_resumed_instead(store, tiny):
    spec = base_of(tiny).spec
    for seed, state in ((0, "failed"), (1, "interrupted"), (2, "failed")):
        values = spec.model_dump(mode="json") | {"seed": seed}
        make_run(store, [0.5], state, **values)
    found = missing(of_study(store, base_of(tiny)), index_of(store))
    assert found.runs == 8
    assert found.table()["note"].tolist() == ["seed 0 failed, seed 1 interrupted: can be resumed instead", "", "", ""]


def test_nothing_missing_says_so():
    assert Missing((), 0, 0).summary() == "No run is missing."
    assert Missing((), 0, 2).summary() == "No run is missing; 2 coming."


def test_what_was_launched_meanwhile_is_not_launched_again(store, tiny):
    launcher, base, index = Launcher(store), base_of(tiny), index_of(store)
    launcher.pause_queue()
    study = STUDIES["reduction"]
    assert len(launch(launcher, study, base, index, SEEDS)) == 8
    assert launch(launcher, study, base, index, SEEDS) == []
    assert len(launch(launcher, study, base, index, (0, 1, 2))) == 4


def test_who_may_only_look_launches_nothing(store, tiny):
    with pytest.raises(AccessError, match="no"):
        launch(Launcher(store, Access("no")), STUDIES["reduction"], base_of(tiny), index_of(store), SEEDS)
    assert [path.name for path in store.iterdir() if path.name[0] != "."] == [STAGE1]
