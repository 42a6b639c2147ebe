import time
from dataclasses import replace

import pytest

from av1core.hardware import cpu_name
from av1core.runs import speed
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.records import Provenance
from av1core.runs.speed import Speeds
from av1core.training.spec import RunSpec, parse_spec, with_overrides
from tests.runs.test_index import epoch_record

STAGE1 = {"name": "S1", "stage": "stage1"}
STAGE2 = {"name": "S2", "stage": "stage2", "stage1_run": "a-run"}
NOW = time.time()


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    monkeypatch.setattr(speed, "gpu_names", lambda: ())


def measured(
    runs_dir,
    values,
    *,
    seconds=10.0,
    rate=1000.0,
    epochs=3,
    blocks=(8000, 1000),
    device=None,
    state="finished",
    ended=NOW,
) -> RunFolder:
    """A run that took `seconds` an epoch, of which training blocks took their number over `rate`."""
    folder = RunFolder.create(runs_dir, parse_spec(values))
    folder.write_provenance(Provenance("d", "f", "source", (), *blocks, None, 1, 1, device or cpu_name(), 1, {}, None))
    for epoch in range(1, epochs + 1):
        folder.append_history(epoch_record(epoch, 0.5) | {"seconds": seconds, "samples_per_second": rate})
    started = ended - seconds * epochs
    folder.write_status(
        replace(
            folder.status(), state=state, started=started, ended=ended if state == "finished" else None,
            heartbeat=time.time(), epoch=epochs,
        )
    )  # fmt: skip
    return folder


def speeds(runs_dir) -> Speeds:
    index = RunIndex(runs_dir)
    index.refresh()
    return Speeds(index)


def spec(values, **overrides) -> RunSpec:
    return parse_spec(with_overrides(values, overrides))


def test_nothing_is_known_before_a_run_of_the_stage_was_measured(tmp_path):
    assert speeds(tmp_path).epoch_seconds(spec(STAGE1), 8000, 1000) is None
    measured(tmp_path, STAGE2)
    measured(tmp_path, STAGE1, state="failed")
    RunFolder.create(tmp_path, spec(STAGE1))
    assert speeds(tmp_path).epoch_seconds(spec(STAGE1), 8000, 1000) is None


def test_training_and_evaluation_take_as_long_as_they_have_blocks(tmp_path):
    measured(tmp_path, STAGE1 | {"epoch_blocks": 4000})
    known = speeds(tmp_path)
    assert known.epoch_seconds(spec(STAGE1, epoch_blocks=4000), 8000, 1000) == pytest.approx(4 + 6)
    assert known.epoch_seconds(spec(STAGE1), 8000, 1000) == pytest.approx(8 + 6)
    assert known.epoch_seconds(spec(STAGE1), 8000, 3000) == pytest.approx(8 + 18)


def test_what_does_not_decide_the_cost_does_not_matter(tmp_path):
    measured(tmp_path, STAGE1)
    other = spec(STAGE1, seed=7, name="x", epochs=3, **{"loss.name": "poly", "optimiser.head_lr": 1e-3})
    assert speeds(tmp_path).epoch_seconds(other, 8000, 1000) == pytest.approx(10)


def test_of_runs_of_one_kind_the_median_tells(tmp_path):
    for place, seconds in enumerate((10.0, 12.0, 100.0)):
        measured(tmp_path, STAGE1 | {"seed": place}, seconds=seconds, ended=NOW - 1000 * place)
    assert speeds(tmp_path).epoch_seconds(spec(STAGE1), 8000, 1000) == pytest.approx(12)


