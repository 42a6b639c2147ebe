"""The commands `dataset build`, `dataset info` and `dataset verify`."""

import argparse
import json
import sys
from pathlib import Path

from av1core.dataset.build import Progress, build
from av1core.dataset.compare import differences
from av1core.dataset.folder import Dataset, content_fingerprint
from av1core.dataset.sources import collect
from av1core.dataset.summary import summary
from av1core.errors import DatasetError
from av1core.partition import MODEL_SIZE


def add_parser(subparsers) -> None:
    """Add `dataset` and its subcommands to an argparse sub-parser collection."""
    parser = subparsers.add_parser("dataset", help="build, describe and compare datasets")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    build_ = commands.add_parser("build", help="encode pictures and keep their partition decisions")
    build_.add_argument("sources", nargs="+", type=Path, help="pictures, folders of pictures, TOML manifests")
    build_.add_argument("--out", required=True, type=Path, help="the dataset folder to create")
    build_.add_argument(
        "--qindex", type=_integers, default=(80, 128, 172, 220), help="such as 80,128,172,220 (default)"
    )
    build_.add_argument("--name", help="name of the dataset (default: that of the folder)")
    build_.add_argument(
        "--cpu-used", type=int, default=2, help="libaom's effort: 0 searches everything, 2 is the default"
    )
    build_.add_argument(
        "--option",
        type=_option,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a further libaom option; may be repeated",
    )
    build_.add_argument("--val-fraction", type=_fraction, default=0.2, help="share of the sources that validates")
    build_.add_argument("--workers", type=int, help="pictures to encode at once (default: one a core)")
    build_.add_argument("--json", action="store_true", help="describe the result as JSON")
    build_.set_defaults(handler=_build)

    info = commands.add_parser("info", help="sources, licences, class mix and split of a dataset")
    info.add_argument("dataset", type=Path)
    info.add_argument("--json", action="store_true")
    info.set_defaults(handler=_info)

    verify = commands.add_parser("verify", help="are the labels and pixels of two datasets equal?")
    verify.add_argument("dataset", type=Path)
    verify.add_argument("other", type=Path)
    verify.set_defaults(handler=_verify)


def _build(args: argparse.Namespace) -> int:
    dataset = build(
        collect(args.sources),
        args.out,
        args.qindex,
        cpu_used=args.cpu_used,
        options=dict(args.option),
        name=args.name,
        val_fraction=args.val_fraction,
        workers=args.workers,
        progress=_show_progress,
    )
    print(file=sys.stderr)
    _print_summary(dataset, args.json)
    return 0


def _info(args: argparse.Namespace) -> int:
    _print_summary(Dataset.open(args.dataset), args.json)
    return 0


def _verify(args: argparse.Namespace) -> int:
    """0 if labels and pixels are equal, else 1 after printing what differs, source by source."""
    first, second = Dataset.open(args.dataset), Dataset.open(args.other)
    for dataset in (first, second):
        if content_fingerprint(dataset) != dataset.fingerprint:
            raise DatasetError(f"{dataset.path} does not hold what its dataset.json recorded; copy or rebuild it.")
    found = differences(first, second)
    for line in found:
        print(line)
    if first.encoder.version != second.encoder.version:
        print(f"libaom {first.encoder.version} made the first, {second.encoder.version} the second.")
    elif first.encoder.options != second.encoder.options:
        print("The two were encoded with different options.")
    if not found:
        print(f"Equal: {len(first.blocks):,} labels and all pixels.")
    return 1 if found else 0


def _print_summary(dataset: Dataset, as_json: bool) -> None:
    facts = summary(dataset)
    if as_json:
        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    options = " ".join(f"{name}={value}" for name, value in facts["options"].items())
    print(f"{facts['name']}: {facts['blocks']:,} blocks of {len(dataset.sources)} sources, {facts['encoder']}")
    print(f"options {options}; qindex {', '.join(map(str, facts['qindexes']))}; labels: {facts['labels']}")
    print(f"fingerprint {facts['fingerprint']}\n\nSources")
    for source in facts["sources"]:
        where = f"{source['width']}×{source['height']}"
        licence = source["licence"] or "no licence given"
        print(f"  {source['name']:<18} {where:>10}  {source['side']:<5}  {licence}; {source['author']}")
    print("\nTypes by block size")
    for size, types in facts["blocks_by_size"].items():
        print(f"  {size:>2}  " + "  ".join(f"{name} {count:,}" for name, count in types.items() if count))
    print(f"\nClasses at {MODEL_SIZE}×{MODEL_SIZE}")
    for name, columns in facts["stages"].items():
        for column, classes in columns.items():
            mix = "  ".join(f"{title} {count:,}" for title, count in classes.items())
            print(f"  {name if column == 'all' else '':<12} {column:<11} {mix}")
    split = facts["split"]
    print(f"\nSplit by {split['method']}; validation: {', '.join(split['val']) or '—'}")
    if split["note"]:
        print(f"  {split['note']}")
    if split["on_both_sides"]:
        print(f"  On both sides: {', '.join(split['on_both_sides'])}")


def _show_progress(progress: Progress) -> None:
    """One line, rewritten in a terminal and repeated in a log. No forecast: the largest pictures go first."""
    text = f"{progress.done}/{progress.total}  {progress.seconds:.0f} s  {progress.what}"
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list like 80,128") from error


def _option(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share between 0 and 1, like 0.2")
    return value
