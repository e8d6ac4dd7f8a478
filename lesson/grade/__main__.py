"""`python -m lesson.grade folder`: judge all notebooks of a folder, and write build/grades."""

import argparse
import hashlib
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from lesson.files import whole_file
from lesson.grade import report, watch
from lesson.progress import progress

ROOT = Path(__file__).parents[2]
JUDGES = (  # the code that decides a verdict
    *('problem_unittests.py', 'helper.py', 'lesson/*.py', 'lesson/data/**/*.py', 'lesson/notebook/definitions.py'),
    *('lesson/notebook/tensorflow1.py', 'lesson/grade/judge.py', 'lesson/grade/confine.py', 'lesson/grade/limits.py'),
    'lesson/grade/watch.py',
)


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


def find(folder):
    """{name of a notebook: its path}, in the order of their names: the path within the folder, without .ipynb."""
    paths = [path for path in folder.rglob('*.ipynb') if path.is_file()]
    names = {path.relative_to(folder).with_suffix('').as_posix(): path.absolute() for path in paths}
    return {name: names[name] for name in sorted(names) if not any(part.startswith('.') for part in name.split('/'))}


def grade(notebooks, output):
    """{name: what the judge says}, from the last time where neither the notebook nor the judge has changed since."""
    kept = output / 'judged'
    kept.mkdir(parents=True, exist_ok=True)
    judge = b''.join(path.read_bytes() for name in JUDGES for path in sorted(ROOT.glob(name)))
    files = {name: kept / f'{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.json' for name in notebooks}
    keys = {name: _fingerprint(path, judge) for name, path in notebooks.items()}
    records = {name: record for name in notebooks if (record := _read(files[name], keys[name]))}
    bar = progress(total=len(notebooks), initial=len(records), unit='notebook')
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count())
    with bar, pool:
        futures = {
            pool.submit(_judged, path, files[name], keys[name]): name
            for name, path in notebooks.items()
            if name not in records
        }
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


def _fingerprint(path, judge):
    """A checksum of a notebook, of the modules beside it, and of the judge."""
    content = hashlib.sha256(judge)
    for each in [path, *sorted(path.parent.glob('*.py'))]:
        with open(each, 'rb') as file:
            content.update(hashlib.file_digest(file, 'sha256').digest())
    return content.hexdigest()


def _read(file, key):
    try:
        record = json.loads(file.read_bytes())
        return record if record['key'] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


if __name__ == '__main__':
    main()
