"""IDX files: digits and what each of them shows, packed or not, whole or damaged."""

import gzip
import hashlib

import numpy as np
import pytest

import helper
from lesson.data.idx import cached_idx, idx_md5, labels_beside, read_idx, read_labels
from tests.builders import all_files, digits, idx, write_mnist

LABELS = np.arange(12, dtype=np.uint8) % 10
NAME = 'train-labels-idx1-ubyte.gz'


def labels_idx(labels=LABELS, magic=0x801):
    return b''.join(size.to_bytes(4, 'big') for size in (magic, len(labels))) + labels.tobytes()


@pytest.mark.parametrize('size', [28, 29, 32, 33])
def test_larger_images_have_a_black_margin_and_the_checksum_of_the_file(tmp_path, size):
    content = idx(digits(5))
    images = cached_idx(write_mnist(tmp_path, content if size % 2 else gzip.compress(content)), size, '')
    assert images.shape == (5, size, size, 1) and isinstance(images, np.memmap)
    margin = (size - 28) // 2
    inner = images[:, margin : margin + 28, margin : margin + 28]
    np.testing.assert_array_equal(inner, digits(5))
    assert images.sum() == inner.sum()
    assert idx_md5(images) == hashlib.md5(idx(digits(5))).hexdigest()


def test_smaller_images_and_a_folder_in_place_of_the_file_are_refused(tmp_path):
    with pytest.raises(ValueError, match='image_size is 27: digits have 28x28 pixels, choose 28 or more'):
        cached_idx(write_mnist(tmp_path, idx(digits(5))), 27, '')
    (tmp_path / 'train-images-idx3-ubyte').mkdir()
    with pytest.raises(IsADirectoryError, match='train-images-idx3-ubyte is a folder: put the file'):
        cached_idx(tmp_path / 'train-images-idx3-ubyte', 28, '')


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (gzip.compress(idx(digits(5), magic=0x801)), 'it has the magic number 0x00000801, 5 items of 28x28, 3,936'),
        (gzip.compress(idx(digits(5), count=6)), '6 items of 28x28, 3,936 bytes'),
        (gzip.compress(idx(digits(5)) + b'x'), '5 items of 28x28, 3,937 bytes'),
        (gzip.compress(idx(digits(0))), '0 items'),
        (gzip.compress(idx(np.zeros((5, 32, 32), np.uint8))), '5 items of 32x32'),
        (b'\x1f\x8b and then anything', 'is damaged'),
        (b'<html>', 'the magic number 0x3c68746d'),
    ],
    ids=['labels', 'too few', 'too many', 'empty', 'other sizes', 'damaged', 'a page'],
)
def test_a_wrong_file_is_named_with_what_is_wrong_and_what_to_do(tmp_path, content, message):
    path = write_mnist(tmp_path, content)
    with pytest.raises(ValueError, match=message) as error:
        helper.open_dataset('mnist', tmp_path)
    assert str(path) in str(error.value) and str(error.value).endswith('. Delete it and fetch it again')
    assert all_files(tmp_path) == ['mnist/train-images-idx3-ubyte.gz']


@pytest.mark.parametrize('pack', [bytes, gzip.compress])
def test_a_file_that_is_cut_off_anywhere_is_refused(tmp_path, pack):
    whole = pack(idx(digits(1)))
    for length in range(len(whole)):
        path = write_mnist(tmp_path, whole[:length])
        with pytest.raises(ValueError, match=f'{path} is .*Fetch it again'):
            read_idx(path, (28, 28), 'Fetch it again')


@pytest.mark.parametrize('packed', [True, False])
@pytest.mark.parametrize('name', ['-idx3-ubyte', '-idx3-ubyte.gz', '.idx3-ubyte'])
def test_labels_are_found_beside_the_images_packed_or_not(tmp_path, name, packed):
    path = tmp_path / f'train-images{name}'
    beside = tmp_path / (f'train-labels{name}'.replace('idx3', 'idx1').removesuffix('.gz') + packed * '.gz')
    assert read_labels(path, 12, '') is None
    beside.write_bytes(gzip.compress(labels_idx(), mtime=0) if packed else labels_idx())
    md5 = hashlib.md5(labels_idx()).hexdigest()
    np.testing.assert_array_equal(read_labels(path, 12, '', md5), LABELS)
    assert labels_beside(tmp_path / 'train-images-idx3-ubyte.gz').name == NAME
    with pytest.raises(ValueError, match=f'has other labels than MNIST .MD5 {md5} instead of {md5[::-1]}'):
        read_labels(path, 12, '', md5[::-1])


@pytest.mark.parametrize(
    ('content', 'what'),
    [
        (labels_idx(LABELS[1:]), '11 labels for the 12 images'),
        (labels_idx()[:-1], '12 items of 1, 19 bytes'),
        (labels_idx(magic=0x803), 'the magic number 0x00000803'),
        (gzip.compress(labels_idx(), mtime=0)[:-9], 'is damaged'),
    ],
    ids=['one missing', 'one byte missing', 'of images', 'cut off'],
)
def test_labels_that_are_damaged_or_too_few_are_an_error_that_says_what_to_do(tmp_path, content, what):
    write_mnist(tmp_path, idx(digits(12))).with_name(NAME).write_bytes(content)
    with pytest.raises(ValueError, match=what) as caught:
        helper.open_dataset('mnist', tmp_path)
    assert NAME in str(caught.value) and str(caught.value).endswith('Delete it and fetch it again')
