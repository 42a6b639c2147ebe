from dataclasses import replace

import numpy as np
import pytest

from av1core.analysis.hierarchy import TYPES, greedy
from av1core.analysis.maps.frame_decisions import (
    UNDECIDED,
    FrameDecisions,
    decide,
    frame_decisions,
    parent_class,
    path,
)
from av1core.dataset.folder import Dataset
from av1core.partition import OUTSIDE, STAGES, Partition


def said(blocks: int = 200, stages=STAGES) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {name: random.dirichlet(np.ones(len(STAGES[name].classes)), blocks) for name in stages}


def decisions(partition: list[Partition], stages=STAGES) -> FrameDecisions:
    found = said(len(partition), stages)
    rows = np.arange(len(partition))
    return FrameDecisions(rows, np.array(partition, np.int8), found, decide(found, len(rows)))


def test_each_stage_goes_on_with_a_class_of_the_one_before():
    parents = {name: parent_class(stage) for name, stage in STAGES.items()}
    assert parents == {"stage1": UNDECIDED, "stage2": "PARTITION", "stage3_rect": "RECT", "stage3_ab": "AB"}


def test_with_all_stages_the_decisions_are_those_of_the_hierarchy():
    found = said()
    types = [TYPES[kind].name for kind in greedy(*found.values())]
    assert decide(found, 200).tolist() == types and len(set(types)) == len(TYPES)


@pytest.mark.parametrize(
    ("stages", "ends"),
    [
        ((), {UNDECIDED}),
        (("stage2", "stage3_ab"), {UNDECIDED}),
        (("stage1",), {"NONE", "PARTITION"}),
        (("stage1", "stage3_rect"), {"NONE", "PARTITION"}),
        (("stage1", "stage2"), {"NONE", "SPLIT", "RECT", "AB"}),
        (("stage1", "stage2", "stage3_rect"), {"NONE", "SPLIT", "HORZ", "VERT", "AB"}),
    ],
)
def test_without_a_run_decisions_stop_at_the_class_it_would_go_on_from(stages, ends):
    assert set(decide(said(stages=stages), 200).tolist()) == ends


def test_a_stage_is_judged_on_the_blocks_that_it_sees(tiny):
    dataset = Dataset.open(tiny)
    rows, stage = np.arange(64, 128), STAGES["stage2"]
    found = said(len(rows))
    frame = frame_decisions(dataset, rows, found)
    assert len(frame) == 64 and (frame.partition == dataset.blocks.partition[64:128]).all()
    labels = frame.labels(stage)
    assert labels.dtype == np.int64 and ((labels == OUTSIDE) == (frame.partition == Partition.NONE)).all()
    assert (frame.predicted(stage) == found["stage2"].argmax(1)).all()
    assert (frame.confidence(stage) == found["stage2"].max(1)).all()


def test_the_path_of_a_block_tells_what_is_reached_decided_and_true():
    frame = decisions([Partition.HORZ_A, Partition.NONE, Partition.VERT_4] * 60, ("stage1", "stage2", "stage3_rect"))
    for place, kind in enumerate(frame.partition):
        steps = path(frame, place, STAGES["stage2"])
        assert [step.stage.name for step in steps] == list(STAGES)
        assert [step.true for step in steps] == [stage.class_of(kind) for stage in STAGES.values()]
        assert steps[3].probabilities is None and steps[3].decided is None
        # Only stages that are reached decide, and the last of them decided what the frame says.
        on_the_way = [step for step in steps if step.reached]
        assert [step.decided for step in on_the_way if step.decided][-1] == frame.decided[place]
        assert steps[0].reached and steps[1].reached == (steps[0].decided == "PARTITION")
        assert steps[2].reached == (steps[1].reached and steps[1].decided == "RECT")
        assert steps[3].reached == (frame.decided[place] == "AB")
        assert (steps[1].probabilities == frame.probabilities["stage2"][place]).all()


def test_a_second_run_stands_beside_the_first_at_its_stage_alone():
    second = said(3)["stage2"][::-1]
    frame = replace(decisions([Partition.HORZ] * 3), beside=second)
    steps = path(frame, 1, STAGES["stage2"])
    assert [step.beside is not None for step in steps] == [False, True, False, False]
    assert (steps[1].beside == second[1]).all()
