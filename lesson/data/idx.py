"""The IDX files of MNIST (format: yann.lecun.com/exdb/mnist)."""

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from lesson.data.cache import cached_images, code_of, listing
from lesson.files import starts_as_html

SIDE = 28  # pixels of a digit's height and width in the files
MOST_BYTES = 2**28  # five times those of MNIST's images: a small .gz can unpack to any size


def cached_idx(path, size, remedy, cache_dir=None):
    """The images of an IDX file as uint8 [n, size, size, 1], a memory map; larger ones than 28x28 get a black margin.

    Raises ValueError for a smaller size and for a damaged file (with `remedy` as what to do), IsADirectoryError,
    OSError when the cache cannot be written.
    """
    if size < SIDE:
        raise ValueError(f'image_size is {size}: digits have {SIDE}x{SIDE} pixels, choose {SIDE} or more')
    if path.is_dir():
        raise IsADirectoryError(f'{path} is a folder: put the file {path.name} there instead')

    def make():
        images = _with_margin(read_idx(path, (SIDE, SIDE), remedy), size)
        return (block for block in [images]), images.nbytes

    made_of = sorted(listing(path)), code_of(_with_margin)
    return cached_images(path, (size, size, 1), '', made_of, make, cache_dir)


def _with_margin(images, size):
    """Images [n, 28, 28] as [n, size, size, 1], in a black margin."""
    before = (size - SIDE) // 2
    margin = before, size - SIDE - before
    return np.pad(images, ((0, 0), margin, margin))[..., None]


def idx_md5(images):
    """MD5 of the unpacked IDX file from which `cached_idx` made these images."""
    inner = slice((images.shape[1] - SIDE) // 2, (images.shape[1] + SIDE) // 2)
    digits = images[:, inner, inner]
    checksum = hashlib.md5(struct.pack('>4I', 0x803, len(digits), SIDE, SIDE))
    checksum.update(np.ascontiguousarray(digits))
    return checksum.hexdigest()


def labels_beside(path):
    """Where the labels of an IDX file of images are, as MNIST names them: beside it, packed or not as it is."""
    return path.with_name(path.name.replace('images', 'labels').replace('idx3', 'idx1'))


def read_labels(path, count, remedy, expected_md5=None):
    """The labels uint8 [count] that lie beside an IDX file of `count` images, gzip or not, or None without such a file.

    Raises ValueError, with `remedy` as what to do, when the file is damaged, has another number of labels, or,
    unpacked, another MD5 than expected.
    """
    beside = labels_beside(path)
    unpacked = beside.with_name(beside.name.removesuffix('.gz'))
    beside = next(
        (file for file in (beside, unpacked, Path(f'{unpacked}.gz')) if file.is_file() and file != path), None
    )
    if beside is None:
        return None
    labels = read_idx(beside, (), remedy)
    if len(labels) != count:
        raise ValueError(f'{beside} has {len(labels):,} labels for the {count:,} images of {path}. {remedy}')
    found = hashlib.md5(struct.pack('>2I', 0x801, count) + labels.tobytes()).hexdigest()
    if expected_md5 and found != expected_md5:
        raise ValueError(f'{beside} has other labels than MNIST (MD5 {found} instead of {expected_md5}). {remedy}')
    return labels


def read_idx(path, item_shape, remedy):
    """The items of an IDX file of unsigned bytes, gzip or not, as uint8 [n, *item_shape], n >= 1.

    Raises ValueError, with `remedy` as what to do, when the file is damaged or something else.
    """
    with open(path, 'rb') as file:
        head = file.read(512)
    if starts_as_html(head):
        raise ValueError(f'{path} is an HTML page, not an IDX file. {remedy}')
    try:
        with (gzip.open if head[:2] == b'\x1f\x8b' else open)(path, 'rb') as file:
            data = file.read(MOST_BYTES + 1)
    except (EOFError, OSError, zlib.error) as error:
        if isinstance(error, PermissionError):
            raise
        raise ValueError(f'{path} is damaged ({error}). {remedy}') from None
    problem = _problem(data, item_shape)
    if problem:
        raise ValueError(f'{path} is not an IDX file of MNIST: {problem}. {remedy}')
    return np.frombuffer(data, np.uint8, offset=8 + 4 * len(item_shape)).reshape(-1, *item_shape)


def _problem(data, item_shape):
    """What is wrong with the content of an IDX file, or None."""
    dimensions = 1 + len(item_shape)
    expected_magic = 0x800 + dimensions  # 08: unsigned bytes; the number of dimensions
    header = f'>{1 + dimensions}I'
    if len(data) > MOST_BYTES:
        return f'it has more than {MOST_BYTES:,} bytes'
    magic, count, *sizes = struct.unpack(header, data[: struct.calcsize(header)].ljust(struct.calcsize(header), b'\0'))
    if magic != expected_magic:
        return f'its magic number is {magic:#010x}, expected {expected_magic:#010x}'
    if tuple(sizes) != tuple(item_shape):
        return f'its images are {"x".join(map(str, sizes))}, not {"x".join(map(str, item_shape))}'
    if count == 0:
        return 'it is empty'
    expected = struct.calcsize(header) + count * math.prod(item_shape)
    if len(data) != expected:
        return f'{count:,} {"images" if item_shape else "labels"} take {expected:,} bytes, it has {len(data):,}'
    return None
