"""What a report is about: chosen experiments of one stage, with all that was measured of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from av1core.analysis.arms import Base, arms
from av1core.analysis.comparisons import comparisons, with_verdicts
from av1core.analysis.curves import Curves, class_f1, class_means, curves
from av1core.analysis.experiments import experiment_labels, experiments
from av1core.analysis.results import results
from av1core.analysis.statistics import MARGIN
from av1core.analysis.studies import Study
from av1core.analysis.tally import Tallies, Tally, tallies
from av1core.analysis.verdicts import Comparison
from av1core.errors import LabError, ReportError
from av1core.figures.theme import Look, looks
from av1core.partition import STAGES, Stage
from av1core.report.methods import Configuration
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.records import MEASURED
from av1core.translation import message


@dataclass(frozen=True, eq=False)
class Gathered:
    """Experiments and what was measured of them, the baseline first; by experiment where nothing else is said.

    table: of `experiments` with verdicts; `name` is what the report calls each. runs: their rows of `results`. classes:
    of `class_means`. tallies: by run, or why there is none. configurations: of the experiments that were trained by the
    Lab. margin: of equivalence, in pp. study: the key of a ready-made study, or None. lacking: names of what was asked
    for and has no finished run. left_out: runs of the experiments that have not finished.
    """

    title: str
    question: str
    stage: Stage
    table: pd.DataFrame
    runs: pd.DataFrame
    comparisons: Sequence[Comparison]
    tallies: Mapping[str, Tally | LabError]
    classes: pd.DataFrame
    curves: Curves
    looks: Mapping[str, Look]
    configurations: tuple[Configuration, ...]
    margin: float
    study: str | None
    lacking: tuple[str, ...]
    left_out: int

    @property
    def labels(self) -> dict[str, str]:
        """What the report calls each experiment."""
        return dict(zip(self.table["experiment"], self.table["name"], strict=True))


def gather(
    index: RunIndex,
    keys: Sequence[str],
    title: str,
    question: str = "",
    names: Mapping[str, str] | None = None,
    margin: float = MARGIN,
    read: Tallies | None = None,
    study: str | None = None,
    lacking: Sequence[str] = (),
) -> Gathered:
    """Gather experiments by their keys, the baseline first, from their finished runs.

    names: what the report calls them, else the names of their runs. read: what reads tallies, by default from the runs
    themselves. Raises ReportError that names the experiment if one
    has no finished run or is of another stage than the baseline.
    """
    known = results(index)
    everyone = known[known["experiment"].isin(keys)]
    runs = everyone[everyone["state"] == "finished"]
    for key in keys:
        if not (runs["experiment"] == key).any():
            raise ReportError(
                message("{key}: there is no finished run of this experiment. Choose another, or wait for it.", key=key)
            )
    order = {key: place for place, key in enumerate(keys)}
    runs = runs.sort_values("experiment", key=lambda column: column.map(order), kind="stable").reset_index(drop=True)
    stage = runs["stage"].iloc[0]
    if (other := runs[runs["stage"] != stage]).size:
        raise ReportError(
            message(
                "{other}: of another stage than {first}; a report is of one stage.",
                other=other["experiment"].iloc[0],
                first=keys[0],
            )
        )
    table = experiments(runs)
    table["name"] = table["experiment"].map(names or experiment_labels(table))
    read = read or partial(tallies, index.runs_dir)
    of_runs = read(dict(zip(runs["run"], runs["dataset"], strict=True)))
    compared = comparisons(table, keys[0], runs, of_runs, margin)
    return Gathered(
        title=title,
        question=question,
        stage=STAGES[stage],
        table=with_verdicts(table, compared),
        runs=runs,
        comparisons=compared,
        tallies=of_runs,
        classes=class_means(class_f1(index, runs, STAGES[stage].classes)),
        curves=curves(index, runs, band="interval"),
        looks=looks(dict.fromkeys(known["experiment"][known["stage"] == stage])),
        configurations=_configurations(index, table),
        margin=margin,
        study=study,
        lacking=tuple(lacking),
        left_out=len(everyone) - len(runs),
    )


def gather_study(
    index: RunIndex, study: Study, base: Base, margin: float = MARGIN, read: Tallies | None = None
) -> Gathered:
    """Gather the arms of a study on a base that have finished runs. Raises ReportError if its baseline has none."""
    finished = results(index)
    found = arms(study, base, index, finished[finished["state"] == "finished"])
    if found[0].experiment is None:
        raise ReportError(
            message(
                "{study}: its baseline, {baseline}, has no finished run. Launch it first.",
                study=message(study.title),
                baseline=study.baseline.name,
            )
        )
    names = {arm.experiment: arm.variant.name for arm in found if arm.experiment}
    lacking = [arm.variant.name for arm in found if arm.experiment is None]
    return gather(index, list(names), study.title, study.question, names, margin, read, study.key, lacking)


def _configurations(index: RunIndex, table: pd.DataFrame) -> tuple[Configuration, ...]:
    found = []
    for row in table[table["origin"] == MEASURED].itertuples():
        folders = [RunFolder.open(index.runs_dir, run) for run in row.runs]
        provenances = (folder.provenance() for folder in folders)
        found.append(
            Configuration(
                row.name, tuple(folder.spec() for folder in folders), tuple(known for known in provenances if known)
            )
        )
    return tuple(found)
