"""What a run predicted for the validation blocks at its best epoch, joined with the blocks themselves."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from av1core.dataset.folder import Dataset
from av1core.errors import RunError
from av1core.partition import STAGES, Stage
from av1core.runs.folder import RunFolder
from av1core.translation import message


@dataclass(frozen=True)
class Predictions:
    """One entry a validation block: `block` int64 (N,) rows of the dataset's table, `label` and `predicted` int64 (N,)
    class indices, `probabilities` float32 (N, C)."""

    stage: Stage
    block: np.ndarray
    label: np.ndarray
    probabilities: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The class of the highest probability, the first of equals: int64 (N,)."""
        return self.probabilities.argmax(1)

    @property
    def right(self) -> np.ndarray:
        """Whether the predicted class is the true one: bool (N,)."""
        return self.predicted == self.label

    @property
    def confidence(self) -> np.ndarray:
        """Probability of the predicted class: float32 (N,), at most 1."""
        return np.minimum(self.probabilities.max(1, initial=0), 1)

    def of(self, rows: np.ndarray) -> "Predictions":
        """Those of the blocks in these rows of the dataset's table, in that order. RunError if some are not here."""
        places = pd.Index(self.block).get_indexer(rows)
        if (places < 0).any():
            raise RunError(message("The run has no prediction for some of these blocks: it validated on others."))
        return Predictions(self.stage, self.block[places], self.label[places], self.probabilities[places])


def load_predictions(folder: RunFolder, dataset: Dataset) -> Predictions:
    """Raises RunError if the file is missing, damaged, or was made from other data than `dataset` holds now."""
    stage = STAGES[folder.spec().stage]
    try:
        table = pq.read_table(folder.predictions_file)
        block, label = table["block"].to_numpy(), table["label"].to_numpy().astype(np.int64)
        flat = table["probabilities"].combine_chunks().flatten().to_numpy()
        probabilities = flat.astype(np.float32, copy=False).reshape(len(label), len(stage.classes))
    except FileNotFoundError:
        raise RunError(
            message("{run} has no predictions yet; they appear after its first epoch.", run=folder.id)
        ) from None
    except (OSError, pa.ArrowException, AttributeError, KeyError, ValueError) as error:
        raise RunError(
            message(
                "{file}: the predictions cannot be read ({error}).", file=str(folder.predictions_file), error=str(error)
            )
        ) from error
    metadata = table.schema.metadata or {}
    if metadata.get(b"dataset_fingerprint", b"").decode() != dataset.fingerprint:
        raise RunError(
            message(
                "{run} was trained on another version of {path}: the fingerprints differ. Put the dataset it was "
                "trained on back, or train the run anew.",
                run=folder.id,
                path=str(dataset.path),
            )
        )
    return Predictions(stage, block, label, probabilities)
