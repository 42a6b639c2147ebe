"""What a report holds, whatever it is written as: sections of paragraphs, tables and pictures, in one language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd
import plotly.graph_objects as go

from av1core.analysis.tables import cell_text
from av1core.translation import Language, Words


@dataclass(frozen=True)
class Column:
    """A column of a table: the values of `name` in the format `form` of Python, under a title.

    spread: the column of what stands after "±". upper: the column of an interval's upper end, `name` being the lower
    one. best: whether the highest value of each group of rows is emphasised. told: whether its texts are translated, as
    its title is and a name is not.
    """

    name: str
    title: str
    form: str = ""
    spread: str = ""
    upper: str = ""
    best: bool = False
    told: bool = False


@dataclass(frozen=True)
class Mark:
    """What marks the rows of a kind, such as reported ones: a sign behind their names, and what it means."""

    sign: str
    note: str


@dataclass(frozen=True, eq=False)
class Table:
    """A table of a report. name: letters, digits, "-" and "_"; it is the file's name and part of the label.

    group: the column whose change begins a new group of rows, marked as `marks` says by its values.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]
    group: str = ""
    marks: Mapping[str, Mark] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure of a report, `alternative` being what it shows for those who cannot see it. name: as a table's."""

    name: str
    caption: str
    figure: go.Figure
    alternative: str = ""


@dataclass(frozen=True, eq=False)
class Section:
    """Paragraphs (text), tables and pictures under a title. name: as a table's."""

    name: str
    title: str
    parts: tuple[str | Table | Picture, ...]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(part for part in self.parts if isinstance(part, Picture))


@dataclass(frozen=True, eq=False)
class Document:
    """A report in one language. question: the sentence below the title. All its text is in that language already."""

    title: str
    question: str
    created: datetime
    sections: tuple[Section, ...]
    language: Language = "en"

    @property
    def words(self) -> Words:
        return Words(self.language)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(picture for section in self.sections for picture in section.pictures)


@dataclass(frozen=True)
class Cell:
    """A cell as text. best: it is emphasised. number: it is written to the right."""

    text: str
    number: bool
    best: bool = False


@dataclass(frozen=True)
class Row:
    """A row's cells; the first one names it. begins: the row begins a new group."""

    cells: tuple[Cell, ...]
    begins: bool


def rows(table: Table, words: Words) -> list[Row]:
    """The rows of a table as text in one language, with marks, groups and emphasis. KeyError without a column."""
    frame = table.frame.reset_index(drop=True)
    groups = frame[table.group].fillna("") if table.group else pd.Series("", index=frame.index)
    best = {column: _best(frame[column.name], groups) for column in table.columns if column.best}
    found = []
    for place, (_, values) in enumerate(frame.iterrows()):
        cells = [
            Cell(_text(values, column, words), bool(column.form), column in best and place in best[column])
            for column in table.columns
        ]
        if mark := table.marks.get(groups[place]):
            cells[0] = Cell(f"{cells[0].text} {mark.sign}", cells[0].number)
        found.append(Row(tuple(cells), place > 0 and groups[place] != groups[place - 1]))
    return found


def notes(table: Table) -> list[str]:
    """What stands below a table: what the marks that occur in it mean, then its notes."""
    occurring = set(table.frame[table.group]) if table.group else set()
    return [f"{mark.sign} {mark.note}" for kind, mark in table.marks.items() if kind in occurring] + list(table.notes)


def _best(values: pd.Series, groups: pd.Series) -> set[int]:
    """The places of each group's highest value, where there is something that it is higher than."""
    known = values.dropna().astype(float)
    several = known.groupby(groups[known.index]).filter(lambda group: len(group) > 1)
    return set(several.index[several == several.groupby(groups[several.index]).transform("max")])


def _text(values: pd.Series, column: Column, words: Words) -> str:
    if column.upper:
        return words.interval(values[column.name], values[column.upper], column.form)
    text = cell_text(values[column.name], column.form, words)
    if column.told:
        return words.tell(text)
    if column.spread and not pd.isna(values[column.spread]):
        return f"{text} ± {cell_text(values[column.spread], column.form, words)}"
    return text
