"""The scores of images against known answers: formulas, slow loops, and pictures damaged on purpose."""

import math
from itertools import product

import numpy as np
import pytest
from PIL import Image

from lesson.data import synthetic
from lesson.pictures import as_floats
from lesson.scores import images as scores
from lesson.scores.images import BETTER, density_and_coverage, feature_space, measure, sliced_wasserstein


def digits(first, count):
    return synthetic.draw_digits(count, seed=5, first=first)


def face(number):
    drawn = synthetic.draw_face(np.random.default_rng([5, number])).convert('RGB').crop((35, 55, 143, 163))
    return np.asarray(drawn.resize((28, 28), Image.Resampling.BILINEAR))


class Real:
    """Real images, a second set of them, and `numbers`, which compares any set with the first."""

    def __init__(self, images, sets):
        self.images, *self.others = np.split(as_floats(images), sets)
        self.other = self.others[0]
        self.space = feature_space(self.images)
        self.points = self.space(self.images)
        floors = np.array([list(self.numbers(other).values()) for other in self.others])
        self.floor = dict(zip(BETTER, floors.mean(0), strict=True))
        self.spread = dict(zip(BETTER, floors.std(0, ddof=1), strict=True))

    def numbers(self, images):
        nearness = density_and_coverage(self.points, self.space(images))
        return dict(zip(BETTER, (*sliced_wasserstein(self.images, images), *nearness), strict=True))

    def caught_by(self, images, margin=8):
        """The names of the numbers that are worse than the floor by `margin` times its spread among real images."""
        found, sign = self.numbers(images), {'lower': 1, 'higher': -1}
        worse = {name: sign[better] * (found[name] - self.floor[name]) for name, better in BETTER.items()}
        return {name for name in BETTER if worse[name] > margin * self.spread[name]}


@pytest.fixture(scope='module')
def real_digits():
    return Real(digits(0, 3000)[0][..., None], sets=5)


@pytest.fixture(scope='module')
def real_faces():
    return Real(np.stack([face(i) for i in range(1600)]), sets=4)


