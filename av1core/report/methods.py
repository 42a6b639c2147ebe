"""The methods of a report in words: data, network, training, seeds, tests and machine, from the runs' own records.

Every figure comes from a spec, from a provenance or from the constants of the statistics. The first configuration is
described whole; of every other one what it changes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from av1core.analysis.statistics import ALPHA, CONFIDENCE, POWER, RESAMPLES
from av1core.partition import LUMA_MAX, MODEL_SIZE, STAGES
from av1core.report.methods_parts import augmentation, backbone, loss, sampling, schedule
from av1core.runs.records import Provenance
from av1core.training.spec import RunSpec, flatten
from av1core.translation import Words, message

_SPLITS = {
    "source": message(
        "The split is by source: whole pictures or videos validate, drawn by chance, and no block of theirs is in "
        "training."
    ),
    "list": message(
        "The split is by source: whole pictures or videos validate, as the dataset lists them, and no block of theirs "
        "is in training."
    ),
    "frame": message(
        "The split is by frame: whole frames validate, but other frames of the same sources are in training."
    ),
    "block": message(
        "The split is by block, as in the thesis: blocks of one picture are on both sides, so the results say little "
        "about other pictures."
    ),
}

_MOST_NAMES = 20
"""Sources that are named one by one."""


@dataclass(frozen=True)
class Configuration:
    """A configuration of a report: what its runs, one a seed, were told, and what they rest on where that is known."""

    name: str
    specs: tuple[RunSpec, ...]
    provenances: tuple[Provenance, ...]

    @property
    def spec(self) -> RunSpec:
        return self.specs[0]


def methods(configurations: Sequence[Configuration], words: Words, margin: float) -> list[str]:
    """Paragraphs, the first configuration being the baseline. margin: of equivalence, in pp."""
    first = configurations[0]
    paragraphs = [
        _data(configurations, words),
        _network(first, words),
        _training(first.spec, words),
        _seeds(configurations, words),
        *([_differences(configurations, words), _tests(words, margin)] if len(configurations) > 1 else []),
        _machine(configurations, words),
    ]
    return [" ".join(sentences) for sentences in map(list, paragraphs) if sentences]


def _data(configurations: Sequence[Configuration], words: Words) -> Iterator[str]:
    stage = STAGES[configurations[0].spec.stage]
    yield words.tell(
        "{stage} decides between {classes} for blocks of {size}×{size} pixels of luma.",
        stage=stage.title, classes=words.listed(stage.classes), size=MODEL_SIZE,
    )  # fmt: skip
    provenances = [provenance for configuration in configurations for provenance in configuration.provenances]
    data = dict.fromkeys(
        (p.dataset_name, p.dataset_fingerprint, p.split, p.val_sources, p.train_blocks, p.val_blocks)
        for p in provenances
    )
    for name, fingerprint, split, sources, train, val in data:
        yield words.tell(
            "It was trained on {train:,} and validated on {val:,} blocks of the dataset “{name}” (fingerprint "
            "{fingerprint}).",
            train=train, val=val, name=name, fingerprint=fingerprint[:12],
        )  # fmt: skip
        if split in _SPLITS:
            yield words.tell(_SPLITS[split])
        if len(sources) > _MOST_NAMES:
            yield words.tell("{count:,} sources validate.", count=len(sources))
        elif sources:
            yield words.tell("The validation sources are {sources}.", sources=words.listed(sources))
    yield words.tell(
        "Luma of 10 bits is divided by {most} and not normalised further; the validation blocks keep their natural "
        "class mix.",
        most=LUMA_MAX,
    )
    for statistics in dict.fromkeys(p.inputs for p in provenances if p.inputs):
        yield words.tell(
            "Over the training blocks the input then has the mean {mean:.3f} and the standard deviation "
            "{deviation:.3f}.",
            mean=statistics.mean, deviation=statistics.standard_deviation,
        )  # fmt: skip


def _network(configuration: Configuration, words: Words) -> Iterator[str]:
    yield from backbone(configuration.spec, words)
    for trainable, total in dict.fromkeys(
        (p.trainable_parameters, p.total_parameters) for p in configuration.provenances
    ):
        yield words.tell("{trainable:,} of {total:,} parameters are trained.", trainable=trainable, total=total)


def _training(spec: RunSpec, words: Words) -> Iterator[str]:
    yield from sampling(spec, words)
    yield from loss(spec.loss, words)
    yield from augmentation(spec.augmentation, words)
    yield from schedule(spec, words)
    yield words.tell(
        "Of each run the epoch with the highest validation macro-F1 counts, and all numbers of the run are of that "
        "epoch. Macro-F1 is the plain mean of the classes' F1. A gap is train − validation macro-F1, in percentage "
        "points (pp): as the thesis has it, with the train F1 measured while training, and like for like, with the "
        "train F1 after the epoch, in eval mode and on the natural class mix."
    )


def _seeds(configurations: Sequence[Configuration], words: Words) -> Iterator[str]:
    seeds = {
        configuration.name: tuple(sorted(spec.seed for spec in configuration.specs)) for configuration in configurations
    }
    if len(set(seeds.values())) == 1:
        (numbers,) = set(seeds.values())
        yield words.plural(
            "Each configuration was trained with one seed: {seeds}.",
            "Each configuration was trained with {count} seeds: {seeds}.",
            len(numbers), seeds=words.listed(map(str, numbers)),
        )  # fmt: skip
        return
    for name, numbers in seeds.items():
        yield words.plural(
            "“{name}” was trained with one seed: {seeds}.",
            "“{name}” was trained with {count} seeds: {seeds}.",
            len(numbers), name=name, seeds=words.listed(map(str, numbers)),
        )  # fmt: skip


def _differences(configurations: Sequence[Configuration], words: Words) -> Iterator[str]:
    baseline, *variants = configurations
    of_baseline = flatten(baseline.spec)
    for variant in variants:
        settings = flatten(variant.spec)
        changes = [
            words.tell(
                "{key} is {value} in place of {before}",
                key=key, value=_value(settings.get(key), words), before=_value(of_baseline.get(key), words),
            )
            for key in dict.fromkeys([*of_baseline, *settings])
            if key not in ("name", "seed") and settings.get(key) != of_baseline.get(key)
        ]  # fmt: skip
        if changes:
            yield words.tell(
                "“{variant}” differs from “{baseline}” in this: {changes}.",
                variant=variant.name, baseline=baseline.name, changes="; ".join(changes),
            )  # fmt: skip
        else:
            yield words.tell(
                "“{variant}” has the settings of “{baseline}”.", variant=variant.name, baseline=baseline.name
            )


def _value(value: object, words: Words) -> str:
    if value is None or value in ("", []):
        return words.tell("none")
    if isinstance(value, bool):
        return words.tell("yes") if value else words.tell("no")
    if isinstance(value, float):
        return words.number(value, "g")
    return words.listed(map(str, value)) if isinstance(value, list) else str(value)


def _tests(words: Words, margin: float) -> Iterator[str]:
    yield words.tell(
        "Differences are variant − baseline in pp of validation macro-F1, and two questions are asked of each. Same "
        "recipe, other seeds: over the seeds that both have, the mean difference with its {confidence:.0%} t "
        "interval, and the exact two-sided sign-flip test (Fisher 1935). Same checkpoints, other pictures: a paired "
        "bootstrap over the validation predictions with {resamples:,} resamples of whole sources (frames where there "
        "is one source), whose standard error is widened for few or unequal sources (Hesterberg 2015; Cameron et al. "
        "2008). The larger p of the two is corrected over the variants (Holm 1979).",
        confidence=CONFIDENCE, resamples=RESAMPLES,
    )  # fmt: skip
    yield words.tell(
        "A variant is called better or worse only where the corrected p is at most {alpha} and both intervals lie on "
        "one side of 0 (an intersection–union test, Berger 1982), equivalent where both intervals lie within "
        "±{margin:g} pp, and in every other case the difference is not established. The seeds needed are those with "
        "which a paired t test would see the observed difference with a power of {power}.",
        alpha=ALPHA, margin=margin, power=POWER,
    )  # fmt: skip


def _machine(configurations: Sequence[Configuration], words: Words) -> Iterator[str]:
    provenances = [provenance for configuration in configurations for provenance in configuration.provenances]
    for device, threads in dict.fromkeys((p.device, p.threads) for p in provenances):
        yield words.plural(
            "Trained on {device} with one CPU thread.", "Trained on {device} with {count} CPU threads.",
            threads, device=device,
        )  # fmt: skip
    versions = dict.fromkeys(", ".join(f"{name} {number}" for name, number in p.versions.items()) for p in provenances)
    for text in versions:
        yield words.tell("Software: {versions}.", versions=text)
    if commits := dict.fromkeys(p.git_commit[:12] for p in provenances if p.git_commit):
        yield words.tell("Commit of the code: {commits}.", commits=words.listed(commits))
