"""Whether two layers hold the same: linear centred kernel alignment of their features of the same blocks.

CKA is 1 for features that a rotation and one scale make equal, and does not ask which channel is which (Kornblith et
al. 2019, arXiv 1905.00414). The plain estimate rises towards 1 where channels are not few against blocks; here HSIC is
estimated without bias (Song et al. 2012, JMLR 13; Nguyen, Raghu and Kornblith 2021, arXiv 2010.15327), so that features
that have nothing in common have a CKA about 0.
"""

from collections.abc import Mapping

import numpy as np


def cka_table(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> np.ndarray:
    """CKA of each layer of one run (rows) with each of another (columns), float64 (R, C), at most 1.

    one, other: by layer, features (N, F) of the same N ≥ 4 blocks in the same order. NaN for a layer that is the same
    for all blocks. ValueError for fewer than 4 blocks.
    """
    rows, columns = ([_Centred(table) for table in tables.values()] for tables in (one, other))
    joint = np.array([[_hsic(row, column) for column in columns] for row in rows])
    own = [np.array([_hsic(layer, layer) for layer in layers]) for layers in (rows, columns)]
    return joint / np.sqrt(np.outer(*(np.where(hsic > 0, hsic, np.nan) for hsic in own)))


def cka(one: np.ndarray, other: np.ndarray) -> float:
    """CKA of two tables of features (N, F) and (N, G), as `cka_table` has it."""
    return float(cka_table({"": one}, {"": other})[0, 0])


class _Centred:
    """Features (N, F), centred and of unit scale, and the squared length (N,) of each block's."""

    def __init__(self, features: np.ndarray):
        if len(features) < 4:
            raise ValueError(f"CKA needs at least 4 blocks, not {len(features)}")
        values = np.asarray(features, np.float64)
        values = values - values.mean(0)
        spread = np.abs(values).max(initial=0.0)
        # What rounding leaves of a constant layer is no spread.
        constant = spread <= 1e-6 * np.abs(features).max(initial=0.0)
        self.values = np.zeros_like(values) if constant else values / spread
        self.squares = (self.values**2).sum(1)


def _hsic(one: _Centred, other: _Centred) -> float:
    """The unbiased estimate of HSIC with linear kernels, times N(N − 3).

    With kernels K = XXᵀ, L = YYᵀ whose diagonals are set to zero it is tr(KL) + 1ᵀK1·1ᵀL1/((N−1)(N−2)) − 2/(N−2)·1ᵀKL1.
    For centred X, the rows of K sum to −|xᵢ|², so that no N×N matrix is needed.
    """
    count = len(one.squares)
    along = one.squares @ other.squares
    trace = ((one.values.T @ other.values) ** 2).sum() - along
    sums = one.squares.sum() * other.squares.sum()
    return float(trace + sums / ((count - 1) * (count - 2)) - 2 / (count - 2) * along)
