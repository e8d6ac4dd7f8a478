"""Data for the lesson: download, verify, crop, resize, scale, batches, image grids.

Images are uint8 [n, 28, 28, channels] at rest and float32 in [-0.5, 0.5] out of `Dataset.get_batches`.
"""

import errno
import glob
import gzip
import hashlib
import io
import json
import math
import os
import re
import shutil
import signal
import stat
import struct
import sys
import tempfile
import threading
import time
import warnings
import zipfile
import zlib
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import chain
from multiprocessing import get_context, parent_process
from operator import attrgetter, itemgetter
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError
from tqdm import tqdm

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None

# Every address below serves the very same file; the MD5 decides, not the address.
DATA_SETS = {
    'mnist': {
        'title': 'MNIST',
        'file': 'mnist/train-images-idx3-ubyte.gz',
        'also': ('mnist/train-images-idx3-ubyte', 'train-images-idx3-ubyte.gz', 'train-images-idx3-ubyte'),
        'md5': 'f68b3c2dcbeaaa9fbdd348bbdeb94873',
        'size': 9_912_422,
        'urls': (
            'https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz',
            'https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz',
            'https://raw.githubusercontent.com/fgnt/mnist/master/train-images-idx3-ubyte.gz',
        ),
        'license': 'Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits',
        'image_mode': 'L',
        'crop': None,
        'stand_in': 'stand-in digits',
    },
    'celeba': {
        'title': 'CelebA',
        'file': 'img_align_celeba.zip',
        'also': ('celeba.zip', 'img_align_celeba'),
        'md5': '00d2c5bc6d35e252742224ab0c1e8fcb',
        'size': 1_443_490_838,
        'urls': (
            'https://s3-us-west-1.amazonaws.com/udacity-dlnfd/datasets/celeba.zip',
            'https://cseweb.ucsd.edu/~weijian/static/datasets/celeba/img_align_celeba.zip',
            'https://drive.usercontent.google.com/download?id=0B7EVK8r0v71pZjFTYXZWM3FlRnM&export=download&confirm=t',
        ),
        'license': 'non-commercial research only; Liu et al. 2015, Deep Learning Face Attributes in the Wild',
        'image_mode': 'RGB',
        'crop': 108,  # the face, without most of the background
        'stand_in': 'stand-in faces',
    },
}

ANSWER_WITHIN = 10  # seconds, else the next mirror is asked
STALLED_AFTER = 30  # seconds without a byte, else the next mirror is asked

IMAGE_SIZE = 28
PART = 64  # pictures that a process prepares at a time: what is lost when it is killed
MOST_PIXELS = 50_000_000  # of a picture: nearly all cameras take fewer, and 1 GB of memory is enough for it
MOST_BYTES = 3 * MOST_PIXELS  # of a file: such a picture, not compressed
PREPARATION = 1  # part of the cache's fingerprint: raise it when the code below yields other pixels


def progress(iterable=None, **kwargs):
    """A tqdm bar, with tqdm's arguments: on standard error, or as one plain-text output in a notebook.

    A saved notebook then holds the bar's last line, without widgets and without standard error.
    """
    kwargs.setdefault('mininterval', 0.5)
    ipython = sys.modules.get('IPython')
    if ipython is None or getattr(ipython.get_ipython(), 'kernel', None) is None:
        return tqdm(iterable, **kwargs)
    return _NotebookBar(iterable, **{'file': io.StringIO(), 'ascii': False, 'ncols': 100, **kwargs})


class _NotebookBar(tqdm):
    @staticmethod
    def status_printer(file):
        from IPython.display import display

        handle = display({'text/plain': ''}, raw=True, display_id=True)
        return lambda line: handle.update({'text/plain': line}, raw=True)


