"""Pictures in folders and zips -> one memory-mapped array of small images, on all cores.

What is held meanwhile is the names of all files, and the list of members of one zip: zips are read in place.
"""

import io
import os
import re
import warnings
import zipfile
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from operator import itemgetter
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, UnidentifiedImageError

from lesson.data.cache import cached_images, code_of, listing
from lesson.data.parallel import on_all_cores
from lesson.files import say
from lesson.progress import progress

PART = 64  # pictures that a process prepares at a time
PART_BYTES = 2**24  # of members of a zip, which are read here and sent to a process
MOST_BYTES = 150_000_000  # of a picture's file: 50 million pixels, not compressed
TOLERATED = 0.01  # of the pictures of an official archive may be broken: more, and it was damaged on its way
TRIES = 3  # in a folder in which files come and go
HEIC_BRANDS = (b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'mif1', b'msf1')
NO_PICTURES = ('MPEG', 'EPS', 'WMF', 'HDF5', 'GRIB', 'BUFR')  # Pillow knows their names, and cannot read them


class NotAPicture(Exception):
    """A file that is not a picture and does not look like one by its name: it is left out, and nothing is wrong."""


class _Changed(Exception):
    """Files have come, gone or changed between the look at them that names the cache and the preparation."""


def prepared_images(
    source: Path, picture: Callable, shape: tuple, title: str, cache_dir: Path | None = None, remedy: str | None = None
) -> np.memmap:
    """All pictures in `source` as one uint8 memory map [n, *shape].

    source: a zip, or a folder with its sub-folders and all zips in them, in the order of `cache.listing`.
    picture(file) makes a uint8 array of `shape` from each; files in which it finds no picture are left out, broken
    pictures are skipped and named. The result is cached: see `cache.cached_images`, for cache_dir too.
    remedy: what to do about damage in a known data set, in which hardly any picture may be broken; None: it is not one.
    Raises ValueError when the source has no pictures, or it or a zip in it is damaged, OSError when it cannot be read,
    keeps changing, or the images cannot be written, RuntimeError when one of the processes was killed.
    """
    for _ in range(TRIES):
        entries = list(listing(source))
        if not entries:
            raise ValueError(f'{source} is an empty folder: put pictures (JPEG, PNG, ...) into it')
        made_of = entries, code_of(picture), code_of(_prepare), PIL.__version__
        make = partial(_blocks, source, entries, partial(_prepare, picture, shape), title, remedy)
        try:
            return cached_images(source, shape, made_of, make, cache_dir)
        except _Changed:
            say(f'Files in {source} have changed in the meantime.')
    raise OSError(f'{source} kept changing, {TRIES} times: wait until its files are complete, then run this again')


def _blocks(source, entries, prepare, title, remedy):
    """Yield the images [k, *shape] of all pictures; at the end, say what was left out, or raise ValueError.

    _Changed: what is in the source then is not what its entries say.
    """
    total = sum(1 for _ in _members(source, entries, remedy))  # a bad zip is an error now, and not in hours
    broken, others = [], []
    try:
        with (
            closing(on_all_cores(prepare, _parts(_members(source, entries, remedy)))) as prepared,
            progress(total=total, unit='img', desc=title) as bar,
        ):
            for some_broken, some_others, images in prepared:
                broken += some_broken
                others += some_others
                bar.update(len(some_broken) + len(some_others) + len(images))
                yield images
    except BrokenProcessPool:
        raise RuntimeError(
            f'a process that was preparing {title} was killed, probably out of memory. Run this again'
        ) from None
    if list(listing(source)) != entries:
        raise _Changed
    if others:
        say(f'Left out {len(others):,} files in {source} that are not pictures: {_first_ten(others)}')
    pictures, instead = total - len(others), remedy or 'Put pictures (JPEG, PNG, ...) there'
    if not pictures:
        raise ValueError(f'{source} contains no pictures. {instead}')
    if broken:
        message = f'{len(broken):,} of {pictures:,} pictures in {source} cannot be read: {_first_ten(broken)}'
        if len(broken) == pictures or (remedy and len(broken) > TOLERATED * pictures):
            raise ValueError(f'{message}. {instead}')
        say(f'Left out: {message}')


