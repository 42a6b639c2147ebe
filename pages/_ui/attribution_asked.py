"""What the Block view asks runs about a frame, kept for every session until their files change."""

from pathlib import Path

import streamlit as st

from av1core.analysis.maps.moves import Sides, frame_rows, sides
from av1core.runs.folder import RunFolder
from pages._ui.state import changed, dataset, dataset_changed, run_folder, subject
from pages._ui.words import tell


def probabilities(run: str, source: int, frame: int, qindex: int):
    """A run's class probabilities of a frame's whole 16×16 nodes, float64 (N, classes)."""
    folder = run_folder(run)
    path = folder.spec().dataset
    weights = changed(folder.best_file, folder.backbone_file)
    with st.spinner(tell("Asking the stages about every block of this frame…")):
        return _asked(run, str(folder.path), weights, path, dataset_changed(path), source, frame, qindex)


@st.cache_data(max_entries=128, show_spinner=False)
def _asked(run: str, folder: str, weights: tuple, path: str, data: tuple, source: int, frame: int, qindex: int):
    asked = subject(run)
    return asked.probabilities(asked.blocks(frame_rows(asked.dataset, source, frame, qindex)))


def sides_of(run: str) -> Sides | None:
    """As `sides`."""
    folder = run_folder(run)
    path = folder.spec().dataset
    return _sides(str(folder.path), changed(folder.provenance_file), path, dataset_changed(path))


@st.cache_resource(max_entries=16, show_spinner=False)
def _sides(folder: str, provenance: tuple, path: str, data: tuple) -> Sides | None:
    return sides(RunFolder(Path(folder)), dataset(path))
