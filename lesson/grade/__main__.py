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
DECIDE_NOTHING = {  # of the code, all of which a notebook may import
    *('lesson/grade/__main__.py', 'lesson/grade/report.py', 'lesson/cluster/local.py', 'lesson/notebook/execute.py'),
    *('lesson/notebook/learner.py', 'lesson/notebook/pdf.py', 'lesson/notebook/pytest_plugin.py'),
}


def main():
    parser = argparse.ArgumentParser(prog='python -m lesson.grade', description='Judge the notebooks of a folder.')
    parser.add_argument('folder', type=Path, help='the notebooks, in sub-folders, too')
    parser.add_argument('--output', type=Path, default=ROOT / 'build' / 'grades', help='where the results go')
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        sys.exit(f'{arguments.folder} is not a folder')
    notebooks = find(arguments.folder)
    if not notebooks:
        sys.exit(f'{arguments.folder} contains no notebook (.ipynb)')
    try:
        records = grade(notebooks, arguments.output)
    except KeyboardInterrupt:
        sys.exit('\nInterrupted. What is judged is kept: the next time, the rest is judged.')
    report.write(records, arguments.output)
    print(report.summary(records, arguments.output))


def find(folder: Path) -> dict[str, Path]:
    """{name of a notebook: its path}, in the order of their names: the path within the folder, without .ipynb."""
    paths = [path for path in folder.rglob('*.ipynb') if path.is_file()]
    names = {path.relative_to(folder).with_suffix('').as_posix(): path.absolute() for path in paths}
    return {name: names[name] for name in sorted(names) if not any(part.startswith('.') for part in name.split('/'))}


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
    with whole_file(file, sync=False) as kept:
        kept.write(json.dumps(record).encode())
    return record


def fingerprints(notebooks, output):
    """{name: checksum of all that decides what the judge says}, for notebooks {name: path}.

    That is the notebook, what it can import or read beside it, in sub-folders too, the judge, and what is installed.
    """
    code = [ROOT / 'problem_unittests.py', ROOT / 'helper.py', *ROOT.glob('lesson/**/*.py')]
    judge = _checksum(ROOT, [path for path in code if path.relative_to(ROOT).as_posix() not in DECIDE_NOTHING])
    installed = sorted(f'{each.name} {each.version}' for each in importlib.metadata.distributions())
    judge += f'{sys.version} {installed}'.encode()
    beside, keys = {}, {}
    for name, path in notebooks.items():
        if (folder := path.parent) not in beside:
            others = (each for each in folder.rglob('*') if each.suffix != '.ipynb')
            beside[folder] = _checksum(folder, [each for each in others if output.absolute() not in each.parents])
        keys[name] = hashlib.sha256(judge + beside[folder] + _checksum(folder, [path])).hexdigest()
    return keys


def _checksum(folder, paths):
    """A checksum of files and of their names, without hidden ones and what Python has compiled."""
    checksum = hashlib.sha256()
    for name, path in sorted((path.relative_to(folder), path) for path in paths):
        if path.is_file() and not any(part.startswith('.') or part == '__pycache__' for part in name.parts):
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
