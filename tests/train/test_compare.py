"""Runs beside each other: the images of each, and its losses on the same axes."""

import io

import numpy as np
from PIL import Image

from lesson.train.compare import BLUE, ORANGE, comparison


def height(half, color):
    """The row of a curve of one color, or its mixture with white, in one half of a comparison, left of the legend."""
    colors = np.array([color, (np.array(color) + 255) // 2])
    return np.median(np.nonzero((half[:, 150:250, None] == colors).all(-1).any(-1))[0])


def test_a_comparison_shows_each_image_and_its_losses_on_the_same_axes():
    dark, light = (Image.fromarray(np.full((57, 57), level, np.uint8)) for level in (0, 255))
    losses = np.tile(np.float32([[1, 8]]), (100, 1))
    both = {'light': (losses, light), 'dark': (losses[:, ::-1] / [1, 4], dark)}
    picture = comparison(both)
    assert picture.alt == 'generated images and losses: light, dark' and comparison(both, alt='mine').alt == 'mine'
    assert Image.open(io.BytesIO(picture.data)).mode == 'P' and len(picture.data) < 20_000
    upper, lower = np.split(np.asarray(Image.open(io.BytesIO(picture.data)).convert('RGB')).astype(int), 2)
    assert (upper[18:, :114] == 255).all()
    assert (lower[18:, :114] == 0).all()
    assert 20 < height(upper, ORANGE) == height(lower, BLUE) < 40  # a loss of 8, the highest, below the legend
    assert (upper[:20, 114:] < 128).any()
    assert height(upper, ORANGE) + 20 < height(upper, BLUE) < height(lower, ORANGE)  # 8, 1, a quarter
