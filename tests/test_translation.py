"""The catalogue of every language says all that the code says, and nothing else."""

import ast
import pickle
import string
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from av1core.analysis import tables
from av1core.analysis.ledger import shipped_hypotheses
from av1core.analysis.studies import STUDIES
from av1core.training.presets import PRESETS
from av1core.training.spec import RunSpec
from av1core.training.spec_parts import Part
from av1core.translation import CATALOGUES, LANGUAGES, Message, Words, message
from pages._ui.spec_form import field_title, part_about

ROOT = Path(__file__).parents[1]
CALLS = {"tell": None, "message": None, "plural": (1, 2)}
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def messages() -> dict[str | tuple[str, str], str]:
    """Every text that is to be translated, or both of a plural, with the place where it stands."""
    found = {}
    for folder in ("av1core", "pages"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for text, line in told(file.read_text()):
                found.setdefault(text, f"{file.relative_to(ROOT)}:{line}")
    templates = extract_from_dir(ROOT / "av1core" / "report", [("**.html", "jinja2")], keywords=CALLS)
    found |= {text: f"report/{file}:{line}" for file, line, text, *_ in templates}
    questions = [text for study in STUDIES.values() for text in (study.title, study.question)]
    shipped = [
        text
        for each in shipped_hypotheses()
        for text in (each.now.statement, each.decision.reasons, each.reported.words)
    ]
    return (
        found
        | dict.fromkeys(titles(), "analysis/tables.py")
        | dict.fromkeys(questions, "analysis/studies.py")
        | dict.fromkeys(shipped, "data/hypotheses.json")
        | dict.fromkeys(form_texts(), "training/spec.py")
        | dict.fromkeys((preset.about for preset in PRESETS.values()), "training/presets.py")
    )


def told(source: str) -> list[tuple[str | tuple[str, str], int]]:
    """The texts of a Python file, each with its line. Babel's own reader passes over what stands in an f-string."""
    found = []
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        texts = [text.value for text in call.args[: 2 if name == "plural" else 1] if isinstance(text, ast.Constant)]
        if name in CALLS and texts:
            found.append((tuple(texts) if name == "plural" else texts[0], call.lineno))
    return found


def titles() -> list[str]:
    """Of the columns of every table that people read, but those that name a class."""
    found = [value for name, value in vars(tables).items() if name.isupper() and isinstance(value, dict)]
    return [
        title for table in found if table is not tables.FORMATS for title in table.values() if isinstance(title, str)
    ]


def form_texts() -> list[str]:
    """What the form of a run says: titles and descriptions of the spec's fields, and what its parts are."""
    found = []
    for part in (RunSpec, *Part.__subclasses__()):
        fields = {name: field for name, field in part.model_fields.items() if name != "stage"}
        found += [field_title(name, field) for name, field in fields.items()]
        found += [field.description for field in fields.values() if field.description]
        found += [] if part is RunSpec else [part_about(part)]
    return found


def catalogue(language: str):
    with open(CATALOGUES / f"{language}.po", "rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def fields(text: str) -> set[tuple[str, str]]:
    """What a template has filled in: names and formats."""
    return {(name, form) for _, name, form, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_every_translation_is_used(language):
    known, said = catalogue(language), messages()
    assert not {
        text: place for text, place in said.items() if not known.get(text if isinstance(text, str) else text[0])
    }
    entries = {entry.id for entry in known if entry.id}
    assert entries == set(said), "obsolete or a plural in one place and none in another"
    assert not known.obsolete
    for entry in known:
        strings = entry.string if entry.pluralizable else (entry.string,)
        assert all(strings) and not (entry.id and entry.fuzzy), entry.id


def test_texts_are_found_wherever_they_stand():
    source = """a(tell("One")); f"{words.tell('Two' 's', x=1)}"; plural("one", "many", n); message(text)"""
    assert dict(told(source)) == {("one", "many"): 1, "One": 1, "Twos": 1}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_fills_in_what_the_message_fills_in(language):
    for entry in catalogue(language):
        if not entry.id:
            continue
        ids, strings = (entry.id, entry.string) if entry.pluralizable else ((entry.id,), (entry.string,))
        assert {len(ids), len(strings)} in ({1}, {2})
        for one, other in zip(ids, strings, strict=True):
            # Where a message says "one seed" for {count}, a translation may say {count}, for it is known.
            assert fields(one) ^ fields(other) <= ({("count", "")} if entry.pluralizable else set()), one


def test_numbers_have_the_signs_of_the_language():
    english, portuguese = Words(), Words("pt_BR")
    assert english.number(-1234.5, "+,.2f") == "−1,234.50" and portuguese.number(-1234.5, "+,.2f") == "−1.234,50"
    assert portuguese.number(0.32, "+.2f") == "+0,32" and portuguese.number(1e-5, "g") == "1e−05"
    assert {english.number(value, ".2f") for value in (None, float("nan"), np.nan)} == {"–"}
    assert english.interval(-0.1, 0.52, "+.2f") == "[−0.10, +0.52]"
    assert portuguese.interval(-0.1, 0.52, "+.2f") == "[−0,10; +0,52]"
    assert portuguese.interval(float("nan"), 0.5, "+.2f") == "–"
    assert (english.separators, portuguese.separators) == (".,", ",.")


def test_values_are_filled_in_as_they_stand_and_numbers_and_messages_in_the_language():
    words, name = Words("pt_BR"), "{x} %s **Run**"
    assert words.tell("{name}: {value:.2f}", name=name, value=0.5) == f"{name}: 0,50"
    assert words.tell("{what}", what=message("Run")) == words.tell("Run") != "Run"
    assert words.tell("{what}", what="Run") == "Run"
    assert words.tell("{file}: {shape}", file=Path("a-1.5"), shape=(1, -2)) == "a-1.5: (1, -2)"
    assert words.tell(name) == name and words.tell("") == ""


def test_a_message_reads_as_english_and_remembers_what_it_was_made_of():
    said = message("{size}×{size} at {value:.1f}", size=16, value=0.5)
    assert said == "16×16 at 0.5" and isinstance(said, str)
    again = pickle.loads(pickle.dumps(said))
    assert isinstance(again, Message) and Words("pt_BR").tell(again) == "16×16 at 0,5"


def test_plurals_dates_and_lists_follow_the_language():
    english, portuguese = Words(), Words("pt_BR")
    texts = "Trained on {device} with one CPU thread.", "Trained on {device} with {count} CPU threads."
    assert english.plural(*texts, 2, device="x") == "Trained on x with 2 CPU threads."
    assert portuguese.plural(*texts, 1, device="x") == "Treinado em x com uma thread de CPU."
    assert english.date(datetime(2026, 3, 1)) == "1 March 2026"
    assert portuguese.date(datetime(2026, 3, 1)) == "1 de março de 2026"
    assert english.listed("abc") == "a, b and c" and portuguese.listed("abc") == "a, b e c"


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="pt_BR"):
        Words("pt")
