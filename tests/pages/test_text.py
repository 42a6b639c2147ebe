import pytest

from pages._ui.text import count, moment, percent, plain


def test_moments_shares_and_counts_as_people_read_them():
    assert percent(0.58531) == "58.53 %"
    assert moment(None) == percent(float("nan")) == "–"
    assert [count(1, "run"), count(1204, "run")] == ["1 run", "1,204 runs"]


@pytest.mark.parametrize("text", ["![x](http://a)", "[x](y)", "*a* _b_ `c`", "$x$ :red[y]", "<b>", "~~z~~", "# t"])
def test_plain_leaves_markdown_nothing_to_act_on(text):
    shown = plain(text)
    assert shown.replace("\\", "") == text
    for place, character in enumerate(shown):
        if character in "`*_[]()#!$:<~":
            assert shown[place - 1] == "\\"
