"""The training core against an ordinary loop: python -m benchmarks.training [--case KEY] [--rounds N] [--json FILE]

Reference and core are measured in turn, each in a process of its own, several times; a ratio is the median over the
rounds. The reference runs at its own best number of threads. Rates are of training steps; "whole run" is a thesis-size
run (or all runs of the ablation) of 19 epochs with evaluation and kept features, calculated from the rates measured.
Before that it is checked that both reach the same loss after the same batches.
"""

import argparse
import dataclasses
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

CHECKED_STEPS, TOLERANCE = 20, {"float32": 5e-3, "bfloat16": 3e-2}
"""Steps after which the mean losses may differ by that share: rounding, which learning multiplies."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", action="append", help="stage1, bn_train, bn_eval, ablation (default: all)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40, help="that are timed of the core; a quarter of the rest")
    parser.add_argument("--precision", action="append", choices=list(TOLERANCE), help="of the core (default: both)")
    parser.add_argument("--device", default=None)
    parser.add_argument("--json", type=Path, default=None, help="also write everything measured to this file")
    parser.add_argument("--measure", nargs=6, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(_measure(*args.measure)))
        return

    import torch

    from av1core.hardware import cores, cpu_name
    from benchmarks.training_cases import CASES

    device = args.device or ("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name() if device.startswith("cuda") else f"{cpu_name()}, {cores()} cores"
    print(f"{name}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}")
    threads = [1] if device.startswith("cuda") else sorted({1, max(1, cores() // 2), cores()})
    rows = []
    for key in args.case or CASES:
        for row in _rows(CASES[key], args.precision or list(TOLERANCE), device, threads, args.rounds, args.steps):
            rows.append(row)
            print(_text(row), flush=True)
    if args.json:
        found = {"device": name, "torch": torch.__version__, "date": time.strftime("%Y-%m-%d"), "rows": rows}
        args.json.write_text(json.dumps(found, indent=2) + "\n")


def _rows(case, precisions: list[str], device: str, threads: list[int], rounds: int, steps: int) -> list[dict]:
    """Everything measured of one case: a row a precision of the core, against one and the same reference."""
    few = max(6, steps // 4)

    def measure(side: str, count: int, number: int) -> dict:
        """side: `reference`, or the core's precision."""
        words = (side, "float32") if side == "reference" else ("core", side)
        return _in_process(words[0], case.key, words[1], count, number, device)

    expected = measure("reference", threads[-1], CHECKED_STEPS)["loss"]
    differences = {side: abs(measure(side, threads[-1], CHECKED_STEPS)["loss"] / expected - 1) for side in precisions}
    for side, difference in differences.items():
        if difference > TOLERANCE[side]:
            raise SystemExit(f"{case.title}, {side}: the losses differ by {difference:.1e} after the same batches")
    sides = ["reference", *precisions]
    best = {
        side: max(threads, key=lambda count, side=side: measure(side, count, few)["train_rate"])
        for side in (sides if len(threads) > 1 else ())
    }
    found = {side: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            number = few if side == "reference" or case.runs > 1 else steps
            found[side].append(measure(side, best.get(side, threads[0]), number))
    return [
        _row(case, side, differences[side], best, found["reference"], found[side], device) for side in precisions
    ]  # fmt: skip


def _row(
    case, precision: str, difference: float, best: dict, reference: list[dict], core: list[dict], device: str
) -> dict:
    pairs = list(zip(reference, core, strict=True))
    ratios = [c["train_rate"] / r["train_rate"] for r, c in pairs]
    return {
        "case": case.key,
        "title": case.title,
        "precision": precision,
        "threads": {side: best.get(side, 1) for side in ("reference", precision)},
        "loss_difference": difference,
        "reference_rate": statistics.median(r["train_rate"] for r in reference),
        "core_rate": statistics.median(c["train_rate"] for c in core),
        "ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
        "run_ratio": statistics.median(case.runs * r["run_seconds"] / c["run_seconds"] for r, c in pairs),
        "core_run_seconds": statistics.median(c["run_seconds"] for c in core),
        "roofline_share": _median([c["roofline_share"] for c in core]),
        "limit_ratio": _median([c["limit_rate"] / r["train_rate"] for r, c in pairs if c["limit_rate"]]),
        "target": case.gpu_target if device.startswith("cuda") else case.cpu_target,
        "measured": {"reference": reference, "core": core},
    }


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _in_process(*words: object) -> dict:
    command = [sys.executable, "-m", "benchmarks.training", "--measure", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _measure(side: str, key: str, precision: str, threads: str, steps: str, device: str) -> dict:
    """In a process of its own."""
    import torch

    from benchmarks.roofline import rates
    from benchmarks.training_cases import CASES, measure_core, measure_reference

    torch.set_num_threads(int(threads))
    on = torch.device(device)
    case, measure = CASES[key], measure_core if side == "core" else measure_reference
    found = measure(case, int(steps), precision, on)
    facts = {"train_rate": found.train_rate, "evaluation_rate": found.evaluation_rate, "loss": found.loss}
    facts |= {"kept_seconds": found.kept_seconds, "limit_rate": None, "roofline_share": None}
    # The core's rates are of all its runs together, and so are its seconds.
    facts["run_seconds"] = found.run_seconds(case.runs if side == "core" else 1)
    if found.work is not None:
        device_rates = rates(on, getattr(torch, precision))
        batch = found.batch_size
        facts["limit_rate"] = batch * device_rates.flops / found.work.flops
        facts["roofline_share"] = found.work.least_seconds(device_rates) * found.train_rate / batch
        facts |= {"work": dataclasses.asdict(found.work), "rates": dataclasses.asdict(device_rates)}
    return facts


def _text(row: dict) -> str:
    low, high = row["ratio_range"]
    share = "" if row["roofline_share"] is None else f", {row['roofline_share']:.0%} of the roofline"
    limit = "" if row["limit_ratio"] is None else f", arithmetic alone {row['limit_ratio']:.0f}×"
    minutes = row["core_run_seconds"] / 60
    return (
        f"{row['title']}, {row['precision']}: {row['reference_rate']:,.0f} → {row['core_rate']:,.0f} blocks/s, "
        f"{row['ratio']:.1f}× ({low:.1f} to {high:.1f}; target {row['target']}×{limit}){share}; "
        f"whole run {row['run_ratio']:.1f}×, {minutes:.1f} min; loss differs by {row['loss_difference']:.0e}; "
        f"threads {' and '.join(map(str, row['threads'].values()))}"
    )


if __name__ == "__main__":
    main()
