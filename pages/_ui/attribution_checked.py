"""What the checks of the Trust view found, kept for every session, and what the other views say of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import streamlit as st

from av1core.analysis.maps.checks import MARKS
from av1core.analysis.maps.methods import MapSpec
from pages._ui.attribution_choice import Chosen
from pages._ui.text import plain
from pages._ui.words import tell

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject
    from av1core.analysis.maps.trust import Trust
    from av1core.translation import Message


def found_for(subject: "Subject", spec: MapSpec, of: tuple) -> "Trust | None":
    """What was found for these blocks, if it is kept."""
    asked, trust = _kept().get(_name(subject, spec), (None, None))
    return trust if asked == of else None


def keep(subject: "Subject", spec: MapSpec, of: tuple, trust: "Trust") -> None:
    """Remember what was found. of: the blocks, the class and the run that says which classes are predicted."""
    _kept()[_name(subject, spec)] = of, trust


def known_failures(chosen: Chosen, spec: MapSpec, run: str | None = None) -> "list[Message]":
    """What a method fails for a run, by default the first, as sentences; none too where it was not checked yet.

    Of the check that was made last, whichever blocks it drew.
    """
    last = _kept().get(_name(chosen.subjects[run or chosen.run], spec))
    return [] if last is None else [check.sentence for check in last[1].failures]


def label_failures(chosen: Chosen, specs: Iterable[MapSpec], run: str) -> None:
    """A line for each method that is known to fail for a run."""
    for spec in specs:
        if failures := known_failures(chosen, spec, run):
            why = plain(" ".join(map(tell, failures)))
            badge = f":red-badge[✕ {tell(MARKS['fails'])}]"
            st.markdown(f"{badge} **{tell(spec.title)}**, {plain(chosen.labels[run])}: {why}")


def _name(subject: "Subject", spec: MapSpec) -> tuple:
    return subject.weights, subject.dataset.fingerprint, spec


@st.cache_resource(show_spinner=False)
def _kept() -> dict[tuple, tuple[tuple, "Trust"]]:
    """What the last check of a model, a dataset and a spec was of, and what it found, for every session."""
    return {}
