"""All checks of the methods for one run."""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from math import ceil

import numpy as np
import pandas as pd

from av1core.analysis.attribution import attribute
from av1core.analysis.maps import trust
from av1core.analysis.maps.checks import RADIUS
from av1core.analysis.maps.faithfulness import (
    RANDOM_ORDERS,
    STEPS,
    Asked,
    area,
    curves,
    edges,
    incompleteness,
    infidelity,
    order,
)
from av1core.analysis.maps.methods import COMPLETE, MapSpec, baseline_luma
from av1core.analysis.maps.randomisation import cascaded
from av1core.analysis.maps.subject import Subject
from av1core.analysis.maps.summaries import on_pixels
from av1core.analysis.maps.trust import Check, Trust
from av1core.dataset.blocks import StageBlocks
from av1core.partition import LUMA_MAX

DRAWS = 4
"""Changed copies of a block for sensitivity-max."""

FEW = 16
"""Blocks at most whose maps are made anew, of changed pixels and by changed models: that is what takes long."""


class Examination:
    """Checks methods on the same N blocks of one run, at least one.

    Everything that is drawn follows from the seed, and the subject's model is as before. On one core 64 blocks take
    about two seconds, for integrated gradients and conductance about six; a backbone that keeps its maps large takes
    fifteen times as long.
    """

    def __init__(self, subject: Subject, blocks: StageBlocks, target: np.ndarray, seed: int = 0):
        """target: int (N,), the class that each map is evidence for."""
        self.subject, self.blocks, self.seed = subject, blocks, seed
        self.target = np.asarray(target, np.int64)
        self.asked = Asked(subject.model, blocks.pixels.astype(np.float32), blocks.qindex, self.target)
        some = slice(None, None, ceil(len(blocks) / FEW))
        self.few = StageBlocks(*(getattr(blocks, field.name)[some] for field in fields(blocks)))
        self._some = some
        self._references = cache(self._curves_of_references)

    def check(self, spec: MapSpec) -> Trust:
        """All checks that apply to the maps of a spec."""
        blocks, asked = self.blocks, self.asked
        baseline = baseline_luma(blocks.pixels, spec.baseline)
        maps = self.subject.maps(spec, blocks, self.target)
        spread = on_pixels(maps, blocks.pixels.shape[-1])
        checks, by_share = self._along_curves(spec.baseline, spread)
        similar, by_part = self._randomised(spec, maps[self._some])
        checks.append(trust.independent(similar, self.few.source))
        if spec.method in COMPLETE:
            checks.append(trust.complete(*incompleteness(asked, maps, baseline, spec.output)))
        changes = sensitivity_max(
            lambda pixels: self.subject.attribute(
                spec, pixels, np.repeat(self.few.qindex, DRAWS), np.repeat(self.target[self._some], DRAWS)
            ),
            maps[self._some], self.few.pixels, self.seed,
        )  # fmt: skip
        checks.append(trust.steady(changes, self.few.source))
        if spec.about.signed and spec.about.targeted:
            shares = infidelity(asked, spread, baseline, spec.about, spec.output, self.seed)
            checks.append(trust.faithful(shares, blocks.source))
        sources = len(np.unique(blocks.source))
        return Trust(spec, tuple(checks), by_share, by_part, len(blocks), len(self.few), sources)

    def _along_curves(self, baseline: str, spread: np.ndarray) -> tuple[list[Check], pd.DataFrame]:
        """The checks of deletion and insertion, and the curves as in Trust. spread: maps (N, S, S)."""
        own = curves(self.asked, baseline_luma(self.blocks.pixels, baseline), order(spread, (self.seed, 0)))
        found = {"map": np.stack(own)} | self._references(baseline)
        deleted, inserted = ({name: area(each[way]) for name, each in found.items()} for way in (0, 1))
        gains = {
            "deletion": deleted["random"] - deleted["map"],
            "insertion": inserted["map"] - inserted["random"],
            "deletion_edges": deleted["edges"] - deleted["map"],
            "insertion_edges": inserted["map"] - inserted["edges"],
        }
        share = np.linspace(0, 100, STEPS + 1)
        tables = [
            pd.DataFrame({"way": way, "order": name, "share": share, "probability": of_blocks.mean(0)})
            for name, each in found.items()
            for way, of_blocks in zip(("deletion", "insertion"), each, strict=True)
        ]
        checks = [trust.better(name, gain, self.blocks.source) for name, gain in gains.items()]
        return checks, pd.concat(tables, ignore_index=True)

    def _curves_of_references(self, baseline: str) -> dict[str, np.ndarray]:
        """Deletion and insertion, float64 (2, N, STEPS + 1), by random orders, their mean, and by the edge detector."""
        nothing = np.zeros(self.blocks.pixels.shape)
        orders = {
            "random": [order(nothing, (self.seed, 1 + place)) for place in range(RANDOM_ORDERS)],
            "edges": [order(edges(self.asked.luma), (self.seed, 0))],
        }
        luma = baseline_luma(self.blocks.pixels, baseline)
        return {name: np.mean([curves(self.asked, luma, each) for each in some], 0) for name, some in orders.items()}

    def _randomised(self, spec: MapSpec, maps: np.ndarray) -> tuple[np.ndarray, pd.DataFrame]:
        """The similarity once all weights are drawn anew, float64 (few,), and that of each part as in Trust."""
        few, target = self.few, self.target[self._some]
        background = self.subject.background if spec.method == "gradient_shap" else None
        by_part = cascaded(
            maps,
            self.subject.plain_model(),
            lambda model: attribute(
                model, few.pixels, spec.method, target, spec.layer, qindex=few.qindex, baseline=spec.baseline,
                output=spec.output, background=background, seed=spec.seed,
            ),
            few.pixels.shape[-1],
            self.seed,
        )  # fmt: skip
        rows = [("nothing", 1.0, 1.0, 1.0)]
        for part, similar in by_part.items():
            mean, interval = trust.known_mean(similar, few.source)
            rows.append((part, mean, *interval))
        columns = ["randomised", "similarity", "low", "high"]
        return similar, pd.DataFrame(rows, columns=columns)


def sensitivity_max(
    again: Callable[[np.ndarray], np.ndarray], maps: np.ndarray, pixels: np.ndarray, seed: int = 0
) -> np.ndarray:
    """The largest ‖map of a changed block − map‖ / ‖map‖ over DRAWS changes: float64 (N,) (Yeh et al. 2019,
    arXiv 1901.09392).

    Each pixel changes by an integer of −RADIUS to RADIUS, within 0–1023. again: the maps of pixels uint16
    (N·DRAWS, S, S), the copies of each block after each other. maps: (N, h, w), those of pixels uint16 (N, S, S). A map
    that is 0 everywhere counts with norm 1, as in Captum.
    """
    count, *sides = pixels.shape
    random = np.random.default_rng((seed, 3))
    near = pixels[:, None] + random.integers(-RADIUS, RADIUS, (count, DRAWS, *sides), endpoint=True)
    others = again(near.clip(0, LUMA_MAX).astype(np.uint16).reshape(-1, *sides))
    own = maps.reshape(count, 1, -1).astype(np.float64)
    norm = np.linalg.norm(own, axis=2)
    return (np.linalg.norm(others.reshape(count, DRAWS, -1) - own, axis=2) / np.where(norm > 0, norm, 1)).max(1)
