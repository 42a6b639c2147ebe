"""The languages of the Lab: English stands in the code, every other language in a catalogue of gettext's format.

A text that is shown is given to `Words.tell`, or marked with `message` where it is made and told where it is shown.
The catalogue is av1core/locale/LANGUAGE.po; what it lacks is shown in English, and tests/test_translation.py names it.
Numbers are written as Python's format does and then get the signs of the language, so that one column of a table has
one form in every language.
"""

import io
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from numbers import Number
from pathlib import Path
from typing import Any, Literal, get_args

Language = Literal["en", "pt_BR"]

LANGUAGES: dict[Language, str] = {"en": "English", "pt_BR": "Português (Brasil)"}
"""What each language calls itself."""

CATALOGUES = Path(__file__).parent / "locale"

MISSING = "–"
"""What is shown of a number that is not known."""

_REGIONS = {"en": "en_GB", "pt_BR": "pt_BR"}
"""Whose way to write dates, numbers and lists a language follows."""


class Message(str):
    """A text in English that can be told in another language: it remembers what it was made of."""

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, values: dict[str, Any] | None = None) -> "Message":
        text = super().__new__(cls, Words().filled(template, values or {}))
        text.template, text.values = template, values or {}
        return text

    def __reduce__(self) -> tuple:  # a str would be pickled without what it was made of
        return Message, (self.template, self.values)


def message(template: str, **values: Any) -> Message:
    """The template filled in English, which `Words.tell` puts in any language. See there for templates."""
    return Message(template, values)


@dataclass(frozen=True)
class Words:
    """Texts, numbers, dates and lists in one language. Raises ValueError for a language that is not in LANGUAGES."""

    language: Language = "en"

    def __post_init__(self) -> None:
        if self.language not in get_args(Language):
            raise ValueError(f"{self.language!r} is no language of the Lab; there are {', '.join(LANGUAGES)}")

    def tell(self, text: str, **values: Any) -> str:
        """The text in this language, with each {name} or {name:format} of it filled in; numbers as `number` has them.

        A `Message` among the text and the values is translated too; any other value stands as it is. Without values
        braces are braces.
        """
        if isinstance(text, Message):
            text, values = text.template, text.values
        return self.filled(_catalogue(self.language).gettext(text) if text else "", values)

    def plural(self, one: str, many: str, count: int, **values: Any) -> str:
        """As `tell`: the first text where the language takes so many as one, else the second; {count} is filled in."""
        return self.filled(_catalogue(self.language).ngettext(one, many, count), {"count": count, **values})

    def number(self, value: float | None, form: str = "") -> str:
        """A number as Python's format has it, with the language's signs and a true minus; None and NaN are a dash."""
        if value is None or value != value:
            return MISSING
        return format(value, form).translate(_signs(self.language))

    @property
    def separators(self) -> str:
        """The decimal sign and the sign between thousands, as Plotly's layout wants them."""
        signs = _signs(self.language)
        return f"{signs[ord('.')]}{signs[ord(',')]}"

    def interval(self, low: float | None, high: float | None, form: str) -> str:
        """Such as "[−0.10, +0.52]", with a semicolon where a comma is decimal. A dash if an end is unknown."""
        ends = self.number(low, form), self.number(high, form)
        if MISSING in ends:
            return MISSING
        return f"[{('; ' if self.separators[0] == ',' else ', ').join(ends)}]"

    def date(self, moment: datetime) -> str:
        """A day in words, such as "25 November 2026"."""
        from babel.dates import format_date

        return format_date(moment, "long", locale=_REGIONS[self.language])

    def moment(self, moment: datetime) -> str:
        """A day of this year and a time, such as "23 Nov, 15:04"."""
        from babel.dates import format_skeleton

        region = _REGIONS[self.language]
        return f"{format_skeleton('dMMM', moment, locale=region)}, {moment:%H:%M}"

    def listed(self, things: Iterable[str]) -> str:
        """Such as "a, b and c"."""
        from babel.lists import format_list

        return format_list(list(things), locale=_REGIONS[self.language])

    def filled(self, template: str, values: dict[str, Any]) -> str:
        """The template, which is not translated, with its values in this language."""
        return _Filling(self).vformat(template, (), values) if values else template


ENGLISH = Words()


class _Filling(string.Formatter):
    def __init__(self, words: Words) -> None:
        self._words = words

    def format_field(self, value: Any, form: str) -> str:
        if isinstance(value, Message):
            value = self._words.tell(value)
        if value is None or isinstance(value, Number):
            return self._words.number(value, form)
        return format(value, form)


@cache
def _catalogue(language: Language) -> NullTranslations:
    if language == "en":
        return NullTranslations()
    # Compiled here and not on disk: a compiled file would be a second copy that can be out of date.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with open(CATALOGUES / f"{language}.po", "rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def _signs(language: Language) -> dict[int, str]:
    if language == "en":  # without Babel, as messages with numbers are made where modules are imported
        return str.maketrans({".": ".", ",": ",", "-": "−"})
    from babel.numbers import get_decimal_symbol, get_group_symbol

    region = _REGIONS[language]
    return str.maketrans({".": get_decimal_symbol(region), ",": get_group_symbol(region), "-": "−"})
