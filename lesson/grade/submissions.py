"""What a class has handed in: the notebooks of a folder, also those in zips, and what else is there."""

import hashlib
import os
import re
import shutil
import stat
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path, PurePosixPath

from lesson.grade.limits import FILES
from lesson.grade.roster import FORMS

ARCHIVES = ('.zip', '.tar', '.gz', '.tgz', '.bz2', '.xz', '.rar', '.7z')
NAMED = re.compile('|'.join(re.sub(r'\?P<\w+>', '', form) for form in FORMS.values()))  # by a platform
MEMBERS = 5_000  # files in one zip
RECEIPT = re.compile(r'(.*_attempt_[\d-]{19})\.txt')  # Blackboard writes one for each attempt


def found(folder: Path, output: Path | None = None, zips: bool = True) -> tuple[dict[str, Path], dict[str, str]]:
    """(The notebooks of a class as {name: path}, what else is in its folder as {name: why it is not judged}).

    A name is the path within the folder, without .ipynb. Links are followed; each folder is looked at once. A zip is
    like a folder of its files, if there is an output to unpack it into.
    """
    names, left, folders, scripts = {}, {}, [], []
    for path in walk(folder, left, output):
        name = path.relative_to(folder).as_posix()
        if is_notebook(path):
            names[name.removesuffix('.ipynb')] = path.absolute()
        elif path.is_dir():
            folders.append(path)
        elif not path.exists():
            left[name] = 'the link leads to nothing'
        elif zips and output and path.suffix.lower() == '.zip':
            inside, others = _in_zip(path, output)
            names |= {f'{name}/{each}': where for each, where in inside.items()}
            left |= {f'{name}/{each}'.removesuffix('/'): why for each, why in others.items()}
        elif path.suffix.lower() in ARCHIVES:
            left[name] = 'it is an archive: unpack it'
        elif path.parent == folder or path.suffix.lower() == '.ipynb' or NAMED.fullmatch(path.name):
            left[name] = f'it is {"a Python file, " * (path.suffix == ".py")}not a notebook'
        elif path.suffix.lower() == '.py':
            scripts.append(path.absolute())
    homes = {path.parent for path in names.values()} - {folder.absolute()}
    above = {folder.absolute()}.union(*(home.parents for home in homes))
    for path in (each.absolute() for each in folders):
        if path.parent in above - homes and path not in above | homes:
            script = next((f', but {each.name}' for each in scripts if path in each.parents), '')
            left.setdefault(path.relative_to(folder.absolute()).as_posix(), f'it contains no notebook{script}')
    said = '\n'.join([*names, *left])
    left = {name: why for name, why in left.items() if not ((of := RECEIPT.fullmatch(name)) and f'{of[1]}_' in said)}
    return {name: names[name] for name in sorted(names)}, dict(sorted(left.items()))


def _in_zip(path, output):
    """(The notebooks in a zip, what else is there to be named): '' is the zip itself."""
    try:
        folder = unpacked(path, output)
    except ValueError as error:
        return {}, {'': str(error)}
    inside, others = found(folder, output, zips=False)
    if inside:
        return inside, {name: why for name, why in others.items() if name.lower().endswith(ARCHIVES)}
    script = next((f', but {each.name}' for each in sorted(folder.rglob('*.py'))), '')
    return {}, {'': f'it contains no notebook{script}'}


def walk(folder: Path, left: dict | None = None, output: Path | None = None):
    """The files and folders in a folder that are not hidden, also linked ones, each once; left: notes what is not."""
    root, seen, left = Path(folder), {}, {} if left is None else left
    above = {os.path.realpath(root), *map(str, Path(os.path.realpath(root)).parents)}
    todo = [root]
    while todo:
        here = todo.pop()
        name, real = here.relative_to(root).as_posix(), os.path.realpath(here)
        if real in seen or (here != root and real in above):
            left[name] = f'it is the same folder as {seen.get(real, "one above it")}'
            continue
        seen[real] = name
        try:
            entries = sorted(os.scandir(here), key=lambda each: (each.is_symlink(), each.name))
        except OSError as error:
            left[name] = f'it cannot be read ({error.strerror})'
            continue
        for each in entries:
            path = here / each.name
            hidden = each.name.startswith('.') or each.name in ('__pycache__', '__MACOSX')
            if hidden or (output and path.absolute() == output.absolute()):
                continue
            if os.path.isdir(path):
                todo.append(path)
            yield path
        todo.sort(key=lambda each: (each.is_symlink(), each.as_posix()), reverse=True)


def is_notebook(path: Path) -> bool:
    """Whether a file is a notebook by its name, or, where a browser has changed that, by its content."""
    name = path.name.lower()
    if name.endswith('.ipynb'):
        return os.path.isfile(path)
    if not ('.ipynb' in name or name.endswith(('.json', '.txt'))) or path.suffix.lower() in ARCHIVES:
        return False
    with suppress(OSError):
        return os.path.isfile(path) and b'"nbformat"' in path.read_bytes()
    return '.ipynb' in name  # it cannot be read


def unpacked(path: Path, output: Path, most: int = FILES) -> Path:
    """The folder, in `output`, with the files of a zip. Raises ValueError: it has more bytes, or is none.

    Nothing is written elsewhere: members that lead outside, and links, are refused, as are zips in this zip later on.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
            size = sum(each.file_size for each in members)  # of which zipfile writes no more than it says here
            if size > most or len(members) > MEMBERS:
                raise ValueError(f'it has {len(members):,} files of {size / 2**20:,.0f} MB, more than is unpacked')
            for each in members:
                name = PurePosixPath(each.filename.replace('\\', '/'))
                if name.is_absolute() or '..' in name.parts or stat.S_ISLNK(each.external_attr >> 16):
                    raise ValueError(f'it is refused: {each.filename!r} leads outside, or is a link')
            with open(path, 'rb') as file:
                folder = output / 'unpacked' / hashlib.file_digest(file, 'sha256').hexdigest()[:32]
            if not folder.exists():
                part = folder.with_name(f'{folder.name}.{os.urandom(4).hex()}.part')
                try:
                    archive.extractall(part, members)
                    os.replace(part, folder)
                finally:
                    shutil.rmtree(part, ignore_errors=True)
            return folder
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f'{path.name} cannot be unpacked: {error}') from None
