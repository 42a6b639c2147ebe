import numpy as np
import pandas as pd
import pytest

from av1core.analysis.maps import averages
from av1core.analysis.maps.averages import BY, CLASS, QINDEX, TYPE, draw
from av1core.analysis.maps.choice import PREDICTED, TRUE
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.store import ArrayStore
from av1core.analysis.maps.subject import Subject
from av1core.analysis.predictions import load_predictions
from av1core.dataset.folder import Dataset
from av1core.partition import OUTSIDE, STAGES, Partition
from av1core.runs.folder import RunFolder

STAGE = STAGES["stage2"]


@pytest.fixture
def data(tiny):
    return Dataset.open(tiny)


@pytest.fixture
def rows(data):
    """The blocks that Stage 2 sees, in no order."""
    found = np.flatnonzero(data.model_blocks & (STAGE.labels(data.blocks.partition) != OUTSIDE))
    return np.random.default_rng(0).permutation(found)


@pytest.fixture
def subject(trained, data, tmp_path):
    return Subject(RunFolder(trained.runs_dir / trained.stage2), data, ArrayStore(tmp_path / "maps.sqlite"))


def test_groups_are_what_the_block_table_says(data, rows):
    blocks = data.blocks
    by_class, by_type, by_qindex = (draw(data, STAGE, rows, by, 10**6) for by in (CLASS, TYPE, QINDEX))
    assert by_class.rows.tolist() == sorted(rows) and by_class.of == len(rows)
    assert [by_class.names[group] for group in by_class.group] == [
        STAGE.class_of(Partition(kind)) for kind in blocks.partition[by_class.rows]
    ]
    assert [by_type.names[group] for group in by_type.group] == [
        Partition(kind).name for kind in blocks.partition[by_type.rows]
    ]
    assert [by_qindex.names[group] for group in by_qindex.group] == [
        f"qindex {qindex}" for qindex in blocks.qindex[by_qindex.rows]
    ]
    assert np.array_equal(by_class.partition, blocks.partition[by_class.rows])
    assert np.array_equal(by_class.source, blocks.source[by_class.rows])


@pytest.mark.parametrize("by", BY)
def test_a_draw_is_even_where_there_are_enough_blocks_and_leaves_none_of_the_asked_for_out(data, rows, by):
    everything = draw(data, STAGE, rows, by, 10**6)
    sizes = np.bincount(everything.group)
    for count in (8, 30, 47, len(rows) - 1):
        drawn = draw(data, STAGE, rows, by, count)
        assert len(set(drawn.rows)) == len(drawn.rows) == count and drawn.of == len(rows)
        taken = np.bincount(drawn.group, minlength=len(drawn.names))
        fullest = taken.max()
        assert ((taken == sizes) | (taken >= fullest - 1)).all()


def test_a_draw_hangs_on_the_seed_and_not_on_the_order_and_a_larger_one_holds_a_smaller(data, rows):
    first = draw(data, STAGE, rows, TYPE, 24)
    assert draw(data, STAGE, np.sort(rows), TYPE, 24).rows.tolist() == first.rows.tolist()
    assert draw(data, STAGE, rows, TYPE, 24, seed=1).rows.tolist() != first.rows.tolist()
    assert set(first.rows) < set(draw(data, STAGE, rows, TYPE, 48).rows)


def test_maps_are_evidence_for_the_true_the_predicted_or_a_given_class(subject, data):
    predictions = load_predictions(subject.folder, data)
    rows = np.sort(predictions.block)[::3]
    place = {row: at for at, row in enumerate(predictions.block.tolist())}
    of_true, of_predicted, of_rect = (
        averages.drawn_targets(rows, target, predictions) for target in (TRUE, PREDICTED, "RECT")
    )
    assert of_true.tolist() == [predictions.label[place[row]] for row in rows]
    assert of_predicted.tolist() == [predictions.predicted[place[row]] for row in rows]
    assert set(of_rect) == {1}
    spec, some = MapSpec("saliency"), rows[:4]
    maps = averages.drawn_maps(subject, spec, some, of_true[:4])
    assert np.array_equal(maps, subject.maps(spec, subject.blocks(some), of_true[:4]))


def test_contrast_is_luma_less_its_mean(subject, data):
    rows = load_predictions(subject.folder, data).block[:5]
    found = averages.contrast(subject, rows)
    np.testing.assert_allclose(found.mean((1, 2)), 0, atol=1e-9)
    np.testing.assert_allclose(np.ptp(found, (1, 2)), np.ptp(subject.blocks(rows).pixels.astype(int), (1, 2)))


def test_every_method_takes_the_settings_of_one(subject, data):
    predictions = load_predictions(subject.folder, data)
    specs = averages.every_method(["layer1"], MapSpec("saliency", baseline="black", output="log_odds"))
    assert len(specs) == len({spec.title for spec in specs}) == 8
    assert {(spec.baseline, spec.output) for spec in specs} == {("black", "log_odds")}
    some = [spec for spec in specs if spec.method in ("saliency", "activation")]
    rows = predictions.block[:3]
    found = averages.method_agreement(subject, some, rows, predictions.label[:3])
    assert found.names == ("Saliency", "Layer activation of layer1") and (found.counts == 3).all()


def test_tables_of_runs_become_one():
    table = averages.by_run({"one": pd.DataFrame({"share": [1]}), "two": pd.DataFrame({"share": [2, 3]})})
    assert table["run"].tolist() == ["one", "two", "two"] and table["share"].tolist() == [1, 2, 3]
