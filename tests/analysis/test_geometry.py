from av1core.analysis.geometry import geometry_note, geometry_table
from av1core.models.geometry import LayerGeometry

STEM, LAYER1 = LayerGeometry("stem", 8, 8, 100, 100), LayerGeometry("layer1", 4, 2, 900, 900)
FLAT = LayerGeometry("layer2", 1, 1, 900, 100)


def test_a_row_a_part():
    table = geometry_table([STEM, LAYER1, FLAT])
    assert list(table["part"]) == ["stem", "layer1", "layer2"]
    assert list(table["map"]) == ["8×8", "4×2", "1×1"]
    assert list(table["live_weights"]) == [100, 900, 100]
    assert list(table["live_share"].round(6)) == [100, 100, 11.111111]


def test_the_note_names_the_parts_without_places_and_the_share_that_never_acts():
    note = " ".join(geometry_note([STEM, LAYER1, FLAT], 16))
    # 800 of 1,900 weights.
    assert "layer2 are 1×1" in note and "42 % of all weights" in note and "stem 'keep'" in note
    # The stem 'keep's an 8×8 block's size already.
    assert "stem 'keep'" not in " ".join(geometry_note([STEM, FLAT], 8))


def test_the_note_of_a_backbone_with_places_says_so():
    note = " ".join(geometry_note([STEM, LAYER1], 16))
    assert "every map has more than one position" in note and "padding" not in note and "stem 'keep'" not in note
