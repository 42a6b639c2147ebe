import builtins
from pathlib import Path

import numpy as np
import pytest
import torch

from av1core.dataset.blocks import gather_pixels, stage_blocks
from av1core.dataset.imports.thesis import STAGE_FIELDS, import_thesis
from av1core.dataset.record import PREPARED_BLOCKS
from av1core.errors import DatasetError
from av1core.partition import OUTSIDE, STAGES, Partition
from tests.dataset.imports.damage import flipped, is_sound_or_refused, truncated
from tests.dataset.imports.test_pickles import FORMATS, Calls, save


def staged(count: int = 24, size: int = 16, seed: int = 0) -> dict:
    """A file as the thesis's scripts wrote it, and its raw pixels under "raw", which they did not."""
    random = np.random.default_rng(seed)
    raw = random.integers(0, 1024, (count, size, size)).astype(np.uint16)
    partition = np.arange(count) % 10
    stages = {field: torch.tensor(STAGES[name].labels(partition)) for field, name in STAGE_FIELDS.items()}
    return {
        "raw": raw,
        "samples": torch.tensor(raw[:, None] / 1023, dtype=torch.float32),
        "labels_stage0": torch.tensor(partition),
        **stages,
        "qps": [int(qp) for qp in random.choice([80, 128], count)],
    }


def write(path: Path, values: dict, is_zip: bool = True) -> Path:
    return save({key: value for key, value in values.items() if key != "raw"}, path, is_zip)


def in_table_order(values: dict) -> np.ndarray:
    return np.argsort(np.array(values["qps"]), kind="stable")


@pytest.fixture
def files(tmp_path):
    """A folder of inputs; `out` goes beside it, so that what an error leaves can be seen."""
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    (tmp_path / "results").mkdir()
    return tmp_path / "results" / "out"


def refused(train, out, match, **more):
    with pytest.raises(DatasetError, match=match):
        import_thesis(train, None, out, **more)
    assert not list(out.parent.iterdir())


@FORMATS
def test_pixels_labels_and_qindex_come_back(files, out, is_zip):
    values = {"train": staged(), "val": staged(15, seed=1)}
    paths = {side: write(files / f"{side}.pt", value, is_zip) for side, value in values.items()}
    done = []
    dataset = import_thesis(paths["train"], paths["val"], out, name="mine", progress=lambda *args: done.append(args))
    assert (dataset.name, dataset.qindexes) == ("mine", (80, 128))
    assert dataset.description.labels == PREPARED_BLOCKS
    assert [(source.name, source.group, source.title) for source in dataset.sources] == [
        ("train", "train", "train.pt"),
        ("val", "val", "val.pt"),
    ]
    assert (dataset.split.method, dataset.split.val) == ("list", ("val",))
    assert "both sides" in dataset.split.note
    assert done == [(24, 39), (39, 39)]
    for index, value in enumerate(values.values()):
        rows, order = np.flatnonzero(dataset.blocks.source == index), in_table_order(value)
        assert (gather_pixels(dataset, rows) == value["raw"][order]).all()
        assert (dataset.blocks.partition[rows] == value["labels_stage0"].numpy()[order]).all()
        assert (dataset.blocks.qindex[rows] == np.array(value["qps"])[order]).all()


def test_the_stages_train_on_the_files_own_labels(files, out):
    train, val = staged(), staged(15, seed=1)
    dataset = import_thesis(write(files / "train.pt", train), write(files / "val.pt", val), out)
    for field, name in STAGE_FIELDS.items():
        labels = train[field].numpy()[in_table_order(train)]
        assert (stage_blocks(dataset, STAGES[name], "train").labels == labels[labels != OUTSIDE]).all()


def test_one_file_has_no_split_and_says_what_to_do(files, out):
    dataset = import_thesis(write(files / "a.pt", staged()), None, out)
    assert dataset.split.method == "none"
    assert "import the training and the validation file together" in dataset.split.note


@pytest.mark.parametrize("size", [8, 32, 64])
def test_other_block_sizes_are_taken(files, out, size):
    values = staged(5, size)
    dataset = import_thesis(write(files / "a.pt", values), None, out)
    found = gather_pixels(dataset, np.arange(5), size)
    assert (found == values["raw"][in_table_order(values)]).all()


