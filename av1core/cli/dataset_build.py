"""The command `dataset build`."""

import argparse
import sys
from pathlib import Path

from av1core import settings
from av1core.access import of_environment
from av1core.cli.arguments import checked, cq_levels, fraction, integers, option, tool
from av1core.cli.dataset_text import print_summary
from av1core.dataset.build import build
from av1core.dataset.encoding import QINDEXES, TOOLS, Encoding
from av1core.dataset.sources import collect
from av1core.dataset.work import Progress
from av1core.errors import Cancelled
from av1core.media.clips import RawLayout
from av1core.media.frame_choice import FrameChoice

_EPILOGUE = """\
A build that was stopped, by Ctrl-C or otherwise, goes on where it was when the same command is given again.
Videos without a header (.yuv) need --raw WIDTHxHEIGHT:BITS unless their name says it, as in
Beauty_3840x2160_120fps_420_10bit_YUV.yuv."""


def add_parser(commands) -> None:
    """Add `build` to the subcommands of `dataset`."""
    parser = commands.add_parser(
        "build", help="encode pictures or videos, or read AV1 streams, and keep the partition decisions",
        epilog=_EPILOGUE, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("sources", nargs="+", type=Path, help="pictures, videos, folders of them, TOML manifests")
    add("--out", required=True, type=Path, help="the dataset folder to create")
    add("--name", help="name of the dataset (default: that of the folder)")
    add("--frames", type=checked(FrameChoice.parse), default="all",
        help="of each video: all, every:N, count:N (spread over the clip) or a list 0,5,9")  # fmt: skip
    add("--raw", type=checked(RawLayout.parse), help="how .yuv files lie, such as 3840x2160:10 or 352x288:8:420")
    add("--stream", type=Path, help="an AV1 stream of the one source: its intra frames give the labels")
    level = parser.add_mutually_exclusive_group()
    level.add_argument("--qindex", type=integers, default=QINDEXES, help="such as 80,128,172,220 (default)")
    level.add_argument("--cq-level", type=cq_levels, dest="qindex", help="the same as levels of 0 to 63")
    add("--encoder", choices=("libaom", "svtav1"), default="libaom")
    add("--cpu-used", "--preset", type=int, dest="speed", metavar="N",
        help="libaom's cpu-used (0 searches everything; default 2) or SVT-AV1's preset (default 4)")  # fmt: skip
    add("--tool", type=tool, action="append", default=[], metavar="NAME=on|off",
        help=f"a partition tool of libaom: {', '.join(TOOLS)} (1to4 is off otherwise); may be repeated")  # fmt: skip
    add("--option", type=option, action="append", default=[], metavar="NAME=VALUE",
        help="a further encoder option by its own name; may be repeated")  # fmt: skip
    add("--split", choices=("source", "frame", "block"), default="source",
        help="what is drawn to validate; block is the thesis's, with blocks of one picture on both sides")  # fmt: skip
    add("--val", type=lambda text: tuple(text.split(",")), metavar="NAME,NAME", help="sources that validate, by name")
    add("--val-fraction", type=fraction, default=0.2, help="share of the draw that validates (default 0.2)")
    add("--workers", type=int, help="frames to encode at once (default: one a core)")
    add("--executor", choices=("threads", "ray"),
        help="threads of this process, or a Ray cluster (default: threads unless AV1LAB_EXECUTOR is ray)")  # fmt: skip
    add("--restart", action="store_true", help="drop an unfinished build of this folder")
    add("--json", action="store_true", help="describe the result as JSON")
    parser.set_defaults(handler=_build)


def _build(args: argparse.Namespace) -> int:
    of_environment().require()
    sources = collect(args.sources, frames=args.frames, raw=args.raw, stream=args.stream)
    encoding = Encoding(args.qindex, args.encoder, args.speed, dict(args.option), dict(args.tool))
    try:
        dataset = build(
            sources, args.out, encoding, name=args.name, split=args.split, val=args.val,
            val_fraction=args.val_fraction, workers=args.workers, executor=args.executor or settings.executor(),
            ray_address=settings.ray_address(), restart=args.restart, progress=show_progress,
        )  # fmt: skip
    except KeyboardInterrupt as error:
        raise Cancelled("\nStopped. What is done is kept; the same command goes on from there.") from error
    print(file=sys.stderr)
    print_summary(dataset, args.json)
    return 0


def show_progress(progress: Progress) -> None:
    """One line, rewritten in a terminal and repeated in a log."""
    left = f"about {progress.seconds_left:.0f} s left" if progress.done < progress.total else "done"
    text = f"{progress.doing} {progress.done}/{progress.total}  {progress.seconds:.0f} s, {left}  {progress.what}"
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)
