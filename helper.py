"""Data for the lesson: download, verify, crop, resize, scale, batches, image grids.

Images are uint8 [n, 28, 28, channels] at rest and float32 in [-0.5, 0.5] out of `Dataset.get_batches`.
"""

import errno
import gzip
import hashlib
import io
import math
import os
import re
import shutil
import signal
import struct
import sys
import warnings
import zipfile
import zlib
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, suppress
from functools import partial
from multiprocessing import get_context
from operator import attrgetter, itemgetter
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

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

IMAGE_SIZE = 28
PART = 64  # pictures that a process prepares at a time
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

    Does nothing but return the path when the data is there already. Nothing is unpacked: `Dataset` reads
    the file as it is. Raises ValueError for another name, and OSError when no mirror serves the file;
    its message gives each address with the reason. No part of a file is left behind.
    """
    if name not in DATA_SETS:
        raise ValueError(f'there is no {name!r} to download; choose from {", ".join(DATA_SETS)}')
    found = _find(name, data_dir)
    if found:
        return found

    import pooch

    about = DATA_SETS[name]
    target = Path(data_dir, about['file'])
    partial = target.parent / f'.download-{name}'  # the next download tidies up after a killed one
    pooch.get_logger().setLevel('WARNING')
    print(f'Fetching {about["title"]} ({about["license"]})')
    reasons = []
    try:
        for url in about['urls']:
            host = url.split('/')[2]
            with progress(total=about['size'], unit='B', unit_scale=True, desc=host) as bar:
                try:
                    pooch.retrieve(url, f'md5:{about["md5"]}', target.name, partial, downloader=_downloader(bar))
                    os.replace(partial / target.name, target)
                    return target
                except (OSError, ValueError) as error:  # pooch: ValueError is the wrong MD5
                    full = getattr(error, 'errno', None) in _DISK_FULL
                    while error.__context__:  # requests wraps the cause three times
                        error = error.__context__
                    reason = _disk_full(target, about['size']) if full else error
                    reasons.append(f'  {url}\n    {reason}')
                    if full:
                        break
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    raise OSError(
        f'{about["title"]} could not be downloaded:\n'
        + '\n'.join(reasons)
        + f'\nIf you can get {target.name} ({about["size"]:,} bytes, MD5 {about["md5"]}) elsewhere, '
        f'put it at {target} by hand.'
    )


def _downloader(bar):
    import pooch

    # 'identity': a server that unpacks the .gz on its way would change its MD5.
    fetch = pooch.HTTPDownloader(progressbar=bar, chunk_size=2**16, timeout=30, headers={'Accept-Encoding': 'identity'})

    def download(url, output_file, caller):
        fetch(url, output_file, caller)
        if _is_html(output_file):
            raise ValueError('the server sent an HTML page instead of the file')

    return download


def _is_html(path):
    with open(path, 'rb') as file:
        return file.read(512).lstrip().lower().startswith((b'<!doctype', b'<html', b'<head', b'<?xml'))


_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _disk_full(path, size):
    free = shutil.disk_usage(path.parent).free
    return f'no space to write {path}: it needs {size:,} bytes, {free:,} are free. Make room and try again'


def _find(name, data_dir):
    """The path of the data set `name` below data_dir, or None."""
    about = DATA_SETS[name]
    places = [Path(data_dir, place) for place in (about['file'], *about['also'])]
    return next((place for place in places if place.exists()), None)


def get_image(path_or_file, width, height, mode, crop=None):
    """One picture as uint8 [height, width, channels], for mode 'L' (1 channel) as for 'RGB' (3).

    The centred square of `crop` pixels, or the largest centred square, is resized with Pillow's
    bilinear filter. EXIF rotation is applied, transparency laid over white, 16 bits per pixel scaled to 8;
    of an animation the first frame is taken.
    Raises ValueError when the picture is smaller than `crop`, and whatever Pillow raises for broken files.
    """
    with Image.open(path_or_file) as image:
        ImageOps.exif_transpose(image, in_place=True)
        side = crop or min(image.size)
        if side > min(image.size):
            raise ValueError(f'too small: {image.width}x{image.height}, needs at least {side}x{side} pixels')
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    if image.mode.startswith('I'):  # 16 bits per pixel, which convert() would clip at 255
        image = Image.fromarray(np.rint(np.asarray(image).clip(0, 65535) / 257).astype(np.uint8))
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
    are skipped and named. The preparation starts processes, so a script needs `if __name__ == '__main__':`
    around its own work. Raises FileNotFoundError when there is no data, ValueError when the data is
    damaged, OSError when the prepared images cannot be written.
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

        self.images = _load(cache, channels)
        if self.images is None:
            if name == 'mnist':
                images = _read_idx(self.source)
                _save(cache, [images], images.shape)
            else:
                members = _members(self.source) if self.source.is_file() else [name for name, *_ in entries]
                with closing(self._prepared(members, about['crop'])) as blocks:
                    _save(cache, blocks, (len(members), IMAGE_SIZE, IMAGE_SIZE, channels))
            self.images = _load(cache, channels)
            _remove_older(cache, stem)
        self.shape = self.images.shape

    def _prepared(self, members, crop):
        """Yield uint8 blocks [k, 28, 28, channels] of all readable pictures, in order, made on all cores.

        Processes do: threads wait for each other too often, as half of Pillow's work on a small picture
        holds the interpreter lock. They are spawned: forking a process with TensorFlow in it is not safe.
        """
        prepare = partial(_prepare, self.source, self.image_mode, crop)
        parts = [members[i : i + PART] for i in range(0, len(members), PART)]
        broken = []
        with (
            closing(_on_all_cores(prepare, parts)) as prepared,
            progress(total=len(members), unit='img', desc=self.title) as bar,
        ):
            for images, unread in prepared:
                broken += unread
                if len(images):
                    yield images
                bar.update(len(images) + len(unread))

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
    data = path.read_bytes()
    if data[:2] == b'\x1f\x8b':
        try:
            data = gzip.decompress(data)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f'{path} is damaged ({error}): delete it and fetch it again') from None
    if _is_html(path):
        raise ValueError(f'{path} is an HTML page, not an IDX file: delete it and fetch it again')
    magic, count, rows, columns = (int.from_bytes(data[i : i + 4], 'big') for i in range(0, 16, 4))
    expected = 16 + count * IMAGE_SIZE**2
    if magic != 0x803:  # 08: unsigned bytes, 03: three dimensions
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
    """The pictures in a zip file, as zipfile.ZipInfo, by name."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        what = 'an HTML page, not a zip' if _is_html(path) else f'no readable zip ({error})'
        raise ValueError(f'{path} is {what}: delete it and fetch it again') from None
    hidden = re.compile(r'(^|/)(\.|__MACOSX/)')
    members = [member for member in members if not member.is_dir() and not hidden.search(member.filename)]
    if not members:
        raise ValueError(f'{path} holds no pictures: delete it and fetch it again')
    return sorted(members, key=attrgetter('filename'))


