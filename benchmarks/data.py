"""How fast helper.py prepares and feeds faces, against the plain one-thread Pillow loop, in one table.

    python benchmarks/data.py [--data-dir DIR] [--count N]

CelebA is read where it lies in DIR, as a zip or a folder; without it, synthetic faces are drawn into a
temporary folder. Nothing is written to DIR.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import helper  # noqa: E402

REPETITIONS = 3
BOX = (35, 55, 143, 163)  # left, top, right, bottom of the centred 108x108 of 178x218

# Both run in a new process. The first prepares the faces, the second finds them prepared.
# The memory is that of the process and its workers together, looked at every 10 ms: pages that they share are
# counted in each, so it is an upper bound.
MEMORY = """
import glob, os, re, threading, time

def resident():
    pids = [os.getpid()]
    for listing in glob.glob('/proc/self/task/*/children'):
        pids += open(listing).read().split()
    total = 0
    for pid in pids:
        try:
            status = open(f'/proc/{{pid}}/status').read()
        except OSError:  # it has just ended
            continue
        found = re.search(r'VmRSS:\\s+(\\d+)', status)
        total += int(found[1]) / 1024 if found else 0
    return total

def watch():
    global peak
    while True:
        peak = max(peak, resident())
        time.sleep(0.01)

bare = peak = resident()
threading.Thread(target=watch, daemon=True).start()
import helper
helper.open_dataset('celeba', {folder!r})
print(peak - bare)
"""
# A new process each time: one that has handled many pictures has memory at hand, which a first use has not.
TIMED = """
import time
from pathlib import Path
from benchmarks import data
start = time.perf_counter()
data.{function}(Path({folder!r}))
print(time.perf_counter() - start)
"""
START = """
import time
start = time.perf_counter()
import helper
imported = time.perf_counter()
helper.open_dataset('celeba', {folder!r})
print(imported - start, time.perf_counter() - imported)
"""


def collect_faces(data_dir, count, folder):
    """Put `count` faces (or all there are) into folder/img_align_celeba, and say where they are from."""
    faces = folder / 'img_align_celeba'
    faces.mkdir()
    places = [data_dir / name for name in ('img_align_celeba', 'img_align_celeba.zip', 'celeba.zip')]
    source = next((place for place in places if place.exists()), None)
    if source and source.is_dir():
        for file in sorted(source.rglob('*.jpg'))[:count]:
            (faces / file.name).symlink_to(file.resolve())
        return f'CelebA in {source}'
    path = source or folder / 'faces.zip'
    if source is None:
        from lesson.data import synthetic

        synthetic.write_faces(path, count)
    with zipfile.ZipFile(path) as archive:
        for name in sorted(name for name in archive.namelist() if name.endswith('.jpg'))[:count]:
            (faces / Path(name).name).write_bytes(archive.read(name))
    return f'CelebA in {source}' if source else 'synthetic faces'


def plain_loop(folder):
    """What one would write without helper.py."""
    images = []
    for file in sorted((folder / 'img_align_celeba').iterdir()):
        image = Image.open(file).convert('RGB').crop(BOX)
        images.append(np.asarray(image.resize((28, 28), Image.Resampling.BILINEAR)))
    return np.stack(images)


def decoded_per_batch(folder, batch_size, batches=50):
    """Batches as the course project makes them: every picture is decoded again whenever it is shown."""
    files = np.random.default_rng(0).permutation(sorted((folder / 'img_align_celeba').iterdir()))
    for i in range(0, min(len(files), batches * batch_size) - batch_size + 1, batch_size):
        images = [Image.open(file).crop(BOX) for file in files[i : i + batch_size]]
        resized = [np.asarray(image.resize((28, 28), Image.Resampling.BILINEAR)) for image in images]
        yield np.stack(resized).astype(np.float32) / 255 - 0.5


def prepare(folder):
    for cache in folder.glob('*.npy'):
        cache.unlink()
    return helper.open_dataset('celeba', folder).images


def seconds(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def in_a_new_process(code, folder, **more):
    """The numbers in the last line that the code prints."""
    command = [sys.executable, '-c', code.format(folder=str(folder), **more)]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return [float(number) for number in run.stdout.splitlines()[-1].split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', type=Path, default=ROOT / 'data', help='where CelebA lies (default: data)')
    parser.add_argument('--count', type=int, default=15_000, help='number of faces (default: 15000)')
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        source = collect_faces(arguments.data_dir, arguments.count, folder)
        plain, prepared = [], []
        for _ in range(REPETITIONS):  # taken in turns, so that what else the machine does meets both
            plain += in_a_new_process(TIMED, folder, function='plain_loop')
            prepared += in_a_new_process(TIMED, folder, function='prepare')
        images = prepare(folder)
        np.testing.assert_array_equal(images, plain_loop(folder))
        count = len(images)

        dataset = helper.open_dataset('celeba', folder)
        epochs = [seconds(lambda: sum(len(b) for b in dataset.get_batches(64))) for _ in range(5)]
        decoded = [seconds(lambda: sum(len(b) for b in decoded_per_batch(folder, 64))) for _ in range(REPETITIONS)]
        starts = [in_a_new_process(START, folder) for _ in range(REPETITIONS)]
        imported, opened = (statistics.median(values) for values in zip(*starts, strict=True))
        prepare_rate, plain_rate = (count / statistics.median(times) for times in (prepared, plain))
        ratio = statistics.median(p / q for p, q in zip(plain, prepared, strict=True))
        batch_rate, decoded_rate = (
            statistics.median(shown / duration for duration, shown in runs) for runs in (epochs, decoded)
        )

        memory = 'measured on Linux only'
        if sys.platform == 'linux':
            for cache in folder.glob('*.npy'):
                cache.unlink()
            memory = f'{in_a_new_process(MEMORY, folder)[0]:,.0f} MB'

    print(f'{count:,} faces ({source}), {os.cpu_count()} cores, Python {platform.python_version()}')
    for what, result in (
        ('plain Pillow loop, one thread', f'{plain_rate:,.0f} images/s'),
        ('open_dataset, first use', f'{prepare_rate:,.0f} images/s'),
        ('  times the plain loop', f'{ratio:.2f}'),
        ('  peak memory above the interpreter', memory),
        ('open_dataset, second use', f'{opened:.3f} s'),
        ('get_batches(64)', f'{batch_rate:,.0f} images/s'),
        ('decoded again for each batch of 64', f'{decoded_rate:,.0f} images/s'),
        ('  get_batches is faster by', f'{batch_rate / decoded_rate:,.0f}x'),
        ('import helper', f'{imported:.3f} s'),
    ):
        print(f'{what:<38}{result:>24}')


if __name__ == '__main__':
    main()
