import pandas as pd
import pytest

from av1core.analysis.maps.companions import companions

COLUMNS = ["run", "stage", "stage1_run", "dataset", "split", "baseline", "val_f1", "created", "state", "origin"]


def table(*rows: tuple) -> pd.DataFrame:
    """Rows of run, stage, stage1_run and, where they matter, further columns by name."""
    usual = {
        "dataset": "d", "split": "source", "baseline": False, "val_f1": 50.0, "created": 0.0, "state": "finished",
        "origin": "measured",
    }  # fmt: skip
    records = (dict(zip(COLUMNS, row[:3], strict=False)) | usual | dict(*row[3:]) for row in rows)
    return pd.DataFrame(list(records))


def test_a_run_decides_its_stage_and_its_backbone_stage_1():
    runs = table(
        ("better", "stage1", None, {"val_f1": 90.0, "baseline": True}), ("s1", "stage1", None),
        ("best", "stage2", "s1", {"val_f1": 99.0, "baseline": True}), ("s2", "stage2", "s1", {"val_f1": 1.0}),
    )  # fmt: skip
    assert companions("s2", runs) == {"stage1": "s1", "stage2": "s2", "stage3_rect": None, "stage3_ab": None}
    assert companions("s1", runs) == {"stage1": "s1", "stage2": "best", "stage3_rect": None, "stage3_ab": None}
    assert companions("better", runs)["stage1"] == "better"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"stage1_run": "s1"}, {"stage1_run": "other", "baseline": True}),
        ({"baseline": True}, {"val_f1": 99.0}),
        ({"val_f1": 51.0}, {"created": 9.0}),
        ({"val_f1": 1.0}, {"val_f1": float("nan")}),
        ({"created": 1.0}, {}),
    ],
    ids=["its backbone", "the pinned baseline", "the higher F1", "an F1 at all", "the newer"],
)
@pytest.mark.parametrize("turned", [False, True])
def test_of_several_runs_of_a_stage_counts_first(first, second, turned):
    rows = [("wanted", "stage3_ab", "s1", first), ("other", "stage3_ab", "s1", second)]
    runs = table(("s1", "stage1", None), ("s2", "stage2", "s1"), *(rows[::-1] if turned else rows))
    assert companions("s2", runs)["stage3_ab"] == "wanted"


@pytest.mark.parametrize(
    "strange", [{"dataset": "e"}, {"split": "block"}, {"state": "running"}, {"origin": "imported"}], ids=str
)
def test_what_validated_elsewhere_or_has_no_model_stays_away(strange):
    runs = table(("s1", "stage1", None), ("s2", "stage2", "s1"), ("ab", "stage3_ab", "s1", strange))
    assert companions("s2", runs)["stage3_ab"] is None
    runs = table(("s1", "stage1", None, strange), ("s2", "stage2", "s1"))
    assert companions("s2", runs)["stage1"] is None
