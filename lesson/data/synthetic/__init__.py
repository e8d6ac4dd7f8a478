"""Synthetic digits and faces for a machine without MNIST and CelebA: seeded, nothing downloaded.

The files have the data sets' own formats. Picture number i depends on the seed and on i alone, so any number of
processor cores writes the same file.
"""

import gzip
import io
import struct
import zipfile
from contextlib import closing, suppress
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from lesson.data.cache import code_of
from lesson.data.idx import labels_beside
from lesson.data.parallel import on_all_cores
from lesson.data.synthetic.digits import draw_digits, labels
from lesson.data.synthetic.faces import draw_face
from lesson.files import full_disk_named, make_writable, one_process_at_a_time, whole_file
from lesson.progress import progress

BLOCK = 100  # pictures that a process draws at a time


def ensure(file: str, count: int, folder: Path) -> Path:
    """The path of a synthetic data set below folder/synthetic, drawn unless it is there: `count` digits or faces.

    `file` is the path of the data set that it stands for, as a download would put it. Only one process draws, others
    wait for it. Raises OSError, with what to do, when it cannot be written.
    """
    kind, write, draw = ('faces', write_faces, _jpegs) if file.endswith('.zip') else ('digits', write_digits, _digits)
    path = folder / 'synthetic' / f'{kind}-{count}-{code_of(draw)[:8]}' / Path(file).name
    if not path.exists():
        make_writable(path.parent, 'choose another data_dir, or a cache_dir')
        waiting = f'Waiting for another process that draws {path}'
        with one_process_at_a_time(path.parent, waiting), full_disk_named(path):
            if not path.exists():
                write(path, count)
    if kind == 'digits' and not (beside := labels_beside(path)).exists():
        with suppress(OSError):  # digits without labels are as good to learn from
            write_labels(beside, count)
    return path


def write_digits(path: Path, count: int, seed: int = 0) -> None:
    """Write `count` (at least 1) digits to `path` in the format of MNIST's train-images-idx3-ubyte.gz.

    The same seed gives the same bytes. The file appears once it is complete: an OSError or Ctrl-C leaves nothing
    behind.
    """
    with (
        whole_file(path) as file,
        gzip.GzipFile('', 'wb', 6, file, mtime=0) as idx,
        closing(_drawn(_digits, count, seed, 'digit')) as blocks,
    ):
        idx.write(struct.pack('>4i', 0x803, count, 28, 28))  # magic number, images, rows, columns
        for images in blocks:
            idx.write(images.tobytes())


def write_labels(path: Path, count: int, seed: int = 0) -> None:
    """Write the labels of what `write_digits` draws to `path`, in the format of MNIST's train-labels-idx1-ubyte.gz."""
    with whole_file(path) as file, gzip.GzipFile('', 'wb', 6, file, mtime=0) as idx:
        idx.write(struct.pack('>2i', 0x801, count) + labels(count, seed).tobytes())


def write_faces(path: Path, count: int, seed: int = 0) -> None:
    """The same for faces, in the format of CelebA's img_align_celeba.zip."""
    with (
        whole_file(path) as file,
        zipfile.ZipFile(file, 'w') as archive,  # stored: JPEGs cannot be packed any further
        closing(_drawn(_jpegs, count, seed, 'face')) as blocks,
    ):
        for number, jpeg in enumerate(chain.from_iterable(blocks), 1):
            # A ZipInfo made by hand is dated 1980, so the bytes do not depend on the clock.
            archive.writestr(zipfile.ZipInfo(f'img_align_celeba/{number:06d}.jpg'), jpeg)


def _drawn(draw, count, seed, unit):
    """Yield draw(seed, numbers) for block after block of the numbers below count."""
    blocks = [range(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
    with (
        progress(total=count, desc=f'Drawing {unit}s', unit=unit) as bar,
        closing(on_all_cores(partial(draw, seed), blocks)) as drawn,
    ):
        for numbers, block in zip(blocks, drawn, strict=True):
            yield block
            bar.update(len(numbers))


def _digits(seed, numbers):
    return draw_digits(len(numbers), seed, numbers.start)[0]


def _jpegs(seed, numbers):
    """Faces with these numbers, as the bytes of JPEG files."""
    files = [io.BytesIO() for _ in numbers]
    for number, file in zip(numbers, files, strict=True):
        draw_face(np.random.default_rng([seed, number])).save(file, 'JPEG', quality=90)
    return [file.getvalue() for file in files]
