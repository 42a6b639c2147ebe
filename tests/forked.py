"""Processes and whole dashboards that start in no time: forks of one that has imported everything and done nothing."""

import ctypes
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue
from pathlib import Path

ROOT = Path(__file__).parents[1]

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["streamlit.web.cli", "streamlit.web.server.starlette.starlette_server", "uvicorn", "av1core.runs.execute",
     "pages._ui.state", "pages._ui.widgets"]
)  # fmt: skip


def start_dashboard(runs_dir: Path, log: Path, datasets: Path) -> BaseProcess:
    """A process that does what `streamlit run app.py` does, on a runs folder and a free port; it logs to a file."""
    process = PROCESSES.Process(target=_run_dashboard, args=(runs_dir, log, datasets), daemon=True)
    process.start()
    return process


def _run_dashboard(runs_dir: Path, log: Path, datasets: Path) -> None:
    from streamlit.web import cli

    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    os.chdir(ROOT)
    os.environ |= {"AV1LAB_RUNS": str(runs_dir), "AV1LAB_DATASETS": str(datasets)}
    sys.argv = ["streamlit", "run", "app.py"]
    cli.main(["run", "app.py", "--server.port", str(port), "--server.headless", "true"])


def warm_up() -> None:
    """Let the server of forked processes import everything, which the first of them would wait for."""
    process = PROCESSES.Process(target=int)
    process.start()
    process.join()


def with_own_mounts(body: Callable[..., None], *args) -> None:
    """Call a function in a process whose mounts nobody else sees; an assertion that fails there fails here.

    It takes root's rights, see `may_mount`.
    """
    problems = PROCESSES.SimpleQueue()
    process = PROCESSES.Process(target=_with_own_mounts, args=(problems, body, args))
    process.start()
    process.join()
    assert problems.empty(), problems.get()
    assert process.exitcode == 0


def _with_own_mounts(problems: SimpleQueue, body: Callable[..., None], args: tuple) -> None:
    try:
        # os.unshare begins with Python 3.12.
        assert ctypes.CDLL(None).unshare(_CLONE_NEWNS) == 0
        mount("--make-rprivate", "/")
        body(*args)
    except BaseException:
        problems.put(traceback.format_exc()[-20_000:])  # what a pipe holds until somebody reads it


_CLONE_NEWNS = 0x00020000


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def may_mount() -> bool:
    """Whether this system lets a process have mounts of its own."""
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", str(ROOT)]
    return shutil.which("unshare") is not None and subprocess.run(probe, capture_output=True).returncode == 0
