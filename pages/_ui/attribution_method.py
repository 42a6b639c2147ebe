"""How the maps of the Attribution page are made: by which method, of which layer, for which class, against what.

All of it is in the link, by keys.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import streamlit as st

from av1core.analysis.maps.choice import PREDICTED, TARGETS
from av1core.analysis.maps.methods import BASELINES, BASELINES_ABOUT, METHODS, OUTPUTS, OUTPUTS_ABOUT, MapSpec
from av1core.partition import Stage
from pages._ui.attribution_choice import Chosen
from pages._ui.attribution_layers import greyed_layers, layer_choice
from pages._ui.links import named_choice
from pages._ui.words import tell, told

METHOD_TITLES = {name: method.title for name, method in METHODS.items()}


def baseline_and_output() -> tuple[str, str]:
    """What maps compare a block with, and what they explain; the same in every view. Place it once."""
    with st.popover(tell("How maps are made"), icon=":material/tune:"):
        about = [f"{_titled(BASELINES)(name)}: {tell(each)}." for name, each in BASELINES_ABOUT.items()]
        baseline = named_choice(
            tell("Baseline"), list(BASELINES), "baseline", control=st.selectbox, format_func=_titled(BASELINES),
            help=" ".join([tell("What a block is compared with, by the methods that compare."), *about]),
        )  # fmt: skip
        output = named_choice(
            tell("Explain"), list(OUTPUTS), "output", control=st.selectbox, format_func=_titled(OUTPUTS),
            help=" ".join(f"{_titled(OUTPUTS_ABOUT)(name)}." for name in OUTPUTS),
        )  # fmt: skip
    return baseline, output


def _titled(labels: Mapping[str, str]) -> Callable[[str], str]:
    """As `told`, with a capital."""
    return lambda option: (text := tell(labels[option]))[:1].upper() + text[1:]


def methods_help() -> str:
    """What each method does."""
    return "\n".join(f"- **{tell(method.title)}**: {tell(method.about)}" for method in METHODS.values())


def evidence_for(
    stage: Stage, at_first: str = PREDICTED, key: str = "target", width: int | Literal["stretch"] = "stretch"
) -> str:
    """What maps are evidence for: one of TARGETS or a class of the stage.

    key: another one where the control begins otherwise, so that a link without it says the same in every session.
    """
    options = [*TARGETS, *stage.classes]
    return named_choice(
        tell("Evidence for"), options, key, at_first, control=st.selectbox, width=width,
        format_func=lambda name: tell(TARGETS[name]) if name in TARGETS else name,
        help=tell("The class that is explained. Of two runs the first one's prediction counts for both."),
    )  # fmt: skip


def one_way(chosen: Chosen, width: int | Literal["stretch"] = "stretch") -> MapSpec:
    """One method and, if it is of a layer, the layer."""
    baseline, output = baseline_and_output()
    name = named_choice(
        tell("Method"), list(METHODS), "method", "integrated_gradients", control=st.selectbox,
        format_func=told(METHOD_TITLES), help=methods_help(), width=width,
    )  # fmt: skip
    layer = None
    if METHODS[name].of == "layer":
        layer = layer_choice(chosen.subjects)
        greyed_layers(chosen.subjects)
    return MapSpec(name, layer, baseline, output)
