"""Pictures in folders and zips -> one memory-mapped array of small images, on all cores.

Folders and zips are read one after another. What is held meanwhile is the names in one folder, or the list of members
of one zip: so memory depends on the largest of them, and not on how many pictures there are in all.
"""

import hashlib
import io
import math
import os
import re
import stat
import warnings
import zipfile
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from operator import attrgetter

import numpy as np
import PIL
from PIL import Image, UnidentifiedImageError

from lesson.data.cache import MAKE_READABLE, cached_images, code_of, listing
from lesson.data.parallel import on_all_cores
from lesson.files import starts_as_html
from lesson.progress import progress

PART = 64  # pictures that a process prepares at a time
PART_BYTES = 2**24  # of members of a zip, which are read here and sent to a process
MOST_BYTES = 150_000_000  # of a picture's file: 50 million pixels, not compressed
MOST_UNPACKED = 6_000_000_000  # bytes of an official archive: four times CelebA
TOLERATED = 0.01  # of the pictures of an official archive may be broken: more, and it was damaged on its way
TRIES = 3  # in a folder in which files come and go


class NotAPicture(Exception):
    """A file that is not a picture and does not look like one by its name: it is left out, and nothing is wrong."""


class _Changed(Exception):
    """Files have come, gone or changed between the look at them that names the cache and the preparation."""


def prepared_images(source, picture, shape, title, settings='', cache_dir=None, remedy=None):
    """All pictures in `source` (a Path) as one uint8 memory map [n, *shape].

    source: a zip, or a folder with its sub-folders and all zips in them, in the order of `cache.listing`.
    picture(file) makes a uint8 array of `shape` of each; files in which it finds no picture are left out, broken
    pictures are skipped and named. The result is cached: see `cache.cached_images`, for settings and cache_dir too.
    remedy: what to do about damage in a known data set, in which hardly any picture may be broken; None: it is not one.
    Raises ValueError when the source has no pictures, or it or a zip in it is damaged, OSError when it cannot be read,
    keeps changing, or the images cannot be written, RuntimeError when one of the processes was killed.
    """
    for _ in range(TRIES):
        digest, count, zips = hashlib.sha256(), 0, []
        for entry in _noted(source, digest):
            count += 1
            if source.is_file() or _is_zip(entry[0]):
                zips.append(entry)
        if not count:
            raise ValueError(f'{source} is an empty folder: put pictures (JPEG, PNG, ...) into it')
        listed = digest.hexdigest()
        made_of = listed, code_of(picture), PIL.__version__
        make = partial(_made, source, picture, shape, title, remedy, listed, count - len(zips), zips)
        try:
            return cached_images(source, shape, settings, made_of, make, cache_dir)
        except _Changed:
            print(f'Files in {source} have changed in the meantime.')
    raise OSError(f'{source} kept changing, {TRIES} times: wait until its files are complete, then run this again')


def _made(source, picture, shape, title, remedy, listed, count, zips):
    """(images of all pictures, block by block, bytes that this takes).

    listed: the digest of what was listed in the source: `count` files, and these entries of zips.
    """
    total = count + sum(1 for _ in _members(source, zips, remedy))  # a bad zip is an error now, and not in hours
    members = _members(source, _noted(source, hashlib.sha256(), listed), remedy)
    blocks = _blocks(_parts(members), partial(_prepare, picture, shape), total, title)
    return _joined(blocks, source, remedy), total * math.prod(shape)


def _noted(source, digest, expected=None):
    """Yield what `listing` does, and add it to the digest. _Changed: that is not the expected one at the end."""
    for entry in listing(source):
        digest.update(repr(entry).encode())
        yield entry
    if expected not in (None, digest.hexdigest()):
        raise _Changed


def _blocks(parts, prepare, total, title):
    """Yield (broken pictures with reasons, other files, images [k, *shape]) of each of the parts, in order."""
    try:
        with (
            closing(on_all_cores(prepare, map(_contents, parts))) as prepared,
            progress(total=total, unit='img', desc=title) as bar,
        ):
            for broken, others, images in prepared:
                bar.update(len(broken) + len(others) + len(images))
                yield broken, others, images
    except BrokenProcessPool:
        raise RuntimeError(
            f'a process that was preparing {title} was killed, probably out of memory. '
            f"Run this again (in a script, under `if __name__ == '__main__':`)"
        ) from None


def _members(source, entries, remedy):
    """Yield (name, its path, None) of each picture among the entries, (name, zip, member) of each in a zip."""
    alone = source.is_file()
    for name, *_ in entries:
        path = source if alone else os.path.join(source, name)
        if alone or _is_zip(name):
            yield from _packed(path, '' if alone else f'{name}/', remedy)
        else:
            yield name, path, None


