"""The foot of the Compare page: verdicts against a baseline by fixed rules, and the results at the best epoch."""

import pandas as pd
import streamlit as st

from av1core.analysis.comparisons import beside
from av1core.analysis.curves import class_f1, with_class_f1
from av1core.analysis.selection import pinned
from av1core.analysis.statistics import MARGIN
from av1core.analysis.tables import CLASS_F1, EXPERIMENTS, FORMATS, RUNS, VERDICTS, verdict_rows
from av1core.analysis.verdicts import RULES, Comparison
from av1core.figures.forest import forest
from av1core.partition import STAGES
from pages._ui import charts
from pages._ui.analyses import compared
from pages._ui.compare_choice import Chosen
from pages._ui.links import linked_one
from pages._ui.state import shown_errors
from pages._ui.widgets import references_choice
from pages._ui.words import tell, words


def verdicts(chosen: Chosen) -> tuple[str, list[Comparison]]:
    """The baseline that is chosen, and what every other one comes to against it."""
    st.header(tell("Verdicts"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        baseline = linked_one(
            "baseline", tell("Baseline"), list(chosen.table["experiment"]), pinned(chosen.table), chosen.labels.get,
            help=tell(
                "Δ is val macro-F1 minus the baseline's, in percentage points, within one stage, dataset and split. "
                "Pin one on the Runs page to begin with it."
            ),
        )  # fmt: skip
        margin = st.number_input(
            tell("Margin (pp)"), 0.05, 10.0, MARGIN, 0.05, key="margin", bind="query-params", width=150,
            help=tell("Differences within ± this count as equivalent."),
        )  # fmt: skip
    found: list[Comparison] = []
    with shown_errors(stop=False):
        found = compared(chosen.table, baseline, chosen.runs, margin)
    if len(found) < len(chosen.table) - 1:
        left_out = chosen.count(len(chosen.table) - 1 - len(found))
        st.caption(tell("{things} validated on other blocks than the baseline: not compared.", things=left_out))
    if found:
        drawn = chosen.kept("forest", *found, margin, make=lambda: forest(found, chosen.labels, margin, words()))
        charts.chart(drawn, "compare-forest", f"verdicts-{chosen.stage}")
        charts.table(verdict_rows(found, chosen.labels), VERDICTS, f"verdicts-{chosen.stage}")
    elif len(chosen.table) == 1:
        st.caption(tell("Choose a second one to compare with it."))
    with st.expander(tell("The rules")):
        st.markdown("\n".join(f"- *{tell(word)}*: {tell(rule)}" for word, rule in RULES))
    return baseline, found


def table(chosen: Chosen, baseline: str, found: list[Comparison]) -> None:
    """One row a chosen experiment or run, with what was reported and what is trivial beside."""
    st.header(tell("Results at the best epoch"))
    with st.container(horizontal=True):
        reported = st.toggle(tell("Show reported results"), value=True, key="reported", bind="query-params")
        trivial = references_choice(chosen.runs, chosen.stage, "trivial")
    classes = STAGES[chosen.stage].classes

    def told() -> pd.DataFrame:
        named = chosen.table.assign(name=chosen.table["experiment"].map(chosen.labels), seed=_seeds(chosen))
        rows = beside(named, found, baseline, trivial, reported)
        return with_class_f1(rows, class_f1(chosen.index, chosen.runs, classes), "experiment", classes)

    with shown_errors():
        rows = chosen.kept("results", *found, baseline, reported, tuple(trivial.items()), make=told)
    columns = (RUNS if chosen.single else EXPERIMENTS) | CLASS_F1[chosen.stage]
    charts.table(rows, columns, f"results-{chosen.stage}")
    st.caption(
        tell(
            "Macro-F1 on the natural class mix of the validation side, every run at its own best epoch; means over "
            "seeds. One seed establishes nothing. Reported rows come from other data and a split by block; their Δ is "
            "to their own baseline. References are scored on the validation blocks of the runs."
        )
    )
    with st.expander(tell("The runs, to open")):
        runs = chosen.runs.assign(link="runs?run=" + chosen.runs["run"])
        config = {
            "link": st.column_config.LinkColumn(tell("Open"), display_text=tell("Open")),
            **{name: charts.column(name, RUNS[name]) for name in ("name", "seed", "best_epoch", "val_f1")},
            "run": st.column_config.Column(tell("Folder")),
        }
        shown = charts.in_language(runs[list(config)], {name: FORMATS[name] for name in ("best_epoch", "val_f1")})
        st.dataframe(shown, hide_index=True, column_config=config, placeholder="–")


def _seeds(chosen: Chosen) -> pd.Series | None:
    return chosen.runs["seed"].reset_index(drop=True) if chosen.single else None
