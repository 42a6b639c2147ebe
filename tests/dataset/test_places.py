from av1core.dataset.folder import Dataset
from av1core.dataset.places import place_of, row_at


def test_each_row_is_found_by_its_place_and_nothing_elsewhere(tiny):
    dataset = Dataset.open(tiny)
    for row in range(0, len(dataset.blocks), 37):
        place = place_of(dataset, row)
        assert row_at(dataset, place) == row
        assert row_at(dataset, place._replace(col=place.col + 1)) is None
        assert row_at(dataset, place._replace(qindex=place.qindex + 1)) is None
    assert row_at(dataset, place._replace(source="nowhere")) is None
