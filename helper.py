"""Data for the lesson: download, crop, resize, scale, batches, image grids.

Images are uint8 [n, 28, 28, channels] at rest and float32 in [-0.5, 0.5] out of `Dataset.get_batches`.
Which data sets there are, and how files are downloaded, pictures prepared and synthetic ones drawn, is in lesson/.
"""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from lesson.data import synthetic
from lesson.data.decode import bits_per_channel, eight_bits, silent_libraries
from lesson.data.download import download
from lesson.data.idx import cached_idx, idx_md5, labels_beside, read_labels
from lesson.data.known_sets import DATA_SETS, find
from lesson.data.prepare import prepared_images
from lesson.files import expanded, md5, say
from lesson.pictures import grid, levels
from lesson.pictures import picture as picture
from lesson.progress import progress as progress

GRAY = 2  # levels by which the channels of a gray pixel may differ: WebP rounds each
ROUNDING = 0.01  # by which floats may miss [-0.5, 0.5]: bfloat16 has steps of 0.004 there
MOST_PIXELS = 50_000_000  # of a picture: they take 1 GB of memory
FETCH_AGAIN = 'Delete it and fetch it again'


def download_extract(name: str, data_dir: str | Path = 'data') -> Path:
    """Fetch 'mnist' or 'celeba' from the first mirror that serves it, verified by MD5, and return its path.

    MNIST's labels come with it; if they cannot be had, that is printed, and the digits do without.
    Nothing is unpacked: `open_dataset` reads the file as it is. An interrupted download is resumed by the next call.
    A file that is there already is returned, after a check of its MD5 if it lies where a download puts it.
    Raises ValueError for another name and for a file that is there but is not the data set's, and OSError when the
    folder cannot be written, when the disk is full, and when no mirror serves the file; the message then gives
    each address with its reason and the place where the file can be put by hand.
    """
    if name not in DATA_SETS:
        raise ValueError(f'there is no {name!r} to download; choose from {", ".join(DATA_SETS)}')
    about, data_dir = DATA_SETS[name], expanded(data_dir)
    target = data_dir / about.file
    found = find(about, data_dir)
    if not found:
        say(f'Fetching {about.title} ({about.license})')
        download(about.urls, target, about.size, about.md5)
    elif found == target and (found_md5 := md5(target)) != about.md5:
        raise ValueError(
            f'{target} is not {about.title}: it has {target.stat().st_size:,} bytes and MD5 {found_md5} '
            f'instead of {about.size:,} bytes and {about.md5}. {FETCH_AGAIN}'
        )
    if about.labels and found in (None, target) and not (labels := labels_beside(target)).exists():
        urls = [f'{url.rpartition("/")[0]}/{labels.name}' for url in about.urls]
        try:
            download(urls, labels, about.labels.size, about.labels.md5)
        except OSError as error:
            say(f'The digits can be used without their labels, but not be scored by what they show. {error}')
    return found or target


def get_image(
    path_or_file,
    width: int,
    height: int,
    mode: str,
    crop: int | None = None,
    picture_size: tuple[int, int] | None = None,
) -> np.ndarray:
    """One picture as uint8 [height, width, channels], for mode 'L' (1 channel) as for 'RGB' (3).

    The centered square of `crop` pixels, or the largest centered square, is resized with Pillow's
    bilinear filter. EXIF rotation is applied, transparency laid over white, more than 8 bits per channel scaled to 8;
    of an animation the first frame is taken.
    Raises ValueError when the picture is smaller than `crop`, is not of picture_size (width, height), has more than
    MOST_PIXELS, or has values of an unknown range; and whatever Pillow raises for broken files.
    """
    if mode not in ('L', 'RGB'):
        raise ValueError(f"mode is {mode!r}: choose 'L' or 'RGB'")
    with Image.open(path_or_file) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f'too large: {image.width}x{image.height}, at most {MOST_PIXELS:,} pixels')
        if picture_size and image.size != tuple(picture_size):
            raise ValueError(f'it has {image.width}x{image.height} pixels, not {picture_size[0]}x{picture_size[1]}')
        side = crop or min(image.size)
        if side > min(image.size):
            raise ValueError(f'too small: {image.width}x{image.height}, needs at least {side}x{side} pixels')
        bits = bits_per_channel(image)
        with silent_libraries(image):
            image.load()
        with suppress(Exception):  # a damaged EXIF block, which every viewer ignores
            ImageOps.exif_transpose(image, in_place=True)
        image = eight_bits(image, bits)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    if image.has_transparency_data:
        image = image.convert('RGBA')
        image = Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
    image = image.convert(mode).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image).reshape(height, width, -1)


def get_batch(image_files, width: int, height: int, mode: str, crop: int | None = None) -> np.ndarray:
    """`get_image` of each file, as one uint8 array [n, height, width, channels]. ValueError: there are no files."""
    images = [get_image(file, width, height, mode, crop) for file in image_files]
    if not images:
        raise ValueError(
            'there are no image files: if they come from glob, its pattern fits no file. MNIST is one file now, '
            "and CelebA a zip: take helper.open_dataset('mnist', data_dir).images"
        )
    return np.stack(images)


