"""Prepared images as one memory-mapped .npy file: whole or not at all, checked, made again when its source changes."""

import ast
import hashlib
import inspect
import io
import math
import os
import re
import textwrap
import types
import zlib
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import numpy as np

from lesson.files import DISK_FULL, make_writable, no_space, one_process_at_a_time, whole_file

NAME = re.compile(r'.+-\d+x\d+x\d+(-[^/]+)?-[0-9a-f]{12}\.npy((\.[0-9a-f]{8})?\.part)?')  # of every file made here
CHECKSUM_BYTES = 4
MAKE_READABLE = 'make it readable (chmod -R u+rX), or copy it to a folder of your own'
PROJECT = Path(__file__).parents[2]


def cached_images(source, row, settings, made_of, make, cache_dir=None):
    """Images as one memory map, uint8 [n, *row], read-only: make() -> (blocks [k, *row], bytes that they take).

    The blocks are a generator, which makes them one after another, and is closed when they cannot be written.

    The first call makes them and keeps them beside `source` (a Path), or in cache_dir; later ones map that file, as
    long as the repr of `made_of` (whatever decides the pixels) is the same and the file's checksum is right.
    `settings`, a short text, tells caches of the same source apart that may exist side by side.
    Only one process at a time makes images in a folder; the others wait, and map what it has made.
    Raises OSError, with what to do, when the file cannot be written, and whatever `make` raises.
    """
    place = Path(cache_dir or source.parent)
    stem = '-'.join([source.name, 'x'.join(map(str, row)), *settings.split()])
    if cache_dir:  # where another folder's pictures of the same name may be kept too
        stem += f'-{_digest(os.path.abspath(source))[:8]}'
    path = place / f'{stem}-{_digest(repr(made_of))[:12]}.npy'
    if (images := _load(path, row)) is not None:
        return images
    if cache_dir:
        make_writable(place, 'choose another cache_dir')
    with one_process_at_a_time(place, f'Waiting for another process that prepares pictures in {place}'):
        images = _load(path, row)
        if images is None:
            blocks, needed = make()
            try:
                with closing(blocks):
                    _save(path, blocks, row)
            except (OSError, ValueError) as error:
                raise _explained(error, path, needed) from None
            images = _load(path, row)
        _remove_older(path, stem)
    return images


def listing(source, prefix=''):
    """Yield (name, size, mtime) of a file, or of each file in a folder, by name, and then in each of its sub-folders.

    Hidden files are left out, links to folders (which could lead round in a circle), and our own prepared images.
    """
    if not os.path.isdir(source):
        status = os.stat(source)
        yield os.path.basename(source), status.st_size, status.st_mtime_ns
        return
    files, folders = [], []  # of names alone, which take a tenth of the memory of entries
    try:
        for entry in os.scandir(source):
            if entry.name.startswith('.') or NAME.fullmatch(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.is_file():
                files.append(entry.name)
    except PermissionError as error:
        raise PermissionError(error.errno, f'{source} cannot be read by this user: {MAKE_READABLE}') from None
    files.sort()
    for name in files:
        try:
            status = os.stat(os.path.join(source, name))
        except FileNotFoundError:  # removed a moment ago
            continue
        yield prefix + name, status.st_size, status.st_mtime_ns
    del files
    for name in sorted(folders):
        yield from listing(os.path.join(source, name), f'{prefix}{name}/')


def code_of(function) -> str:
    """A digest of what a function of this project computes: its code, and that of all in the project that it uses.

    Comments, docstrings and what it does not use make no difference; arguments of a functools.partial do.
    """
    parts, seen, found = [], set(), [function]
    while found:
        value = found.pop()
        if isinstance(value, partial):
            parts += [repr(value.args), repr(sorted(value.keywords.items()))]
            found.append(value.func)
        elif isinstance(value, (types.FunctionType, type)):
            if value not in seen and _is_ours(value):
                seen.add(value)
                tree = ast.parse(textwrap.dedent(inspect.getsource(value)))
                parts.append(ast.dump(_without_docstrings(tree)))
                names = sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)})
                scope = vars(inspect.getmodule(value))
                found += [scope[name] for name in names if name in scope]
        elif isinstance(value, np.ndarray):
            parts.append(_digest(repr(value.tolist())))
        elif not isinstance(value, types.ModuleType) and not callable(value):
            parts.append(repr(value))
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
    """Remove what else there is of these images: older files, and unfinished ones."""
    older = re.compile(re.escape(stem) + r'-[0-9a-f]{12}\.npy((\.[0-9a-f]{8})?\.part)?')
    for other in path.parent.iterdir():
        if other != path and older.fullmatch(other.name):
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
