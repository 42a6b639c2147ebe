"""A sweep on two nodes of this machine, one of which is killed: python -m tests.runs.workers.two_nodes RUNS_DIR OUT

The queue of the runs folder is trained. As soon as both nodes train and a run of the second has finished an epoch, that
node is killed with all its processes. When every run has ended, OUT holds as JSON the runs that trained on it then, and
the nodes that each run was seen on.
"""

import json
import os
import sys
import time
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from av1core.runs.folder import RunFolder
from av1core.runs.queue import RunQueue
from av1core.runs.workers.ray_tasks import RayWorkers

HEALTH = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 2000,
    "health_check_failure_threshold": 3,
}
"""A node that does not answer for some six seconds is lost; on a busy machine one that lives may be silent for one."""

SECONDS = 240
"""Most time for the sweep."""

NODE = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}


def main(runs_dir: Path, out: Path) -> None:
    cluster = Cluster(initialize_head=True, head_node_args={**NODE, "_system_config": HEALTH})
    nodes = {raylet(cluster.head_node): "head"}
    second = cluster.add_node(num_cpus=1, object_store_memory=100 * 2**20)
    nodes[raylet(second)] = "second"
    runs = [RunFolder(path) for path in sorted(runs_dir.glob("[!.]*"))]
    workers = RayWorkers(RunQueue(runs_dir), cluster.address)
    workers.start()
    seen: dict[str, set[str]] = {run.id: set() for run in runs}
    killed: list[str] = []
    deadline = time.monotonic() + SECONDS
    while any(run.status().state in ("queued", "running") for run in runs):
        if time.monotonic() > deadline:
            sys.exit("\n".join(f"{run.id} is {run.status().state}: {run.status().message}" for run in runs))
        here = {run.id: node_of(run, nodes) for run in runs if run.status().state == "running"}
        for run, node in here.items():
            if node:
                seen[run].add(node)
        on_second = [run for run, node in here.items() if node == "second"]
        begun = any(RunFolder(runs_dir / run).status().epoch for run in on_second)
        if not killed and begun and "head" in here.values():
            cluster.remove_node(second, allow_graceful=False)
            killed = on_second
        time.sleep(0.05)
    workers.close()
    out.write_text(json.dumps({"killed": killed, "nodes": {run: sorted(found) for run, found in seen.items()}}))
    ray.shutdown()
    cluster.shutdown()


def raylet(node) -> int:
    (process,) = node.all_processes["raylet"]
    return process.process.pid


def node_of(run: RunFolder, nodes: dict[int, str]) -> str | None:
    """The node whose raylet is an ancestor of the run's process."""
    pid = run.stored_status().pid
    while pid > 1:
        if pid in nodes:
            return nodes[pid]
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return None
    return None


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(*map(Path, sys.argv[1:]))
