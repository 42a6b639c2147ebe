"""Maps as a file for other programs: NumPy's NPZ, which holds arrays by name and needs no pickle."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from av1core.analysis.maps.averages import Drawn
from av1core.analysis.maps.gallery import Gallery
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.side_by_side import SideBySide
from av1core.analysis.maps.summaries import MeanMaps
from av1core.dataset.folder import Dataset
from av1core.dataset.places import Place, place_of
from av1core.partition import Stage


def maps_npz(maps: SideBySide, dataset: Dataset) -> bytes:
    """All that the maps of a block are and rest on, to be read by `numpy.load`.

    Arrays: pixels, uint16 (16, 16); baseline, float32 (16, 16), where a method compares with it; for each method
    first_NAME, and of two runs second_NAME and difference_NAME, float32 (h, w). In the order of the methods: methods,
    layers ("" for a method of the input), units. In the order of the runs: runs, output_at_block, output_at_baseline.
    Single values: stage, class, output, baseline_name, dataset, fingerprint, source, frame, row, col, size, qindex.
    """
    place = place_of(dataset, maps.row)
    numbers = dataset.sources[dataset.blocks.source[maps.row]].numbers
    arrays: dict[str, np.ndarray] = {"pixels": maps.pixels}
    if maps.baseline is not None:
        arrays["baseline"] = maps.baseline
    for which, run in zip(("first", "second"), maps.runs.values(), strict=False):
        arrays |= {f"{which}_{spec.method}": of for spec, of in zip(maps.specs, run.maps, strict=True)}
    if maps.differences:
        arrays |= {f"difference_{spec.method}": of for spec, of in zip(maps.specs, maps.differences, strict=True)}
    about = {
        "methods": [spec.method for spec in maps.specs], "layers": [spec.layer or "" for spec in maps.specs],
        "units": [spec.about.unit for spec in maps.specs], "runs": list(maps.runs),
        "output_at_block": [run.at_block for run in maps.runs.values()],
        "output_at_baseline": [run.at_baseline for run in maps.runs.values()],
        "stage": maps.stage.name, "class": maps.evidence_for, "output": maps.specs[0].output,
        "baseline_name": maps.specs[0].baseline, "dataset": dataset.name, "fingerprint": dataset.fingerprint,
        **place._asdict(), "frame": numbers[place.frame],
    }  # fmt: skip
    return _npz(arrays | about)


def mean_maps_npz(
    means: Mapping[str, MeanMaps], spec: MapSpec, target: str, drawn: Drawn, stage: Stage, dataset: Dataset
) -> bytes:
    """Mean maps of one run or two, by name, and what they rest on, to be read by `numpy.load`.

    Arrays: first_signed and first_absolute, and of two runs second_signed and second_absolute, float32 (G, h, w);
    groups, names (G,); blocks, int (G,); rows, int64 (N,), the blocks drawn, of the dataset's block table; runs. Single
    values: method, layer ("" for a method of the input), unit, class (or "true" or "predicted"), output, baseline_name,
    stage, dataset, fingerprint.
    """
    arrays: dict[str, Any] = {"groups": drawn.names, "rows": drawn.rows, "runs": list(means)}
    for which, of in zip(("first", "second"), means.values(), strict=False):
        arrays |= {f"{which}_signed": of.signed, f"{which}_absolute": of.absolute, "blocks": of.blocks}
    return _npz(arrays | {"class": target} | _of(spec, stage, dataset))


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
        "seed": spec.seed,
    }  # fmt: skip
    for which, maps, predictions in zip(("first", "second"), shown.maps, shown.predictions, strict=False):
        arrays |= {which: maps, f"{which}_probabilities": predictions.probabilities}
    return _npz(arrays | _of(spec, shown.predictions[0].stage, dataset))


def _of(spec: MapSpec, stage: Stage, dataset: Dataset) -> dict[str, str]:
    """What maps of one spec rest on."""
    return {
        "method": spec.method, "layer": spec.layer or "", "unit": spec.about.unit, "output": spec.output,
        "baseline_name": spec.baseline, "stage": stage.name, "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
    }  # fmt: skip


def _npz(arrays: Mapping[str, Any]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **{name: np.asarray(value) for name, value in arrays.items()})
    return file.getvalue()
