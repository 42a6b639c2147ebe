"""A Ray cluster, joined once a process. Nothing else imports Ray, and without it all but this works.

Workers get a copy of this process's code from Ray, and nothing else: nodes whose own copies differ would mix results
of two versions in one dataset or sweep. Datasets and runs are not copied; they lie on storage that every node sees
under the same path.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from av1core.errors import ClusterError
from av1core.hardware import cores
from av1core.translation import message

MAX_RETRIES = 3
"""How often a task is begun again after its node or its process was lost; errors that it raises are not retried."""

_OBJECT_STORE_BYTES = 100 * 2**20
"""Of a cluster of this machine alone; results go through files, and Ray would reserve a third of the memory."""

_RAY_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray prints what happens to nodes to standard output, which belongs to the command's own result.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
    # It logs results that nobody asked for as errors, those of cancelled tasks too.
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
    # It prints a stack trace when this process is told to end.
    "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
}
_RAY_SETTINGS_FOR_ADDRESS = {
    # Where something answers that is no cluster, or one that this machine is not a node of, Ray would try for minutes.
    "RAY_NUM_REDIS_GET_RETRIES": "1",
    "RAY_gcs_rpc_server_connect_timeout_s": "2",
    "RAY_py_gcs_connect_timeout_s": "5",
    "RAY_gcs_server_request_timeout_seconds": "10",
}
_COMMIT = "AV1LAB_COMMIT"
_TOKEN = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")

_joining = threading.Lock()


def connect(address: str = "", *, cpus: int | None = None) -> ModuleType:
    """Join the cluster at `address` (HOST:PORT), and return the module `ray`. A process keeps to the cluster it joined.

    An empty address stands for the one in RAY_ADDRESS, else for a cluster of this machine alone that ends with this
    process; cpus: of that one, all cores unless given. Raises ClusterError, within seconds, if Ray is not installed or
    the cluster cannot be joined.
    """
    address = address or os.environ.get("RAY_ADDRESS", "")
    if address:
        require_answer(address)
    with _joining:
        ray = _import_ray(address)
        if not ray.is_initialized():
            _join(ray, address, cpus)
    return ray


def require_answer(address: str) -> None:
    """Raises ClusterError, within seconds, unless something listens at HOST:PORT; Ray itself would wait for minutes."""
    try:
        place = urlsplit(f"//{address}")
        host, port = place.hostname, place.port
    except ValueError:
        host = port = None
    if not (host and port):
        raise ClusterError(
            message(
                "{address} is not the address of a Ray cluster; give HOST:PORT, as `ray start --head` prints it.",
                address=repr(address),
            )
        )
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as error:
        raise ClusterError(
            message(
                "No Ray cluster answers at {address} ({strerror}). Start it (`ray start --head`), or correct "
                "the address.",
                address=address,
                strerror=error.strerror or error,
            )
        ) from error


def remote(function: Callable, **options: Any):
    """`function` as a Ray task, with options of `ray.remote`; call it as `.remote(...)` once connected.

    It runs in this process's working folder where the node has that, so that relative paths mean the same files.
    """
    import ray

    folder = os.getcwd()

    def call(*args):
        with suppress(OSError):
            os.chdir(folder)
        return function(*args)

    return ray.remote(**{"max_retries": MAX_RETRIES, "name": function.__name__, **options})(call)


def result(task) -> Any:
    """What the function of a task returned or raised. Raises ClusterError if it was lost more often than retried."""
    import ray

    try:
        return ray.get(task)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise ClusterError(message("The cluster could not do it: {error}.", error=_reason(error))) from error


def cpu_count() -> int:
    """CPUs of all nodes of the cluster that was joined, as it is now; at least 1."""
    import ray

    return max(1, int(ray.cluster_resources().get("CPU", 0)))


def gpu_share(wanted: float | None) -> float:
    """GPUs of one run on the cluster that was joined: `wanted`, or if None 1 where there are GPUs, else 0."""
    import ray

    return min(1.0, ray.cluster_resources().get("GPU", 0.0)) if wanted is None else wanted


def room(gpus: float) -> int:
    """How many tasks of one CPU and this share of GPUs the cluster that was joined could begin at once now."""
    import ray

    free = ray.available_resources()
    cpus = int(free.get("CPU", 0))
    return min(cpus, int(free.get("GPU", 0) / gpus)) if gpus else cpus


def code_commit() -> str | None:
    """The git commit of this code, or in a worker of the code that it is a copy of; None if unknown."""
    if commit := os.environ.get(_COMMIT):
        return commit
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _import_ray(address: str) -> ModuleType:
    # Ray reads these when it is imported.
    for name, value in {**_RAY_SETTINGS, **(_RAY_SETTINGS_FOR_ADDRESS if address else {})}.items():
        os.environ.setdefault(name, value)
    if not address:
        # Else Ray writes a token to the home folder, which may not be writable.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    if any(map(os.environ.get, _TOKEN)) or (Path.home() / ".ray" / "auth_token").exists():
        # Ray sends its token to a cluster that it finds by itself, but not to an address unless told to.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import ray
    except ImportError as error:
        raise ClusterError(
            message(
                "Ray is not installed. Install it with `pip install -r requirements-ray.txt`, or do without "
                "a cluster (leave AV1LAB_EXECUTOR empty)."
            )
        ) from error
    return ray


def _join(ray: ModuleType, address: str, cpus: int | None) -> None:
    if address:
        where = {"address": address}
    else:
        sizes = {"num_cpus": cpus or cores(), "object_store_memory": _OBJECT_STORE_BYTES}
        where = {"address": "local", "include_dashboard": False, **sizes}
    try:
        with _copy_of_the_code() as code:
            ray.init(
                **where, log_to_driver=False, logging_level="CRITICAL",
                runtime_env={"working_dir": str(code), "env_vars": {_COMMIT: code_commit() or ""}},
            )  # fmt: skip
    except Exception as error:  # Ray raises nearly anything here
        reason = _reason(error.__cause__ or error)
        if not address:
            raise ClusterError(message("Ray could not be started on this machine: {reason}", reason=reason)) from error
        raise ClusterError(
            message(
                "{address} answers, but Ray could not be joined there: {reason}. This machine must be a node "
                "of that cluster itself (`ray start --address={address}`), with the same versions of Ray and "
                "Python, and the same token (~/.ray/auth_token) if it has one.",
                address=address,
                reason=reason,
            )
        ) from error


@contextmanager
def _copy_of_the_code() -> Iterator[Path]:
    """A folder with this package and nothing else, for Ray to upload: a checkout also holds data and runs."""
    package = Path(__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(package, Path(folder) / package.name, ignore=shutil.ignore_patterns("__pycache__"))
        yield Path(folder)


def _reason(error: BaseException) -> str:
    """Ray's message on one line, without the tracebacks that it may contain."""
    text = str(error).strip()
    if "Traceback (" in text:
        text = text.splitlines()[-1]
    return " ".join(text.split()).rstrip(".") or type(error).__name__
