"""Small data sets and files for the tests, and what has to come out of them by hand."""

import zipfile
from contextlib import contextmanager
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from lesson.notebook.pdf import find_browser


def idx(images, magic=0x803, count=None):
    """The bytes of an IDX file."""
    sizes = (magic, len(images) if count is None else count, *images.shape[1:3])
    return b''.join(size.to_bytes(4, 'big') for size in sizes) + images.tobytes()


def digits(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28, 1), np.uint8)


def write_mnist(data_dir, content):
    path = Path(data_dir, 'mnist', 'train-images-idx3-ubyte.gz')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def write_faces(folder, count, size=(178, 218)):
    """JPEGs 000001.jpg and so on, smooth noise in color."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for i in range(1, count + 1):
        noise = Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8))
        noise.resize(size, Image.Resampling.BICUBIC).save(folder / f'{i:06d}.jpg')
    return sorted(folder.iterdir())


def zip_up(files, path, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, 'w', method) as archive:
        archive.mkdir('img_align_celeba')
        for file in reversed(files):
            archive.write(file, f'img_align_celeba/{file.name}')
    return path


def by_hand(file):
    box = (35, 55, 143, 163)
    return np.asarray(Image.open(file).convert('RGB').crop(box).resize((28, 28), Image.Resampling.BILINEAR))


def all_files(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob('*') if path.is_file())


def cache_of(data_dir):
    (cache,) = Path(data_dir).rglob('*.npy')
    return cache


def colors(height=40, width=40):
    """A smooth picture in which no two corners are alike."""
    small = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [230, 220, 40]]], np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR)


@contextmanager
def chromium(required=False):
    """A browser, driven by Playwright; where there is none, the test fails if it is required, and else is skipped."""
    api = pytest.importorskip('playwright.sync_api')
    with api.sync_playwright() as playwright:
        try:
            path = find_browser()
        except FileNotFoundError:
            path = None  # Playwright's own, if that is installed
        try:
            browser = playwright.chromium.launch(executable_path=path, args=['--no-sandbox'], timeout=120_000)
        except api.Error as error:
            (pytest.fail if required else pytest.skip)(f'no browser starts: {str(error).splitlines()[0]}')
        yield browser
        browser.close()


def write_notebook(path, *sources):
    """A notebook of code cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [nbformat.v4.new_code_cell(source, id=str(number)) for number, source in enumerate(sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path
