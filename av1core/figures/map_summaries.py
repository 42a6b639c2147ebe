"""Figures of many maps at once: where in the block their evidence lies, and how alike methods are."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from av1core.analysis.maps.methods import Method
from av1core.analysis.maps.regions import BORDER, HALVES, QUADRANTS, REGIONS
from av1core.analysis.maps.summaries import Agreement, MeanMaps
from av1core.figures.maps import Panel
from av1core.figures.theme import NEUTRAL, PALETTE, empty, literal, short, style, whole
from av1core.translation import ENGLISH, Words, message

REGION_ROWS = ((BORDER, HALVES[0], HALVES[2]), QUADRANTS)
"""The regions that are drawn, in rows; the other halves are what is missing to 100 %."""

_ROW, _GAP = 26, 0.035  # px of a group; between panels, as a share of the width
_SYMBOLS = ("circle", "square")
# Dark text reads on all of this scale, in a light and in a dark page.
_BLUE_TO_ORANGE = ["#6baed6", "#f7f7f7", "#f5a34d"]


def mean_panels(
    means: MeanMaps, absolute: bool, method: Method, difference: bool = False, words: Words = ENGLISH
) -> list[Panel]:
    """A panel for each group's mean map, signed or absolute, with its number of blocks.

    difference: whether these are differences of means, which are signed in any case.
    """
    maps = means.absolute if absolute else means.signed
    signed = method.signed and not absolute
    unit = message("{unit}, difference", unit=method.unit) if difference and not signed else method.unit
    return [
        Panel(
            words.plural("{name}, {count:,} block", "{name}, {count:,} blocks", blocks, name=name),
            values,
            unit,
            signed or difference,
        )
        for name, blocks, values in zip(means.names, means.blocks, maps, strict=True)
    ]


def shares_figure(tables: Mapping[str, pd.DataFrame], title: str, words: Words = ENGLISH) -> go.Figure:
    """Mean shares of the evidence in % by region and group, with 95 % intervals; a line where a flat map would be.

    tables: of `regions.shares_table`, by the name of a run.
    """
    groups = list(dict.fromkeys(group for table in tables.values() for group in table["group"]))[::-1]  # first on top
    if not groups:
        return empty(words.tell("No map has evidence."))
    columns = max(map(len, REGION_ROWS))
    drawn = [region for row in REGION_ROWS for region in row]
    figure = make_subplots(
        rows=len(REGION_ROWS), cols=columns, shared_yaxes=True, horizontal_spacing=_GAP,
        subplot_titles=[words.tell(region).capitalize() for region in drawn],
        vertical_spacing=0.28 if len(groups) < 5 else 0.18,
        specs=[[{}] * len(row) + [None] * (columns - len(row)) for row in REGION_ROWS],
    )  # fmt: skip
    for run, (name, table) in enumerate(tables.items()):
        lift = 0.0 if len(tables) == 1 else 0.16 - 0.32 * run
        for row, regions in enumerate(REGION_ROWS, 1):
            for col, region in enumerate(regions, 1):
                some = table[table["region"] == region]
                heights = [groups.index(group) + lift for group in some["group"]]
                trace = _dots(some, "share", heights, name, run, words)
                trace.update(showlegend=row == col == 1 and len(tables) > 1)
                figure.add_trace(trace, row=row, col=col)
    figure.layout.shapes = [_area(region, trace) for region, trace in zip(drawn, figure.data, strict=False)]
    style(figure, f"{title} (%)", None, None, 190 + 2 * _ROW * (len(groups) + 1))
    figure.update_xaxes(nticks=5, zeroline=False)
    for row in range(1, len(REGION_ROWS) + 1):
        one = next(figure.select_xaxes(row=row, col=1))
        figure.update_xaxes(matches=one.plotly_name.replace("axis", ""), row=row)  # one scale for the row
    figure.update_yaxes(range=[-0.6, len(groups) - 0.4], showgrid=False, zeroline=False)
    figure.update_yaxes(tickvals=list(range(len(groups))), ticktext=[literal(group) for group in groups], col=1)
    return figure.update_layout(
        hovermode="closest", margin={"l": 100},
        meta=literal(words.tell("Share of the evidence in %, by region; dashed: the region's share of the area")),
    )  # fmt: skip


def _area(region: str, trace: go.Scatter) -> dict[str, Any]:
    """The line at a region's share of the area, in the panel of a trace."""
    share = 100 * REGIONS[region].mean()
    return {
        "type": "line", "xref": trace.xaxis, "x0": share, "x1": share,
        "yref": f"{trace.yaxis} domain", "y0": 0, "y1": 1, "line": {"color": NEUTRAL, "width": 1, "dash": "dash"},
    }  # fmt: skip


