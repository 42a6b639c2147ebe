"""What a session may do, on every page: look always, change things only with access."""

import os
import shutil
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit import config
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

from av1core.access import Access
from av1core.dataset.jobs import Builds, Jobs
from av1core.runs.folder import RunFolder
from tests.media.hostile import polyglot
from tests.pages.conftest import ROOT
from tests.pages.reading import texts

PAGES = ("overview", "data", "launch", "runs", "compare", "ablations", "hypotheses", "hierarchy", "attribution")
CHANGING = ("data", "launch", "runs", "hypotheses")
"""Pages that say why they offer no change."""

LOOKING = {"Show a 16×16 node", "Previous", "Next", "Log in", "Log out"}
"""Buttons that change nothing but what this session sees."""

AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback", "cookie_secret": "not a secret",
    "client_id": "lab", "client_secret": "none", "server_metadata_url": "http://localhost:9/none",
}  # fmt: skip
ADA = {"is_logged_in": True, "email": "Ada@Example.org", "email_verified": True}


@pytest.fixture
def work(runs_dir, tiny, trained, tmp_path, monkeypatch) -> Path:
    """Something to change on every page: a run that trains, one that failed, a build that can go on.

    Returns the folder of datasets.
    """
    root = tmp_path / "datasets"
    shutil.copytree(tiny, root / "tiny")
    monkeypatch.setenv("AV1LAB_DATASETS", str(root))
    for run in (trained.stage1, trained.stage2):
        folder = RunFolder(shutil.copytree(trained.runs_dir / run, runs_dir / run))
    for state in ("failed", "running"):
        other = RunFolder(shutil.copytree(folder.path, runs_dir / state))
        here = {"host": socket.gethostname(), "pid": os.getpid(), "heartbeat": time.time()}
        other.write_status(replace(folder.status(), state=state, **here))
    jobs = Jobs(Builds(root), Access())
    request = jobs.new_request("waiting", inputs=None, qindexes=(220,), speed=8)
    jobs.upload(request, [("a.png", polyglot())])
    return root


def opened(page: str, user: dict | None = None, auth: dict | None = None) -> AppTest:
    """A page as a session sees it; user: claims of the login, auth: the section of the secrets that configures it."""
    app = AppTest.from_file(ROOT / "pages" / "_main.py", default_timeout=60)
    if auth is not None:
        app.secrets = {"auth": auth}
    app.user = user or {}
    app.run()
    if page != "overview":
        app.switch_page(f"{page}.py").run()
    if page == "data":
        app.segmented_control(key="view").set_value("Add a dataset").run()
    assert not app.exception, app.exception
    return app


def offered(app: AppTest) -> set[str]:
    """Labels of the buttons that can be pressed."""
    return {button.label for button in app.button if not button.disabled}


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("page", PAGES)
def test_a_read_only_dashboard_shows_every_page_and_offers_no_change(work, tmp_path, monkeypatch, page):
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    before = files(tmp_path)
    app = opened(page)
    assert offered(app) <= LOOKING
    assert not app.get("file_uploader") and not app.error
    assert ("read-only (AV1LAB_READONLY)" in texts(app).replace("\\", "")) == (page in CHANGING)
    assert files(tmp_path) == before


def test_what_could_be_changed_is_still_to_be_seen(work, monkeypatch):
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    app = opened("launch")
    assert {"Launch", "Cancel", "Resume"} <= {button.label for button in app.button if button.disabled}
    app.segmented_control(key="launch-how").set_value("Sweep").run()
    assert not app.exception and offered(app) <= LOOKING and app.dataframe
    app = opened("data")
    assert "waiting" in texts(app) and "New dataset" not in texts(app)
    assert {"Go on", "Discard"} == {button.label for button in app.button if button.disabled}
    (work / "tiny").rename(work.parent / "elsewhere")
    app = AppTest.from_file(ROOT / "pages" / "_main.py", default_timeout=60).run()
    app.switch_page("data.py").run()
    assert "There is no dataset" in texts(app) and "read-only" in texts(app) and "New dataset" not in texts(app)


def test_without_login_and_restriction_everything_is_offered(work):
    assert {"Launch", "Cancel", "Resume"} <= offered(opened("launch"))
    app = opened("data")
    assert {"Build", "Go on", "Discard"} <= offered(app) and app.get("file_uploader")
    assert not {"Log in", "Log out"} & offered(app)


