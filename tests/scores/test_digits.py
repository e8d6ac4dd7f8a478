"""The score that knows what a digit is: what it says of digits that are spoiled in known ways, and of wrong labels."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lesson.scores import digits as digit_scores, synthetic
from lesson.scores.digits import Reader, counts, frechet, panel

N = 1000


@pytest.fixture(scope='module')
def digits():
    images, labels = synthetic.draw_digits(6000, seed=5)
    return images[..., None], labels


@pytest.fixture(scope='module')
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp('reader')


@pytest.fixture(scope='module')
def reader(digits, cache):
    return Reader(*digits, cache)


@pytest.fixture(scope='module')
def sets(digits, reader):
    """(real, other, labels of other): images that the reader has not learned from."""
    images, labels = (each[reader.rest] for each in digits)
    return images[:N], images[N : 2 * N], labels[N : 2 * N]


def spoiled(images, labels):
    """{name: (images with that fault, the number of the panel that has to notice it)}."""
    rng = np.random.default_rng(0)
    floats = images / 127.5 - 1
    blurred = sum(np.roll(floats, (y, x), (1, 2)) for y in range(-2, 3) for x in range(-2, 3)) / 25
    noisy = np.clip(floats + rng.normal(0, 0.5, floats.shape), -1, 1)
    others = labels != 4
    return {
        'blurred': (blurred, 'Fréchet'),
        'noisy': (noisy, 'Fréchet'),
        'one class is missing': (images[others][rng.integers(others.sum(), size=N)], 'rarest class'),
        '64 memorized': (images[rng.integers(64, size=N)], 'Fréchet'),
        'mixtures of two': ((floats + floats[::-1]) / 2, 'readable'),
        'one laid over another': (np.maximum(floats, floats[::-1]), 'readable'),
    }


def test_real_images_score_like_real_images(reader, sets):
    real, other, _ = sets
    for value, floor in panel(reader, real, other, other).values():
        assert value == floor
    scores = panel(reader, real, other, other)
    assert scores['readable'][1] > 0.95
    assert 0.08 < scores['rarest class'][1] <= 0.1


@pytest.mark.parametrize(
    'fault', ['blurred', 'noisy', 'one class is missing', '64 memorized', 'mixtures of two', 'one laid over another']
)
def test_a_fault_is_noticed_by_the_number_that_has_to(reader, sets, fault):
    real, other, labels = sets
    images, number = spoiled(other, labels)[fault]
    value, floor = panel(reader, real, images, other)[number]
    if number == 'Fréchet':
        assert value > 3 * floor
    elif number == 'readable':
        assert value < floor - 0.15
    else:
        assert value < 0.03 < 0.08 < floor


def test_the_classes_are_those_of_the_labels(reader, sets):
    _, other, labels = sets
    classes, sure, features = reader.read(other)
    assert np.mean(classes == labels) > 0.97
    assert features.shape == (N, 64)
    assert sure.min() >= 0.1 and sure.max() <= 1
    assert np.mean(classes[sure > digit_score.SURE] == labels[sure > digit_score.SURE]) > 0.99
    assert counts(classes).tolist() == [np.sum(classes == k) for k in range(10)]


def test_bytes_and_floats_are_read_alike(reader, sets):
    as_bytes, as_floats = reader.read(sets[0]), reader.read((sets[0] / 127.5 - 1).astype('float32'))
    assert_allclose(as_bytes[1], as_floats[1], atol=1e-5)


def test_the_distance_is_the_formula():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(300, 5)), rng.normal(1, 2, (200, 5)) @ rng.normal(size=(5, 5))
    a, b = np.cov(one.T), np.cov(other.T)
    expected = (
        ((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(a + b) - 2 * np.sqrt(np.linalg.eigvals(a @ b)).sum()
    )
    assert_allclose(frechet(one, other), expected)
    assert_allclose(frechet(one, one), 0, atol=1e-9)
    assert_allclose(frechet(one, one + 3), 5 * 9)


@pytest.fixture
def short(monkeypatch):
    """Learning takes a moment, and what comes of it may be bad."""
    monkeypatch.setattr(digit_score, 'STEPS', 60)
    monkeypatch.setattr(digit_score, 'LEAST_RIGHT', 0.2)


def test_what_is_learned_is_the_same_when_learned_again(digits, sets, tmp_path, short):
    one, other = (Reader(*digits, tmp_path / name) for name in ('one', 'other'))
    names = [[file.name for file in (tmp_path / name).glob('reader-*.npz')] for name in ('one', 'other')]
    assert names[0] == names[1] and len(names[0]) == 1
    assert_allclose(one.read(sets[0])[1], other.read(sets[0])[1], atol=0.02)  # threads add in any order


def test_what_was_learned_is_kept(digits, reader, cache, sets, monkeypatch):
    monkeypatch.setattr(Reader, '_learn', lambda *_: pytest.fail('it learns again'))
    assert_allclose(Reader(*digits, cache).read(sets[0])[1], reader.read(sets[0])[1], atol=1e-6)


@pytest.mark.parametrize(
    'damage', [lambda content: b'', lambda content: content[:-100], lambda content: b'PK' + bytes(99)]
)
def test_what_is_damaged_is_learned_again(digits, cache, tmp_path, short, damage):
    (kept,) = cache.glob('reader-*.npz')
    (tmp_path / kept.name).write_bytes(damage(kept.read_bytes()))
    Reader(*digits, tmp_path)
    assert len(np.load(tmp_path / kept.name).files) == 8


def test_a_folder_that_cannot_be_written_is_done_without(digits, tmp_path, short):
    (tmp_path / 'file').write_text('no folder')
    Reader(*digits, tmp_path / 'file')
    assert (tmp_path / 'file').read_text() == 'no folder'


def test_labels_that_do_not_fit_are_refused(digits, monkeypatch):
    images, labels = digits
    with pytest.raises(ValueError, match='no labels'):
        Reader(images, None)
    with pytest.raises(ValueError, match='5,999 labels for 6,000 images'):
        Reader(images, labels[1:])
    with pytest.raises(ValueError, match='from 0 to 10'):
        Reader(images, np.where(labels == 9, 10, labels))
    with pytest.raises(ValueError, match='too few'):
        Reader(images[:500], labels[:500])
    monkeypatch.setattr(digit_score, 'STEPS', 300)
    with pytest.raises(ValueError, match='do not fit the images'):
        Reader(images, np.roll(labels, 1))


def test_sets_of_different_sizes_are_refused(reader, sets):
    real, other, _ = sets
    with pytest.raises(ValueError, match='1000, 999, 1000 images'):
        panel(reader, real, other[1:], other)
    with pytest.raises(ValueError, match='from 100'):
        panel(reader, real[:50], other[:50], other[:50])
