"""The flow: media → dataset → models/training → runs → analysis → figures → report → pages, never back."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOW = ("media", "dataset", "models", "training", "runs", "analysis", "figures", "report", "cli")
BASE = {"access", "cluster", "errors", "partition", "storage", "settings", "hardware", "translation"}
MODULES = sorted((ROOT / "av1core").rglob("*.py"))
PAGES = sorted((ROOT / "pages").rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    """The dotted names that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(file: Path) -> str:
    inside = file.relative_to(ROOT / "av1core").parts
    return inside[0] if len(inside) > 1 else file.stem


def test_the_flow_names_every_part():
    assert {part(file) for file in MODULES} == {*FLOW, *BASE, "__init__", "__main__"}


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_core_knows_no_page_and_imports_only_upstream(file):
    names = set(imports(file))
    assert not any(name.split(".")[0] in ("streamlit", "pages") for name in names)
    here = part(file)
    used = {name.split(".")[1] for name in names if name.startswith("av1core.")}
    if here in BASE:
        assert used <= BASE
    elif here in FLOW:
        assert used <= BASE | set(FLOW[: FLOW.index(here) + 1])


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_pages_are_short_and_compute_nothing(file):
    assert len(file.read_text().splitlines()) <= 150
    heavy = {"torch", "timm", "captum", "duckdb", "numpy"}
    assert not heavy & {name.split(".")[0] for name in imports(file)}


def test_tests_mirror_the_core():
    for folder in FLOW:
        for test in (ROOT / "tests" / folder).rglob("test_*.py"):
            inside = test.relative_to(ROOT / "tests").parent
            module = ROOT / "av1core" / inside / test.name.removeprefix("test_")
            assert module.is_file(), f"{test} tests no module"
