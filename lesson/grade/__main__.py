"""`python -m lesson.grade folder`: judge all notebooks of a folder, and write build/grades."""

import argparse
import hashlib
import importlib.metadata
import json
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from lesson.files import cores, whole_file
from lesson.grade import gradebook, likeness, limits, points, report, roster, watch
from lesson.grade.submissions import found, is_notebook, unpacked, walk
from lesson.progress import progress

ROOT = Path(__file__).parents[2]


def main():
    arguments = _arguments()
    folder, output = arguments.folder, arguments.output
    sys.stdout.reconfigure(errors='backslashreplace')  # names that this terminal cannot show
    try:
        pattern, rule, persons, remarks = _settings(arguments)
        folder = unpacked(folder, output, 20 * limits.FILES) if folder.is_file() else folder
    except ValueError as error:
        sys.exit(str(error))
    if not folder.is_dir():
        sys.exit(f'{folder} is not a folder')
    notebooks, left = found(folder, output)
    if not notebooks:
        said = ''.join(f'\nNot judged: {name}: {why}' for name, why in left.items())
        sys.exit(f'{folder} contains no notebook (.ipynb){said}')
    learners = roster.learners(notebooks, left, persons, pattern, remarks)
    try:
        records = grade({each.notebook: notebooks[each.notebook] for each in learners if each.notebook}, output)
        for each in learners:
            if each.notebook:
                each.record, each.points = records[each.notebook], rule.of(records[each.notebook])
        report.write(learners, output, rule, left, likeness.pairs({name: notebooks[name] for name in records}))
        gradebook.write(learners, rule, output / 'gradebook.csv')
        gradebook.feedback(learners, output / 'learners', output / 'feedback.zip')
        print(report.summary(learners, output, left))
        by_key = roster.index(learners)
        if lost := [each.name or each.id for each in remarks if not roster.find(each.keys, by_key)]:
            print(f'Remarks on nobody in the class: {", ".join(lost)}')
        _fill(arguments, learners, rule)
    except KeyboardInterrupt:
        sys.exit('\nInterrupted. What is judged is kept: the next time, the rest is judged.')
    except OSError as error:
        sys.exit(f'{output} cannot be written: {error}. What is judged is kept: make room, and grade again.')


def _arguments():
    parser = argparse.ArgumentParser(prog='python -m lesson.grade', description='Judge the notebooks of a folder.')
    parser.add_argument('folder', type=Path, help='the notebooks, in sub-folders and zips, too; or a zip of them')
    parser.add_argument('--output', type=Path, default=ROOT / 'build' / 'grades', help='where the results go')
    parser.add_argument('--roster', type=Path, help='the class: a CSV file with columns id, name, e-mail')
    parser.add_argument('--points', type=Path, help='points.toml: points per function, what each fault costs')
    parser.add_argument('--remarks', type=Path, help='a CSV file with columns id or name, and remark')
    parser.add_argument('--canvas', type=Path, help="an export of Canvas' gradebook, to fill in")
    parser.add_argument('--assignment', help='the column to fill in there, if there are several')
    parser.add_argument('--moodle', type=Path, help="Moodle's grading worksheet, to fill in")
    parser.add_argument('--pattern', help='of names of notebooks, a regular expression: (?P<id>...) or (?P<name>...)')
    return parser.parse_args()


def _settings(arguments):
    """(pattern, rule, persons of the roster, remarks). What is wrong with any is said before judging: ValueError."""
    try:
        pattern = re.compile(arguments.pattern) if arguments.pattern else None
    except re.error as error:
        raise ValueError(f'the pattern {arguments.pattern} is not a regular expression: {error}') from None
    if pattern and not {'id', 'name'} & {*pattern.groupindex}:
        raise ValueError(f'the pattern {arguments.pattern} has to contain (?P<id>...) or (?P<name>...)')
    rule = points.rule(arguments.points)
    persons = roster.people(arguments.roster) if arguments.roster else None
    remarks = roster.people(arguments.remarks, ['remark']) if arguments.remarks else []
    _fill(arguments, [], rule)
    return pattern, rule, persons, remarks


def _fill(arguments, learners, rule):
    """Fill the platforms' own tables, into new files; without learners, only look whether that will be possible."""
    for platform, more in (('canvas', [arguments.assignment]), ('moodle', [])):
        if source := getattr(arguments, platform):
            rows, style, filled = getattr(gradebook, platform)(source, learners, rule.most, *more)
            if learners:
                gradebook.write_table(target := arguments.output / f'{platform}.csv', rows, **style)
                others = [each.name for each in learners if each.record and each not in filled]
                print(f'{target}: {len(filled)} filled in' + f'; not filled in: {", ".join(others)}' * bool(others))


def grade(notebooks: dict[str, Path], output: Path) -> dict[str, dict]:
    """{name: what the judge says}, from the last time where neither the notebook nor the judge has changed since."""
    kept = output / 'judged'
    kept.mkdir(parents=True, exist_ok=True)
    keys = fingerprints(notebooks, output)
    files = {name: kept / f'{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.json' for name in notebooks}
    records = {name: record for name in notebooks if (record := _read(files[name], keys[name]))}
    bar = progress(total=len(notebooks), initial=len(records), unit='notebook')
    pool = ThreadPoolExecutor(cores())
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
    record |= {'key': key, 'judged': now()}
    with suppress(OSError), whole_file(file, sync=False) as kept:  # if it is not kept, it is judged again
        kept.write(json.dumps(record).encode())
    return record


def now():
    return datetime.now(UTC).strftime('%Y-%m-%d %H:%M UTC')


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
