import pytest

from av1core.analysis.reported import REPORTED_FILE, reported_results
from av1core.errors import DatasetError


def test_the_thesis_deltas_and_gaps_follow_from_its_figures():
    stage2 = reported_results("stage2").set_index("experiment")
    assert stage2.loc[["Baseline", "Exp 02", "Exp 03"], "gap"].tolist() == [-0.32, -0.44, 0.04]
    assert stage2.loc[["Exp 02", "Exp 03"], "delta"].tolist() == [-0.03, 0.32]
    assert stage2.loc["Exp 04 focal γ=3", "delta"] == pytest.approx(0.31)
    assert stage2.loc[["Baseline", "Exp 04 focal γ=2"], "delta"].isna().all()


def test_every_row_names_its_source_and_one_seed():
    table = reported_results()
    assert table["source"].notna().all() and (table["seeds"] == 1).all()
    assert set(reported_results("stage1")["stage"]) == {"stage1"}


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, content):
    file = tmp_path / "reported.csv"
    file.write_text(content)
    with pytest.raises(DatasetError, match=r"reported\.csv"):
        reported_results(file=file)
    assert REPORTED_FILE.exists()
