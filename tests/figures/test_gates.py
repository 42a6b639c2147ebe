import numpy as np

from av1core.analysis.maps.gates import Gates
from av1core.figures.gates import attention_figure, gates_figure
from av1core.figures.theme import describe


def gates(channels: dict[str, np.ndarray], attention=None) -> Gates:
    return Gates(channels, attention)


MANY = np.stack([np.linspace(0, 0.8, 101), np.full(101, 0.5), np.linspace(1, 0.9, 101), np.full(101, 0.2)], 1)
OWN = np.array([[0.95, 0.05, 0.97, 0.5]])


def test_channels_lie_in_the_order_of_their_median_with_the_middle_of_other_blocks():
    figure = gates_figure({"Run": gates({"layer1": OWN})}, {"Run": gates({"layer1": MANY})}, "Weights")
    band, median, own = figure.data
    order = [3, 0, 1, 2]  # medians 0.2, 0.4, 0.5, 0.95
    assert np.allclose(median.y, [0.2, 0.4, 0.5, 0.95])
    assert np.array_equal(own.y, OWN[0, order]) and np.array_equal(own.customdata[:, 0], order)
    low, high = np.reshape(band.y, (2, 4))
    assert np.allclose(low, [0.2, 0.04, 0.5, 0.905]) and np.allclose(high[::-1], [0.2, 0.76, 0.5, 0.995])


def test_each_panel_tells_how_many_channels_are_open_and_closed():
    block = gates({"layer1": OWN, "layer2": np.full((1, 8), 0.5)})
    figure = gates_figure({"Run": block}, {"Run": gates({"layer1": MANY, "layer2": np.ones((5, 8))})}, "Weights")
    assert [note.text for note in figure.layout.annotations] == [
        "layer1<br>50 % open, 25 % closed", "layer2<br>0 % open, 0 % closed"
    ]  # fmt: skip


def test_two_runs_have_a_row_each_and_one_legend():
    block = {"One": gates({"layer1": OWN}), "Two <b>": gates({"layer1": OWN / 2})}
    figure = gates_figure(block, {label: gates({"layer1": MANY}) for label in block}, "Weights")
    assert len(figure.data) == 6 and [trace.showlegend for trace in figure.data] == [True] * 3 + [False] * 3
    assert figure.layout.yaxis2.title.text == "Two &lt;b&gt;"
    assert "One, Two <b>" in describe(figure)


def test_a_run_without_gates_leaves_its_row_empty_and_none_at_all_is_said():
    block = {"One": gates({"layer1": OWN}), "Two": gates({})}
    figure = gates_figure(block, {"One": gates({"layer1": MANY}), "Two": gates({})}, "Weights")
    assert len(figure.data) == 3
    assert (
        "no squeeze-excitation" in gates_figure({"Two": gates({})}, {"Two": gates({})}, "").layout.annotations[0].text
    )


def test_attention_is_drawn_where_it_is_a_map():
    block = {"One": gates({}, np.full((1, 1, 1), 0.3)), "Two": gates({}, np.full((1, 2, 2), 0.6)), "Three": gates({})}
    (trace,) = attention_figure(block, "Attention").data
    assert trace.name == "Two" and np.shape(trace.z) == (2, 2) and "weight" in trace.hovertemplate
