"""Images as a notebook shows them."""

import io
import warnings

import matplotlib
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import Image

from lesson import pictures
from lesson.pictures import as_floats, grid, lettered, levels, line_height, picture, titled


@pytest.mark.parametrize(('low', 'high'), [(-1, 1), (0, 1), (-0.5, 0.5)])
def test_floats_become_the_nearest_level_clipped_and_come_back(low, high):
    every = np.arange(256, dtype=np.uint8)
    floats = (every / 255 * (high - low) + low).astype(np.float32)
    np.testing.assert_array_equal(levels(floats, low, high), every)
    assert levels(np.float32([low - 9, high + 9]), low, high).tolist() == [0, 255]
    assert levels(np.float32([np.nan]), -1, 1).tolist() == [128]
    np.testing.assert_array_equal(levels(as_floats(every)), every)


def test_the_grid_shows_every_image_in_its_cell_and_gray_elsewhere():
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), np.uint8)
    page = np.array(grid(images, columns=3))
    assert page.shape == (4 + 1 + 4, 6 + 1 + 6 + 1 + 6, 3)
    for i, image in enumerate(images):
        row, column = divmod(i, 3)
        cell = page[row * 5 : row * 5 + 4, column * 7 : column * 7 + 6]
        np.testing.assert_array_equal(cell, image)
        cell[:] = 128
    assert (page == 128).all()  # the gaps and the cell left over
    assert grid(images[..., :1], columns=2).mode == 'L'


def test_lines_of_text_are_above_an_image_which_is_not_cut_off():
    image = Image.new('RGB', (10, 10), (1, 2, 3))
    page = titled(image, 'a line longer than the image is wide', 'second')
    above = 2 * line_height(13)
    assert page.height == above + 10 and page.width > 100
    assert np.asarray(page)[above:, :10].tolist() == np.asarray(image).tolist()
    for text in np.split(np.asarray(page)[:above], 2):
        assert text.min() < 100 and text.max() == 255  # dark letters on white


def test_a_picture_is_the_image_enlarged_below_its_title():
    pixels = np.random.default_rng(0).integers(0, 256, (28, 280, 3), dtype=np.uint8)
    shown = picture(Image.fromarray(pixels), 'ten faces')
    page = np.asarray(Image.open(io.BytesIO(shown.data)))
    expected = pixels.repeat(2, 0).repeat(2, 1).astype(int)
    above = line_height(13)
    assert np.abs(page[above:, :560] - expected).max() <= 2  # its levels are rounded, which nobody sees
    assert set(np.unique(page)) <= {*range(0, 256, 5)}
    assert shown.alt == 'ten faces'
    for size, enlarged in ((28, 196), (66, 198), (67, 134), (300, 600)):
        data = picture(Image.new('L', (size, size)), 'x').data
        assert Image.open(io.BytesIO(data)).size == (enlarged, enlarged + above)


# ---------------------------------------------------------------- titles in any script


@pytest.fixture
def fonts(monkeypatch):
    """The files of the fonts that this machine has: none at first."""
    files = []
    monkeypatch.setattr(font_manager, 'findSystemFonts', lambda: [str(path) for path in files])
    monkeypatch.setitem(matplotlib.rcParams, 'font.family', ['sans-serif'])
    pictures._font_file.cache_clear()
    with warnings.catch_warnings():
        yield files
    pictures._font_file.cache_clear()


def font_file(path, letters):
    """A font in which each of these letters is a black square of a different size, and the rest a small one."""
    names, glyphs = ['.notdef', *(f'u{ord(letter):04X}' for letter in letters)], {}
    for number, name in enumerate(names):
        pen, size = TTGlyphPen(None), 200 + 600 * number // len(names)
        pen.moveTo((0, 0))
        for corner in ((0, size), (900 - size, size), (900 - size, 0)):
            pen.lineTo(corner)
        pen.closePath()
        glyphs[name] = pen.glyph()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(letter): name for letter, name in zip(letters, names[1:], strict=True)})
    font.setupGlyf(glyphs)
    font.setupHorizontalMetrics({name: (1000, 0) for name in names})
    font.setupHorizontalHeader(ascent=900, descent=-100)
    font.setupNameTable({'familyName': path.stem, 'styleName': 'Regular'})
    font.setupOS2()
    font.setupPost()
    font.save(path)
    return path


def plotted(title):
    """What is warned of when a plot has this title."""
    with warnings.catch_warnings(record=True) as caught:
        figure = Figure()
        figure.add_subplot(title=title)
        figure.draw_without_rendering()
    return [str(each.message) for each in caught]


ASCII = [chr(code) for code in range(32, 127)]


def test_letters_of_europe_and_the_near_east_are_shown_with_what_is_installed_anyway(fonts):
    for title in ('café, ñandú', 'Ελλάδα', 'Москва', 'قطط', 'Łódź'):
        text, font = lettered(title)
        assert text == title and all(pictures._has(font, letter) for letter in title)
    assert lettered('cats')[1].getname()[0] == 'Aileron'  # as it always was


def test_letters_that_no_font_has_are_written_in_ascii_and_plots_do_not_warn(fonts):
    assert lettered('猫, é')[0] == '\\u732b, é'
    assert lettered('two\nlines \udc80')[0] == 'two\\nlines \\udc80'
    one, other = (picture(Image.new('L', (90, 20), 255), title) for title in ('猫の写真', '犬の動画'))
    assert one.data != other.data and one.alt == '猫の写真'
    assert plotted('猫の写真') == []


def test_a_font_of_this_machine_that_has_the_letters_is_used_in_plots_too(fonts, tmp_path):
    fonts += [font_file(tmp_path / 'Some.ttf', [*ASCII, '猫']), font_file(tmp_path / 'OnlyCats.ttf', '猫犬🐱')]
    fonts += [font_file(tmp_path / 'LastResort.ttf', [*ASCII, *'猫犬🐱']), tmp_path / 'gone.ttf']
    fonts.append(font_file(tmp_path / 'Cats.ttf', [*ASCII, *'猫犬']))
    text, font = lettered('猫 and 犬')
    assert text == '猫 and 犬' and font.getname()[0] == 'Cats'
    assert matplotlib.rcParams['font.family'] == ['sans-serif', 'Cats']
    assert plotted('losses, 猫 and 犬') == []
    assert lettered('猫犬🐱')[0] == '猫犬\\U0001f431'
