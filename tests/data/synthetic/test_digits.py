"""Synthetic digits look like those of MNIST, and each depends on its number alone."""

import numpy as np
import pytest

from lesson.data.synthetic.digits import draw_digits


@pytest.fixture(scope='module')
def digits():
    return draw_digits(2500, seed=1)


def test_a_digit_depends_on_its_number_and_not_on_how_many_are_drawn():
    images, labels = draw_digits(35, seed=2)
    assert (images.shape, images.dtype, labels.shape, labels.dtype) == ((35, 28, 28), 'uint8', (35,), 'uint8')
    fewer, fewer_labels = draw_digits(13, seed=2)
    later, later_labels = draw_digits(22, seed=2, first=13)
    assert np.array_equal(images, np.concatenate([fewer, later]))
    assert np.array_equal(labels, np.concatenate([fewer_labels, later_labels]))
    assert not np.array_equal(images, draw_digits(35, seed=4)[0])


def test_the_ten_classes_are_balanced_and_in_no_fixed_order(digits):
    _, labels = digits
    assert np.bincount(labels).tolist() == [250] * 10
    assert len({tuple(row) for row in labels.reshape(-1, 10)}) > 240


def test_digits_are_as_bright_as_those_of_mnist(digits):
    pixels = digits[0] / 255
    assert pixels.mean() == pytest.approx(0.1307, abs=0.01)  # published for MNIST's training images
    assert pixels.std() == pytest.approx(0.3081, abs=0.015)
    assert pixels.max(axis=(1, 2)).min() > 0.7, 'the thinnest strokes are hardly seen'
    means = pixels.mean(axis=(1, 2))
    assert np.percentile(means, 95) > 1.8 * np.percentile(means, 5), 'strokes are all of one width'


def test_digits_lie_in_the_middle_and_fit_the_box_of_mnist(digits):
    images = digits[0].astype(float)
    place = np.arange(28)
    across = (images.sum(1) @ place) / images.sum((1, 2))
    down = (images.sum(2) @ place) / images.sum((1, 2))
    assert np.abs([across.mean() - 13.5, down.mean() - 13.5]).max() < 0.5
    assert np.percentile(np.abs([across - 13.5, down - 13.5]), 99) < 3
    frame = np.concatenate([images[:, [0, -1]].ravel(), images[:, :, [0, -1]].ravel()])
    assert (frame > 128).mean() < 0.001, 'strokes are cut off at the edge'
    heights = (images > 128).any(2).sum(1)
    widths = (images > 128).any(1).sum(1)
    longest = np.maximum(heights, widths)
    assert longest.min() >= 17 and longest.max() <= 22


def test_every_class_is_told_from_the_others_by_its_nearest_neighbours(digits):
    images, labels = digits[0].reshape(2500, -1) / 255, digits[1]
    known, asked = images[:2000], images[2000:]
    distance = (known**2).sum(1) - 2 * asked @ known.T
    nearest = labels[np.argsort(distance, axis=1)[:, :3]]
    guess = np.array([np.bincount(row, minlength=10).argmax() for row in nearest])
    for digit in range(10):
        assert (guess == digit)[labels[2000:] == digit].mean() > 0.9, f'{digit} is taken for another digit'


def test_no_two_digits_are_alike_and_a_class_is_written_in_many_ways(digits):
    images, labels = digits
    assert len(np.unique(images.reshape(2500, -1), axis=0)) == 2500
    for digit in range(10):
        same = images[labels == digit][:60].reshape(60, -1) / 255
        distance = np.sqrt(((same[:, None] - same) ** 2).sum(-1)) + 99 * np.eye(60)
        assert np.median(distance.min(axis=1)) > 2, f'all of class {digit} look the same'
