import numpy as np
import pytest

from av1core.analysis.maps.regions import (
    BORDER,
    CUT_AGAIN,
    CUT_AGAIN_SHARES,
    HALVES,
    QUADRANTS,
    REGIONS,
    SHARES,
    cut_again_table,
    region_shares,
    shares_table,
)
from av1core.analysis.statistics import mean_over_units
from av1core.partition import Partition

RANDOM = np.random.default_rng(8)
A, B = Partition.HORZ_A, Partition.HORZ_B


def planted(shares_on_top) -> np.ndarray:
    """Maps of which so much of the evidence lies in the top half."""
    top = np.asarray(shares_on_top, float)[:, None, None]
    return np.concatenate([top * np.ones((len(top), 8, 16)), (top - 1) * np.ones((len(top), 8, 16))], axis=1)


def test_regions_are_the_ring_the_halves_and_the_quadrants():
    assert REGIONS[BORDER].sum() == 60 and not REGIONS[BORDER][1:-1, 1:-1].any()
    for pair in (HALVES[:2], HALVES[2:]):
        assert np.array_equal(REGIONS[pair[0]], ~REGIONS[pair[1]]) and REGIONS[pair[0]].sum() == 128
    assert REGIONS["top half"][0].all() and REGIONS["left half"][:, 0].all()
    for name in QUADRANTS:
        vertical, horizontal = name.split()
        assert np.array_equal(REGIONS[name], REGIONS[f"{vertical} half"] & REGIONS[f"{horizontal} half"])


def test_the_half_that_is_cut_again_follows_from_the_geometry():
    assert {kind.name: half for kind, half in CUT_AGAIN.items()} == {
        "HORZ_A": "top half", "HORZ_B": "bottom half", "VERT_A": "left half", "VERT_B": "right half",
    }  # fmt: skip


@pytest.mark.parametrize("region", REGIONS)
def test_evidence_planted_in_a_region_is_found_there(region):
    maps = np.where(REGIONS[region], RANDOM.choice([-1, 1], (4, 16, 16)) * RANDOM.uniform(0.5, 1, (4, 16, 16)), 0)
    shares = region_shares(maps)
    assert shares[region] == pytest.approx(100)
    for name, mask in REGIONS.items():
        if not (mask & REGIONS[region]).any():
            assert not shares[name].any()


@pytest.mark.parametrize("side", [2, 4, 8, 16])
def test_flat_evidence_lies_everywhere_as_the_area_does(side):
    for name, share in region_shares(np.full((1, side, side), -0.3)).items():
        assert share == pytest.approx(100 * REGIONS[name].mean())


def test_a_share_is_each_blocks_own_so_a_strong_map_counts_no_more():
    maps = planted([1, 0.2])
    maps[0] *= 1000
    assert region_shares(maps)["top half"] == pytest.approx([100, 20])


def test_evidence_for_alone_is_what_lies_above_zero():
    maps = planted([0.2, 1])  # below zero at the bottom
    assert region_shares(maps, positive=True)["top half"] == pytest.approx([100, 100])
    assert np.isnan(region_shares(-planted([1]), positive=True)["top half"]).all()


def test_a_table_has_means_of_shares_over_blocks_with_intervals_over_sources():
    top, source, group = RANDOM.uniform(0, 1, 40), np.repeat([3, 5, 9, 11], 10), np.tile([0, 1], 20)
    maps = planted(top)
    maps[:3] = 0
    table = shares_table(region_shares(maps), group, ["a", "b", "empty"], source)
    assert list(table) == list(SHARES) and len(table) == 2 * len(REGIONS)
    row = table[(table["group"] == "a") & (table["region"] == "top half")].iloc[0]
    of = (group == 0) & (np.arange(40) > 2)
    mean, interval = mean_over_units(100 * top[of], source[of])
    assert (row["share"], row["share_low"], row["share_high"]) == pytest.approx((mean, *interval))
    assert (row["blocks"], row["zero"], row["sources"], row["area"]) == (18, 2, 4, 50)


def test_a_share_stays_between_0_and_100_percent():
    source = np.arange(4)
    low = shares_table(region_shares(planted([0.01, 0.0, 0.3, 0.0])), np.zeros(4, int), ["a"], source)
    assert low["share_low"].min() == 0 and low["share_high"].max() == 100


def test_a_group_without_evidence_has_no_row():
    assert shares_table(region_shares(np.zeros((2, 4, 4))), np.zeros(2, int), ["a"], np.arange(2)).empty


def looked(top_of_a, top_of_b, spread: float = 0.02) -> dict:
    """The table's rows by type, of HORZ_A and HORZ_B blocks of six sources with so much evidence on top."""
    partition, source = np.repeat([A, B], 60), np.tile(np.arange(6), 20)
    top = np.where(partition == A, top_of_a, top_of_b) + RANDOM.normal(0, spread, 120)
    contrast = region_shares(planted(np.where(partition == A, 0.6, 0.1)))
    table = cut_again_table(region_shares(planted(top)), contrast, partition, source)
    assert list(table) == list(CUT_AGAIN_SHARES)
    return table.set_index("type").to_dict("index")


def test_a_type_that_looks_at_its_half_is_told_from_a_lean_that_all_types_share():
    rows = looked(0.8, 0.3)
    assert rows["HORZ_A"]["half"] == "top half" and rows["HORZ_B"]["half"] == "bottom half"
    assert rows["HORZ_A"]["share"] == pytest.approx(80, abs=1) and rows["HORZ_B"]["share"] == pytest.approx(70, abs=1)
    assert rows["HORZ_A"]["answer"] == "Yes: more than half, more than HORZ_B."
    assert rows["HORZ_B"]["answer"] == "Yes: more than half, more than HORZ_A."
    for row in rows.values():
        assert row["apart"] == pytest.approx(50, abs=2) and row["apart_low"] < row["apart"] < row["apart_high"]
        assert row["share"] - row["mirror_share"] == pytest.approx(row["apart"])
    assert rows["HORZ_A"]["contrast"] == pytest.approx(60) and rows["HORZ_B"]["contrast"] == pytest.approx(90)

    rows = looked(0.8, 0.8)  # everything leans to the top
    assert rows["HORZ_A"]["answer"] == "Not established: more than half, not apart from HORZ_B."
    assert rows["HORZ_B"]["answer"] == "No: less than half, not apart from HORZ_A."

    rows = looked(0.8, 0.6)
    assert rows["HORZ_A"]["answer"].startswith("Yes:")
    assert rows["HORZ_B"]["answer"] == "In part: less than half, more than HORZ_A."

    rows = looked(0.3, 0.8)
    assert rows["HORZ_A"]["answer"] == "No: less than half, less than HORZ_B."
    assert looked(0.5, 0.5, 0.2)["HORZ_A"]["answer"] == "Not established: half is not excluded, not apart from HORZ_B."


def test_one_source_or_no_mirror_image_establishes_nothing():
    partition = np.full(20, A)
    maps, flat = planted(RANDOM.uniform(0.7, 0.9, 20)), np.zeros((20, 16, 16))
    (row,) = cut_again_table(region_shares(maps), region_shares(flat), partition, np.zeros(20)).to_dict("records")
    assert np.isnan([row["share_low"], row["mirror_share"], row["apart"], row["apart_low"], row["contrast"]]).all()
    assert row["answer"].startswith("Not established") and row["share"] > 70
    assert cut_again_table(region_shares(flat), region_shares(flat), partition, np.zeros(20)).empty
