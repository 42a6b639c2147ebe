"""The views of the Compare page at the best epoch: classes, confusion, pictures and qindex, search, and settings."""

import streamlit as st

from av1core.analysis.curves import class_f1, class_means
from av1core.analysis.evaluation import stage_sources
from av1core.analysis.experiments import settings
from av1core.analysis.hierarchy import STAND_INS, search_curve
from av1core.analysis.results import results
from av1core.analysis.tally import experiment_confusions, experiment_groups
from av1core.errors import LabError
from av1core.figures.classes import class_dots, group_dots
from av1core.figures.confusions import confusion_difference, confusion_pair
from av1core.figures.hierarchy import search_figure
from av1core.partition import STAGES
from av1core.runs.records import MEASURED
from av1core.translation import message
from pages._ui import charts
from pages._ui.analyses import hierarchy, tallies_of
from pages._ui.compare_choice import Chosen
from pages._ui.links import linked_one
from pages._ui.state import error_text, run_folder
from pages._ui.text import plain
from pages._ui.words import tell, words

MOST_SEARCHED = 6


def classes(chosen: Chosen) -> None:
    """F1 of each class."""
    values = class_f1(chosen.index, chosen.runs, STAGES[chosen.stage].classes)
    dots = class_dots(class_means(values), chosen.looks, chosen.labels, words())
    charts.chart(dots, "compare-classes", f"f1-by-class-{chosen.stage}")
    said = tell("At each run's best epoch; the mean over seeds and its 95 % interval, which one seed does not have.")
    st.caption(f"{said} {chosen.without(values)}")


def confusion(chosen: Chosen) -> None:
    """The confusion matrices of two, side by side and as a difference."""
    found = experiment_confusions(chosen.runs, tallies_of(chosen.runs))
    _say_lacking(chosen, found)
    keys = [key for key, each in found.items() if not isinstance(each, LabError)]
    if not keys:
        return
    columns = st.columns(2)
    picked = []
    for column, name, title, place in zip(
        columns, ("left", "right"), (tell("On the left"), tell("On the right")), (0, min(1, len(keys) - 1)), strict=True
    ):
        with column:
            picked.append(linked_one(name, title, keys, keys[place], chosen.labels.get))
    left, right = (found[key] for key in picked)
    names, titles = STAGES[chosen.stage].classes, tuple(chosen.labels[key] for key in picked)
    pair = confusion_pair(left, right, names, titles, words())
    charts.chart(pair, "compare-confusions", f"confusions-{chosen.stage}")
    difference = confusion_difference(left, right, names, tell("Difference: right − left"), words())
    charts.chart(difference, "compare-difference", f"difference-{chosen.stage}")
    st.caption(tell("Validation blocks, summed over the seeds of each, every run at its best epoch."))


def groups(chosen: Chosen) -> None:
    """Macro-F1 by qindex and by picture."""
    counted = tallies_of(chosen.runs)
    for by, title in (("qindex", "qindex"), ("source", "picture")):
        found, lacking = experiment_groups(chosen.runs, counted, by)
        if by == "qindex":
            _say_lacking(chosen, lacking)
        if len(found):
            dots = group_dots(found, chosen.looks, chosen.labels, by, words())
            charts.chart(dots, f"compare-{by}", f"f1-by-{title}-{chosen.stage}")
    st.caption(
        tell(
            "At each run's best epoch: the mean over seeds, and their range. The mean F1 is over the classes that the "
            "group has, so it can be higher or lower than over all blocks."
        )
    )


def search(chosen: Chosen) -> None:
    """Search avoided by the hierarchy around one run of each."""
    table = results(chosen.index)
    measured = chosen.runs[(chosen.runs["origin"] == MEASURED) & (chosen.runs["state"] == "finished")]
    first = measured.drop_duplicates("experiment")
    shown = first.head(MOST_SEARCHED)
    curves, lines = {}, []
    for _, run in shown.iterrows():
        try:
            spec = run_folder(run["run"]).spec()
            sources = stage_sources(run, table)
            whole = hierarchy(spec.dataset, spec.split, sources)
        except LabError as error:
            lines.append(f"{plain(chosen.labels[run['experiment']])}: {error_text(error)}")
            continue
        curves[run["experiment"]] = search_curve(whole.probabilities, whole.labels)
        around = ", ".join(
            f"{STAGES[stage].title}: {tell(source) if source in STAND_INS else tell('run {run}', run=plain(source))}"
            for stage, source in sources.items()
        )
        lines.append(f"{plain(chosen.labels[run['experiment']])}: {around}")
    goal = tell("Search avoided against right partitions lost")
    drawn = search_figure(curves, (), goal, chosen.looks, chosen.labels, words())
    charts.chart(drawn, "compare-search", f"search-{chosen.stage}")
    said = tell(
        "A stage alone avoids no search over the eight types, so each is put into a hierarchy: the run of its first "
        "seed decides its stage, its backbone's run Stage 1, and the pinned baselines, or what stands in for them, "
        "the others. Lines: by threshold; diamonds: the k likeliest types. Lower and further right is better."
    )
    if len(shown) < len(chosen.table):
        said += " " + tell("Showing {shown} of {all}.", shown=len(shown), all=len(chosen.table))
    st.caption(said)
    with st.expander(tell("What decides each stage")):
        st.markdown("\n".join(f"- {line}" for line in lines))


def spec(chosen: Chosen) -> None:
    """The settings in which the chosen ones differ, or all."""
    every = st.toggle(tell("All settings"), key="all_settings", bind="query-params")
    specs = dict(zip(chosen.table["experiment"], chosen.table["spec"], strict=True))
    rows = settings(specs, differing=not every)
    if rows.empty:
        st.info(tell("None differs but the name and the seed."), icon=":material/info:")
        return
    columns = {"setting": message("Setting")} | {key: chosen.labels[key] for key in specs}
    charts.table(rows, columns, f"settings-{chosen.stage}")
    st.caption(
        tell(
            "From the full specs, the name and the seed left out. `unknown`: an imported run's files do not tell it, "
            "so it does not count as a difference."
        )
    )


def _say_lacking(chosen: Chosen, found: dict) -> None:
    for key, error in found.items():
        if isinstance(error, LabError):
            st.info(f"{plain(chosen.labels[key])}: {error_text(error)}", icon=":material/info:")
