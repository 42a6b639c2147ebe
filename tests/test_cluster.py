import os
import signal
import sys
from pathlib import Path

import pytest

from av1core import cluster
from av1core.errors import ClusterError, MediaError


def run(function, *args, **options):
    """What a task returns. Functions are nested in the tests, since workers have no tests to import them from."""
    return cluster.result(cluster.remote(function, **options).remote(*args))


def test_without_ray_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(ClusterError, match=r"not installed.*requirements-ray\.txt"):
        cluster.connect()


@pytest.mark.parametrize("address", ["somewhere", "ray://127.0.0.1:10001", "127.0.0.1:", ":6379", "127.0.0.1:port"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ClusterError, match=r"not the address.*HOST:PORT"):
        cluster.connect(address)


@pytest.mark.parametrize("given", ["argument", "environment"])
def test_an_address_at_which_nothing_answers_is_refused(monkeypatch, given):
    # Port 1 belongs to a service that nobody runs.
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(ClusterError, match=r"No Ray cluster answers at 127\.0\.0\.1:1 \(Connection refused\)"):
        cluster.connect("127.0.0.1:1" if given == "argument" else "")


def test_a_process_joins_once(ray_cluster):
    node = ray_cluster.get_runtime_context().get_node_id()
    assert cluster.connect() is ray_cluster
    assert ray_cluster.get_runtime_context().get_node_id() == node
    assert cluster.cpu_count() == 2


def test_workers_have_this_code_and_nothing_else_of_the_checkout(ray_cluster):
    def files() -> tuple[Path, dict[str, bytes]]:
        import av1core

        root = Path(av1core.__file__).parents[1]
        found = (file for file in root.rglob("*") if file.is_file() and file.suffix != ".pyc")
        return root, {str(file.relative_to(root)): file.read_bytes() for file in found}

    (there, copied), (here, own) = run(files), files()
    assert there != here
    assert copied == {name: content for name, content in own.items() if name.startswith("av1core/")}


def test_workers_know_the_commit_of_their_copy(ray_cluster):
    def commit():
        from av1core.cluster import code_commit

        return code_commit()

    assert run(commit) == cluster.code_commit()


def test_relative_paths_mean_the_same_files(ray_cluster, tmp_path, monkeypatch):
    (tmp_path / "here.txt").write_text("found")
    monkeypatch.chdir(tmp_path)
    assert run(lambda: Path("here.txt").read_text()) == "found"


def test_an_error_arrives_as_it_was_raised(ray_cluster):
    def fail():
        raise MediaError("a.png is not a picture.")

    with pytest.raises(MediaError, match=r"^a\.png is not a picture\.$") as caught:
        run(fail)
    assert type(caught.value) is MediaError


def test_a_task_whose_process_is_lost_is_done_again(ray_cluster, tmp_path):
    def die_once():
        marks = len(list(tmp_path.iterdir()))
        (tmp_path / str(marks)).touch()
        if marks == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return marks

    assert run(die_once) == 1


def test_a_task_that_is_lost_too_often_is_an_error(ray_cluster):
    with pytest.raises(ClusterError, match="could not do it"):
        run(lambda: os.kill(os.getpid(), signal.SIGKILL), max_retries=0)


@pytest.mark.parametrize(("gpus", "wanted", "share"), [(8, None, 1), (0, None, 0), (8, 0.25, 0.25), (8, 2, 2)])
def test_a_run_takes_a_whole_gpu_where_there_are_any_unless_told_otherwise(
    ray_cluster, monkeypatch, gpus, wanted, share
):
    monkeypatch.setattr(ray_cluster, "cluster_resources", lambda: {"CPU": 2.0} | ({"GPU": float(gpus)} if gpus else {}))
    assert cluster.gpu_share(wanted) == share
