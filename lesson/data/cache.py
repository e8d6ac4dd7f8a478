"""Prepared images as one memory-mapped .npy file: whole or not at all, checked, made again when its source changes."""

import ast
import errno
import hashlib
import inspect
import io
import math
import os
import re
import stat
import sys
import textwrap
import types
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import numpy as np

from lesson.files import full_disk_named, make_writable, one_process_at_a_time, whole_file

ENDING = r'-[0-9a-f]{12}\.npy((\.[0-9a-f]{8})?\.part)?'
OURS = re.compile(rf'.+-\d+x\d+x\d+(-[^/]+)?{ENDING}')  # the name of every file that is made here
CHECKSUM_BYTES = 4
TRIES = 3  # to write a file that can be read
PROJECT = Path(__file__).parents[2]


def cached_images(
    source: Path, row: tuple, made_of: object, make: Callable, cache_dir: Path | None = None
) -> np.ndarray:
    """Images as one memory map, uint8 [n, *row], read-only; make() yields them in blocks [k, *row].

    On a disk without memory maps they are read into memory.
    The first call makes them and keeps them beside `source`, or in cache_dir; later ones map that file, as
    long as the repr of `made_of` (whatever decides the pixels) is the same and the file's checksum is right.
    Only one process at a time makes images in a folder; the others wait, and map what it has made.
    Raises OSError, with what to do, when the file cannot be written, and whatever `make` raises.
    """
    place = Path(cache_dir or source.parent)
    stem = f'{_short(source.name)}-{"x".join(map(str, row))}'
    if cache_dir:  # where another folder's pictures of the same name may be kept too
        stem += f'-{_digest(os.path.abspath(source))[:8]}'
    path = place / f'{stem}-{_digest(repr(made_of))[:12]}.npy'
    if (images := _load(path, row)) is not None:
        return images
    make_writable(place, f'make {place} writable, or pass a cache_dir that is')
    with one_process_at_a_time(place, f'Waiting for another process that prepares pictures in {place}'):
        images = _made(path, row, make)
        older = re.compile(re.escape(stem) + ENDING)
        for other in place.iterdir():  # of these images: older files, and unfinished ones
            if other != path and older.fullmatch(other.name):
                with suppress(OSError):
                    other.unlink()
    return images


def _made(path, row, make):
    for _ in range(TRIES):
        if (images := _load(path, row)) is not None:
            return images
        try:
            with closing(make()) as blocks:
                _save(path, blocks, row)
        except FileNotFoundError as error:  # where locks do not work, another process may have removed the .part file
            if error.filename2 is None:
                raise
    raise OSError(f'{path} was written and cannot be read: pass a cache_dir on a different disk')


def _short(name):
    """A name of at most 69 bytes, as file systems take 143 or 255, and more is added to it."""
    start = os.fsencode(name)[:60]
    return name if len(os.fsencode(name)) <= 60 else f'{start.decode(errors="ignore")}-{_digest(name)[:8]}'


def listing(source: Path) -> Iterator[tuple[str, int, int]]:
    """Yield (name, size, mtime) of a file, or of each file in a folder, by name, and then in each of its sub-folders.

    Hidden files are left out, and our own prepared images. A folder to which several links lead is listed once.
    """
    if not os.path.isdir(source):
        status = os.stat(source)
        yield os.path.basename(source), status.st_size, status.st_mtime_ns
        return
    real = Path(os.path.realpath(source))
    seen, left = {_place(os.stat(folder)) for folder in (real, *real.parents)}, [(str(source), '')]
    while left:
        folder, prefix = left.pop()
        inner = []
        for name in sorted(_tried(os.listdir, folder) or ()):
            path = os.path.join(folder, name)
            if name.startswith('.') or (status := _tried(os.stat, path)) is None:
                continue
            if stat.S_ISDIR(status.st_mode):
                if status.st_ino == 0 or _place(status) not in seen:  # 0: this file system has no numbers
                    inner.append((path, f'{prefix}{name}/'))
                seen.add(_place(status))
            elif stat.S_ISREG(status.st_mode) and not OURS.fullmatch(name):
                yield prefix + name, status.st_size, status.st_mtime_ns
        left += reversed(inner)


def _place(status):
    return status.st_dev, status.st_ino


def _tried(function, path):
    """function(path), None for what was removed a moment ago, or a link that leads nowhere. OSError: what to do."""
    try:
        return function(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return None
        instead = 'make it readable (chmod -R u+rX), shorten its path, or copy what can be read, and use the copy'
        raise OSError(error.errno, f'{error.filename} cannot be read ({error.strerror}): {instead}') from None


def code_of(function) -> str:
    """A digest of what a function of this project computes: its code, and that of all in the project that it uses.

    Comments, docstrings and what it does not use make no difference; arguments of a functools.partial do.
    """
    parts, seen, found = [], set(), [('', function)]
    while found:
        name, value = found.pop()
        if isinstance(value, partial):
            parts.append(repr((value.args, sorted(value.keywords.items()))))
            found.append((name, value.func))
        elif isinstance(value, (types.FunctionType, type)):
            if value not in seen and _is_ours(value):
                seen.add(value)
                tree = ast.parse(textwrap.dedent(inspect.getsource(value)))
                parts.append(ast.dump(_without_docstrings(tree)))
                scope = getattr(value, '__globals__', None) or vars(inspect.getmodule(value))
                names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
                found += [(name, scope[name]) for name in names if name in scope]
        elif not callable(value) and not isinstance(value, types.ModuleType):
            if isinstance(value, (set, frozenset)):  # their order is different in each process
                value = sorted(value, key=repr)
            if isinstance(value, np.ndarray):
                value = value.dtype, value.shape, hashlib.sha256(value.tobytes()).hexdigest()
            with np.printoptions(threshold=sys.maxsize, floatmode='unique'):
                parts.append(f'{name} = {value!r}')
    return _digest('\n'.join(sorted(parts)))


def _is_ours(value):
    """Whether a function or class was defined in this project, or in a notebook or script."""
    if value.__module__ == '__main__':
        return True
    file = Path(getattr(inspect.getmodule(value), '__file__', None) or os.sep)
    return PROJECT in file.parents and 'site-packages' not in file.parts


def _without_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            node.body[:1] = [ast.Pass()]
    return tree


def _digest(text):
    return hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()


def _save(path, blocks, row):
    """Write blocks of rows as one .npy file, followed by the CRC of all of it.

    Plain writes, not a memory map: on a full disk a write raises an error, a memory map kills the process.
    """
    with full_disk_named(path), whole_file(path) as file:
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
            images = _mapped(file, start, (count, *row))
            file.seek(size - CHECKSUM_BYTES)
            return images if file.read() == zlib.crc32(images).to_bytes(CHECKSUM_BYTES, 'big') else None
    except FileNotFoundError:
        return None


def _mapped(file, start, shape):
    try:
        return np.memmap(file, np.uint8, 'r', start, shape)
    except OSError:  # no memory maps on this disk, as on some shared folders
        file.seek(start)
        return np.frombuffer(file.read(math.prod(shape)), np.uint8).reshape(shape)
