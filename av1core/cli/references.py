"""`references`: what the trivial references score on a dataset, which is what a network has to beat."""

import argparse
import json
import sys
from pathlib import Path

from av1core.errors import DatasetError
from av1core.partition import STAGES

COLUMNS = {"val_f1": "val macro-F1", "train_f1": "train F1", "accuracy": "accuracy"}


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "references",
        help="score the trivial references of a dataset",
        description="Score the majority class and logistic regressions on qindex, on block statistics and on both: "
        "fitted on the training side, scored on the validation side, on the natural class mix as every run is.",
        epilog="Example: python -m av1core references data/photos --stage stage2",
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument(
        "--split", choices=("dataset", "source", "frame", "block"), default="dataset",
        help="the dataset's own split (default), or another as a run's setting `split` draws it",
    )  # fmt: skip
    parser.add_argument(
        "--stage", choices=list(STAGES), action="append", help="only this stage; may be repeated (default: all)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a row, shares instead of %%")
    parser.set_defaults(handler=references)


def references(args: argparse.Namespace) -> int:
    import pandas as pd

    from av1core.analysis.references import trivial_references
    from av1core.dataset.folder import Dataset
    from av1core.dataset.split import describe_split, resolve_split

    dataset = Dataset.open(args.dataset)
    split = resolve_split(dataset, args.split)
    scored = []
    for stage in (stage for name, stage in STAGES.items() if name in (args.stage or STAGES)):
        try:
            scored += [(stage, reference) for reference in trivial_references(dataset, stage, split)]
        except DatasetError as error:
            if args.stage:
                raise
            print(f"{stage.title} is left out: {error}", file=sys.stderr)
    if not scored:
        raise DatasetError(f"{args.dataset}: no stage has blocks to score references on.")
    if args.json:
        for stage, reference in scored:
            facts = {"dataset": dataset.name, "split": split.method, "stage": stage.name, "reference": reference.name}
            facts |= {name: getattr(reference, name) for name in COLUMNS}
            facts["f1_per_class"] = dict(zip(stage.classes, reference.f1_per_class, strict=True))
            print(json.dumps(facts))
        return 0
    rows = [
        {"stage": stage.title, "reference": reference.name}
        | {title: 100 * getattr(reference, name) for name, title in COLUMNS.items()}
        for stage, reference in scored
    ]
    print(f"{dataset.name}, in %. {describe_split(split)}\n")
    print(pd.DataFrame(rows).to_string(index=False, float_format="%.2f"))
    return 0
