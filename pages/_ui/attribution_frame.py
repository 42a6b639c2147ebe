"""The frame of the Block view: the picture with its tree, what is true and what is predicted, and the block's facts."""

import streamlit as st

from av1core.analysis.maps.companions import companions
from av1core.analysis.maps.frame_decisions import FrameDecisions, frame_decisions
from av1core.analysis.maps.moves import Sides, first_row, frame_rows, offer
from av1core.dataset.explore import frame_nodes
from av1core.dataset.folder import Dataset
from av1core.dataset.record import Source
from av1core.figures.frame import confidence_overlay, decided_overlay, error_overlay, overlay
from av1core.translation import message
from pages._ui.attribution_asked import probabilities, sides_of
from pages._ui.attribution_choice import Chosen
from pages._ui.attribution_facts import Around, block_facts
from pages._ui.attribution_place import choose
from pages._ui.frame_viewer import frame_viewer, picture
from pages._ui.links import named_choice
from pages._ui.state import shown_errors
from pages._ui.text import plain
from pages._ui.words import plural, tell, words

TRUE, DECIDED = message("True tree"), message("Predicted tree")
ERRORS, CONFIDENCE = message("Errors"), message("Confidence")
SHOWN = {
    TRUE: message("The encoder's tree. Only whole 16×16 nodes can be chosen: they are what the hierarchy predicts."),
    DECIDED: message("16×16 nodes as the likelier class of each stage decides them, over the encoder's tree in grey."),
    ERRORS: message("The blocks that the run's stage sees, by whether its likelier class is the encoder's."),
    CONFIDENCE: message("The blocks that the run's stage sees, by the probability of its likelier class."),
}
"""What the frame can show, and what each is."""


def show(chosen: Chosen, row: int) -> None:
    """The frame of a block and what is known of the block. row: of the dataset's block table, a whole 16×16 node."""
    data = chosen.data
    place = _place(data, row)
    known = sides_of(chosen.run)
    shown = _controls(chosen, known, *place)
    others = companions(chosen.run, chosen.runs)
    found = {}
    for stage, run in others.items():
        with shown_errors(stop=chosen.run == run):
            found |= {stage: probabilities(run, *place)} if run else {}
    rows = frame_rows(data, *place)
    beside = probabilities(chosen.beside, *place) if chosen.beside else None
    decisions = frame_decisions(data, rows, found, beside)
    left, right = st.columns([5, 3])
    with left:
        _viewer(chosen, shown, decisions, row)
    with right:
        block_facts(chosen, row, Around(decisions, others, known))


def _controls(chosen: Chosen, known: Sides | None, source: int, frame: int, qindex: int) -> str:
    """Controls that choose the first block of another frame, of those that the filter leaves if it has one, and the one
    of SHOWN that is returned."""
    data = chosen.data
    offered = offer(data, source, frame)

    def named(place: int) -> str:
        trained = known is not None and place not in known.sources
        name = data.sources[place].name
        return tell("{source} (training side)", source=name) if trained else name

    def control(name: str, title: str, options: list[int], now: int, width: int, called=str) -> None:
        key = f"frame-{name}"
        st.session_state[key] = now
        place = {"source": source, "frame": frame, "qindex": qindex}
        st.selectbox(
            title, options, key=key, format_func=called, on_change=_move, args=(chosen, place, name), width=width
        )

    with st.container(horizontal=True, vertical_alignment="bottom"):
        control("source", tell("Source"), offered.sources, source, 300, named)
        control("qindex", tell("qindex"), offered.qindexes, qindex, 120)
        if len(offered.frames) > 1:
            title = tell("Mosaic page") if data.sources[source].mosaic else tell("Frame of the clip")
            numbers = data.sources[source].numbers
            control("frame", title, offered.frames, frame, 160, lambda place: str(numbers[place]))
    return named_choice(tell("Show"), list(SHOWN), "show")


def _move(chosen: Chosen, place: dict[str, int], name: str) -> None:
    place = place | {name: st.session_state[f"frame-{name}"]}
    choose(chosen.data, first_row(chosen.data, chosen.rows, **place))


def _viewer(chosen: Chosen, shown: str, decisions: FrameDecisions, row: int) -> None:
    data, stage = chosen.data, chosen.stage
    place = _place(data, row)
    source = data.sources[place[0]]
    nodes = frame_nodes(data, *place)
    rows = decisions.rows.tolist()
    if shown == TRUE:
        drawn = overlay(nodes, decisions.rows)
    elif shown == DECIDED:
        drawn = decided_overlay(nodes, decisions, words())
    elif shown == ERRORS:
        drawn = error_overlay(nodes, decisions, stage, [chosen.labels[run] for run in chosen.subjects], words())
    else:
        drawn = confidence_overlay(nodes, decisions, stage, words())
    frame_viewer(
        picture(data, *place[:2]), drawn, width=source.width, height=source.height, selected=rows.index(row),
        label=plural(
            "{source} at qindex {qindex}, {shown}, {count:,} block of 16×16",
            "{source} at qindex {qindex}, {shown}, {count:,} blocks of 16×16",
            len(rows), source=source.name, qindex=place[2], shown=tell(shown).lower(),
        ),
        name=f"frame-{source.name}-{place[2]}", key="attribution-frame",
        on_choose=lambda node: choose(data, rows[node]),
    )  # fmt: skip
    st.caption(f"{tell(SHOWN[shown])} {tell('Click a block to choose it; hold the pointer over one to read it.')}")
    _credit(source)


def _place(data: Dataset, row: int) -> tuple[int, int, int]:
    """Source, frame and qindex of a block."""
    return tuple(int(getattr(data.blocks, name)[row]) for name in ("source", "frame", "qindex"))


def _credit(source: Source) -> None:
    if source.mosaic:
        st.caption(tell("These are separate blocks laid side by side: what lies next to a block means nothing."))
    elif source.title or source.author:
        st.caption(" · ".join(plain(text) for text in (source.title, source.author, source.licence) if text))
