import json
import shutil
from pathlib import Path

import pytest

from av1core.analysis.arms import Arm, Base, arms, base_labels, bases, launch_missing, preset_base
from av1core.analysis.results import results
from av1core.analysis.studies import STUDIES, Study, Variant
from av1core.errors import RunError
from av1core.runs.folder import RunFolder
from av1core.runs.launcher import Launcher
from av1core.training.spec import RunSpec, parse_spec, with_overrides
from tests.analysis.study_runs import STAGE1, base_of, index_of
from tests.runs.test_index import make_run
from tests.synthetic import stage2_values

REDUCTION = STUDIES["reduction"]
FEATURES = STUDIES["stage1_features"]
SEEDS = (0, 1)


def read(runs_dir: Path, study: Study, base: Base, seeds=SEEDS) -> list[Arm]:
    index = index_of(runs_dir)
    table = results(index, study.stage)
    return arms(study, base, index, table[table["state"] == "finished"], seeds)


def made(runs_dir: Path, spec: RunSpec, state: str = "finished", **changes) -> RunFolder:
    values = with_overrides(spec.model_dump(mode="json"), changes)
    return make_run(runs_dir, [0.5] if state == "finished" else [], state, **values)


def specs(folders: list[RunFolder]) -> list[RunSpec]:
    return [folder.spec() for folder in folders]


def waiting(runs_dir: Path) -> list[str]:
    return Launcher(runs_dir).waiting().runs


def test_exactly_what_is_missing_is_launched_seed_by_seed(store, tiny):
    base = base_of(tiny)
    made(store, base.spec)
    made(store, base.spec, "failed", seed=1)
    made(store, base.spec, "queued", **{"adapter.reduction": 2, "seed": 1})
    made(store, base.spec, "running", **{"adapter.reduction": 8, "seed": 0})
    found = read(store, REDUCTION, base)
    assert [arm.seeds for arm in found] == [(0,), (), (), ()]
    # A run that a dead process trained is interrupted, so it is not coming.
    assert [arm.coming for arm in found] == [0, 0, 1, 1]
    launched = launch_missing(Launcher(store), found)
    assert [(spec.adapter.reduction, spec.seed) for spec in specs(launched)] == [
        (1, 0), (2, 0), (4, 1), (1, 1), (8, 1),
    ]  # fmt: skip
    assert [run.id for run in launched] == waiting(store)
    assert {spec.name for spec in specs(launched)} == {"γ = 1", "γ = 2", "γ = 4", "γ = 8"}


def test_what_was_launched_comes_and_is_not_launched_again(store, tiny):
    base = base_of(tiny)
    assert len(launch_missing(Launcher(store), read(store, REDUCTION, base))) == 8
    again = read(store, REDUCTION, base)
    assert [arm.coming for arm in again] == [2] * 4 and not any(arm.missing for arm in again)
    assert launch_missing(Launcher(store), again) == []
    more = read(store, REDUCTION, base, (0, 1, 5))
    assert [arm.missing for arm in more] == [(5,)] * 4


def test_a_launched_run_is_of_its_arm(store, tiny):
    base = base_of(tiny)
    launch_missing(Launcher(store), read(store, REDUCTION, base))
    found = {arm.spec.experiment for arm in read(store, REDUCTION, base)}
    assert {RunFolder(store / run).spec().experiment for run in waiting(store)} == found


def test_stage1_runs_that_are_lacking_come_first_once_each(store, tiny):
    base = base_of(tiny)
    needing = [arm for arm in read(store, FEATURES, base) if arm.stage1]
    assert [arm.variant.name for arm in needing] == ["stem keep", "ResNet-34", "Stage 1 on the natural mix"]
    launched = specs(launch_missing(Launcher(store), needing))
    assert [spec.stage for spec in launched] == ["stage1"] * 3 + ["stage2"] * 6
    ids = waiting(store)
    assert [spec.stage1_run for spec in launched[3:]] == ids[:3] * 2
    assert [spec.seed for spec in launched[3:]] == [0] * 3 + [1] * 3
    stem, deeper, natural = (spec for spec in launched[:3])
    own = RunFolder(store / STAGE1).spec()
    assert stem.backbone == own.backbone.model_copy(update={"stem": "keep"}) and deeper.backbone.name == "resnet34"
    assert natural.sampling == "natural" and natural.loss.beta == 0
    assert {spec.epochs for spec in launched[:3]} == {own.epochs}
    # They wait, so that the next look finds them.
    again = read(store, FEATURES, base)
    assert not any(arm.stage1 for arm in again)
    assert [arm.coming for arm in again if arm.variant.stage1] == [2] * 3


def test_two_arms_on_one_backbone_share_its_stage1_run(store, tiny):
    stem = {"backbone.stem": "keep"}
    study = Study(
        "two", "", "", "stage2", Variant("a", {}), (Variant("b", {}, stem), Variant("c", {"dropout": 0.4}, stem))
    )
    launched = specs(launch_missing(Launcher(store), read(store, study, base_of(tiny))))
    assert [spec.stage for spec in launched].count("stage1") == 1
    assert len({spec.stage1_run for spec in launched if spec.dropout == 0.4} - {STAGE1}) == 1


def test_a_paused_run_comes_when_it_is_resumed(store, tiny):
    base = base_of(tiny)
    made(store, base.spec, "paused")
    arm = read(store, REDUCTION, base)[0]
    assert (arm.coming, arm.missing) == (1, (1,))


