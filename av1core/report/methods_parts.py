"""The parts of a spec as sentences of a report."""

from collections.abc import Iterator

from av1core.training.spec import RunSpec
from av1core.training.spec_parts import AdapterSpec, AugmentationSpec, BackboneSpec, LossSpec
from av1core.translation import Words


def backbone(spec: RunSpec, words: Words) -> Iterator[str]:
    """The network: of Stage 1 the backbone itself, of a later stage what is frozen and what is trained."""
    if spec.backbone is not None:
        yield from _trained_backbone(spec.backbone, words)
    elif spec.adapter is not None:
        yield from _adapted_backbone(spec.stage1_run or "", spec.adapter, words)
    if spec.qindex_input:
        yield words.tell("The head is given the block's qindex beside the features.")


def sampling(spec: RunSpec, words: Words) -> Iterator[str]:
    """Optimiser, rates, batches and how they are drawn."""
    rates = {
        words.tell("of the backbone"): spec.optimiser.backbone_lr if _trains_backbone(spec) else None,
        words.tell("of the adapters"): spec.optimiser.adapter_lr if _has_adapters(spec) else None,
        words.tell("of the head"): spec.optimiser.head_lr,
    }
    yield words.tell(
        "AdamW (Loshchilov & Hutter 2019) has the learning rates {rates} and a weight decay of {decay:g}; dropout "
        "before the head is {dropout:g}.",
        rates=words.listed(f"{words.number(rate, 'g')} {part}" for part, rate in rates.items() if rate is not None),
        decay=spec.optimiser.weight_decay, dropout=spec.dropout,
    )  # fmt: skip
    if spec.sampling == "class_balanced":
        yield words.tell("A batch has {blocks:,} blocks, each class being equally likely.", blocks=spec.batch_size)
    else:
        yield words.tell("A batch has {blocks:,} blocks in the natural class mix.", blocks=spec.batch_size)
    if spec.epoch_blocks is None:
        yield words.tell("An epoch draws as many blocks as there are to train on.")
    else:
        yield words.tell("An epoch draws {blocks:,} blocks.", blocks=spec.epoch_blocks)
    if spec.precision == "bfloat16":
        yield words.tell("The large matrix products are computed in bfloat16.")


def loss(loss: LossSpec, words: Words) -> Iterator[str]:
    """The loss, its class weights and label smoothing."""
    match loss.name:
        case "cross_entropy":
            yield words.tell("The loss is cross-entropy.")
        case "focal":
            yield words.tell("The loss is the focal loss with γ = {gamma:g} (Lin et al. 2017).", gamma=loss.gamma)
        case "poly":
            yield words.tell(
                "The loss is Poly-1 on cross-entropy with ε = {epsilon:g} (Leng et al. 2022).", epsilon=loss.epsilon
            )
        case "poly_focal":
            yield words.tell(
                "The loss is Poly-1 with ε = {epsilon:g} (Leng et al. 2022) on the focal loss with γ = {gamma:g} (Lin "
                "et al. 2017).",
                epsilon=loss.epsilon, gamma=loss.gamma,
            )  # fmt: skip
        case "asymmetric":
            yield words.tell(
                "The loss is the asymmetric loss with γ₊ = {positive:g} and γ₋ = {negative:g} (Ridnik et al. 2021).",
                positive=loss.gamma_positive, negative=loss.gamma_negative,
            )  # fmt: skip
        case "arcface":
            yield words.tell(
                "The loss is ArcFace with s = {scale:g} and m = {margin:g} (Deng et al. 2019).",
                scale=loss.scale, margin=loss.margin,
            )  # fmt: skip
    if loss.beta:
        yield words.tell(
            "Classes are weighed by their effective number of blocks with β = {beta:g} (Cui et al. 2019).",
            beta=loss.beta,
        )
    if loss.smoothing:
        yield words.tell("Labels are smoothed by {smoothing:g} (Szegedy et al. 2016).", smoothing=loss.smoothing)


