"""What browser tests wait for on every page."""

from playwright.sync_api import Page, expect


def at_rest(page: Page) -> None:
    """Wait until the page's script has run to its end."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
