import pytest
from PIL import Image

from av1core.dataset.sources import collect
from av1core.errors import MediaError
from av1core.media.clips import RawLayout
from av1core.media.frame_choice import FrameChoice

ENTRY = '[[source]]\nname = "one"\ntitle = "One"\nauthor = "A"\nlicence = "CC0"\nurl = "u"\n'


def manifest(tmp_path, text):
    (tmp_path / "list.toml").write_text(text)
    return tmp_path / "list.toml"


def picture(path):
    Image.new("L", (32, 32)).save(path)
    return path


def test_files_folders_and_manifests_together(tmp_path):
    (tmp_path / "folder").mkdir()
    for name in ("b.png", "a.JPG"):
        picture(tmp_path / "folder" / name)
    (tmp_path / "folder" / "notes.txt").touch()
    picture(tmp_path / "one.png")
    listed = manifest(tmp_path, ENTRY + 'file = "one.png"\ngroup = "scene"\n')
    found = collect([picture(tmp_path / "my photo.png"), tmp_path / "folder", listed])
    assert [source.name for source in found] == ["my_photo", "a", "b", "one"]
    assert (found[3].licence, found[3].group, found[3].origin) == ("CC0", "scene", "one.png")
    assert found[0].group == "my_photo"


def test_a_file_inside_a_package_is_found_without_its_import(tmp_path):
    listed = manifest(tmp_path, ENTRY + 'package = "PIL"\nfile = "__init__.py"\n')
    (source,) = collect([listed])
    assert source.path.is_file()
    assert source.origin.startswith("pillow ") and source.origin.endswith(": __init__.py")


def test_videos_of_a_folder_take_the_choice_of_frames_and_pictures_do_not(tmp_path):
    picture(tmp_path / "a.png")
    for name in ("b.y4m", "c.YUV", "d.mp4"):
        (tmp_path / name).touch()
    choice, raw = FrameChoice.parse("every:10"), RawLayout(64, 32, 8)
    found = {source.name: source for source in collect([tmp_path], frames=choice, raw=raw)}
    assert found["a"].frames == FrameChoice.parse("all") and found["a"].raw is None
    assert all(found[name].frames == choice and found[name].raw == raw for name in "bcd")


def test_a_manifest_says_frames_layout_and_stream(tmp_path):
    (tmp_path / "one.yuv").touch()
    (tmp_path / "one.ivf").touch()
    more = 'file = "one.yuv"\nframes = "0,5"\nraw = "64x32:10"\nstream = "one.ivf"\n'
    (source,) = collect([manifest(tmp_path, ENTRY + more)])
    assert (str(source.frames), source.raw, source.stream) == ("0,5", RawLayout(64, 32, 10), tmp_path / "one.ivf")


def test_a_stream_belongs_to_one_source(tmp_path):
    files = [picture(tmp_path / name) for name in ("a.png", "b.png")]
    (tmp_path / "a.ivf").touch()
    assert collect(files[:1], stream=tmp_path / "a.ivf")[0].stream == tmp_path / "a.ivf"
    with pytest.raises(MediaError, match="there are 2; use a manifest"):
        collect(files, stream=tmp_path / "a.ivf")
    with pytest.raises(MediaError, match=r"no file .*none\.ivf"):
        collect(files[:1], stream=tmp_path / "none.ivf")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY + 'package = "no_such_package"\nfile = "a.png"', "pip install no_such_package"),
        (ENTRY + 'package = "PIL"\nfile = "no.png"', r"no file .*no\.png"),
        (ENTRY + 'file = "no.png"', r"no file .*no\.png"),
        (ENTRY, '"file" is missing'),
        (ENTRY + 'file = "a.png"\ncolour = "red"', '"colour" is unknown'),
        (ENTRY + 'file = "a.png"\ngroup = 3', '"group" must be a text'),
        (ENTRY.replace('"one"', '"../one"') + 'file = "a.png"', "must be made of"),
        (ENTRY + 'file = "list.toml"\nframes = "some"', "no choice of frames"),
        (ENTRY + 'file = "list.toml"\nraw = "wide"', "no layout"),
        (ENTRY + 'file = "list.toml"\nstream = "no.ivf"', r"no file .*no\.ivf"),
        ("not toml", "is not a manifest"),
        ("", r"\[\[source\]\]"),
    ],
)
def test_a_wrong_manifest_is_explained(tmp_path, text, message):
    with pytest.raises(MediaError, match=message) as caught:
        collect([manifest(tmp_path, text)])
    assert "list.toml" in str(caught.value)


def test_two_sources_of_one_name_are_an_error(tmp_path):
    (tmp_path / "other").mkdir()
    files = [picture(tmp_path / "a.png"), picture(tmp_path / "other" / "A.png")]
    with pytest.raises(MediaError, match=r'"A": .*Rename'):
        collect(files)


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(MediaError, match="nowhere"):
        collect([tmp_path / "nowhere"])
    with pytest.raises(MediaError, match="has no pictures or videos"):
        collect([tmp_path])