def test_a_name_that_no_run_may_have_is_shortened(store, tiny):
    long = [Variant(f"{'x' * 100} {number}", {"dropout": number / 10}, {"backbone.stem": "keep"}) for number in (3, 4)]
    study = Study("long", "", "", "stage2", Variant("a", {}), tuple(long))
    launched = specs(launch_missing(Launcher(store), read(store, study, base_of(tiny))))
    assert len(launched) == 7
    named = {spec.name for spec in launched if spec.dropout in (0.3, 0.4)}
    assert len(named) == 2 and all(len(name) == 80 and name.startswith("xxx") for name in named)


def test_an_arm_that_cannot_be_says_why_and_the_others_are_launched(store, tiny):
    study = Study(
        "odd", "", "", "stage2", Variant("a", {}), (Variant("wrong", {"dropout": 2}), Variant("c", {"dropout": 0.4}))
    )
    found = read(store, study, base_of(tiny))
    assert found[1].spec is None and "dropout" in found[1].problem and not found[1].missing
    assert [spec.dropout for spec in specs(launch_missing(Launcher(store), found))] == [0.2, 0.4] * 2
    without = Base(parse_spec(stage2_values(tiny, STAGE1) | {"stage1_run": None}))
    problems = [arm.problem for arm in read(store, FEATURES, without) if arm.variant.stage1]
    assert len(problems) == 3 and all("stage1_run" in problem for problem in problems)


def test_where_nothing_can_start_nothing_is_queued(store, tiny):
    without = Base(parse_spec(stage2_values(tiny, STAGE1) | {"stage1_run": None}))
    with pytest.raises(RunError, match="Train Stage 1 first"):
        launch_missing(Launcher(store), read(store, REDUCTION, without))
    assert waiting(store) == []


def test_bases_are_where_a_study_was_tried_the_most_tried_first(store, tiny):
    spec = base_of(tiny).spec
    made(store, spec)
    for seed in SEEDS:
        for reduction in (4, 2):
            made(store, spec, **{"seed": seed, "adapter.reduction": reduction, "dropout": 0.4})
    made(store, spec, "failed", dropout=0.5)
    table = results(index_of(store), "stage2")
    found = bases(REDUCTION, table[table["state"] == "finished"])
    assert [(base.spec.dropout, base.found, base.runs) for base in found] == [(0.4, 2, 4), (0.2, 1, 1)]
    assert all(base.spec.adapter.reduction == 4 for base in found)
    assert bases(STUDIES["stage3_ab"], table) == []
    arm = read(store, REDUCTION, found[0])[2]
    assert (arm.variant.name, arm.seeds, arm.missing) == ("γ = 2", SEEDS, ())


def test_of_equal_bases_that_of_most_backbones_and_on_the_most_used_one_is_first(store, tiny):
    spec = base_of(tiny).spec
    made(store, spec, stage1_run="keep")
    for dropout in (0.2, 0.4, 0.6):
        made(store, spec, dropout=dropout)
    found = bases(FEATURES, results(index_of(store), "stage2"))
    assert [(base.spec.stage1_run, base.spec.dropout) for base in found[:2]] == [(STAGE1, 0.2), ("keep", 0.2)]


def test_a_base_whose_stage_1_is_the_variants_own_says_so(store, tiny):
    study = Study("s", "", "", "stage2", Variant("own", {}), (Variant("same", {}, {"epochs": 2}),))
    base = base_of(tiny)
    assert RunFolder(store / STAGE1).spec().epochs == 2
    (own, same) = read(store, study, base)
    assert own.spec is not None and same.spec is None and "rests on this Stage 1 already" in same.problem


def test_a_base_is_called_by_where_it_is_and_what_is_unusual_about_it(store, tiny):
    usual = preset_base("stage2", str(tiny), STAGE1)
    assert usual.spec.dataset == str(tiny) and usual.spec.stage1_run == STAGE1 and usual.validation is None
    assert preset_base("stage3_ab", str(tiny), STAGE1).spec.stage == "stage3_ab"
    other = Base(usual.spec.model_copy(update={"dropout": 0.4, "split": "block"}), "v", 2, 12)
    again = Base(other.spec.model_copy(update={"stage1_run": "another"}), "v", 2, 12)
    labels = base_labels(REDUCTION, [usual, other, again])
    assert labels[0] == "tiny, its own split · 0 of 4 variants, 0 runs"
    assert labels[1] == f"tiny, split by block · 2 of 4 variants, 12 runs · dropout = 0.4 · {other.key}"
    assert len(set(labels)) == 3 and len({base.key for base in (usual, other, again)}) == 3


def test_runs_on_other_blocks_count_for_another_base(store, tiny):
    spec = base_of(tiny).spec
    made(store, spec)
    other = RunFolder(shutil.copytree(*[made(store, spec, seed=1).path] * 1, store / "other"))
    shutil.rmtree(next(path for path in store.iterdir() if path.name != "other" and seed_of(path) == 1))
    provenance = json.loads((store / STAGE1 / "provenance.json").read_text())
    other.provenance_file.write_text(json.dumps(provenance | {"dataset_fingerprint": "changed"}))
    table = results(index_of(store), "stage2")
    found = bases(REDUCTION, table)
    assert len(found) == 2 and len({base.validation for base in found}) == 2
    assert sorted(read(store, REDUCTION, base)[0].seeds for base in found) == [(0,), (1,)]


def seed_of(path: Path) -> int | None:
    file = path / "spec.json"
    spec = json.loads(file.read_text()) if file.exists() else {"stage": "stage1"}
    return spec["seed"] if spec["stage"] == "stage2" else None
