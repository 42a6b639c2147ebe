"""Samples of any bit depth to the 10 bits that the Lab keeps."""

import numpy as np

from av1core.partition import LUMA_MAX

LUMA_BITS = LUMA_MAX.bit_length()
"""Bits of every luma sample the Lab keeps and encodes."""


def to_ten_bits(samples: np.ndarray, bit_depth: int) -> np.ndarray:
    """Samples of `bit_depth` (1–16) bits as uint16 0–1023, in the range that they are in, limited or full.

    Fewer bits are shifted up; more are rounded, and the topmost clipped to 1023. This is how video changes its
    depth: a code keeps its meaning, which stretching 0–255 to 0–1023 would shift.
    """
    excess = bit_depth - LUMA_BITS
    if excess <= 0:
        return samples.astype(np.uint16) << np.uint16(-excess)
    rounded = (samples.astype(np.uint32) + (1 << (excess - 1))) >> excess
    return np.minimum(rounded, LUMA_MAX).astype(np.uint16)
