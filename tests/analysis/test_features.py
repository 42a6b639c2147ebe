import copy

import numpy as np
import pytest
import torch

from av1core.analysis import features
from av1core.analysis.features import (
    FEATURE_LAYERS,
    HEAD_INPUT,
    MEAN,
    POSITIONS,
    backbone_digest,
    backbone_note,
    drawn_places,
    in_form,
    kept_features,
    layer_maps,
)
from av1core.analysis.maps.store import ArrayStore
from av1core.analysis.maps.subject import Subject
from av1core.dataset.folder import Dataset
from av1core.dataset.tables import Blocks
from av1core.models.backbone import PARTS
from av1core.models.fast_forms import to_inference
from av1core.models.stage import StageModel, to_input
from av1core.runs.folder import RunFolder
from av1core.training.spec import parse_spec
from tests.models.trained import adapted, trained

SHARED = ["stem", "layer1", "layer2", "layer3", "layer4"]


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 1024, (5, 16, 16)).astype(np.uint16)


def test_the_layers_are_the_parts_of_the_backbone_and_what_the_head_is_given():
    assert (*PARTS, HEAD_INPUT) == FEATURE_LAYERS


@pytest.mark.parametrize("stem", ["imagenet", "keep"])
def test_maps_are_those_of_the_backbone_and_no_adapter_acts(pixels, stem):
    model = adapted(stem=stem)
    trained(model.adapters, 7)
    found = layer_maps(model, pixels, FEATURE_LAYERS)
    values = to_input(torch.from_numpy(pixels.astype(np.int32)))
    with torch.no_grad():
        for part in PARTS:
            values = model.eval().backbone.run(values, (part,))
            np.testing.assert_allclose(found[part].mean(2), values.mean((2, 3)), atol=1e-5)
            side = min(4, values.shape[2])
            assert found[part].shape[2] == side**2
            # Row by row: the first positions are the top of the map.
            rows = values.shape[2] // side
            np.testing.assert_allclose(found[part][:, :, :side].mean(2), values[:, :, :rows].mean((2, 3)), atol=1e-5)
    assert list(found) == list(FEATURE_LAYERS) and all(maps.dtype == np.float32 for maps in found.values())


def test_the_head_gives_the_logits_of_its_input(pixels):
    model = StageModel(adapted().backbone, 2).eval()
    trained(model.head, 3)
    with torch.no_grad():
        (found,) = layer_maps(model, pixels, [HEAD_INPUT]).values()
        logits = model(to_input(torch.from_numpy(pixels.astype(np.int32))))
        np.testing.assert_allclose(model.head(torch.from_numpy(found[..., 0])), logits, atol=1e-5)


def test_batches_forms_and_modes_do_not_matter(pixels, monkeypatch):
    model = adapted(batchnorm="train").train()
    expected = layer_maps(model, pixels, SHARED)
    assert model.training and model.backbone.training
    monkeypatch.setattr(features, "_AT_ONCE", 2)
    fast = layer_maps(to_inference(copy.deepcopy(model), 16), pixels, ["layer4", "stem"])
    assert list(fast) == ["stem", "layer4"]
    for layer, maps in fast.items():
        np.testing.assert_allclose(maps, expected[layer], atol=1e-4)
    none = layer_maps(model, pixels[:0], SHARED)
    assert {layer: maps.shape[1:] for layer, maps in none.items()} == {
        layer: maps.shape[1:] for layer, maps in expected.items()
    }


def test_very_many_channels_have_fewer_positions(pixels, monkeypatch):
    channels = adapted().backbone.channels["layer1"]
    for most, positions in ((16 * channels, 16), (16 * channels - 1, 4), (4 * channels - 1, 1)):
        monkeypatch.setattr(features, "MOST_NUMBERS", most)
        (maps,) = layer_maps(adapted(), pixels, ["layer1"]).values()
        assert maps.shape == (5, channels, positions)


