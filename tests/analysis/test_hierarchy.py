import numpy as np
import pytest

from av1core.analysis.hierarchy import (
    ALL,
    GREEDY,
    PRODUCT,
    TYPES,
    Evaluation,
    chain,
    greedy,
    headline,
    most_avoided,
    score_table,
    search_curve,
    stage_errors,
    to_natural_mix,
)
from av1core.partition import OUTSIDE, STAGES, Partition

NAMES = {kind.name: kind for kind in TYPES}


def stages(count: int, seed: int = 0) -> list[np.ndarray]:
    """Random probabilities of the four stages."""
    random = np.random.default_rng(seed)
    return [random.dirichlet(np.ones(len(stage.classes)), count) for stage in STAGES.values()]


def perfect(labels: np.ndarray) -> list[np.ndarray]:
    """Stages that are sure of the right class, and undecided where the block is not theirs."""
    result = []
    for stage in STAGES.values():
        true = stage.labels(labels)
        certain = np.eye(len(stage.classes))[np.maximum(true, 0)]
        result.append(np.where((true == OUTSIDE)[:, None], 1 / len(stage.classes), certain))
    return result


def evaluation(labels, by_stage, qindex=None) -> Evaluation:
    qindex = np.full(len(labels), 80, np.int16) if qindex is None else qindex
    return Evaluation(np.arange(len(labels)), labels, qindex, chain(*by_stage), greedy(*by_stage), 0)


def test_a_type_is_its_own_column():
    assert [int(kind) for kind in TYPES] == list(range(8))


def test_the_chain_sums_to_one():
    probabilities = chain(*stages(500))
    assert probabilities.shape == (500, 8) and (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-12)


def test_the_chain_equals_values_by_hand():
    found = chain(
        np.array([[0.4, 0.6]]), np.array([[0.5, 0.3, 0.2]]), np.array([[0.9, 0.1]]), np.array([[0.1, 0.2, 0.3, 0.4]])
    )[0]
    expected = {
        "NONE": 0.4, "SPLIT": 0.6 * 0.5, "HORZ": 0.6 * 0.3 * 0.9, "VERT": 0.6 * 0.3 * 0.1, "HORZ_A": 0.6 * 0.2 * 0.1,
        "HORZ_B": 0.6 * 0.2 * 0.2, "VERT_A": 0.6 * 0.2 * 0.3, "VERT_B": 0.6 * 0.2 * 0.4,
    }  # fmt: skip
    for name, value in expected.items():
        assert found[NAMES[name]] == pytest.approx(value)


def test_the_two_ways_to_decide_can_differ():
    # PARTITION is likelier than NONE, but NONE likelier than any one way to partition.
    by_stage = [np.array([[0.4, 0.6]]), np.full((1, 3), 1 / 3), np.full((1, 2), 0.5), np.full((1, 4), 0.25)]
    assert TYPES[greedy(*by_stage)[0]] is Partition.SPLIT
    assert TYPES[chain(*by_stage).argmax(1)[0]] is Partition.NONE


def test_down_the_tree_is_the_likelier_class_of_each_stage():
    by_stage = stages(300)
    decided = greedy(*by_stage)
    for probabilities, stage in zip(by_stage, STAGES.values(), strict=True):
        classes = stage.labels(decided)
        seen = classes != OUTSIDE
        assert seen.any() and (classes[seen] == probabilities[seen].argmax(1)).all()


def test_perfect_stages_are_right_and_lose_nothing():
    labels = np.arange(80) % 8
    found = evaluation(labels, perfect(labels))
    table = score_table(found)
    assert table["f1"].tolist() == table["accuracy"].tolist() == [100.0] * 4
    curve = search_curve(found.probabilities, labels)
    first = curve[(curve["rule"] == "top-k") & (curve["value"] == 1)].iloc[0]
    assert first["lost"] == 0 and first["avoided"] == 87.5
    assert most_avoided(curve, 0)["avoided"] == 87.5
    errors = stage_errors(labels, found.decided(PRODUCT))
    assert (errors["wrong"] == 0).all() and errors["due"].tolist() == [80, 70, 20, 40]


def test_equal_probabilities_search_all_or_one():
    labels = np.arange(64) % 8
    curve = search_curve(np.full((64, 8), 1 / 8), labels, thresholds=(0.1, 0.125, 0.2))
    at = curve[curve["rule"] == "threshold"].set_index("value")
    assert at["avoided"].tolist() == [0, 0, 87.5] and at["lost"].tolist() == [0, 0, 87.5]
    best = curve[curve["rule"] == "top-k"]
    assert best["lost"].tolist() == pytest.approx([100 * (1 - k / 8) for k in range(1, 9)])


