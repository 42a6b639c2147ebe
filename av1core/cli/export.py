"""`export`: the best weights of a run as one file with a model card, and as ONNX."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from av1core import settings
from av1core.runs.folder import RunFolder


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "export",
        help="write a run's model for use elsewhere",
        description="Write the whole model of a run at its best epoch: model.safetensors, spec.json and a model card, "
        "README.md. The folder appears complete or not at all.",
    )
    parser.add_argument("run", metavar="RUN", help="a run that has ended; see: python -m av1core runs")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder to create")
    parser.add_argument(
        "--onnx", action="store_true",
        help="also write model.onnx, checked against torch on validation blocks (needs the run's dataset)",
    )  # fmt: skip
    parser.add_argument("--runs", metavar="DIR", type=Path, default=None, help="folder of runs (default: runs)")
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")
    parser.set_defaults(handler=export)


def export(args: argparse.Namespace) -> int:
    folder = RunFolder.open(args.runs or settings.runs_dir(), args.run)

    from av1core.runs.export import export_run

    exported = export_run(
        folder, args.out, onnx=args.onnx, progress=lambda step: print(step, file=sys.stderr, flush=True)
    )
    if args.json:
        print(json.dumps(asdict(exported), default=str))
        return 0
    print(f"{exported.path}: {', '.join(exported.files)}; {exported.parameters:,} parameters")
    if exported.onnx_check:
        check = exported.onnx_check
        print(f"model.onnx: logits differ from torch by at most {check.difference:.2e} on {check.blocks} blocks")
    return 0
