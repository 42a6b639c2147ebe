import io

import numpy as np
import pytest

from av1core.analysis.maps.export import maps_npz
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.side_by_side import RunMaps, SideBySide, difference, side_by_side
from av1core.analysis.maps.store import ArrayStore
from av1core.analysis.maps.subject import Subject
from av1core.analysis.predictions import load_predictions
from av1core.dataset.folder import Dataset
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder

SPECS = [MapSpec("saliency"), MapSpec("integrated_gradients"), MapSpec("activation", "layer1")]


def asked(trained, tiny, folder, factor) -> Subject:
    """The trained run with the logits of its head a number of times as large."""
    run = RunFolder(trained.runs_dir / trained.stage2)
    subject = Subject(run, Dataset.open(tiny), ArrayStore(folder / "maps.sqlite"))
    for parameter in subject.model.head.parameters():
        parameter.data.mul_(factor)
    return subject


@pytest.fixture(scope="module")
def subject(trained, tiny, tmp_path_factory):
    return asked(trained, tiny, tmp_path_factory.mktemp("maps"), 1000)  # logits far apart, as those of a real run


@pytest.fixture(scope="module")
def other(trained, tiny, tmp_path_factory):
    return asked(trained, tiny, tmp_path_factory.mktemp("maps"), -2000)


@pytest.fixture(scope="module")
def predictions(subject):
    return load_predictions(subject.folder, subject.dataset)


@pytest.fixture(scope="module")
def row(predictions):
    return int(predictions.block[np.flatnonzero(predictions.predicted != predictions.label)[0]])


def test_each_run_has_its_maps_of_the_block(subject, other, row):
    found = side_by_side({"one": subject, "two": other}, SPECS, row, "AB")
    block = subject.blocks([row])
    assert found.evidence_for == "AB" and np.array_equal(found.pixels, block.pixels[0]) and found.row == row
    for name, asked in (("one", subject), ("two", other)):
        for spec, values in zip(SPECS, found.runs[name].maps, strict=True):
            assert np.array_equal(values, asked.maps(spec, block, found.target)[0])
    for place, values in enumerate(found.differences):
        np.testing.assert_allclose(values, found.runs["two"].maps[place] - found.runs["one"].maps[place], atol=1e-6)
    assert np.abs(found.differences[0]).max() > 0 and not found.differences[2].any()
    assert side_by_side({"one": subject}, SPECS, row).differences == ()


def test_the_class_is_the_one_asked_for_and_the_first_runs_prediction(subject, other, predictions, row):
    place = list(predictions.block).index(row)
    classes = STAGES["stage2"].classes
    for target, index in (("predicted", predictions.predicted[place]), ("true", predictions.label[place]), ("RECT", 1)):
        found = side_by_side({"one": subject, "two": other}, SPECS[:1], row, target)
        assert (found.target, found.evidence_for) == (index, classes[index])
    assert other.probabilities(other.blocks([row])).argmax() != predictions.predicted[place]


@pytest.mark.parametrize("output", ["logit", "log_odds"])
def test_complete_maps_sum_to_what_the_block_adds_to_the_output(subject, row, output):
    rest = {"baseline": "black", "output": output}
    specs = [
        MapSpec("saliency", **rest),
        MapSpec("integrated_gradients", **rest),
        MapSpec("conductance", "stem", **rest),
    ]
    found = side_by_side({"one": subject}, specs, row)
    of = found.runs["one"]
    assert [(run, spec) for run, spec, _ in found.sums] == [("one", specs[1]), ("one", specs[2])]
    assert [total for *_, total in found.sums] == pytest.approx(2 * [of.rise], rel=1e-3)
    assert of.rise == of.at_block - of.at_baseline and abs(of.rise) > 1e-3


def test_the_baseline_is_there_where_a_method_compares_with_it(subject, row):
    assert side_by_side({"one": subject}, SPECS[:1], row).baseline is None
    black = side_by_side({"one": subject}, [MapSpec("occlusion", baseline="black")], row).baseline
    assert black.shape == (16, 16) and not black.any()


def test_maps_of_unlike_size_are_compared_on_the_coarser_grid():
    fine, coarse = np.arange(64.0, dtype=np.float32).reshape(8, 8), np.ones((2, 4), np.float32)
    assert np.array_equal(difference(fine, fine + 3, True), np.full((8, 8), 3))
    for adds_up, cell in ((True, fine[:4, :2].sum()), (False, fine[:4, :2].mean())):
        found = difference(coarse, fine, adds_up)
        assert found.shape == (2, 4) and found[0, 0] == cell - 1
        assert np.array_equal(found, -difference(fine, coarse, adds_up))
    assert difference(coarse, fine, True).sum() == fine.sum() - coarse.sum()
    assert difference(np.ones((2, 4)), np.ones((4, 2)), True).shape == (2, 2)


def test_a_difference_sums_logits_and_averages_activations():
    specs = (MapSpec("saliency"), MapSpec("grad_cam", "layer1"), MapSpec("activation", "layer1"))
    sides = {"one": (16, 4, 4), "two": (16, 8, 8)}
    runs = {name: RunMaps(tuple(np.ones((side, side)) for side in each), 0, 0) for name, each in sides.items()}
    found = SideBySide(STAGES["stage2"], 0, np.zeros((16, 16)), None, specs, 0, runs)
    assert found.unlike == specs[1:]
    assert [(len(each), each.min(), each.max()) for each in found.differences] == [(16, 0, 0), (4, 3, 3), (4, 0, 0)]


def test_the_file_of_maps_tells_all_that_they_rest_on(subject, other, row, predictions):
    maps = side_by_side({"run one": subject, "run two": other}, SPECS, row, "AB")
    read = np.load(io.BytesIO(maps_npz(maps, subject.dataset)), allow_pickle=False)
    assert np.array_equal(read["pixels"], maps.pixels) and read["pixels"].dtype == np.uint16
    assert np.array_equal(read["baseline"], maps.baseline)
    for place, spec in enumerate(SPECS):
        assert np.array_equal(read[f"first_{spec.method}"], maps.runs["run one"].maps[place])
        assert np.array_equal(read[f"second_{spec.method}"], maps.runs["run two"].maps[place])
        assert np.array_equal(read[f"difference_{spec.method}"], maps.differences[place])
    assert list(read["methods"]) == ["saliency", "integrated_gradients", "activation"]
    assert list(read["layers"]) == ["", "", "layer1"] and list(read["runs"]) == ["run one", "run two"]
    assert read["units"][1] == "logits" and read["output_at_block"][1] == maps.runs["run two"].at_block
    one = {name: read[name].item() for name in ("stage", "class", "output", "baseline_name", "fingerprint")}
    assert one == {
        "stage": "stage2", "class": "AB", "output": "logit", "baseline_name": "mean",
        "fingerprint": subject.dataset.fingerprint,
    }  # fmt: skip
    blocks = subject.dataset.blocks
    assert [read[name].item() for name in ("row", "col", "size", "qindex")] == [
        int(getattr(blocks, name)[row]) for name in ("row", "col", "size", "qindex")
    ]
    assert read["source"].item() == subject.dataset.sources[blocks.source[row]].name
    alone = np.load(io.BytesIO(maps_npz(side_by_side({"run": subject}, SPECS[:1], row), subject.dataset)))
    assert "baseline" not in alone and not any(name.startswith(("second", "difference")) for name in alone)
