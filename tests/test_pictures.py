"""Images as a notebook shows them."""

import io

import numpy as np
import pytest
from PIL import Image

from lesson.pictures import as_floats, grid, levels, line_height, picture, titled


@pytest.mark.parametrize(('low', 'high'), [(-1, 1), (0, 1), (-0.5, 0.5)])
def test_floats_become_the_nearest_level_clipped_and_come_back(low, high):
    every = np.arange(256, dtype=np.uint8)
    floats = (every / 255 * (high - low) + low).astype(np.float32)
    np.testing.assert_array_equal(levels(floats, low, high), every)
    assert levels(np.float32([low - 9, high + 9]), low, high).tolist() == [0, 255]
    assert levels(np.float32([np.nan]), -1, 1).tolist() == [128]
    np.testing.assert_array_equal(levels(as_floats(every)), every)
    assert as_floats(floats) is floats


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
    for line in (0, 1):
        text = np.asarray(page)[line * line_height(13) : (line + 1) * line_height(13)]
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