def _first_ten(names):
    return ', '.join(names[:10]) + (', ...' if len(names) > 10 else '')


def _members(source, entries, remedy):
    """Yield (name, its path, None) of each picture among the entries, (name, zip, member) of each in a zip."""
    alone = source.is_file()
    for name, *_ in entries:
        path = source if alone else os.path.join(source, name)
        if alone or name.lower().endswith('.zip'):
            yield from _packed(path, '' if alone else f'{name}/', remedy)
        else:
            yield name, path, None


def _packed(path, prefix, remedy):
    """Yield (name, zip, zipfile.ZipInfo) of the files in a zip, by name; neither of folders nor of hidden files."""
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # a damaged archive makes zipfile raise nearly anything
        instead = remedy or 'Put a whole one in its place, or take it away from there'
        raise ValueError(f'{path} is not a readable zip ({error}). {instead}') from None
    for name, member in sorted(((_plain(member.filename), member) for member in archive.infolist()), key=itemgetter(0)):
        if not re.search(r'(^|/)(\.|__MACOSX/|$)', name):  # hidden, a folder, or without a name
            yield prefix + name, archive, member


def _plain(name):
    """The name of a member of a zip without what other programs write there: backslashes, './', '../', '//'."""
    return re.sub(r'(?<![^/])(\.{0,2}/)+', '', name.replace('\\', '/'))


def _parts(members):
    """Yield [(name, path, or of a member of a zip its bytes or the error)]: PART members and about PART_BYTES bytes.

    A folder's files are read where they are prepared.
    """
    part, size = [], 0
    for name, file, member in members:
        part.append((name, _read_member(file, member) if member else file))
        size += member.file_size if member else 0
        if len(part) == PART or size > PART_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _read_member(archive, member):
    """The bytes of a member of a zip, or the error with which that ended."""
    if member.file_size > MOST_BYTES:
        return _unidentified(member.filename, b'', f'it has {member.file_size:,} bytes, too many for a picture')
    try:
        with archive.open(member) as file:
            return file.read(member.file_size)  # and no further, as a bomb would
    except Exception as error:  # damaged bytes make zipfile raise nearly anything
        return error


def _prepare(picture, shape, members):
    """(broken pictures with reasons, names of other files, images [k, *shape]) of a part: [(name, content)]."""
    # Keep the memory of a picture for the next one: to get it from the system each time takes a third of the time.
    Image.core.set_blocks_max(4)
    images, broken, others = [], [], []
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # Pillow's remarks on odd metadata
        warnings.simplefilter('error', Image.DecompressionBombWarning)
        for name, content in members:
            shown = name.encode(errors='backslashreplace').decode()  # a name can be any bytes
            try:
                image = _image(picture, name, content)
            except NotAPicture:
                others.append(shown)
            except Exception as error:  # broken files make Pillow raise nearly anything
                broken.append(f'{shown} ({error})')
            else:
                if image.shape != shape or image.dtype != np.uint8:
                    raise TypeError(f'{picture} made {image.dtype} {image.shape} from {shown}, expected uint8 {shape}')
                images.append(image)
    return broken, others, np.array(images, np.uint8).reshape(-1, *shape)


def _image(picture, name, content):
    """picture() of a file (its path, its bytes, or the error with which reading them ended)."""
    if isinstance(content, Exception):
        raise content
    if isinstance(content, str):
        with open(content, 'rb', buffering=0) as file:
            if (size := os.fstat(file.fileno()).st_size) > MOST_BYTES:
                raise _unidentified(name, b'', f'it has {size:,} bytes, too many for a picture')
            content = file.read()
    try:
        return picture(io.BytesIO(content))
    except UnidentifiedImageError:
        raise _unidentified(name, content, 'not a picture') from None


def _unidentified(name, content, reason):
    """The error for a file that Pillow does not know: it matters if name or content say that it is a picture."""
    if content[4:8] == b'ftyp' and content[8:12] in HEIC_BRANDS:
        return ValueError('an HEIC photo, which Pillow does not read: export it as JPEG')
    kind = Image.registered_extensions().get(os.path.splitext(name)[1].lower())
    return ValueError(reason) if kind in Image.OPEN and kind not in NO_PICTURES else NotAPicture(name)