@pytest.mark.parametrize(
    "convert",
    [np.array, list, lambda column: [np.int64(value) for value in column], lambda column: [*torch.tensor(column)],
     lambda column: torch.tensor(column, dtype=torch.float64), lambda column: np.array(column, np.uint8)[:, None]],
    ids=["array", "list", "scalars", "tensors", "floats", "column"],
)  # fmt: skip
def test_labels_and_qps_may_be_of_any_kind(files, out, convert):
    values = staged()
    plain = {key: np.asarray(values[key]).tolist() for key in ("labels_stage0", "qps")}
    dataset = import_thesis(
        write(files / "a.pt", values | {key: convert(column) for key, column in plain.items()}), None, out
    )
    order = in_table_order(values)
    assert (dataset.blocks.partition == np.array(plain["labels_stage0"])[order]).all()
    assert (dataset.blocks.qindex == np.array(plain["qps"])[order]).all()


STAGE3 = {"stage3_rect": [Partition.HORZ, Partition.VERT], "stage3_ab": list(Partition)[4:8]}


@pytest.mark.parametrize("layout", [np.s_[..., None], np.s_[:, None], np.s_[:]], ids=["NHWC", "NCHW", "NHW"])
@pytest.mark.parametrize(
    ("name", "stage", "expected"),
    [
        ("train_RECT.pt", None, "stage3_rect"),
        ("stage3_AB_train.pt", None, "stage3_ab"),
        ("labels-ab.pt", None, "stage3_ab"),
        ("stage3AB.pt", "stage3_rect", "stage3_rect"),
        ("label.pt", "stage3_ab", "stage3_ab"),
    ],
)
def test_sets_of_one_stage_come_back(files, out, layout, name, stage, expected):
    raw = staged()["raw"]
    labels = np.arange(24) % len(STAGE3[expected])
    values = {"samples": torch.tensor(raw[layout]), "labels": labels, "qps": np.full(24, 80)}
    dataset = import_thesis(save(values, files / name), None, out, stage=stage)
    assert (gather_pixels(dataset, np.arange(24)) == raw).all()
    assert dataset.blocks.partition.tolist() == [STAGE3[expected][label] for label in labels]


@pytest.mark.parametrize("name", ["train.pt", "label.pt", "RECT_and_AB.pt"])
def test_a_set_of_an_unknown_stage_asks_for_it(files, out, name):
    values = {"samples": torch.tensor(staged()["raw"]), "labels": np.zeros(24), "qps": np.full(24, 80)}
    refused(save(values, files / name), out, "give the stage, stage3_rect or stage3_ab")
    refused(files / name, out, '"stage2" is not a stage', stage="stage2")


def with_value(field, index, value):
    def change(values):
        column = np.asarray(values[field]).astype(float)
        column[index] = value
        return {field: column}

    return change


def samples(change):
    return lambda values: {"samples": change(values["samples"].clone())}


def with_pixel(value):
    def change(tensor):
        tensor[5, 0, 3, 3] = value
        return tensor

    return samples(change)


