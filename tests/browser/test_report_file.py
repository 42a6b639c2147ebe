import pytest
from playwright.sync_api import expect

from av1core.report.html import as_html
from tests.hostile_names import HOSTILE, LINKS
from tests.report.documents import document


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens a report's file as somebody does who got it by mail; what it asks for and complains of is collected."""
    contexts = []

    def open(report, **how):
        context = chromium.new_context(**how)
        contexts.append(context)
        page = context.new_page()
        asked, wrong = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        file = tmp_path / "report.html"
        file.write_text(as_html(report))
        page.goto(file.as_uri())
        page.wait_for_selector(".plot .main-svg")
        page.mouse.move(400, 500)
        assert asked == [file.as_uri()] and wrong == []
        return page

    yield open
    for context in contexts:
        context.close()


@pytest.mark.parametrize("hostile", [False, True])
def test_the_file_opens_without_a_request_and_with_any_names(opened, hostile):
    text = HOSTILE + LINKS + "</script>"
    page = opened(document(names=(text, text + "2"), text=text) if hostile else document())
    assert page.locator(".plot .scatterlayer .trace").count() == 1
    assert page.locator("h1").inner_text() == (text if hostile else "Macro-F1 by epoch")
    assert page.locator("img, i, b").count() == 0


def test_figures_have_the_decimal_comma_of_portuguese(opened):
    assert "1,5" in opened(document("pt_BR")).locator(".plot .xaxislayer-above").text_content()


def test_it_is_dark_where_the_system_is_and_fits_a_phone(opened):
    page = opened(document(), color_scheme="dark", viewport={"width": 390, "height": 800})
    tick = page.locator(".plot .xtick text").first
    expect(page.locator("body")).to_have_css("background-color", "rgb(20, 23, 26)")
    expect(tick).to_have_css("fill", "rgb(232, 232, 232)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.emulate_media(color_scheme="light")
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(tick).to_have_css("fill", "rgb(26, 26, 26)")
