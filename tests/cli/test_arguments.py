import argparse

import pytest

from av1core.cli.arguments import checked, cq_levels, fraction, integers, option, tool
from av1core.media.frame_choice import FrameChoice


@pytest.mark.parametrize(
    ("convert", "text", "value"),
    [
        (integers, "80,128", (80, 128)),
        (cq_levels, "20,43", (80, 172)),
        (option, "sb-size=64", ("sb-size", "64")),
        (tool, "1to4=on", ("1to4", True)),
        (tool, "ab=off", ("ab", False)),
        (fraction, "0.3", 0.3),
        (checked(FrameChoice.parse), "every:4", FrameChoice(step=4)),
    ],
)
def test_texts_become_values(convert, text, value):
    assert convert(text) == value


@pytest.mark.parametrize(
    ("convert", "text"),
    [(integers, "a"), (cq_levels, "64"), (option, "x"), (tool, "cut=on"), (tool, "ab=no"), (fraction, "1"),
     (fraction, "nan"), (checked(FrameChoice.parse), "some")],
)  # fmt: skip
def test_other_texts_are_the_arguments_error(convert, text):
    with pytest.raises(argparse.ArgumentTypeError, match=text):
        convert(text)
