import numpy as np
import pytest

from av1core.media import libaom


def textured(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture with flat, smooth, striped and noisy parts, so that trees have all kinds of nodes."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    luma = 500 + 200 * np.sin(x / 17 + y / 31) + 150 * np.sign(np.sin((x + 2 * y) / 23))
    luma += random.normal(0, 60, (height, width)) * (np.sin(x / 40) > 0.3)
    luma[: height // 4] = 300
    return np.clip(np.rint(luma), 0, 1023).astype(np.uint16)


@pytest.fixture(scope="session", params=[(160, 192), (150, 205)], ids=["whole", "with a border"])
def stream(request):
    return libaom.encode_intra(textured(*request.param), cq_level=32, cpu_used=1)


@pytest.fixture(scope="session")
def mode_info(stream):
    return libaom.read_mode_info(stream)
