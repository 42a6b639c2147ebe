"""The report of chosen experiments: what it says, in which order, in one language."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from av1core.analysis.references import Reference
from av1core.analysis.results import REPORTED
from av1core.analysis.tally import Tally
from av1core.figures.bands import f1_bands, gap_bands
from av1core.figures.classes import class_dots
from av1core.figures.confusions import confusion_difference
from av1core.figures.forest import forest
from av1core.report.citations import cited
from av1core.report.contents_tables import class_table, cost_table, result_table, verdict_table
from av1core.report.document import Document, Picture, Section, Table
from av1core.report.gather import Gathered
from av1core.report.limits import limits
from av1core.report.methods import methods
from av1core.translation import Language, Words

MOST_CONFUSIONS = 4
"""Variants whose confusion matrix is compared with the baseline's."""

Part = str | Table | Picture


def report(
    gathered: Gathered,
    language: Language,
    created: datetime,
    references: Mapping[str, Sequence[Reference]] | None = None,
    reported: bool = True,
) -> Document:
    """The document of what was gathered.

    references: trivial references by what their runs validate on, to stand beside. reported: whether results that were
    published elsewhere stand beside, marked.
    """
    words = Words(language)
    results = result_table(gathered, words, references or {}, reported)
    parts: dict[tuple[str, str], list[Part]] = {
        ("results", words.tell("Results")): [*_findings(gathered, words), results],
        ("verdicts", words.tell("Verdicts")): list(_verdicts(gathered, words)),
        ("classes", words.tell("F1 by class")): list(_classes(gathered, words)),
        ("training", words.tell("Training")): list(_training(gathered, words)),
        ("confusion", words.tell("Where decisions changed")): list(_confusion(gathered, words)),
        ("methods", words.tell("Methods")): list(_methods(gathered, words)),
        ("limits", words.tell("What this does not show")): list(
            limits(gathered, words, reported and (results.frame["origin"] == REPORTED).any())
        ),
    }
    sections = [Section(name, title, tuple(held)) for (name, title), held in parts.items() if held]
    if works := cited(part for section in sections for part in section.parts if isinstance(part, str)):
        sections.append(Section("references", words.tell("References"), tuple(works)))
    return Document(words.tell(gathered.title), words.tell(gathered.question), created, tuple(sections), language)


def _findings(gathered: Gathered, words: Words) -> Iterator[str]:
    """The answer in a paragraph for each verdict and reason."""
    baseline = gathered.table.iloc[0]
    yield words.plural(
        "{stage}: the baseline, “{name}”, reaches a validation macro-F1 of {f1:.2f} % with one seed.",
        "{stage}: the baseline, “{name}”, reaches a validation macro-F1 of {f1:.2f} % over {count} seeds.",
        int(baseline["seeds"]), stage=gathered.stage.title, name=baseline["name"], f1=baseline["val_f1"],
    )  # fmt: skip
    alike: dict[tuple[str, str], list[str]] = {}
    for each in gathered.comparisons:
        named = f"“{gathered.labels[each.variant]}” ({words.number(each.delta, '+.2f')} pp)"
        alike.setdefault((each.verdict, each.reason), []).append(named)
    for (verdict, reason), names in alike.items():
        yield words.tell(
            "{verdict}: {names}. {reason}",
            verdict=words.tell(verdict).capitalize(), names=words.listed(names), reason=reason,
        )  # fmt: skip


def _verdicts(gathered: Gathered, words: Words) -> Iterator[Part]:
    if not gathered.comparisons:
        return
    yield verdict_table(gathered, words)
    yield Picture(
        "forest",
        words.tell(
            "Differences to the baseline in validation macro-F1 (pp) with their 95 % intervals over seeds and over "
            "pictures; the band is the margin of ±{margin:g} pp.",
            margin=gathered.margin,
        ),
        forest(gathered.comparisons, gathered.labels, gathered.margin, words),
    )


def _classes(gathered: Gathered, words: Words) -> Iterator[Part]:
    if gathered.classes.empty:
        return
    yield class_table(gathered, words)
    yield Picture(
        "classes",
        words.tell("F1 of each class at the best epochs (%): means over seeds with 95 % intervals."),
        class_dots(gathered.classes, gathered.looks, gathered.labels, words),
    )


def _training(gathered: Gathered, words: Words) -> Iterator[Part]:
    if gathered.curves.seeds.empty:
        return
    yield Picture(
        "f1",
        words.tell(
            "Validation macro-F1 by epoch (%): means over seeds with 95 % intervals, each seed faint, stars at the "
            "best epochs. A mean ends where its first seed stopped."
        ),
        f1_bands(gathered.curves, gathered.looks, gathered.labels, words=words),
    )
    yield words.tell(
        "The two gaps compare different train F1 with the same validation F1. The thesis's train F1 is measured while "
        "the weights change, with dropout on, on the blocks as they are sampled; the like-for-like one after the "
        "epoch, in eval mode, on the natural class mix that validation has."
    )
    yield Picture(
        "gaps",
        words.tell("Gap, train − validation macro-F1 (pp), by epoch: like for like above, as the thesis has it below."),
        gap_bands(gathered.curves, gathered.looks, gathered.labels, words),
    )
    yield cost_table(gathered, words)


def _confusion(gathered: Gathered, words: Words) -> Iterator[Part]:
    """Of each variant that has predictions and validated on the baseline's blocks, summed over its seeds."""
    confusion = {}
    for row in gathered.table.itertuples():
        found = [gathered.tallies[run] for run in row.runs]
        if all(isinstance(each, Tally) for each in found):
            confusion[row.experiment] = sum(each.total for each in found)
    baseline = gathered.table["experiment"].iloc[0]
    variants = [each.variant for each in gathered.comparisons if each.variant in confusion]
    if baseline not in confusion or not variants:
        return
    for place, variant in enumerate(variants[:MOST_CONFUSIONS], 1):
        label, of_baseline = gathered.labels[variant], gathered.labels[baseline]
        yield Picture(
            f"confusion-{place}",
            words.tell(
                "Decisions of “{variant}” minus those of “{baseline}”, in pp of each true class, over all seeds; on "
                "the diagonal, more is better.",
                variant=label, baseline=of_baseline,
            ),
            confusion_difference(confusion[baseline], confusion[variant], gathered.stage.classes, label, words),
        )  # fmt: skip
    if len(variants) > MOST_CONFUSIONS:
        yield words.tell("Shown for {shown} of {all} variants.", shown=MOST_CONFUSIONS, all=len(variants))


def _methods(gathered: Gathered, words: Words) -> list[str]:
    said = methods(gathered.configurations, words, gathered.margin) if gathered.configurations else []
    trained = {configuration.name for configuration in gathered.configurations}
    elsewhere = [name for name in gathered.table["name"] if name not in trained]
    if elsewhere:
        said.append(
            words.tell(
                "Trained elsewhere, of which only the histories are known: {names}.", names=words.listed(elsewhere)
            )
        )
    return said
