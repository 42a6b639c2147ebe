"""The tables of a report, with their columns and what their marks mean."""

from collections.abc import Mapping, Sequence

import pandas as pd

from av1core.analysis.references import Reference
from av1core.analysis.results import REFERENCE, REPORTED, with_references, with_reported
from av1core.analysis.verdicts import RULES
from av1core.dataset.record import SPLITS
from av1core.report.document import Column, Mark, Table
from av1core.report.gather import Gathered
from av1core.runs.records import IMPORTED
from av1core.translation import Words, message

_RESULTS = (
    Column("name", message("Experiment")),
    Column("seeds", message("Seeds"), ".0f"),
    Column("val_f1", message("Val F1 (%)"), ".2f", spread="half", best=True),
    Column("delta", message("Δ (pp)"), "+.2f"),
    Column("verdict", message("Verdict"), told=True),
    Column("train_f1", message("Train F1 (%)"), ".2f"),
    Column("gap", message("Gap (pp)"), "+.2f"),
    Column("gap_clean", message("Gap, like for like (pp)"), "+.2f"),
    Column("train_loss", message("Train loss"), ".4f"),
    Column("val_loss", message("Val loss"), ".4f"),
    Column("best_epoch", message("Best epoch"), ".3g"),
    Column("epochs", message("Epochs"), ".3g"),
)

_COSTS = (
    Column("name", message("Experiment")),
    Column("trainable_parameters", message("Trainable parameters"), ",.0f"),
    Column("epochs", message("Epochs"), ".3g"),
    Column("total_seconds", message("Time (s)"), ",.0f"),
)

_VERDICTS = (
    Column("name", message("Experiment")),
    Column("pairs", message("Paired seeds"), ".0f"),
    Column("delta", message("Δ (pp)"), "+.2f"),
    Column("seeds_low", message("Other seeds, 95 % (pp)"), "+.2f", upper="seeds_high"),
    Column("p", message("p, seeds"), ".3f"),
    Column("p_adjusted", message("p, both, Holm"), ".3f"),
    Column("units", message("Sources or frames"), ".0f"),
    Column("pictures_low", message("Other pictures, 95 % (pp)"), "+.2f", upper="pictures_high"),
    Column("needed", message("Seeds needed"), ".0f"),
    Column("verdict", message("Verdict"), told=True),
)


def result_table(
    gathered: Gathered, words: Words, references: Mapping[str, Sequence[Reference]], reported: bool
) -> Table:
    """A row an experiment in the form of the thesis's Table 5.3, then references and reported results, marked."""
    table, stage = gathered.table, gathered.stage
    own = set(table["validation"])
    frame = with_references(table, stage.name, {key: found for key, found in references.items() if key in own})
    baseline = table.iloc[0]
    beside = (frame["origin"] == REFERENCE) & (frame["validation"] == baseline["validation"])
    frame.loc[beside, "delta"] = frame.loc[beside, "val_f1"] - baseline["val_f1"]
    if reported:
        frame = with_reported(frame, stage.name, gathered.study)
    frame["half"] = (frame["val_f1_high"] - frame["val_f1_low"]) / 2
    marks = {
        IMPORTED: Mark("*", words.tell("Trained elsewhere; only its history was taken over.")),
        REFERENCE: Mark("‡", words.tell("Trivial reference, scored on the validation blocks of the experiments.")),
        REPORTED: Mark(
            "†",
            words.tell(
                "Reported elsewhere, on other data with a split by block, from one seed; its Δ is to its own reported "
                "baseline."
            ),
        ),
    }
    note = words.tell(
        "Means over the seeds at each run's best epoch; ± is half of the 95 % t interval of the mean. Macro-F1, the "
        "plain mean over the classes; F1 in %, gaps and Δ in pp. Split: {split}.",
        split=words.listed(words.tell(SPLITS.get(split, split)) for split in dict.fromkeys(table["split"].dropna())),
    )
    caption = words.tell("{stage}: results at the best epochs.", stage=stage.title)
    return Table("results", caption, frame, _RESULTS, group="origin", marks=marks, notes=(note,))


def verdict_table(gathered: Gathered, words: Words) -> Table:
    """A row a variant: what its verdict rests on. The rules stand below."""
    frame = pd.DataFrame(
        {
            "name": gathered.labels[each.variant], "pairs": each.pairs, "delta": each.delta,
            "seeds_low": each.seeds.low, "seeds_high": each.seeds.high, "p": each.p, "p_adjusted": each.p_adjusted,
            "units": each.units, "pictures_low": each.pictures.low, "pictures_high": each.pictures.high,
            "needed": each.needed, "verdict": each.verdict,
        }
        for each in gathered.comparisons
    )  # fmt: skip
    baseline = gathered.table["name"].iloc[0]
    caption = words.tell("Differences to the baseline, “{baseline}”, and verdicts.", baseline=baseline)
    margin = words.tell("The margin is ±{margin:g} pp.", margin=gathered.margin)
    rules = [f"{words.tell(word).capitalize()}: {words.tell(rule)}" for word, rule in RULES]
    return Table("verdicts", caption, frame, _VERDICTS, notes=(*rules, margin))


def cost_table(gathered: Gathered, words: Words) -> Table:
    """A row an experiment: what is trained, and for how long."""
    caption = words.tell("What was trained, and for how long: means over the seeds.")
    return Table("costs", caption, gathered.table, _COSTS)


def class_table(gathered: Gathered, words: Words) -> Table:
    """A row an experiment, a column a class."""
    classes = gathered.classes.assign(half=(gathered.classes["high"] - gathered.classes["low"]) / 2)
    found = gathered.stage.classes
    values = classes.pivot(index="experiment", columns="class", values="f1").reindex(columns=list(found))
    halves = classes.pivot(index="experiment", columns="class", values="half").reindex(columns=list(found))
    frame = values.join(halves.add_suffix(" half")).reindex(gathered.table["experiment"])
    frame.insert(0, "name", list(gathered.table["name"]))
    columns = [Column(name, f"{name} (%)", ".2f", spread=f"{name} half", best=True) for name in found]
    return Table(
        "classes", words.tell("F1 of each class at the best epochs."), frame.reset_index(drop=True),
        (Column("name", message("Experiment")), *columns),
        notes=(words.tell("Means over the seeds; ± is half of the 95 % t interval of the mean."),),
    )  # fmt: skip
