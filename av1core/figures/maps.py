"""Maps of blocks side by side: pixels, attributions, differences, means; whatever has a value for a place in a block.

Panels that are compared share one scale of colours. All of them lie on one pair of axes, since a browser needs most of
its time for axes and not for cells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from av1core.figures.theme import NEUTRAL, empty, literal, whole
from av1core.partition import LUMA_MAX, MODEL_SIZE
from av1core.translation import ENGLISH, Message, Words, message

LUMA = message("luma")
"""The unit of pixels, which are drawn in grey from 0 to LUMA_MAX."""

SIGNED, UNSIGNED, _GREY = "RdBu_r", "Viridis", "Greys_r"
"""Plotly's colours of maps, from low to high: red is for, blue is against."""

_GAP = 1.5  # between panels, in pixels of the block
_WIDTH = 800  # px of all panels of a row, in a page of 1280 px
_LARGEST = 190  # px of a panel
_LETTER, _LINE, _HEADING = 6, 15, 24  # px of a title's letter and line, and of the line that heads a row
_TOP, _BOTTOM = 46, 78  # px for the figure's title and for the colour bars

_Kind = tuple[str, bool]  # a unit, and whether its panels are signed


@dataclass(frozen=True, eq=False)
class Panel:
    """A map as it is drawn.

    title: as text, wrapped to the panel. values: real (h, w) on any grid that spans the block, NaN where there is none.
    unit: of a value. signed: whether zero divides what is for from what is against; such a panel's scale is symmetric.
    """

    title: str
    values: np.ndarray
    unit: str
    signed: bool


def luma_panel(title: str, pixels: np.ndarray) -> Panel:
    """A block's pixels, or a baseline: luma in 0–1023, of any number type (S, S)."""
    return Panel(title, pixels, LUMA, signed=False)


def panels_figure(
    rows: Sequence[Sequence[Panel | None]],
    title: str,
    row_titles: Sequence[str] = (),
    per_map_scale: bool = False,
    words: Words = ENGLISH,
) -> go.Figure:
    """Rows of panels, each on the 16×16 pixels of a block and in cells as large as its values stand for, unsmoothed.

    rows: None leaves a place free. row_titles: one for each row, or none; long ones are cut at the figure's edge.
    Panels of one unit, signed or not, share a scale with a colour bar. per_map_scale: each has its own instead, which
    its title tells. A title is not repeated below the same one.
    """
    panels = [panel for row in rows for panel in row if panel is not None]
    if not panels:
        return empty(words.tell("There is no map to show."))
    columns = max(map(len, rows))
    step = MODEL_SIZE + _GAP
    per_pixel = min(_LARGEST, _WIDTH / columns) / step  # px of the screen for one of the block
    letters = max(12, int(MODEL_SIZE * per_pixel / _LETTER))
    scales = {} if per_map_scale else _scale_names(panels)
    cells, frames, notes = [], [], []
    top = 0.0
    above: Sequence[str | None] = [None] * columns
    for place, row in enumerate(rows):
        if row_titles:
            top += _HEADING / per_pixel
            notes.append(_note(f"<b>{literal(row_titles[place])}</b>", 0, top - 2 / per_pixel, "left", 13))
        titles = [panel and _title(panel, per_map_scale, letters, words) for panel in row]
        shown = [
            None if text == over and not per_map_scale else text for text, over in zip(titles, above, strict=False)
        ]
        top += max((text.count("<br>") + 1 for text in shown if text), default=0) * _LINE / per_pixel
        for column, (panel, text) in enumerate(zip(row, shown, strict=True)):
            left = column * step
            if panel is not None:
                cells.append(_cells(panel, left, top, scales.get((panel.unit, panel.signed)), words))
                frames.append(_frame(left, top))
            if text:
                notes.append(_note(text, left + MODEL_SIZE / 2, top, "center", 12))
        top += step
        above = [*titles, *[None] * (columns - len(titles))]
    bottom = _BOTTOM if scales else 10
    axis = {"visible": False, "constrain": "domain"}
    # All at once: Plotly checks the whole list again whenever a shape or a note is added to it.
    return go.Figure(
        cells,
        {
            **_colour_axes(scales, panels, words), "shapes": frames, "annotations": notes,
            "xaxis": axis | {"range": [-0.2, columns * step], "constraintoward": "left"},
            "yaxis": axis | {"range": [top, 0], "constraintoward": "top", "scaleanchor": "x"},
            "title": literal(title), "height": top * per_pixel + _TOP + bottom, "hovermode": "closest",
            "plot_bgcolor": "rgba(0,0,0,0)", "margin": {"l": 10, "r": 10, "t": _TOP, "b": bottom},
            "meta": literal(_in_words(rows, row_titles, words)),
        },
    )  # fmt: skip


def _scale_names(panels: Sequence[Panel]) -> dict[_Kind, str]:
    """The name of the colour axis of each unit, signed or not."""
    kinds = dict.fromkeys((panel.unit, panel.signed) for panel in panels)
    return {kind: f"coloraxis{place if place > 1 else ''}" for place, kind in enumerate(kinds, 1)}


