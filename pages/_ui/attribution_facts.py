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
from pages._ui.text import count, plain


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
    st.markdown(
        f"**{plain(place.source)}** · row {place.row}, col {place.col} · qindex {place.qindex}  \n"
        f"The encoder chose **{' → '.join(dict.fromkeys([*classes, kind.name]))}**"
    )
    _remarks(chosen, row, kind, around)
    steps = path(around.decisions, around.decisions.rows.tolist().index(row), stage)
    names = [chosen.labels[run] for run in chosen.subjects]
    charts.chart(probability_figure(steps, names), "block-probabilities")
    _who_decides(chosen, around)


def _steps(chosen: Chosen, row: int) -> None:
    found = turn(chosen.rows, row)
    back, on, text = st.columns([3, 3, 4], vertical_alignment="center")
    back.button("Previous", on_click=choose, args=(chosen.data, found.before), width="stretch", key="block-before")
    on.button("Next", on_click=choose, args=(chosen.data, found.after), width="stretch", key="block-after")
    of = count(len(chosen.rows), "block")
    text.caption(f"{found.place + 1:,} of {of}" if found.place is not None else f"not among the {of} chosen above")


def _remarks(chosen: Chosen, row: int, kind: Partition, around: Around) -> None:
    """What keeps a block from telling how good the run is."""
    title, label = chosen.stage.title, plain(chosen.labels[chosen.run])
    seen = chosen.stage.class_of(kind) is not None
    if not seen:
        outside = STAGES["stage1"].class_of(kind) is None
        why = f"{kind.name} lies outside the hierarchy" if outside else f"the encoder chose {kind.name}"
        st.info(f"{title} never sees this block: {why}.", icon=":material/visibility_off:")
    if around.known is None:
        st.warning(
            f"The dataset or its split has changed since {label} was trained: whether it trained on this block is not "
            "known.", icon=":material/warning:",
        )  # fmt: skip
    elif not around.known.validates[row]:
        trained = f": {label} trained on it" if seen else ""
        st.warning(f"This block is of the training side{trained}.", icon=":material/school:")


def _who_decides(chosen: Chosen, around: Around) -> None:
    backbones = chosen.runs.set_index("run")["stage1_run"]
    own = chosen.run if chosen.stage.name == "stage1" else backbones[chosen.run]
    said = []
    for name, run in around.others.items():
        if name in around.decisions.probabilities:
            strange = run not in (own, chosen.run) and backbones[run] != own
            of = " (on another Stage-1 run)" if strange else ""
            said.append(f"{STAGES[name].title}: {plain(chosen.labels[run])}{of}")
        else:
            said.append(f"{STAGES[name].title}: no run")
    st.caption(
        f"Decided by {' · '.join(said)}. Each at its best epoch; a stage is also asked about blocks that decisions do "
        "not lead to."
    )
