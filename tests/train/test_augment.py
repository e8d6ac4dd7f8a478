"""A discriminator that sees each image changed at random: what the changes are, and that their gradient is right."""

import numpy as np
import pytest

from lesson.session import tf
from lesson.train import augment

tf.disable_eager_execution()
SHAPES = ((64, 28, 28, 3), (64, 28, 28, 1), (64, 12, 20, 3))


def computed(change, images, gradient=False):
    """What a change makes of images; gradient: also that of the sum of its squares by the images."""
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(0)
        x = tf.placeholder(tf.float32, [None, *images.shape[1:]])
        y = change(x)
        assert y.shape[1:] == images.shape[1:]
        return (
            sess.run([y, tf.gradients(tf.reduce_sum(y**2), x)[0]], {x: images})
            if gradient
            else sess.run(y, {x: images})
        )


@pytest.fixture(params=SHAPES, ids=str)
def images(request):
    return np.random.default_rng(0).uniform(-1, 1, request.param).astype('float32')


def test_a_shift_is_one_by_whole_pixels_up_to_an_eighth_with_gray_at_the_border(images):
    shifted, gradient = computed(augment._shift, images, gradient=True)
    _, height, width, _ = images.shape
    down, right = height // 8 + 1, width // 8 + 1
    padded = np.pad(images, ((0, 0), (down, down), (right, right), (0, 0)))
    found = []
    for before, after, slope in zip(padded, shifted, gradient, strict=True):
        (at,) = (
            (y, x)
            for y in range(2 * down + 1)
            for x in range(2 * right + 1)
            if np.array_equal(before[y : y + height, x : x + width], after)
        )
        found.append(np.subtract(at, (down, right)))
        assert np.count_nonzero(slope) == np.count_nonzero(after)  # nothing but what left the image stays unlearned
    low, high = np.min(found, 0), np.max(found, 0)
    assert (low >= np.round([-height / 8, -width / 8])).all() and (high <= np.round([height / 8, width / 8])).all()
    assert (low < 0).all() and (high > 0).all() and len({tuple(each) for each in found}) > 5


def test_a_hole_is_a_gray_rectangle_of_half_the_size_or_what_of_it_is_inside(images):
    holed = computed(augment._hole, images)
    _, height, width, _ = images.shape
    sizes = []
    for before, after in zip(images, holed, strict=True):
        rows, columns = np.nonzero((after != before).any(-1))
        top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
        assert (after[top:bottom, left:right] == 0).all() and len(rows) == (bottom - top) * (right - left)
        sizes.append((bottom - top, right - left))
        assert bottom - top == height / 2 or top == 0 or bottom == height
    assert np.max(sizes, 0).tolist() == [height // 2, width // 2] and len(set(sizes)) > 5


def test_colors_change_by_three_numbers_for_each_image(images):
    """With saturation s, contrast c and brightness b, from the mean over channels and the mean of the image."""
    changed = computed(augment._color, images)
    found = []
    for before, after in zip(images.astype(float), changed.astype(float), strict=True):
        gray, mean = before.mean(-1, keepdims=True), before.mean()
        parts = [np.ones_like(before), (gray - mean) * np.ones_like(before), before - gray]
        solution, *_ = np.linalg.lstsq(np.stack([part.ravel() for part in parts], 1), after.ravel(), rcond=None)
        np.testing.assert_allclose(
            sum(part * each for part, each in zip(parts, solution, strict=True)), after, atol=1e-5
        )
        found.append((solution[0] - mean, solution[1], solution[2] / solution[1]))
    low, high = np.min(found, 0), np.max(found, 0)
    for which, (least, most) in enumerate([(-0.5, 0.5), (0.5, 1.5), (0, 2)][: 3 if images.shape[-1] == 3 else 2]):
        assert least <= low[which] < least + 0.1 * (most - least) and most - 0.1 * (most - least) < high[which] <= most


def test_the_discriminator_gets_changed_images_and_reuse_each_time_different_ones():
    seen = []

    def discriminator(images, reuse=False):
        seen.append(reuse)
        return images

    images = np.ones([4, 28, 28, 1], 'float32')
    both = computed(
        lambda x: tf.concat([augment.augmented(discriminator)(x), augment.augmented(discriminator)(x, True)], 3)[
            ..., :1
        ],
        images,
    )
    assert seen == [False, True] and np.isfinite(both).all() and len({each.tobytes() for each in both}) == 4
