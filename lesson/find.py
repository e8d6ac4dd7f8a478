"""Where in a folder a data set lies, and what there only looks like one."""

import re
from pathlib import Path

from .prepare import listing

SUSPECTS = {
    'mnist': re.compile(r'.*(mnist|train-images|idx3)', re.IGNORECASE),
    'celeba': re.compile(r'.*(celeb|img_align|archive\.zip)', re.IGNORECASE),
}


def find(file, folders, names, data_dir):
    """The path of a data set, or None: data_dir/file, or the first of names in the first of folders of data_dir.

    A folder counts if there is a file in it. One that contains a file of its own name, as some archives unpack, is
    that file. A file that could be anything (archive.zip) counts if it names pictures of CelebA.
    Raises NotADirectoryError when data_dir is a file.
    """
    if data_dir.is_file():
        raise NotADirectoryError(f'{data_dir} is a file: choose a folder as data_dir')
    places = [Path(file), *(Path(folder, name) for folder in folders for name in names)]
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


def near_misses(name, data_dir):
    """Up to five files and folders in data_dir, three levels deep, whose names are like those of a data set."""
    found = [path for depth in ('*', '*/*', '*/*/*') for path in sorted(data_dir.glob(depth))]
    ours = data_dir / 'synthetic'
    found = [path for path in found if SUSPECTS[name].match(path.name) and ours not in path.parents]
    return [path for path in found if path.suffix not in ('.npy', '.part')][:5]