BUTTONS = [
    ("data", "Build"), ("data", "Go on"), ("data", "Discard"),
    ("hypotheses", "Write it down"), ("hypotheses", "Save"), ("hypotheses", "Record"),
    ("launch", "Launch"), ("launch", "Cancel"), ("launch", "Pause"), ("launch", "Resume"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "press"), BUTTONS)
def test_a_button_that_was_offered_before_changes_nothing(work, tmp_path, monkeypatch, page, press):
    app = opened(page)
    before = files(tmp_path)
    next(button for button in app.button if button.label == press).click()
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    app.run()
    assert not app.exception and files(tmp_path) == before


class Mistaken(Access):
    """Access that pages take for one to change things; the core knows better."""

    may_change = property(lambda self: True)

    def require(self) -> None:
        Access(self.reason).require()


@pytest.mark.parametrize("press", ["Build", "Go on", "Discard"])
def test_a_page_that_offers_too_much_changes_nothing(work, tmp_path, monkeypatch, press):
    jobs = Jobs(Builds(work), Mistaken("look only"))
    for module in ("data_add", "data_builds"):
        monkeypatch.setattr(f"pages._ui.{module}.jobs", lambda: jobs)
    app = opened("data")
    app.segmented_control(key="add-from").set_value("A folder or file of this machine").run()
    app.text_input(key="add-folder").set_value(str(tmp_path))
    app.text_input(key="add-name").set_value("mine")
    before = files(tmp_path)
    next(button for button in app.button if button.label == press).click().run()
    assert "look only" in app.error[0].value and files(tmp_path) == before


@pytest.mark.parametrize(
    ("launchers", "user", "allowed", "notice"),
    [
        ("ada@example.org", ADA, True, ""),
        ("bo@example.org, ADA@EXAMPLE.ORG", ADA, True, ""),
        ("bo@example.org", ADA, False, "Ada@Example.org may look"),
        ("", ADA, False, "AV1LAB_LAUNCHERS names no address"),
        ("ada@example.org", {}, False, "Log in to launch"),
        ("ada@example.org", {"email": "ada@example.org"}, False, "Log in to launch"),
        ("ada@example.org", ADA | {"is_logged_in": False}, False, "Log in to launch"),
        ("ada@example.org", ADA | {"email_verified": False}, False, "no verified"),
        ("ada@example.org", {"is_logged_in": True, "name": "ada@example.org"}, False, "no verified"),
    ],
)
def test_with_a_login_those_on_the_list_may_launch(work, monkeypatch, launchers, user, allowed, notice):
    monkeypatch.setenv("AV1LAB_LAUNCHERS", launchers)
    for page, button in (("launch", "Launch"), ("data", "Build")):
        app = opened(page, user, AUTH)
        shown = texts(app).replace("\\", "").replace("\u2060", "")
        assert (button in offered(app)) == allowed and notice in shown
        assert {"Log in", "Log out"} & offered(app) == {"Log out" if user.get("is_logged_in") else "Log in"}
        assert offered(app) <= LOOKING or allowed


def test_read_only_stands_above_the_list(work, monkeypatch):
    monkeypatch.setenv("AV1LAB_LAUNCHERS", "ada@example.org")
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    assert "Launch" not in offered(opened("launch", ADA, AUTH))


def test_each_provider_has_its_button(runs_dir):
    own = {key: value for key, value in AUTH.items() if key not in ("redirect_uri", "cookie_secret")}
    shared = {key: value for key, value in AUTH.items() if key not in own}
    app = opened("overview", auth={**shared, "university": own, "other": own})
    assert {"Log in with university", "Log in with other"} <= offered(app) and "Log in" not in offered(app)


def test_a_login_that_cannot_begin_says_what_is_missing(runs_dir, monkeypatch):
    monkeypatch.setattr("streamlit.user_info.is_authlib_installed", lambda: False)
    app = opened("overview", auth=AUTH)
    next(button for button in app.button if button.label == "Log in").click().run()
    assert not app.exception and "Authlib" in app.error[0].value


@pytest.mark.parametrize("content", [b"[auth\nnot TOML", b"\xff\xfe\x00"])
def test_secrets_that_cannot_be_read_restrict_everybody(work, tmp_path, monkeypatch, content):
    file = tmp_path / "secrets.toml"
    file.write_bytes(content)
    monkeypatch.setattr(st, "secrets", Secrets())
    before = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(file)])
    try:
        app = opened("launch")
    finally:
        config.set_option("secrets.files", before)
    assert "Launch" not in offered(app) and "secrets of this server cannot be read" in texts(app)
