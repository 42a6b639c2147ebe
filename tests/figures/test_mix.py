import pytest

from av1core.dataset.counts import class_mix, node_counts, picture_pixels, type_shares
from av1core.dataset.folder import Dataset
from av1core.figures.mix import TYPE_COLOURS, class_mix_figure, node_count_figure, type_share_figure
from av1core.partition import STAGES, Partition


@pytest.fixture(scope="module")
def data(tiny):
    return Dataset.open(tiny)


def test_every_type_has_a_colour_of_its_own():
    assert set(TYPE_COLOURS) == set(Partition.__members__)
    assert len(set(TYPE_COLOURS.values())) == len(TYPE_COLOURS)


@pytest.mark.parametrize("stage", STAGES)
def test_bars_of_the_class_mix_add_up_to_100(data, stage):
    figure = class_mix_figure(class_mix(node_counts(data), stage, "source"), stage, "source")
    assert [trace.name for trace in figure.data] == list(STAGES[stage].classes)
    assert len({trace.marker.color for trace in figure.data}) == len(figure.data)
    for bar in range(len(data.sources)):
        assert sum(trace.y[bar] for trace in figure.data) == pytest.approx(100)


def test_a_stage_without_blocks_says_so(data):
    counts = node_counts(data)
    figure = class_mix_figure(class_mix(counts[counts["size"] == 8], "stage1", "qindex"), "stage1", "qindex")
    assert "No block" in figure.layout.annotations[0].text


def test_node_counts_are_the_nodes(data):
    figure = node_count_figure(node_counts(data))
    assert sum(sum(trace.y) for trace in figure.data) == len(data.blocks)


@pytest.mark.parametrize("share", ["share_of_nodes", "share_of_pixels"])
def test_the_histogram_has_every_type_in_order(data, share):
    shares = type_shares(node_counts(data), picture_pixels(data))
    figure = type_share_figure(shares, share)
    assert list(figure.data[0].x) == list(Partition.__members__)
    shown = sum(value for trace in figure.data for value in trace.y if value == value)
    assert shown == pytest.approx(100 * shares[share].sum())


def test_a_sources_name_is_shown_as_it_stands(data):
    mix = class_mix(node_counts(data), "stage1", "source")
    figure = class_mix_figure(mix.assign(source="<b>" + mix["source"]), "stage1", "source")
    assert set(figure.data[0].x) == {f"&lt;b&gt;{source.name}" for source in data.sources}