def _prepare(source, mode, crop, members):
    """(uint8 [k, 28, 28, channels] of the readable members of a folder or zip, names of the others with reasons)."""
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
                broken.append(f'{getattr(member, "filename", member)} ({error})')
    return np.array(images), broken


def _on_all_cores(function, parts):
    """Yield function(part) of all parts, in order. This process works as well, as starting another takes a while."""
    others = min(os.cpu_count(), len(parts), 61) - 1  # 61: the most that Windows takes
    if others < 1:
        yield from map(function, parts)
        return
    # In the others, Ctrl-C is ignored: it is for the process that waits.
    pool = ProcessPoolExecutor(others, get_context('spawn'), signal.signal, (signal.SIGINT, signal.SIG_IGN))
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


def _read(source, member):
    """The bytes of a file in the folder `source`, or of a member (zipfile.ZipInfo) of the zip file `source`.

    zipfile.ZipFile would read the list of all 202,599 members first, in each process: 100 MB of memory each.
    """
    if isinstance(member, str):
        with open(os.path.join(source, member), 'rb') as file:
            return file.read()
    with open(source, 'rb') as file:
        file.seek(member.header_offset + 26)  # the lengths of name and extra field, which come before the data
        name_length, extra_length = struct.unpack('<2H', file.read(4))
        file.seek(name_length + extra_length, os.SEEK_CUR)
        data = file.read(member.compress_size)
    if member.compress_type == zipfile.ZIP_DEFLATED:
        data = zlib.decompress(data, wbits=-zlib.MAX_WBITS)
    if zlib.crc32(data) != member.CRC:
        raise ValueError('wrong checksum in the zip file')
    return data


def _save(cache, blocks, shape):
    """Write blocks of rows as one .npy file (at most shape[0] rows), whole or not at all.

    Plain writes, not a memory map: on a full disk a write raises an error, a memory map kills the process.
    """
    temporary = cache.with_name(f'{cache.name}.{os.urandom(4).hex()}.part')
    try:
        with open(temporary, 'wb') as file:
            file.write(_npy_header(shape))
            count = 0
            for block in blocks:
                file.write(block)
                count += len(block)
            file.seek(0)
            file.write(_npy_header((count, *shape[1:])))
        with suppress(FileNotFoundError):  # another process has just made the same file, and tidied up
            os.replace(temporary, cache)
    except OSError as error:
        if error.errno in _DISK_FULL:
            temporary.unlink()  # before the free space is counted
            raise OSError(error.errno, _disk_full(cache, math.prod(shape))) from None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _npy_header(shape):
    """The first bytes of a .npy file of uint8, which NumPy pads to the same length for any shape[0]."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {'descr': '|u1', 'fortran_order': False, 'shape': shape})
    return header.getvalue()


def _load(cache, channels):
    """The prepared images, memory-mapped, or None when the file is missing, damaged or not whole."""
    if not cache.exists():
        return None
    row = (IMAGE_SIZE, IMAGE_SIZE, channels)
    length = len(_npy_header((0, *row)))
    count, rest = divmod(cache.stat().st_size - length, math.prod(row))
    with open(cache, 'rb') as file:
        if rest or count < 1 or file.read(length) != _npy_header((count, *row)):
            return None
    return np.memmap(cache, np.uint8, 'r', length, (count, *row))


def _remove_older(cache, stem):
    pattern = re.compile(re.escape(stem) + r'-[0-9a-f]{12}\.npy(\.[0-9a-f]{8}\.part)?')
    for path in cache.parent.iterdir():
        if path != cache and pattern.fullmatch(path.name):
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
    import sample_data

    about = DATA_SETS[name]
    folder = Path(data_dir, 'stand-in')
    path = folder / about['file']
    dataset = Dataset(name, folder, about['stand_in']) if path.exists() else None
    if dataset is None or len(dataset.images) != count:
        path.parent.mkdir(parents=True, exist_ok=True)
        draw = {'mnist': sample_data.write_digits, 'celeba': sample_data.write_faces}[name]
        draw(path, count=count, seed=0, progress=progress)
        dataset = Dataset(name, folder, about['stand_in'])
    print(
        f'Using {dataset.title}, drawn by sample_data.py, not {about["title"]}: '
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
