"""A run killed at random moments, resumed each time, ends as one that nobody disturbed."""

import random
import shutil
import time
from multiprocessing.process import BaseProcess

import pytest
import torch

from av1core.runs.checkpoint import load_weights
from av1core.runs.execute import execute
from av1core.runs.folder import RunFolder
from av1core.training.spec import parse_spec
from tests.forked import PROCESSES
from tests.runs.test_execute import untimed
from tests.synthetic import stage1_values, stage2_values

SIZES = {"epochs": 4, "epoch_blocks": 96, "dropout": 0.3}
STAGE2 = {
    "augmentation": {"flips": True, "mixup_alpha": 0.4, "cutmix_alpha": 1.0, "randaugment_operations": 1},
    "schedule": {"name": "cosine", "warmup_epochs": 1},
    "adapter": {"batchnorm": "train"},
}


def start(folder: RunFolder) -> BaseProcess:
    # One thread: two that share a busy core would make this test many times slower.
    process = PROCESSES.Process(target=execute, args=(folder, "cpu", 1))
    process.start()
    return process


@pytest.mark.parametrize("run", ["stage1", "stage2", "stage2 with features kept"])
def test_killed_and_resumed_is_as_undisturbed_bit_for_bit(tiny, trained, tmp_path, run):
    shutil.copytree(trained.runs_dir / trained.stage1, tmp_path / trained.stage1)
    values = stage1_values(tiny) if run == "stage1" else stage2_values(tiny, trained.stage1)
    values |= STAGE2 if run == "stage2" else {}
    whole, broken = (RunFolder.create(tmp_path, parse_spec(values | SIZES)) for _ in range(2))
    start(whole).join()
    assert whole.status().state == "finished", whole.status().message

    moments = random.Random(0)
    for epochs in range(3):
        process = start(broken)
        while broken.status().state != "running" or len(list(broken.history())) < epochs:
            assert process.is_alive(), broken.status().message
            time.sleep(0.01)
        # Within the next epoch or in what leads to it; a resumed run first reads its data and its state.
        time.sleep(moments.uniform(0, min(record["seconds"] for record in whole.history())))
        process.kill()
        process.join()
        assert broken.status().state == "interrupted"
        broken.reopen("queued")
    start(broken).join()

    assert broken.status().state == "finished", broken.status().message
    assert untimed(broken) == untimed(whole)
    assert broken.predictions_file.read_bytes() == whole.predictions_file.read_bytes()
    weights, expected = load_weights(broken.best_file), load_weights(whole.best_file)
    assert all(torch.equal(weights[name], tensor) for name, tensor in expected.items())
