"""Prepared images as one memory-mapped .npy file: whole or not at all, checked, made anew when its source changes."""

import hashlib
import io
import math
import os
import re
import shutil
import zlib
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from .files import DISK_FULL, make_writable, no_space, one_process_at_a_time, whole_file

NAME = re.compile(r'.+-\d+x\d+x\d+(-[^/]+)?-[0-9a-f]{12}\.npy((\.[0-9a-f]{8})?\.part)?')  # of every file made here
CHECKSUM_BYTES = 4


def cached_images(source, row, settings, made_of, make, cache_dir=None):
    """Images as one memory map, uint8 [n, *row], read-only: make(folder) -> (blocks [k, *row], bytes that it takes).

    The blocks are a generator, which makes them one after another, and is closed when they cannot be written.

    The first call makes them and keeps them beside `source` (a Path), or in cache_dir; later ones map that file, as
    long as the repr of `made_of` (whatever decides the pixels) is the same and the file's checksum is right.
    `settings`, a short text, tells caches of the same source apart that may exist side by side. In `folder`,
    which belongs to this call alone, `make` may keep what a killed run should leave to the next one.
    Only one process at a time makes images in a folder; the others wait, and map what it has made.
    Raises OSError, with what to do, when the file cannot be written, and whatever `make` raises.
    """
    place = Path(cache_dir or source.parent)
    stem = '-'.join([source.name, 'x'.join(map(str, row)), *settings.split()])
    if cache_dir:  # where another folder's pictures of the same name may be kept too
        stem += f'-{_digest(os.path.abspath(source))[:8]}'
    path = place / f'{stem}-{_digest(repr(made_of))[:12]}.npy'
    images = _load(path, row)
    if images is not None and not _unfinished(path).exists():
        return images
    if cache_dir:
        make_writable(place, 'choose another cache_dir')
    with one_process_at_a_time(place, f'Waiting for another process that prepares pictures in {place}'):
        images = _load(path, row)
        if images is None:
            blocks, needed = make(_unfinished(path))
            try:
                with closing(blocks):
                    _save(path, blocks, row)
            except (OSError, ValueError) as error:
                shutil.rmtree(_unfinished(path), ignore_errors=True)
                raise _explained(error, path, needed) from None
            images = _load(path, row)
        _remove_older(path, stem)
    return images


def _digest(text):
    return hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()


def _unfinished(path):
    return path.with_name(f'{path.name}.part')


def _save(path, blocks, row):
    """Write blocks of rows as one .npy file, followed by the CRC of all of it.

    Plain writes, not a memory map: on a full disk a write raises an error, a memory map kills the process.
    """
    with whole_file(path) as file:
        file.write(_header((0, *row)))
        count = checksum = 0
        for block in blocks:
            file.write(block)
            count, checksum = count + len(block), zlib.crc32(block, checksum)
        file.write(checksum.to_bytes(CHECKSUM_BYTES, 'big'))
        file.seek(0)
        file.write(_header((count, *row)))


def _header(shape):
    """The first bytes of a .npy file of uint8, which NumPy pads to the same length for any shape[0]."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {'descr': '|u1', 'fortran_order': False, 'shape': shape})
    return header.getvalue()


def _load(path, row):
    """The images, memory-mapped, or None when the file is missing, damaged or not whole."""
    start = len(_header((0, *row)))
    try:
        with open(path, 'rb') as file:
            size = os.fstat(file.fileno()).st_size
            count, rest = divmod(size - start - CHECKSUM_BYTES, math.prod(row))
            if rest or count < 1 or file.read(start) != _header((count, *row)):
                return None
            images = np.memmap(file, np.uint8, 'r', start, (count, *row))
            file.seek(size - CHECKSUM_BYTES)
            return images if file.read() == zlib.crc32(images).to_bytes(CHECKSUM_BYTES, 'big') else None
    except (FileNotFoundError, IsADirectoryError):
        return None


def _remove_older(path, stem):
    """Remove what else there is of these images: older files, unfinished files, and last the folder of blocks."""
    older = re.compile(re.escape(stem) + r'-[0-9a-f]{12}\.npy((\.[0-9a-f]{8})?\.part)?')
    for other in sorted(path.parent.iterdir()):
        if other != path and older.fullmatch(other.name):
            if other.is_dir():
                shutil.rmtree(other, ignore_errors=True)
            else:
                with suppress(OSError):
                    other.unlink()


def _explained(error, path, needed):
    """The same kind of error, with what to do about it."""
    if not getattr(error, 'errno', None):
        return error
    if error.errno in DISK_FULL:
        return OSError(error.errno, no_space(path, needed))
    return OSError(
        error.errno,
        f'{path} cannot be written ({error}): remove what is in its way, make its folder writable, '
        f'or pass a cache_dir that is',
    )
