"""What each digit shows: labels lie beside the images, fit them, come with a download and with synthetic digits."""

import gzip
import hashlib

import numpy as np
import pytest

import helper
from lesson.data import synthetic
from lesson.data.known_sets import Labels
from tests.builders import digits, idx, write_mnist
from tests.soak.download import Server

LABELS = np.arange(12, dtype=np.uint8) % 10
NAME = 'train-labels-idx1-ubyte.gz'


def labels_idx(labels=LABELS, magic=0x801):
    return b''.join(size.to_bytes(4, 'big') for size in (magic, len(labels))) + labels.tobytes()


@pytest.fixture
def images(tmp_path):
    return write_mnist(tmp_path, gzip.compress(idx(digits(12))))


@pytest.mark.parametrize('packed', [True, False])
@pytest.mark.parametrize(
    ('images_name', 'labels_name'),
    [
        ('train-images-idx3-ubyte', 'train-labels-idx1-ubyte'),
        ('train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte'),
        ('train-images.idx3-ubyte', 'train-labels.idx1-ubyte'),
    ],
)
def test_labels_are_found_beside_the_images(tmp_path, images_name, labels_name, packed):
    content = idx(digits(12))
    (tmp_path / images_name).write_bytes(gzip.compress(content) if images_name.endswith('.gz') else content)
    content = labels_idx()
    (tmp_path / (labels_name + packed * '.gz')).write_bytes(gzip.compress(content) if packed else content)
    for _ in range(2):  # prepared, and read again
        np.testing.assert_array_equal(helper.open_dataset('mnist', tmp_path).labels, LABELS)


def test_images_without_labels_have_none(images, tmp_path):
    assert helper.open_dataset('mnist', tmp_path).labels is None


def test_digits_in_another_size_have_the_same_labels(images, tmp_path):
    (images.parent / NAME).write_bytes(gzip.compress(labels_idx()))
    np.testing.assert_array_equal(helper.open_dataset('mnist', tmp_path, image_size=32).labels, LABELS)


@pytest.mark.parametrize(
    ('content', 'what'),
    [
        (labels_idx(LABELS[1:]), '11 labels for the 12 images'),
        (labels_idx()[:-1], '12 labels take 20 bytes, it has 19'),
        (labels_idx(magic=0x803), 'its magic number is 0x00000803, expected 0x00000801'),
        (b'<!DOCTYPE html><html></html>', 'is an HTML page'),
        (gzip.compress(labels_idx())[:-9], 'is damaged'),
        (b'', 'its magic number is 0x00000000'),
    ],
    ids=['one missing', 'one byte missing', 'of images', 'a page', 'cut off', 'empty'],
)
def test_labels_that_are_damaged_or_too_few_are_an_error_that_says_what_to_do(images, tmp_path, content, what):
    (images.parent / NAME).write_bytes(content)
    with pytest.raises(ValueError, match=what) as caught:
        helper.open_dataset('mnist', tmp_path)
    assert NAME in str(caught.value) and 'fetch it again' in str(caught.value)


def test_mnist_has_the_labels_of_mnist(images, tmp_path, monkeypatch):
    labels = Labels('', 0, hashlib.md5(labels_idx()).hexdigest())
    about = helper.DATA_SETS['mnist']._replace(images_md5=hashlib.md5(idx(digits(12))).hexdigest(), labels=labels)
    monkeypatch.setitem(helper.DATA_SETS, 'mnist', about)
    (images.parent / NAME).write_bytes(labels_idx())
    np.testing.assert_array_equal(helper.open_dataset('mnist', tmp_path).labels, LABELS)
    (images.parent / NAME).write_bytes(labels_idx(LABELS[::-1]))
    with pytest.raises(ValueError, match='has other labels than MNIST'):
        helper.open_dataset('mnist', tmp_path)


def test_a_data_set_has_as_many_labels_as_images():
    with pytest.raises(ValueError, match='11 labels for 12 images'):
        helper.Dataset(digits(12), 'digits', labels=LABELS[1:])


def test_synthetic_digits_have_the_labels_with_which_they_were_drawn(tmp_path):
    images, labels = synthetic.draw_digits(35)
    data = helper.open_dataset('mnist', tmp_path, 'synthetic', synthetic_count=35)
    np.testing.assert_array_equal(data.images[..., 0], images)
    np.testing.assert_array_equal(data.labels, labels)
    (beside,) = tmp_path.rglob(NAME)
    beside.unlink()  # as an earlier version left it
    np.testing.assert_array_equal(helper.open_dataset('mnist', tmp_path, 'synthetic', 35).labels, labels)


def test_faces_have_no_labels(tmp_path):
    assert helper.open_dataset('celeba', tmp_path, 'synthetic', synthetic_count=3).labels is None


@pytest.fixture
def mirror(monkeypatch):
    """A server whose images are MNIST's, and a function that sets the address and what its labels have to be."""
    server = Server()
    content = gzip.compress(idx(digits(12)))
    url = server.serve('/train-images-idx3-ubyte.gz', content)
    packed = gzip.compress(labels_idx())
    about = helper.DATA_SETS['mnist']._replace(
        urls=(url,),
        md5=hashlib.md5(content).hexdigest(),
        size=len(content),
        images_md5=hashlib.md5(idx(digits(12))).hexdigest(),
        labels=Labels(hashlib.md5(packed).hexdigest(), len(packed), hashlib.md5(labels_idx()).hexdigest()),
    )
    monkeypatch.setitem(helper.DATA_SETS, 'mnist', about)
    yield server, packed
    server.close()


def test_a_download_brings_the_labels_from_the_same_mirror_once(mirror, tmp_path):
    server, packed = mirror
    server.serve(f'/{NAME}', packed)
    for _ in range(2):
        np.testing.assert_array_equal(helper.open_dataset('mnist', tmp_path, 'download').labels, LABELS)
    assert server.gets() == ['/train-images-idx3-ubyte.gz', f'/{NAME}']


def test_labels_that_cannot_be_had_are_done_without_and_asked_for_the_next_time(mirror, tmp_path, capsys):
    server, packed = mirror
    data = helper.open_dataset('mnist', tmp_path, 'download')
    assert (data.title, data.labels) == ('MNIST', None)
    assert 'The digits can be used without their labels' in capsys.readouterr().out
    server.serve(f'/{NAME}', packed)
    np.testing.assert_array_equal(helper.open_dataset('mnist', tmp_path, 'download').labels, LABELS)
