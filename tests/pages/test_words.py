"""Pages speak the language of the session, and no text of theirs stands outside the catalogue."""

import ast
from importlib import import_module
from inspect import isfunction, signature
from pathlib import Path

import pytest

from tests.pages.conftest import ROOT

FILES = sorted((ROOT / "pages").rglob("*.py"))

SHOWING = {
    "badge", "button", "caption", "checkbox", "chat_input", "code", "color_picker", "date_input", "download_button",
    "error", "expander", "file_uploader", "header", "info", "link_button", "markdown", "metric", "multiselect",
    "number_input", "pills", "popover", "progress", "radio", "segmented_control", "select_slider",
    "selectbox", "slider", "spinner", "status", "subheader", "success", "tab", "tabs", "text", "text_area",
    "text_input", "title", "toast", "toggle", "warning", "write", "action_button", "dialog", "Column", "NumberColumn",
    "TextColumn", "ProgressColumn", "CheckboxColumn", "LinkColumn", "ListColumn", "DatetimeColumn",
}  # fmt: skip
"""Calls whose first argument is read by people."""
READ = {"label", "help", "placeholder", "title", "text", "body", "caption", "captions", "what"}
"""Arguments that are read by people, of any call."""
SAME = {"AV1 Partition Lab", "Language · Idioma"}
"""Names, which are the same in every language."""


def untold(file: Path) -> list[str]:
    """Every text with a word in it that a file of pages shows as it stands, with its line."""
    found = []
    for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        shown = [keyword.value for keyword in call.keywords if keyword.arg in READ]
        shown += call.args[:1] if name in SHOWING else []
        found += [f"{text.lineno}: {ast.unparse(text)}" for text in shown if _says_something(text)]
    return found


def _says_something(node: ast.expr) -> bool:
    """Whether a word stands in a text outside of a call that tells it, of itself or of what is joined or chosen."""
    if isinstance(node, ast.Constant):
        text = node.value
        return isinstance(text, str) and text not in SAME and any(len(word) > 1 for word in _words(text))
    if isinstance(node, ast.JoinedStr):
        return any(_says_something(part) for part in node.values if isinstance(part, ast.Constant))
    if isinstance(node, ast.BinOp):
        return _says_something(node.left) or _says_something(node.right)
    if isinstance(node, ast.IfExp):
        return _says_something(node.body) or _says_something(node.orelse)
    if isinstance(node, ast.List | ast.Tuple):
        return any(_says_something(part) for part in node.elts)
    return False


def _words(text: str) -> list[str]:
    kept = " ".join(part for part in text.split() if not part.startswith(":material/"))
    return "".join(letter if letter.isalpha() else " " for letter in kept).split()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / "pages")))
def test_every_text_of_a_page_is_told(file):
    assert untold(file) == []


def test_a_text_that_is_not_told_is_found(tmp_path):
    file = tmp_path / "page.py"
    file.write_text('st.title("Some title")\nst.title(tell("Some title"))\nst.caption(f"{x} · {y}")\n')
    assert untold(file) == ["1: 'Some title'"]
    file.write_text('st.button("↑", help="One place forward")\nst.info(f"No {x}", icon=":material/info:")\n')
    assert untold(file) == ["1: 'One place forward'", "2: f'No {x}'"]


def in_english_only(file: Path) -> list[str]:
    """The figures that a file of pages draws without the words of its session, with their lines."""
    tree, takes = ast.parse(file.read_text()), {}
    for node in (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)):
        if node.module and node.module.startswith("av1core.figures"):
            for name in (name.name for name in node.names):
                drawn = getattr(import_module(node.module), name, None)  # or a module
                if isfunction(drawn) and "words" in (arguments := list(signature(drawn).parameters)):
                    takes[name] = arguments.index("words")
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return [
        f"{call.lineno}: {call.func.id}"
        for call in calls
        if call.func.id in takes
        and len(call.args) <= takes[call.func.id]
        and not any(keyword.arg == "words" for keyword in call.keywords)
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / "pages")))
def test_every_figure_has_the_words_of_its_session(file):
    assert in_english_only(file) == []


def test_a_figure_without_words_is_found(tmp_path):
    file = tmp_path / "page.py"
    file.write_text("from av1core.figures.hierarchy import search_figure\nsearch_figure({}, (), '', words=words())\n")
    assert in_english_only(file) == []
    file.write_text("from av1core.figures.hierarchy import search_figure\nsearch_figure({}, (), '')\n")
    assert in_english_only(file) == ["2: search_figure"]


def test_a_session_changes_its_language_and_its_link_says_so(show):
    app = show("overview")
    assert app.segmented_control(key="lang").value == "en" and "lang" not in app.query_params
    app.segmented_control(key="lang").set_value("pt_BR").run()
    assert app.query_params["lang"] in ("pt_BR", ["pt_BR"])
    app.switch_page("compare.py").run()
    assert app.query_params["lang"] in ("pt_BR", ["pt_BR"])
    assert app.title[0].value == "Comparar"
    app.segmented_control(key="lang").set_value("en").run()
    assert "lang" not in app.query_params and app.title[0].value == "Compare"


def test_a_link_names_the_language(show):
    assert show("overview", {"lang": "pt_BR"}).segmented_control(key="lang").value == "pt_BR"
    assert show("overview", {"lang": "tlh"}).segmented_control(key="lang").value == "en"