def download_extract(name, data_dir='data'):
    """Fetch 'mnist' or 'celeba' from the first mirror that serves it, verified by MD5, and return its path.

    Nothing is unpacked: `Dataset` reads the file as it is. What an interrupted download has fetched stays beside
    its place as one .part file, and the next call goes on from there, from whichever mirror. A file that is there
    already is returned, after a check of its MD5 if it lies where a download puts it.
    Raises ValueError for another name and for a file that is there but is not the data set's, and OSError when the
    folder cannot be written, when the disk is full, and when no mirror serves the file; the message then gives
    each address with its reason and the place where the file can be put by hand.
    """
    if name not in DATA_SETS:
        raise ValueError(f'there is no {name!r} to download; choose from {", ".join(DATA_SETS)}')
    about = DATA_SETS[name]
    target = Path(data_dir, about['file'])
    made = [folder for folder in target.parents if not folder.exists()]
    try:
        if not _find(name, data_dir):
            _make_writable(target.parent)
            with _one_process_in(target.parent):
                if not _find(name, data_dir):  # unless another process has fetched it meanwhile
                    return _download(about, target)
    finally:
        for folder in made:
            with suppress(OSError):  # it is not empty, which is as it should be
                folder.rmdir()
    if target.is_file() and (md5 := _md5(target)) != about['md5']:
        raise ValueError(
            f'{target} is not {about["title"]}: it has {target.stat().st_size:,} bytes and MD5 {md5} '
            f'instead of {about["size"]:,} bytes and {about["md5"]}. Delete it and fetch it again'
        )
    return _find(name, data_dir)


def _make_writable(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OSError(
            error.errno, f'no file can be written in {folder} ({error.strerror}): choose another data_dir'
        ) from None


@contextmanager
def _one_process_in(folder):
    """Let other processes wait until this one is done with the folder, or killed. Windows has no such lock."""
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # not all network drives have locks
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f'Waiting for another process that fetches into {folder}')
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _download(about, target):
    """Fetch the file from the first mirror that serves it, verified."""
    import requests

    print(f'Fetching {about["title"]} ({about["license"]})')
    reasons = []
    # All are asked at once whether they are there: without a network that takes as long as for a single one.
    present = {url: _in_thread(requests.head, url, timeout=ANSWER_WITHIN) for url in about['urls']}
    asked = time.monotonic()
    for url in about['urls']:
        try:
            present[url].result(max(0, asked + ANSWER_WITHIN - time.monotonic()))
            return _fetch(url, about, target)
        except (OSError, ValueError) as error:
            reasons.append(f'  {url}\n    {_reason(error)}')
            if getattr(error, 'errno', None) in _DISK_FULL:
                left = about['size'] - sum(part.stat().st_size for part in _parts(target))
                raise OSError(error.errno, _disk_full(target, left)) from None
    raise OSError(
        f'{about["title"]} could not be downloaded:\n'
        + '\n'.join(reasons)
        + f'\nIf you can get {target.name} ({about["size"]:,} bytes, MD5 {about["md5"]}) elsewhere, '
        f'put it at {target} by hand.'
    )


