import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from av1core.__main__ import main


class Said(NamedTuple):
    """What a command ended with and wrote."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict]:
        return [json.loads(line) for line in self.out.splitlines()]


class Runs(NamedTuple):
    """A folder of runs, and the commands of `runs` on it."""

    folder: Path
    run: Callable[..., Said]

    def __call__(self, *arguments: str) -> Said:
        return self.run(*arguments, "--runs", str(self.folder))


@pytest.fixture
def runs(tmp_path, capsys) -> Runs:
    def run(*arguments: str) -> Said:
        try:
            code = main(["runs", *arguments])
        except SystemExit as refused:
            code = refused.code
        return Said(code, *capsys.readouterr())

    return Runs(tmp_path / "runs", run)
