import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from av1core.analysis.maps.frame_decisions import FrameDecisions, frame_decisions
from av1core.dataset.explore import FrameNodes, frame_nodes
from av1core.dataset.folder import Dataset
from av1core.figures.frame import (
    TREE,
    confidence_overlay,
    decided_overlay,
    error_overlay,
    node_figure,
    overlay,
    picture_url,
)
from av1core.partition import OUTSIDE, STAGES, Partition

LUMA = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) % 1024


@pytest.fixture
def nodes(tiny) -> FrameNodes:
    return frame_nodes(Dataset.open(tiny), 1, 0, 128)


@pytest.fixture
def decided(tiny):
    """Random decisions on all nodes by the stages named."""

    def made(nodes: FrameNodes, stages=tuple(STAGES)) -> FrameDecisions:
        random = np.random.default_rng(0)
        said = {name: random.dirichlet(np.ones(len(STAGES[name].classes)), len(nodes)) for name in stages}
        return frame_decisions(Dataset.open(tiny), nodes.rows, said)

    return made


def looks(drawn: dict, decisions: FrameDecisions) -> list[dict]:
    """How the blocks of the decisions are drawn."""
    assert drawn["selectable"] == len(decisions) == len(drawn["notes"])
    return [drawn["kinds"][kind] for kind in drawn["kind"][: len(decisions)]]


def test_the_picture_is_the_luma_in_8_bits():
    head, data = picture_url(LUMA).split(",")
    assert head == "data:image/png;base64"
    assert (np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) == LUMA >> 2).all()


def test_the_overlay_has_all_nodes_and_the_geometry_of_each_type(nodes):
    drawn = overlay(nodes)
    assert drawn["row"] == nodes.row.tolist() and drawn["kind"] == nodes.partition.tolist()
    assert drawn["ends"] == [int(kind != Partition.SPLIT) for kind in nodes.partition]
    assert drawn["selectable"] == len(nodes)
    for kind, look in zip(Partition, drawn["kinds"], strict=True):
        assert look["name"] == kind.name and not look["filled"] and not look["faint"]
        assert sum(height * width for _, _, height, width in look["parts"]) == 16


def test_blocks_that_can_be_chosen_come_first(nodes):
    chosen = nodes.rows[5:60:7]
    drawn = overlay(nodes, chosen)
    assert drawn["selectable"] == len(chosen)
    order = [nodes.rows.tolist().index(row) for row in chosen]
    order += [place for place in range(len(nodes)) if place not in order]
    assert drawn["row"] == nodes.row[order].tolist() and drawn["kind"] == nodes.partition[order].tolist()


@pytest.mark.parametrize("stages", [(), ("stage1",), ("stage1", "stage2"), tuple(STAGES)], ids=len)
def test_decisions_are_lines_of_a_type_or_a_square_where_they_stop(nodes, decided, stages):
    decisions = decided(nodes, stages)
    drawn = decided_overlay(nodes, decisions)
    blocks = looks(drawn, decisions)
    for name, look in zip(decisions.decided.tolist(), blocks, strict=True):
        assert look["filled"] == (name in ("PARTITION", "RECT", "AB"))
        unfinished = f"{name}, type not decided" if name else "Not decided"
        assert look["name"] == (name if name in Partition.__members__ else unfinished)
        if name in Partition.__members__:
            assert look["parts"] == overlay(nodes)["kinds"][Partition[name]]["parts"]
    assert drawn["notes"][3] == f"encoder SPLIT, decided {decisions.decided[3] or 'nothing'}"


def test_under_what_is_filled_lies_the_encoders_tree(nodes, decided):
    decisions = decided(nodes)
    drawn = confidence_overlay(nodes, decisions, STAGES["stage1"])
    count, ends = len(decisions), nodes.ends()
    tree = [drawn["kinds"][kind] for kind in drawn["kind"][count:]]
    assert {(look["name"], look["faint"]) for look in tree} == {(TREE, True)}
    assert drawn["row"][count:] == nodes.row[ends].tolist() and drawn["col"][:count] == nodes.col.tolist()
    true = [overlay(nodes)["kinds"][kind]["parts"] for kind in nodes.partition[ends]]
    assert [look["parts"] for look in tree] == true
    # A filled square needs its area even where the encoder's node has children.
    assert drawn["ends"] == [1] * (count + ends.sum())


