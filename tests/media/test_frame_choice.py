from itertools import pairwise

import pytest

from av1core.errors import MediaError
from av1core.media.frame_choice import FrameChoice


@pytest.mark.parametrize(
    ("text", "total", "numbers"),
    [
        ("all", 3, (0, 1, 2)),
        ("every:4", 10, (0, 4, 8)),
        ("every:20", 10, (0,)),
        ("count:1", 9, (4,)),
        ("count:2", 9, (0, 8)),
        ("count:3", 9, (0, 4, 8)),
        ("count:4", 4, (0, 1, 2, 3)),
        ("9,0, 5,5", 10, (0, 5, 9)),
        (" 7 ", 8, (7,)),
    ],
)
def test_numbers(text, total, numbers):
    assert FrameChoice.parse(text).numbers(total) == numbers


@pytest.mark.parametrize(
    ("count", "total"), [(2, 2), (2, 7), (3, 7), (6, 7), (7, 7), (3, 100), (99, 100), (7, 12345), (99, 12345)]
)
def test_a_count_is_spread_evenly_from_the_first_to_the_last(count, total):
    numbers = FrameChoice(count=count).numbers(total)
    assert len(numbers) == count and numbers[0] == 0 and numbers[-1] == total - 1
    gaps = {later - earlier for earlier, later in pairwise(numbers)}
    assert max(gaps) - min(gaps) <= 1 and min(gaps) >= 1


@pytest.mark.parametrize("text", ["all", "every:1", "every:25", "count:8", "0", "0,5,9"])
def test_the_text_of_a_choice_gives_it_back(text):
    choice = FrameChoice.parse(text)
    assert FrameChoice.parse(str(choice)) == choice
    assert str(choice) == text


@pytest.mark.parametrize(
    "text", ["", "some", "every:", "every:0", "count:0", "count:-1", "1,,2", "1,", "-1", "1.5", "²", "every:1:2"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(MediaError, match=r"frames"):
        FrameChoice.parse(text)


@pytest.mark.parametrize(
    ("text", "total", "message"),
    [("0,5", 5, "no frame 5"), ("count:6", 5, "at most 5"), ("all", 0, "no frames"), ("every:2", 0, "no frames")],
)
def test_what_a_clip_does_not_have_is_refused(text, total, message):
    with pytest.raises(MediaError, match=message):
        FrameChoice.parse(text).numbers(total)
