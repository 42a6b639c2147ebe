import json

import numpy as np
import pandas as pd
import pytest

from av1core.analysis.effects import beside, main_effects, sweep_rows, varied
from av1core.figures import effects as figures
from av1core.training.spec import parse_spec, with_overrides


def made(rows: list[tuple[dict, float]]) -> pd.DataFrame:
    base = {"stage": "stage2", "stage1_run": "s1"}
    specs = [parse_spec(with_overrides(base, changes)).model_dump_json() for changes, _ in rows]
    same = {"stage": "stage2", "validation": "v", "origin": "measured"}
    return pd.DataFrame({"spec": specs, "val_f1": [f1 for _, f1 in rows]}).assign(**same)


GRID = made([
    ({"adapter.reduction": reduction, "loss.name": loss}, 50 + reduction + (10 if loss == "poly" else 0))
    for reduction in (8, 2, 4)
    for loss in ("focal", "poly")
])  # fmt: skip


def test_only_what_validated_on_the_same_blocks_is_put_together():
    others = pd.concat([GRID, GRID.assign(validation="w"), GRID.assign(stage="stage1"), GRID.assign(origin="imported")])
    pd.testing.assert_frame_equal(beside(others, "stage2", "v"), GRID)
    assert beside(others, "stage2", None).empty


def test_the_mean_at_a_level_is_over_whatever_else_varied():
    assert varied(GRID) == {"adapter.reduction": 3, "loss.name": 2}
    effects = main_effects(GRID, ["adapter.reduction", "loss.name"])
    table = effects.table.set_index(["factor", "level"])
    assert list(table.index) == [
        *(("adapter.reduction", level) for level in ("2", "4", "8")),
        ("loss.name", "focal"),
        ("loss.name", "poly"),
    ]
    assert table["f1"].tolist() == [57, 59, 63, pytest.approx(50 + 14 / 3), pytest.approx(60 + 14 / 3)]
    assert table["experiments"].tolist() == [2, 2, 2, 3, 3] and effects.balanced
    # 95 % of Student's t with one degree of freedom: 12.706 standard errors, of ±5.
    assert table["high"].iloc[0] == pytest.approx(57 + 12.7062 * 5, rel=1e-4)
    assert table["low"].iloc[0] == pytest.approx(57 - 12.7062 * 5, rel=1e-4)


def test_a_level_of_one_experiment_has_no_interval():
    effects = main_effects(GRID.iloc[[0, 2]], ["adapter.reduction"])
    assert effects.table[["low", "high"]].isna().all(axis=None) and effects.balanced


@pytest.mark.parametrize("rows", [range(5), [0, 1, 2, 3, 4, 5, 5], [0, 3]])
def test_a_sweep_with_a_combination_too_few_or_too_many_is_unbalanced(rows):
    assert not main_effects(GRID.iloc[list(rows)], ["adapter.reduction", "loss.name"]).balanced


def test_values_of_every_kind_are_levels():
    changes = [{"adapter.unfrozen": ["layer4"]}, {"adapter.unfrozen": []}, {"epoch_blocks": 64}, {"qindex_input": True}]
    table = made([(change, 50.0 + place) for place, change in enumerate(changes)])
    factors = list(varied(table))
    assert set(factors) == {"adapter.unfrozen", "epoch_blocks", "qindex_input"}
    levels = main_effects(table, factors).table.groupby("factor")["level"].agg(list).to_dict()
    assert levels["adapter.unfrozen"] == ['["layer4"]', "[]"] and levels["epoch_blocks"] == ["64", "null"]
    assert levels["qindex_input"] == ["false", "true"]


def test_rows_keep_numbers_as_numbers():
    rows = sweep_rows(GRID, ["adapter.reduction", "loss.name"])
    assert rows["adapter.reduction"].tolist() == [8, 8, 2, 2, 4, 4] and rows["adapter.reduction"].dtype == float
    assert rows["loss.name"].tolist() == ["focal", "poly"] * 3
    np.testing.assert_array_equal(rows["val_f1"], GRID["val_f1"])


def test_figures_draw_what_is_made_here():
    factors = ["adapter.reduction", "loss.name"]
    drawn = figures.main_effects(main_effects(GRID, factors).table)
    assert json.loads(drawn.data[0].to_json())["y"]
    assert len(figures.parallel(sweep_rows(GRID, factors), factors).data[0].dimensions) == 3
    assert main_effects(GRID, []).table.empty
