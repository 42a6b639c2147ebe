import shutil

import numpy as np
import pytest
import torch

from av1core.analysis.attribution import attribute
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.store import ArrayStore
from av1core.analysis.maps.subject import Subject
from av1core.analysis.predictions import load_predictions
from av1core.dataset.folder import Dataset
from av1core.runs.checkpoint import load_best
from av1core.runs.folder import RunFolder

SPECS = [
    MapSpec("saliency"), MapSpec("gradient_shap"), MapSpec("smoothgrad"), MapSpec("grad_cam", "layer1"),
    MapSpec("activation", "layer2"), MapSpec("occlusion", baseline="black"),
]  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return ArrayStore(tmp_path / "maps.sqlite")


@pytest.fixture
def subject(trained, tiny, store):
    return Subject(RunFolder(trained.runs_dir / trained.stage2), Dataset.open(tiny), store)


@pytest.fixture
def blocks(subject):
    predictions = load_predictions(subject.folder, subject.dataset)
    return subject.blocks(predictions.block[:6])


def test_it_says_of_a_block_what_the_run_stored(subject):
    predictions = load_predictions(subject.folder, subject.dataset)
    found = subject.probabilities(subject.blocks(predictions.block))
    np.testing.assert_allclose(found, predictions.probabilities, atol=1e-5)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.title)
def test_maps_are_those_of_the_plain_model_and_are_made_once(subject, blocks, spec, monkeypatch):
    target = np.array([0, 1, 2, 0, 1, 2])
    found = subject.maps(spec, blocks, target)
    background = subject.background if spec.method == "gradient_shap" else None
    plain = attribute(
        subject.plain_model(), blocks.pixels, spec.method, target, spec.layer, qindex=blocks.qindex,
        baseline=spec.baseline, background=background,
    )  # fmt: skip
    np.testing.assert_allclose(found, plain, rtol=1e-3, atol=1e-3 * np.abs(plain).max())
    monkeypatch.setattr(subject, "attribute", lambda *_: pytest.fail("made again"))
    shuffled = np.array([4, 2, 2, 0])
    again = subject.maps(spec, subject.blocks(blocks.rows[shuffled]), target[shuffled])
    assert np.array_equal(again, found[shuffled]) and again.dtype == np.float32


def test_only_what_is_missing_is_made(subject, blocks, monkeypatch):
    spec, made = MapSpec("saliency"), []
    subject.maps(spec, subject.blocks(blocks.rows[:2]), 1)
    whole = subject.attribute
    monkeypatch.setattr(subject, "attribute", lambda s, pixels, *of: made.append(len(pixels)) or whole(s, pixels, *of))
    subject.maps(spec, blocks, 1)
    subject.maps(spec, blocks, 2)
    assert made == [4, 6]


def test_whatever_a_map_rests_on_keeps_maps_apart(subject, blocks, trained, tiny, store, tmp_path):
    specs = [
        MapSpec("occlusion"), MapSpec("occlusion", baseline="black"), MapSpec("occlusion", output="log_odds"),
        MapSpec("grad_cam", "layer1"), MapSpec("grad_cam", "layer2"),
        MapSpec("smoothgrad"), MapSpec("smoothgrad", seed=1),
    ]  # fmt: skip
    maps = [subject.maps(spec, blocks, 1) for spec in specs]
    for i, one in enumerate(maps):
        assert not any(one.shape == other.shape and np.allclose(one, other) for other in maps[:i])
    # Other weights in a folder of the same name.
    shutil.copytree(trained.runs_dir / trained.stage2, tmp_path / trained.stage2)
    folder = RunFolder(tmp_path / trained.stage2)
    from safetensors.torch import load_file, save_file

    state = load_file(folder.best_file)
    state["head.weight"] = torch.randn_like(state["head.weight"])
    save_file(state, folder.best_file)
    changed = Subject(folder, Dataset.open(tiny), store)
    assert changed.weights != subject.weights
    assert not np.allclose(changed.maps(specs[0], blocks, 1), maps[0])


def test_a_class_does_not_matter_to_what_no_class_is_of(subject, blocks, monkeypatch):
    spec = MapSpec("activation", "layer1")
    found = subject.maps(spec, blocks, 0)
    monkeypatch.setattr(subject, "attribute", lambda *_: pytest.fail("made again"))
    assert np.array_equal(subject.maps(spec, blocks, 2), found)


def test_no_blocks_have_no_maps(subject):
    none = subject.blocks(np.array([], np.int64))
    assert subject.maps(MapSpec("saliency"), none, 0).shape == (0, 16, 16)
    assert subject.maps(MapSpec("grad_cam", "layer2"), none, 0).shape == (0, 2, 2)
    assert subject.probabilities(none).shape == (0, 3)


def test_a_plain_model_is_another_one(subject, blocks):
    before = subject.probabilities(blocks)
    with torch.no_grad():
        subject.plain_model().head.weight.zero_()
    assert np.array_equal(subject.probabilities(blocks), before)
    assert torch.equal(subject.plain_model().head.weight, load_best(subject.folder).head.weight)
