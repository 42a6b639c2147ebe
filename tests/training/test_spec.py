import subprocess
import sys

import pytest
from pydantic import ValidationError

from av1core.errors import SpecError
from av1core.training.spec import RunSpec, flatten, parse_spec, with_overrides


def test_a_spec_survives_json_and_is_frozen():
    spec = parse_spec({"stage": "stage2", "stage1_run": "a", "adapter": {"reduction": 2}})
    assert RunSpec.model_validate_json(spec.model_dump_json()) == spec
    with pytest.raises(ValidationError):
        spec.seed = 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epoch": 3}, r"epoch: unknown key.*epochs"),
        ({"loss": {"gama": 2}}, r"loss\.gama: unknown key.*gamma"),
        ({"adapter": {"reduction": 3}, "stage": "stage2"}, r"adapter\.reduction.*got 3"),
        ({"seed": -1}, r"seed: .*got -1"),
        ({"optimiser": {"head_lr": float("nan")}}, r"optimiser\.head_lr"),
        ({"adapter": {}}, r"adapter: Stage 1 trains the backbone itself"),
        ({"stage1_run": "x"}, r"stage1_run: only later stages"),
        ({"stage": "stage2", "backbone": {}}, r"backbone: a later stage"),
        ({"stage": "stage9"}, r"stage: "),
        ({"stage": "stage2", "adapter": {"layers": ()}}, r"adapter\.layers: choose at least one"),
        ({"loss": {"name": "asymmetric", "smoothing": 0.1}}, r"loss\.smoothing: the asymmetric loss.*got 0\.1"),
        ({"loss": {"name": "hinge"}}, r"loss\.name: .*got 'hinge'"),
        ({"augmentation": {"mixup": 1}}, r"augmentation\.mixup: unknown key.*mixup_alpha"),
        ({"augmentation": {"cutmix_alpha": -0.1}}, r"augmentation\.cutmix_alpha: .*got -0\.1"),
        ({"augmentation": {"mixup_alpha": 0.001}}, r"augmentation\.mixup_alpha: .*at least 0\.01"),
        ({"augmentation": {"randaugment_magnitude": 11}}, r"augmentation\.randaugment_magnitude: .*got 11"),
    ],
)
def test_bad_values_are_errors_that_name_the_key(values, message):
    with pytest.raises(SpecError, match=message):
        parse_spec(values)


def test_hash_ignores_the_name_and_experiment_also_the_seed():
    one = parse_spec({"name": "a", "seed": 1})
    two = parse_spec({"name": "b", "seed": 2})
    assert one.experiment == two.experiment and one.hash != two.hash
    assert one.hash == parse_spec({"name": "c", "seed": 1}).hash
    assert one.experiment != parse_spec({"dropout": 0.5}).experiment


def test_the_order_in_which_layers_are_chosen_is_no_other_experiment():
    one, two = (
        parse_spec({"stage": "stage2", "adapter": {"layers": layers, "unfrozen": unfrozen}})
        for layers, unfrozen in [(("layer4", "layer1"), ("layer2", "stem")), (("layer1", "layer4"), ("stem", "layer2"))]
    )
    assert one == two and one.adapter.unfrozen == ("stem", "layer2")


def test_a_stored_spec_without_augmentation_is_the_same_experiment_with_all_of_it_off():
    spec = parse_spec({})
    stored = spec.model_dump(mode="json", exclude={"augmentation"})
    assert parse_spec(stored).experiment == spec.experiment
    augmentation = flatten(spec)
    assert not any(augmentation[f"augmentation.{name}"] for name in ("flips", "transposition", "mixup_alpha"))
    assert not any(augmentation[f"augmentation.{name}"] for name in ("cutmix_alpha", "randaugment_operations"))


def test_overrides_reach_nested_keys_and_leave_the_original_alone():
    values = {"stage": "stage2", "adapter": {"reduction": 4}}
    changed = with_overrides(values, {"adapter.reduction": 2, "loss.gamma": 3})
    assert changed == {"stage": "stage2", "adapter": {"reduction": 2}, "loss": {"gamma": 3}}
    assert values["adapter"]["reduction"] == 4


def test_flatten_has_every_leaf():
    leaves = flatten(parse_spec({}))
    assert leaves["optimiser.head_lr"] == 1e-4 and leaves["adapter"] is None


def test_runs_from_when_class_weights_were_part_of_the_losss_name_stay_readable():
    loss = {"beta": 0.9999, "gamma": 2.0}
    old, new = (parse_spec({"loss": {"name": name, **loss}}) for name in ("class_balanced_focal", "focal"))
    assert old == new and old.hash == new.hash


def test_specs_need_no_torch():
    code = "import sys, av1core.training.presets, av1core.training.spec; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
