import subprocess
import sys
from itertools import product

import pytest

from av1core.errors import SpecError
from av1core.training.presets import PRESETS, preset
from av1core.training.spec import MOST_NAME, flatten, parse_spec
from av1core.training.sweep import (
    MOST_RUNS,
    Sweep,
    fields,
    parse_seeds,
    parse_values,
    value_text,
)

FACTORS = {
    "adapter.reduction": (1, 2, 4),
    "loss.name": ("focal", "poly"),
    "schedule.name": ("plateau", "cosine"),
    "adapter.layers": (["layer4"], ["layer3", "layer4"]),
    "optimiser.head_lr": (1e-4, 5e-4),
    "stage1_run": ("a-run", "another"),
    "epoch_blocks": (None, 1000),
}


EXP03 = preset("exp03").values


def sweep(factors=FACTORS, seeds=(0, 3), base=EXP03) -> Sweep:
    return Sweep(base, factors, seeds)


def test_every_combination_is_one_valid_spec_seed_by_seed():
    points = sweep().points()
    combinations = list(product((0, 3), *FACTORS.values()))
    assert [(point.seed, *point.changes.values()) for point in points] == combinations
    for point in points:
        assert point.problem == ""
        settings = flatten(point.spec)
        assert settings["seed"] == point.seed and all(settings[key] == point.changes[key] for key in FACTORS)
    assert len({point.spec.hash for point in points}) == len(combinations)


def test_what_does_not_vary_is_the_bases():
    base = preset("lr_5e-4").values
    for point in sweep({"dropout": (0.0, 0.5)}, base=base).points():
        own = flatten(point.spec) | {"name": base["name"], "seed": 0, "dropout": 0.2}
        assert own == flatten(parse_spec(base))


@pytest.mark.parametrize("base", [EXP03, EXP03 | {"name": "x" * MOST_NAME}])
@pytest.mark.parametrize("factors", [FACTORS, {"adapter.reduction": (1, 2)}, {}])
def test_a_name_is_of_one_configuration_and_all_its_seeds(base, factors):
    points = sweep(factors, base=base).points()
    names = {(point.spec.name, point.spec.experiment) for point in points}
    assert len(names) == len({name for name, _ in names}) == len({hash for _, hash in names}) == len(points) / 2
    for name, _ in names:
        assert 0 < len(name) <= MOST_NAME
    # A spec file of a run of the sweep is as valid as any.
    assert all(parse_spec(point.spec.model_dump(mode="json")) == point.spec for point in points)


def test_names_tell_what_changed():
    factors = {"adapter.reduction": (2,), "loss.name": ("poly",), "adapter.layers": (["layer3"],)}
    (point,) = sweep(factors, (7,)).points()
    assert point.spec.name == "Exp 03, reduction=2, loss=poly, layers=layer3"


def test_a_text_cannot_pass_for_another_factors_value():
    factors = {"stage1_run": ("a", "a, dataset=b"), "dataset": ("b", "b, dataset=b")}
    names = [point.spec.name for point in sweep(factors, (0,)).points()]
    assert len(set(names)) == 4


def test_values_that_come_to_one_spec_are_one_run():
    factors = {"loss.gamma": (2, 2.0), "adapter.layers": (["layer4", "layer3"], ["layer3", "layer4"], ["layer4"])}
    assert len(sweep(factors, (1, 1)).points()) == 2


@pytest.mark.parametrize(
    ("base", "factors", "problem"),
    [
        ("stage1", {"adapter.reduction": (2, 4)}, "adapter: Stage 1 trains the backbone itself"),
        ("exp03", {"adapter.reduction": (3, 5)}, "adapter.reduction: "),
        ("exp03", {"backbone.stem": ("keep",)}, "backbone: a later stage"),
        ("loss_asymmetric", {"loss.smoothing": (0.1,)}, "loss.smoothing: the asymmetric loss"),
    ],
)
def test_a_point_that_is_no_spec_says_why(base, factors, problem):
    points = sweep(factors, base=preset(base).values).points()
    assert len(points) == 2 * len(next(iter(factors.values())))
    assert all(point.spec is None and point.problem.startswith(problem) for point in points)


