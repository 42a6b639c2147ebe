"""Which runs decide the other stages of the hierarchy beside a run that is looked into."""

import pandas as pd

from av1core.partition import STAGES
from av1core.runs.records import MEASURED


def companions(run: str, results: pd.DataFrame) -> dict[str, str | None]:
    """The run that decides each stage, in the hierarchy's order; None for a stage that has no run.

    The run itself decides its stage and the one of its backbone Stage 1. Of several, all finished and of the same
    dataset and split, those on the same backbone come first, then the stage's pinned baseline, then the highest val F1
    and then the newest. run: the id of such a run. results: `results` of all stages.
    """
    own = results.set_index("run", drop=False).loc[run]
    backbone = run if own["stage"] == "stage1" else own["stage1_run"]
    alike = (results["dataset"] == own["dataset"]) & (results["split"] == own["split"])
    alike &= (results["state"] == "finished") & (results["origin"] == MEASURED)
    found = results[alike]
    found = found.assign(itself=found["run"] == run, kin=(found[["run", "stage1_run"]] == backbone).any(axis=1))
    order = ["itself", "kin", "baseline", "val_f1", "created"]
    first = found.sort_values(order, ascending=False).drop_duplicates("stage").set_index("stage")["run"]
    return {stage: first.get(stage) for stage in STAGES}
