"""The facts of the chosen block: where it lies, what the encoder chose, what every stage says, and steps to others."""

from dataclasses import dataclass

import streamlit as st

from av1core.analysis.maps.frame_decisions import FrameDecisions, path
from av1core.analysis.maps.moves import Sides, turn
from av1core.dataset.places import place_of
from av1core.figures.probabilities import probability_figure
from av1core.partition import STAGES, Partition
from pages._ui import charts
from pages._ui.attribution_choice import Chosen
from pages._ui.attribution_place import choose
from pages._ui.text import plain
from pages._ui.words import plural, tell, words


@dataclass(frozen=True, eq=False)
class Around:
    """decisions: of the block's frame. others: the run that decides each stage, as `companions` finds it. known: what
    the run did not train on."""

    decisions: FrameDecisions
    others: dict[str, str | None]
    known: Sides | None


def block_facts(chosen: Chosen, row: int, around: Around) -> None:
    """All that is known of a block, row of the block table, but its pixels and maps."""
    _steps(chosen, row)
    data, stage = chosen.data, chosen.stage
    place, kind = place_of(data, row), Partition(int(data.blocks.partition[row]))
    classes = [name for each in STAGES.values() if (name := each.class_of(kind))]
    where = tell("row {row}, col {col} · qindex {qindex}", row=place.row, col=place.col, qindex=place.qindex)
    chose = tell("The encoder chose **{types}**", types=" → ".join(dict.fromkeys([*classes, kind.name])))
    st.markdown(f"**{plain(place.source)}** · {where}  \n{chose}")
    _remarks(chosen, row, kind, around)
    steps = path(around.decisions, around.decisions.rows.tolist().index(row), stage)
    names = [chosen.labels[run] for run in chosen.subjects]
    charts.chart(probability_figure(steps, names, words()), "block-probabilities")
    _who_decides(chosen, around)


def _steps(chosen: Chosen, row: int) -> None:
    found = turn(chosen.rows, row)
    of = len(chosen.rows)
    if found.place is None:
        where = plural("not the one block chosen above", "not among the {count:,} blocks chosen above", of)
    else:
        where = plural("{place:,} of {count:,} block", "{place:,} of {count:,} blocks", of, place=found.place + 1)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(tell("Previous"), on_click=choose, args=(chosen.data, found.before), key="block-before")
        st.button(tell("Next"), on_click=choose, args=(chosen.data, found.after), key="block-after")
        st.caption(where, width="content")


def _remarks(chosen: Chosen, row: int, kind: Partition, around: Around) -> None:
    """What keeps a block from telling how good the run is."""
    title, label = chosen.stage.title, plain(chosen.labels[chosen.run])
    seen = chosen.stage.class_of(kind) is not None
    if not seen:
        if STAGES["stage1"].class_of(kind) is None:
            why = tell("{stage} never sees this block: {type} lies outside the hierarchy.", stage=title, type=kind.name)
        else:
            why = tell("{stage} never sees this block: the encoder chose {type}.", stage=title, type=kind.name)
        st.info(why, icon=":material/visibility_off:")
    if around.known is None:
        changed = tell(
            "The dataset or its split has changed since {run} was trained: whether it trained on this block is not "
            "known.",
            run=label,
        )
        st.warning(changed, icon=":material/warning:")
    elif not around.known.validates[row]:
        side = tell("This block is of the training side.")
        if seen:
            side = tell("This block is of the training side: {run} trained on it.", run=label)
        st.warning(side, icon=":material/school:")


def _who_decides(chosen: Chosen, around: Around) -> None:
    backbones = chosen.runs.set_index("run")["stage1_run"]
    own = chosen.run if chosen.stage.name == "stage1" else backbones[chosen.run]
    said = []
    for name, run in around.others.items():
        if name in around.decisions.probabilities:
            strange = run not in (own, chosen.run) and backbones[run] != own
            of = tell("{run} (on another Stage-1 run)", run=chosen.labels[run]) if strange else chosen.labels[run]
            said.append(f"{STAGES[name].title}: {plain(of)}")
        else:
            said.append(f"{STAGES[name].title}: {tell('no run')}")
    st.caption(
        tell(
            "Decided by {runs}. Each at its best epoch; a stage is also asked about blocks that decisions do not lead "
            "to.",
            runs=" · ".join(said),
        )
    )
