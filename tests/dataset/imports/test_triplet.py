import shutil

import numpy as np
import pytest

from av1core.dataset.blocks import gather_pixels
from av1core.dataset.imports.triplet import import_triplet
from av1core.errors import DatasetError
from tests.dataset.imports.damage import flipped, is_sound_or_refused, truncated


def write(folder, sequence: str, size: int, count: int, seed: int = 0):
    """One triplet of random blocks; gives pixels, labels and qindexes."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 1024, (count, size, size)).astype("<u2")
    labels, qps = np.arange(count) % 10, random.choice([80, 220], count)
    for place in ("intra_raw_blocks", "labels", "qps"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    pixels.tofile(folder / f"intra_raw_blocks/{sequence}_sample_{size}.txt")
    (folder / f"labels/{sequence}_labels_{size}_intra.txt").write_text("\n".join(map(str, labels)))
    (folder / f"qps/{sequence}_qps_{size}_intra.txt").write_text(" ".join(map(str, qps)) + "\n")
    return pixels, labels, qps


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    (tmp_path / "results").mkdir()
    return tmp_path / "results" / "out"


def test_every_sequence_and_size_becomes_a_source(folder, out):
    # Ascending as a text, the sizes would be 16, 32, 8.
    names = [("Bosphorus", 8), ("Bosphorus", 16), ("Bosphorus", 32), ("Jockey_2", 16)]
    written = {f"{name}-{size}": write(folder, name, size, 30, seed=size) for name, size in names}
    done = []
    dataset = import_triplet(folder, out, progress=lambda *args: done.append(args))
    assert [source.name for source in dataset.sources] == list(written)
    assert [source.group for source in dataset.sources] == ["Bosphorus"] * 3 + ["Jockey_2"]
    assert done == [(30, 120), (60, 120), (90, 120), (120, 120)]
    for index, (pixels, labels, qps) in enumerate(written.values()):
        rows, order = np.flatnonzero(dataset.blocks.source == index), np.argsort(qps, kind="stable")
        assert (gather_pixels(dataset, rows, pixels.shape[1]) == pixels[order]).all()
        assert (dataset.blocks.partition[rows] == labels[order]).all()
        assert (dataset.blocks.qindex[rows] == qps[order]).all()


def test_sequences_are_split_whole(folder, out):
    for seed, name in enumerate(("a", "b", "c")):
        for size in (16, 32):
            write(folder, name, size, 20, seed)
    dataset = import_triplet(folder, out)
    sides = {name: {f"{name}-16" in dataset.split.val, f"{name}-32" in dataset.split.val} for name in "abc"}
    assert dataset.split.method == "source"
    assert sorted(len(side) for side in sides.values()) == [1, 1, 1]
    assert set.union(*sides.values()) == {True, False}


def test_only_the_sequences_that_are_asked_for_are_read(folder, out):
    write(folder, "a", 16, 20)
    write(folder, "b", 16, 20, seed=1)
    (folder / "labels/b_labels_16_intra.txt").unlink()
    assert [source.name for source in import_triplet(folder, out, sequences=["a"]).sources] == ["a-16"]


def edit(name, content):
    return lambda folder: (folder / name).write_text(content)


PIXELS, LABELS, QPS = (
    "intra_raw_blocks/a_sample_16.txt", "labels/a_labels_16_intra.txt", "qps/a_qps_16_intra.txt"
)  # fmt: skip
FAULTS = {
    "no pixels": (lambda folder: (folder / PIXELS).unlink(), r"a_sample_16\.txt is missing"),
    "no labels": (lambda folder: (folder / LABELS).unlink(), r"a_labels_16_intra\.txt is missing"),
    "no qps": (lambda folder: shutil.rmtree(folder / "qps"), r"a_qps_16_intra\.txt is missing"),
    "nothing": (shutil.rmtree, r"has no files like intra_raw_blocks/"),
    "cut pixels": (
        lambda folder: (folder / PIXELS).write_bytes((folder / PIXELS).read_bytes()[:-100]),
        r"a_sample_16\.txt ends 412 bytes into a block",
    ),
    "pixels of 12 bits": (
        lambda folder: np.full((4, 16, 16), 1024, "<u2").tofile(folder / PIXELS),
        r"a_sample_16\.txt holds the value 1024 in block 0",
    ),
    "pixels of another byte order": (
        lambda folder: np.fromfile(folder / PIXELS, "<u2").astype(">u2").tofile(folder / PIXELS),
        r"check its bit depth and byte order",
    ),
    "no blocks": (
        lambda folder: [edit(name, "")(folder) for name in (PIXELS, LABELS, QPS)],
        r"a_sample_16\.txt is empty",
    ),
    "too few labels": (edit(LABELS, "0 1 2"), r"a_labels_16_intra\.txt holds 3 values and .* 4 blocks"),
    "too many qps": (edit(QPS, "80\n" * 5), r"a_qps_16_intra\.txt holds 5 values"),
    "label above": (edit(LABELS, "0\n1\n10\n3\n"), r"a_labels_16_intra\.txt, line 3: 10 is not in the range 0 to 9"),
    "label below": (edit(LABELS, "0\n-1\n1\n3\n"), r"a_labels_16_intra\.txt, line 2: -1 is not in the range"),
    "qp above": (edit(QPS, "80 80 80 256"), r"a_qps_16_intra\.txt, line 1: 256 is not in the range 0 to 255"),
    "label a fraction": (edit(LABELS, "0\n1.0\n1\n3\n"), r'a_labels_16_intra\.txt, line 2: "1\.0" is not an integer'),
    "label a word": (edit(LABELS, "0 1\nSPLIT 3"), r'a_labels_16_intra\.txt, line 2: "SPLIT" is not an integer'),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_named(folder, out, fault):
    change, message = FAULTS[fault]
    write(folder, "a", 16, 4)
    change(folder)
    with pytest.raises(DatasetError, match=message):
        import_triplet(folder, out)
    assert not list(out.parent.iterdir())


def test_an_unknown_sequence_is_named(folder, out):
    write(folder, "a", 16, 4)
    with pytest.raises(DatasetError, match='has no sequence "c"; it has a'):
        import_triplet(folder, out, sequences=["a", "c"])


def test_sequences_that_would_get_one_name_are_refused(folder, out):
    write(folder, "a b", 16, 4)
    write(folder, "a_b", 16, 4)
    with pytest.raises(DatasetError, match="would both be called a_b-16"):
        import_triplet(folder, out)


@pytest.mark.parametrize("name", [PIXELS, LABELS, QPS])
def test_damaged_files_are_refused_or_sound(folder, out, name):
    write(folder, "a", 16, 4)
    data, results = (folder / name).read_bytes(), []
    for changed in [*flipped(data), *truncated(data)]:
        (folder / name).write_bytes(changed)
        results.append(is_sound_or_refused(lambda out: import_triplet(folder, out), out.parent))
    assert True in results and False in results
