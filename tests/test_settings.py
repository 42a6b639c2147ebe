import pytest

from av1core import settings
from av1core.errors import ClusterError


@pytest.mark.parametrize(("value", "executor"), [(None, "threads"), ("", "threads"), ("ray", "ray")])
def test_the_executor_is_this_process_or_ray(monkeypatch, value, executor):
    monkeypatch.delenv("AV1LAB_EXECUTOR", raising=False)
    if value is not None:
        monkeypatch.setenv("AV1LAB_EXECUTOR", value)
    assert settings.executor() == executor


def test_another_executor_is_refused_with_the_choices(monkeypatch):
    monkeypatch.setenv("AV1LAB_EXECUTOR", "dask")
    with pytest.raises(ClusterError, match=r'AV1LAB_EXECUTOR is "dask".*"ray".*empty'):
        settings.executor()


@pytest.mark.parametrize(("value", "gpus"), [("", None), ("0", 0), ("0.5", 0.5), ("1", 1), ("2", 2)])
def test_gpus_are_a_share_of_one_or_whole(monkeypatch, value, gpus):
    monkeypatch.setenv("AV1LAB_RAY_GPUS", value)
    assert settings.ray_gpus() == gpus


@pytest.mark.parametrize("value", ["-1", "1.5", "inf", "nan", "all"])
def test_other_gpus_are_refused(monkeypatch, value):
    monkeypatch.setenv("AV1LAB_RAY_GPUS", value)
    with pytest.raises(ClusterError, match="AV1LAB_RAY_GPUS"):
        settings.ray_gpus()
