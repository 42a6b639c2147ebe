import pytest

from av1core.analysis.experiments import differing_settings
from av1core.errors import SpecError
from av1core.runs.execute import execute
from av1core.runs.folder import RunFolder
from av1core.training.presets import PRESETS, preset
from av1core.training.spec import parse_spec, with_overrides


def test_names_and_settings_are_each_presets_own():
    specs = [parse_spec(preset.values) for preset in PRESETS.values()]
    assert len({spec.name for spec in specs}) == len({spec.experiment for spec in specs}) == len(PRESETS)
    assert all(preset.values["name"] == preset.title for preset in PRESETS.values())


def test_the_thesis_experiments_differ_as_it_says():
    specs = {key: parse_spec(PRESETS[key].values) for key in ("baseline", "exp02", "exp03")}
    settings = {key: (spec.adapter.reduction, spec.adapter.batchnorm) for key, spec in specs.items()}
    assert settings == {"baseline": (4, "train"), "exp02": (2, "train"), "exp03": (4, "eval")}


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("loss_focal3", {"loss.gamma"}),
        ("augment_mixup", {"augmentation.mixup_alpha"}),
        ("lr_5e-4", {"optimiser.adapter_lr"}),
        ("cosine", {"schedule.name"}),
        ("head_only", {"adapter.scheme"}),
        ("unfrozen_layer4", {"adapter.unfrozen", "optimiser.backbone_lr"}),
        ("stage3_ab", {"stage"}),
    ],
)
def test_a_variant_changes_its_factor_alone(key, changed):
    specs = [parse_spec(PRESETS[name].values).model_dump_json() for name in ("exp03", key)]
    assert set(differing_settings(specs)) == changed


def test_an_unknown_preset_lists_those_there_are():
    with pytest.raises(SpecError, match=r"'exp99'.*exp03"):
        preset("exp99")


@pytest.mark.parametrize("key", PRESETS)
def test_every_preset_trains_an_epoch_on_shipped_photographs(photos_runs, key):
    values = PRESETS[key].values
    own = {"backbone.name": "resnet10t"} if values["stage"] == "stage1" else {"stage1_run": photos_runs.stage1}
    overrides = photos_runs.overrides | own
    folder = RunFolder.create(photos_runs.runs_dir, parse_spec(with_overrides(values, overrides)))
    status = execute(folder)
    assert (status.state, status.message) == ("finished", "")
    (record,) = folder.history()
    assert 0 <= record["val_f1"] <= 1 and status.reevaluated_val_f1 == record["val_f1"]
