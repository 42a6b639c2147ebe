import re

import pytest

from pages._ui.text import count, moment, percent, plain


def test_moments_shares_and_counts_as_people_read_them():
    assert percent(0.58531) == "58.53 %"
    assert moment(None) == percent(float("nan")) == "–"
    assert [count(1, "run"), count(1204, "run")] == ["1 run", "1,204 runs"]


@pytest.mark.parametrize(
    "text",
    ["![x](http://a)", "[x](y)", "*a* _b_ `c`", "$x$ :red[y]", "<b>", "~~z~~", "# t", "&lt;", "> q", "| a |", "a\\*b"],
)
def test_plain_leaves_markdown_nothing_to_act_on(text):
    shown = plain(text).replace("\u2060", "")
    assert re.sub(r"\\(.)", r"\1", shown) == text
    for place, character in enumerate(shown):
        if character in "`*_[]()#!$:<>~|&":
            assert shown[place - 1] == "\\"


@pytest.mark.parametrize("text", ["- a", "+ a", "1. a", "12) a", "> a", "---", "===", "    a", "\ta"])
def test_plain_begins_no_list_heading_or_code(text):
    assert re.match(r"\d*\\[-+=.)>]|a", plain(text))


def test_plain_is_one_line():
    assert plain("a\n\n    b\r\n-\u2028c ") == "a b - c"


@pytest.mark.parametrize(
    "text", ["http://a.b", "HTTPS://a.b", "www.a.b", "WWW.a", "a@b.c", ":material/home:", ":streamlit:"]
)
def test_plain_parts_what_markdown_would_join_when_the_escapes_are_gone(text):
    assert "\u2060" in plain(text) and plain(text).replace("\u2060", "").replace("\\", "") == text


@pytest.mark.parametrize("sign", ["->", "<-", "<->", "--", ">=", "<=", "~="])
def test_plain_parts_arrows_and_dashes_and_leaves_options_alone(sign):
    for text in (sign, f"a {sign} b"):
        assert sign not in re.sub(r"\\(.)", r"\1", plain(text))
    assert plain("a --raw b-c") == "a --raw b-c"
