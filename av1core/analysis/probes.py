"""Linear probes: how well the classes of a stage can be read from each layer of a run's backbone by a linear model.

A class-balanced logistic regression (the one of the trivial references) is fitted to the features of training blocks
and scored on validation blocks, on their natural class mix; the backbone itself stays as it is (Alain and Bengio 2017,
arXiv 1610.01644). Beside the layers stand the same fit on raw pixels and on block statistics, and the run itself. Where
there are more than MOST_NUMBERS numbers a block, the fit is given as many principal components of them, so that it is
quick and no layer has an advantage by its width.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from av1core.analysis.confusion import accuracy, f1_per_class
from av1core.analysis.features import (
    FEATURE_LAYERS,
    FORMS,
    HEAD_INPUT,
    POSITIONS,
    backbone_digest,
    in_form,
    layer_maps,
)
from av1core.analysis.predictions import Predictions
from av1core.analysis.references import block_features, fit_logistic
from av1core.analysis.statistics import Interval, picture_f1
from av1core.analysis.tables import worded
from av1core.analysis.tally import Unit, counted
from av1core.dataset.blocks import StageBlocks, chosen_blocks, stage_rows
from av1core.dataset.split import resolve_split
from av1core.errors import DatasetError
from av1core.partition import Stage
from av1core.translation import message

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject

MOST_FITTED, MOST_SCORED = 12_000, 10_000
"""Training blocks that a probe is fitted to, validation blocks that it is scored on; of more, as many are drawn."""

MOST_NUMBERS = 256

PIXELS, STATISTICS = message("raw pixels"), message("block statistics")
WITH_QINDEX = message("block statistics and qindex")
RUN = message("the run")

_SAMPLE = 3000  # training blocks that principal components are found from
_CHUNK = 2048
_PROBED = [(layer, form) for layer in FEATURE_LAYERS for form in FORMS if (layer, form) != (HEAD_INPUT, POSITIONS)]


@dataclass(frozen=True, eq=False)
class Probe:
    """What one model decided on the scored blocks.

    name: a layer, PIXELS, STATISTICS, WITH_QINDEX or RUN. form: of a layer's features, one of FORMS; else "". numbers:
    of a block before they are reduced; 0 for the run. positions: of the layer's map; 0 for what is no layer. confusion:
    int64 (G, C, C) counts by unit, rows true. f1, interval: macro-F1 in %, over other pictures.
    """

    name: str
    form: str
    numbers: int
    positions: int
    confusion: np.ndarray
    f1: float
    interval: Interval

    @property
    def title(self) -> str:
        """Such as "layer1, with positions"."""
        return message("{layer}, {form}", layer=self.name, form=FORMS[self.form]) if self.form else self.name


@dataclass(frozen=True, eq=False)
class Probes:
    """The probes of one backbone for a stage. fitted, scored: blocks. unit: what the G units of confusions are."""

    stage: Stage
    fitted: int
    scored: int
    unit: Unit
    units: tuple[str, ...]
    probes: tuple[Probe, ...]

    def find(self, name: str, form: str = "") -> Probe | None:
        """The probe of this name and form, if there is one."""
        return next((each for each in self.probes if (each.name, each.form) == (name, form)), None)

    @property
    def layers(self) -> list[Probe]:
        """Those of layers, in the order of the forward pass."""
        return [each for each in self.probes if each.form]

    def table(self) -> pd.DataFrame:
        """A row a probe with the columns of `tables.probe_columns`; F1 and accuracy in %."""
        rows = []
        for each in self.probes:
            total = each.confusion.sum(0)
            classes = zip(self.stage.classes, f1_per_class(total), strict=True)
            form = FORMS.get(each.form)
            if each.positions == 1 and each.name != HEAD_INPUT:
                form = message("{form} (1×1)", form=form)
            rows.append(
                {
                    "name": each.name, "form": form, "numbers": each.numbers or None,
                    "probe_f1": each.f1, "probe_f1_low": each.interval.low, "probe_f1_high": each.interval.high,
                    "accuracy": 100 * accuracy(total), **{f"f1_{name}": 100 * f1 for name, f1 in classes},
                }
            )  # fmt: skip
        return worded(rows, rows[0])


def probe(subject: "Subject", stage: Stage, predictions: Predictions | None = None, seed: int = 0) -> Probes:
    """The probes of a run's backbone for a stage, on the split of the run; the same arguments give the same.

    predictions: of the run, if it decides this stage. seed: draws the blocks. The counts are kept on disk, for every
    run with the same backbone and split. DatasetError as `stage_rows`, and if one class alone was drawn to fit.
    RunError if the predictions are not of this split, ValueError if they are of another stage.
    """
    if predictions is not None and predictions.stage != stage:
        raise ValueError(f"these predictions are of {predictions.stage.title}, not of {stage.title}")
    split = resolve_split(subject.dataset, subject.spec.split)
    (train, of_train), (val, of_val) = (
        _drawn(*stage_rows(subject.dataset, stage, side, split), most, seed)
        for side, most in (("train", MOST_FITTED), ("val", MOST_SCORED))
    )
    if len(np.unique(of_train)) < 2:
        raise DatasetError(
            message(
                "The training blocks of {stage} that were drawn are of one class; draw by another seed.",
                stage=stage.title,
            )
        )
    known = subject.dataset.blocks.qindex[train]
    names = [*_PROBED, (PIXELS, ""), (STATISTICS, ""), *([(WITH_QINDEX, "")] if np.ptp(known) else [])]
    kind = f"probe {backbone_digest(subject.model)} {subject.dataset.fingerprint} {stage.name}"
    recipe = f"{names} {MOST_NUMBERS} {len(train)} "
    digest = hashlib.sha256(recipe.encode() + train.tobytes() + val.tobytes()).hexdigest()[:16]
    places = [f"{what} {digest}" for what in ("confusion", "sizes")]
    kept = subject.store.get(kind, places)
    if len(kept) < len(places):
        made = _count(subject, stage, train, val)
        kept = dict(zip(places, made, strict=True))
        subject.store.put(kind, kept)
    confusions, sizes = (kept[place] for place in places)
    scored = [
        Probe(*name, *map(int, size), confusion, *picture_f1(confusion))
        for name, size, confusion in zip(names, sizes, confusions, strict=True)
    ]
    units = counted(stage, subject.dataset, val, of_val, of_val).units()
    if predictions is not None:
        own = counted(stage, subject.dataset, val, of_val, predictions.of(val).predicted).units().confusion
        scored.append(Probe(RUN, "", 0, 0, own, *picture_f1(own)))
    return Probes(stage, len(train), len(val), units.kind, units.names, tuple(scored))


def _count(subject: "Subject", stage: Stage, train: np.ndarray, val: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By probe, but for the run: confusions int64 (R, G, C, C), and int64 (R, 2) numbers and positions."""
    fit, score = (chosen_blocks(subject.dataset, stage, rows) for rows in (train, val))
    sample = layer_maps(subject.model, fit.pixels[_spread(len(fit), _SAMPLE)], FEATURE_LAYERS)
    reducing = {each: reduction(in_form(sample[each[0]], each[1])) for each in _PROBED}
    sizes = [(in_form(sample[layer], form).shape[1], sample[layer].shape[2]) for layer, form in _PROBED]
    tables = [_reduced(subject, blocks, reducing) for blocks in (fit, score)]
    found: list[np.ndarray] = []
    for (layer, form), (_, positions) in zip(_PROBED, sizes, strict=True):
        if form == POSITIONS and positions == 1:
            found.append(found[-1])  # the same numbers as the mean's
            continue
        found.append(_predicted(tables[0][layer, form], fit.labels, tables[1][layer, form]))
    for own in _references(fit, score):
        found.append(_predicted(own[0], fit.labels, own[1]))
        sizes.append((own[0].shape[1], 0))
    confusions = [counted(stage, subject.dataset, val, score.labels, each).units().confusion for each in found]
    return np.stack(confusions), np.array(sizes, np.int64)


