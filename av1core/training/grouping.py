"""Which runs can train side by side in one step, told from their specs alone. It needs no torch."""

from av1core.training.spec import RunSpec

_OWN = {"name", "seed", "epochs", "loss", "optimiser", "schedule", "sampling", "dropout"}
"""What each of the runs may have as it likes; all else is shared."""


def together_key(spec: RunSpec) -> str | None:
    """Equal for runs that share a frozen backbone and differ only in what is each one's own; None for a run that must
    train alone.

    Runs stand side by side behind features that never change: a later stage, BatchNorm in eval mode, nothing unfrozen,
    the thesis's adapters or none, and no augmentation.
    """
    adapter = spec.adapter
    if adapter is None or adapter.batchnorm != "eval" or adapter.unfrozen or spec.augmentation.on:
        return None
    if adapter.scheme not in ("thesis", "none"):
        return None
    head = f"arcface {spec.loss.scale}" if spec.loss.name == "arcface" else "linear"
    return f"{head} {spec.model_dump_json(exclude=_OWN)}"
