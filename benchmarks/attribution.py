"""Maps of blocks, and the Attribution page: python -m benchmarks.attribution [--runs DIR --run RUN] [--device cuda]

Trains a Stage-1 and a Stage-2 run for a minute on data/photos first, or takes a run that is there. Prints the median
and the worst in milliseconds, with the aim: of 64 blocks by each method and by the five of the input together, of one
block by those that the page shows at first, and from a click on another block, or on Next, until its maps are drawn in
Chromium. Nothing is read from disk: each round has other blocks. Then how near integrated gradients come to the path
integral, which Captum's rule with 2,048 points stands for, and how complete they are, beside Captum's rule with as many
points. --json prints a JSON object a measurement instead.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from captum.attr import IntegratedGradients
from playwright.sync_api import Page, sync_playwright

from av1core.analysis.attribution import STEPS, attribute, to_luma
from av1core.analysis.maps.methods import METHODS, MapSpec, baseline_luma
from av1core.analysis.maps.moves import frame_rows
from av1core.analysis.predictions import load_predictions
from av1core.dataset.blocks import gather_pixels
from av1core.dataset.folder import Dataset
from av1core.dataset.places import place_of
from av1core.hardware import cores, cpu_name, wait_for
from av1core.models.fast_forms import to_inference
from av1core.partition import MODEL_SIZE
from av1core.runs.checkpoint import load_best
from av1core.runs.execute import execute
from av1core.runs.folder import RunFolder
from av1core.training.presets import PRESETS
from av1core.training.spec import parse_spec, with_overrides
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.server import dashboard

PHOTOS = Path(__file__).parents[1] / "data" / "photos"
BLOCKS, CLICKS = 64, 16
LAYER = "layer1"
FIRST = ("saliency", "integrated_gradients", "occlusion", "grad_cam")
"""What the Block view shows at first."""

IMAGES = """() => [...document.querySelectorAll('.js-plotly-plot .hm image')]
  .map(image => image.getAttribute('href') || image.getAttribute('xlink:href')).join('|')"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, help="a folder of runs")
    parser.add_argument("--run", help="one of them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu", help="of the maps; the page's are made on the CPU")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if (args.runs is None) != (args.run is None):
        parser.error("--runs and --run go together")
    device = torch.device(args.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{cpu_name()}, {cores()} cores"
    if not args.json:
        print(f"{name}, torch {torch.__version__}\n{'ms':<58} {'median':>8} {'worst':>8} {'aim':>6}")
    with tempfile.TemporaryDirectory() as temporary:
        runs = args.runs or Path(temporary) / "runs"
        folder = RunFolder.open(runs, args.run) if args.run else _trained(runs)
        torch.set_num_threads(cores())  # training has set its own
        timings = chain(_maps(folder, args.rounds, device), _clicks(folder, Path(temporary) / "server.log"))
        for what, times, aim in timings:
            found = {"what": what, "median": 1000 * statistics.median(times), "worst": 1000 * max(times), "aim": aim}
            row = f"{what:<58} {found['median']:>8.0f} {found['worst']:>8.0f} {aim or '':>6}"
            print(json.dumps(found) if args.json else row, flush=True)
        for found in _accuracy(folder):
            row = f"{found['what']:<58} {found['median']:>8.2g} {found['worst']:>8.2g}"
            print(json.dumps(found) if args.json else row, flush=True)


def _trained(runs: Path) -> RunFolder:
    """A Stage-2 run that has hardly learnt anything: maps of it take as long as of any other."""
    values = {"dataset": str(PHOTOS), "epochs": 2, "epoch_blocks": 8192}
    stage1 = RunFolder.create(runs, parse_spec(with_overrides(PRESETS["stage1"].values, values)))
    assert execute(stage1, threads=1).state == "finished"
    values |= {"stage1_run": stage1.id}
    stage2 = RunFolder.create(runs, parse_spec(with_overrides(PRESETS["exp03"].values, values)))
    assert execute(stage2, threads=1).state == "finished"
    return stage2


def _maps(folder: RunFolder, rounds: int, device: torch.device) -> Iterator[tuple[str, list[float], float | None]]:
    data = Dataset.open(folder.spec().dataset)
    rows = load_predictions(folder, data).block
    model = to_inference(load_best(folder, device), MODEL_SIZE)
    chosen = np.random.default_rng(0).permutation(rows)[: (rounds + 1) * BLOCKS].reshape(rounds + 1, BLOCKS)
    pixels = [gather_pixels(data, part) for part in chosen]
    qindex = [data.blocks.qindex[part] for part in chosen]

    def times(spec: MapSpec, count: int) -> list[float]:
        def make(part: int) -> None:
            attribute(
                model, pixels[part][:count], spec.method, 1, spec.layer, qindex=qindex[part][:count],
                background=pixels[0][:8],
            )  # fmt: skip

        make(0)  # the first is slower
        return [_seconds(lambda part=part: make(part), device) for part in range(1, rounds + 1)]

    specs = {name: MapSpec(name, LAYER if method.of == "layer" else None) for name, method in METHODS.items()}
    found = {name: times(spec, BLOCKS) for name, spec in specs.items()}
    for name, taken in found.items():
        yield f"{BLOCKS} blocks, {specs[name].title}", taken, None
    of_input = [found[name] for name, method in METHODS.items() if method.of == "input"]
    yield (
        f"{BLOCKS} blocks, the {len(of_input)} methods of the input",
        [sum(of) for of in zip(*of_input, strict=True)],
        2000,
    )
    single = [times(specs[name], 1) for name in FIRST]
    yield f"1 block, the {len(FIRST)} methods shown at first", [sum(of) for of in zip(*single, strict=True)], None


def _clicks(folder: RunFolder, log: Path) -> Iterator[tuple[str, list[float], float | None]]:
    data = Dataset.open(folder.spec().dataset)
    first = load_predictions(folder, data).block[0]
    place = place_of(data, first)
    frame = data.sources[data.blocks.source[first]]
    nodes = frame_rows(data, int(data.blocks.source[first]), place.frame, place.qindex)
    nodes = np.random.default_rng(2).permutation(nodes[nodes != first])[:CLICKS]
    with sync_playwright() as playwright, dashboard(folder.path.parent, log, str(PHOTOS.parent)) as server:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 2400})
        page.goto(f"{server.address}/attribution?stage={folder.spec().stage}&run={folder.id}")
        page.wait_for_function(f"() => ({IMAGES})().length > 100", timeout=120_000)
        page.wait_for_timeout(5000)

        def click(number: int) -> None:
            """On the middle of a node; the frame is shown whole, in the middle of the canvas."""
            box = page.locator("canvas").first.bounding_box()
            scale = min(box["width"] / frame.width, box["height"] / frame.height)
            middle = place_of(data, nodes[number])
            across, down = (at + MODEL_SIZE / 2 for at in (middle.col, middle.row))
            page.mouse.click(
                box["x"] + box["width"] / 2 + scale * (across - frame.width / 2),
                box["y"] + box["height"] / 2 + scale * (down - frame.height / 2),
            )

        yield "a click on a block until its maps are drawn", _answers(page, click), 700
        step = page.get_by_role("button", name="Next", exact=True)
        yield "the next block until its maps are drawn", _answers(page, lambda _: step.click()), 700
        browser.close()


