"""The known data sets: names, mirrors, checksums, crop; and where in a folder they are."""

from pathlib import Path
from typing import NamedTuple

from lesson.data.cache import listing


class Source(NamedTuple):
    """Where a data set is, and what it must be."""

    title: str
    file: str  # where a download puts it, below data_dir
    folders: tuple  # of data_dir where else it may lie, ...
    names: tuple  # ... under one of these names
    md5: str  # of the file; every address below serves the very same one
    size: int  # bytes
    urls: tuple
    license: str
    image_mode: str
    synthetic: str  # the title of what is drawn in its place
    crop: int | None = None  # pixels of the centered square that is used
    picture_size: tuple | None = None  # (width, height) of every picture
    images_md5: str | None = None  # of the unpacked file
    labels: 'Labels | None' = None  # on the same mirrors


class Labels(NamedTuple):
    """A file that says what each image shows; its place is `idx.labels_beside` the images."""

    md5: str
    size: int  # bytes
    content_md5: str  # of the unpacked file


DATA_SETS = {
    'mnist': Source(
        title='MNIST',
        file='mnist/train-images-idx3-ubyte.gz',
        folders=('mnist', '.', 'MNIST', 'mnist/raw', 'MNIST/raw', 'raw'),
        names=tuple(f'train-images{dot}idx3-ubyte{packed}' for dot in '-.' for packed in ('.gz', '')),
        md5='f68b3c2dcbeaaa9fbdd348bbdeb94873',
        size=9_912_422,
        urls=(
            'https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz',
            'https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz',
            'https://raw.githubusercontent.com/fgnt/mnist/master/train-images-idx3-ubyte.gz',
        ),
        license='Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits',
        image_mode='L',
        synthetic='synthetic digits',
        images_md5='6bbc9ace898e44ae57da46a324031adb',
        labels=Labels('d53e105ee54ea40749a09fcbcd1e9432', 28_881, 'a25bea736e30d166cdddb491f175f624'),
    ),
    'celeba': Source(
        title='CelebA',
        file='img_align_celeba.zip',
        folders=('.', 'celeba', 'CelebA'),
        names=('img_align_celeba.zip', 'celeba.zip', 'img_align_celeba', 'archive.zip'),
        md5='00d2c5bc6d35e252742224ab0c1e8fcb',
        size=1_443_490_838,
        urls=(
            'https://s3-us-west-1.amazonaws.com/udacity-dlnfd/datasets/celeba.zip',
            'https://cseweb.ucsd.edu/~weijian/static/datasets/celeba/img_align_celeba.zip',
            'https://drive.usercontent.google.com/download?id=0B7EVK8r0v71pZjFTYXZWM3FlRnM&export=download&confirm=t',
        ),
        license='non-commercial research only; Liu et al. 2015, Deep Learning Face Attributes in the Wild',
        image_mode='RGB',
        synthetic='synthetic faces',
        crop=108,  # the face, without most of the background
        picture_size=(178, 218),
    ),
}


def find(source: Source, data_dir: Path) -> Path | None:
    """The path of a Source, or None: data_dir/file, or the first of its names in the first of its folders of data_dir.

    A folder counts if there is a file in it. One that contains a file of its own name, as some archives unpack, is
    that file. A file that could be anything (archive.zip) counts if it names pictures of CelebA.
    Raises NotADirectoryError when data_dir is a file.
    """
    if data_dir.is_file():
        raise NotADirectoryError(f'{data_dir} is a file: choose a folder as data_dir')
    places = [Path(source.file), *(Path(folder, name) for folder in source.folders for name in source.names)]
    for path in (data_dir / place for place in places):
        if (path / path.name).is_file():
            return path / path.name
        if path.is_dir() and next(listing(path), None):
            return path
        if path.is_file() and (path.name != 'archive.zip' or _names_celeba(path)):
            return path
    return None


def _names_celeba(path):
    """Whether the list of files, which ends a zip, names pictures of CelebA."""
    with open(path, 'rb') as file:
        file.seek(max(0, path.stat().st_size - 2**16))
        return b'img_align_celeba/' in file.read()
