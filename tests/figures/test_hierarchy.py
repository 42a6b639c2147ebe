import numpy as np

from av1core.analysis.hierarchy import search_curve, stage_errors
from av1core.figures.hierarchy import search_figure, stage_error_figure
from av1core.figures.theme import looks


def curve(seed: int):
    random = np.random.default_rng(seed)
    return search_curve(random.dirichlet(np.ones(8), 50), random.integers(0, 8, 50))


def test_a_line_and_eight_markers_for_each_curve():
    curves = {"runs": curve(0), "reference": curve(1)}
    figure = search_figure(curves, ["reference"], "Title")
    for name, table in curves.items():
        line, markers = sorted((trace for trace in figure.data if trace.name == name), key=lambda trace: -len(trace.x))
        assert (line.mode, markers.mode, len(markers.x)) == ("lines", "markers", 8)
        rows = table[table["rule"] == "threshold"]
        assert line.x.tolist() == rows["avoided"].tolist() and line.y.tolist() == rows["lost"].tolist()
        assert line.customdata[:, 0].tolist() == rows["value"].tolist() and "τ" in line.hovertemplate
        assert line.line.dash == ("dot" if name == "reference" else "solid")
        assert line.showlegend and not markers.showlegend
    assert len({trace.line.color for trace in figure.data}) == 2


def test_curves_of_experiments_have_their_looks_and_labels():
    palette = looks(map(str, range(12)))
    figure = search_figure({"9": curve(0)}, [], "Title", palette, {"9": "<b>nine</b>"})
    line = next(trace for trace in figure.data if trace.mode == "lines")
    assert (
        (line.line.color, line.line.dash) == (palette["9"].colour, palette["9"].dash) != (palette["0"].colour, "solid")
    )
    assert {trace.name for trace in figure.data} == {"&lt;b&gt;nine&lt;/b&gt;"}


def test_no_curve_says_so():
    assert "No curve" in search_figure({}, [], "Title").layout.annotations[0].text


def test_bars_are_the_shares_of_all_blocks():
    labels = np.arange(16) % 8
    errors = {"one": stage_errors(labels, np.zeros(16, int)), "two": stage_errors(labels, labels)}
    figure = stage_error_figure(errors)
    assert [trace.name for trace in figure.data] == ["one", "two"]
    assert figure.data[0].x.tolist() == errors["one"]["share"].tolist() and not any(figure.data[1].x)
    assert list(figure.data[0].y) == ["Stage 1", "Stage 2", "Stage 3 RECT", "Stage 3 AB"]
    assert figure.layout.yaxis.autorange == "reversed"  # the first stage on top
