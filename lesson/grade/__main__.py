"""`python -m lesson.grade folder`: judge all notebooks of a folder, and write build/grades."""

import argparse
import hashlib
import importlib.metadata
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

from lesson.files import whole_file
from lesson.grade import report, watch
from lesson.progress import progress

ROOT = Path(__file__).parents[2]
ARCHIVES = ('.zip', '.tar', '.gz', '.tgz', '.bz2', '.xz', '.rar', '.7z')


def main():
    parser = argparse.ArgumentParser(prog='python -m lesson.grade', description='Judge the notebooks of a folder.')
    parser.add_argument('folder', type=Path, help='the notebooks, in sub-folders, too')
    parser.add_argument('--output', type=Path, default=ROOT / 'build' / 'grades', help='where the results go')
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        sys.exit(f'{arguments.folder} is not a folder')
    sys.stdout.reconfigure(errors='backslashreplace')  # names that this terminal cannot show
    notebooks, left = found(arguments.folder, arguments.output)
    if not notebooks:
        said = ''.join(f'\nNot judged: {name}: {why}' for name, why in left.items())
        sys.exit(f'{arguments.folder} contains no notebook (.ipynb){said}')
    try:
        records = grade(notebooks, arguments.output)
        report.write(records, arguments.output, left)
    except KeyboardInterrupt:
        sys.exit('\nInterrupted. What is judged is kept: the next time, the rest is judged.')
    except OSError as error:
        sys.exit(f'{arguments.output} cannot be written: {error}. What is judged is kept: make room, and grade again.')
    print(report.summary(records, arguments.output, left))


def found(folder: Path, output: Path | None = None) -> tuple[dict[str, Path], dict[str, str]]:
    """(The notebooks of a class as {name: path}, what else is in its folder as {name: why it is not judged}).

    A name is the path within the folder, without .ipynb. Links are followed; each folder is looked at once.
    """
    names, left, folders = {}, {}, []
    for path in walk(folder, left, output):
        name = path.relative_to(folder).as_posix()
        if is_notebook(path):
            names[name.removesuffix('.ipynb')] = path.absolute()
        elif path.is_dir():
            folders.append(path)
        elif not path.exists():
            left[name] = 'the link leads to nothing'
        elif path.suffix.lower() in ARCHIVES:
            left[name] = 'it is an archive: unpack it'
        elif path.parent == folder or path.suffix.lower() == '.ipynb':
            left[name] = 'it is not a notebook'
    homes = {path.parent for path in names.values()} - {folder.absolute()}
    above = {folder.absolute()}.union(*(home.parents for home in homes))
    for path in (each.absolute() for each in folders):
        if path.parent in above - homes and path not in above | homes:
            left.setdefault(path.relative_to(folder.absolute()).as_posix(), 'it contains no notebook')
    return {name: names[name] for name in sorted(names)}, dict(sorted(left.items()))


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


def grade(notebooks: dict[str, Path], output: Path) -> dict[str, dict]:
    """{name: what the judge says}, from the last time where neither the notebook nor the judge has changed since."""
    kept = output / 'judged'
    kept.mkdir(parents=True, exist_ok=True)
    keys = fingerprints(notebooks, output)
    files = {name: kept / f'{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.json' for name in notebooks}
    records = {name: record for name in notebooks if (record := _read(files[name], keys[name]))}
    bar = progress(total=len(notebooks), initial=len(records), unit='notebook')
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count())
    with bar, pool:
        todo = [name for name in notebooks if name not in records]
        futures = {pool.submit(_judged, notebooks[name], files[name], keys[name]): name for name in todo}
        try:
            for future in as_completed(futures):
                records[futures[future]] = future.result()
                bar.update()
        except BaseException:
            watch.interrupted.set()
            pool.shutdown(cancel_futures=True)
            raise
    return {name: records[name] for name in notebooks}


def _judged(path, file, key):
    """What the judge says of a notebook, which is kept in a file at once, whatever becomes of the others."""
    record = watch.judged(path)
    if record is None:  # interrupted
        return None
    record['key'] = key
    with suppress(OSError), whole_file(file, sync=False) as kept:  # if it is not kept, it is judged again
        kept.write(json.dumps(record).encode())
    return record


def fingerprints(notebooks, output):
    """{name: checksum of all that decides what the judge says}, for notebooks {name: path}.

    That is the notebook, what it can import or read beside it, in sub-folders too, the judge, and what is installed.
    """
    code = (ROOT / name for name in ('problem_unittests.py', 'helper.py', 'dlnd_face_generation.ipynb'))
    judge = _checksum(ROOT, [*code, *ROOT.glob('lesson/**/*.py')])
    installed = sorted(f'{each.name} {each.version}' for each in importlib.metadata.distributions())
    judge += f'{sys.version} {installed}'.encode()
    beside, keys = {}, {}
    for name, path in notebooks.items():
        if (folder := path.parent) not in beside:
            beside[folder] = _checksum(folder, [each for each in walk(folder, output=output) if not is_notebook(each)])
        keys[name] = hashlib.sha256(judge + beside[folder] + _checksum(folder, [path])).hexdigest()
    return keys


def _checksum(folder, paths):
    """A checksum of files and of their names."""
    checksum = hashlib.sha256()
    for name, path in sorted((path.relative_to(folder), path) for path in paths):
        if os.path.isfile(path):
            checksum.update(os.fsencode(name) + b'\0')
            with suppress(OSError), open(path, 'rb') as file:  # that it cannot be read is the same for the notebook
                checksum.update(hashlib.file_digest(file, 'sha256').digest())
    return checksum.digest()


def _read(file, key):
    try:
        record = json.loads(file.read_bytes())
        return record if record['key'] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


if __name__ == '__main__':
    main()
