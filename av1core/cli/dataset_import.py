"""The command `dataset import`: blocks and labels that other scripts and encoders wrote, as a dataset folder."""

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from av1core.access import of_environment
from av1core.cli.arguments import checked
from av1core.cli.dataset_text import print_summary
from av1core.dataset.folder import Dataset
from av1core.dataset.imports.partition_log import LogCounts, import_partition_log
from av1core.dataset.imports.thesis import SINGLE_STAGES, import_thesis
from av1core.dataset.imports.triplet import import_triplet
from av1core.dataset.split import describe_split
from av1core.media.clips import RawLayout, open_clip
from av1core.media.frame_choice import FrameChoice


def add_parsers(commands) -> None:
    """Add `import` and its three forms to the argparse sub-parser collection of `dataset`."""
    parser = commands.add_parser("import", help="take over blocks and labels that other scripts or encoders wrote")
    forms = parser.add_subparsers(required=True, metavar="FORM")

    pt = forms.add_parser("pt", help="the thesis's train.pt and val.pt; nothing that they hold is run")
    pt.add_argument("train", type=Path, help="the file of the training blocks")
    pt.add_argument("val", type=Path, nargs="?", help="the file of the validation blocks")
    pt.add_argument("--stage", choices=SINGLE_STAGES, help="for files with the labels of one stage")
    _add_common(pt, _import_pt)

    triplet = forms.add_parser("triplet", help="a folder with intra_raw_blocks/, labels/ and qps/")
    triplet.add_argument("folder", type=Path)
    triplet.add_argument(
        "--sequence", action="append", metavar="NAME", help="only this sequence; may be repeated (default: all)"
    )
    _add_common(triplet, _import_triplet)

    log = forms.add_parser("log", help="an encoder's partition log and the clip that it encoded")
    log.add_argument("log", type=Path, help="lines of order_hint frame_type bsize row col partition qp")
    log.add_argument("clip", type=Path, help="the video, such as a .y4m or .yuv file")
    log.add_argument(
        "--raw",
        type=checked(RawLayout.parse),
        help="how a clip without a header lies: WIDTHxHEIGHT:BITS, such as 3840x2160:10",
    )
    log.add_argument(
        "--frames",
        type=checked(FrameChoice.parse),
        default="all",
        help="of the clip: all (default), every:N, count:N or 0,5,9",
    )
    _add_common(log, _import_log)


def _add_common(parser: argparse.ArgumentParser, handler) -> None:
    parser.add_argument("--out", required=True, type=Path, help="the dataset folder to create")
    parser.add_argument("--name", help="name of the dataset (default: that of the folder)")
    parser.add_argument("--json", action="store_true", help="describe the result as JSON")
    parser.set_defaults(handler=handler)


def _import_pt(args: argparse.Namespace) -> int:
    of_environment().require()
    dataset = import_thesis(
        args.train, args.val, args.out, name=args.name, stage=args.stage, progress=_progress("blocks")
    )
    return _print_result(dataset, args.json)


def _import_triplet(args: argparse.Namespace) -> int:
    of_environment().require()
    dataset = import_triplet(
        args.folder, args.out, sequences=args.sequence, name=args.name, progress=_progress("blocks")
    )
    return _print_result(dataset, args.json)


def _import_log(args: argparse.Namespace) -> int:
    of_environment().require()
    clip = open_clip(args.clip, args.raw)
    dataset = import_partition_log(
        args.log,
        clip,
        args.out,
        name=args.name,
        choice=args.frames,
        progress=_progress("frames"),
        report=_print_counts,
    )
    return _print_result(dataset, args.json)


def _print_result(dataset: Dataset, as_json: bool) -> int:
    if as_json:
        print_summary(dataset, as_json)
        return 0
    print(
        f"{dataset.name}: {len(dataset.blocks):,} blocks of {len(dataset.sources)} sources at qindex "
        f"{', '.join(map(str, dataset.qindexes))} in {dataset.path}. {describe_split(dataset.split)}"
    )
    return 0


def _print_counts(counts: LogCounts) -> None:
    found = (f"{field.name.replace('_', ' ')} {getattr(counts, field.name):,}" for field in fields(counts))
    print(f"log: {', '.join(found)}", file=sys.stderr)


def _progress(what: str):
    """Writes one line, rewritten in a terminal and repeated in a log."""

    def show(done: int, total: int) -> None:
        text = f"{done:,}/{total:,} {what}"
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="" if done < total else "\n", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    return show
