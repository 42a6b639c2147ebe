"""A small report in any language, with names of one's choice."""

from datetime import datetime

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from av1core.figures.theme import literal, style
from av1core.report.document import Column, Document, Mark, Picture, Section, Table
from av1core.translation import Language, message

COLUMNS = (
    Column("name", message("Experiment")),
    Column("seeds", message("Seeds"), ".0f"),
    Column("val_f1", message("Val F1 (%)"), ".2f", spread="half", best=True),
    Column("gap", message("Gap (pp)"), "+.2f"),
    Column("low", message("Δ (pp)"), "+.2f", upper="high"),
    Column("parameters", message("Trainable parameters"), ",.0f"),
)


def frame(names: tuple[str, str] = ("Baseline", "BN fix")) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": [*names, "Exp 03"],
            "origin": ["measured", "measured", "reported"],
            "seeds": [6, 6, 1],
            "val_f1": [58.21, 58.534, 58.53],
            "half": [0.117, 0.2, np.nan],
            "gap": [-0.32, 0.04, np.nan],
            "low": [np.nan, -0.1, np.nan],
            "high": [np.nan, 0.52, np.nan],
            "parameters": [165888, 1331776, np.nan],
        }
    )


def table(names: tuple[str, str] = ("Baseline", "BN fix"), text: str = "Of the validation side.") -> Table:
    marks = {"reported": Mark("†", text)}
    return Table("results", f"Results. {text}", frame(names), COLUMNS, group="origin", marks=marks, notes=(text,))


def picture(name: str = "curve", text: str = "Macro-F1 by epoch") -> Picture:
    figure = go.Figure().add_scatter(x=[1, 2, 3], y=[50.5, 55.25, 58.5], name=literal(text))
    return Picture(name, text, style(figure, text, "Epoch", "Macro-F1 (%)", 300))


def document(
    language: Language = "en", names: tuple[str, str] = ("Baseline", "BN fix"), text: str = "Macro-F1 by epoch"
) -> Document:
    """names: of the two configurations; text: stands in every other place that takes a text."""
    sections = (
        Section("results", text, (text, table(names, text), picture(text=text))),
        Section("methods", "Methods", ("Trained with γ = 4 ± 0.",)),
    )
    return Document(text, text, datetime(2026, 3, 1), sections, language)
