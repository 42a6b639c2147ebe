"""Builds in background threads, as the dashboard starts them: progress to look at, a stop, and a way to go on later."""

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Event, Lock, Thread

from av1core.access import Access, changes
from av1core.dataset.build import build
from av1core.dataset.draft import discard_draft, draft_folder
from av1core.dataset.encoding import Encoding
from av1core.dataset.folder import require_free
from av1core.dataset.sources import collect
from av1core.dataset.uploads import keep_uploads
from av1core.dataset.work import Progress
from av1core.errors import Cancelled, DatasetError, LabError, said
from av1core.media.clips import RawLayout
from av1core.media.frame_choice import FrameChoice
from av1core.storage import is_file_name, read_json, write_json_atomically
from av1core.translation import message

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
    _stop: Event = field(default_factory=Event, init=False, repr=False)

    @property
    def stopping(self) -> bool:
        """Whether the end was asked for; the encodes under way are finished and kept first."""
        return self._stop.is_set()


@dataclass
class Builds:
    """What all sessions of a process share. root: the folder in which new datasets are made."""

    root: Path
    jobs: list[Job] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock, repr=False)


class Jobs:
    """The builds of a process, as one session sees and changes them.

    At most one of them runs, since an encoder leaves no core idle. What changes something raises AccessError where the
    session may only look.
    """

    def __init__(self, builds: Builds, access: Access):
        self.access = access
        self._builds = builds

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The last build of each dataset since the server began, the latest last."""
        return tuple(self._builds.jobs)

    def unfinished(self) -> list[BuildRequest]:
        """Builds that were stopped, or killed with the server, and can go on."""
        busy = {job.request.out for job in self.jobs if job.state == "running"}
        found = (_read_request(file) for file in sorted(self._builds.root.glob(f".*.partial/{_REQUEST}")))
        return [request for request in found if request is not None and request.out not in busy]

    @changes
    def new_request(self, name: str, **settings) -> BuildRequest:
        """A request for a new dataset of this name in the root. DatasetError if the name will not do or is taken."""
        _require_name(name)
        request = BuildRequest(out=str(self._builds.root / name), **settings)
        require_free(Path(request.out))
        if draft_folder(Path(request.out)).exists():
            raise _unfinished(request)
        return request

    @changes
    def upload(self, request: BuildRequest, files: Iterable[tuple[str, bytes]]) -> None:
        """Keep uploaded pictures, (file name, content) each, with the draft that is to be built from them.

        A LabError says which file is too much, or no picture; then nothing is kept.
        """
        out = self._place(request)
        try:
            self._builds.root.mkdir(parents=True, exist_ok=True)
            draft_folder(out).mkdir()
        except FileExistsError:
            raise _unfinished(request) from None
        except OSError as error:
            raise _not_created(out, error) from error
        try:
            _note(request)
            keep_uploads(files, draft_folder(out) / _UPLOADS)
        except OSError as error:
            discard_draft(out)
            raise _not_created(out, error) from error
        except BaseException:
            discard_draft(out)
            raise

    @changes
    def start(self, request: BuildRequest) -> Job:
        """Begin, or go on with, a build in a thread of its own. DatasetError while another one runs."""
        out = self._place(request)
        with self._builds.lock:
            if running := [job.request.name for job in self.jobs if job.state == "running"]:
                raise DatasetError(
                    message("{name} is being built; wait until it has finished, or stop it.", name=running[0])
                )
            if request.inputs is None and not (draft_folder(out) / _UPLOADS).is_dir():
                raise DatasetError(
                    message("The pictures of {name} did not all arrive; discard it and try again.", name=request.name)
                )
            try:
                draft_folder(out).mkdir(parents=True, exist_ok=True)
                _note(request)
            except OSError as error:
                raise _not_created(out, error) from error
            self._forget(request)
            self._builds.jobs.append(job := Job(request))
        Thread(target=_run, args=(job,), name=f"build {request.name}", daemon=True).start()
        return job

    @changes
    def stop(self, job: Job) -> None:
        """Ask for the end of a build; the encodes under way are finished and kept first."""
        job._stop.set()

    @changes
    def discard(self, request: BuildRequest) -> None:
        """Delete what an unfinished build has made so far. DatasetError while it is being built."""
        try:
            discard_draft(self._place(request))
        except OSError as error:
            raise DatasetError(
                message("{name} cannot be deleted: {reason}.", name=request.name, reason=str(error.strerror))
            ) from error
        with self._builds.lock:
            self._forget(request)

    def _place(self, request: BuildRequest) -> Path:
        """Where the dataset goes: directly in the root, whoever made the request."""
        out = Path(request.out)
        _require_name(out.name)
        if out.parent != self._builds.root:
            raise DatasetError(
                message("{out} is not directly in {root}, where datasets are made.", out=out, root=self._builds.root)
            )
        return out

    def _forget(self, request: BuildRequest) -> None:
        self._builds.jobs[:] = [job for job in self._builds.jobs if job.request.out != request.out]


def _require_name(name: str) -> None:
    if not is_file_name(name):
        raise DatasetError(
            message('"{name}" is no name for a dataset; use letters, digits, "_", "-" and ".".', name=name)
        )


def _unfinished(request: BuildRequest) -> DatasetError:
    return DatasetError(
        message(
            "There is an unfinished build of {name}; go on with it, discard it, or take another name.",
            name=request.name,
        )
    )


def _not_created(out: Path, error: OSError) -> DatasetError:
    return DatasetError(
        message(
            "{out} cannot be created: {reason}; make room, or choose another place.",
            out=out, reason=str(error.strerror),
        )
    )  # fmt: skip


def _note(request: BuildRequest) -> None:
    write_json_atomically(draft_folder(Path(request.out)) / _REQUEST, asdict(request))


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
        build(sources, request.out, encoding, workers=workers, progress=note, cancelled=job._stop.is_set)
        job.state = "finished"
    except Cancelled as error:
        job.state, job.message = "stopped", said(error)
    except LabError as error:
        job.state, job.message = "failed", said(error)
    except Exception as error:  # a thread must not end in silence
        job.state, job.message = "failed", f"{type(error).__name__}: {error}"


def _read_request(file: Path) -> BuildRequest | None:
    """The request that a draft holds, for the place where it lies now."""
    name = file.parent.name.removeprefix(".").removesuffix(".partial")
    try:
        values = read_json(file)
        here = {"out": str(file.parent.with_name(name)), "qindexes": tuple(values["qindexes"])}
        return BuildRequest(**{**values, **here})
    except (OSError, ValueError, TypeError, KeyError):
        return None
