"""Pictures in a zip or folder -> one memory-mapped array of small images, on all cores, resumed after a kill."""

import inspect
import io
import json
import math
import os
import re
import stat
import warnings
import zipfile
import zlib
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from operator import attrgetter

import numpy as np
from PIL import Image, UnidentifiedImageError

from .cache import NAME as CACHE_NAME
from .cache import cached_images
from .download import starts_as_html
from .files import whole_file
from .parallel import on_all_cores
from .progress import progress

PART = 64  # pictures that a process prepares at a time: what is lost when it is killed
PART_BYTES = 2**24  # of members of a zip, which are read here and sent to a process
MOST_BYTES = 150_000_000  # of a picture's file: 50 million pixels, not compressed
MOST_UNPACKED = 6_000_000_000  # bytes of an official archive: four times CelebA
TOLERATED = 0.01  # of the pictures of an official archive may be broken: more, and it was damaged on its way


class NotAPicture(Exception):
    """A file that is no picture and does not look like one by its name: it is left out, and nothing is wrong."""


def prepared_images(source, picture, shape, title, settings='', cache_dir=None, remedy=None):
    """All pictures in `source`, a folder with its sub-folders or a zip (a Path), as one uint8 memory map [n, *shape].

    picture(file) makes a uint8 array of `shape` of each; files in which it finds no picture are left out, broken
    pictures are skipped and named. The result is cached: see `cache.cached_images`, for settings and cache_dir too.
    remedy: what to do about damage in a known data set, in which hardly any picture may be broken; None: it is not one.
    Raises ValueError when the source has no pictures or is damaged, OSError when it cannot be read or the images not be
    written, RuntimeError when one of the processes was killed.
    """
    entries = sorted(listing(source))
    if not entries:
        raise ValueError(f'{source} is an empty folder: put pictures (JPEG, PNG, ...) into it')

    def make(folder):
        archive = source.is_file() and _archive(source, remedy)
        members = _members(archive, remedy) if archive else [name for name, *_ in entries]
        blocks = _blocks(archive or source, members, partial(_prepare, picture, shape), folder, title)
        needed = 2 * len(members) * math.prod(shape)  # the blocks, and the file that is made of them
        return _joined(blocks, source, shape, remedy), needed

    return cached_images(source, shape, settings, (entries, _code(picture)), make, cache_dir)


