"""What the `dataset` commands print about a dataset."""

import json

from av1core.dataset.folder import Dataset
from av1core.dataset.split import describe_split
from av1core.dataset.summary import summary
from av1core.partition import MODEL_SIZE


def print_summary(dataset: Dataset, as_json: bool) -> None:
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
    print(f"\nSplit: {describe_split(dataset.split)}")
    if split["note"] and split["method"] != "none":
        print(f"  {split['note']}")
    if both := split["on_both_sides"]:
        print(
            f"  On both sides: {', '.join(both['sources']) or 'no source'}; "
            f"{both['frames']:,} of {both['all_frames']:,} frames"
        )
