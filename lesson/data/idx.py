"""The IDX files of MNIST (format: yann.lecun.com/exdb/mnist)."""

import gzip
import hashlib
import math
import struct
import zlib
from functools import partial
from pathlib import Path

import numpy as np

from lesson.data.cache import cached_images, code_of, listing

SIDE = 28  # pixels of a digit's height and width in the files


def cached_idx(path: Path, size: int, remedy: str, cache_dir: Path | None = None) -> np.memmap:
    """The images of an IDX file as uint8 [n, size, size, 1], a memory map; larger ones than 28x28 get a black margin.

    Raises ValueError for a smaller size and for a damaged file (with `remedy` as what to do), IsADirectoryError,
    OSError when the cache cannot be written.
    """
    if size < SIDE:
        raise ValueError(f'image_size is {size}: digits have {SIDE}x{SIDE} pixels, choose {SIDE} or more')
    if path.is_dir():
        raise IsADirectoryError(f'{path} is a folder: put the file {path.name} there instead')

    make, made_of = partial(_images, path, size, remedy), (list(listing(path)), code_of(_images))
    return cached_images(path, (size, size, 1), made_of, make, cache_dir)


def _images(path, size, remedy):
    before = (size - SIDE) // 2
    margin = before, size - SIDE - before
    yield np.pad(read_idx(path, (SIDE, SIDE), remedy), ((0, 0), margin, margin))[..., None]


def idx_md5(images: np.ndarray) -> str:
    """MD5 of the unpacked IDX file from which `cached_idx` made these images."""
    inner = slice((images.shape[1] - SIDE) // 2, (images.shape[1] + SIDE) // 2)
    digits = images[:, inner, inner]
    checksum = hashlib.md5(struct.pack('>4I', 0x803, len(digits), SIDE, SIDE))
    checksum.update(np.ascontiguousarray(digits))
    return checksum.hexdigest()


def labels_beside(path: Path) -> Path:
    """Where the labels of an IDX file of images are, as MNIST names them: beside it, packed or not as it is."""
    return path.with_name(path.name.replace('images', 'labels').replace('idx3', 'idx1'))


def read_labels(path: Path, count: int, remedy: str, expected_md5: str | None = None) -> np.ndarray | None:
    """The labels uint8 [count] that lie beside an IDX file of `count` images, gzip or not, or None without such a file.

    Raises ValueError, with `remedy` as what to do, when the file is damaged, has another number of labels, or,
    unpacked, another MD5 than expected.
    """
    unpacked = str(labels_beside(path)).removesuffix('.gz')
    beside = next((file for file in (Path(unpacked), Path(f'{unpacked}.gz')) if file.is_file() and file != path), None)
    if beside is None:
        return None
    labels = read_idx(beside, (), remedy)
    if len(labels) != count:
        raise ValueError(f'{beside} has {len(labels):,} labels for the {count:,} images of {path}. {remedy}')
    found = hashlib.md5(struct.pack('>2I', 0x801, count) + labels.tobytes()).hexdigest()
    if expected_md5 and found != expected_md5:
        raise ValueError(f'{beside} has other labels than MNIST (MD5 {found} instead of {expected_md5}). {remedy}')
    return labels


def read_idx(path: Path, item_shape: tuple[int, ...], remedy: str) -> np.ndarray:
    """The items of an IDX file of unsigned bytes, gzip or not, as uint8 [n, *item_shape], n >= 1.

    Raises ValueError, with `remedy` as what to do, when the file is damaged or something else.
    """
    data = path.read_bytes()
    try:
        if data[:2] == b'\x1f\x8b':
            data = gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f'{path} is damaged ({error}). {remedy}') from None
    start = 8 + 4 * len(item_shape)
    magic, count, *sizes = np.frombuffer(data[:start].ljust(start, b'\0'), '>u4').tolist()
    right = 0x801 + len(item_shape), item_shape, start + count * math.prod(item_shape)  # 08: unsigned bytes
    if (magic, tuple(sizes), len(data)) != right or count == 0:
        has = f'it has the magic number {magic:#010x}, {count:,} items of {"x".join(map(str, sizes)) or 1}'
        raise ValueError(f'{path} is not an IDX file of MNIST: {has}, {len(data):,} bytes. {remedy}')
    return np.frombuffer(data, np.uint8, offset=start).reshape(-1, *item_shape)
