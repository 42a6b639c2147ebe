"""The dashboard as a user has it: a server process of its own on a free port."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

_ERROR = re.compile("traceback|error|exception|critical", re.IGNORECASE)


class Server(NamedTuple):
    """A running dashboard: where it answers, and its process."""

    address: str
    pid: int


@contextmanager
def dashboard(runs_dir: Path, log: Path, datasets: str = "data") -> Iterator[Server]:
    """Start `streamlit run app.py` on a runs folder and dataset roots; the server ends with the block."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    environment = os.environ | {"AV1LAB_RUNS": str(runs_dir), "AV1LAB_DATASETS": datasets}
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        address = f"http://localhost:{port}"
        _wait_until_healthy(server, address, log)
        yield Server(address, server.pid)
    finally:
        server.terminate()
        server.wait(20)


def error_lines(log: Path) -> list[str]:
    """The lines of a server's log that tell of an error, a traceback's first and last among them."""
    return [line for line in log.read_text(errors="replace").splitlines() if _ERROR.search(line)]


def _wait_until_healthy(server: subprocess.Popen, address: str, log: Path) -> None:
    deadline = time.time() + 60
    while time.time() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"the dashboard did not start: {log.read_text()}")