def listing(source, prefix=''):
    """Yield (name, size, mtime) of a file, or of each file in a folder and its sub-folders.

    Hidden files are left out, links to folders (which could lead round in a circle), and our own prepared images.
    """
    if not os.path.isdir(source):
        status = os.stat(source)
        yield os.path.basename(source), status.st_size, status.st_mtime_ns
        return
    try:
        entries = list(os.scandir(source))
    except PermissionError as error:
        raise PermissionError(error.errno, f'{source} cannot be read by this user: {_MAKE_READABLE}') from None
    for entry in entries:
        if entry.name.startswith('.') or CACHE_NAME.fullmatch(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from listing(entry.path, f'{prefix}{entry.name}/')
        elif entry.is_file():
            status = entry.stat()
            yield prefix + entry.name, status.st_size, status.st_mtime_ns


_MAKE_READABLE = 'make it readable (chmod -R u+rX), or copy it to a folder of your own'


def _code(picture):
    """What `picture` does, as text that changes when its code or its settings do."""
    settings = []
    while isinstance(picture, partial):
        settings += picture.args, sorted(picture.keywords.items())
        picture = picture.func
    file = picture.__code__.co_filename
    if os.path.exists(file):
        with open(file, encoding='utf-8') as source:
            return source.read(), settings
    return inspect.getsource(picture), settings


# ------------------------------------------------------------------------------------------ blocks


def _blocks(source, members, prepare, folder, title):
    """Yield (broken pictures with reasons, other files, pixels) of all members, part by part, in order.

    The result of each part is first written to a file of its own in `folder`, where the next run finds it if this
    one is killed.
    """
    parts = [(folder / f'{first}-{len(part)}', part) for first, part in _parts(members)]
    missing = [(path, part) for path, part in parts if _read_block(path) is None]
    ready = len(members) - sum(len(part) for _, part in missing)
    try:
        with (
            closing(on_all_cores(prepare, _contents(source, missing))) as prepared,
            progress(total=len(members), initial=ready, unit='img', desc=title) as bar,
        ):
            for count in prepared:
                bar.update(count)
    except BrokenProcessPool:
        raise RuntimeError(
            f'a process that was preparing {title} was killed, probably out of memory. '
            f"Run this again: it resumes (in a script, under `if __name__ == '__main__':`)"
        ) from None
    for path, _ in parts:
        block = _read_block(path)
        if block is None:
            raise FileNotFoundError(f'{path} was removed or damaged at once: run this again')
        yield block


def _parts(members):
    """Yield (number of its first member, members) of parts of at most PART members and about PART_BYTES bytes."""
    part, size = [], 0
    for number, member in enumerate(members):
        part.append(member)
        size += getattr(member, 'file_size', 0)
        if len(part) == PART or size > PART_BYTES or number == len(members) - 1:
            yield number + 1 - len(part), part
            part, size = [], 0


def _contents(source, parts):
    """Yield (path, [(name, file, bytes or error)]) of each part. A folder's files are read where they are prepared."""
    for path, members in parts:
        if isinstance(source, zipfile.ZipFile):
            yield path, [(member.filename, _read_member(source, member)) for member in members]
        else:
            yield path, [(name, os.path.join(source, name)) for name in members]


def _read_member(archive, member):
    """The bytes of a member of a zip, or the error with which that ended."""
    if member.file_size > MOST_BYTES:
        return _unidentified(member.filename, b'', f'it has {member.file_size:,} bytes, too many for a picture')
    try:
        with archive.open(member) as file:
            return file.read(member.file_size)  # and no further, as a bomb would
    except Exception as error:  # damaged bytes make zipfile raise nearly anything
        if member.flag_bits & 1:
            return ValueError(f'it is encrypted: {_UNPACK}')
        if isinstance(error, NotImplementedError):
            packed = zipfile.compressor_names.get(member.compress_type, f'method {member.compress_type}')
            return ValueError(f'it is packed with {packed}: {_UNPACK}')
        return error


_UNPACK = 'unpack the zip with another program, and take the folder of pictures in its place'


def _prepare(picture, shape, part):
    """Write the block of a part (path, [(name, content)]), and return the number of its members."""
    path, members = part
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
                    raise TypeError(f'{picture} made {image.dtype} {image.shape} of {shown}, expected uint8 {shape}')
                images.append(image)
    path.parent.mkdir(exist_ok=True)
    pixels, names = np.array(images, np.uint8), json.dumps([broken, others]).encode() + b'\n'
    with whole_file(path, sync=False) as file:  # it has a checksum
        file.write(_checksum(names, pixels) + names)
        file.write(pixels)
    return len(members)


def _image(picture, name, content):
    """picture() of a file (its path, its bytes, or the error with which reading them ended)."""
    if isinstance(content, Exception):
        raise content
    if isinstance(content, str):
        try:
            with open(content, 'rb', buffering=0) as file:
                if (size := os.fstat(file.fileno()).st_size) > MOST_BYTES:
                    raise _unidentified(name, b'', f'it has {size:,} bytes, too many for a picture')
                content = file.read()
        except PermissionError:
            raise ValueError(f'this user may not read it: {_MAKE_READABLE}') from None
    try:
        return picture(io.BytesIO(content))
    except UnidentifiedImageError:
        raise _unidentified(name, content, 'not a picture') from None


def _unidentified(name, content, reason):
    """The error for a file that Pillow does not know: it matters if name or content say that it is a picture."""
    if content[4:8] == b'ftyp' and content[8:12] in _HEIC_BRANDS:
        return ValueError('an HEIC photo, which Pillow does not read: export it as JPEG')
    extension = os.path.splitext(name)[1].lower()
    if extension in _HEIC_EXTENSIONS or Image.registered_extensions().get(extension) in set(Image.OPEN) - _NO_PICTURES:
        return ValueError(reason)
    return NotAPicture(name)


_HEIC_BRANDS = (b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'mif1', b'msf1')
_HEIC_EXTENSIONS = ('.heic', '.heif', '.hif')
_NO_PICTURES = {'MPEG', 'EPS', 'WMF', 'HDF5', 'GRIB', 'BUFR'}  # Pillow knows their names, and cannot read them


def _read_block(path):
    """(broken pictures with reasons, names of other files, pixels of the images), or None if missing or damaged."""
    try:
        with open(path, 'rb') as file:
            checksum, names, pixels = file.read(4), file.readline(), file.read()
    except FileNotFoundError:
        return None
    return (*json.loads(names), pixels) if checksum == _checksum(names, pixels) else None


def _checksum(names, pixels):
    return zlib.crc32(pixels, zlib.crc32(names)).to_bytes(4, 'big')


def _joined(blocks, source, shape, remedy):
    """Yield the images [k, *shape] of the blocks; at the end, say what was left out, or raise ValueError."""
    broken, others, count = [], [], 0
    for some_broken, some_others, pixels in blocks:
        images = np.frombuffer(pixels, np.uint8).reshape(-1, *shape)
        broken, others, count = broken + some_broken, others + some_others, count + len(images)
        yield images
    if others:
        print(f'Left out {len(others):,} files in {source} that are not pictures: {_listed(others)}')
    if not count + len(broken):
        raise ValueError(f'{source} contains no pictures. {remedy or _OWN_REMEDY}')
    if broken:
        message = f'{len(broken):,} of {count + len(broken):,} pictures in {source} cannot be read: {_listed(broken)}'
        if not count or (remedy and len(broken) > TOLERATED * (count + len(broken))):
            raise ValueError(f'{message}. {remedy or _OWN_REMEDY}')
        print(f'Skipped {message}')


_OWN_REMEDY = 'Put pictures (JPEG, PNG, ...) there'


def _listed(names):
    return ', '.join(names[:10]) + (', ...' if len(names) > 10 else '')


# ---------------------------------------------------------------------------------------- archives


def _archive(path, remedy):
    """The zip file, open. ValueError when it is none."""
    try:
        return zipfile.ZipFile(path)
    except PermissionError as error:
        raise PermissionError(error.errno, f'{path} cannot be read by this user: {_MAKE_READABLE}') from None
    except Exception as error:  # a damaged archive makes zipfile raise nearly anything
        with open(path, 'rb') as file:
            is_html = starts_as_html(file.read(512))
        what = 'an HTML page, not a zip' if is_html else f'not a readable zip ({error})'
        raise ValueError(f'{path} is {what}. {remedy}') from None


def _members(archive, remedy):
    """The files in a zip, as zipfile.ZipInfo, sorted by name; neither folders nor hidden files.

    Raises ValueError for an archive that was made to do harm. It could not do much, as nothing is unpacked,
    but it is not the one that was asked for.
    """
    refused = f'{archive.filename} is refused: '
    outside = re.compile(r'[\\/]|[A-Za-z]:|(.*[\\/])?\.\.([\\/]|$)', re.DOTALL)
    for member in archive.infolist():
        if outside.match(member.filename):
            raise ValueError(f'{refused}{member.filename!r} in it has a path that leads out of it. {remedy}')
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ValueError(f'{refused}{member.filename!r} in it is a symbolic link. {remedy}')
    total = sum(member.file_size for member in archive.infolist())
    if total > MOST_UNPACKED:
        raise ValueError(f'{refused}it unpacks to {total:,} bytes. {remedy}')
    no_file = re.compile(r'(^|/)(\.|__MACOSX/|$)')  # hidden, a folder, or without a name
    members = [member for member in archive.infolist() if not no_file.search(member.filename)]
    if not members:
        raise ValueError(f'{archive.filename} contains no pictures. {remedy}')
    return sorted(members, key=attrgetter('filename'))
