from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from av1core.analysis import probes as module
from av1core.analysis.confusion import confusion_matrix, f1_per_class
from av1core.analysis.features import FEATURE_LAYERS, HEAD_INPUT, MEAN, POSITIONS
from av1core.analysis.maps.store import ArrayStore
from av1core.analysis.maps.subject import Subject
from av1core.analysis.predictions import Predictions, load_predictions
from av1core.analysis.probes import MOST_NUMBERS, PIXELS, RUN, STATISTICS, WITH_QINDEX, probe, reduction
from av1core.analysis.tables import probe_columns
from av1core.dataset.blocks import stage_rows
from av1core.dataset.folder import Dataset
from av1core.dataset.split import list_split
from av1core.errors import DatasetError, RunError
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from tests.models.trained import adapted
from tests.synthetic import make_dataset

AB = STAGES["stage3_ab"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Six pictures, of which the last two validate: 128 blocks of the four classes to fit, 64 to score."""
    made = make_dataset(tmp_path_factory.mktemp("probes") / "six", sources=6)
    names = [source.name for source in made.sources]
    return replace(made, description=replace(made.description, split=list_split(names, names[-2:])))


@pytest.fixture
def subject(dataset, tmp_path):
    """What `probe` asks of a run; the features are planted."""
    store = ArrayStore(tmp_path / "maps.sqlite")
    return SimpleNamespace(model=adapted(), dataset=dataset, spec=SimpleNamespace(split="dataset"), store=store)


@pytest.fixture
def planted(subject, dataset, monkeypatch):
    """Features that hold the class as each layer's name says, whatever the backbone."""
    rows = np.concatenate([stage_rows(dataset, AB, side)[0] for side in ("train", "val")])
    blocks = module.chosen_blocks(dataset, AB, rows)
    known = {pixels.tobytes(): label for pixels, label in zip(blocks.pixels, blocks.labels, strict=True)}

    def maps(model, pixels, layers):
        labels = np.array([known[block.tobytes()] for block in pixels])
        random = np.random.default_rng(len(pixels))
        shuffled = random.permutation(labels)
        one = np.eye(4, dtype=np.float32)
        found = {
            "stem": random.normal(size=(len(pixels), 300, 4)).astype(np.float32),  # of no class
            "layer1": one[labels][:, None, :],  # where, and not what
            "layer2": one[labels][:, :, None],  # what
            "layer3": one[shuffled][:, :, None],  # of other blocks
            "layer4": np.ones((len(pixels), 2, 1), np.float32),
            HEAD_INPUT: one[labels][:, :2, None],  # two classes of the four
        }
        return {layer: found[layer] for layer in layers}

    monkeypatch.setattr(module, "layer_maps", maps)
    return subject


def test_what_a_layer_holds_is_found_and_no_more(planted):
    found = probe(planted, AB)
    f1 = {(each.name, each.form): each.f1 for each in found.probes}
    assert f1["layer2", MEAN] == f1["layer2", POSITIONS] == pytest.approx(100)
    assert f1["layer3", MEAN] < 45 and f1["stem", MEAN] < 45 and f1["stem", POSITIONS] < 45
    assert f1["layer4", MEAN] == pytest.approx(10)  # one class for all
    assert 50 <= f1[HEAD_INPUT, MEAN] < 80


def test_where_is_seen_with_positions_only(planted):
    found = probe(planted, AB)
    assert found.find("layer1", MEAN).f1 < 45 and found.find("layer1", POSITIONS).f1 == pytest.approx(100)


def test_records_say_what_was_fitted_and_scored(planted, dataset):
    found = probe(planted, AB)
    assert (found.fitted, found.scored) == (128, 64)
    assert (found.unit, found.units) == ("source", ("picture-4", "picture-5"))
    assert [each.name for each in found.layers] == [name for name in FEATURE_LAYERS for _ in "ab"][:-1]
    assert [each.name for each in found.probes][-2:] == [PIXELS, STATISTICS]  # one qindex tells nothing
    sizes = {(each.name, each.form): (each.numbers, each.positions) for each in found.probes}
    assert sizes["stem", MEAN] == (300, 4) and sizes["stem", POSITIONS] == (1200, 4)
    assert sizes[PIXELS, ""] == (256, 0) and sizes[STATISTICS, ""] == (13, 0)
    for each in found.probes:
        assert each.confusion.shape == (2, 4, 4) and each.confusion.sum() == 64
        assert each.f1 == pytest.approx(100 * f1_per_class(each.confusion.sum(0)).mean())
        assert each.interval.low <= each.f1 <= each.interval.high
    table = found.table()
    assert len(table) == len(found.probes) and set(probe_columns(AB.name)) == set(table)
    assert table["form"].tolist()[:4] == ["mean over positions", "with positions"] * 2
    assert table["form"][4] == "mean over positions (1×1)" and table["form"][10] == "mean over positions"


def test_the_run_is_scored_on_the_same_blocks(planted, dataset, monkeypatch):
    rows, labels = stage_rows(dataset, AB, "val")
    monkeypatch.setattr(module, "MOST_SCORED", 40)
    predicted = np.roll(labels, 1)
    order = np.random.default_rng(0).permutation(len(rows))
    predictions = Predictions(AB, rows[order], labels[order], np.eye(4, dtype=np.float32)[predicted[order]])
    found = probe(planted, AB, predictions)
    own = found.find(RUN)
    chosen = np.sort(np.random.default_rng(0).permutation(64)[:40])
    assert found.scored == own.confusion.sum() == 40
    assert (own.confusion.sum(0) == confusion_matrix(labels[chosen], predicted[chosen], 4)).all()
    assert (own.confusion.sum(2) == found.find(PIXELS).confusion.sum(2)).all()
    others = Predictions(AB, rows[:50], labels[:50], np.eye(4, dtype=np.float32)[labels[:50]])
    with pytest.raises(RunError, match="validated on others"):
        probe(planted, AB, others)
    with pytest.raises(ValueError, match="of Stage 3 AB"):
        probe(planted, STAGES["stage3_rect"], predictions)


def test_counts_are_kept_for_the_same_blocks(planted, monkeypatch):
    monkeypatch.setattr(module, "MOST_FITTED", 100)
    first = probe(planted, AB)
    monkeypatch.setattr(module, "fit_logistic", lambda *_: pytest.fail("fitted again"))
    again = probe(planted, AB)
    assert [each.f1 for each in again.probes] == [each.f1 for each in first.probes]
    with pytest.raises(pytest.fail.Exception, match="fitted again"):
        probe(planted, AB, seed=1)


def test_nothing_of_the_validation_side_is_fitted_to(planted, monkeypatch):
    """Whatever the blocks to score are, what was fitted is the same."""
    fits = []
    monkeypatch.setattr(
        module, "_predicted", lambda table, labels, val: fits.append((table, labels)) or np.zeros(len(val), int)
    )
    probe(planted, AB)
    half = len(fits)
    monkeypatch.setattr(module, "MOST_SCORED", 30)
    probe(planted, AB)
    for (table, labels), (other, others) in zip(fits[:half], fits[half:], strict=True):
        assert (table == other).all() and (labels == others).all() and len(labels) == 128


def test_the_qindex_is_a_reference_where_it_differs(subject, tmp_path):
    told = make_dataset(tmp_path / "told", sources=4, qindexes=(80, 220))
    none = told.blocks.partition == 0
    blocks = replace(told.blocks, qindex=np.where(none, 80, 220).astype(np.int16))
    subject.dataset = replace(told, blocks=blocks)
    found = probe(subject, STAGES["stage1"])
    assert found.find(WITH_QINDEX).f1 == pytest.approx(100) and found.find(WITH_QINDEX).numbers == 14
    assert found.unit == "frame" and np.isnan([*found.find(PIXELS).interval]).all()  # one picture validates


def test_of_a_real_run(trained, tiny, tmp_path):
    subject = Subject(
        RunFolder(trained.runs_dir / trained.stage2), Dataset.open(tiny), ArrayStore(tmp_path / "maps.sqlite")
    )
    predictions = load_predictions(subject.folder, subject.dataset)
    found = probe(subject, subject.stage, predictions)
    confusion = confusion_matrix(predictions.label, predictions.predicted, 3)
    assert found.find(RUN).f1 == pytest.approx(100 * f1_per_class(confusion).mean())
    layer4 = [found.find("layer4", form) for form in (MEAN, POSITIONS)]
    assert layer4[0].f1 == layer4[1].f1 and layer4[0].positions == 1 and found.find("layer1", MEAN).positions == 16
    # The patterns of the tiny dataset are found where there are positions.
    assert found.find("stem", POSITIONS).f1 > 90


def test_many_numbers_are_reduced_to_the_components_of_the_given_ones():
    random = np.random.default_rng(0)
    few, many = random.normal(size=(400, MOST_NUMBERS)), random.normal(size=(1100, MOST_NUMBERS + 1))
    many[:, 0] *= 1e6  # one loud number must not be all
    assert (reduction(few)(few[:3]) == few[:3]).all()
    reduced = reduction(many)(many)
    assert reduced.shape == (1100, MOST_NUMBERS)
    correlation = np.corrcoef(reduced.T) - np.eye(MOST_NUMBERS)
    assert np.abs(correlation).max() < 1e-6 and np.abs(reduced).max() < 100
    assert reduction(many[:40])(many).shape == (1100, 10)


def test_one_class_alone_cannot_be_fitted_to(planted, monkeypatch):
    monkeypatch.setattr(module, "MOST_FITTED", 1)
    with pytest.raises(DatasetError, match="one class"):
        probe(planted, AB)
