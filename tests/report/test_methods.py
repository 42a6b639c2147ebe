from dataclasses import replace

import pytest

from av1core.analysis.statistics import MARGIN
from av1core.report.citations import WORKS, cited
from av1core.report.methods import Configuration, methods
from av1core.runs.records import InputStatistics, Provenance
from av1core.training.spec import RunSpec, parse_spec, with_overrides
from av1core.training.spec_parts import AdapterSpec, AugmentationSpec, BackboneSpec, LossSpec, ScheduleSpec
from av1core.translation import LANGUAGES, Words

BASELINE = {"name": "Baseline", "stage": "stage2", "stage1_run": "s1", "adapter": {"batchnorm": "train"}}
ALWAYS = ("Chen et al. 2022", "Cui et al. 2019", "Lin et al. 2017", "Loshchilov & Hutter 2019")
"""The works behind the baseline."""
PROVENANCE = Provenance(
    dataset_name="photos", dataset_fingerprint="0123456789abcdef", split="source", val_sources=("cat", "moon"),
    train_blocks=12345, val_blocks=2345, stage1_weights_sha256=None, total_parameters=11_000_000,
    trainable_parameters=165_888, device="Some CPU", threads=2, versions={"torch": "2.14.1"}, git_commit="a" * 40,
    inputs=InputStatistics(0, 1, 0.4567, 0.2),
)  # fmt: skip


def configuration(changes: dict | None = None, seeds=(0, 1, 2), name="Baseline", **provenance) -> Configuration:
    specs = [parse_spec(with_overrides(BASELINE, {**(changes or {}), "seed": seed})) for seed in seeds]
    return Configuration(name, tuple(specs), (replace(PROVENANCE, **provenance),) * len(specs))


def text(*configurations: Configuration, language="en") -> str:
    return "\n".join(methods(configurations, Words(language), MARGIN))


def test_what_the_records_say_is_said():
    said = text(configuration())
    for fact in (
        "12,345", "2,345", "photos", "0123456789ab", "cat and moon", "165,888 of 11,000,000", "0.457", "run s1",
        "BatchNorm in train mode", "γ = 4", "0.001 of the adapters and 0.0001 of the head", "128 blocks",
        "3 seeds: 0, 1 and 2",
        "Some CPU with 2 CPU threads", "torch 2.14.1", "aaaaaaaaaaaa", "by source", "1023", "Blocks are not augmented",
    ):  # fmt: skip
        assert fact in said, fact
    assert "of the backbone" not in said and "Holm" not in said and "differs" not in said


def test_one_thing_that_differs_is_all_that_is_said_to_differ():
    said = text(configuration(), configuration({"adapter.batchnorm": "eval"}, name="BN fix"))
    assert "“BN fix” differs from “Baseline” in this: adapter.batchnorm is eval in place of train." in said
    assert "±0.5 pp" in said and "95%" in said and "2,000 resamples" in said and "at most 0.05" in said
    same = text(configuration(), configuration(name="Again", seeds=(3,)))
    assert "“Again” has the settings of “Baseline”." in same
    assert "“Baseline” was trained with 3 seeds: 0, 1 and 2. “Again” was trained with one seed: 3." in same


def test_each_dataset_split_and_machine_of_the_runs_is_named():
    other = configuration(name="Other", split="block", val_sources=(), dataset_name="UVG", device="Some GPU")
    said = text(configuration(), other)
    assert all(fact in said for fact in ("“photos”", "“UVG”", "by source", "by block, as in the thesis", "Some GPU"))
    many = configuration(val_sources=tuple(f"s{number}" for number in range(40)))
    assert "40 sources validate" in text(many) and "s39" not in text(many)