@pytest.fixture(params=['real_digits', 'real_faces'])
def real(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


# The floor


def test_a_set_compared_with_itself_is_perfect_and_better_than_the_floor(real):
    found = real.numbers(real.images)
    assert found['SWD 28'] == found['SWD 14'] == 0 and found['coverage'] == 1 > real.floor['coverage']
    assert found['density'] == pytest.approx(1, abs=0.01)
    assert min(real.floor[name] / real.spread[name] for name in ('SWD 28', 'SWD 14')) > 2
    assert real.floor['coverage'] == pytest.approx(1 - 2**-5, abs=0.025)
    assert real.floor['density'] == pytest.approx(1, abs=0.3)


# Damaged pictures


def blurred(images):
    for axis in (1, 2):
        images = (np.roll(images, 1, axis) + 2 * images + np.roll(images, -1, axis)) / 4
    return images


def noisy(images):
    return np.clip(images + 0.2 * np.random.default_rng(7).normal(size=images.shape), -1, 1)


def chequered(images):
    return np.clip(images + np.indices((28, 28)).sum(0)[..., None] % 2 * 0.2 - 0.1, -1, 1)


def of_two_halves(images):
    return np.concatenate([images[:, :14], images[::-1, 14:]], 1)


def of_another_color(images):
    return np.clip(images + np.linspace(0.15, 0.3, images.shape[-1], dtype=np.float32), -1, 1)


def noise(images):
    return np.random.default_rng(7).uniform(-1, 1, images.shape)


@pytest.mark.parametrize(
    ('damage', 'numbers'),
    [
        (blurred, {'SWD 28', 'density', 'coverage'}),
        (noisy, {'SWD 28', 'density', 'coverage'}),
        (chequered, {'SWD 28', 'density', 'coverage'}),
        (of_two_halves, {'density', 'coverage'}),
        (of_another_color, {'SWD 14', 'density', 'coverage'}),
        (noise, set(BETTER)),
    ],
)
def test_damage_is_caught(real, damage, numbers):
    assert real.caught_by(damage(real.other)) >= numbers


def test_64_memorized_images_are_caught_by_coverage_and_not_by_density(real, rng):
    memorized = real.images[rng.integers(0, 64, len(real.images))]
    assert 'coverage' in real.caught_by(memorized, margin=50)
    assert real.numbers(memorized)['density'] == pytest.approx(1, abs=0.3)


def test_a_digit_that_is_missing_is_caught_by_coverage(real_digits):
    images, labels = digits(10_000, 1200)
    for missing in (0, 3, 8):
        found = real_digits.caught_by(as_floats(images[labels != missing][:600, ..., None]), margin=4)
        assert 'coverage' in found, missing


# Formulas and slow loops


@pytest.mark.parametrize('channels', [1, 3])
def test_a_shift_in_brightness_gives_the_distance_of_the_formula_at_14_and_none_at_28(rng, channels):
    images = rng.uniform(-0.8, 0.8, (200, 28, 28, channels)).astype(np.float32)
    fine, coarse = sliced_wasserstein(images, images + np.float32(0.1))
    # All patches move by 0.1 / deviation in each of their d values. Seen along a random direction u that is
    # |u . (1, ..., 1)| times this; its mean is sqrt(d) E|u_1|, with E|u_1| from the area of spherical caps.
    d = 7 * 7 * channels
    first = math.exp(math.lgamma(d / 2) - math.lgamma((d + 1) / 2)) / math.sqrt(math.pi)
    deviation = scores.laplacian_pyramid(images)[1].std()
    assert coarse == pytest.approx(1000 * 0.1 / deviation * math.sqrt(d) * first, rel=0.2)
    assert fine < coarse / 1000


@pytest.mark.parametrize('channels', [1, 3])
def test_the_laplacian_pyramid_rebuilds_its_images(rng, channels):
    images = rng.uniform(-1, 1, (5, 28, 28, channels)).astype(np.float32)
    detail, coarse = scores.laplacian_pyramid(images)
    assert coarse.shape == (5, 14, 14, channels)
    larger = np.zeros_like(images)
    for n, y, x, c in product(range(5), range(28), range(28), range(channels)):
        for dy, dx in product(range(-2, 3), repeat=2):
            row, column = (27 - abs(27 - abs(place)) for place in (y + dy, x + dx))  # mirrored at the border
            if row % 2 == column % 2 == 0:
                weight = math.comb(4, dy + 2) * math.comb(4, dx + 2) / 16**2
                larger[n, y, x, c] += 4 * weight * coarse[n, row // 2, column // 2, c]
    np.testing.assert_allclose(larger + detail, images, atol=1e-5)


@pytest.mark.parametrize(('n', 'm', 'shift', 'k'), [(50, 40, 0, 1), (50, 40, 1, 5), (1203, 701, 0, 5)])  # 1203: blocks
def test_density_and_coverage_agree_with_all_distances_at_once(rng, n, m, shift, k):
    real, generated = rng.normal(size=(n, 8)), rng.normal(size=(m, 8)) + shift
    distances = np.linalg.norm(real[:, None] - real, axis=-1)
    inside = np.linalg.norm(real[:, None] - generated, axis=-1) < np.sort(distances)[:, k : k + 1]
    density, coverage = density_and_coverage(real, generated, k)
    assert density == pytest.approx(inside.sum() / (k * m), abs=1e-4)
    assert coverage == pytest.approx(inside.any(1).mean(), abs=1e-3)
    with pytest.raises(ValueError, match=f'more than k = {k}'):
        density_and_coverage(real[:k], generated, k)


# All of them


@pytest.fixture(params=[1, 3], ids=['gray', 'RGB'], scope='module')
def three_sets(request):
    sets = np.stack([np.roll(digits(0, 450)[0], shift, 2) for shift in range(request.param)], axis=-1)
    real, generated, other_real = np.split(sets, 3)
    return real, generated // 2, other_real


@pytest.fixture(scope='module')
def found(three_sets):
    return measure(*three_sets)


def test_measure_shows_each_number_beside_its_floor(three_sets, found):
    real, generated, other_real = three_sets
    space = feature_space(real)
    for column, images in enumerate((generated, other_real)):
        expected = *sliced_wasserstein(real, images), *density_and_coverage(space(real), space(images))
        assert [pair[column] for pair in found.values()] == pytest.approx(expected)
    assert list(found) == ['SWD 28', 'SWD 14', 'density', 'coverage']
    assert all(type(value) is float for pair in found.values() for value in pair)


def test_the_table_has_one_line_for_each_number():
    head, *lines = scores.table({'SWD 28': [12.3, 4.0], 'coverage': [0.25, 0.97]}).splitlines()
    assert head.split() == ['generated', 'reference', 'better']
    assert [line.split() for line in lines] == [
        ['SWD', '28', '12.30', '4.00', 'lower'],
        ['coverage', '0.25', '0.97', 'higher'],
    ]


def test_the_seed_alone_decides(three_sets, found):
    assert measure(*three_sets) == found
    assert measure(*three_sets, seed=1) != found


@pytest.mark.parametrize('change', [np.random.default_rng(7).permutation, lambda images: images / 127.5 - 1])
def test_neither_the_order_of_the_images_nor_their_type_matters(three_sets, found, change):
    sets = [change(images) for images in three_sets]
    copies = [images.copy() for images in sets]
    changed = measure(*sets)
    for name in found:  # rounding may move a point over the edge of a ball
        assert changed[name] == pytest.approx(found[name], rel=1e-3, abs=1 / 150), name
    np.testing.assert_array_equal(sets, copies)  # left as they are


IMAGES = np.linspace(-1, 1, 100 * 28 * 28, dtype=np.float32).reshape(100, 28, 28, 1)


@pytest.mark.parametrize(
    ('images', 'message'),
    [
        (
            IMAGES[..., 0],
            'generated: the images are float32 [100, 28, 28], expected at least',
        ),
        (IMAGES.repeat(2, -1), 'generated: the images are float32 [100, 28, 28, 2]'),
        (IMAGES.repeat(3, -1), 'real, generated, other_real have the shapes'),
        (IMAGES[:99], 'generated: the images are float32 [99, 28'),
        (IMAGES * 255, 'generated: the images are float32 from -255.0 to 255.0'),
        (IMAGES * np.float32('nan'), 'generated: the images are float32 from nan'),
        (IMAGES > 0, 'generated: the images are bool'),
    ],
)
def test_wrong_images_are_named_with_what_is_expected(images, message):
    with pytest.raises(ValueError) as caught:
        measure(IMAGES, images, IMAGES)
    assert str(caught.value).startswith(message)
    for number in (sliced_wasserstein, lambda real, images: measure(real, images, images)):
        with pytest.raises(ValueError, match='real: the images are of one single color'):
            number(np.zeros_like(IMAGES), IMAGES)


def test_generated_images_of_one_color_and_real_ones_with_a_flat_channel_get_numbers(rng):
    real, other_real = rng.uniform(-1, 1, (2, 100, 28, 28, 3))
    real[..., 2] = 0
    found = measure(real, np.zeros_like(real), other_real)
    assert np.isfinite(list(found.values())).all()
    assert found['coverage'][0] == 0
