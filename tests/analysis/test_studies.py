import pandas as pd
import pytest

from av1core.analysis.experiments import experiments
from av1core.analysis.results import results
from av1core.analysis.studies import CUSTOM, STUDIES, custom, factors, study
from av1core.errors import SpecError
from av1core.partition import MODEL_SIZE
from av1core.runs.index import RunIndex
from av1core.training.presets import PRESETS
from av1core.training.spec import RunSpec, flatten, parse_spec, with_overrides
from tests.runs.test_index import make_run

BASES = {
    stage: parse_spec(dict(PRESETS[key].values) | {"stage1_run": "s1"})
    for stage, key in (("stage2", "exp03"), ("stage3_rect", "stage3_rect"), ("stage3_ab", "stage3_ab"))
}
EVERY = pytest.mark.parametrize("key", STUDIES)


def specs_of(key: str) -> list[RunSpec]:
    """The baseline's on the base of the presets, then the variants' on that."""
    found = STUDIES[key]
    values = with_overrides(BASES[found.stage].model_dump(mode="json"), dict(found.baseline.changes))
    return [parse_spec(with_overrides(values, dict(arm.changes))) for arm in found.arms]


def stage1_specs(key: str) -> list[RunSpec]:
    values = parse_spec(dict(PRESETS["stage1"].values)).model_dump(mode="json")
    return [parse_spec(with_overrides(values, dict(arm.stage1))) for arm in STUDIES[key].arms]


@EVERY
def test_every_arm_is_a_recipe_of_its_own(key):
    found, specs = STUDIES[key], specs_of(key)
    assert found.key == key == study(key).key and all(spec.stage == found.stage for spec in specs)
    recipes = {(spec.experiment, stage1.hash) for spec, stage1 in zip(specs, stage1_specs(key), strict=True)}
    assert len(recipes) == len(specs) == 1 + len(found.variants) > 1
    assert len({arm.name for arm in found.arms}) == len(found.arms)


@EVERY
def test_an_arm_differs_from_the_baseline_in_what_it_says_only(key):
    baseline, *variants = specs_of(key)
    for arm, spec in zip(STUDIES[key].variants, variants, strict=True):
        said = tuple(arm.changes)
        mine, other = flatten(spec), flatten(baseline)
        differing = {name for name in mine if mine[name] != other[name]}
        assert all(
            name == part or name.startswith(f"{part}.") for name in differing for part in [said_part(name, said)]
        )
        assert differing or arm.stage1, arm.name
        assert not {"name", "seed", "dataset", "split", "stage1_run", "epochs"} & differing


def said_part(name: str, said: tuple[str, ...]) -> str:
    (part,) = (part for part in said if name == part or name.startswith(f"{part}."))
    return part


@EVERY
def test_a_stage1_arm_is_of_the_baselines_recipe_but_for_its_backbone(key):
    baseline, *variants = specs_of(key)
    for arm, spec in zip(STUDIES[key].variants, variants, strict=True):
        if arm.stage1:
            assert spec.experiment == baseline.experiment


def test_every_backbone_of_a_study_passes_blocks_on():
    from av1core.models.geometry import backbone_geometry

    backbones = {(spec.backbone.name, spec.backbone.stem) for key in STUDIES for spec in stage1_specs(key)}
    assert {name for name, _ in backbones} == {"resnet18", "resnet34"} and len(backbones) == 3
    for name, stem in backbones:
        assert all(part.height * part.width >= 1 for part in backbone_geometry(name, stem, MODEL_SIZE))


def test_an_unknown_study_is_an_error_that_lists_them():
    with pytest.raises(SpecError, match=r"batchnorm, reduction, loss"):
        study("nothing")


@pytest.fixture
def table(tmp_path) -> pd.DataFrame:
    made = (
        {"name": "base"},
        {"name": "two", "adapter": {"reduction": 2}},
        {"name": "one", "adapter": {"reduction": 1}},
        {"name": "poly", "loss": {"name": "poly"}},
        {"name": "both", "loss": {"name": "poly"}, "adapter": {"reduction": 2}},
        {"name": "elsewhere", "adapter": {"reduction": 8}, "dataset": "elsewhere"},
    )
    for values in made:
        make_run(tmp_path, [0.5], **{"stage": "stage2", "stage1_run": "s1"} | values)
    make_run(tmp_path, [0.5], name="stage 1")
    index = RunIndex(tmp_path)
    index.refresh()
    return experiments(results(index))


def test_factors_are_what_experiments_on_the_same_blocks_vary(table):
    baseline = table.set_index("name", drop=False).loc["base"]
    assert factors(table, baseline) == {"adapter.reduction": 3, "loss.name": 2}


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (["adapter.reduction"], {"adapter.reduction = 2", "adapter.reduction = 1"}),
        (["loss.name"], {"loss.name = poly"}),
        ([], set()),
    ],
)
def test_a_custom_study_has_what_differs_in_its_factors_at_most(table, keys, names):
    baseline = table.set_index("name", drop=False).loc["base"]
    found = custom(table, baseline, keys)
    assert (found.key, found.stage, found.baseline.name) == (CUSTOM, "stage2", "base")
    assert {variant.name for variant in found.variants} == names
    both = custom(table, baseline, ["adapter.reduction", "loss.name"])
    assert len(both.variants) == 4
