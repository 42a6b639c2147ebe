import io
import re
import tracemalloc

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from av1core.errors import MediaError
from av1core.media.photos import luma_of_samples, picture_size, read_luma
from tests.media.hostile import BOMBS, NO_PICTURES

RANDOM = np.random.default_rng(0)
GREY8 = RANDOM.integers(0, 256, (20, 30), np.uint8)
RGB8 = RANDOM.integers(0, 256, (20, 30, 3), np.uint8)


def bt709(rgb, peak):
    return np.rint(rgb @ np.array([0.2126, 0.7152, 0.0722]) * 1023 / peak)


def saved(tmp_path, samples, name="picture.png", mode=None):
    Image.fromarray(samples).convert(mode or Image.fromarray(samples).mode).save(tmp_path / name)
    return tmp_path / name


def test_grey_is_stretched_to_ten_bits(tmp_path):
    luma = read_luma(saved(tmp_path, GREY8))
    assert luma.dtype == np.uint16
    assert (luma == np.rint(GREY8 * (1023 / 255))).all()


def test_colour_is_weighted(tmp_path):
    assert (read_luma(saved(tmp_path, RGB8)) == bt709(RGB8, 255)).all()


@pytest.mark.parametrize("value", [0, 255])
def test_black_and_white_are_the_ends_of_the_range(tmp_path, value):
    luma = read_luma(saved(tmp_path, np.full((8, 8, 3), value, np.uint8)))
    assert (luma == value * 1023 // 255).all()


def test_transparency_is_laid_over_black(tmp_path):
    rgba = np.dstack([RGB8, np.full((20, 30), 255, np.uint8)])
    rgba[:10, :, 3] = 0
    luma = read_luma(saved(tmp_path, rgba))
    assert (luma[:10] == 0).all()
    assert (luma[10:] == bt709(RGB8[10:], 255)).all()


def test_grey_of_16_bits_keeps_its_precision(tmp_path):
    grey = RANDOM.integers(0, 65536, (20, 30), np.uint16)
    for name in ("grey.png", "grey.tif"):
        assert (read_luma(saved(tmp_path, grey, name)) == np.rint(grey * (1023 / 65535))).all()


def test_colour_tiff_of_16_bits(tmp_path):
    rgb = RANDOM.integers(0, 65536, (20, 30, 3), np.uint16)
    tifffile.imwrite(tmp_path / "deep.tif", rgb, photometric="rgb")
    assert (read_luma(tmp_path / "deep.tif") == bt709(rgb, 65535)).all()


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colour_png_of_16_bits(tmp_path, channels):
    samples = RANDOM.integers(0, 65536, (20, 30, channels), np.uint16)
    (tmp_path / "deep.png").write_bytes(imagecodecs.png_encode(samples))
    colours = samples[..., :3] @ np.array([0.2126, 0.7152, 0.0722]) if channels > 2 else samples[..., 0]
    alpha = samples[..., -1] / 65535 if channels != 3 else 1
    assert np.abs(read_luma(tmp_path / "deep.png") - colours * alpha * (1023 / 65535)).max() < 0.5 + 1e-6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_of_16_bits_are_turned_as_those_of_8_are(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(RGB8).save(tmp_path / "turned.png", exif=exif)
    usual = read_luma(tmp_path / "turned.png")
    tifffile.imwrite(
        tmp_path / "deep.tif", RGB8 * np.uint16(257), photometric="rgb", extratags=[(274, "H", 1, orientation, True)]
    )
    assert (read_luma(tmp_path / "deep.tif") == usual).all()


@pytest.mark.parametrize("mode", ["P", "1", "CMYK", "LA"])
def test_other_modes_are_read(tmp_path, mode):
    name = "picture.tif" if mode == "CMYK" else "picture.png"
    luma = read_luma(saved(tmp_path, RGB8, name, mode))
    assert luma.shape == (20, 30) and luma.max() <= 1023


def test_the_cameras_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90°
    Image.fromarray(GREY8).save(tmp_path / "turned.png", exif=exif)
    assert read_luma(tmp_path / "turned.png").shape == (30, 20)


@pytest.mark.parametrize("content", [None, b"", b"no picture", "cut"])
def test_what_is_no_picture_is_named(tmp_path, content):
    file = tmp_path / "odd name.png"
    if content == "cut":
        saved(tmp_path, RGB8, file.name)
        content = file.read_bytes()[:300]
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(MediaError, match=r"odd name\.png"):
        read_luma(file)


def test_floating_point_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "float.tif", np.ones((9, 9), np.float32))
    with pytest.raises(MediaError, match=r"float\.tif"):
        read_luma(tmp_path / "float.tif")


def test_a_large_picture_is_converted_as_its_parts_are():
    samples = RANDOM.integers(0, 65536, (200, 9, 4), np.uint16)
    whole = luma_of_samples(samples)
    for row in range(len(samples)):
        assert (luma_of_samples(samples[row : row + 1]) == whole[row : row + 1]).all()


def test_the_size_is_told_by_the_header_alone(tmp_path):
    names = [f"{mode}{suffix}" for mode in ("L", "RGB") for suffix in (".png", ".jpg", ".tif", ".bmp", ".webp", ".jp2")]
    for name in names:
        Image.fromarray(RGB8).convert(name.partition(".")[0]).save(tmp_path / name)
        assert picture_size(io.BytesIO((tmp_path / name).read_bytes()), name) == (20, 30)
    four = RANDOM.integers(0, 65536, (20, 30, 5), np.uint16)
    tifffile.imwrite(tmp_path / "five.tif", four, photometric="minisblack", planarconfig="contig")
    assert picture_size(io.BytesIO((tmp_path / "five.tif").read_bytes()), "five.tif") == (20, 30)
    cut = (tmp_path / "RGB.png").read_bytes()[:60]
    assert picture_size(io.BytesIO(cut), "cut.png") == (20, 30)


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_that_declares_a_huge_picture_is_refused_before_it_is_decoded(tmp_path, name):
    (tmp_path / name).write_bytes(BOMBS[name])
    tracemalloc.start()
    for read in (read_luma, lambda path: picture_size(io.BytesIO(path.read_bytes()), str(path))):
        with pytest.raises(MediaError, match=rf"{re.escape(name)} declares more than 142,606,336 pixels"):
            read(tmp_path / name)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_another_program_would_have_to_read_is_no_picture(tmp_path, name):
    (tmp_path / name).write_bytes(NO_PICTURES[name])
    for read in (read_luma, lambda path: picture_size(io.BytesIO(path.read_bytes()), str(path))):
        with pytest.raises(MediaError, match=rf"{re.escape(name)} cannot be read as a picture"):
            read(tmp_path / name)


def test_pictures_inside_a_tiff_cannot_be_larger_than_it_says(tmp_path):
    pages = RANDOM.integers(0, 65536, (32, 32, 3), np.uint16)
    for compression in (None, "lzw", "zlib", "zstd", "packbits"):
        tifffile.imwrite(tmp_path / "deep.tif", pages, photometric="rgb", compression=compression)
        assert (read_luma(tmp_path / "deep.tif") == bt709(pages, 65535)).all()
    tifffile.imwrite(tmp_path / "inside.tif", pages, photometric="rgb", compression="jpeg2000")
    with pytest.raises(MediaError, match=r"inside\.tif cannot be read as a picture: save it without compression"):
        read_luma(tmp_path / "inside.tif")