def augmentation(augmentation: AugmentationSpec, words: Words) -> Iterator[str]:
    """What changes the training blocks, or that nothing does."""
    kinds = []
    if augmentation.flips:
        kinds.append(words.tell("flips"))
    if augmentation.transposition:
        kinds.append(words.tell("transposition"))
    if alpha := augmentation.mixup_alpha:
        kinds.append(words.tell("MixUp with α = {alpha:g} (Zhang et al. 2018)", alpha=alpha))
    if alpha := augmentation.cutmix_alpha:
        kinds.append(words.tell("CutMix with α = {alpha:g} (Yun et al. 2019)", alpha=alpha))
    if operations := augmentation.randaugment_operations:
        kinds.append(
            words.tell(
                "RandAugment with {operations} operations of magnitude {magnitude} (Cubuk et al. 2020)",
                operations=operations, magnitude=augmentation.randaugment_magnitude,
            )
        )  # fmt: skip
    if kinds:
        yield words.tell("Training blocks are augmented by {kinds}; labels follow.", kinds=words.listed(kinds))
    else:
        yield words.tell("Blocks are not augmented.")


def schedule(spec: RunSpec, words: Words) -> Iterator[str]:
    """How the learning rates change and when training stops."""
    schedule = spec.schedule
    if schedule.warmup_epochs:
        yield words.plural(
            "The rates rise linearly over the first epoch (Goyal et al. 2017).",
            "The rates rise linearly over the first {count} epochs (Goyal et al. 2017).", schedule.warmup_epochs,
        )  # fmt: skip
    if schedule.name == "plateau":
        yield words.tell(
            "The rates are multiplied by {factor:g} when validation macro-F1 has not risen for more than {patience} "
            "epochs.",
            factor=schedule.factor, patience=schedule.patience,
        )  # fmt: skip
    else:
        yield words.tell("The rates fall along half a cosine to the last epoch (Loshchilov & Hutter 2017).")
    yield words.tell(
        "Training ends after {epochs} epochs at most, and sooner when {patience} epochs in a row have brought no "
        "higher validation macro-F1.",
        epochs=spec.epochs, patience=schedule.early_stopping,
    )  # fmt: skip


def _trained_backbone(backbone: BackboneSpec, words: Words) -> Iterator[str]:
    yield words.tell("The network is a {name} (He et al. 2016) of timm with one input channel.", name=backbone.name)
    if backbone.squeeze_excitation:
        yield words.tell("Each residual layer is followed by squeeze-excitation (Hu et al. 2018).")
    if backbone.spatial_attention:
        yield words.tell("A spatial attention map stands before pooling (Woo et al. 2018).")
    if backbone.stem == "keep":
        yield words.tell("The stem does not halve the map.")
    if not backbone.pretrained:
        yield words.tell("It starts at random weights.")
    elif backbone.pretrained == "timm":
        yield words.tell("It starts at timm's ImageNet weights.")
    else:
        yield words.tell("It starts at the weights of a local file.")


def _adapted_backbone(stage1_run: str, adapter: AdapterSpec, words: Words) -> Iterator[str]:
    yield words.tell(
        "The backbone of the Stage-1 run {run} is frozen, its BatchNorm in {mode} mode.",
        run=stage1_run, mode=adapter.batchnorm,
    )  # fmt: skip
    if adapter.unfrozen:
        yield words.tell("Of it, {parts} are trained too.", parts=words.listed(adapter.unfrozen))
    layers = words.listed(adapter.layers)
    if adapter.scheme == "none":
        yield words.tell("There are no adapters.")
    elif adapter.scheme == "thesis":
        yield words.tell(
            "A Conv-Adapter (Chen et al. 2022) in the thesis's form stands after each of {layers}, with the reduction "
            "γ = {reduction}.",
            layers=layers, reduction=adapter.reduction,
        )  # fmt: skip
    else:
        yield words.tell(
            "Conv-Adapters (Chen et al. 2022) of the scheme {scheme} stand in every residual block of {layers}, with "
            "the reduction γ = {reduction}.",
            scheme=adapter.scheme.replace("_", "-"), layers=layers, reduction=adapter.reduction,
        )  # fmt: skip


def _trains_backbone(spec: RunSpec) -> bool:
    return spec.backbone is not None or bool(spec.adapter and spec.adapter.unfrozen)


def _has_adapters(spec: RunSpec) -> bool:
    return spec.adapter is not None and spec.adapter.scheme != "none"
