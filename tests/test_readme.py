"""The README's promises that can be checked at once: its file tree, its presets, its test command."""

import re
from pathlib import Path

from av1core.training.presets import PRESETS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_every_path_of_the_file_tree_exists_and_every_package_is_in_it():
    tree = README[README.index("    app.py ") : README.index("Imports go only")]
    entries = re.findall(r"^    ( *)([\w./]+) {2,}\S", tree, re.MULTILINE)
    paths = {("av1core/" if indent else "") + name for indent, name in entries}
    assert all((ROOT / path).exists() for path in paths)
    packages = {f"av1core/{file.parent.name}/" for file in (ROOT / "av1core").glob("*/__init__.py")}
    assert packages <= paths


def test_every_preset_is_described():
    assert all(f"`{key}`" in README for key in PRESETS)


def test_the_test_command_is_what_ci_runs():
    (command,) = [line for line in README.splitlines() if "python -m pytest" in line]
    assert "requirements.txt" in command and command.startswith("    python3 -m venv .venv")
    assert "'python -m pytest' README.md" in (ROOT / ".ci" / "run").read_text()
