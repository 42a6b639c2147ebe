"""The Hypotheses page in a real browser: the shipped example, writing one down, changing and deciding it."""

from playwright.sync_api import Page, expect

from av1core.analysis.ledger import Ledger
from tests.browser.server import dashboard, error_lines
from tests.browser.waiting import at_rest
from tests.hostile_names import HOSTILE

expect.set_options(timeout=60_000)


def settled(page: Page, cards: int) -> None:
    """Wait until the page has run to its end and every hypothesis has its picture."""
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(page.locator(".js-plotly-plot .scatterlayer")).to_have_count(cards)
    at_rest(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_write_change_and_decide_a_hypothesis(page, tmp_path):
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    ledger = Ledger(tmp_path / "runs")
    with dashboard(tmp_path / "runs", tmp_path / "server.log") as server:
        page.goto(f"{server.address}/hypotheses")
        settled(page, 1)
        expect(page.get_by_role("heading", name="H1: Stage 2 gains")).to_be_visible()
        expect(page.get_by_text("Its author calls it “partially confirmed”.")).to_be_visible()
        expect(page.get_by_test_id("stPlotlyChart").first).to_contain_text("Other seeds")

        page.get_by_label("Statement").last.fill(f"PolyLoss helps. {HOSTILE}")
        box = page.get_by_role("combobox", name="Study and variant").last
        box.fill("PolyLoss")
        box.press("Enter")
        page.get_by_label("Δ at most (pp)").last.fill("3")
        page.get_by_role("button", name="Write it down").click()
        settled(page, 2)
        card = page.locator(".st-key-hypothesis-H2")
        expect(card.get_by_role("heading")).to_contain_text(f"H2: PolyLoss helps. {HOSTILE}")
        written = ledger.get("H2").now
        assert (written.low, written.high, written.study, written.variant) == (0.5, 3.0, "loss", "PolyLoss")

        card.get_by_role("button", name="Decide").click()
        page.get_by_role("radio", name="discard").click()
        page.get_by_label("Reasons").fill("It costs too much.")
        page.get_by_role("button", name="Record").click()
        expect(card.get_by_text("It costs too much.").first).to_be_visible()
        card.get_by_role("button", name="Edit").click()
        dialog = page.get_by_role("dialog", name="Edit")
        dialog.get_by_label("Δ at least (pp)").fill("1")
        dialog.get_by_role("button", name="Save").click()
        expect(card.get_by_text("Δ of +1 to +3 pp")).to_be_visible()
        card.get_by_text("History: 3 entries").click()
        expect(card.get_by_text("changed low from +0.5 pp to +1 pp.")).to_be_visible()
        settled(page, 2)
        expect(page.get_by_test_id("stMain").locator("img, .katex, a[href*=alert]")).to_have_count(0)
    assert [each.low for each in ledger.get("H2").revisions] == [0.5, 1.0] and ledger.get("H2").decision.reasons
    assert not dialogs and not error_lines(tmp_path / "server.log")
