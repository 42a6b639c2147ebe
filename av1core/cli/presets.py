"""`presets`: the thesis's experiments that `train` and the Launch page offer."""

import argparse
import json

from av1core.training.presets import PRESETS


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("presets", help="list the thesis's experiments")
    parser.add_argument("--json", action="store_true", help="print their settings as JSON")
    parser.set_defaults(handler=presets)


def presets(args: argparse.Namespace) -> int:
    if args.json:
        print(json.dumps({key: preset.values for key, preset in PRESETS.items()}, ensure_ascii=False, indent=2))
    else:
        for key, preset in PRESETS.items():
            print(f"{key:26} {preset.title:26} {preset.about}")
    return 0
