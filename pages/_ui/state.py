"""What every page shares in one server process: the index, the launcher, open datasets and loaded models."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from av1core import settings
from av1core.analysis.ledger import Ledger
from av1core.dataset.folder import Dataset
from av1core.errors import LabError
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.launcher import Launcher
from av1core.runs.queue import LAB, RunQueue
from av1core.runs.workers.base import Workers
from av1core.runs.workers.choose import make_workers
from pages._ui.access import access, author
from pages._ui.text import plain
from pages._ui.words import tell

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject
    from av1core.dataset.jobs import Builds, Jobs


def index() -> RunIndex:
    """The index over the runs folder, up to date."""
    current = _index(settings.runs_dir().absolute())
    current.refresh()
    return current


def launcher() -> Launcher:
    """Changes runs through the workers of this server process, as this session may change them."""
    return Launcher(settings.runs_dir().absolute(), access(), workers())


def workers() -> Workers:
    """What trains the runs of this server process."""
    return _workers(settings.runs_dir().absolute())


def jobs() -> "Jobs":
    """The dataset builds of this server process, as this session may change them."""
    from av1core.dataset.jobs import Jobs

    return Jobs(_builds(settings.dataset_roots()[-1].absolute()), access())


def ledger() -> Ledger:
    """The hypotheses of the runs folder, as this session may change them."""
    return Ledger(settings.runs_dir().absolute(), access(), author())


def run_folder(run: str) -> RunFolder:
    return RunFolder.open(settings.runs_dir().absolute(), run)


def dataset(path: str) -> Dataset:
    """An open dataset, read again when its files change."""
    return _dataset(path, dataset_changed(path))


def subject(run: str) -> "Subject":
    """A run's model at its best epoch, on the CPU, ready to be looked into; read again when its files change."""
    folder = run_folder(run)
    path = folder.spec().dataset
    return _subject(str(folder.path), changed(folder.best_file, folder.backbone_file), path, dataset_changed(path))


def dataset_changed(path: str) -> tuple:
    """A value that is another when the dataset's files are."""
    return changed(Path(path) / "dataset.json", Path(path) / "blocks.parquet")


def changed(*files: Path) -> tuple:
    """A value that is another when one of the files is."""
    return tuple(file.stat().st_mtime_ns if file.exists() else None for file in files)


def error_text(error: LabError) -> str:
    """What an error says, in the language of the session, for Markdown."""
    return plain(tell(error.args[0]) if error.args else str(error))


@contextmanager
def shown_errors(stop: bool = True) -> Iterator[None]:
    """Show a LabError on the page instead of a traceback; `stop` ends this run of the page, else it goes on after."""
    try:
        yield
    except LabError as error:
        st.error(error_text(error), icon=":material/error:")
        if stop:
            st.stop()


@st.cache_resource
def _index(runs_dir: Path) -> RunIndex:
    return RunIndex(runs_dir)


@st.cache_resource(show_spinner=False)
def _workers(runs_dir: Path) -> Workers:
    return make_workers(RunQueue(runs_dir))


@st.cache_resource(show_spinner=False)
def _builds(root: Path) -> "Builds":
    from av1core.dataset.jobs import Builds

    return Builds(root)


@st.cache_resource(max_entries=4, show_spinner="Opening the dataset…")
def _dataset(path: str, changed: tuple) -> Dataset:
    return Dataset.open(path)


@st.cache_resource(max_entries=6, show_spinner="Loading the model…")
def _subject(folder: str, changed: tuple, path: str, data: tuple) -> "Subject":
    from av1core.analysis.maps.store import ArrayStore
    from av1core.analysis.maps.subject import Subject

    store = ArrayStore(settings.runs_dir() / LAB / "maps.sqlite", writable=not settings.readonly())
    return Subject(RunFolder(Path(folder)), dataset(path), store)
