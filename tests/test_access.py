import argparse
import tomllib
from pathlib import Path

import pytest

from av1core import settings
from av1core.__main__ import main
from av1core.access import Access, decide, of_environment, verified_address
from av1core.errors import AccessError, LabError
from tests.commands import commands

ROOT = Path(__file__).parents[1]

LIST = ("Ada@Example.org", "bo@example.org")
LOOKING = {
    ("dataset", "info"), ("dataset", "verify"), ("references",), ("presets",), ("export",), ("report",),
    ("hypotheses", "list"), ("hypotheses", "show"),
    ("runs", "list"), ("runs", "show"), ("study", "list"),
    ("study", "show"), ("runs", "queue"), ("runs", "trash"),
}  # fmt: skip
"""Commands that change nothing, the last three unless an option asks for it."""


def test_a_reason_is_what_stands_between_somebody_and_a_change():
    assert Access().may_change and Access().require() is None
    assert not Access("no").may_change
    with pytest.raises(AccessError, match=r"^no$"):
        Access("no").require()
    assert issubclass(AccessError, LabError)


@pytest.mark.parametrize(
    ("readonly", "login", "email", "launchers", "reason"),
    [
        (False, False, None, (), ""),
        (False, True, "ada@example.org", LIST, ""),
        (False, True, "ADA@EXAMPLE.ORG", LIST, ""),
        (True, False, None, (), "read-only (AV1LAB_READONLY)"),
        (True, True, "ada@example.org", LIST, "read-only (AV1LAB_READONLY)"),
        (False, True, None, LIST, "Log in to launch"),
        (False, True, None, (), "Log in to launch"),
        (False, True, "eve@example.org", LIST, "eve@example.org may look"),
        (False, True, "ada@example.org", (), "AV1LAB_LAUNCHERS names no address"),
        (False, True, "", LIST, "no verified"),
        (False, True, "", ("",), "no verified"),
        (False, False, None, LIST, "no login is configured"),
    ],
)
def test_who_may_change_things(readonly, login, email, launchers, reason):
    found = decide(readonly, login, email, launchers)
    assert found.may_change == (not reason) and reason in found.reason


def test_letters_of_other_scripts_are_not_taken_for_those_that_they_look_like_in_lower_case():
    assert decide(False, True, "KIM@example.org", ("kim@example.org",)).may_change
    assert not decide(False, True, "\u212aim@example.org", ("kim@example.org",)).may_change  # the Kelvin sign
    assert not decide(False, True, "straße@example.org", ("strasse@example.org",)).may_change


@pytest.mark.parametrize(
    ("claims", "address"),
    [
        ({}, None),
        ({"email": "ada@example.org"}, None),
        ({"is_logged_in": False, "email": "ada@example.org"}, None),
        ({"is_logged_in": "yes", "email": "ada@example.org"}, None),
        ({"is_logged_in": True, "email": " ada@example.org "}, "ada@example.org"),
        ({"is_logged_in": True, "email": "ada@example.org", "email_verified": True}, "ada@example.org"),
        ({"is_logged_in": True, "email": "ada@example.org", "email_verified": "true"}, "ada@example.org"),
        ({"is_logged_in": True, "email": "ada@example.org", "email_verified": False}, ""),
        ({"is_logged_in": True, "email": "ada@example.org", "email_verified": "false"}, ""),
        ({"is_logged_in": True, "email": "ada@example.org", "email_verified": None}, ""),
        ({"is_logged_in": True, "email": ["ada@example.org"]}, ""),
        ({"is_logged_in": True, "name": "ada@example.org"}, ""),
    ],
)
def test_an_address_counts_only_of_somebody_who_is_in_and_unless_it_is_called_unverified(claims, address):
    assert verified_address(claims) == address


@pytest.mark.parametrize("value", ["1", "true", "YES", "on", " 1 ", "2", "maybe", "-"])
def test_readonly_is_what_is_not_clearly_off(monkeypatch, value):
    monkeypatch.setenv("AV1LAB_READONLY", value)
    assert settings.readonly() and not of_environment().may_change


@pytest.mark.parametrize("value", [None, "", " ", "0", "false", "No", "OFF"])
def test_not_readonly(monkeypatch, value):
    if value is None:
        monkeypatch.delenv("AV1LAB_READONLY", raising=False)
    else:
        monkeypatch.setenv("AV1LAB_READONLY", value)
    assert not settings.readonly() and of_environment().may_change


def test_launchers_are_trimmed(monkeypatch):
    monkeypatch.setenv("AV1LAB_LAUNCHERS", " Ada@Example.org ,, bo@example.org,")
    assert settings.launchers() == LIST
    monkeypatch.delenv("AV1LAB_LAUNCHERS")
    assert settings.launchers() == ()


@pytest.mark.parametrize("words", [words for words in commands() if words not in LOOKING], ids=" ".join)
def test_a_command_that_changes_something_asks_before_it_looks_at_anything(monkeypatch, words):
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    with pytest.raises(AccessError, match="AV1LAB_READONLY is set"):
        commands()[words].get_default("handler")(argparse.Namespace(dry_run=False))


def test_looking_works_where_nothing_may_be_changed(monkeypatch, tmp_path, tiny, capsys):
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    monkeypatch.setenv("AV1LAB_RUNS", str(tmp_path / "runs"))
    assert set(commands()) >= LOOKING
    for arguments in (
        ["dataset", "info", str(tiny)],
        ["dataset", "verify", str(tiny), str(tiny)],
        ["runs"],
        ["runs", "queue"],
        ["runs", "trash"],
        ["presets"],
        ["hypotheses"],
        ["hypotheses", "show", "H1"],
    ):
        assert main(arguments) == 0
    for arguments in (["runs", "queue", "--pause"], ["runs", "queue", "--resume"], ["runs", "trash", "--empty"]):
        assert main(arguments) == 2 and "AV1LAB_READONLY" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
    before = (tiny / "dataset.json").read_bytes()
    assert main(["dataset", "split", str(tiny), "--by", "block"]) == 2
    assert "AV1LAB_READONLY" in capsys.readouterr().err and (tiny / "dataset.json").read_bytes() == before


def test_the_server_listens_to_this_machine_and_takes_no_request_from_other_sites():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    server = config["server"]
    assert server["address"] == "localhost"
    assert server.get("enableXsrfProtection", True) and server.get("enableCORS", True)
    assert not server.get("enableAgentApi", False) and not server.get("trustedUserHeaders")