def test_the_other_points_of_such_a_sweep_are_valid():
    points = sweep({"loss.name": ("focal", "asymmetric"), "loss.smoothing": (0.0, 0.1)}, (0,)).points()
    assert [point.spec is None for point in points] == [False, False, False, True]


@pytest.mark.parametrize(
    ("factors", "seeds", "message"),
    [
        ({"adapter.gamma": (1,)}, (0,), r"adapter\.gamma: unknown key.*adapter\.reduction"),
        ({"reduction": (1,)}, (0,), r"reduction: unknown key.*dropout"),
        ({"adapter": ({},)}, (0,), r"adapter: unknown key"),
        ({"name": ("a", "b")}, (0,), "name: a sweep cannot vary it"),
        ({"seed": (1, 2)}, (0,), "seed: a sweep cannot vary it"),
        ({"dropout": ()}, (0,), "dropout: give at least one value"),
        ({}, (), "seeds: give at least one"),
        ({"dropout": tuple(range(MOST_RUNS))}, (0, 1), f"{2 * MOST_RUNS:,} runs; at most {MOST_RUNS:,}"),
    ],
)
def test_what_is_no_sweep_is_an_error_that_says_what_to_do(factors, seeds, message):
    with pytest.raises(SpecError, match=message):
        sweep(factors, seeds)


@pytest.mark.parametrize("key", PRESETS)
def test_every_field_of_a_stage_can_vary_and_no_other(key):
    values = preset(key).values
    spec = parse_spec(values | ({} if values["stage"] == "stage1" else {"stage1_run": "a-run"}))
    settings, able = flatten(spec), fields(spec.stage)
    assert {"name", "seed"} == set(settings) - set(able) - {"adapter", "backbone", "stage1_run"}
    for field in able:
        (point,) = sweep({field: (settings[field],)}, (0,), spec.model_dump(mode="json")).points()
        assert point.spec.hash == spec.hash


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1, 2, 4", (1, 2, 4)),
        ("1e-4,5e-4", (1e-4, 5e-4)),
        ("focal, poly", ("focal", "poly")),
        ("true, false", (True, False)),
        ("null, 1000", (None, 1000)),
        ('["layer3"], ["layer3", "layer4"], []', (["layer3"], ["layer3", "layer4"], [])),
        ('"", timm, weights of mine.pth', ("", "timm", "weights of mine.pth")),
        ('"a, b", c', ("a, b", "c")),
        (" eval ", ("eval",)),
    ],
)
def test_texts_of_values(text, values):
    assert parse_values(text) == values


@pytest.mark.parametrize("text", ["", "1,,2", "1,", ", a"])
def test_a_missing_value_is_an_error(text):
    with pytest.raises(SpecError, match="a value is missing"):
        parse_values(text)


VALUES = [
    0, 2.0, 1e-4, 1e-5, 0.1 + 0.2, True, None, "focal", "", "3", "null", "a, b", ' "quoted" ', "[x", "[x]",
    "two\nlines", [], ["layer3", "layer4"], "20260101-120000-stage-1-abcdef",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_the_text_of_a_value_is_read_as_that_value_also_beside_another(value):
    assert parse_values(value_text(value)) == (value,)
    assert parse_values(f"{value_text(value)}, {value_text('a, b')}") == (value, "a, b")


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0-5", tuple(range(6))), ("0,3,7", (0, 3, 7)), ("6", (6,)), ("0-2, 7, 1", (0, 1, 2, 7)), ("3-3", (3,))],
)
def test_texts_of_seeds(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "-1", "1-", "5-0", "0..5", "1.5", "0,,1", f"0-{MOST_RUNS}", "0-9999999999"])
def test_other_texts_are_no_seeds(text):
    with pytest.raises(SpecError, match=r"^seeds: "):
        parse_seeds(text)


def test_it_needs_no_torch():
    code = "import sys, av1core.training.sweep; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
