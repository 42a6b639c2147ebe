"""What the Attribution page looks at: a run, another beside it, and which of their blocks.

All of it is in the link.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from av1core.analysis.maps.choice import BlockFilter
from av1core.analysis.predictions import Predictions, load_predictions
from av1core.analysis.results import results, run_labels, with_model
from av1core.dataset.folder import Dataset
from av1core.partition import STAGES, Stage
from av1core.runs.index import RunIndex
from pages._ui import charts
from pages._ui.attribution_filter import chosen_filter
from pages._ui.kept import kept
from pages._ui.links import linked_one
from pages._ui.state import dataset, run_folder, subject
from pages._ui.words import tell

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
    return table[with_model(table)].reset_index(drop=True)


def choice(runs: pd.DataFrame) -> Chosen:
    """The choices of stage, run, the run beside it, and a filter of blocks. runs: of `finished_runs`, at least one."""
    labels, tried = run_labels(runs), runs["stage"].value_counts()
    stages = [name for name in STAGES if name in tried]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stage = linked_one(
            "stage", tell("Stage"), stages, max(stages, key=tried.get), lambda name: STAGES[name].title,
            control=st.segmented_control, forget=("run", "beside", "only_true", "only_predicted"), required=True,
        )  # fmt: skip
        charts.picture_format()
    rows = runs[runs["stage"] == stage].set_index("run", drop=False)
    left, right = st.columns(2)
    with left:
        run = linked_one("run", tell("Run"), list(rows["run"])[::-1], _at_first(rows), labels.get, forget=("beside",))
    alike = rows[(rows["validation"] == rows.loc[run, "validation"]) & (rows["dataset"] == rows.loc[run, "dataset"])]
    with right:
        beside = linked_one(
            "beside", tell("Beside it"), [other for other in alike["run"][::-1] if other != run], None, labels.get,
            placeholder=tell("A second run on the same blocks"), index=None,
            help=tell(
                "A run of this stage that validated on the same blocks, such as one with BatchNorm in train mode."
            ),
        )  # fmt: skip
    chosen = [run, beside] if beside else [run]
    data = dataset(run_folder(run).spec().dataset)
    predictions = {each: load_predictions(run_folder(each), data) for each in chosen}
    wanted, passing = chosen_filter(predictions[run], data, predictions.get(beside))
    subjects = {each: subject(each) for each in chosen}
    return Chosen(runs, STAGES[stage], data, labels, subjects, predictions, passing, wanted)


def _at_first(rows: pd.DataFrame) -> str:
    """A pinned baseline, else one named Baseline, else the newest run on the backbone that most runs rest on.

    rows: of results, of one stage.
    """
    usual = rows["stage1_run"].isin(rows["stage1_run"].mode())
    for some in (rows["baseline"].astype(bool), rows["name"] == "Baseline", usual):
        if some.any():
            return rows.loc[some, "run"].iloc[-1]
    return rows["run"].iloc[-1]
