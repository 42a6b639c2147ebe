import html

import plotly.graph_objects as go
import pytest

from av1core.figures.theme import (
    PALETTE,
    colours,
    describe,
    download_config,
    empty,
    literal,
    looks,
    short,
    style,
    whole,
)


@pytest.mark.parametrize(
    "text", ["<b>b</b>", '<a href="javascript:alert(1)">x</a>', "a & b", "&lt;", "$x$", "%{y}", "α 5 %"]
)
def test_literal_text_has_nothing_for_plotly_to_carry_out(text):
    for shown in (literal(text), short(text), whole(text)):
        assert html.unescape(shown) == text
        assert not {"<", ">", "$"} & set(shown) and "%{" not in shown


def test_a_title_and_a_message_are_literal():
    figure = style(empty("<b>empty</b>"), "<b>title</b>", None, None)
    assert figure.layout.title.text == "&lt;b&gt;title&lt;/b&gt;"
    assert figure.layout.annotations[0].text == "&lt;b&gt;empty&lt;/b&gt;"


def test_a_long_name_keeps_both_ends_in_a_legend_and_all_of_it_in_a_hover():
    name = "stage2 baseline with BatchNorm in eval mode, label smoothing 0.1 and γ=2"
    assert (
        len(short(name)) <= 40
        and short(name).startswith("stage2")
        and short(name).endswith("γ=2")
        and "…" in short(name)
    )
    lines = whole(name).split("<br>")
    assert " ".join(lines) == name and max(map(len, lines)) <= 60
    assert max(map(len, whole("x" * 500).split("<br>"))) <= 60


def test_looks_are_distinct_and_the_colour_changes_first():
    keys = list(map(str, range(280)))
    found = looks(keys)
    assert len(set(found.values())) == 280
    assert [found[key].colour for key in keys[:8]] == list(PALETTE)
    assert len({(look.dash, look.symbol) for look in list(found.values())[:8]}) == 1
    assert found["0"].dash != found["8"].dash and found["0"].symbol != found["8"].symbol
    assert "dot" not in {look.dash for look in found.values()}  # that is training


def test_a_key_keeps_its_look_when_more_come_after_it():
    assert looks("abc") == {key: look for key, look in looks("abcdefghijkl").items() if key in "abc"}
    assert colours("ab") == {key: look.colour for key, look in looks("ab").items()}


def test_the_figure_grows_with_the_rows_of_its_legend():
    def height(names):
        return style(go.Figure([go.Scatter(y=[1], name=name) for name in names]), "t", None, None).layout.height

    assert height(["a", "b"]) == 420
    assert 420 < height(["a long name of a run"] * 12) < height(["a long name of a run"] * 24)


def test_a_figure_in_words_names_title_axes_and_what_is_shown():
    traces = [go.Scatter(y=[1], name=literal(f"<run {n}>")) for n in range(4)]
    traces.append(go.Scatter(y=[1], name="hidden", showlegend=False))
    words = describe(style(go.Figure(traces), "F1 & loss", "Epoch", "F1 (%)"), most=3)
    assert words == (
        "F1 & loss. Horizontal axis: Epoch. Vertical axis: F1 (%). Shown: <run 0>, <run 1>, <run 2> and 1 more."
    )
    assert describe(empty("Nothing & none")) == "Nothing & none"


@pytest.mark.parametrize(("form", "scale"), [("png", 2), ("svg", 1)])
def test_the_download_has_the_name_and_form_asked_for(form, scale):
    options = download_config("f1", form)["toImageButtonOptions"]
    assert options == {"format": form, "filename": "f1", "scale": scale}
