from dataclasses import replace

import numpy as np
import pytest

from av1core.analysis.maps.moves import Turn, first_row, frame_rows, offer, sides, turn
from av1core.dataset.folder import Dataset
from av1core.dataset.split import list_split, side_mask
from av1core.runs.folder import RunFolder
from tests.synthetic import make_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Four pictures of four blocks at each of two qindexes; the first has none at 80, and the second none at all."""
    whole = make_dataset(tmp_path_factory.mktemp("moves") / "data", side=4, qindexes=(80, 128))
    # The columns of a dataset are kept in the order of source, frame, qindex, size, row, col.
    columns = dict(whole.blocks.columns())
    order = np.lexsort((columns["col"], columns["row"], columns["qindex"], columns["source"]))
    kept = [
        row
        for row in order
        if columns["source"][row] > 1 or (columns["source"][row], columns["qindex"][row]) == (0, 128)
    ]
    return replace(whole, blocks=replace(whole.blocks, **{name: column[kept] for name, column in columns.items()}))


def test_next_and_previous_follow_the_order_given_and_start_over():
    rows = [5, 2, 9]
    assert [turn(rows, row) for row in rows] == [Turn(0, 9, 2), Turn(1, 5, 9), Turn(2, 2, 5)]
    assert turn([4], 4) == Turn(0, 4, 4)


@pytest.mark.parametrize(("row", "around"), [(3, (2, 5)), (1, (9, 2)), (12, (9, 2))])
def test_around_a_block_that_was_not_chosen_lie_the_nearest_ones(row, around):
    assert turn(np.array([5, 2, 9]), row) == Turn(None, *around)


def test_only_what_has_blocks_is_on_offer(dataset):
    assert offer(dataset, 0, 0).qindexes == [128]
    at = offer(dataset, 3, 0)
    assert (at.sources, at.frames, at.qindexes) == ([0, 2, 3], [0], [80, 128])
    blocks = dataset.blocks
    beyond = replace(dataset, blocks=replace(blocks, col=np.where(blocks.source == 2, 56, blocks.col)))
    assert offer(beyond, 3, 0).sources == [0, 3]
    larger = replace(dataset, blocks=replace(blocks, size=np.where(blocks.qindex == 80, 32, blocks.size)))
    assert offer(larger, 3, 0).qindexes == [128]


def test_the_rows_of_a_frame_are_its_whole_nodes_of_16(dataset):
    rows = frame_rows(dataset, 2, 0, 80)
    blocks = dataset.blocks
    assert len(rows) == 8 and (blocks.source[rows] == 2).all() and (blocks.qindex[rows] == 80).all()
    larger = replace(dataset, blocks=replace(blocks, size=np.where(np.arange(len(blocks)) == rows[0], 32, blocks.size)))
    assert frame_rows(larger, 2, 0, 80).tolist() == rows[1:].tolist()


def test_another_frame_begins_with_a_chosen_block_if_it_has_one(dataset):
    rows = frame_rows(dataset, 3, 0, 80)
    assert first_row(dataset, [0], 3, 0, 80) == rows[0]
    assert first_row(dataset, [0, rows[5], rows[2]], 3, 7, 80) == rows[2]
    # The first picture was cut at one qindex, and has one frame.
    assert first_row(dataset, [], 0, 0, 80) == frame_rows(dataset, 0, 0, 128)[0]


def test_a_run_did_not_train_on_the_validation_side(trained, tiny):
    dataset, run = Dataset.open(tiny), RunFolder(trained.runs_dir / trained.stage2)
    found = sides(run, dataset)
    assert (found.validates == side_mask(dataset, "val")).all() and found.sources == {3}
    names = [source.name for source in dataset.sources]
    other = replace(dataset, description=replace(dataset.description, split=list_split(names, names[:1])))
    assert sides(run, other) is None
