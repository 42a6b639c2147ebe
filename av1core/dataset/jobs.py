"""Builds in background threads, as the dashboard starts them: progress to look at, a stop, and a way to go on later."""

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Event, Lock, Thread

from av1core.dataset.build import build
from av1core.dataset.draft import draft_folder
from av1core.dataset.encoding import Encoding
from av1core.dataset.folder import require_free
from av1core.dataset.sources import collect
from av1core.dataset.work import Progress
from av1core.errors import Cancelled, DatasetError, LabError
from av1core.media.clips import RawLayout
from av1core.media.frame_choice import FrameChoice
from av1core.storage import file_name, read_json, write_json_atomically

_REQUEST, _UPLOADS = "request.json", "uploads"


@dataclass(frozen=True)
class BuildRequest:
    """A dataset to build from all pictures and videos of a folder, or from one file.

    out: the dataset folder. inputs: the folder or file; None stands for the pictures uploaded with it. speed: libaom's
    cpu-used. frames, raw: of videos, as `FrameChoice` and `RawLayout` read them; raw may be empty. author, licence: of
    all sources.
    """

    out: str
    inputs: str | None
    qindexes: tuple[int, ...]
    speed: int = 2
    frames: str = "all"
    raw: str = ""
    author: str = ""
    licence: str = ""

    @property
    def name(self) -> str:
        return Path(self.out).name


@dataclass
class Job:
    """A build as it stands. state: "running", "finished", "stopped" or "failed"; message: why it ended."""

    request: BuildRequest
    state: str = "running"
    message: str = ""
    progress: Progress | None = None
    stopping: Event = field(default_factory=Event)

    def stop(self) -> None:
        """Ask for the end; the encodes under way are finished and kept first."""
        self.stopping.set()


class Jobs:
    """The builds of one process, at most one of them running: an encoder leaves no core idle."""

    def __init__(self, root: Path):
        """root: the folder in which new datasets are made."""
        self.root = root
        self.jobs: list[Job] = []
        self._lock = Lock()

    def new_request(self, name: str, **settings) -> BuildRequest:
        """A request for a new dataset of this name in the root. DatasetError if the name will not do or is taken."""
        if not re.fullmatch(r"\w[\w.-]{0,79}", name):
            raise DatasetError(f'"{name}" is no name for a dataset; use letters, digits, "_", "-" and ".".')
        request = BuildRequest(out=str(self.root / name), **settings)
        require_free(Path(request.out))
        if draft_folder(Path(request.out)).exists():
            raise DatasetError(
                f"There is an unfinished build of {name}; go on with it, discard it, or take another name."
            )
        return request

    def upload(self, request: BuildRequest, files: Iterable[tuple[str, bytes]]) -> None:
        """Keep uploaded pictures, (file name, content) each, with the draft that is to be built from them."""
        folder = draft_folder(Path(request.out)) / _UPLOADS
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files:
            # Only the last part of a name counts: no upload may choose its folder.
            (folder / file_name(Path(name).name)).write_bytes(content)

    def start(self, request: BuildRequest) -> Job:
        """Begin, or go on with, a build in a thread of its own. DatasetError while another one runs."""
        with self._lock:
            if running := [job.request.name for job in self.jobs if job.state == "running"]:
                raise DatasetError(f"{running[0]} is being built; wait until it has finished, or stop it.")
            job = Job(request)
            self.jobs = [other for other in self.jobs if other.request.out != request.out] + [job]
        folder = draft_folder(Path(request.out))
        folder.mkdir(parents=True, exist_ok=True)
        write_json_atomically(folder / _REQUEST, asdict(request))
        Thread(target=_run, args=(job,), name=f"build {request.name}", daemon=True).start()
        return job

    def unfinished(self) -> list[BuildRequest]:
        """Builds that were stopped, or killed with the server, and can go on."""
        busy = {job.request.out for job in self.jobs if job.state == "running"}
        found = (_read_request(file) for file in sorted(self.root.glob(f".*.partial/{_REQUEST}")))
        return [request for request in found if request is not None and request.out not in busy]

    def discard(self, request: BuildRequest) -> None:
        """Delete what an unfinished build has made so far."""
        shutil.rmtree(draft_folder(Path(request.out)), ignore_errors=True)
        self.jobs = [job for job in self.jobs if job.request.out != request.out]


def _run(job: Job) -> None:
    request = job.request

    def note(progress: Progress) -> None:
        job.progress = progress

    try:
        inputs = Path(request.inputs) if request.inputs else draft_folder(Path(request.out)) / _UPLOADS
        raw = RawLayout.parse(request.raw) if request.raw else None
        sources = collect([inputs], frames=FrameChoice.parse(request.frames), raw=raw)
        sources = [replace(source, author=request.author, licence=request.licence) for source in sources]
        # One core is left to the pages.
        workers = max((os.cpu_count() or 2) - 1, 1)
        encoding = Encoding(request.qindexes, speed=request.speed)
        build(sources, request.out, encoding, workers=workers, progress=note, cancelled=job.stopping.is_set)
        job.state = "finished"
    except Cancelled as error:
        job.state, job.message = "stopped", str(error)
    except LabError as error:
        job.state, job.message = "failed", str(error)
    except Exception as error:  # a thread must not end in silence
        job.state, job.message = "failed", f"{type(error).__name__}: {error}"


def _read_request(file: Path) -> BuildRequest | None:
    try:
        values = read_json(file)
        return BuildRequest(**{**values, "qindexes": tuple(values["qindexes"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
