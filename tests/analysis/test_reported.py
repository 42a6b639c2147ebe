import pytest

from av1core.analysis.reported import REPORTED_FILE, cumulative_gain, reported_comparison, reported_results
from av1core.errors import DatasetError


def test_the_thesis_deltas_and_gaps_follow_from_its_figures():
    stage2 = reported_results("stage2").set_index("experiment")
    assert stage2.loc[["Baseline", "Exp 02", "Exp 03"], "gap"].tolist() == [-0.32, -0.44, 0.04]
    assert stage2.loc[["Exp 02", "Exp 03"], "delta"].tolist() == [-0.03, 0.32]
    assert stage2.loc["Exp 04 focal γ=3", "delta"] == pytest.approx(0.31)
    assert stage2.loc[["Baseline", "Exp 04 focal γ=2"], "delta"].isna().all()


def test_the_gain_of_the_thesis_is_that_of_the_change_it_kept():
    reported = reported_results()
    assert reported.set_index("experiment")["decision"].dropna().to_dict() == {"Exp 02": "discard", "Exp 03": "keep"}
    assert cumulative_gain(reported) == 0.32
    assert cumulative_gain(reported.assign(decision="discard")) == cumulative_gain(reported.assign(decision=None)) == 0


def test_one_reported_seed_establishes_nothing():
    reported = reported_results()
    deltas = reported.set_index("experiment")["delta"].dropna()
    assert {"Exp 02", "Exp 03"} < set(deltas.index)
    for experiment, delta in deltas.items():
        comparison = reported_comparison(reported, experiment)
        assert (comparison.verdict, comparison.pairs, comparison.delta) == ("not established", 1, delta)
        assert comparison.variant == experiment and "One seed" in comparison.reason
    assert reported_comparison(reported, "Exp 03").baseline == "Baseline"
    for none in ("Baseline", "Stage 1", "Exp 99"):
        assert reported_comparison(reported, none) is None


def test_a_gain_is_a_chain_of_what_was_kept():
    reported = reported_results("stage2").set_index("experiment")
    kept = reported.index.isin(["Exp 02", "Exp 03", "Exp 04 PolyLoss"])
    reported["decision"] = reported["decision"].mask(kept, "keep")
    # Exp 03 was tried on the baseline, not on Exp 02, and PolyLoss on another baseline.
    assert cumulative_gain(reported.reset_index()) == -0.03
    reported.loc["Exp 03", ["reported_baseline", "delta"]] = "Exp 02", 0.35
    assert cumulative_gain(reported.reset_index()) == 0.32


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
