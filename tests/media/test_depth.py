import numpy as np
import pytest

from av1core.media.depth import to_ten_bits


@pytest.mark.parametrize("bits", [8, 9, 10])
def test_fewer_bits_are_shifted(bits):
    samples = np.arange(1 << bits, dtype=np.uint8 if bits == 8 else np.uint16)
    luma = to_ten_bits(samples, bits)
    assert luma.dtype == np.uint16
    assert (luma == samples * np.uint16(1 << (10 - bits))).all()


@pytest.mark.parametrize("bits", [12, 16])
def test_more_bits_are_rounded_to_the_nearest_and_clipped(bits):
    samples = np.arange(1 << bits, dtype=np.uint16)
    luma, exact = to_ten_bits(samples, bits), samples / (1 << (bits - 10))
    assert luma.dtype == np.uint16 and luma.max() == 1023
    assert np.abs(luma - exact)[exact <= 1023].max() <= 0.5
    assert (np.diff(luma.astype(int)) >= 0).all()
