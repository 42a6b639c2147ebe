"""What every command has in common."""

import pytest

from av1core.__main__ import main
from tests.commands import commands


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_command_explains_itself_and_speaks_json(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert f"usage: python -m av1core {' '.join(words)}" in text and "--json" in text


@pytest.mark.parametrize("words", [*commands(), ("no-such-command",)], ids=" ".join)
def test_a_wrong_argument_ends_with_2(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*words, "--no-such-option"])
    assert ended.value.code == 2
    assert "usage: python -m av1core" in capsys.readouterr().err