@pytest.mark.parametrize(
    "near",
    [
        {"adapter.batchnorm": "train"},
        {"augmentation.cutmix_alpha": 1.0},
        {"adapter.unfrozen": ["layer4"]},
        {"precision": "bfloat16"},
        {"batch_size": 64},
        {"adapter.reduction": 1},
    ],
    ids=str,
)
def test_the_most_similar_runs_tell(tmp_path, near):
    measured(tmp_path, STAGE2, ended=NOW - 1000)
    measured(tmp_path, with_overrides(STAGE2, near), seconds=20.0)
    known = speeds(tmp_path)
    assert known.epoch_seconds(spec(STAGE2), 8000, 1000) == pytest.approx(10)
    assert known.epoch_seconds(spec(STAGE2, **near), 8000, 1000) == pytest.approx(20)
    # With less in common than with either, the nearer one still tells.
    assert known.epoch_seconds(spec(STAGE2, **near, **{"loss.gamma": 3}), 8000, 1000) == pytest.approx(20)


def test_the_backbone_of_a_later_stage_is_that_of_its_stage1_run(tmp_path):
    keep, imagenet = (
        RunFolder.create(tmp_path, spec(STAGE1, **{"backbone.stem": stem})).id for stem in ("keep", "imagenet")
    )
    measured(tmp_path, STAGE2 | {"stage1_run": keep, "adapter": {"reduction": 1}}, seconds=40.0)
    measured(tmp_path, STAGE2 | {"stage1_run": imagenet, "adapter": {"reduction": 2}}, ended=NOW - 1000)
    known = speeds(tmp_path)
    assert known.epoch_seconds(spec(STAGE2, stage1_run=keep), 8000, 1000) == pytest.approx(40)
    assert known.epoch_seconds(spec(STAGE2, stage1_run=imagenet), 8000, 1000) == pytest.approx(10)


def test_a_run_on_another_device_tells_only_where_there_is_no_other(tmp_path):
    measured(tmp_path, STAGE1, device="a GPU", seconds=9.0)
    assert speeds(tmp_path).epoch_seconds(spec(STAGE1), 8000, 1000) == pytest.approx(9)
    measured(tmp_path, STAGE1 | {"precision": "bfloat16"}, seconds=15.0, ended=NOW - 1000)
    assert speeds(tmp_path).epoch_seconds(spec(STAGE1), 8000, 1000) == pytest.approx(15)


def test_runs_that_train_at_the_same_time_add_up_to_the_time_that_they_took(tmp_path):
    for seed in range(4):
        measured(tmp_path, STAGE2 | {"seed": seed}, epochs=5)
    known = speeds(tmp_path)
    assert 4 * known.epoch_seconds(spec(STAGE2), 8000, 1000, beside=True) == pytest.approx(10)


def test_a_run_that_will_train_alone_is_told_by_one_that_did(tmp_path):
    for seed in range(4):
        measured(tmp_path, STAGE2 | {"seed": seed}, seconds=20.0)
    measured(tmp_path, STAGE2 | {"seed": 4}, ended=NOW - 1000)
    known = speeds(tmp_path)
    assert known.epoch_seconds(spec(STAGE2), 8000, 1000) == pytest.approx(10)
    assert known.epoch_seconds(spec(STAGE2), 8000, 1000, beside=True) == pytest.approx(5)


def test_a_running_run_tells_after_its_first_epoch(tmp_path):
    measured(tmp_path, STAGE1, state="running", epochs=1)
    assert speeds(tmp_path).epoch_seconds(spec(STAGE1), 8000, 1000) == pytest.approx(10, rel=0.01)


def test_a_real_run_is_expected_to_take_what_it_took(trained):
    index = RunIndex(trained.runs_dir)
    index.refresh()
    known = Speeds(index)
    for run in (trained.stage1, trained.stage2):
        folder = RunFolder(trained.runs_dir / run)
        blocks = folder.provenance().train_blocks, folder.provenance().val_blocks
        took = index.query("SELECT median(seconds) AS seconds FROM epochs WHERE run = ?", [run])["seconds"][0]
        assert known.epoch_seconds(folder.spec(), *blocks) == pytest.approx(took, rel=1e-6)
