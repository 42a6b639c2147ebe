import numpy as np
import pytest

from av1core.dataset.encoding import Encoding
from av1core.errors import MediaError
from av1core.media import libaom
from av1core.partition import Partition
from tests.media.conftest import textured


def test_qindexes_are_sorted_and_single():
    assert Encoding((220, 80, 220)).qindexes == (80, 220)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"qindexes": ()}, "at least one qindex"),
        ({"qindexes": (81,)}, "qindex 81"),
        ({"encoder": "x264"}, '"x264"; the Lab has libaom, svtav1'),
        ({"tools": {"diagonal": True}}, '"diagonal"; there are rect, ab, 1to4'),
        ({"encoder": "svtav1", "tools": {"ab": False}}, "in libaom only"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(settings, message):
    with pytest.raises(MediaError, match=message):
        Encoding(**settings)


def test_tools_are_turned_on_and_off_by_name():
    luma = textured(256, 256, seed=3)
    kinds = {
        name: set(Encoding((80,), speed=1, tools=tools).nodes(luma, 80).partition.tolist())
        for name, tools in {"usual": {}, "no rect": {"rect": False}, "with 4-way": {"1to4": True}}.items()
    }
    four_way = {Partition.HORZ_4, Partition.VERT_4}
    assert {Partition.HORZ, Partition.HORZ_A} <= kinds["usual"] and not kinds["usual"] & four_way
    assert kinds["no rect"] == {Partition.NONE, Partition.SPLIT}
    assert kinds["with 4-way"] & four_way


def test_a_tool_that_this_libaom_cannot_turn_off_is_an_error():
    number = tuple(map(int, libaom.version().split(".")))
    encoding, luma = Encoding((80,), speed=1, tools={"ab": False}), textured(256, 256, seed=3)
    if number < (3, 14):
        with pytest.raises(MediaError, match="used the partition tool ab although"):
            encoding.nodes(luma, 80)
    else:
        assert not np.isin(encoding.nodes(luma, 80).partition, range(4, 8)).any()


def test_the_record_names_encoder_version_and_options():
    record = Encoding((80,), options={"sb-size": "64"}, tools={"1to4": True}).record()
    assert (record.name, record.version) == ("libaom", libaom.version())
    assert record.options == {"cpu-used": "2", "enable-1to4-partitions": "1", "sb-size": "64"}


def test_svtav1_gives_labels_at_the_qindex_asked_for():
    encoding = Encoding((128,), encoder="svtav1", speed=8)
    nodes = encoding.nodes(textured(128, 192), 128)
    assert len(nodes) and encoding.record().name == "SVT-AV1" and encoding.record().options == {"preset": "8"}