def test_without_provenance_the_specs_alone_speak():
    said = text(Configuration("Baseline", configuration().specs, ()))
    assert "γ = 4" in said and "fingerprint" not in said and "CPU" not in said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("changes", "fact", "work"),
    [
        ({"loss.name": "cross_entropy", "loss.beta": 0}, "", ""),
        ({"loss.gamma": 3.5}, "γ = 3.5", "Lin et al. 2017"),
        ({"loss.beta": 0.99}, "β = 0.99", "Cui et al. 2019"),
        ({"loss.name": "poly"}, "ε = 1", "Leng et al. 2022"),
        ({"loss.name": "poly_focal"}, "γ = 2", "Leng et al. 2022"),
        ({"loss.name": "asymmetric"}, "γ₋ = 4", "Ridnik et al. 2021"),
        ({"loss.name": "arcface"}, "s = 16", "Deng et al. 2019"),
        ({"loss.smoothing": 0.1}, "0.1 (", "Szegedy et al. 2016"),
        ({"augmentation.mixup_alpha": 0.2}, "α = 0.2", "Zhang et al. 2018"),
        ({"augmentation.cutmix_alpha": 0.3}, "α = 0.3", "Yun et al. 2019"),
        ({"augmentation.randaugment_operations": 2}, "RandAugment", "Cubuk et al. 2020"),
        ({"schedule.name": "cosine"}, "", "Loshchilov & Hutter 2017"),
        ({"schedule.warmup_epochs": 5}, "5 ", "Goyal et al. 2017"),
        ({"adapter.scheme": "conv_parallel"}, "conv-parallel", "Chen et al. 2022"),
        ({"adapter.unfrozen": ["layer4"]}, "0.0003", "Chen et al. 2022"),
        ({"qindex_input": True}, "qindex", ""),
        ({"precision": "bfloat16"}, "bfloat16", ""),
        ({"sampling": "natural"}, "", ""),
        ({"epoch_blocks": 4096}, "4,096", ""),
    ],
)
def test_every_choice_changes_the_text_and_brings_its_work(changes, fact, work, language):
    plain, said = text(configuration(), language=language), text(configuration(changes), language=language)
    fact = fact if language == "en" else fact.translate({ord("."): ",", ord(","): "."})
    assert said != plain and fact in said
    assert not work or WORKS[work] in cited([said])
    assert work in ("", *ALWAYS) or WORKS[work] not in cited([plain])


def test_stage_1_is_described_by_its_backbone():
    spec = RunSpec(backbone=BackboneSpec(pretrained="timm", stem="keep", spatial_attention=False))
    said = text(Configuration("Stage 1", (spec,), ()))
    assert "resnet18 (He et al. 2016)" in said and "ImageNet" in said and "does not halve" in said
    assert "squeeze-excitation" in said and "spatial attention" not in said and "0.0003 of the backbone" in said


def test_a_field_that_no_sentence_says_is_known():
    """A new field of a spec asks for a sentence, or for a place in this list."""
    silent = {"name", "stage", "dataset", "split", "seed"}  # said by the records of the runs
    said = {
        RunSpec: "stage1_run backbone adapter qindex_input loss augmentation optimiser schedule sampling dropout "
        "batch_size epochs epoch_blocks precision",
        BackboneSpec: "name squeeze_excitation spatial_attention stem pretrained",
        AdapterSpec: "scheme reduction layers batchnorm unfrozen",
        LossSpec: "name beta gamma smoothing epsilon gamma_positive gamma_negative scale margin",
        AugmentationSpec: "flips transposition mixup_alpha cutmix_alpha randaugment_operations randaugment_magnitude",
        ScheduleSpec: "name warmup_epochs factor patience early_stopping",
    }  # fmt: skip
    for part, fields in said.items():
        assert set(part.model_fields) == set(fields.split()) | (silent if part is RunSpec else set())


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_works_that_apply_are_cited_in_every_language(language):
    said = text(configuration(), configuration({"adapter.reduction": 2}, name="Wide"), language=language)
    found = cited([said])
    keys = {key for key, work in WORKS.items() if work in found}
    assert keys == {
        *ALWAYS, "Berger 1982", "Cameron et al. 2008", "Fisher 1935", "Hesterberg 2015", "Holm 1979",
    }  # fmt: skip
    assert cited([text(configuration({"loss.beta": 0}), language=language)]) == [
        WORKS[key] for key in ("Chen et al. 2022", "Lin et al. 2017", "Loshchilov & Hutter 2019")
    ]
