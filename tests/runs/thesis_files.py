"""Result folders as the thesis's scripts write them, with made-up values."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

BEST_EPOCH, EPOCHS = 3, 6


def adapter_history() -> dict[str, Any]:
    """The form of the adapter scripts: shares, accuracies, learning rates; some values numpy's or torch's."""
    val_f1 = [0.41, 0.52, 0.58, 0.58, 0.55, 0.5]
    return {
        "train_loss": [torch.tensor(0.9 - 0.05 * epoch) for epoch in range(EPOCHS)],
        "train_f1": [np.float64(value - 0.01) for value in val_f1],
        "train_acc": np.array(val_f1) + 0.1,
        "val_loss": torch.linspace(0.8, 0.6, EPOCHS),
        "val_f1": val_f1,
        "val_acc": [value + 0.12 for value in val_f1],
        "lr_adapter": [1e-3] * 4 + [5e-4] * 2,
        "lr_head": [1e-4] * 4 + [5e-5] * 2,
    }


def adapter_metrics() -> dict[str, Any]:
    return {
        "best_f1": 0.58,
        "final_train_f1": 0.49,
        "final_val_f1": 0.5,
        "epochs_trained": EPOCHS,
        "early_stopped": True,
        "adapter_reduction": 4,
        "param_efficiency": 0.0146,
        "total_params": 11_400_000,
        "trainable_params": 166_000,
    }


def loss_history() -> dict[str, list[float]]:
    """The form of the loss study: precision and recall, no accuracy, no learning rates."""
    val_f1 = [0.41, 0.52, 0.5749, 0.55, 0.54, 0.5]
    shares = {name: list(val_f1) for name in ("train_f1", "val_f1", "val_precision", "val_recall")}
    return shares | {"train_loss": [0.5] * EPOCHS, "val_loss": [0.4] * EPOCHS}


def loss_metrics() -> dict[str, Any]:
    final = {"loss": 0.4, "f1": 0.5, "precision": 0.5, "recall": 0.5}
    return {"loss_type": "cb_focal", "best_val_f1": 0.5749, "best_epoch": 3, "total_epochs": 6} | {
        "final_val_metrics": final
    }


def weights() -> dict[str, Any]:
    """A checkpoint of 12 parameters."""
    state = {"head.weight": torch.zeros(3, 3), "head.bias": torch.zeros(3), "bn.running_mean": torch.zeros(8)}
    return {"epoch": 3, "model_state_dict": state | {"bn.num_batches_tracked": torch.tensor(7)}}


def write_results(folder: Path, history: Any = None, metrics: Any = None, stage: str = "stage2_adapter") -> Path:
    """`folder`/`stage` with history, metrics and weights; both forms default to the adapter scripts'."""
    inside = folder / stage
    inside.mkdir(parents=True, exist_ok=True)
    prefix = stage.split("_")[0]
    torch.save(adapter_history() if history is None else history, inside / f"{prefix}_history.pt")
    (inside / f"{prefix}_metrics.json").write_text(json.dumps(adapter_metrics() if metrics is None else metrics))
    torch.save(weights(), inside / f"{prefix}_model_best.pt")
    return folder
