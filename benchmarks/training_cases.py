"""What `benchmarks.training` measures: four ways of training, each by the ordinary loop and by the core."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from av1core.dataset.blocks import stage_blocks
from av1core.dataset.folder import Dataset
from av1core.models.fast_forms import to_fast
from av1core.models.stage import StageModel
from av1core.partition import MODEL_SIZE, STAGES
from av1core.runs.checkpoint import build_model
from av1core.training.blocks import BlockTensors, to_device
from av1core.training.loop import in_groups, train_together
from av1core.training.presets import PRESETS
from av1core.training.record import EpochRecord
from av1core.training.spec import RunSpec, parse_spec, with_overrides
from av1core.training.spec_parts import BackboneSpec
from av1core.training.trainer import Trainer
from benchmarks import reference_loop
from benchmarks.roofline import Work, count_work

PHOTOS = Path(__file__).parents[1] / "data" / "photos"
TRAIN_BLOCKS, VAL_BLOCKS, EPOCHS = 152_600, 38_256, 19
"""The size of the thesis's Stage 2; blocks of data/photos are drawn with replacement to that number."""

EVALUATED = 4096
"""Validation blocks that are evaluated to know the rate."""

SEEDS = 6
LOSSES: tuple[dict, ...] = (
    {"gamma": 2.0}, {"gamma": 3.0}, {"name": "poly"}, {"name": "poly_focal"}, {"name": "asymmetric", "beta": 0.0},
    {"smoothing": 0.1}, {"name": "cross_entropy", "smoothing": 0.1, "beta": 0.0},
    {"name": "cross_entropy", "beta": 0.0},
)  # fmt: skip
"""The eight variants of the ablation: the thesis's loss study."""


@dataclass(frozen=True)
class Case:
    """One row of the table. runs: trained side by side by the core, one after another by the reference."""

    key: str
    title: str
    preset: str
    runs: int
    cpu_target: float
    gpu_target: float


CASES = {
    case.key: case
    for case in (
        Case("stage1", "Stage 1", "stage1", 1, 10, 10),
        Case("bn_train", "Stage 2, BN train", "baseline", 1, 5, 10),
        Case("bn_eval", "Stage 2, BN eval, cached", "exp03", 1, 15, 40),
        Case("ablation", f"{len(LOSSES)} variants × {SEEDS} seeds", "exp03", len(LOSSES) * SEEDS, 20, 200),
    )
}


@dataclass(frozen=True)
class Measured:
    """Of one process. Rates are of all runs together, in blocks a second.

    kept_seconds: spent once a run, or once for all runs side by side, on features that are kept. loss: mean over the
    steps, of the first run. work: of a step of one run.
    """

    train_rate: float
    evaluation_rate: float
    kept_seconds: float
    loss: float
    batch_size: int
    work: Work | None = None

    def run_seconds(self, runs: int) -> float:
        """Of so many thesis-size runs, evaluation of the validation blocks and kept features included."""
        epoch = TRAIN_BLOCKS / self.train_rate + VAL_BLOCKS / self.evaluation_rate
        return runs * EPOCHS * epoch + self.kept_seconds


def specs(case: Case, steps: int, precision: str) -> list[RunSpec]:
    """Of the case's runs: two epochs of so many steps, the first one to warm up."""
    values = PRESETS[case.preset].values
    sizes = {"epochs": 2, "precision": precision, "dataset": str(PHOTOS)}
    batch = parse_spec(values).batch_size
    values = with_overrides(values, sizes | {"epoch_blocks": steps * batch})
    if case.runs == 1:
        return [parse_spec(values)]
    return [parse_spec(values | {"loss": loss, "seed": seed}) for loss in LOSSES for seed in range(SEEDS)]


def blocks(spec: RunSpec, device: torch.device) -> tuple[BlockTensors, BlockTensors]:
    """Training and validation blocks of data/photos, as many as the thesis has."""
    dataset, stage = Dataset.open(spec.dataset), STAGES[spec.stage]
    generator = torch.Generator().manual_seed(0)
    sides = []
    for side, count in (("train", TRAIN_BLOCKS), ("val", EVALUATED)):
        found = to_device(stage_blocks(dataset, stage, side), torch.device("cpu"))
        chosen = found[torch.randint(len(found), (count,), generator=generator)]
        sides.append(BlockTensors(*(part.to(device) for part in (chosen.pixels, chosen.labels, chosen.qindex))))
    return sides[0], sides[1]


