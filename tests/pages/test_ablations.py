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