FAULTS = {
    "label above": (with_value("labels_stage0", 7, 10), r'"labels_stage0" is 10\.0 for block 7 .* 0 to 9'),
    "label below": (with_value("labels_stage0", 7, -1), r'"labels_stage0" is -1\.0 for block 7'),
    "label a fraction": (with_value("labels_stage0", 2, 1.5), r'"labels_stage0" is 1\.5 for block 2'),
    "label not a number": (with_value("labels_stage0", 2, np.nan), r'"labels_stage0" is nan for block 2'),
    "stage 1 disagrees": (with_value("labels_stage1", 3, 0), r'"labels_stage1" is 0 for block 3 .* SPLIT, which is 1'),
    "stage 2 disagrees": (with_value("labels_stage2", 0, 2), r'"labels_stage2" is 2 for block 0 .* NONE, which is -1'),
    "RECT disagrees": (with_value("labels_stage3_RECT", 1, 1), r'"labels_stage3_RECT" is 1 for block 1 .* HORZ,'),
    "AB disagrees": (with_value("labels_stage3_AB", 4, 3), r'"labels_stage3_AB" is 3 for block 4 .* HORZ_A,'),
    "stage label above": (with_value("labels_stage2", 4, 3), r'"labels_stage2" is 3\.0 for block 4 .* -1 to 2'),
    "qp above": (with_value("qps", 9, 256), r'"qps" is 256\.0 for block 9 .* 0 to 255'),
    "qp infinite": (with_value("qps", 9, np.inf), r'"qps" is inf for block 9'),
    "too few qps": (lambda values: {"qps": values["qps"][:-1]}, r'"qps" has the shape \(23,\)'),
    "qps a text": (lambda values: {"qps": "80"}, r'"qps" holds str, not numbers'),
    "qps of texts": (lambda values: {"qps": ["80"] * 24}, r'"qps" holds values of the type <U2'),
    "qps ragged": (lambda values: {"qps": [[1], [2, 3]]}, r'"qps" is not an array of numbers'),
    "no samples": (lambda values: {"samples": None}, r'"samples" holds NoneType'),
    "samples flat": (samples(lambda tensor: tensor.reshape(24, 256)), r'"samples" has the shape \(24, 256\)'),
    "samples not square": (samples(lambda tensor: tensor[..., :8]), r'"samples" has the shape \(24, 1, 16, 8\)'),
    "samples in colour": (samples(lambda tensor: tensor.repeat(1, 3, 1, 1)), r"the shape \(24, 3, 16, 16\)"),
    "samples of an odd size": (samples(lambda tensor: tensor[..., :12, :12]), r"the shape \(24, 1, 12, 12\)"),
    "no blocks": (samples(lambda tensor: tensor[:0]), r'"samples" holds no blocks'),
    "samples of bytes": (samples(lambda tensor: (tensor * 255).to(torch.uint8)), r"uint8, which cannot hold 10 bits"),
    "samples truth values": (samples(lambda tensor: tensor > 0.5), r"bool, which cannot hold 10 bits"),
    "samples sparse": (samples(lambda tensor: tensor.to_sparse()), r'"samples" is not an array'),
    "samples half": (samples(lambda tensor: tensor.half()), r"so not 10-bit luma"),
    "not a number": (with_pixel(float("nan")), r"holds nan in block 5"),
    "infinite": (with_pixel(float("inf")), r"holds inf in block 5"),
    "below 0": (with_pixel(-0.25), r"holds -0\.25 in block 5"),
    "above 1": (with_pixel(1.25), r"holds 1\.25 in block 5 .* from 0 to 1"),
    "between two steps": (with_pixel(0.5004), r"in block 5 .* not 10-bit luma divided by 1023"),
    "divided by 255": (samples(lambda tensor: (tensor * 255).round() / 255), r"not 10-bit luma divided by 1023"),
    "divided twice": (samples(lambda tensor: tensor / 1023), r"divided by 1023 twice"),
    "integers above": (samples(lambda tensor: (tensor * 4092).to(torch.int32)), r"10-bit luma is 0 to 1023"),
    "integers below": (samples(lambda tensor: -(tensor * 9).round().to(torch.int64)), r"10-bit luma is 0 to 1023"),
    "more than the file": (
        lambda values: {"samples": torch.zeros(1, 1, 16, 16).expand(10**9, 1, 16, 16)},
        r"claims 1,000,000,000 blocks, more than the file has room for",
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Validating sparse tensor")
@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_named(files, out, fault):
    change, message = FAULTS[fault]
    values = staged()
    refused(write(files / "a.pt", values | change(values)), out, rf"a\.pt.*{message}")


def test_black_blocks_are_not_taken_for_divided_ones(files, out):
    values = staged()
    dataset = import_thesis(write(files / "a.pt", values | {"samples": torch.zeros(24, 1, 16, 16)}), None, out)
    assert not gather_pixels(dataset, np.arange(24)).any()


@pytest.mark.parametrize("field", ["samples", "labels_stage0", "qps"])
def test_a_missing_field_is_named(files, out, field):
    values = staged()
    del values[field]
    refused(write(files / "a.pt", values), out, f'has no field "{field}".*it has ')


def test_a_stage_for_the_labels_of_all_is_refused(files, out):
    refused(write(files / "a.pt", staged()), out, "no stage may be given", stage="stage3_ab")


def test_one_file_on_both_sides_is_refused(files, out):
    path = write(files / "a.pt", staged())
    with pytest.raises(DatasetError, match="hold the same"):
        import_thesis(path, path, out)


def test_an_error_in_the_second_file_leaves_nothing(files, out):
    train, val = write(files / "train.pt", staged()), write(files / "val.pt", staged(seed=1) | {"qps": [300] * 24})
    with pytest.raises(DatasetError, match=r"val\.pt"):
        import_thesis(train, val, out)
    assert not list(out.parent.iterdir())


def test_code_is_refused(files, out, tmp_path):
    evil = staged() | {"qps": Calls(builtins.open, str(tmp_path / "trace"), "w")}
    refused(write(files / "a.pt", evil), out, r'object "io\.open"')
    assert not (tmp_path / "trace").exists()


@FORMATS
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_damaged_files_are_refused_or_sound(files, out, is_zip):
    path = write(files / "train_RECT.pt", staged(3, 8), is_zip)
    data, results = path.read_bytes(), []
    for changed in [*flipped(data), *truncated(data)]:
        path.write_bytes(changed)
        results.append(is_sound_or_refused(lambda out: import_thesis(path, None, out), out.parent))
    assert True in results and False in results
