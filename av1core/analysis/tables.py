"""Tables of results as people read them: titles, decimals, and the same table as Markdown, LaTeX or CSV."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from av1core.analysis.latex import escaped
from av1core.analysis.verdicts import WORDS, Comparison
from av1core.partition import STAGES
from av1core.translation import ENGLISH, MISSING, Message, Words, message

_TRAINED = {
    "train_f1": "Train F1 (%)",
    "gap": "Gap (pp)",
    "train_f1_clean": "Train F1, like for like (%)",
    "gap_clean": "Gap, like for like (pp)",
    "train_loss": "Train loss",
    "val_loss": "Val loss",
    "best_epoch": "Best epoch",
    "epochs": "Epochs",
}

RUNS = {
    "name": "Run",
    "origin": "Origin",
    "seed": "Seed",
    "val_f1": "Val F1 (%)",
    "delta": "Δ (pp)",
    **_TRAINED,
    "split": "Split",
}
"""Columns of a table with a row a run: title by name, in order."""

EXPERIMENTS = {
    "name": "Experiment",
    "origin": "Origin",
    "verdict": "Verdict",
    "delta": "Δ (pp)",
    "delta_low": "Δ from",
    "delta_high": "Δ to",
    "val_f1": "Val F1 (%)",
    "val_f1_low": "from",
    "val_f1_high": "to",
    "seeds": "Seeds",
    "p_adjusted": "p, Holm",
    **_TRAINED,
    "split": "Split",
    "trainable_parameters": "Trainable parameters",
    "total_seconds": "Time (s)",
    "changes": "Settings that differ",
}
"""Columns of a table with a row an experiment: means over its seeds, 95 % intervals, and the verdict."""

VERDICTS = {
    "name": "Experiment",
    "verdict": "Verdict",
    "delta": "Δ (pp)",
    "pairs": "Paired seeds",
    "seeds_low": "Other seeds, from",
    "seeds_high": "to",
    "p": "p",
    "p_adjusted": "p, Holm",
    "units": "Pictures",
    "pictures_low": "Other pictures, from",
    "pictures_high": "to ",
    "needed": "Seeds needed",
    "reason": "Why",
}
"""Columns of a table with a row a comparison, by `verdict_rows`: intervals of Δ at 95 %, in pp."""

CLASS_F1 = {stage: {f"f1_{name}": f"F1 {name} (%)" for name in of.classes} for stage, of in STAGES.items()}
"""By stage, the columns of its classes' F1, as `curves.with_class_f1` adds them."""

STUDY = {
    "name": "Variant",
    "verdict": "Verdict",
    "delta": "Δ (pp)",
    "delta_low": "Δ from",
    "delta_high": "Δ to",
    "val_f1": "Val F1 (%)",
    "val_f1_low": "from",
    "val_f1_high": "to",
    "seeds": "Seeds",
    "pairs": "Paired seeds",
    "p_adjusted": "p, Holm",
    "needed": "Seeds needed",
    **_TRAINED,
    "trainable_parameters": "Trainable parameters",
    "total_seconds": "Time (s)",
    "split": "Split",
    "origin": "Origin",
}
"""Columns of a table with a row an arm of a study; `study_columns` has F1 by class too."""

PROBES = {
    "name": "Features",
    "form": "Form",
    "numbers": "Numbers a block",
    "probe_f1": "Val F1 (%)",
    "probe_f1_low": "from",
    "probe_f1_high": "to",
    "accuracy": "Accuracy (%)",
}
"""Columns of a table with a row a linear probe, on drawn validation blocks; `probe_columns` has F1 by class too."""

FORMATS = {
    **dict.fromkeys(("train_f1", "train_f1_clean", "val_f1", "val_f1_low", "val_f1_high"), ".2f"),
    **{name: ".2f" for columns in CLASS_F1.values() for name in columns},
    **dict.fromkeys(("gap", "gap_clean", "delta", "delta_low", "delta_high"), "+.2f"),
    **dict.fromkeys(("seeds_low", "seeds_high", "pictures_low", "pictures_high"), "+.2f"),
    **dict.fromkeys(("p", "p_adjusted"), ".3f"),
    **dict.fromkeys(("train_loss", "val_loss"), ".4f"),
    **dict.fromkeys(("seed", "seeds", "pairs", "units", "needed", "total_seconds"), ".0f"),
    **dict.fromkeys(("best_epoch", "epochs"), ".4g"),  # means over seeds
    **dict.fromkeys(("share", "share_low", "share_high", "mirror_share", "contrast", "area"), ".1f"),
    **dict.fromkeys(("apart", "apart_low", "apart_high"), "+.1f"),
    **dict.fromkeys(("trainable_parameters", "blocks", "sources", "zero", "numbers"), ",.0f"),
    **dict.fromkeys(("probe_f1", "probe_f1_low", "probe_f1_high", "accuracy"), ".2f"),
}
"""How the numbers of a column are written, as Python's format does."""