def test_the_curve_equals_a_loop_over_blocks():
    probabilities = chain(*stages(60, seed=4))
    labels = np.random.default_rng(5).integers(0, 8, 60)
    thresholds = (0.0, 0.01, 0.05, 0.2, 0.7, 1.0)
    for row in search_curve(probabilities, labels, thresholds).itertuples():
        searched = lost = 0
        for p, label in zip(probabilities.tolist(), labels.tolist(), strict=True):
            ranked = sorted(range(8), key=lambda kind, p=p: -p[kind])
            if row.rule == "top-k":
                tried = set(ranked[: int(row.value)])
            else:
                tried = {kind for kind in range(8) if p[kind] >= row.value} | {ranked[0]}
            searched += len(tried)
            lost += label not in tried
        assert row.searched == pytest.approx(searched / 60)
        assert row.avoided == pytest.approx(100 * (1 - searched / 480))
        assert row.lost == pytest.approx(100 * lost / 60)


def test_more_search_never_loses_more():
    curve = search_curve(chain(*stages(200)), np.random.default_rng(1).integers(0, 8, 200))
    for _, rows in curve.groupby("rule"):
        rows = rows.sort_values("searched")
        assert (rows["lost"].diff().dropna() <= 1e-9).all()
        assert rows.iloc[-1][["avoided", "lost"]].tolist() == [0, 0]


def test_most_avoided_keeps_its_promise():
    curve = search_curve(chain(*stages(200)), np.random.default_rng(1).integers(0, 8, 200))
    chosen = most_avoided(curve, 20)
    assert chosen["lost"] <= 20
    better = curve[(curve["rule"] == "threshold") & (curve["avoided"] > chosen["avoided"])]
    assert len(better) and (better["lost"] > 20).all()


@pytest.mark.parametrize("way", [GREEDY, PRODUCT])
def test_the_headline_is_of_the_table_and_the_curve(way):
    random = np.random.default_rng(1)
    found = evaluation(random.integers(0, 8, 200), stages(200))
    curve = search_curve(found.probabilities, found.labels)
    row = score_table(found).set_index(["qindex", "decision"]).loc[ALL, way]
    assert headline(found, way, curve, 20) == {
        "f1": row["f1"], "accuracy": row["accuracy"], "avoided": most_avoided(curve, 20)["avoided"],
    }  # fmt: skip


def test_the_first_wrong_stage_is_the_one_that_counts():
    steps = [
        ("NONE", "SPLIT"),  # wrong at Stage 1
        ("HORZ", "NONE"),  # wrong at Stage 1
        ("HORZ", "HORZ_A"),  # wrong at Stage 2
        ("SPLIT", "SPLIT"),
        ("HORZ", "VERT"),  # wrong at Stage 3 RECT
        ("VERT", "VERT"),
        ("VERT_A", "VERT_B"),  # wrong at Stage 3 AB
        ("VERT_A", "HORZ"),  # wrong at Stage 2
        ("NONE", "NONE"),
        ("NONE", "NONE"),
    ]
    labels, decided = (np.array([NAMES[step[place]] for step in steps]) for place in (0, 1))
    table = stage_errors(labels, decided).set_index("stage")
    assert table["due"].tolist() == [10, 7, 4, 2]
    assert table["reached"].tolist() == [10, 6, 2, 1]
    assert table["wrong"].tolist() == [2, 2, 1, 1]
    assert table["error"].tolist() == pytest.approx([20, 100 / 3, 50, 100])
    assert table["share"].sum() + 100 * (labels == decided).mean() == pytest.approx(100)


def test_figures_of_a_qindex_are_of_its_blocks():
    labels = np.array([0, 0, 3, 3])
    by_stage = [np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]]), *(each[:4] for each in perfect(np.array([3, 3, 3, 3])))][
        :1
    ]
    by_stage += perfect(np.array([3, 3, 3, 3]))[1:]
    found = evaluation(labels, by_stage, np.array([80, 80, 220, 220], np.int16))
    table = score_table(found)
    table = table[table["decision"] == GREEDY].set_index("qindex")
    assert table.index.tolist() == found.qindexes() == [ALL, "80", "220"]
    assert table["blocks"].tolist() == [4, 2, 2]
    assert table["accuracy"].tolist() == [75, 100, 50]
    # At qindex 80 only NONE occurs: the mean is over it alone. At 220 only SPLIT: precision 1, recall ½.
    assert table["f1"].tolist() == pytest.approx([100 * (4 / 5 + 2 / 3) / 2, 100, 100 * 2 / 3])
    assert table["HORZ"].isna().all() and np.isnan(table.loc["80", "SPLIT"])
    assert found.at("220").confusion(GREEDY)[3].tolist() == [1, 0, 0, 1, 0, 0, 0, 0]


def test_the_natural_mix_is_bayes_rule():
    """Two Gaussian classes with known posteriors under equal and under unequal shares."""
    x, shares = np.linspace(-3, 3, 13), np.array([0.9, 0.1])
    density = np.stack([np.exp(-((x + 1) ** 2) / 2), np.exp(-((x - 1) ** 2) / 2)], axis=1)
    equal = density / density.sum(1, keepdims=True)
    unequal = density * shares / (density * shares).sum(1, keepdims=True)
    np.testing.assert_allclose(to_natural_mix(equal, shares), unequal)
