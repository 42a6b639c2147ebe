import os
import shutil
import subprocess
from pathlib import Path

import pytest

from av1core.report.pictures import as_pdf
from av1core.translation import Words
from tests.browser.session import awaited
from tests.report.documents import picture


def _needs(program: str, install: str) -> None:
    """Without the program the tests are skipped; in CI that is a failure."""
    if shutil.which(program) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no {program}: install Debian's {install}")


@pytest.fixture(scope="session")
def drawn() -> list[bytes]:
    """The figure of the small report twice, as PDF, drawn while a loop runs in this thread as in a notebook."""
    if shutil.which("google-chrome") is None:
        _needs("chromium", "chromium")

    async def within_a_loop() -> list[bytes]:
        return as_pdf([picture().figure, picture().figure], Words())

    return awaited(within_a_loop())


@pytest.fixture(scope="session")
def compiled():
    """Compiles main.tex of a folder, and gives the log. An error of LaTeX, even one that it mends, is a failure."""
    _needs("pdflatex", "texlive-latex-recommended")

    def compile(folder: Path, file: str = "main.tex") -> str:
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", file]
        found = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120)
        assert found.returncode == 0, found.stdout[-3000:]
        assert (folder / file).with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        return found.stdout

    return compile
