"""The checks that a method's maps pass or fail, and their rules."""

from dataclasses import dataclass
from typing import Literal

from av1core.translation import Message, message

MOST_SIMILAR = 0.5
"""Rank correlation with the maps of a model of random weights, beyond which a method hardly looks at the weights."""

MOST_INCOMPLETE = 1e-3
"""Completeness error, as a share of the difference that a map should sum to."""

RADIUS = 8
"""Of the changes of a pixel for sensitivity-max, in luma of 0–1023."""

MOST_SENSITIVE = 1.0
"""Sensitivity-max: the map changes by as much as there is of it."""

Mark = Literal["passes", "fails", "warning", "no rule", "unknown"]

MARKS: dict[Mark, Message] = {
    "passes": message("passes"),
    "fails": message("fails"),
    "warning": message("warning"),
    "no rule": message("no rule"),
    "unknown": message("not decided"),
}


@dataclass(frozen=True)
class CheckKind:
    """A check and its rule.

    short: its title over a narrow column. unit: of its value. grave: whether a method that breaks the rule fails, or is
    only warned of. about: what is measured. rule: None where the value is only shown. form: that the value is told in.
    """

    name: str
    title: Message
    short: Message
    unit: str
    grave: bool
    about: Message
    rule: Message | None
    paper: str
    form: str = ".1f"


_RISE = "Petsiuk et al. 2018, arXiv 1806.07421"
_YEH = "Yeh et al. 2019, arXiv 1901.09392"
_BETTER = message("The 95 % interval must lie above 0.")
_BETTER_OR_WARNING = message("A warning unless the 95 % interval lies above 0.")
_AGAINST_EDGES = message("The same against the order of an edge detector (Sobel), which knows no model.")

CHECKS = {
    kind.name: kind
    for kind in (
        CheckKind("deletion", message("Deletion vs random"), message("Deletion"), "pp", True,
                  message("Pixels give way to the baseline, those with most evidence first. The area under the curve "
                          "of the class's probability is this much smaller than for random orders."),
                  _BETTER, _RISE, ".2g"),
        CheckKind("insertion", message("Insertion vs random"), message("Insertion"), "pp", True,
                  message("The same from the baseline to the block: pixels come back, those with most evidence first. "
                          "The area is this much larger than for random orders."),
                  _BETTER, _RISE, ".2g"),
        CheckKind("deletion_edges", message("Deletion vs edges"), message("Del./edges"), "pp", False,
                  _AGAINST_EDGES, _BETTER_OR_WARNING, _RISE, ".2g"),
        CheckKind("insertion_edges", message("Insertion vs edges"), message("Ins./edges"), "pp", False,
                  _AGAINST_EDGES, _BETTER_OR_WARNING, _RISE, ".2g"),
        CheckKind("randomisation", message("Model randomisation"), message("Randomisation"), "ρ", True,
                  message("Spearman's ρ between the sizes of the trained model's maps and of those of a model whose "
                          "weights are drawn anew, from the head down to the stem, as they are before training. Of few "
                          "of the blocks. Maps that multiply by what a block differs from its baseline resemble each "
                          "other for that alone."),
                  message("It must not be above {most:g}: such a map would hardly depend on what was learned. Not "
                          "decided where the 95 % interval holds {most:g}.", most=MOST_SIMILAR),
                  "Adebayo et al. 2018, arXiv 1810.03292", ".2f"),
        CheckKind("completeness", message("Completeness error"), message("Complete"), "", True,
                  message("How far the sum of a map is from the difference of the outputs for block and baseline: the "
                          "largest over the blocks, relative to the mean size of that difference. Integrated Gradients "
                          "and layer conductance are complete by construction here, up to rounding."),
                  message("It must not be above {most:g}.", most=MOST_INCOMPLETE),
                  "Sundararajan et al. 2017, arXiv 1703.01365", ".0e"),
        CheckKind("sensitivity", message("Sensitivity-max"), message("Sensitivity"), "", False,
                  message("The largest change of the map, relative to its norm, over random changes of every pixel by "
                          "at most {radius} of 1023. Of few of the blocks.", radius=RADIUS),
                  message("A warning above {most:g}: the map then changes by as much as there is of it.",
                          most=MOST_SENSITIVE),
                  _YEH, ".2f"),
        CheckKind("infidelity", message("Infidelity"), message("Infidelity"), "%", False,
                  message("Squares of the block give way to the baseline, and the map predicts by how much the output "
                          "falls: the mean squared error, after the best scaling that is not negative, as a share of "
                          "the mean squared change. 0 % is a perfect prediction, 100 % none. Only for maps that "
                          "predict a change: signed evidence for a class."),
                  None, _YEH),
    )
}  # fmt: skip
"""By name, in the order they are shown."""
