import io

import numpy as np

from av1core.analysis.maps.averages import CLASS, draw
from av1core.analysis.maps.choice import TRUE
from av1core.analysis.maps.export import mean_maps_npz
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.summaries import mean_maps
from av1core.dataset.folder import Dataset
from av1core.partition import STAGES


def test_a_file_holds_the_mean_maps_of_each_run_and_what_they_rest_on(tiny):
    data, stage, spec = Dataset.open(tiny), STAGES["stage1"], MapSpec("grad_cam", "layer1", "black", "log_odds")
    drawn = draw(data, stage, np.flatnonzero(data.model_blocks), CLASS, 20)
    maps = np.random.default_rng(0).normal(size=(20, 4, 4))
    means = {"one": mean_maps(maps, drawn.group, drawn.names), "two": mean_maps(-maps, drawn.group, drawn.names)}
    read = np.load(io.BytesIO(mean_maps_npz(means, spec, TRUE, drawn, stage, data)), allow_pickle=False)
    assert read["runs"].tolist() == ["one", "two"] and read["groups"].tolist() == list(drawn.names)
    assert read["blocks"].tolist() == [10, 10] and read["rows"].tolist() == drawn.rows.tolist()
    assert np.array_equal(read["first_signed"], means["one"].signed)
    assert np.array_equal(read["second_signed"], -read["first_signed"])
    assert np.array_equal(read["second_absolute"], means["one"].absolute)
    about = {
        "method": "grad_cam", "layer": "layer1", "unit": "logits", "class": "true", "output": "log_odds",
        "baseline_name": "black", "stage": "stage1", "dataset": data.name, "fingerprint": data.fingerprint,
    }  # fmt: skip
    assert {name: str(read[name]) for name in about} == about
    alone = np.load(io.BytesIO(mean_maps_npz({"one": means["one"]}, MapSpec("saliency"), TRUE, drawn, stage, data)))
    assert "second_signed" not in alone and str(alone["layer"]) == ""
