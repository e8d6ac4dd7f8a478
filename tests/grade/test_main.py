"""A class: which notebooks are judged, and which are judged again."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext, suppress
from errno import ENOSPC

import psutil
import pytest

from lesson.grade import __main__ as grading
from lesson.grade import watch
from tests.disk import every, every_end, needs_fork
from tests.grade.conftest import record, verdict


@pytest.fixture
def place(write, tmp_path):
    """The folder of the class, with one notebook."""
    write('ann/my', '1')
    return tmp_path / 'class'


@pytest.fixture
def grade(tmp_path, monkeypatch):
    """Grades the class, with a judge that looks at the cells; grade.judged: the names of what was judged."""

    def grade():
        grade.judged.clear()
        return grading.grade(grading.found(tmp_path / 'class')[0], tmp_path / 'class' / 'out')

    def judge(path):
        grade.judged.append(path.stem)
        return record(train=verdict(False, {'train.range': path.read_text()}, 'train: wrong'))

    grade.judged = []
    monkeypatch.setattr(watch, 'judged', judge)
    monkeypatch.setattr(grading, 'now', lambda: '2026-11-29 12:00 UTC')
    monkeypatch.setattr(sys, 'argv', ['grade', str(tmp_path / 'class'), '--output', str(tmp_path / 'out')])
    monkeypatch.setattr(sys.stdout, 'reconfigure', lambda **_: None, raising=False)
    return grade


def add(path, content=b'1'):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_every_learner_is_graded_or_named(place, tmp_path):
    text = (place / 'ann' / 'my.ipynb').read_bytes()
    names = [
        'b.c d.ipynb',
        'bob/my.ipynb.txt',
        'cho/my.ipynb.json',
        'dan/MY.IPYNB',
        'eva/my.json',
        'fay/my.ipynb (1).txt',
    ]
    for name in (*names, 'ann/.ipynb_checkpoints/my-checkpoint.ipynb', '__MACOSX/._my.ipynb', 'group/nia/my.ipynb'):
        add(place / name, text)
    add(tmp_path / 'elsewhere' / 'my.ipynb', text)
    for name, target in (('gil', '../elsewhere'), ('hal', '../elsewhere'), ('ann/up', '..'), ('mia.ipynb', 'nowhere')):
        (place / name).symlink_to(target)
    for name in ('ann/data/x.csv', 'ida.zip', 'jon.pdf', 'leo/deep/my.py', 'group/notes.txt'):
        add(place / name)
    for name in ('kim', 'group/oli', 'folder.ipynb'):
        (place / name).mkdir()
    notebooks, left = grading.found(place)
    assert list(notebooks) == sorted(['ann/my', 'b.c d', *names[1:], 'gil/my', 'group/nia/my'])
    assert left == {
        'ann/up': 'it is the same folder as .',
        'hal': 'it is the same folder as gil',
        'ida.zip': 'it is an archive: unpack it',
        'jon.pdf': 'it is not a notebook',
        'mia.ipynb': 'the link leads to nothing',
        'leo': 'it contains no notebook, but my.py',
        **dict.fromkeys(('folder.ipynb', 'group/oli', 'kim'), 'it contains no notebook'),
    }


def test_a_folder_that_cannot_be_read_is_named_and_ends_nothing(place, write, monkeypatch):
    write('bob/my', '1')
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith('bob'):
            raise PermissionError(13, 'Permission denied')
        return scandir(path)

    monkeypatch.setattr(os, 'scandir', refuse)
    notebooks, left = grading.found(place)
    assert list(notebooks) == ['ann/my'] and left == {'bob': 'it cannot be read (Permission denied)'}


def test_what_is_not_judged_or_finds_nobody_is_named_on_the_terminal_and_on_the_page(place, tmp_path, grade, capsys):
    add(place / 'bob.zip')
    add(tmp_path / 'remarks.csv', b'name,remark\nann/my,well\nAnne,well\n')
    sys.argv += ['--remarks', str(tmp_path / 'remarks.csv')]
    grading.main()
    said = capsys.readouterr().out
    assert 'Not judged: bob.zip: bob.zip cannot be unpacked' in said
    assert 'Remarks on nobody in the class: Anne\n' in said
    page = (tmp_path / 'out' / 'index.html').read_text('utf-8')
    assert 'bob.zip: bob.zip cannot be unpacked' in page.replace('<wbr>', '')


@needs_fork
@pytest.mark.parametrize('ends', ['fails', 'is the last'])
@pytest.mark.filterwarnings('ignore:.*fork:DeprecationWarning')
def test_whichever_operation_on_the_disk_fails_or_is_the_last_the_next_grading_is_right(write, tmp_path, grade, ends):
    write('a', '1'), write('b', '2')

    def written():
        grading.main()
        files = {path.name: path for path in (tmp_path / 'out').rglob('*') if path.is_file()}
        return {name: path.read_bytes() for name, path in files.items() if path.suffix != '.part'}  # of who has ended

    right = written()

    def work(disk=None):
        shutil.rmtree(tmp_path / 'out')
        with disk or nullcontext(), suppress(SystemExit):
            grading.main()

    for last in every(work, ENOSPC) if ends == 'fails' else every_end(work):  # noqa: B007
        assert written() == right
    assert last > 10


def test_only_notebooks_that_have_changed_are_judged_again(write, grade):
    write('ann/a', '1'), write('ben/b', '2')
    first = grade()
    assert sorted(grade.judged) == ['a', 'b']
    assert grade() == first and grade.judged == []
    write('ann/a', '3')
    second = grade()
    assert grade.judged == ['a']
    assert second['ann/a'] != first['ann/a'] and second['ben/b'] == first['ben/b']


@pytest.mark.parametrize(
    ('name', 'decides'),
    [
        *((name, True) for name in ('layers.py', 'mine/deep/weights.npy', 'settings.json')),
        *(
            (name, False)
            for name in ('other.txt.ipynb', '.ipynb_checkpoints/x.py', 'mine/__pycache__/x.pyc', '../out/x')
        ),
    ],
)
def test_what_a_notebook_can_import_or_read_beside_it_decides_and_nothing_else(place, write, grade, name, decides):
    write('ben/b', '1')
    path = place / 'ann' / name
    for change in (lambda: add(path), lambda: add(path, b'2'), path.unlink):
        grade()
        change()
        grade()
        assert [each for each in grade.judged if each != 'other.txt'] == ['my'] * decides


def test_all_code_of_the_project_decides(place, tmp_path, monkeypatch):
    notebooks, root = grading.found(place)[0], tmp_path / 'project'
    names = 'problem_unittests.py', 'helper.py', 'lesson/grade/limits.py', 'lesson/train/run.py', 'lesson/data/idx.py'
    for name in names:
        add(root / name)
    monkeypatch.setattr(grading, 'ROOT', root)
    for name in names:
        before = grading.fingerprints(notebooks, root)
        add(root / name, b'2')
        assert grading.fingerprints(notebooks, root) != before, name


def test_another_python_or_tensorflow_judges_again(place, grade, monkeypatch):
    grade()
    monkeypatch.setattr(sys, 'version', '3.99')
    grade()
    assert grade.judged == ['my']
    monkeypatch.setattr(grading.importlib.metadata, 'distributions', lambda: [])
    grade()
    assert grade.judged == ['my']


def test_a_damaged_result_is_judged_again(place, grade):
    grade()
    (kept,) = (place / 'out' / 'judged').iterdir()
    for damaged in (b'', b'{}', b'[]', kept.read_bytes()[:-20]):
        kept.write_bytes(damaged)
        grade()
        assert grade.judged == ['my']


def test_what_is_judged_is_kept_when_the_rest_fails(write, grade, monkeypatch):
    write('a', '1'), write('b', '2')
    judge = watch.judged
    monkeypatch.setattr(watch, 'judged', lambda path: judge(path) if path.stem == 'a' else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        grade()
    monkeypatch.setattr(watch, 'judged', judge)
    watch.interrupted.clear()
    grade()
    assert grade.judged == ['b']


@pytest.mark.long
@pytest.mark.parametrize('signal_', [signal.SIGINT, signal.SIGKILL])
def test_a_grading_that_ends_early_leaves_no_process_behind(write, tmp_path, signal_):
    write('slow', 'import time\ndef model_inputs(*sizes):\n    time.sleep(10**6)')
    command = [sys.executable, '-m', 'lesson.grade', tmp_path / 'class', '--output', tmp_path / 'out']
    grader = subprocess.Popen(command, cwd=grading.ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    processes = []
    while len(processes) < 4:  # a server, a tracker of its resources, a judge, and the process in which it is confined
        time.sleep(0.2)
        processes = psutil.Process(grader.pid).children(recursive=True)
    grader.send_signal(signal_)
    error = grader.communicate(timeout=60)[1]
    assert not psutil.wait_procs(processes, timeout=20)[1]
    if signal_ == signal.SIGINT:
        assert 'Interrupted.' in error and 'Traceback' not in error


def test_a_folder_without_notebooks_is_said(tmp_path, grade):
    for reason in ('is not a folder', 'contains no notebook'):
        with pytest.raises(SystemExit, match=reason):
            grading.main()
        (tmp_path / 'class').mkdir(exist_ok=True)
