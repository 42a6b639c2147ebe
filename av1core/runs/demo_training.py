"""Trains the runs that the Lab is shipped with: the thesis's first studies, on the photographs that come with it.

One Stage 1, and one whose stem keeps its maps large; on the former Baseline, γ = 2, the BN fix, the loss study, and
Stage 3 with and without the fix; on the latter the BN fix. Each of the later stages with six seeds, the fewest with
which the sign-flip test over paired seeds can reach 0.05.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from av1core.hardware import cores
from av1core.runs.compact import compact
from av1core.runs.demo import DEMO
from av1core.runs.execute import execute_together
from av1core.runs.folder import RunFolder
from av1core.runs.records import RESUMABLE, Status
from av1core.training.grouping import together_key
from av1core.training.presets import PRESETS, preset
from av1core.training.spec import RunSpec, parse_spec, with_overrides

SEEDS = range(6)

STAGE1 = ("stage1", "stage1_keep")
"""Presets of the backbones; the first is what all but one experiment rest on."""

_TRAIN_MODE = {"adapter.batchnorm": "train"}

EXPERIMENTS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    *((key, "stage1", {}) for key in ("baseline", "exp02", "exp03")),
    *((key, "stage1", {}) for key in PRESETS if key.startswith("loss_")),
    *((key, "stage1", {}) for key in ("stage3_rect", "stage3_ab")),
    ("stage3_rect", "stage1", _TRAIN_MODE | {"name": "Stage 3 RECT, BN train"}),
    ("stage3_ab", "stage1", _TRAIN_MODE | {"name": "Stage 3 AB, BN train"}),
    ("exp03", "stage1_keep", {"name": "Exp 03, stem keep"}),
)
"""Of the later stages: preset, preset of the backbone, and what differs from the preset."""

PINNED = ("Stage 1", "Baseline", "Stage 3 RECT, BN train", "Stage 3 AB, BN train")
"""Names of the experiments from which Δ is taken at first, one a stage."""

_BESIDE_ON_CPU = 8
"""Runs side by side on a thread of a CPU; more would leave its cache."""


def train_demo(
    out: Path,
    device: str,
    changes: Mapping[str, Any] | None = None,
    seeds: Sequence[int] = SEEDS,
    ended: Callable[[RunFolder, Status], None] = lambda folder, status: None,
) -> list[RunFolder]:
    """Train what is not in `out` yet, make each run small, and return the folders of all.

    changes: settings of every run by dotted key, such as another dataset; those of the backbone are of Stage 1 alone.
    ended: called for each run that ended. A run takes one thread, whatever the machine has, so that its history depends
    on the kind of processor alone; there are as many at a time as cores, or one group on a GPU. Runs that do not finish
    are left as they are, and those that rest on them are not begun; the same call goes on with them. KeyboardInterrupt
    passes, with the runs interrupted.
    """
    changes = changes or {}
    stage1 = [_spec(key, changes) for key in STAGE1]
    backbones = dict(zip(STAGE1, _train(_folders(out, stage1), device, ended), strict=True))
    of_later = {key: value for key, value in changes.items() if not key.startswith("backbone.")}
    later = [
        _spec(key, {**of_later, **own, "stage1_run": folder.id, "seed": seed})
        for key, backbone, own in EXPERIMENTS
        if (folder := backbones[backbone]).status().state == "finished"
        for seed in seeds
    ]
    return [*backbones.values(), *_train(_folders(out, later), device, ended)]


def _spec(key: str, changes: Mapping[str, Any]) -> RunSpec:
    return parse_spec(with_overrides(preset(key).values, dict(changes)))


def _folders(out: Path, specs: Sequence[RunSpec]) -> list[RunFolder]:
    """A folder for each spec: the one that has it, else a new one."""
    there = {folder.spec().hash: folder for folder in map(RunFolder, sorted(_run_paths(out)))}
    return [there.get(spec.hash) or _made(out, spec) for spec in specs]


def _made(out: Path, spec: RunSpec) -> RunFolder:
    folder = RunFolder.create(out, spec, tags=(DEMO,))
    if spec.name in PINNED and spec.seed == SEEDS[0]:
        folder.write_annotations(replace(folder.annotations(), baseline=True))
    return folder


def _run_paths(out: Path) -> Iterator[Path]:
    return (file.parent for file in Path(out).glob("*/spec.json") if not file.parent.name.startswith("."))


def _train(
    folders: Sequence[RunFolder], device: str, ended: Callable[[RunFolder, Status], None]
) -> Sequence[RunFolder]:
    """Train those that have not finished, and make small what has."""
    on_cpu = device == "cpu"
    stopping = Event()

    def job(group: list[RunFolder]) -> list[tuple[RunFolder, Status]]:
        for folder in group:
            if folder.status().state in RESUMABLE:
                folder.reopen("queued")
        return list(zip(group, execute_together(group, device, 1, stopping.is_set), strict=True))

    waiting = [folder for folder in folders if folder.status().state != "finished"]
    with ThreadPoolExecutor(cores() if on_cpu else 1) as pool:
        jobs = [pool.submit(job, group) for group in _groups(waiting, _BESIDE_ON_CPU if on_cpu else len(waiting))]
        try:
            for done in as_completed(jobs):
                for folder, status in done.result():
                    ended(folder, status)
        except BaseException:
            stopping.set()
            pool.shutdown(cancel_futures=True)
            raise
    # Those too that finished in a process which was stopped before it came to this.
    for folder in folders:
        if folder.status().state == "finished":
            compact(folder, _keeps_weights(folder), device)
    return folders


def _groups(folders: Sequence[RunFolder], most: int) -> list[list[RunFolder]]:
    """Runs that can train side by side, at most so many together; those of one loss first."""
    together = defaultdict(list)
    for folder in folders:
        together[together_key(folder.spec()) or folder.id].append(folder)
    return [of_key[start : start + most] for of_key in together.values() for start in range(0, len(of_key), most)]


def _keeps_weights(folder: RunFolder) -> bool:
    """One run of an experiment has its weights: that of the first seed."""
    return folder.spec().seed == SEEDS[0]
