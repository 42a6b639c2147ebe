"""What the Attribution page looks at: a run, another beside it, which of their blocks, and how maps are made.

All of it is in the link.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from av1core.analysis.maps.choice import PREDICTED, TARGETS, BlockFilter
from av1core.analysis.maps.methods import BASELINES, METHODS, OUTPUTS, MapSpec
from av1core.analysis.predictions import Predictions, load_predictions
from av1core.analysis.results import results, run_labels
from av1core.dataset.folder import Dataset
from av1core.partition import STAGES, Stage
from av1core.runs.index import RunIndex
from av1core.runs.records import MEASURED
from pages._ui import charts
from pages._ui.attribution_filter import chosen_filter
from pages._ui.attribution_layers import greyed_layers, layer_choice
from pages._ui.kept import kept
from pages._ui.links import linked_one
from pages._ui.state import dataset, run_folder, subject

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject


@dataclass(frozen=True, eq=False)
class Chosen:
    """runs: finished measured runs, rows of results. stage: of the chosen ones. data: the dataset they validate on.

    labels: by run. subjects, predictions: of the run and, second, of the one beside it if there is one, by run. rows:
    the validation blocks that pass `wanted`, rows of the dataset's block table in the order they are stepped through.
    """

    runs: pd.DataFrame
    stage: Stage
    data: Dataset
    labels: dict[str, str]
    subjects: "dict[str, Subject]"
    predictions: dict[str, Predictions]
    rows: Sequence[int]
    wanted: BlockFilter

    @property
    def run(self) -> str:
        """The run that everything is about."""
        return next(iter(self.subjects))

    @property
    def beside(self) -> str | None:
        """The run beside it."""
        return next(iter(list(self.subjects)[1:]), None)

    @property
    def subject(self) -> "Subject":
        """The run, to be asked."""
        return self.subjects[self.run]


def finished_runs(index: RunIndex) -> pd.DataFrame:
    """The rows of results that have a model to look into."""
    table = kept(index, ("attribution",), lambda: results(index))
    fitting = (table["state"] == "finished") & (table["origin"] == MEASURED) & table["weights"]
    return table[fitting].reset_index(drop=True)


def choice(runs: pd.DataFrame) -> Chosen:
    """The choices of stage, run, the run beside it, and a filter of blocks. runs: of `finished_runs`, at least one."""
    labels = run_labels(runs)
    stages = [name for name in STAGES if (runs["stage"] == name).any()]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stage = linked_one(
            "stage", "Stage", stages, stages[-1], lambda name: STAGES[name].title, control=st.segmented_control,
            forget=("run", "beside"), required=True,
        )  # fmt: skip
        charts.picture_format()
    rows = runs[runs["stage"] == stage].set_index("run", drop=False)
    left, right = st.columns(2)
    with left:
        run = linked_one("run", "Run", list(rows["run"])[::-1], rows["run"].iloc[-1], labels.get, forget=("beside",))
    alike = rows[(rows["validation"] == rows.loc[run, "validation"]) & (rows["dataset"] == rows.loc[run, "dataset"])]
    with right:
        beside = linked_one(
            "beside", "Beside it", [other for other in alike["run"][::-1] if other != run], None, labels.get,
            placeholder="A second run on the same blocks", index=None,
            help="A run of this stage that validated on the same blocks, such as one with BatchNorm in train mode.",
        )  # fmt: skip
    chosen = [run, beside] if beside else [run]
    data = dataset(run_folder(run).spec().dataset)
    predictions = {each: load_predictions(run_folder(each), data) for each in chosen}
    wanted, passing = chosen_filter(predictions[run], data, predictions.get(beside))
    subjects = {each: subject(each) for each in chosen}
    return Chosen(runs, STAGES[stage], data, labels, subjects, predictions, passing, wanted)


def baseline_and_output() -> tuple[str, str]:
    """What maps compare a block with, and what they explain; the same in every view. Place it once."""
    with st.popover("How maps are made", icon=":material/tune:"):
        baseline = st.selectbox(
            "Baseline", list(BASELINES), format_func=str.capitalize, key="baseline", bind="query-params",
            help="What a block is compared with, by the methods that compare. "
            + " ".join(f"{name.capitalize()}: {about}." for name, about in BASELINES.items()),
        )  # fmt: skip
        output = st.selectbox(
            "Explain", list(OUTPUTS), format_func=lambda name: name.replace("_", "-").capitalize(), key="output",
            bind="query-params", help=" ".join(f"{about.capitalize()}." for about in OUTPUTS.values()),
        )  # fmt: skip
    return baseline, output


def evidence_for(stage: Stage, at_first: str = PREDICTED, key: str = "target") -> str:
    """What maps are evidence for: one of TARGETS or a class of the stage.

    key: another one where the control begins otherwise, so that a link without it says the same in every session.
    """
    options = [*TARGETS, *stage.classes]
    return st.selectbox(
        "Evidence for", options, options.index(at_first), format_func=lambda name: TARGETS.get(name, name),
        key=key, bind="query-params",
        help="The class that is explained. Of two runs the first one's prediction counts for both.",
    )  # fmt: skip


def one_way(chosen: Chosen) -> MapSpec:
    """One method and, if it is of a layer, the layer."""
    baseline, output = baseline_and_output()
    name = st.selectbox(
        "Method", list(METHODS), index=1, format_func=lambda key: METHODS[key].title, key="method", bind="query-params",
        help=" ".join(f"{method.title}: {method.about}" for method in METHODS.values()),
    )  # fmt: skip
    layer = None
    if METHODS[name].of == "layer":
        layer = layer_choice(chosen.subjects)
        greyed_layers(chosen.subjects)
    return MapSpec(name, layer, baseline, output)