def _references(fit: StageBlocks, score: StageBlocks) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Tables (N, F) of both sides: raw pixels, block statistics, and with the qindex if it differs among blocks."""
    yield tuple(side.pixels.reshape(len(side), -1).astype(np.float32) for side in (fit, score))
    tables = [block_features(side.pixels, side.qindex) for side in (fit, score)]
    yield tuple(table[:, :-1] for table in tables)
    if np.ptp(fit.qindex):
        yield tuple(tables)


def reduction(features: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """What takes features (N, F) to MOST_NUMBERS principal components of these; as they are if F is no more.

    Of few blocks there are fewer components, N / 4: as many as blocks would tell any two of them apart.
    """
    if features.shape[1] <= MOST_NUMBERS:
        return lambda table: table
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    components = min(MOST_NUMBERS, max(1, len(features) // 4))
    return make_pipeline(StandardScaler(), PCA(components, random_state=0)).fit(features).transform


def _reduced(subject: "Subject", blocks: StageBlocks, reducing: dict) -> dict[tuple[str, str], np.ndarray]:
    """The features of each layer and form as the fit is given them; never more than a chunk of them whole."""
    found: dict[tuple[str, str], list[np.ndarray]] = {each: [] for each in reducing}
    for first in range(0, len(blocks), _CHUNK):
        maps = layer_maps(subject.model, blocks.pixels[first : first + _CHUNK], FEATURE_LAYERS)
        for (layer, form), reduce in reducing.items():
            found[layer, form].append(reduce(in_form(maps[layer], form)).astype(np.float32))
    return {each: np.concatenate(tables) for each, tables in found.items()}


def _predicted(features: np.ndarray, labels: np.ndarray, of_val: np.ndarray) -> np.ndarray:
    return fit_logistic(features, labels).predict(of_val)


def _drawn(rows: np.ndarray, labels: np.ndarray, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:most])
    return rows[chosen], labels[chosen]


def _spread(count: int, most: int) -> np.ndarray:
    """At most so many places, evenly over all of them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))