def test_only_positions_tell_the_top_from_the_bottom():
    maps = np.array([[[1, 1, 0, 0]], [[0, 0, 1, 1]]], np.float32)
    assert in_form(maps, MEAN).tolist() == [[0.5], [0.5]]
    assert in_form(maps, POSITIONS).tolist() == [[1, 1, 0, 0], [0, 0, 1, 1]]


def test_a_digest_is_of_what_the_features_rest_on():
    model = adapted()
    digest = backbone_digest(model)
    trained(model.adapters, 5)
    model.backbone.bn1.num_batches_tracked += 1
    assert backbone_digest(model) == digest and len(digest) == 16
    model.backbone.layer3[0].bn1.running_mean[0] += 1
    other = backbone_digest(model)
    assert other != digest
    with torch.no_grad():
        model.backbone.layer1[0].conv1.weight[0] += 1
    assert backbone_digest(model) not in (digest, other)


def test_features_are_kept_for_every_run_with_the_same_backbone(trained, tiny, tmp_path, monkeypatch):
    dataset, store = Dataset.open(tiny), ArrayStore(tmp_path / "maps.sqlite")
    one, two = (Subject(RunFolder(trained.runs_dir / run), dataset, store) for run in (trained.stage1, trained.stage2))
    rows = np.arange(0, 40, 3)
    found = kept_features(one, rows, ["layer2", HEAD_INPUT], POSITIONS)
    maps = layer_maps(one.model, one.blocks(rows).pixels, ["layer2"])["layer2"]
    np.testing.assert_array_equal(found["layer2"], maps.reshape(len(rows), -1))
    monkeypatch.setattr(features, "layer_maps", lambda *_: pytest.fail("made again"))
    again = kept_features(two, rows, ["layer2", HEAD_INPUT], POSITIONS)
    assert all((again[layer] == found[layer]).all() for layer in found)
    monkeypatch.undo()
    assert kept_features(two, rows, ["layer2"], MEAN)["layer2"].shape == maps.shape[:2]
    assert not np.array_equal(kept_features(two, rows + 1, ["layer2"], POSITIONS)["layer2"], found["layer2"])


def test_places_are_drawn_once_whatever_their_qindexes():
    count = 60
    places = np.arange(count, dtype=np.int32) // 3
    zeros = np.zeros(count, np.int32)
    blocks = Blocks(zeros, zeros, places * 16, zeros, zeros + 16, np.arange(count) % 3, zeros)
    rows = np.arange(30, 60)
    drawn = drawn_places(blocks, rows, 100)
    assert places[drawn].tolist() == list(range(10, 20)) and set(drawn) <= set(rows)
    assert len(set(drawn % 3)) > 1  # not always the same qindex
    few = drawn_places(blocks, rows, 4, seed=1)
    assert len(few) == 4 and (np.diff(few) > 0).all() and len(set(places[few])) == 4
    assert not np.array_equal(few, drawn_places(blocks, rows, 4, seed=2))
    of_all = places[[drawn_places(blocks, np.arange(count), 4, seed) for seed in range(20)]]
    assert of_all.min() < 5 and of_all.max() > 15  # from all over the frame
    assert len(drawn_places(blocks, rows[:0], 4)) == 0


@pytest.mark.parametrize(
    ("adapter", "said"),
    [
        (None, ""),
        ({}, ""),
        ({"batchnorm": "train"}, "statistics of its own"),
        ({"unfrozen": ["layer4"]}, "trained layer4 further"),
    ],
)
def test_a_backbone_that_is_not_as_stage_1_left_it_is_pointed_out(tmp_path, adapter, said):
    values = {"name": "x", "dataset": str(tmp_path)}
    if adapter is not None:
        values |= {"stage": "stage2", "stage1_run": "a", "adapter": adapter}
    note = backbone_note(parse_spec(values))
    assert said in note and bool(note) == bool(said)
