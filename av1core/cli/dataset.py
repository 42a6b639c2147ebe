"""The command `dataset`: build, import, info, split, verify."""

import argparse
import json
from pathlib import Path

from av1core.access import of_environment
from av1core.cli import dataset_build, dataset_import
from av1core.cli.arguments import fraction
from av1core.cli.dataset_text import print_summary
from av1core.dataset.compare import differences
from av1core.dataset.folder import Dataset, content_fingerprint
from av1core.dataset.split import choose_split, list_split, write_split
from av1core.errors import DatasetError


def add_parser(subparsers) -> None:
    """Add `dataset` and its subcommands to an argparse sub-parser collection."""
    parser = subparsers.add_parser("dataset", help="build, import, describe, split and compare datasets")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    dataset_build.add_parser(commands)
    dataset_import.add_parsers(commands)

    info = commands.add_parser("info", help="sources, licences, class mix and split of a dataset")
    info.add_argument("dataset", type=Path)
    info.add_argument("--json", action="store_true")
    info.set_defaults(handler=_info)

    split = commands.add_parser("split", help="draw or list what validates anew; labels and pixels stay as they are")
    split.add_argument("dataset", type=Path)
    how = split.add_mutually_exclusive_group(required=True)
    how.add_argument("--by", choices=("source", "frame", "block"), help="what is drawn; block is the thesis's way")
    how.add_argument("--val", metavar="NAME,NAME", help="the sources that validate, by name")
    split.add_argument("--val-fraction", type=fraction, default=0.2)
    split.add_argument("--seed", type=int, default=42)
    split.add_argument("--json", action="store_true")
    split.set_defaults(handler=_split)

    verify = commands.add_parser("verify", help="are the labels and pixels of two datasets equal?")
    verify.add_argument("dataset", type=Path)
    verify.add_argument("other", type=Path)
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(handler=_verify)


def _info(args: argparse.Namespace) -> int:
    print_summary(Dataset.open(args.dataset), args.json)
    return 0


def _split(args: argparse.Namespace) -> int:
    of_environment().require()
    dataset = Dataset.open(args.dataset)
    if args.val:
        split = list_split([source.name for source in dataset.sources], args.val.split(","))
    else:
        draw = {"method": args.by, "val_fraction": args.val_fraction, "seed": args.seed}
        split = choose_split(dataset.blocks, dataset.sources, **draw)
        if split.method == "none":
            raise DatasetError(f"{dataset.name} keeps its split: {split.note}")
    print_summary(write_split(dataset, split), args.json)
    return 0


def _verify(args: argparse.Namespace) -> int:
    """0 if labels and pixels are equal, else 1 after printing what differs, source by source."""
    first, second = Dataset.open(args.dataset), Dataset.open(args.other)
    for dataset in (first, second):
        if content_fingerprint(dataset) != dataset.fingerprint:
            raise DatasetError(f"{dataset.path} does not hold what its dataset.json recorded; copy or rebuild it.")
    found = differences(first, second)
    if args.json:
        facts = {"equal": not found, "blocks": len(first.blocks), "differences": found}
        encoders = [{"name": of.encoder.name, "version": of.encoder.version} for of in (first, second)]
        print(json.dumps(facts | {"encoders": encoders}, ensure_ascii=False))
        return int(bool(found))
    for line in found:
        print(line)
    if first.encoder.version != second.encoder.version:
        print(f"libaom {first.encoder.version} made the first, {second.encoder.version} the second.")
    elif first.encoder.options != second.encoder.options:
        print("The two were encoded with different options.")
    if not found:
        print(f"Equal: {len(first.blocks):,} labels and all pixels.")
    return 1 if found else 0
