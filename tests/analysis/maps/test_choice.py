import numpy as np
import pytest

from av1core.analysis.maps.choice import (
    DISAGREEMENTS,
    ORDERS,
    OUTCOMES,
    PREDICTED,
    TRUE,
    BlockFilter,
    filtered,
    targets,
)
from av1core.analysis.predictions import Predictions
from av1core.partition import OUTSIDE, STAGES
from tests.synthetic import make_dataset


def test_a_target_is_a_class_or_what_is_true_or_predicted_of_each_block():
    labels, predicted = np.array([0, OUTSIDE, 2]), np.array([1, 1, 0])
    assert targets(STAGES["stage2"], "AB", labels, predicted).tolist() == [2, 2, 2]
    assert targets(STAGES["stage2"], PREDICTED, labels, predicted).tolist() == [1, 1, 0]
    # The stage does not see the second block, so nothing is true of it there.
    assert targets(STAGES["stage2"], TRUE, labels, predicted).tolist() == [0, 1, 2]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("choice") / "tiny", sources=2, qindexes=(80, 172))


def drawn(data, seed) -> Predictions:
    """Of every block that Stage 2 sees, in a shuffled order, with some equal probabilities."""
    random = np.random.default_rng(seed)
    labels = STAGES["stage2"].labels(data.blocks.partition)
    rows = random.permutation(np.flatnonzero(labels != OUTSIDE))
    probabilities = random.dirichlet([1, 1, 1], len(rows)).round(1).astype(np.float32)
    return Predictions(STAGES["stage2"], rows, labels[rows].astype(np.int64), probabilities)


def by_hand(first, second, data, wanted) -> list[int]:
    """One block after the other, in words."""
    classes, found = first.stage.classes, []
    order = np.argsort(first.block)
    for place in order:
        row, label = first.block[place], first.label[place]
        mine, theirs = first.probabilities[place], second.probabilities[second.block == row][0]
        hits = mine.argmax() == label, theirs.argmax() == label
        conditions = {
            "true": classes[label], "predicted": classes[mine.argmax()], "outcome": "right" if hits[0] else "wrong",
            "qindex": data.blocks.qindex[row], "source": data.sources[data.blocks.source[row]].name,
        }  # fmt: skip
        differs = {
            "first": hits == (True, False), "second": hits == (False, True),
            "different": mine.argmax() != theirs.argmax(), None: True,
        }  # fmt: skip
        asked = all(getattr(wanted, name) in (None, value) for name, value in conditions.items())
        if asked and differs[wanted.disagreement] and wanted.lowest <= mine.max() <= wanted.highest:
            key = {"least_confident": mine.max(), "most_confident": -mine.max(), "most_wrong": mine[label]}
            found.append((key.get(wanted.order, 0), int(row)))
    return [row for _, row in sorted(found)]


def test_a_filter_finds_what_one_finds_by_hand(data):
    random = np.random.default_rng(5)
    values = {
        "true": (None, "SPLIT", "RECT", "AB"), "predicted": (None, "SPLIT", "RECT", "AB"), "outcome": (None, *OUTCOMES),
        "qindex": (None, 80, 172), "lowest": (0.0, 0.0, 0.4), "highest": (1.0, 1.0, 0.7),
        "disagreement": (None, *DISAGREEMENTS), "source": (None, "picture-0", "picture-1"), "order": tuple(ORDERS),
    }  # fmt: skip
    first, second = drawn(data, 1), drawn(data, 2)
    for name, options in values.items():  # each condition alone
        for option in options:
            wanted = BlockFilter(**{name: option})
            assert filtered(first, data, wanted, second).tolist() == by_hand(first, second, data, wanted), wanted
    sizes = []
    for _ in range(200):
        wanted = BlockFilter(**{name: options[random.integers(len(options))] for name, options in values.items()})
        found = filtered(first, data, wanted, second).tolist()
        assert found == by_hand(first, second, data, wanted), wanted
        sizes.append(len(found))
    assert min(sizes) == 0 and max(sizes) > 20


def test_no_filter_passes_every_block_even_of_a_run_that_diverged(data):
    predictions = drawn(data, 1)
    predictions.probabilities[:] = np.nan
    assert filtered(predictions, data, BlockFilter()).tolist() == sorted(predictions.block)


def test_a_filter_says_what_it_asks_for():
    assert BlockFilter().words == []
    wanted = BlockFilter("RECT", "AB", "wrong", 0, 0.4, 1.0, "first", "brick", "most_wrong")
    assert wanted.words == [
        "true RECT", "predicted AB", "wrong", "qindex 0", "confidence 40–100 %", "only the first run right",
        "source brick", "most wrong first",
    ]  # fmt: skip