class Dataset:
    """Images, and batches of them. `open_dataset` makes one of files.

    images: uint8 [n, height, width, channels], n >= 1; title: for figures; image_mode: 'L' (1 channel) or 'RGB' (3),
    None: the one that fits the channels; labels: what each image shows, uint8 [n], or None; mirror: whether half of the
    images, chosen at random in each epoch, are mirrored, left to right.
    Raises ValueError when mode or labels do not fit the images, TypeError for the original course's arguments.
    """

    def __init__(self, images, title, image_mode=None, labels=None, mirror=False):
        if isinstance(images, (str, Path)):
            raise TypeError(
                f'Dataset takes images, a title and an image_mode. In place of helper.Dataset({str(images)!r}, files) '
                f'write helper.open_dataset({str(images)!r}, data_dir)'
            )
        image_mode = image_mode or ('L' if images.shape[-1] == 1 else 'RGB')
        _check_shape(images, image_mode)
        if labels is not None and len(labels) != len(images):
            raise ValueError(f'there are {len(labels):,} labels for {len(images):,} images: pass one for each')
        self.images, self.title, self.image_mode, self.labels = images, title, image_mode, labels
        self.shape, self.mirror = images.shape, mirror

    def get_batches(self, batch_size: int, seed=None) -> Iterator[np.ndarray]:
        """Yield shuffled float32 batches [batch_size, height, width, channels] in [-0.5, 0.5], one epoch per call.

        A last, incomplete batch is dropped. The same seed (whatever np.random.default_rng takes) gives the
        same order, None a fresh one. Raises ValueError when batch_size is not a whole number from 1 to the image count.
        """
        count = len(self.images)
        if not isinstance(batch_size, (int, np.integer)) or not 1 <= batch_size <= count:
            raise ValueError(f'batch_size is {batch_size!r}: there are {count:,} {self.title}, choose 1 to {count}')
        return self._batches(batch_size, np.random.default_rng(seed))

    def _batches(self, batch_size, rng):
        images = np.asarray(self.images)
        order = rng.permutation(len(images))
        for start in range(0, len(order) - batch_size + 1, batch_size):
            batch = images[order[start : start + batch_size]].astype(np.float32)
            if self.mirror:
                mirrored = rng.random(batch_size) < 0.5
                batch[mirrored] = batch[mirrored, :, ::-1]
            batch /= 255
            batch -= 0.5
            yield batch


def open_dataset(
    name: str,
    data_dir: str | Path = 'data',
    source: str = 'local',
    synthetic_count: int = 10_000,
    cache_dir: str | Path | None = None,
    image_mode: str | None = None,
    image_size: int = 28,
) -> Dataset:
    """Open a data set, say in one line which data it is, and return the `Dataset`.

    name: 'mnist', 'celeba', or a folder or zip of your own pictures: its name in data_dir, or its path.
    source: 'local' takes the real data where it is in data_dir, else synthetic data; 'download' fetches the real data
        first, and takes synthetic data when that fails, saying why; 'auto' is 'download' for MNIST, which is small, and
        'local' for CelebA; 'synthetic' always takes synthetic data: synthetic_count digits or faces, kept in
        data_dir/synthetic. Your own pictures are opened in all cases.
    cache_dir: where all that is made is kept: the prepared images, synthetic data; None: beside the data.
    image_mode: 'L' or 'RGB' for your own pictures; None: 'L' if all of them are gray.
    image_size: height and width of the images in pixels; digits larger than 28 get a black margin.

    The first use prepares all images on all cores; later ones map the file that it made, as long as names, sizes and
    times of the data are the same. A preparation that was killed begins again, and any number of processes at the same
    time do no harm.
    Raises ValueError for another source, mode or number and for damaged data or labels, FileNotFoundError when there is
    no such folder, OSError when data cannot be read or images not be kept, RuntimeError when a process was killed.
    """
    _check_choices(name, source, image_mode, synthetic_count=synthetic_count, image_size=image_size)
    data_dir, cache_dir = expanded(data_dir), cache_dir and expanded(cache_dir)
    if name not in DATA_SETS:
        dataset, path = _open_own(name, data_dir, cache_dir, image_size, image_mode)
    else:
        about = DATA_SETS[name]
        path = None if source == 'synthetic' else _real(name, data_dir, source)
        if path:
            dataset = _open_known(about, path, cache_dir, image_size)
        else:
            path = synthetic.ensure(about.file, synthetic_count, cache_dir or data_dir)
            dataset = _open_known(about, path, cache_dir, image_size, about.synthetic)
    instead = f', not {about.title}' if name in DATA_SETS and dataset.title != about.title else ''
    say(f'Using {dataset.title}{instead}: {len(dataset.images):,} images from {path}')
    return dataset


