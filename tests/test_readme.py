"""The README's promises that can be checked at once: its file tree, its presets, its test command."""

import re
from pathlib import Path

from av1core.dataset.uploads import MOST_FILE_MIB, MOST_FILES, MOST_MIB, MOST_PIXELS
from av1core.media import photos
from av1core.training.presets import PRESETS
from docs import results
from tests.readme_blocks import README

ROOT = Path(__file__).parents[1]


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
    assert command.startswith("    python3 -m venv .venv")
    assert all(file.name in command for file in ROOT.glob("requirements*.txt"))
    assert "'python -m pytest' README.md" in (ROOT / ".ci" / "run").read_text()


def test_the_limits_of_uploads_are_those_of_the_core():
    text = " ".join(README[README.index("Uploads are checked") :].split())
    assert f"at most {MOST_FILES} pictures, {MOST_FILE_MIB} MiB each and {MOST_MIB // 1024} GiB together" in text
    assert f"of {MOST_PIXELS // 10**6} million pixels each" in text
    assert f"beyond {photos.MOST_PIXELS // 10**6} million pixels" in text


def test_every_setting_is_described():
    names = re.findall(r"environ\.get\(\"(\w+)\"", (ROOT / "av1core" / "settings.py").read_text())
    assert names and all(f"`{name}" in README for name in names)


def test_the_results_are_those_of_the_shipped_runs():
    start = README.index(results.START) + len(results.START)
    assert README[start : README.index(results.END)] == results.results_table()