def _answers(page: Page, ask: Callable[[int], None]) -> list[float]:
    """The seconds from each of CLICKS questions until other maps are drawn."""
    times = []
    for number in range(CLICKS):
        before = page.evaluate(IMAGES)
        started = time.perf_counter()
        ask(number)
        page.wait_for_function(f"before => ({IMAGES})() !== before", arg=before, polling=10, timeout=30_000)
        times.append(time.perf_counter() - started)
        page.wait_for_timeout(1000)
    return times


def _accuracy(folder: RunFolder, blocks: int = 16) -> Iterator[dict]:
    """By baseline: the largest error of a pixel, in % of the map's largest value, and that of the sum, in logits."""
    data = Dataset.open(folder.spec().dataset)
    model = to_inference(load_best(folder), MODEL_SIZE)
    rows = np.random.default_rng(1).permutation(load_predictions(folder, data).block)[:blocks]
    pixels, qindex = gather_pixels(data, rows), data.blocks.qindex[rows]
    beside = torch.from_numpy(qindex.astype(np.int64))
    inputs = to_luma(pixels, torch.device("cpu"))
    for baseline in ("mean", "black"):
        start = to_luma(baseline_luma(pixels, baseline), inputs.device)
        with torch.no_grad():
            difference = (model(inputs, beside) - model(start, beside))[:, 1].numpy()

        def captum(points: int, start=start) -> np.ndarray:
            maps = IntegratedGradients(model).attribute(
                inputs, start, 1, beside, n_steps=points, internal_batch_size=1024
            )
            return maps.detach()[:, 0].numpy()

        integral = captum(2048)
        own = attribute(model, pixels, "integrated_gradients", 1, qindex=qindex, baseline=baseline)
        for name, maps in {"here": own, f"Captum, {STEPS} points": captum(STEPS)}.items():
            off = 100 * np.abs(maps - integral).max((1, 2)) / np.abs(integral).max((1, 2))
            lacking = np.abs(maps.sum((1, 2)) - difference)
            for what, values in ((f"error of a pixel in %, {baseline}, {name}", off),
                                 (f"error of the sum in logits, {baseline}, {name}", lacking)):  # fmt: skip
                yield {"what": what, "median": float(np.median(values)), "worst": float(values.max())}


def _seconds(work: Callable[[], None], device: torch.device) -> float:
    wait_for(device)
    started = time.perf_counter()
    work()
    wait_for(device)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
