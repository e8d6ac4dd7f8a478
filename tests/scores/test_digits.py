"""The score that knows what a digit is: what it says of digits that are spoiled in known ways, and of wrong labels."""

import inspect
from contextlib import nullcontext

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lesson.data import synthetic
from lesson.scores import digits as digit_scores
from lesson.scores.digits import ENOUGH, Reader, can_learn, counts, frechet, measure, taught_by_generated, two_sets

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
    """{name: (images with that fault, the number that has to notice it)}."""
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
        'one laid over another': (np.maximum(floats, floats[::-1]), 'readable'),
    }


def test_each_fault_is_noticed_by_the_number_that_has_to_and_real_images_have_none(reader, sets):
    real, other, labels = sets
    scores = measure(reader, real, other, other)
    assert all(value == floor for value, floor in scores.values()) and list(scores) == list(digit_scores.BETTER)
    assert scores['readable'][1] > 0.95
    for fault, (images, number) in spoiled(other, labels).items():
        value, floor = measure(reader, real, images, other)[number]
        noticed = {
            'Fréchet': value > 3 * floor,
            'readable': value < floor - 0.15,
            'rarest class': value < 0.03 < 0.08 < floor <= 0.1,
        }
        assert noticed[number], fault


def test_what_generated_digits_teach_falls_when_a_digit_is_missing_repeated_or_mixed(digits, reader, sets, monkeypatch):
    """Real digits in place of generated ones, their labels in place of the positions of a switch."""
    monkeypatch.setattr(digit_scores, 'STEPS', 600)
    other, labels = sets[1:]
    images, positions = (each[reader.rest][2 * N :] for each in digits)
    images, positions = np.concatenate([images, images[:N]]), np.concatenate([positions, positions[:N]])

    def taught(some, positions=positions):
        share, reference = taught_by_generated(reader, images[some] / 127.5 - 1, positions[some], other, labels)
        assert reference == np.mean(reader.read(other)[0] == labels)
        return share

    everything = np.arange(len(images))
    share = taught(everything)
    assert share > 0.93 and share == taught(everything, (positions + 3) % 10)  # whatever the positions are called
    missing = everything[positions != 4]
    assert taught(np.concatenate([missing, missing[: ENOUGH - len(missing) + 1]])) < share - 0.07
    assert taught(everything % 64) < share - 0.07
    assert taught(everything, np.where(positions == 4, 9, positions)) < share - 0.07


def test_the_classes_are_those_of_the_labels(reader, sets):
    _, other, labels = sets
    classes, sure, features = reader.read(other)
    assert np.mean(classes == labels) > 0.97
    assert features.shape == (N, 64) and sure.min() >= 0.1 and sure.max() <= 1
    assert np.mean(classes[sure > digit_scores.SURE] == labels[sure > digit_scores.SURE]) > 0.99
    assert counts(classes).tolist() == [np.sum(classes == k) for k in range(10)]
    assert_allclose(reader.read((other / 127.5 - 1).astype('float32'))[1], sure, atol=1e-5)


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


def test_two_sets_share_no_image():
    images = np.arange(101)
    one, other = two_sets(images)
    assert len(one) == len(other) == 50 and len({*one, *other}) == 100
    assert [len(each) for each in two_sets(images, most=20)] == [20, 20]


@pytest.fixture
def short(monkeypatch):
    """Learning takes a moment, and what comes of it may be bad."""
    monkeypatch.setattr(digit_scores, 'STEPS', 60)
    monkeypatch.setattr(digit_scores, 'LEAST_RIGHT', 0.2)


def test_the_same_images_and_seed_give_the_same_reader(digits, sets, tmp_path, short):
    one, same, other = (
        Reader(*digits, tmp_path / name, seed) for name, seed in (('one', 300), ('same', 300), ('other', 301))
    )  # seeds may be larger than a byte
    assert len({path.name for path in tmp_path.glob('*/*')}) == 2
    sure, again, different = (reader.read(sets[0])[1] for reader in (one, same, other))
    assert_allclose(sure, again, atol=0.02)  # threads add in any order
    assert np.abs(sure - different).max() > 0.1


def test_what_was_learned_is_kept_until_its_code_changes_and_a_comment_is_no_change(
    digits, reader, cache, sets, monkeypatch
):
    def learn(*_):
        raise LookupError('it learns')

    monkeypatch.setattr(Reader, '_learn', learn)
    assert_allclose(Reader(*digits, cache).read(sets[0])[1], reader.read(sets[0])[1], atol=1e-6)
    source, get = inspect.getsource(Reader), inspect.getsource
    for more, learns in (('    # A comment.\n', False), ('    more = 1\n', True)):
        monkeypatch.setattr(
            inspect, 'getsource', lambda value, more=more: source + more if value is Reader else get(value)
        )
        with pytest.raises(LookupError, match='it learns') if learns else nullcontext():
            Reader(*digits, cache)


def test_what_is_damaged_is_learned_again_and_a_folder_that_cannot_be_written_is_done_without(digits, tmp_path, short):
    Reader(*digits, tmp_path)
    (kept,) = tmp_path.iterdir()
    content = kept.read_bytes()
    for damaged in (b'', content[:-100], b'PK' + bytes(99)):
        kept.write_bytes(damaged)
        Reader(*digits, tmp_path)
        assert len(np.load(kept).files) == 8
    Reader(*digits, kept)  # a file in place of the folder
    assert len(np.load(kept).files) == 8


def test_labels_that_do_not_fit_are_refused(digits, monkeypatch, capsys):
    images, labels = digits
    for some, theirs, message in (
        (images, None, 'no labels'),
        (images, labels[1:], '5,999 labels for 6,000 images'),
        (images, np.where(labels == 9, 10, labels), 'a label from 0 to 9'),
        (images[:500], labels[:500], '500 images: expected at least 2,000'),
    ):
        with pytest.raises(ValueError, match=message):
            Reader(some, theirs)
        assert not can_learn(some, theirs) and message in capsys.readouterr().out
    assert can_learn(images, labels)
    monkeypatch.setattr(digit_scores, 'STEPS', 300)
    with pytest.raises(ValueError, match='do not fit the images'):
        Reader(images, np.roll(labels, 1))


def test_sets_of_different_sizes_are_refused(reader, sets):
    real, other, _ = sets
    for some, message in (
        (other[1:], r'\[1000, 999, 999\] images'),
        (other[:50], r'\[51, 50, 50\] images: .* from 100'),
    ):
        with pytest.raises(ValueError, match=message):
            measure(reader, real[: len(some) + 1], some, some)
