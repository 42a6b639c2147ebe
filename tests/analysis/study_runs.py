"""What a study is read from in tests."""

from pathlib import Path

from av1core.analysis.arms import Base
from av1core.runs.index import RunIndex
from av1core.training.spec import parse_spec
from tests.synthetic import stage2_values

STAGE1 = "stage-1"
"""The Stage-1 run of the fixture `store`."""


def index_of(runs_dir: Path) -> RunIndex:
    index = RunIndex(runs_dir)
    index.refresh()
    return index


def base_of(dataset: Path, stage1: str = STAGE1) -> Base:
    return Base(parse_spec(stage2_values(dataset, stage1)))