def _is_zip(name):
    return name.lower().endswith('.zip')


def _parts(members):
    """Yield the members in parts, of at most PART members and about PART_BYTES bytes."""
    part, size = [], 0
    for member in members:
        part.append(member)
        size += member[2].file_size if member[2] else 0
        if len(part) == PART or size > PART_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _contents(part):
    """[(name, path; or of a member of a zip its bytes or the error)]: a folder's files are read where they are prepared."""
    return [(name, _read_member(file, info) if info else file) for name, file, info in part]


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
                    raise TypeError(f'{picture} made {image.dtype} {image.shape} of {shown}, expected uint8 {shape}')
                images.append(image)
    return broken, others, np.array(images, np.uint8).reshape(-1, *shape)


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
            raise ValueError(f'this user may not read it: {MAKE_READABLE}') from None
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


def _joined(blocks, source, remedy):
    """Yield the images [k, *shape] of the blocks; at the end, say what was left out, or raise ValueError."""
    count, broken, others = 0, _Some(), _Some()
    for some_broken, some_others, images in blocks:
        count += len(images)
        broken.add(some_broken)
        others.add(some_others)
        yield images
    if others.count:
        print(f'Left out {others.count:,} files in {source} that are not pictures: {others}')
    pictures = count + broken.count
    if not pictures:
        raise ValueError(f'{source} contains no pictures. {remedy or _OWN_REMEDY}')
    if broken.count:
        message = f'{broken.count:,} of {pictures:,} pictures in {source} cannot be read: {broken}'
        if not count or (remedy and broken.count > TOLERATED * pictures):
            raise ValueError(f'{message}. {remedy or _OWN_REMEDY}')
        print(f'Skipped {message}')


_OWN_REMEDY = 'Put pictures (JPEG, PNG, ...) there'


class _Some:
    """A number of names, and the first ten of them."""

    def __init__(self):
        self.count, self.first = 0, []

    def add(self, names):
        self.count += len(names)
        self.first += names[: 10 - len(self.first)]

    def __str__(self):
        return ', '.join(self.first) + (', ...' if self.count > 10 else '')


# ---------------------------------------------------------------------------------------- archives


def _archive(path, remedy):
    """The zip file, open. ValueError when it is not one, or is damaged."""
    try:
        return zipfile.ZipFile(path)
    except PermissionError as error:
        raise PermissionError(error.errno, f'{path} cannot be read by this user: {MAKE_READABLE}') from None
    except Exception as error:  # a damaged archive makes zipfile raise nearly anything
        with open(path, 'rb') as file:
            is_html = starts_as_html(file.read(512))
        what = 'an HTML page, not a zip' if is_html else f'not a readable zip ({error})'
        raise ValueError(f'{path} is {what}. {remedy or _OWN_ZIP_REMEDY}') from None


def _packed(path, prefix, remedy):
    """Yield (name, zip, zipfile.ZipInfo) of the files in a zip, by name; neither of folders nor of hidden files.

    Raises ValueError for a zip that Python cannot unpack, and for one that was made to do harm. It could not do much,
    as nothing is unpacked, but it is not the one that was asked for.
    """
    archive = _archive(path, remedy)
    instead, refused = remedy or _OWN_ZIP_REMEDY, f'{path} is refused: '
    outside = re.compile(r'[\\/]|[A-Za-z]:|(.*[\\/])?\.\.([\\/]|$)', re.DOTALL)
    for member in archive.infolist():
        if outside.match(member.filename):
            raise ValueError(f'{refused}{member.filename!r} in it has a path that leads out of it. {instead}')
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ValueError(f'{refused}{member.filename!r} in it is a symbolic link. {instead}')
        if member.flag_bits & 1:
            raise ValueError(f'{refused}{member.filename!r} in it is encrypted: {_UNPACK}')
        if member.compress_type not in _METHODS:
            packed = zipfile.compressor_names.get(member.compress_type, f'method {member.compress_type}')
            raise ValueError(f'{refused}{member.filename!r} in it is packed with {packed}: {_UNPACK}')
    total = sum(member.file_size for member in archive.infolist())
    if remedy and total > MOST_UNPACKED:
        raise ValueError(f'{refused}it unpacks to {total:,} bytes. {remedy}')
    no_file = re.compile(r'(^|/)(\.|__MACOSX/|$)')  # hidden, a folder, or without a name
    for member in sorted(archive.infolist(), key=attrgetter('filename')):
        if not no_file.search(member.filename):
            yield prefix + member.filename, archive, member


_OWN_ZIP_REMEDY = 'Put a whole one in its place, or take it away from there'
_UNPACK = 'unpack the zip with another program, and take the folder of pictures in its place'
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