def _check_choices(name, source, image_mode, **counts):
    if source not in ('auto', 'local', 'download', 'synthetic'):
        raise ValueError(f"source is {source!r}: choose 'auto', 'local', 'download' or 'synthetic'")
    modes = (DATA_SETS[name].image_mode,) if name in DATA_SETS else ('L', 'RGB')
    if image_mode not in (None, *modes):
        raise ValueError(f'image_mode is {image_mode!r}: choose {" or ".join(map(repr, modes))}')
    for what, number in counts.items():
        if not isinstance(number, (int, np.integer)) or isinstance(number, bool) or number < 1:
            raise ValueError(f'{what} is {number!r}: choose a whole number of at least 1')


def _real(name, data_dir, source):
    """The path of a real data set, or None; when it could not be fetched, it is said why."""
    found = None if source == 'download' else find(DATA_SETS[name], data_dir)
    if found or source == 'local' or (source == 'auto' and name != 'mnist'):
        return found
    try:
        return download_extract(name, data_dir)
    except OSError as error:
        say(f'{DATA_SETS[name].title} cannot be downloaded: is there a network?' if source == 'auto' else error)
        return None


def _open_known(about, path, cache_dir, size, title=None):
    """The Dataset of a file or folder that has the form of what `about` says; title: what it is called instead."""
    remedy = 'Delete it and run this again: it is made anew' if title else FETCH_AGAIN
    if about.image_mode == 'L':
        images = cached_idx(path, size, remedy, cache_dir)
        known = idx_md5(images) == about.images_md5
        title = title or (about.title if known else 'unknown IDX images')
        expected = about.labels.content_md5 if known and about.labels else None
        labels = read_labels(path, len(images), remedy, expected)
    else:
        prepare = partial(
            get_image, width=size, height=size, mode='RGB', crop=about.crop, picture_size=about.picture_size
        )
        title, labels = title or about.title, None
        images = prepared_images(path, prepare, (size, size, 3), title, cache_dir, remedy)
    return Dataset(images, title, about.image_mode, labels)


def _open_own(name, data_dir, cache_dir, size, image_mode):
    """(Dataset of a folder of pictures or a zip of them, its path)."""
    places = data_dir / expanded(name), expanded(name)
    path = next((p for p in places if os.path.isdir(p) or (p.suffix.lower() == '.zip' and os.path.isfile(p))), None)
    if path is None:
        raise FileNotFoundError(
            f'no folder of pictures {str(name)!r}: neither {places[0]} nor {places[1]} is a folder. '
            f'Create one of them and put your pictures into it, name a zip, or choose from {", ".join(DATA_SETS)}'
        )
    path, title, mode = path.absolute(), path.stem if path.is_file() else path.name, image_mode or 'RGB'
    prepare = partial(get_image, width=size, height=size, mode=mode)
    images = prepared_images(path, prepare, (size, size, len(mode)), title, cache_dir)
    parts = (images[start : start + 1000] for start in range(0, len(images), 1000))
    if image_mode is None and all((np.ptp(part, -1) <= GRAY).all() for part in parts):
        images, mode = images[..., :1], 'L'
    return Dataset(images, title, mode), path


def scale(images, feature_range: tuple[float, float] = (-1, 1)) -> np.ndarray:
    """Images as float32 in feature_range; black and white go to its ends, whatever the images contain.

    uint8 images are taken to be in [0, 255], floating-point images in [-0.5, 0.5], as from `get_batches`.
    Raises TypeError for any other dtype, ValueError for floating-point images that are not in [-0.5, 0.5].
    """
    images = np.asarray(images)
    if images.dtype == np.uint8:
        unit = images.astype(np.float32) / 255
    elif np.issubdtype(images.dtype, np.floating):
        unit = images.astype(np.float32) + 0.5
        if not ((unit >= -ROUNDING) & (unit <= 1 + ROUNDING)).all():
            raise ValueError(
                f'images reach from {images.min():g} to {images.max():g}, expected [-0.5, 0.5], as from get_batches: '
                'if they are scaled already, leave this scale out; else pass the uint8 images'
            )
    else:
        raise TypeError(f'images are {images.dtype}: expected uint8 in [0, 255] or floats in [-0.5, 0.5]')
    low, high = feature_range
    return unit * np.float32(high - low) + np.float32(low)


def images_square_grid(
    images, mode: str, feature_range: tuple[float, float] = (-1, 1), columns: int | None = None
) -> Image.Image:
    """All images [n, height, width, channels] in one PIL image, row by row, with gray gaps of one pixel.

    uint8 is shown as it is, floats are clipped to feature_range, so that two grids can be compared.
    There are ceil(sqrt(n)) columns unless given; cells left over are gray.
    Raises ValueError when the shape does not fit mode 'L' (1 channel) or 'RGB' (3).
    """
    images = np.asarray(images)
    _check_shape(images, mode)
    if images.dtype != np.uint8:
        images = levels(images, *feature_range)
    return grid(images, columns or math.ceil(math.sqrt(len(images))))


def _check_shape(images, mode):
    channels = {'L': 1, 'RGB': 3}.get(mode)
    if channels is None:
        raise ValueError(f"mode is {mode!r}: choose 'L' or 'RGB'")
    if images.ndim != 4 or images.shape[-1] != channels or len(images) == 0:
        raise ValueError(f'images are {images.shape}: mode {mode!r} takes [n, height, width, {channels}], n >= 1')
