"""Synthetic digits and faces for a machine without MNIST and CelebA: seeded, nothing downloaded.

The files have the data sets' own formats, so whatever reads the real ones reads these. Picture number i
depends on the seed and on i alone, so any number of processor cores writes the same file.
"""

import gzip
import io
import os
import signal
import struct
import zipfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from itertools import chain, repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from .digits import draw_digits
from .faces import draw_face

BLOCK = 100  # pictures that a worker draws at a time


def draw_jpegs(count, seed=0, first=0):
    """Faces number `first`, `first` + 1, ... of the row that `seed` gives: `count` JPEG files as bytes."""
    files = [io.BytesIO() for _ in range(count)]
    for number, file in enumerate(files, first):
        draw_face(np.random.default_rng([seed, number])).save(file, 'JPEG', quality=90)
    return [file.getvalue() for file in files]


def draw_blocks(draw, count, seed, bar):
    """Generate draw(size, seed, first) for block after block of pictures, drawn on all processor cores.

    Processes, as threads would wait for Python's lock (two drew slower than one); spawned, as a fork of a
    process that runs TensorFlow can hang. Ctrl-C reaches them as well as the caller; they ignore it, and the
    caller ends them.
    """
    starts = range(0, count, BLOCK)
    sizes = [min(BLOCK, count - start) for start in starts]
    ignore_ctrl_c = signal.signal, (signal.SIGINT, signal.SIG_IGN)
    pool = ProcessPoolExecutor(min(os.cpu_count(), len(starts)), get_context('spawn'), *ignore_ctrl_c)
    try:
        for size, block in zip(sizes, pool.map(draw, sizes, repeat(seed), starts), strict=True):
            yield block
            bar.update(size)
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def new_file(path):
    """A binary file that takes the name `path` once it is complete; if anything fails, none of it is left."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f'{path.name}.{os.getpid()}.part')
    try:
        with open(unfinished, 'wb') as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_digits(path, count=20_000, seed=0, progress=tqdm):
    """Write `count` (at least 1) digits to `path` in the format of MNIST's train-images-idx3-ubyte.gz.

    The same seed gives the same bytes. `progress` is called like tqdm. The file appears once it is complete:
    an error (OSError: no space, no permission) or Ctrl-C passes through and leaves nothing behind. A script
    that calls this needs `if __name__ == '__main__':` around its own work, as processes are started.
    """
    with (
        new_file(path) as file,
        gzip.GzipFile('', 'wb', 6, file, mtime=0) as idx,
        closing(progress(total=count, desc='Drawing digits', unit='digit')) as bar,
        closing(draw_blocks(draw_digits, count, seed, bar)) as blocks,
    ):
        idx.write(struct.pack('>4i', 0x803, count, 28, 28))  # magic number, images, rows, columns
        for images, _ in blocks:
            idx.write(images.tobytes())


def write_faces(path, count=20_000, seed=0, progress=tqdm):
    """Write `count` (at least 1) faces to `path` in the format of CelebA's img_align_celeba.zip.

    What `write_digits` promises holds here too.
    """
    with (
        new_file(path) as file,
        zipfile.ZipFile(file, 'w') as archive,  # stored: JPEGs cannot be packed any further
        closing(progress(total=count, desc='Drawing faces', unit='face')) as bar,
        closing(draw_blocks(draw_jpegs, count, seed, bar)) as blocks,
    ):
        for number, jpeg in enumerate(chain.from_iterable(blocks), 1):
            # A ZipInfo made by hand is dated 1980, so the bytes do not depend on the clock.
            archive.writestr(zipfile.ZipInfo(f'img_align_celeba/{number:06d}.jpg'), jpeg)
