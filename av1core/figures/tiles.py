"""Blocks and their maps as small pictures on one scale of colours, with what is said of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from plotly.colors import sample_colorscale, unlabel_rgb

from av1core.analysis.maps.choice import OUTCOMES
from av1core.analysis.maps.gallery import Gallery
from av1core.dataset.folder import Dataset
from av1core.dataset.places import place_of
from av1core.figures.frame import picture_url, png_url
from av1core.figures.maps import SIGNED, UNSIGNED
from av1core.partition import MODEL_SIZE, Partition, sub_blocks
from av1core.translation import ENGLISH, Words

WITHIN = 99.0
"""% of the values that a scale spans. To the largest of thousands, all the other blocks would look blank."""

_STEPS = 256
_NOWHERE = 136  # the grey of what is not a number


@dataclass(frozen=True)
class Scale:
    """The colours of all the maps of a gallery.

    low, high: values of the first and the last colour, which is also that of any value beyond. beyond: whether there
    are such values. signed: the scale is symmetric about zero. unit: of a value.
    """

    low: float
    high: float
    beyond: bool
    signed: bool
    unit: str

    @property
    def colours(self) -> list[str]:
        """From low to high in even steps, as "#rrggbb"."""
        return [f"#{colour.tobytes().hex()}" for colour in _colours(self.signed)[:: _STEPS // 15]]

    @property
    def ends(self) -> tuple[str, str]:
        """The two ends in English, such as ("≤ −0.044", "≥ 0.044")."""
        return self.ends_in(ENGLISH)

    def ends_in(self, words: Words) -> tuple[str, str]:
        """The two ends with the signs of a language."""
        low, high = (words.number(value, ".2g") for value in (self.low, self.high))
        return (f"≤ {low}" if self.beyond and self.signed else low), (f"≥ {high}" if self.beyond else high)


@dataclass(frozen=True)
class Tile:
    """A block as a gallery shows it.

    pictures: data URLs of its pixels and of its map by each run. parts: (row, col, height, width) in pixels of what the
    true partition cuts it into. decisions: of each run, as true → predicted class, confidence, and whether that is
    right. foot: the last line. label: all of it in words.
    """

    pictures: list[str]
    parts: list[tuple[int, int, int, int]]
    decisions: list[tuple[str, str, bool]]
    foot: str
    label: str


def scale_of(maps: Sequence[np.ndarray], signed: bool, unit: str) -> Scale:
    """One scale for all these maps, of real values of any shapes; what is not finite does not count."""
    sizes = np.abs(np.concatenate([np.ravel(each) for each in maps]).astype(float))
    sizes = sizes[np.isfinite(sizes)]
    greatest = sizes.max(initial=0.0)
    high = (np.percentile(sizes, WITHIN) if len(sizes) else 0.0) or greatest or 1.0
    return Scale(-float(high) if signed else 0.0, float(high), bool(greatest > high), signed, unit)


def map_urls(maps: np.ndarray, scale: Scale) -> list[str]:
    """Each map, real (N, h, w), as a data URL of a PNG with a pixel a value; what is not finite is grey."""
    found = np.isfinite(maps)
    share = (np.where(found, maps, 0) - scale.low) / (scale.high - scale.low)
    pictures = _colours(scale.signed)[np.clip(np.rint(share * (_STEPS - 1)), 0, _STEPS - 1).astype(int)]
    pictures[~found] = _NOWHERE
    return [png_url(picture) for picture in pictures]


def tiles(shown: Gallery, data: Dataset, runs: Sequence[str], scale: Scale, words: Words = ENGLISH) -> list[Tile]:
    """A tile for each block of a gallery, in its order. data: the dataset of the blocks. runs: what each is called."""
    pictures = [[picture_url(block) for block in shown.blocks.pixels], *(map_urls(each, scale) for each in shown.maps)]
    each = enumerate(zip(*pictures, strict=True))
    return [_tile(shown, data, runs, number, list(own), words) for number, own in each]


def _tile(shown: Gallery, data: Dataset, runs: Sequence[str], number: int, pictures: list[str], words: Words) -> Tile:
    row = int(shown.blocks.rows[number])
    place, source = place_of(data, row), data.sources[data.blocks.source[row]]
    classes = shown.predictions[0].stage.classes
    true = classes[shown.blocks.labels[number]]
    decisions, said = [], [words.tell("true {label}", label=true)]
    for run, predictions in zip(runs, shown.predictions, strict=True):
        predicted, right = classes[predictions.predicted[number]], bool(predictions.right[number])
        sure = f"{100 * predictions.confidence[number]:.0f} %"
        decisions.append((f"{true} → {predicted}", sure, right))
        outcome = words.tell(OUTCOMES["right" if right else "wrong"])
        said.append(f"{run}: {predicted}, {outcome}, {sure}")
    where = [place.source, words.tell("row {row}, col {col}", row=str(place.row), col=str(place.col))]
    if source.frames > 1:
        where.insert(1, words.tell("frame {frame}", frame=str(source.numbers[place.frame])))
    said += [f"qindex {place.qindex}", ", ".join(where)]
    parts = sub_blocks(Partition(int(data.blocks.partition[row])), MODEL_SIZE)
    return Tile(pictures, list(parts), decisions, f"qindex {place.qindex}", "; ".join(said))


@cache
def _colours(signed: bool) -> np.ndarray:
    """uint8 (_STEPS, 3), from the lowest value to the highest."""
    sampled = sample_colorscale(SIGNED if signed else UNSIGNED, np.linspace(0, 1, _STEPS).tolist())
    return np.rint([unlabel_rgb(colour) for colour in sampled]).astype(np.uint8)
