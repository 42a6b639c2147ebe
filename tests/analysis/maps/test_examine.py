from dataclasses import replace

import numpy as np
import pytest
import torch

from av1core.analysis.maps.averages import CLASS, draw
from av1core.analysis.maps.checks import RADIUS
from av1core.analysis.maps.examine import DRAWS, FEW, Examination, sensitivity_max
from av1core.analysis.maps.faithfulness import edges
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.store import ArrayStore
from av1core.analysis.maps.subject import Subject
from av1core.analysis.maps.trust import Trust
from av1core.analysis.predictions import load_predictions
from av1core.dataset.folder import Dataset
from av1core.runs.folder import RunFolder

ALWAYS = {"deletion", "insertion", "deletion_edges", "insertion_edges", "randomisation", "sensitivity"}


@pytest.fixture(scope="module")
def subject(trained, tiny, tmp_path_factory):
    store = ArrayStore(tmp_path_factory.mktemp("store") / "maps.sqlite")
    return Subject(RunFolder(trained.runs_dir / trained.stage2), Dataset.open(tiny), store)


@pytest.fixture(scope="module")
def blocks(subject):
    rows = load_predictions(subject.folder, subject.dataset).block
    return subject.blocks(draw(subject.dataset, subject.stage, rows, CLASS, 20).rows)


@pytest.fixture(scope="module")
def target(subject, blocks):
    return subject.probabilities(blocks).argmax(1)


@pytest.fixture(scope="module")
def found(subject, blocks, target) -> Trust:
    return Examination(subject, blocks, target).check(MapSpec("conductance", "layer1"))


def names(trust: Trust) -> set[str]:
    return {check.name for check in trust.checks}


def test_a_complete_method_has_every_check_and_is_complete(found, blocks):
    assert names(found) == ALWAYS | {"completeness", "infidelity"}
    (complete,) = [check for check in found.checks if check.name == "completeness"]
    assert complete.mark == "passes" and complete.value < 1e-4
    assert found.blocks == len(blocks) == 20 and found.few == 10 <= FEW and found.sources == len(set(blocks.source))


def test_curves_run_between_block_and_baseline_whatever_the_order(found):
    ends = found.curves[found.curves["share"].isin([0, 100])]
    assert len(found.curves) == 2 * 3 * 17
    assert len(ends.groupby(["way", "share"])["probability"].unique().explode().round(6).unique()) == 2
    of_block = ends[(ends["way"] == "deletion") & (ends["share"] == 0)]["probability"]
    assert of_block.round(6).tolist() == ends[(ends["way"] == "insertion") & (ends["share"] == 100)][
        "probability"
    ].round(6).tolist()  # fmt: skip


def test_gains_are_what_lies_between_the_curves_with_better_above_zero(found):
    heights = {
        key: np.trapezoid(rows["probability"], rows["share"]) / 100
        for key, rows in found.curves.groupby(["way", "order"])
    }
    values = {check.name: check.value for check in found.checks}
    for order, suffix in (("random", ""), ("edges", "_edges")):
        deletion = heights["deletion", order] - heights["deletion", "map"]
        insertion = heights["insertion", "map"] - heights["insertion", order]
        assert values[f"deletion{suffix}"] == pytest.approx(deletion) and abs(deletion) > 1e-6
        assert values[f"insertion{suffix}"] == pytest.approx(insertion) and abs(insertion) > 1e-6


def test_the_similarity_begins_at_one_and_ends_as_the_check_says(found):
    table = found.similarity
    assert table["randomised"].tolist()[:3] == ["nothing", "head", "adapters"] and table["similarity"][0] == 1
    (check,) = [check for check in found.checks if check.name == "randomisation"]
    assert table["similarity"].iloc[-1] == pytest.approx(check.value)


@pytest.mark.parametrize("spec", [MapSpec("saliency"), MapSpec("activation", "layer1")], ids=lambda spec: spec.method)
def test_maps_that_predict_no_change_have_no_infidelity(subject, blocks, target, spec):
    trust = Examination(subject, subject.blocks(blocks.rows[:2]), target[:2]).check(spec)
    assert names(trust) == ALWAYS and trust.few == trust.blocks == 2


def test_what_is_found_follows_from_the_seed_and_leaves_the_model_as_it_was(subject, blocks, target):
    few, spec = subject.blocks(blocks.rows[:3]), MapSpec("smoothgrad")
    state = {name: tensor.clone() for name, tensor in subject.model.state_dict().items()}
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(found))
        np.random.seed(len(found))
        found.append(Examination(subject, few, target[:3], seed).check(spec))
    one, again, other = found
    assert one.checks == again.checks and one.curves.equals(again.curves) and one.similarity.equals(again.similarity)
    differ = {a.name for a, b in zip(one.checks, other.checks, strict=True) if a.value != b.value}
    assert differ >= {"deletion", "insertion", "randomisation", "sensitivity", "infidelity"}
    assert all(torch.equal(tensor, state[name]) for name, tensor in subject.model.state_dict().items())
    assert not subject.model.training and not any(module._forward_hooks for module in subject.model.modules())


def test_an_edge_detector_in_the_guise_of_a_method_is_found_out(subject, blocks, target, monkeypatch):
    by_edges = lambda pixels: edges(pixels.astype(np.float32))  # noqa: E731
    monkeypatch.setattr(subject, "maps", lambda spec, blocks, target: by_edges(blocks.pixels))
    monkeypatch.setattr("av1core.analysis.maps.examine.attribute", lambda model, pixels, *_, **__: by_edges(pixels))
    pictures = replace(blocks, source=np.arange(20, dtype=np.int16) % 4)
    trust = Examination(subject, pictures, target).check(MapSpec("saliency"))
    marks = {check.name: check for check in trust.checks}
    assert marks["randomisation"].mark == "fails" and marks["randomisation"].value == pytest.approx(1)
    assert marks["deletion_edges"].value == marks["insertion_edges"].value == 0
    assert marks["deletion_edges"].mark == marks["insertion_edges"].mark == "warning"
    assert "randomisation" in {check.name for check in trust.failures}


def test_sensitivity_is_the_largest_change_relative_to_the_map():
    pixels = np.array([[[500, 500]], [[0, 1023]]], np.uint16)
    seen = []

    def again(near):
        seen.append(near.reshape(2, DRAWS, 1, 2).astype(int))
        return near.astype(np.float32)

    own = pixels.astype(np.float32)
    found = sensitivity_max(again, own, pixels)
    (near,) = seen
    moved = near - pixels[:, None].astype(int)
    assert (
        np.abs(moved).max() <= RADIUS and moved.min() < 0 < moved.max() and (near >= 0).all() and (near <= 1023).all()
    )
    norms = np.linalg.norm(moved.reshape(2, DRAWS, -1), axis=2)
    np.testing.assert_allclose(found, norms.max(1) / np.linalg.norm(own.reshape(2, -1), axis=1))
    # A map that stays as it is has none, and one that appears from nothing is counted as it is.
    assert not sensitivity_max(lambda near: np.ones((len(near), 1, 2)), np.ones((2, 1, 2)), pixels).any()
    np.testing.assert_allclose(
        sensitivity_max(lambda near: np.full((len(near), 1, 2), 3.0), np.zeros((2, 1, 2)), pixels), 3 * 2**0.5
    )


def test_blocks_of_one_source_are_not_judged_by_intervals(found):
    assert found.sources == 1
    assert {check.mark for check in found.checks if check.name.startswith(("deletion", "insertion"))} == {"unknown"}
