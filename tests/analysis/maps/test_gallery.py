import io

import numpy as np
import pytest

from av1core.analysis.maps.choice import PREDICTED
from av1core.analysis.maps.export import gallery_npz
from av1core.analysis.maps.gallery import gallery
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.store import ArrayStore
from av1core.analysis.maps.subject import Subject
from av1core.analysis.predictions import load_predictions
from av1core.dataset.folder import Dataset
from av1core.dataset.places import Place, row_at
from av1core.runs.folder import RunFolder

SPEC = MapSpec("grad_cam", "layer1", output="log_odds")


@pytest.fixture
def shown(trained, tiny, tmp_path):
    """The dataset, the Stage-2 run, its predictions, and a gallery of it twice: beside it, its maps turned about."""
    subject = Subject(RunFolder(trained.runs_dir / trained.stage2), Dataset.open(tiny), ArrayStore(tmp_path / "maps"))
    predictions = load_predictions(subject.folder, subject.dataset)
    rows = predictions.block[[9, 3, 3]]
    return subject, predictions, gallery([subject, subject], [predictions, predictions], rows, SPEC, PREDICTED)


def test_maps_are_for_what_the_first_run_predicts_of_each_block(shown):
    subject, predictions, found = shown
    rows = predictions.block[[9, 3, 3]]
    assert found.blocks.rows.tolist() == rows.tolist()
    assert found.targets.tolist() == predictions.predicted[[9, 3, 3]].tolist()
    assert [each.block.tolist() for each in found.predictions] == [rows.tolist()] * 2
    for maps in found.maps:
        assert np.array_equal(maps, subject.maps(SPEC, subject.blocks(rows), predictions.predicted[[9, 3, 3]]))


def test_a_file_holds_the_maps_and_where_they_are_from(shown):
    subject, predictions, found = shown
    with np.load(io.BytesIO(gallery_npz(found, SPEC, subject.dataset, ["one", "two"]))) as file:
        stored = dict(file)
    assert np.array_equal(stored["first"], found.maps[0]) and np.array_equal(stored["pixels"], found.blocks.pixels)
    assert np.array_equal(stored["second_probabilities"], found.predictions[1].probabilities)
    for place, row in enumerate(found.blocks.rows):
        where = Place(*(stored[name][place].item() for name in Place._fields))
        assert row_at(subject.dataset, where) == row
        assert stored["classes"][found.blocks.labels[place]] == stored["true"][place]
        assert stored["classes"][predictions.predicted[[9, 3, 3][place]]] == stored["class"][place]
    single = {name: stored[name].item() for name in ("stage", "method", "layer", "unit", "output", "baseline_name")}
    assert single == {
        "stage": "stage2", "method": "grad_cam", "layer": "layer1", "unit": "logits", "output": "log_odds",
        "baseline_name": "mean",
    }  # fmt: skip
    assert stored["runs"].tolist() == ["one", "two"] and stored["fingerprint"] == subject.dataset.fingerprint
