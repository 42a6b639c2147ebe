import json
import re
from html.parser import HTMLParser

import pytest

from av1core.report.html import as_html
from tests.hostile_names import HOSTILE, LINKS
from tests.report.documents import document

BREAKING = HOSTILE + LINKS + "</script></style><!-- {{ 7 * 7 }} {% x %} &amp; '\""


class Reader(HTMLParser):
    """The tags and attributes of a page, and its text without scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.text, self.skipped = [], [], 0
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.skipped += tag in ("script", "style")

    def handle_endtag(self, tag):
        self.skipped -= tag in ("script", "style")

    def handle_data(self, data):
        if not self.skipped:
            self.text.append(data)

    def of(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name == tag]


def figures(html: str) -> dict:
    return json.loads(re.search(r'id="figures">(.*?)</script>', html, re.DOTALL)[1])


def test_the_page_asks_for_nothing_and_forbids_it():
    html = as_html(document())
    page = Reader(html)
    (policy,) = [meta["content"] for meta in page.of("meta") if "http-equiv" in meta]
    assert policy.startswith("default-src 'none'") and "http" not in policy and "unsafe-inline'; script" not in policy
    assert "'unsafe-inline'" not in policy[policy.index("script-src") :]
    assert all(attributes.get("href", "data:").startswith(("data:", "#")) for _, attributes in page.tags)
    assert not any("src" in attributes for _, attributes in page.tags)


@pytest.mark.parametrize(
    ("language", "lang", "number"), [("en", "en", "58.53 ± 0.20"), ("pt_BR", "pt-BR", "58,53 ± 0,20")]
)
def test_language_numbers_and_figures_agree(language, lang, number):
    html = as_html(document(language))
    page = Reader(html)
    assert page.of("html") == [{"lang": lang}] and number in page.text
    assert figures(html)["curve"]["layout"]["separators"] == (".," if language == "en" else ",.")


def test_tables_have_headers_with_scope_and_a_name():
    page = Reader(as_html(document()))
    scopes = [th["scope"] for th in page.of("th")]
    assert scopes == ["col"] * 6 + ["row"] * 3
    names = {figcaption["id"] for figcaption in page.of("figcaption") if "id" in figcaption}
    assert {table["aria-labelledby"] for table in page.of("table")} <= names
    assert all(plot["aria-label"] for plot in page.of("div") if "data-figure" in plot)


def test_any_name_is_text():
    plain, hostile = as_html(document()), as_html(document(names=(BREAKING, BREAKING + "2"), text=BREAKING))
    assert [tag for tag, _ in Reader(hostile).tags] == [tag for tag, _ in Reader(plain).tags]
    assert Reader(hostile).text.count(BREAKING) >= 7
    (trace,) = figures(hostile)["curve"]["data"]
    assert "<" not in trace["name"] and "$" not in trace["name"]


def test_a_text_in_a_figure_ends_no_script():
    whole = document()
    whole.pictures[0].figure.add_scatter(x=[1], y=[1], text=[BREAKING])
    html = as_html(whole)
    assert [tag for tag, _ in Reader(html).tags] == [tag for tag, _ in Reader(as_html(document())).tags]
    assert figures(html)["curve"]["data"][1]["text"] == [BREAKING]


def test_without_a_figure_there_is_no_script():
    whole = document()
    page = Reader(as_html(type(whole)("t", "", whole.created, whole.sections[1:])))
    assert [script.get("type") for script in page.of("script")] == ["application/json"]
