import html

import pytest

from av1core.figures.theme import empty, literal, style


@pytest.mark.parametrize(
    "text", ["<b>b</b>", '<a href="javascript:alert(1)">x</a>', "a & b", "&lt;", "$x$", "%{y}", "α 5 %"]
)
def test_literal_text_has_nothing_for_plotly_to_carry_out(text):
    shown = literal(text)
    assert html.unescape(shown) == text
    assert not {"<", ">", "$"} & set(shown) and "%{" not in shown


def test_a_title_and_a_message_are_literal():
    figure = style(empty("<b>empty</b>"), "<b>title</b>", None, None)
    assert figure.layout.title.text == "&lt;b&gt;title&lt;/b&gt;"
    assert figure.layout.annotations[0].text == "&lt;b&gt;empty&lt;/b&gt;"
