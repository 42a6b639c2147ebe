"""A few blocks at once: what runs decide for each, and one map of it by each run."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from av1core.analysis.maps.choice import targets
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.subject import Subject
from av1core.analysis.predictions import Predictions
from av1core.dataset.blocks import StageBlocks
from av1core.dataset.folder import Dataset
from av1core.dataset.places import Place, place_of


@dataclass(frozen=True, eq=False)
class Gallery:
    """N blocks and the maps of one or more runs.

    blocks: their pixels and labels. targets: int64 (N,), the class that a block's maps are evidence for, of every run.
    predictions: of each run, for these blocks in this order. maps: of each run, float32 (N, h, w).
    """

    blocks: StageBlocks
    targets: np.ndarray
    predictions: tuple[Predictions, ...]
    maps: tuple[np.ndarray, ...]


def gallery(
    subjects: Sequence[Subject], predictions: Sequence[Predictions], rows: Sequence[int], spec: MapSpec, target: str
) -> Gallery:
    """Validation blocks by their rows of the dataset's table.

    subjects, predictions: of each run, in one order; the first run's prediction may be the target. target: as
    `choice.targets` takes it.
    """
    blocks = subjects[0].blocks(rows)
    here = tuple(each.of(blocks.rows) for each in predictions)
    classes = targets(subjects[0].stage, target, blocks.labels, here[0].predicted)
    return Gallery(blocks, classes, here, tuple(subject.maps(spec, blocks, classes) for subject in subjects))


def gallery_npz(shown: Gallery, spec: MapSpec, dataset: Dataset, runs: Sequence[str]) -> bytes:
    """A gallery and what it rests on as an NPZ file, to be read by `numpy.load`.

    Arrays of the N blocks: pixels, uint16 (N, 16, 16); source, frame (its number in the clip), row, col, size, qindex;
    true, class (what the maps are evidence for). Of the first and the second run: first, float32 (N, h, w), and
    first_probabilities, float32 (N, classes). Single values: stage, method, layer ("" for a method of the input), unit,
    output, baseline_name, seed, dataset, fingerprint. Lists: classes, runs.
    """
    classes = np.array(shown.predictions[0].stage.classes)
    places = [place_of(dataset, row) for row in shown.blocks.rows]
    arrays = {name: [getattr(place, name) for place in places] for name in Place._fields}
    numbers = {source.name: source.numbers for source in dataset.sources}
    arrays |= {
        "pixels": shown.blocks.pixels, "frame": [numbers[place.source][place.frame] for place in places],
        "true": classes[shown.blocks.labels], "class": classes[shown.targets], "classes": classes, "runs": list(runs),
        "stage": shown.predictions[0].stage.name, "method": spec.method, "layer": spec.layer or "",
        "unit": spec.about.unit, "output": spec.output, "baseline_name": spec.baseline, "seed": spec.seed,
        "dataset": dataset.name, "fingerprint": dataset.fingerprint,
    }  # fmt: skip
    for which, maps, predictions in zip(("first", "second"), shown.maps, shown.predictions, strict=False):
        arrays |= {which: maps, f"{which}_probabilities": predictions.probabilities}
    file = io.BytesIO()
    np.savez_compressed(file, **{name: np.asarray(value) for name, value in arrays.items()})
    return file.getvalue()