def _colour_axes(scales: Mapping[_Kind, str], panels: Sequence[Panel], words: Words) -> dict[str, dict]:
    """The colour axes by name, with their bars in a row below."""
    width = 1 / max(1, len(scales))
    axes = {}
    for place, (kind, name) in enumerate(scales.items()):
        unit, _ = kind
        low, high = _range([panel.values for panel in panels if (panel.unit, panel.signed) == kind], *kind)
        axes[name] = {
            "colorscale": _colours(*kind), "cmin": low, "cmax": high,
            "colorbar": {
                "orientation": "h", "thickness": 10, "len": min(0.3, width - 0.03), "x": min(0.33, width) * place,
                "xanchor": "left", "xpad": 0, "y": 0, "yanchor": "top", "nticks": 5,
                "title": {"text": literal(words.tell(unit)), "side": "top", "font": {"size": 12}}, "outlinewidth": 0,
            },
        }  # fmt: skip
    return axes


def _cells(panel: Panel, left: float, top: float, scale: str | None, words: Words) -> go.Heatmap:
    """The panel's trace with its top left corner at a place; scale: a colour axis, or None for one of its own."""
    values = np.asarray(panel.values)
    height, width = (MODEL_SIZE / side for side in values.shape)
    if scale is None:
        low, high = _range([values], panel.unit, panel.signed, own=True)
        colours = {
            "colorscale": _colours(panel.unit, panel.signed), "zmin": low, "zmax": high, "showscale": False,
        }  # fmt: skip
    else:
        colours = {"coloraxis": scale}
    rows, cols = np.indices(values.shape)
    ends = np.stack([rows * height, (rows + 1) * height - 1, cols * width, (cols + 1) * width - 1], axis=-1)
    first_row, last_row, first_col, last_col = (f"%{{customdata[{place}]}}" for place in range(4))
    if height == width == 1:
        where = words.tell("row {row}, col {col}", row=first_row, col=first_col)
    else:
        where = words.tell(
            "rows {first_row}–{last_row}, cols {first_col}–{last_col}",
            first_row=first_row, last_row=last_row, first_col=first_col, last_col=last_col,
        )  # fmt: skip
    unit = literal(words.tell(panel.unit))
    return go.Heatmap(
        z=values, x0=left + width / 2, dx=width, y0=top + height / 2, dy=height, hoverongaps=False,
        customdata=ends.round().astype(np.uint8), name=literal(_told(panel.title, words)), showlegend=False,
        hovertemplate=f"{whole(_told(panel.title, words))}<br>{where}<br>"
        f"{f'{unit} %{{z:.4~g}}' if panel.unit == LUMA else f'%{{z:.3~g}} {unit}'}<extra></extra>",
        **colours,
    )  # fmt: skip


def _range(maps: Sequence[np.ndarray], unit: str, signed: bool, own: bool = False) -> tuple[float, float]:
    """The ends of a scale for these maps; own: of one map alone, for which luma is stretched."""
    values = np.concatenate([np.ravel(each) for each in maps]).astype(float)
    values = values[np.isfinite(values)]
    if unit == LUMA:
        return _stretched(values) if own else (0.0, float(LUMA_MAX))
    limit = float(np.abs(values).max(initial=0.0)) or 1.0
    return (-limit if signed else min(0.0, values.min(initial=0.0))), limit


def _stretched(values: np.ndarray) -> tuple[float, float]:
    """From the least to the greatest; a flat map lies in the middle of its scale."""
    low, high = values.min(initial=LUMA_MAX), values.max(initial=0)
    return (low, high) if low < high else (high - 1, high + 1)


def _colours(unit: str, signed: bool) -> str:
    if unit == LUMA:
        return _GREY
    return SIGNED if signed else UNSIGNED


def _title(panel: Panel, per_map_scale: bool, letters: int, words: Words) -> str:
    """Literal, in lines."""
    title = whole(_told(panel.title, words), letters)
    if not per_map_scale:
        return title
    low, high = _range([panel.values], panel.unit, panel.signed, own=True)
    if panel.signed:
        scale = words.tell("own scale ±{high:.2g}", high=high)
    else:
        scale = words.tell("own scale {low:.3g}–{high:.3g}", low=low, high=high)
    return f"{title}<br>{whole(scale, letters)}"


def _note(text: str, x: float, y: float, anchor: str, size: int) -> dict:
    return {
        "text": text, "x": x, "y": y, "xanchor": anchor, "yanchor": "bottom", "align": anchor, "showarrow": False,
        "font": {"size": size}, "borderpad": 0,
    }  # fmt: skip


def _frame(left: float, top: float) -> dict:
    corners = {"x0": left, "x1": left + MODEL_SIZE, "y0": top, "y1": top + MODEL_SIZE}
    return {"type": "rect", "line": {"color": NEUTRAL, "width": 1}, **corners}


def _told(title: str, words: Words) -> str:
    """A title in the language, unless it is a name that somebody gave."""
    return words.tell(title) if isinstance(title, Message) else title


def _in_words(rows: Sequence[Sequence[Panel | None]], row_titles: Sequence[str], words: Words) -> str:
    lines = [", ".join(_told(panel.title, words) for panel in row if panel is not None) for row in rows]
    if row_titles:
        lines = [f"{title}: {line}" for title, line in zip(row_titles, lines, strict=True)]
    return words.tell("Panels: {panels}", panels="; ".join(lines))
