"""Which workers train the runs of this process."""

from av1core import settings
from av1core.runs.queue import RunQueue
from av1core.runs.workers.base import Workers
from av1core.runs.workers.local import LocalWorkers
from av1core.runs.workers.ray_process import RayProcess


def make_workers(queue: RunQueue) -> Workers:
    """What AV1LAB_EXECUTOR asks for: threads of this process, or a Ray cluster. ClusterError for another value."""
    if settings.executor() == "threads":
        return LocalWorkers(queue)
    return RayProcess(queue, settings.ray_address(), settings.ray_gpus())
