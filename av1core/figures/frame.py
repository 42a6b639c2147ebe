"""A frame with its partition tree, as the frame viewer draws it, and the figure of one node in its surroundings.

The viewer gets nodes as plain lists by column: row, col and size in pixels, kind, and ends, which is 1 for nodes whose
children are no nodes. kinds: a list by kind of name, colour and parts, the sub-blocks as [row, col, height, width] in
quarters of the node's side; a kind that is filled is a coloured square, and a faint one but thin lines. Kinds of one
name are shown and hidden together. selectable: how many nodes can be chosen, the first ones. notes: a text for each of
them, or none.
"""

import base64
import io
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go

from av1core.analysis.maps.frame_decisions import UNDECIDED, FrameDecisions
from av1core.dataset.explore import FrameNodes
from av1core.figures.mix import CLASS_COLOURS, TYPE_COLOURS
from av1core.figures.theme import NEUTRAL, shortened
from av1core.partition import LUMA_MAX, OUTSIDE, Partition, Stage, sub_blocks
from av1core.translation import ENGLISH, Words, message

TREE = message("Encoder's tree")

_RIGHT, _WRONG = "#0072B2", "#D55E00"
_ONLY_FIRST, _ONLY_SECOND = "#F0E442", "#CC79A7"
_CONFIDENCE = ("#440154", "#3B528B", "#21918C", "#5EC962", "#FDE725")
"""Viridis, from the least confident to the most."""


def picture_url(luma: np.ndarray) -> str:
    """Luma, uint16 (H, W) in 0–1023, as a data URL of an 8-bit PNG for the screen."""
    return png_url((luma >> 2).astype(np.uint8))


