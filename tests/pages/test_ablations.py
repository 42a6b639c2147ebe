import pytest

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


@pytest.mark.parametrize("store", ["one", "many"], indirect=True)
def test_trivial_references_stand_beside_when_asked_for(show, store):
    app = show("ablations")
    app.toggle(key="ablations-references").set_value(True).run()
    table = app.dataframe[0].value
    rows = table[table["origin"] == "reference"]
    assert len(rows) == 2 and rows["delta"].notna().all() and rows["seeds"].isna().all()
    assert (table["origin"] == "measured").sum() == 1
