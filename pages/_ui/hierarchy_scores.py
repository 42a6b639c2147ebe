"""What the Hierarchy page shows of an evaluation: headline, search curves, mistakes and scores by qindex."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import streamlit as st

from av1core.analysis import hierarchy as analysis
from av1core.analysis.hierarchy import ALL, TYPES, Evaluation
from av1core.figures.confusions import confusion_figure
from av1core.figures.hierarchy import search_figure, stage_error_figure
from av1core.translation import message
from pages._ui import charts
from pages._ui.charts import chart
from pages._ui.text import percent, plain
from pages._ui.words import plural, tell, words

MOST_LOST = 5
"""% of right partitions that the headline allows to be lost."""
CHOSEN = message("Chosen stages")
BELOW = message("Below it: how much more than logistic regression in every stage, in percentage points (pp).")
HEADLINE = {
    "f1": (message("Macro-F1"), message("Mean F1 of the types that occur, of eight. {below}", below=BELOW)),
    "accuracy": (message("Accuracy"), BELOW),
    "avoided": (
        message("Search avoided at {lost} % lost", lost=MOST_LOST),
        message(
            "At the threshold that is best for these very blocks: an upper bound of what a threshold fixed beforehand "
            "avoids. {below}",
            below=BELOW,
        ),
    ),
}


@dataclass(frozen=True)
class Shown:
    """Evaluations as they are looked at: at all qindexes, and at the chosen one, `part` and what stands beside it.

    beside: references by name. way: one of `ways`, which names them.
    """

    whole: Evaluation
    part: Evaluation
    beside: Mapping[str, Evaluation]
    qindex: str
    way: str
    ways: Mapping[str, str]

    @cached_property
    def curves(self) -> dict[str, pd.DataFrame]:
        """Search curves at the chosen qindex, by name."""
        compared = {CHOSEN: self.part, **self.beside}
        return {name: analysis.search_curve(each.probabilities, each.labels) for name, each in compared.items()}


def headline(shown: Shown, reference: str) -> None:
    """The scores of the chosen stages, and how much more they are than those of a reference of `shown.beside`."""
    ours = analysis.headline(shown.part, shown.way, shown.curves[CHOSEN], MOST_LOST)
    theirs = analysis.headline(shown.beside[reference], shown.way, shown.curves[reference], MOST_LOST)
    with st.container(horizontal=True):
        for key, (title, about) in HEADLINE.items():
            more = ours[key] - theirs[key]
            st.metric(
                tell(title), percent(ours[key] / 100), f"{words().number(more, '+.2f')} pp", "off", help=tell(about),
                delta_arrow="down" if more < 0 else "up", delta_description=tell("vs. regression"),
            )  # fmt: skip
        st.metric(tell("Validation blocks"), words().number(len(shown.part.labels), ","))


def search(shown: Shown) -> None:
    """How much search is avoided against what is lost: beside the references, and at each qindex."""
    curves = {tell(name): curve for name, curve in shown.curves.items()}
    by_qindex = {
        tell("qindex {value}", value=value) if value != ALL else tell(ALL): analysis.search_curve(
            shown.whole.at(value).probabilities, shown.whole.at(value).labels
        )
        for value in shown.whole.qindexes()
    }
    left, right = st.columns(2)
    with left:
        title, dotted = tell("Search avoided, partitions lost"), [tell(name) for name in shown.beside]
        chart(search_figure(curves, dotted, title, words=words()), "search")
    with right:
        chart(search_figure(by_qindex, (), tell("The same by qindex"), words=words()), "search-qindex")
    st.caption(
        tell(
            "Lines: only types at least as likely as a threshold τ are searched, and always the likeliest; diamonds: "
            "the k likeliest. Lower and further right is better. Every type counts one eighth of the search, though "
            "they cost an encoder unlike time; a lost partition is replaced by another, whose cost in bits is not "
            "counted here."
        )
    )


def mistakes(shown: Shown) -> None:
    """Which type is taken for which, and at which stage the first wrong decision falls."""
    way = tell(shown.ways[shown.way])
    if shown.qindex == ALL:
        title = tell("{way}, all qindexes", way=way)
    else:
        title = tell("{way}, qindex {value}", way=way, value=shown.qindex)
    left, right = st.columns([3, 2])
    with left:
        confusion = shown.part.confusion(shown.way)
        chart(confusion_figure(confusion, [kind.name for kind in TYPES], title, words()), "confusion")
    with right:
        errors = {
            tell(name): analysis.stage_errors(shown.part.labels, shown.part.decided(each))
            for each, name in shown.ways.items()
        }
        chart(stage_error_figure(errors, words()), "stage-errors")


def scores(shown: Shown, dataset: str) -> None:
    """The table of scores by qindex and way. dataset: its name."""
    st.header(tell("By qindex"))
    table = analysis.score_table(shown.whole)
    table = table.assign(qindex=table["qindex"].map(tell), decision=table["decision"].map(shown.ways).map(tell))
    titles = {"qindex": message("qindex"), "decision": message("Decision"), "blocks": message("Blocks")}
    titles |= {"f1": message("Macro-F1"), "accuracy": message("Accuracy")}
    numbers = {name: "," if name == "blocks" else ".2f" for name in table.columns[2:]}
    config = {name: charts.column(name, titles.get(name, name), numbers.get(name)) for name in table}
    st.dataframe(charts.in_language(table, numbers), hide_index=True, column_config=config, placeholder="–")
    left_out = plural(
        "Left out: {count:,} block of HORZ_4 or VERT_4.", "Left out: {count:,} blocks of HORZ_4 or VERT_4.",
        shown.whole.left_out,
    )  # fmt: skip
    measured = tell(
        "F1 and accuracy in %, on the validation side of {dataset}, natural mix of types: every whole 16×16 block, "
        "whichever stages it needs.",
        dataset=plain(dataset),
    )
    chance = tell("One run a stage is one seed: a difference between two such choices can be chance.")
    st.caption(f"{measured} {left_out} {chance}")