def test_errors_are_those_of_the_stages_own_blocks(nodes, decided):
    decisions, stage = decided(nodes), STAGES["stage2"]
    true, predicted = decisions.labels(stage), decisions.predicted(stage)
    drawn = error_overlay(nodes, decisions, stage)
    expected = np.select([true == OUTSIDE, true == predicted], ["Not of Stage 2", "Right"], "Wrong")
    assert [look["name"] for look in looks(drawn, decisions)] == expected.tolist()
    assert len(set(expected)) == 3
    place = int(np.flatnonzero(expected == "Wrong")[0])
    best = 100 * decisions.confidence(stage)[place]
    classes = stage.classes[true[place]], stage.classes[predicted[place]]
    assert drawn["notes"][place] == f"true {classes[0]}, predicted {classes[1]} ({best:.0f} %)"


def test_of_two_runs_it_is_told_which_is_right(nodes, decided):
    decisions, stage = decided(nodes), STAGES["stage2"]
    beside = np.roll(decisions.probabilities["stage2"], 1, axis=1)
    true, first, second = decisions.labels(stage), decisions.predicted(stage), beside.argmax(1)
    drawn = error_overlay(nodes, replace(decisions, beside=beside), stage, ["A", "B"])
    for place, look in enumerate(looks(drawn, decisions)):
        right = {name for name, said in (("A", first), ("B", second)) if said[place] == true[place]}
        name = {0: "Both wrong", 1: f"Only {''.join(right)} right", 2: "Both right"}[len(right)]
        assert look["name"] == (name if true[place] != OUTSIDE else "Not of Stage 2")
    assert "A: " in drawn["notes"][1] and "B: " in drawn["notes"][1]
    colours = [look["colour"] for look in drawn["kinds"] if look["filled"]]
    assert len(set(colours)) == 4


@pytest.mark.parametrize("stage", STAGES.values(), ids=list(STAGES))
def test_confidence_falls_into_five_bins_up_to_1(nodes, decided, stage):
    decisions = decided(nodes)
    decisions.probabilities[stage.name][0] = np.eye(len(stage.classes))[0]
    drawn = confidence_overlay(nodes, decisions, stage)
    bins = [look["name"] for look in drawn["kinds"] if look["filled"]]
    edges = [tuple(map(int, name.removesuffix(" %").split("–"))) for name in bins]
    assert len(bins) == 5 and edges[0][0] == round(100 / len(stage.classes)) and edges[-1][1] == 100
    seen = decisions.labels(stage) != OUTSIDE
    for look, sure, own in zip(looks(drawn, decisions), decisions.confidence(stage), seen, strict=True):
        assert look["filled"] == own
        if own:
            low, high = edges[bins.index(look["name"])]
            assert low - 0.5 <= 100 * sure <= high + 0.5


@pytest.mark.parametrize(("row", "col"), [(0, 0), (16, 16), (32, 48)])
def test_the_nodes_pixels_lie_at_their_place_in_the_frame(row, col):
    figure = node_figure(LUMA, row, col, 16, Partition.HORZ)
    (heat,) = figure.data
    for y in range(row, row + 16, 5):
        for x in range(col, col + 16, 5):
            assert heat.z[y - heat.y0][x - heat.x0] == LUMA[y, x]
    corners = {(shape.y0, shape.y1, shape.x0, shape.x1) for shape in figure.layout.shapes}
    left, right = col - 0.5, col + 15.5
    assert corners == {(row - 0.5, row + 7.5, left, right), (row + 7.5, row + 15.5, left, right)}
