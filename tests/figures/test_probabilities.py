from itertools import pairwise

import numpy as np
import pytest

from av1core.analysis.maps.frame_decisions import FrameDecisions, Step, decide, path
from av1core.figures.probabilities import DECIDED, TRUE, probability_figure
from av1core.figures.theme import describe
from av1core.partition import STAGES, Partition

SAID = {
    "stage1": np.array([[0.2, 0.8]]),
    "stage2": np.array([[0.5, 0.3, 0.2]]),
    "stage3_rect": np.array([[0.6, 0.4]]),
    "stage3_ab": np.array([[0.1, 0.2, 0.3, 0.4]]),
}


def steps(kind: Partition = Partition.VERT, stages=tuple(SAID), beside: np.ndarray | None = None) -> list[Step]:
    said = {name: SAID[name] for name in stages}
    frame = FrameDecisions(np.array([0]), np.array([kind], np.int8), said, decide(said, 1), beside)
    return path(frame, 0, STAGES["stage2"])


def drawn(figure, name: str):
    return next(trace for trace in figure.data if trace.name == name)


def classes_at(figure, trace) -> list[str]:
    """The classes whose rows are nearest to the trace's points."""
    axis = figure.layout.yaxis
    return [axis.ticktext[int(np.abs(np.array(axis.tickvals) - y).argmin())] for y in trace.y]


def test_every_class_of_every_stage_has_its_bar_in_percent():
    figure = probability_figure(steps(), ["run"])
    bars = figure.data[0]
    assert classes_at(figure, bars) == [name for stage in STAGES.values() for name in stage.classes]
    np.testing.assert_allclose(bars.x, 100 * np.concatenate([said[0] for said in SAID.values()]))
    titles = [note.text for note in figure.layout.annotations]
    assert titles[1] == "<b>Stage 2</b>" and titles[2] == "<b>Stage 3 RECT</b>: not reached"
    assert bars.marker.color[1].startswith("#") and bars.marker.color[-1].startswith("rgba")


def test_marks_show_the_decided_path_and_the_true_one():
    figure = probability_figure(steps(), ["run"])
    assert classes_at(figure, drawn(figure, DECIDED)) == ["PARTITION", "SPLIT"]
    assert classes_at(figure, drawn(figure, TRUE)) == ["PARTITION", "RECT", "VERT"]
    symbols = {trace.marker.symbol for trace in figure.data[1:]}
    assert len(symbols) == 2
    none = probability_figure(steps(Partition.HORZ_4), ["run"])
    assert not len(drawn(none, TRUE).x)


def test_a_stage_without_a_run_says_so_and_keeps_its_place():
    figure = probability_figure(steps(stages=("stage1", "stage2")), ["run"])
    assert figure.layout.annotations[3].text == "<b>Stage 3 AB</b>: no run"
    assert len(figure.data[0].x) == 5 and len(figure.layout.yaxis.ticktext) == 11
    assert classes_at(figure, drawn(figure, TRUE))[-1] == "VERT"


@pytest.mark.parametrize("name", ["Exp 03", "<b>$x^2$"])
def test_a_second_run_has_hatched_bars_at_its_stage(name):
    figure = probability_figure(steps(beside=np.array([[0.1, 0.7, 0.2]])), [name, "other"])
    first, second = figure.data[:2]
    assert first.showlegend and second.name == "other" and second.marker.pattern.shape == "/"
    assert classes_at(figure, second) == list(STAGES["stage2"].classes)
    np.testing.assert_allclose(second.x, [10, 70, 20])
    # Side by side: no bar lies over another.
    rows = [bar for trace in (first, second) for bar in zip(trace.y, trace.width, strict=True)]
    assert all(below[0] - above[0] >= (above[1] + below[1]) / 2 - 1e-9 for above, below in pairwise(sorted(rows)))
    # Other runs decide the other stages.
    assert first.customdata[0] == "NONE" and first.customdata[2].endswith("<br>SPLIT")
    assert "<b>$" not in first.customdata[2] and "<b>$" not in first.name


def test_the_figure_is_told_in_words():
    words = describe(probability_figure(steps(), ["run"]))
    assert "Stage 1: PARTITION 80.0 %, true PARTITION; Stage 2: SPLIT 50.0 %, true RECT" in words
    assert "Stage 3 AB: VERT_B 40.0 %, not reached" in words