def model_of(spec: RunSpec, device: torch.device) -> StageModel:
    """As a run would start with, on a backbone that nobody has trained: its speed is that of any other."""
    return build_model(spec, BackboneSpec(), device)


def measure_reference(case: Case, steps: int, precision: str, device: torch.device) -> Measured:
    """The ordinary loop, on the batches that the core would draw; precision is not its business."""
    spec = specs(case, steps, precision)[0]
    train, val = blocks(spec, device)
    model = model_of(spec, device)
    # The core's own beginning, for the batches, the loss and the rates; nothing of it is trained.
    plan = Trainer(model, spec, train, val)
    groups = [{"params": group["params"], "lr": group["lr"]} for group in plan.optimiser.param_groups]
    optimiser = torch.optim.AdamW(groups, weight_decay=spec.optimiser.weight_decay)
    train, val = (BlockTensors(side.pixels.cpu(), side.labels.cpu(), side.qindex.cpu()) for side in (train, val))
    for _ in range(2):
        order = plan.draw_epoch().flatten().tolist()
        found = reference_loop.train(model, plan.loss, optimiser, _loader(train, order, spec), device)
    part = val[: 20 * spec.batch_size]
    evaluated = reference_loop.evaluate(model, plan.loss, _loader(part, None, spec), device)
    return Measured(len(order) / found.seconds, len(part) / evaluated.seconds, 0.0, found.loss, spec.batch_size)


def _loader(side: BlockTensors, order: list[int] | None, spec: RunSpec) -> DataLoader:
    return reference_loop.loader(side, spec.batch_size, order)


def measure_core(case: Case, steps: int, precision: str, device: torch.device) -> Measured:
    """The core as it trains runs, from their first step to the second epoch's evaluation."""
    found = specs(case, steps, precision)
    train, val = blocks(found[0], device)
    trainers = [Trainer(to_fast(model_of(spec, device), MODEL_SIZE), spec, train, val) for spec in found]
    kept_seconds = _timed(trainers[0].prepare, device)
    threads = torch.get_num_threads() if device.type == "cpu" else 1
    groups = in_groups(trainers, threads)

    def train_group(group: list[Trainer]) -> dict[Trainer, EpochRecord]:
        if len(groups) > 1:
            torch.set_num_threads(1)
        return {trainer: record for trainer, record in train_together(group) if record.epoch == 2}

    if len(groups) == 1:
        records = train_group(groups[0])
    else:
        with ThreadPoolExecutor(threads) as pool:
            records = {trainer: record for part in pool.map(train_group, groups) for trainer, record in part.items()}
    # A group takes as long as each of its runs, and `threads` of them work at a time.
    training = sum(steps * found[0].batch_size / records[group[0]].samples_per_second for group in groups)
    whole = sum(records[group[0]].seconds for group in groups)
    at_a_time = min(threads, len(groups))
    work = _work_of_a_step(trainers[0]) if case.runs == 1 else None
    return Measured(
        case.runs * steps * found[0].batch_size * at_a_time / training,
        case.runs * len(val) * at_a_time / (whole - training),
        kept_seconds,
        records[trainers[0]].train_loss,
        found[0].batch_size,
        work,
    )


def _work_of_a_step(trainer: Trainer) -> Work:
    """What two steps take more than one."""

    def steps(count: int) -> Work:
        sizes = {"epoch_blocks": count * trainer.spec.batch_size, "epochs": 1}
        other = Trainer(trainer.model, trainer.spec.model_copy(update=sizes), trainer.train, trainer.val[:32])
        other.kept = trainer.kept
        return count_work(lambda: list(train_together([other])))

    one, two = steps(1), steps(2)
    return Work(two.flops - one.flops, two.bytes - one.bytes)


def _timed(work: Callable[[], object], device: torch.device) -> float:
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started
