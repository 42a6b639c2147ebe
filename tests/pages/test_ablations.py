import json

import pytest

from av1core.runs.annotations import Annotations
from av1core.runs.folder import RunFolder
from tests.pages.reading import texts


def test_one_row_a_configuration(show, store):
    app = show("ablations")
    if store == "empty":
        assert "no finished run" in texts(app)
        return
    table = app.dataframe[0].value
    measured = table[table["origin"] == "measured"]
    # The four Stage-2 runs of "many" are copies of one run: one configuration, one seed.
    assert len(measured) == 1 and measured["seeds"].tolist() == [1]
    assert measured["delta"].tolist() == [0.0]
    assert (table["origin"] == "reported").sum() == {"one": 1, "many": 8}[store]


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_the_configuration_of_the_pinned_run_is_the_baseline_at_first(show, runs_dir, trained, store):
    for copy, values in enumerate(({"name": "Baseline"}, {"dropout": 0.5})):
        file = runs_dir / f"{trained.stage2}-{copy}" / "spec.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"seed": 5, "epochs": 7} | values))
    pinned = RunFolder(runs_dir / f"{trained.stage2}-1")
    box = show("ablations").selectbox(key="ablations-baseline-stage2")
    assert box.value.startswith(RunFolder(runs_dir / f"{trained.stage2}-0").spec().experiment[:8])
    pinned.write_annotations(Annotations(baseline=True))
    box = show("ablations").selectbox(key="ablations-baseline-stage2")
    assert box.value.startswith(pinned.spec().experiment[:8])


@pytest.mark.parametrize("store", ["one", "many"], indirect=True)
def test_trivial_references_stand_beside_when_asked_for(show, store):
    app = show("ablations")
    app.toggle(key="ablations-references").set_value(True).run()
    table = app.dataframe[0].value
    rows = table[table["origin"] == "reference"]
    assert len(rows) == 2 and rows["delta"].notna().all() and rows["seeds"].isna().all()
    assert (table["origin"] == "measured").sum() == 1