def png_url(picture: np.ndarray) -> str:
    """Grey or RGB, uint8 (H, W) or (H, W, 3), as a data URL of a PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def overlay(nodes: FrameNodes, first: np.ndarray | None = None) -> dict[str, Any]:
    """The nodes in the colours of their partition types.

    first: rows (N,) of the block table, to be the first nodes and the only ones that can be chosen; None for all as
    they stand.
    """
    order, selectable = np.arange(len(nodes)), len(nodes)
    if first is not None:
        order = np.argsort(~np.isin(nodes.rows, first), kind="stable")
        selectable = len(first)
    kinds = [_lines(kind, kind.name, TYPE_COLOURS[kind.name]) for kind in Partition]
    kind = nodes.partition[order].tolist()
    return _columns(nodes, order) | {"kind": kind, "kinds": kinds, "selectable": selectable, "notes": []}


def decided_overlay(nodes: FrameNodes, decisions: FrameDecisions, words: Words = ENGLISH) -> dict[str, Any]:
    """Where decisions lead: the lines of a type, or a filled square of the class that no run goes on from."""
    names = [*Partition.__members__, "PARTITION", "RECT", "AB", UNDECIDED]
    kinds = [_lines(kind, kind.name, TYPE_COLOURS[kind.name]) for kind in Partition]
    kinds += [
        _square(words.tell("{name}, type not decided", name=name), CLASS_COLOURS[name])
        for name in names[len(kinds) : -1]
    ]
    kinds += [_lines(Partition.NONE, words.tell("Not decided"), NEUTRAL)]

    @cache  # a frame has thousands of nodes, and few pairs
    def said(true: int, name: str) -> str:
        decided = name or words.tell("nothing")
        return words.tell("encoder {true}, decided {decided}", true=Partition(true).name, decided=decided)

    decided = decisions.decided.tolist()
    notes = list(map(said, decisions.partition.tolist(), decided))
    return _over_tree(nodes, decisions, [names.index(name) for name in decided], kinds, notes, words)


def error_overlay(
    nodes: FrameNodes,
    decisions: FrameDecisions,
    stage: Stage,
    names: Sequence[str] = ("",),
    words: Words = ENGLISH,
) -> dict[str, Any]:
    """The blocks of a stage by whether its run is right or, with a second run, which of the two is.

    names: of the runs; that of a single one is not shown.
    """
    true = decisions.labels(stage)
    runs = [decisions.probabilities[stage.name]] + ([] if decisions.beside is None else [decisions.beside])
    right = [found.argmax(1) == true for found in runs]
    if len(runs) == 1:
        kinds = [_square(words.tell("Right"), _RIGHT), _square(words.tell("Wrong"), _WRONG)]
        kind = np.where(right[0], 0, 1)
    else:
        only = (words.tell("Only {name} right", name=shortened(name, 30)) for name in names)
        titles = (words.tell("Both right"), *only, words.tell("Both wrong"))
        colours = (_RIGHT, _ONLY_FIRST, _ONLY_SECOND, _WRONG)
        kinds = [_square(*look) for look in zip(titles, colours, strict=True)]
        kind = np.where(right[0], np.where(right[1], 0, 1), np.where(right[1], 2, 3))
    kind = np.where(true == OUTSIDE, len(kinds), kind)
    kinds.append(_unseen(stage, words))
    return _over_tree(nodes, decisions, kind.tolist(), kinds, _verdicts(stage, true, runs, names, words), words)


def confidence_overlay(
    nodes: FrameNodes, decisions: FrameDecisions, stage: Stage, words: Words = ENGLISH
) -> dict[str, Any]:
    """The blocks of a stage by the probability of the predicted class, in five bins from the least it can be to 1."""
    true, confidence = decisions.labels(stage), decisions.confidence(stage)
    edges = np.linspace(1 / len(stage.classes), 1, len(_CONFIDENCE) + 1)
    kinds = [
        _square(f"{100 * low:.0f}–{100 * high:.0f} %", colour)
        for low, high, colour in zip(edges[:-1], edges[1:], _CONFIDENCE, strict=True)
    ]
    kind = np.where(true == OUTSIDE, len(kinds), np.digitize(confidence, edges[1:-1]))
    kinds.append(_unseen(stage, words))
    notes = _verdicts(stage, true, [decisions.probabilities[stage.name]], ("",), words)
    return _over_tree(nodes, decisions, kind.tolist(), kinds, notes, words)


def node_figure(
    luma: np.ndarray, row: int, col: int, size: int, partition: Partition, words: Words = ENGLISH
) -> go.Figure:
    """The pixels of a node and of half its side around it, with values on hover and its partition drawn.

    luma: the whole frame, uint16 (H, W) in 0–1023. row, col, size: of the node, in pixels.
    """
    margin = size // 2
    hover = words.tell("row {row}, column {col}: luma {luma}", row="%{y}", col="%{x}", luma="%{z}")
    top, left = max(row - margin, 0), max(col - margin, 0)
    window = luma[top : row + size + margin, left : col + size + margin]
    figure = go.Figure(
        go.Heatmap(
            z=window, x0=left, y0=top, dx=1, dy=1, colorscale="gray", zmin=0, zmax=LUMA_MAX, showscale=False,
            hovertemplate=f"{hover}<extra></extra>",
        )
    )  # fmt: skip
    for part_row, part_col, height, width in sub_blocks(partition, size):
        figure.add_shape(
            type="rect", x0=col + part_col - 0.5, x1=col + part_col + width - 0.5,
            y0=row + part_row - 0.5, y1=row + part_row + height - 0.5,
            line={"color": TYPE_COLOURS[partition.name], "width": 3},
        )  # fmt: skip
    figure.update_xaxes(visible=False, constrain="domain", range=[left - 0.5, left + window.shape[1] - 0.5])
    figure.update_yaxes(
        visible=False, constrain="domain", scaleanchor="x", range=[top + window.shape[0] - 0.5, top - 0.5]
    )
    title = words.tell("The node's pixels and those around it")
    return figure.update_layout(title=title, height=330, margin={"l": 0, "r": 0, "t": 40, "b": 0})


def _lines(kind: Partition, name: str, colour: str, faint: bool = False) -> dict[str, Any]:
    parts = [list(part) for part in sub_blocks(kind, 4)]
    return {"name": name, "colour": colour, "parts": parts, "filled": False, "faint": faint}


def _square(name: str, colour: str) -> dict[str, Any]:
    return {"name": name, "colour": colour, "parts": [[0, 0, 4, 4]], "filled": True, "faint": False}


def _unseen(stage: Stage, words: Words) -> dict[str, Any]:
    name = words.tell("Not of {stage}", stage=stage.title)
    return {"name": name, "colour": "transparent", "parts": [], "filled": False, "faint": False}


def _columns(nodes: FrameNodes, order: np.ndarray) -> dict[str, list[int]]:
    found = {name: getattr(nodes, name)[order].tolist() for name in ("row", "col", "size")}
    return found | {"ends": nodes.ends()[order].astype(int).tolist()}


def _over_tree(
    nodes: FrameNodes, decisions: FrameDecisions, kind: list[int], kinds: list, notes: list[str], words: Words
) -> dict:
    """The blocks of the decisions in their order, each of one of the kinds, over the encoder's tree."""
    tree = np.flatnonzero(nodes.ends())
    order = np.concatenate([np.searchsorted(nodes.rows, decisions.rows), tree])
    columns = _columns(nodes, order)
    columns["ends"][: len(kind)] = [1] * len(kind)
    columns["kind"] = [*kind, *(nodes.partition[tree] + len(kinds)).tolist()]
    kinds = [*kinds, *(_lines(each, words.tell(TREE), NEUTRAL, faint=True) for each in Partition)]
    return columns | {"kinds": kinds, "selectable": len(kind), "notes": notes}


def _verdicts(
    stage: Stage, true: np.ndarray, runs: Sequence[np.ndarray], names: Sequence[str], words: Words
) -> list[str]:
    """What each run predicts of each block, and what is true."""
    if len(runs) > 1:
        titles = [[f"{shortened(name, 20)}: {label}" for label in stage.classes] for name in names]
    else:
        titles = [[words.tell("predicted {label}", label=label) for label in stage.classes]]
    said = [
        [f"{classes[best]} ({100 * most:.0f} %)" for best, most in zip(found.argmax(1), found.max(1), strict=True)]
        for classes, found in zip(titles, runs, strict=True)
    ]
    known = [words.tell("true {label}", label=label) for label in stage.classes]
    known.append(words.tell("not of {stage}", stage=stage.title))  # at OUTSIDE, which is −1
    return [", ".join(parts) for parts in zip((known[label] for label in true), *said, strict=True)]
