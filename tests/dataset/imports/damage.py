"""What an import must do with damaged files: give a sound dataset or a LabError, and after that leave nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from av1core.dataset.folder import Dataset, content_fingerprint
from av1core.errors import LabError

CASES = 100


def flipped(data: bytes, seed: int = 0) -> Iterator[bytes]:
    """The data with one to three bytes changed, in many ways."""
    random = np.random.default_rng(seed)
    for _ in range(CASES):
        changed = bytearray(data)
        for place in random.integers(0, len(data), random.integers(1, 4)):
            changed[place] ^= int(random.integers(1, 256))
        yield bytes(changed)


def truncated(data: bytes) -> Iterator[bytes]:
    """The first part of the data, of many lengths, none at all included."""
    for length in range(0, len(data), len(data) // 20 + 1):
        yield data[:length]


def is_sound_or_refused(import_: Callable[[Path], Dataset], folder: Path) -> bool:
    """Whether an import into `folder`/out gave a dataset; it is removed again. The folder must be empty otherwise."""
    try:
        dataset = import_(folder / "out")
    except LabError as error:
        assert str(error)
        assert not list(folder.iterdir())
        return False
    assert [path.name for path in folder.iterdir()] == ["out"]
    assert content_fingerprint(Dataset.open(dataset.path)) == dataset.fingerprint
    blocks = dataset.blocks
    keys = (blocks.col, blocks.row, blocks.size, blocks.qindex, blocks.frame, blocks.source)
    assert (np.lexsort(keys) == np.arange(len(blocks))).all()
    for file in sorted(dataset.path.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    dataset.path.rmdir()
    return True
