"""A small study made from one trained run: BatchNorm in train and in eval mode, with several seeds of each."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.storage import write_json_atomically
from tests.conftest import Trained


def batchnorm_study(
    trained: Trained, runs_dir: Path, seeds: int = 3, names: tuple[str, str] = ("Train", "Eval")
) -> RunIndex:
    """Copies of the Stage-2 run under other seeds; those in eval mode have a val F1 that is 1 pp higher."""
    shutil.copytree(trained.runs_dir / trained.stage1, runs_dir / trained.stage1)
    for mode, name in zip(("train", "eval"), names, strict=True):
        for seed in range(seeds):
            copy = RunFolder(shutil.copytree(trained.runs_dir / trained.stage2, runs_dir / f"{mode}-{seed}"))
            values = copy.spec().model_dump(mode="json")
            values |= {"name": name, "seed": seed, "adapter": values["adapter"] | {"batchnorm": mode}}
            write_json_atomically(copy.spec_file, values)
            gain = 0.01 * (mode == "eval") + 0.001 * seed
            records = [record | {"val_f1": record["val_f1"] * 0.9 + gain} for record in copy.history()]
            copy.history_file.write_text("".join(json.dumps(record) + "\n" for record in records))
    index = RunIndex(runs_dir)
    index.refresh()
    return index


def interrupt(index: RunIndex, run: str) -> None:
    """Let a run be one that failed on its way."""
    folder = RunFolder(index.runs_dir / run)
    folder.write_status(replace(folder.status(), state="failed"))
    index.refresh()
