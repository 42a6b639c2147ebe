import shutil
from pathlib import Path

import pytest

from av1core.runs.launcher import Launcher
from tests.analysis.study_runs import STAGE1


@pytest.fixture
def store(trained, tmp_path) -> Path:
    """A runs folder with a finished Stage-1 run, whose queue is paused."""
    runs_dir = tmp_path / "runs"
    shutil.copytree(trained.runs_dir / trained.stage1, runs_dir / STAGE1)
    Launcher(runs_dir).pause_queue()
    return runs_dir