def study_columns(stage: str) -> dict[str, str]:
    """The columns of STUDY with F1 of each class of a stage after the losses."""
    first = list(STUDY)[: list(STUDY).index("best_epoch")]
    return {name: STUDY[name] for name in first} | CLASS_F1[stage] | STUDY


def probe_columns(stage: str) -> dict[str, str]:
    """The columns of PROBES with F1 of each class of a stage."""
    return PROBES | CLASS_F1[stage]


def verdict_rows(comparisons: Sequence[Comparison], labels: Mapping[str, str]) -> pd.DataFrame:
    """A row a comparison with the columns of `VERDICTS`. labels: by experiment."""
    rows = [
        {
            "name": labels[each.variant], "delta": each.delta, "pairs": each.pairs, "seeds_low": each.seeds.low,
            "seeds_high": each.seeds.high, "p": each.p, "p_adjusted": each.p_adjusted, "units": each.units,
            "pictures_low": each.pictures.low, "pictures_high": each.pictures.high, "needed": each.needed,
            "verdict": each.verdict, "reason": each.reason,
        }
        for each in comparisons
    ]  # fmt: skip
    return worded(rows, VERDICTS)


def worded(rows: Sequence[Mapping[str, Any] | Sequence], columns: Iterable[str]) -> pd.DataFrame:
    """A table of rows whose messages can still be told: pandas would make plain text of a column of them."""
    table = pd.DataFrame(rows, columns=list(columns))
    for place, name in enumerate(table):
        values = [row.get(name) if isinstance(row, Mapping) else row[place] for row in rows]
        if any(isinstance(value, Message) for value in values):
            table[name] = pd.Series(values, dtype=object)
    return table


_OWN_WORDS = {
    "verdict": WORDS,
    "origin": (message("measured"), message("imported"), message("reported"), message("reference")),
    "split": (
        message("source"), message("frame"), message("block"), message("list"), message("none"), message("unknown")
    ),
}  # fmt: skip
"""Columns whose values are of the Lab's own choice, with what they can be."""


def as_text(table: pd.DataFrame, columns: dict[str, str], words: Words = ENGLISH) -> pd.DataFrame:
    """The columns with their titles, every value as text; what is missing as a dash."""
    told = {
        words.tell(title): [cell_text(value, FORMATS.get(name, ""), words) for value in with_words(table, name, words)]
        for name, title in columns.items()
    }
    return pd.DataFrame(told)


def as_markdown(table: pd.DataFrame, columns: dict[str, str], words: Words = ENGLISH) -> str:
    """A Markdown table, numbers to the right."""
    text = as_text(table, columns, words).map(lambda cell: cell.replace("|", "\\|").replace("\n", " "))
    rule = ["---:" if name in FORMATS else "---" for name in columns]
    rows = [list(text), rule, *text.itertuples(index=False)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def as_latex(table: pd.DataFrame, columns: dict[str, str], words: Words = ENGLISH) -> str:
    """A LaTeX table for the package booktabs, numbers to the right."""
    kinds = "".join("r" if name in FORMATS else "l" for name in columns)
    text = as_text(table, columns, words).map(escaped).rename(columns=escaped)
    return text.to_latex(index=False, escape=False, column_format=kinds)


def with_words(table: pd.DataFrame, name: str, words: Words) -> pd.Series:
    """A column whose values are told where they are the Lab's own words; names that people gave stand as they are."""
    if name in _OWN_WORDS:
        return table[name].map(lambda value: words.tell(value) if isinstance(value, str) else value)
    if table[name].dtype == object:
        return table[name].map(lambda value: words.tell(value) if isinstance(value, Message) else value)
    return table[name]


def as_csv(table: pd.DataFrame, columns: dict[str, str]) -> str:
    """Comma-separated values in full precision, with the names of the columns; what is missing is empty."""
    return table[list(columns)].to_csv(index=False)


def cell_text(value: Any, form: str, words: Words) -> str:
    """A value as text: a number in its format of Python, else as short as it can be; a dash if it is missing."""
    if value is None or value is pd.NA or value != value:
        return MISSING
    if isinstance(value, str):
        return value
    if form:
        return words.number(float(value), form)
    return words.number(value, "g" if isinstance(value, float) else "")
