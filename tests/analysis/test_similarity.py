import numpy as np
import pytest

from av1core.analysis.similarity import cka, cka_table


@pytest.fixture
def random():
    return np.random.default_rng(0)


def by_kernels(one, other):
    """Debiased CKA as Nguyen et al. write it, with N×N kernels whose diagonals are zero."""

    def hsic(k, n_l):
        n, ones = len(k), np.ones(len(k))
        k, n_l = (kernel - np.diag(np.diag(kernel)) for kernel in (k, n_l))
        middle = ones @ k @ ones * (ones @ n_l @ ones) / ((n - 1) * (n - 2))
        return (np.trace(k @ n_l) + middle - 2 / (n - 2) * (ones @ k @ n_l @ ones)) / (n * (n - 3))

    k, n_l = one @ one.T, other @ other.T
    return hsic(k, n_l) / np.sqrt(hsic(k, k) * hsic(n_l, n_l))


@pytest.mark.parametrize("count", [4, 7, 50])
def test_it_is_the_kernel_form(random, count):
    one = random.normal(3, 1, (count, 6))
    other = one[:, :2] @ random.normal(size=(2, 9)) + random.normal(size=(count, 9)) - 5
    assert cka(one, other) == pytest.approx(by_kernels(one, other), rel=1e-9)
    assert cka(one, other) == pytest.approx(cka(other, one))


def test_rotation_scale_and_shift_do_not_matter(random):
    one, other = random.normal(size=(40, 8)), random.normal(size=(40, 5))
    other[:, :3] += one[:, :3]
    rotation, _ = np.linalg.qr(random.normal(size=(8, 8)))
    moved = 1e4 * one @ rotation + 100
    assert cka(moved, other) == pytest.approx(cka(one, other)) and cka(one, moved) == pytest.approx(1)
    # Another scale for each channel does.
    assert abs(cka(one * np.arange(1, 9), other) - cka(one, other)) > 1e-3


def test_what_has_nothing_in_common_is_about_0_though_channels_are_many(random):
    found = [cka(random.normal(size=(60, 200)), random.normal(size=(60, 200))) for _ in range(20)]
    assert abs(np.mean(found)) < 0.02 and min(found) < 0 < max(found)
    assert max(map(abs, found)) <= 1


def test_a_table_is_of_each_layer_with_each(random):
    one = {"a": random.normal(size=(30, 4)), "b": random.normal(size=(30, 3))}
    other = {"b": one["b"], "c": one["a"][:, :2], "flat": np.full((30, 2), 0.1)}  # whose mean is rounded
    table = cka_table(one, other)
    assert table.shape == (2, 3) and table[1, 0] == pytest.approx(1)
    assert table[0, 1] == pytest.approx(cka(one["a"], other["c"])) and table[0, 1] > 0.3
    assert np.isnan(table[:, 2]).all()


def test_three_blocks_are_too_few(random):
    with pytest.raises(ValueError, match="at least 4 blocks, not 3"):
        cka(random.normal(size=(3, 2)), random.normal(size=(3, 2)))