def _in_thread(function, *args, **kwargs):
    """The future of a call. Its waiting time can be limited for certain, looking up the host's address included."""
    future = Future()

    def run():
        try:
            future.set_result(function(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _reason(error):
    """The innermost cause, as requests wraps it three times."""
    while cause := error.__cause__ or (not error.__suppress_context__ and error.__context__):
        error = cause
    return f'no answer within {ANSWER_WITHIN} seconds' if isinstance(error, TimeoutError) else error


def _fetch(url, about, target):
    """Complete the part file from url, verify it, and put it in its place."""
    while True:
        part, resumed = _complete(url, about, target)
        md5 = _md5(part)
        if md5 == about['md5']:
            os.replace(part, target)
            return target
        part.unlink()
        if not resumed:
            raise ValueError(f'wrong checksum: the file there has MD5 {md5} instead of {about["md5"]}')
        # Which of its bytes are wrong nobody knows: once more from the start.


def _complete(url, about, target, resume=True):
    """Fetch from url what the part file lacks. Returns its path, and whether some of it was there before.

    The part file's name holds the address (as a CRC) and the version (ETag or date) of what is in it.
    """
    import requests

    size = about['size']
    address = f'{zlib.crc32(url.encode()):08x}'
    part = next(_parts(target), None)
    have = part.stat().st_size if part and resume else 0
    if have >= size:
        return part, True
    headers = {'Accept-Encoding': 'identity'}  # a server that unpacks the .gz on its way would change its MD5
    if have:
        headers['Range'] = f'bytes={have}-'
        known = part.name[len(target.name) + 1 : -len('.part')]
        if known.startswith(address) and known != address:
            headers['If-Range'] = unquote(known[len(address) :])  # another version is sent from its start
    request = _in_thread(requests.get, url, headers=headers, stream=True, timeout=STALLED_AFTER)
    with request.result(ANSWER_WITHIN) as answer:
        rest = re.fullmatch(rf'bytes {have}-\d+/{size}', answer.headers.get('Content-Range', ''))
        if have and (answer.status_code == 416 or (answer.status_code == 206 and not rest)):
            return _complete(url, about, target, resume=False)  # its file has another length
        if answer.status_code not in (200, 206):
            raise ValueError(f'the server answered {answer.status_code} {answer.reason}')
        start = have if answer.status_code == 206 else 0
        chunks = _chunks(answer)
        first = next(chunks, b'')
        if start == 0 and _starts_as_html(first):
            raise ValueError('the server sent an HTML page instead of the file')
        if not first:
            raise ValueError('the server sent nothing')
        length = start + int(answer.headers.get('Content-Length', size - start))
        if length != size:
            raise ValueError(f'the file there has {length:,} bytes instead of {size:,}')

        version = answer.headers.get('ETag', '')
        if not version.startswith('"'):  # a weak ETag says nothing of single bytes
            version = answer.headers.get('Last-Modified', '')
        path = target.with_name(f'{target.name}.{address}{quote(version, safe="")}'[:200] + '.part')
        if start:
            part.replace(path)
        elif part:
            part.unlink()
        bar = progress(total=size, initial=start, unit='B', unit_scale=True, desc=url.split('/')[2])
        with bar, open(path, 'ab') as file:
            for chunk in chain([first], chunks):
                file.write(chunk)
                bar.update(len(chunk))
                if file.tell() >= size:
                    return path, start > 0
            raise ValueError(f'the transfer ended after {file.tell():,} of {size:,} bytes')


def _chunks(answer):
    """Yield the bytes of an answer until they end, for whatever reason: the caller knows how many there should be."""
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    try:
        yield from answer.raw.stream(2**16, decode_content=False)
    except ReadTimeoutError:
        raise ValueError(f'the transfer stalled: no byte for {STALLED_AFTER} seconds') from None
    except HTTPError:
        return


def _parts(target):
    return target.parent.glob(f'{glob.escape(target.name)}.*.part')


def _md5(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'md5').hexdigest()


def _starts_as_html(head):
    return head.lstrip().lower().startswith((b'<!doctype', b'<html', b'<head', b'<?xml'))


def _is_html(path):
    with open(path, 'rb') as file:
        return _starts_as_html(file.read(512))


_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _disk_full(path, size):
    free = shutil.disk_usage(path.parent).free
    return f'no space to write {path}: it needs {size:,} bytes, {free:,} are free. Make room and try again'


def _find(name, data_dir):
    """The path of the data set `name` below data_dir, or None."""
    if os.path.isfile(data_dir):
        raise NotADirectoryError(f'{data_dir} is a file: choose a folder as data_dir')
    about = DATA_SETS[name]
    places = [Path(data_dir, place) for place in (about['file'], *about['also'])]
    return next((place for place in places if place.exists()), None)


def get_image(path_or_file, width, height, mode, crop=None):
    """One picture as uint8 [height, width, channels], for mode 'L' (1 channel) as for 'RGB' (3).

    The centred square of `crop` pixels, or the largest centred square, is resized with Pillow's
    bilinear filter. EXIF rotation is applied, transparency laid over white, 16 bits per pixel scaled to 8;
    of an animation the first frame is taken.
    Raises ValueError when the picture is smaller than `crop` or has more than MOST_PIXELS, and whatever
    Pillow raises for broken files.
    """
    with Image.open(path_or_file) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f'too large: {image.width}x{image.height}, at most {MOST_PIXELS:,} pixels')
        ImageOps.exif_transpose(image, in_place=True)
        side = crop or min(image.size)
        if side > min(image.size):
            raise ValueError(f'too small: {image.width}x{image.height}, needs at least {side}x{side} pixels')
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    if image.mode.startswith('I'):  # 16 bits per pixel, which convert() would clip at 255
        pixels = np.asarray(image).clip(0, 65535).astype(np.uint32)
        image = Image.fromarray(((pixels + 128) // 257).astype(np.uint8))  # rounded: 65535 / 257 is 255
    if image.has_transparency_data:
        image = image.convert('RGBA')
        image = Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
    image = image.convert(mode).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image).reshape(height, width, -1)


def get_batch(image_files, width, height, mode, crop=None):
    """`get_image` of each file, as one uint8 array [n, height, width, channels]."""
    return np.stack([get_image(file, width, height, mode, crop) for file in image_files])


class Dataset:
    """A data set of 28x28 images: 'mnist', 'celeba', or a folder of your own pictures.

    `name` is a folder's name in `data_dir` or its path. Its sub-folders are searched too (links to folders
    and hidden files are not), and all its pictures become RGB. Attributes:

    - images: uint8 [n, 28, 28, channels], memory-mapped, read-only
    - shape: (n, 28, 28, channels)
    - image_mode: 'L' or 'RGB'
    - title: for figures: 'MNIST', 'CelebA', the folder's name, or what you pass
    - source: path of the file or folder that the images come from

    The first use prepares all images and keeps them as one .npy file next to the data; later uses map that
    file, as long as names, sizes and times of the source are the same. A few pictures that cannot be read
    are skipped and named. A preparation that was killed or interrupted goes on where it stopped, and two
    at the same time do no harm. It starts processes, so a script needs `if __name__ == '__main__':`
    around its own work. Raises FileNotFoundError when there is no data, ValueError when the data is
    damaged, OSError when the prepared images cannot be written, RuntimeError when one of the processes
    was killed.
    """

    def __init__(self, name, data_dir='data', title=None):
        about = DATA_SETS.get(name, {'image_mode': 'RGB', 'crop': None})
        self.source = _locate(name, data_dir)
        self.title = title or about.get('title', self.source.name)
        self.image_mode = about['image_mode']
        channels = len(self.image_mode)  # 'L' or 'RGB': one letter per channel

        entries = sorted(_entries(self.source), key=itemgetter(0))
        if not entries:
            raise ValueError(f'{self.source} is an empty folder: put pictures (JPEG, PNG, ...) into it')
        made_of = (PREPARATION, IMAGE_SIZE, about['crop'], self.image_mode, entries)
        fingerprint = hashlib.sha256(repr(made_of).encode()).hexdigest()[:12]
        stem = f'{name if name in DATA_SETS else self.source.name}-{IMAGE_SIZE}x{IMAGE_SIZE}'
        cache = self.source.parent / f'{stem}-{fingerprint}.npy'

        folder = cache.with_name(f'{cache.name}.part')
        self.images = _load(cache, channels)
        if self.images is not None and folder.exists():  # killed while it tidied up
            _remove_older(cache, stem)
        if self.images is None:
            if name == 'mnist':
                images = _read_idx(self.source)
                blocks, shape, needed = [images], images.shape, images.size
            else:
                members = _members(self.source) if self.source.is_file() else [name for name, *_ in entries]
                blocks = self._prepared(members, about['crop'], folder)
                shape = len(members), IMAGE_SIZE, IMAGE_SIZE, channels
                needed = 2 * math.prod(shape)  # the blocks, and the file that is made of them
            try:
                _save(cache, blocks, shape)
            except (OSError, ValueError) as error:
                shutil.rmtree(folder, ignore_errors=True)
                # Another process may have made the same file meanwhile, and tidied up: all is well then.
                if _load(cache, channels) is None:
                    raise _explained(error, cache, needed) from None
            _remove_older(cache, stem)
            self.images = _load(cache, channels)
        self.shape = self.images.shape

    def _prepared(self, members, crop, folder):
        """Yield uint8 blocks [k, 28, 28, channels] of all readable pictures, in order, made on all cores.

        Each block is first written to a file of its own in `folder`, where the next run finds it if this one
        is killed. Several runs at the same time may share the folder, as a block appears there all at once.

        Processes make them: threads wait for each other too often, as half of Pillow's work on a small picture
        holds the interpreter lock. They are spawned: forking a process with TensorFlow in it is not safe.
        """
        parts = [(folder / f'{i}-{PART}', members[i : i + PART]) for i in range(0, len(members), PART)]
        missing = [(path, part) for path, part in parts if _read_block(path) is None]
        ready = len(members) - sum(len(part) for _, part in missing)
        try:
            with (
                closing(_on_all_cores(partial(_prepare, self.source, self.image_mode, crop), missing)) as prepared,
                progress(total=len(members), initial=ready, unit='img', desc=self.title) as bar,
            ):
                for count in prepared:
                    bar.update(count)
        except BrokenProcessPool:
            raise RuntimeError(
                f'a process that was preparing {self.source} was killed, perhaps for want of memory. '
                f"Run this again: it goes on where it stopped (in a script, under `if __name__ == '__main__':`)"
            ) from None

        broken = []
        for path, _ in parts:
            block = _read_block(path)
            if block is None:
                raise FileNotFoundError(f'{path} was removed or damaged at once: run this again')
            unread, pixels = block
            broken += unread
            yield np.frombuffer(pixels, np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE, len(self.image_mode))

        if broken:
            listed = ', '.join(broken[:10]) + (', ...' if len(broken) > 10 else '')
            message = f'{len(broken):,} of {len(members):,} pictures in {self.source} cannot be read: {listed}'
            # An official archive (the one that has a crop) with more than 1 % broken was damaged on its way.
            if len(broken) == len(members) or (crop and len(broken) > len(members) / 100):
                raise ValueError(f'{message}. Put pictures there, or delete the data and fetch it again')
            print(f'Skipped {message}')

    def get_batches(self, batch_size, seed=None):
        """Yield shuffled float32 batches [batch_size, 28, 28, channels] in [-0.5, 0.5], one epoch per call.

        A last, incomplete batch is dropped. The same seed (whatever np.random.default_rng takes) gives the
        same order, None a fresh one. Raises ValueError when batch_size is below 1 or above the image count.
        """
        count = len(self.images)
        if not 1 <= batch_size <= count:
            raise ValueError(f'batch_size is {batch_size}; {self.title} has {count:,} images: choose 1 to {count}')
        return self._batches(batch_size, np.random.default_rng(seed).permutation(count))

    def _batches(self, batch_size, order):
        images = np.asarray(self.images)
        for start in range(0, len(order) - batch_size + 1, batch_size):
            batch = images[order[start : start + batch_size]].astype(np.float32)
            batch /= 255
            batch -= 0.5
            yield batch


def _locate(name, data_dir):
    """The path of a data set's file or folder; FileNotFoundError says what to put where."""
    if name in DATA_SETS:
        found = _find(name, data_dir)
        if found is None:
            about = DATA_SETS[name]
            raise FileNotFoundError(
                f'no {about["title"]} in {data_dir}: put the file at {Path(data_dir, about["file"])}, '
                f'or fetch it with helper.download_extract({name!r}, {str(data_dir)!r}), '
                f'or take {about["stand_in"]}: helper.open_dataset({name!r}, source="stand-in")'
            )
        if name == 'mnist' and found.is_dir():
            raise IsADirectoryError(f'{found} is a folder: put the file {found.name} there instead')
        return found
    places = Path(data_dir, name), Path(name)
    folder = next((place for place in places if place.is_dir()), None)
    if folder is None:
        raise FileNotFoundError(
            f'no folder of pictures {str(name)!r}: neither {places[0]} nor {places[1]} is a folder. '
            f'Create one of them and put your pictures into it, or choose from {", ".join(DATA_SETS)}'
        )
    return Path(os.path.abspath(folder))


def _entries(source, prefix=''):
    """Yield (name, size, mtime) of a file, or of each file in a folder and its sub-folders."""
    if not os.path.isdir(source):
        status = os.stat(source)
        yield os.path.basename(source), status.st_size, status.st_mtime_ns
        return
    for entry in os.scandir(source):
        if entry.name.startswith('.'):
            continue
        if entry.is_dir(follow_symlinks=False):  # a link could lead round in a circle
            yield from _entries(entry.path, f'{prefix}{entry.name}/')
        elif entry.is_file():
            status = entry.stat()
            yield prefix + entry.name, status.st_size, status.st_mtime_ns


def _read_idx(path):
    """The images of an IDX file, gzip or not, as uint8 [n, 28, 28, 1] (format: yann.lecun.com/exdb/mnist)."""
    most = 2**28  # bytes, five times those of MNIST: a small .gz can unpack to any size
    with open(path, 'rb') as file:
        packed = file.read(2) == b'\x1f\x8b'
    try:
        with (gzip.open if packed else open)(path, 'rb') as file:
            data = file.read(most + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f'{path} is damaged ({error}): delete it and fetch it again') from None
    if _is_html(path):
        raise ValueError(f'{path} is an HTML page, not an IDX file: delete it and fetch it again')
    magic, count, rows, columns = (int.from_bytes(data[i : i + 4], 'big') for i in range(0, 16, 4))
    expected = 16 + count * IMAGE_SIZE**2
    if len(data) > most:
        problem = f'it holds more than {most:,} bytes'
    elif magic != 0x803:  # 08: unsigned bytes, 03: three dimensions
        problem = f'its magic number is {magic:#010x}, an IDX file of images has 0x00000803'
    elif (rows, columns) != (IMAGE_SIZE, IMAGE_SIZE):
        problem = f'its images are {rows}x{columns}, not {IMAGE_SIZE}x{IMAGE_SIZE}'
    elif count == 0:
        problem = 'it holds no image'
    elif len(data) != expected:
        problem = f'{count:,} images take {expected:,} bytes, it has {len(data):,}'
    else:
        return np.frombuffer(data, np.uint8, offset=16).reshape(count, IMAGE_SIZE, IMAGE_SIZE, 1)
    raise ValueError(f'{path} is no IDX file of MNIST images: {problem}. Delete it and fetch it again')


def _members(path):
    """The pictures in a zip file, as zipfile.ZipInfo, by name.

    Raises ValueError for an archive that was made to do harm. It could not do much, as nothing is unpacked,
    but it is not the one that was asked for.
    """
    with open(path, 'rb') as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
        except Exception as error:  # a damaged archive makes zipfile raise nearly anything
            what = 'an HTML page, not a zip' if _is_html(path) else f'no readable zip ({error})'
            raise ValueError(f'{path} is {what}: delete it and fetch it again') from None
    outside = re.compile(r'[\\/]|[A-Za-z]:|(.*[\\/])?\.\.([\\/]|$)', re.DOTALL)
    for member in members:
        if outside.match(member.filename):
            problem = 'has a path that leads out of it'
        elif stat.S_ISLNK(member.external_attr >> 16):
            problem = 'is a symbolic link'
        elif member.file_size > MOST_BYTES:
            problem = f'has {member.file_size:,} bytes, too many for a picture'
        else:
            continue
        raise ValueError(f'{path} is refused: {member.filename!r} in it {problem}. Delete it and fetch it again')
    total = sum(member.file_size for member in members)
    if total > 4 * DATA_SETS['celeba']['size']:
        raise ValueError(f'{path} is refused: it unpacks to {total:,} bytes. Delete it and fetch it again')
    no_file = re.compile(r'(^|/)(\.|__MACOSX/|$)')  # hidden, a folder, or without a name
    members = [member for member in members if not no_file.search(member.filename)]
    if not members:
        raise ValueError(f'{path} holds no pictures: delete it and fetch it again')
    return sorted(members, key=attrgetter('filename'))


def _prepare(source, mode, crop, path_and_members):
    """Write the block of these members of a folder or zip, and return their number."""
    path, members = path_and_members
    # Keep the memory of a picture for the next one: to get it from the system each time takes a third of the time.
    Image.core.set_blocks_max(4)
    images, broken = [], []
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # Pillow's remarks on odd metadata
        warnings.simplefilter('error', Image.DecompressionBombWarning)
        for member in members:
            try:
                picture = io.BytesIO(_read(source, member))
                images.append(get_image(picture, IMAGE_SIZE, IMAGE_SIZE, mode, crop))
            except Exception as error:  # broken files make Pillow raise nearly anything
                reason = 'no picture' if isinstance(error, UnidentifiedImageError) else error
                name = f'{getattr(member, "filename", member)} ({reason})'
                broken.append(name.encode(errors='backslashreplace').decode())  # a name can be any bytes
    path.parent.mkdir(exist_ok=True)
    pixels, unread = np.array(images, np.uint8), json.dumps(broken).encode() + b'\n'
    with _whole(path) as file:
        file.write(_checksum(unread, pixels) + unread)
        file.write(pixels)
    return len(members)


def _read_block(path):
    """(names of the unreadable pictures with reasons, pixels of the others), or None if missing or damaged."""
    try:
        with open(path, 'rb') as file:
            checksum, unread, pixels = file.read(4), file.readline(), file.read()
    except FileNotFoundError:
        return None
    return (json.loads(unread), pixels) if checksum == _checksum(unread, pixels) else None


def _checksum(unread, pixels):
    return zlib.crc32(pixels, zlib.crc32(unread)).to_bytes(4, 'big')


def _on_all_cores(function, parts):
    """Yield function(part) of all parts, in order. This process works as well, as starting another takes a while."""
    others = min(os.cpu_count(), len(parts), 61) - 1  # 61: the most that Windows takes
    if others < 1:
        yield from map(function, parts)
        return
    pool = ProcessPoolExecutor(others, get_context('spawn'), _start_process)
    try:
        futures = [pool.submit(function, part) for part in parts]
        ahead = iter(range(len(parts)))
        own = {}
        for i, future in enumerate(futures):
            while i not in own and not future.done():
                mine = next((k for k in ahead if futures[k].cancel()), None)  # that no process has begun
                if mine is None:
                    break
                own[mine] = function(parts[mine])
            yield own.pop(i) if i in own else future.result()
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt does not wait for the rest


def _start_process():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for this one
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    parent_process().join()
    os._exit(1)  # it was killed: nobody else would end this one


def _read(source, member):
    """The bytes of a file in the folder `source`, or of a member (zipfile.ZipInfo) of the zip file `source`.

    zipfile.ZipFile would read the list of all 202,599 members first, in each process: 100 MB of memory each.
    """
    if isinstance(member, str):
        with open(os.path.join(source, member), 'rb', buffering=0) as file:
            if os.fstat(file.fileno()).st_size > MOST_BYTES:
                raise ValueError(f'larger than {MOST_BYTES:,} bytes')
            return file.read()
    with open(source, 'rb') as file:
        file.seek(member.header_offset + 26)  # the lengths of name and extra field, which come before the data
        name_length, extra_length = struct.unpack('<2H', file.read(4))
        file.seek(name_length + extra_length, os.SEEK_CUR)
        data = file.read(min(member.compress_size, MOST_BYTES))
    if member.compress_type == zipfile.ZIP_DEFLATED:  # never to more than was said, as a bomb would
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, member.file_size + 1)
    if zlib.crc32(data) != member.CRC:
        raise ValueError('wrong checksum in the zip file')
    return data


def _save(cache, blocks, shape):
    """Write blocks of rows as one .npy file (at most shape[0] rows), whole or not at all.

    Plain writes, not a memory map: on a full disk a write raises an error, a memory map kills the process.
    """
    with _whole(cache) as file:
        file.write(_npy_header(shape))
        count = 0
        for block in blocks:
            file.write(block)
            count += len(block)
        file.seek(0)
        file.write(_npy_header((count, *shape[1:])))
        file.flush()
        os.fsync(file.fileno())  # should the power fail, its name is not on the disk before its content


@contextmanager
def _whole(path):
    """A file to write, which appears at `path` when all of it is written, or not at all."""
    temporary = path.with_name(f'{path.name}.{os.urandom(4).hex()}.part')
    try:
        with open(temporary, 'wb') as file:
            yield file
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def _explained(error, cache, needed):
    """The same kind of error, with what to do about it."""
    if not getattr(error, 'errno', None):
        return error
    if error.errno in _DISK_FULL:
        return OSError(error.errno, _disk_full(cache, needed))
    return OSError(
        error.errno,
        f'{cache} cannot be written ({error}): remove what is in its way, make its folder writable, '
        f'or copy the data to a folder that is',
    )


def _npy_header(shape):
    """The first bytes of a .npy file of uint8, which NumPy pads to the same length for any shape[0]."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {'descr': '|u1', 'fortran_order': False, 'shape': shape})
    return header.getvalue()


def _load(cache, channels):
    """The prepared images, memory-mapped, or None when the file is missing, damaged or not whole."""
    if not cache.is_file():
        return None
    row = (IMAGE_SIZE, IMAGE_SIZE, channels)
    length = len(_npy_header((0, *row)))
    count, rest = divmod(cache.stat().st_size - length, math.prod(row))
    with open(cache, 'rb') as file:
        if rest or count < 1 or file.read(length) != _npy_header((count, *row)):
            return None
    return np.memmap(cache, np.uint8, 'r', length, (count, *row))


def _remove_older(cache, stem):
    """Remove what else there is of these images: older files, unfinished files, and last the folder of blocks."""
    pattern = re.compile(re.escape(stem) + r'-[0-9a-f]{12}\.npy((\.[0-9a-f]{8})?\.part)?')
    for path in sorted(cache.parent.iterdir()):
        if path != cache and pattern.fullmatch(path.name):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()


def open_dataset(name, data_dir='data', source='local', stand_in_count=20_000):
    """Open a data set, say in one line which data it is, and return the `Dataset`.

    source 'local' takes the real data where it lies in data_dir, else draws stand-ins; 'download' fetches it
    first, and draws stand-ins when that fails, saying why; 'stand-in' always draws stand-ins.
    These are `stand_in_count` digits or faces, kept in data_dir/stand-in. A folder of your own pictures
    has no stand-in: all three open it. Raises ValueError for another source, and what `Dataset` raises.
    """
    if source not in ('local', 'download', 'stand-in'):
        raise ValueError(f"source is {source!r}: choose 'local', 'download' or 'stand-in'")
    if name in DATA_SETS:
        if source == 'download':
            try:
                download_extract(name, data_dir)
            except OSError as error:
                print(error)
        if source == 'stand-in' or not _find(name, data_dir):
            return _open_stand_in(name, data_dir, stand_in_count)
    dataset = Dataset(name, data_dir)
    print(f'Using {dataset.title}: {len(dataset.images):,} images from {dataset.source}')
    return dataset


def _open_stand_in(name, data_dir, count):
    from lesson import synthetic

    about = DATA_SETS[name]
    folder = Path(data_dir, 'stand-in')
    path = folder / about['file']
    dataset = Dataset(name, folder, about['stand_in']) if path.exists() else None
    if dataset is None or len(dataset.images) != count:
        path.parent.mkdir(parents=True, exist_ok=True)
        draw = {'mnist': synthetic.write_digits, 'celeba': synthetic.write_faces}[name]
        draw(path, count=count, seed=0, progress=progress)
        dataset = Dataset(name, folder, about['stand_in'])
    print(
        f'Using {dataset.title}, drawn by synthetic.py, not {about["title"]}: '
        f'{len(dataset.images):,} images from {path}'
    )
    return dataset


def scale(images, feature_range=(-1, 1)):
    """Images as float32 in feature_range; black and white go to its ends, whatever the images hold.

    uint8 images are taken to be in [0, 255], floating-point images in [-0.5, 0.5], as from `get_batches`.
    Raises TypeError for any other dtype.
    """
    images = np.asarray(images)
    if images.dtype == np.uint8:
        unit = images.astype(np.float32) / 255
    elif np.issubdtype(images.dtype, np.floating):
        unit = images.astype(np.float32) + 0.5
    else:
        raise TypeError(f'images are {images.dtype}: expected uint8 in [0, 255] or floats in [-0.5, 0.5]')
    low, high = feature_range
    return unit * np.float32(high - low) + np.float32(low)


def images_square_grid(images, mode, feature_range=(-1, 1), columns=None):
    """All images [n, height, width, channels] in one PIL image, row by row, with grey gaps of one pixel.

    uint8 is shown as it is, floats are clipped to feature_range, so that two grids can be compared.
    There are ceil(sqrt(n)) columns unless given; cells left over are grey.
    Raises ValueError when the shape does not fit mode 'L' (1 channel) or 'RGB' (3).
    """
    images = np.asarray(images)
    channels = {'L': 1, 'RGB': 3}.get(mode)
    if channels is None:
        raise ValueError(f"mode is {mode!r}: choose 'L' or 'RGB'")
    if images.ndim != 4 or images.shape[-1] != channels or len(images) == 0:
        raise ValueError(f'images are {images.shape}: mode {mode!r} takes [n, height, width, {channels}], n >= 1')
    if images.dtype != np.uint8:
        low, high = feature_range
        images = np.rint((np.clip(images, low, high) - low) * (255 / (high - low))).astype(np.uint8)
    count, height, width, _ = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    grid = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), 128, np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * (height + 1), i % columns * (width + 1)
        grid[top : top + height, left : left + width] = image
    return Image.fromarray(grid[..., 0] if mode == 'L' else grid)


def picture(image, title):
    """A PNG for a notebook (IPython.display.Image): the image below its title, which is its alternative text too.

    image: Pillow, mode 'L' or 'RGB'; enlarged by a whole number, at least 2, to no more than 200 pixels if it can be.
    """
    from IPython.display import Image as Picture

    enlarge = max(2, 200 // max(image.size))
    large = image.resize((enlarge * image.width, enlarge * image.height), Image.Resampling.NEAREST)
    font = ImageFont.load_default(13)
    page = Image.new(image.mode, (max(large.width, math.ceil(font.getlength(title))), large.height + 20), 'white')
    ImageDraw.Draw(page).text((0, 0), title, 'black', font)
    page.paste(large, (0, 20))
    file = io.BytesIO()
    page.save(file, 'png', optimize=True)
    return Picture(file.getvalue(), alt=title)