def cut_again_figure(table: pd.DataFrame, title: str, words: Words = ENGLISH) -> go.Figure:
    """For each AB type the share in % of the evidence in the half that it cuts again, and what to compare that with.

    table: of `regions.cut_again_table`.
    """
    if table.empty:
        return empty(words.tell("No block of an AB type has evidence."))
    rows = list(range(len(table)))[::-1]
    figure = go.Figure(_dots(table, "share", rows, words.tell("this type, 95 % interval"), 0, words))
    others = {
        "mirror_share": (words.tell("the type that cuts the other half again"), PALETTE[1], "square-open"),
        "contrast": (words.tell("contrast of the blocks themselves"), NEUTRAL, "diamond-open"),
    }
    for column, (name, colour, symbol) in others.items():
        figure.add_scatter(
            x=table[column], y=[row - 0.2 for row in rows], mode="markers", name=name,
            marker={"color": colour, "symbol": symbol, "size": 9},
            hovertemplate=f"%{{x:.1f}} %<extra>{name}</extra>",
        )  # fmt: skip
    figure.add_vline(x=50, line={"color": NEUTRAL, "width": 1, "dash": "dash"})
    across = words.tell("Share of the evidence in that half (%); dashed: 50 %")
    style(figure, title, across, None, 190 + 42 * len(table))
    texts = [f"{kind}: {words.tell(half)}" for kind, half in zip(table["type"], table["half"], strict=True)]
    figure.update_yaxes(tickvals=rows, ticktext=texts, range=[-0.6, len(rows) - 0.5], showgrid=False, zeroline=False)
    return figure.update_layout(hovermode="closest", margin={"l": 140})


def agreement_figure(agreement: Agreement, title: str, words: Words = ENGLISH) -> go.Figure:
    """Mean rank correlation between methods, −1 to 1, written into the cells; blue is against and orange for."""
    every = [words.tell(name) for name in agreement.names]
    names = [short(name, 34) for name in every]
    text = [[words.number(value, ".2f") for value in row] for row in agreement.correlation]
    over = words.tell("mean over {blocks} blocks", blocks="%{customdata:,}")
    heatmap = go.Heatmap(
        z=agreement.correlation, x=names, y=names, text=text, texttemplate="%{text}", textfont={"color": "#111111"},
        colorscale=_BLUE_TO_ORANGE, zmin=-1, zmax=1, xgap=1, ygap=1, hoverongaps=False, customdata=agreement.counts,
        colorbar={"title": "ρ", "thickness": 12},
        hovertemplate=f"%{{y}}<br>%{{x}}<br>ρ %{{z:.3f}}, {over}<extra></extra>",
    )  # fmt: skip
    figure = style(go.Figure(heatmap), title, None, None, 220 + 34 * len(names))
    figure.update_xaxes(tickangle=-45, automargin=True)
    figure.update_yaxes(autorange="reversed", showgrid=False, automargin=True)
    meta = words.tell("Mean Spearman rank correlation of |map| between {methods}", methods=", ".join(every))
    return figure.update_layout(hovermode="closest", meta=literal(meta))


def _dots(
    table: pd.DataFrame, column: str, heights: Sequence[float], name: str, place: int, words: Words
) -> go.Scatter:
    low, high = table[f"{column}_low"], table[f"{column}_high"]
    hover = [
        words.tell("{share:.1f} %, 95 % interval {low:.1f} to {high:.1f} %", share=share, low=low, high=high)
        if low == low
        else words.tell("{share:.1f} %, no interval", share=share)
        for share, low, high in zip(table[column], low, high, strict=True)
    ]
    over = [
        words.plural(
            "{blocks:,} blocks of {count:,} source", "{blocks:,} blocks of {count:,} sources", of, blocks=blocks
        )
        for blocks, of in zip(table["blocks"].tolist(), table["sources"].tolist(), strict=True)
    ]
    return go.Scatter(
        x=table[column], y=list(heights), mode="markers", name=short(name),
        marker={"color": PALETTE[place], "symbol": _SYMBOLS[place], "size": 8},
        error_x={
            "array": high - table[column], "arrayminus": table[column] - low, "color": PALETTE[place], "thickness": 2,
            "width": 3,
        },
        customdata=[f"{said}<br>{of}" for said, of in zip(hover, over, strict=True)],
        hovertemplate=f"%{{customdata}}<extra>{whole(name, 30)}</extra>",
    )  # fmt: skip
