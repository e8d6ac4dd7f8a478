"""A class: which notebooks are judged, and which are judged again."""

import contextlib
import errno
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from lesson.grade import __main__ as grading
from lesson.grade import watch
from tests.builders import FailingDisk
from tests.grade.conftest import record, verdict


def test_notebooks_are_found_in_sub_folders_and_named_by_their_path(write, tmp_path):
    for name in ('b', 'anna/mine', 'ben/mine', 'ben/.ipynb_checkpoints/mine-checkpoint', '__MACOSX/._mine', 'a.b c'):
        write(name)
    (tmp_path / 'class' / 'folder.ipynb').mkdir()
    (tmp_path / 'class' / 'gone.ipynb').symlink_to('nowhere')
    assert list(grading.find(tmp_path / 'class')) == ['a.b c', 'anna/mine', 'b', 'ben/mine']


def test_every_learner_is_graded_or_named(write, tmp_path):
    folder = tmp_path / 'class'
    text = write('ann/my', '1').read_text()
    for name in ('bob/my.ipynb.txt', 'cho/my.ipynb.json', 'dan/MY.IPYNB', 'eva/my.json', 'fay/my.ipynb (1).txt'):
        (folder / name).parent.mkdir()
        (folder / name).write_text(text)
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    (elsewhere / 'my.ipynb').write_text(text)
    (folder / 'gil').symlink_to(elsewhere)
    (folder / 'hal').symlink_to(elsewhere)
    (folder / 'ann' / 'up').symlink_to(folder)
    (folder / 'ann' / 'data').mkdir()
    (folder / 'ann' / 'data' / 'x.csv').write_text('1')
    (folder / 'ida.zip').write_bytes(b'PK')
    (folder / 'jon.pdf').write_bytes(b'1')
    (folder / 'kim').mkdir()
    (folder / 'leo' / 'deep').mkdir(parents=True)
    (folder / 'leo' / 'deep' / 'my.py').write_text('1')
    (folder / 'mia.ipynb').symlink_to('nowhere')
    notebooks, left = grading.found(folder)
    assert list(notebooks) == [
        *('ann/my', 'bob/my.ipynb.txt', 'cho/my.ipynb.json', 'dan/MY.IPYNB', 'eva/my.json', 'fay/my.ipynb (1).txt'),
        'gil/my',
    ]
    assert list(left) == ['ann/up', 'hal', 'ida.zip', 'jon.pdf', 'kim', 'leo', 'mia.ipynb']


def test_a_folder_that_cannot_be_read_is_named_and_ends_nothing(write, tmp_path, monkeypatch, grade):
    write('ann/my', '1'), write('bob/my', '1')
    scandir = grading.os.scandir

    def refuse(path):
        if str(path).endswith('bob'):
            raise PermissionError(13, 'Permission denied')
        return scandir(path)

    monkeypatch.setattr(grading.os, 'scandir', refuse)
    notebooks, left = grading.found(tmp_path / 'class')
    assert list(notebooks) == ['ann/my'] and left == {'bob': 'it cannot be read (Permission denied)'}


def test_what_is_not_judged_is_named_on_the_terminal_and_on_the_page(write, tmp_path, grade, monkeypatch, capsys):
    write('ann/my', '1')
    (tmp_path / 'class' / 'bob.zip').write_bytes(b'PK')
    monkeypatch.setattr(sys, 'argv', ['grade', str(tmp_path / 'class'), '--output', str(tmp_path / 'out')])
    monkeypatch.setattr(sys.stdout, 'reconfigure', lambda **_: None, raising=False)
    grading.main()
    assert 'Not judged: bob.zip: it is an archive' in capsys.readouterr().out
    assert 'bob.zip: it is an archive' in (tmp_path / 'out' / 'index.html').read_text('utf-8')


@pytest.mark.parametrize('number', [errno.ENOSPC, errno.EIO])
def test_after_any_write_that_failed_the_next_grading_is_right(write, tmp_path, grade, monkeypatch, number):
    write('a', '1'), write('b', '2')
    monkeypatch.setattr(sys, 'argv', ['grade', str(tmp_path / 'class'), '--output', str(tmp_path / 'out')])
    monkeypatch.setattr(sys.stdout, 'reconfigure', lambda **_: None, raising=False)
    grading.main()
    right = {path.name: path.read_bytes() for path in (tmp_path / 'out').rglob('*') if path.is_file()}
    for which in range(100):
        shutil.rmtree(tmp_path / 'out')
        with FailingDisk(which, number) as disk, contextlib.suppress(SystemExit):
            grading.main()
        if not disk.failed:
            break
        grading.main()
        assert {p.name: p.read_bytes() for p in (tmp_path / 'out').rglob('*') if p.is_file()} == right, which
    assert which > 10


@pytest.fixture
def grade(tmp_path, monkeypatch):
    """Grades the class, with a judge that looks at the cells; grade.judged: the names of what was judged."""

    def grade():
        grade.judged.clear()
        return grading.grade(grading.find(tmp_path / 'class'), tmp_path / 'class' / 'out')

    def judge(path):
        grade.judged.append(path.stem)
        return record(train=verdict(False, {'train.range': path.read_text()}, 'train: wrong'))

    grade.judged = []
    monkeypatch.setattr(watch, 'judged', judge)
    return grade


def test_only_notebooks_that_have_changed_are_judged_again(write, grade):
    write('ann/a', '1'), write('ben/b', '2')
    first = grade()
    assert sorted(grade.judged) == ['a', 'b']
    assert grade() == first and grade.judged == []
    write('ann/a', '3')
    second = grade()
    assert grade.judged == ['a']
    assert second['ann/a'] != first['ann/a'] and second['ben/b'] == first['ben/b']


@pytest.mark.parametrize('name', ['layers.py', 'mine/layers.py', 'mine/deep/weights.npy', 'settings.json'])
def test_what_a_notebook_can_import_or_read_beside_it_decides(write, grade, name):
    path = write('ann/a', '1').parent / name
    write('ben/b', '1')
    path.parent.mkdir(parents=True, exist_ok=True)
    for change in (lambda: path.write_text('1'), lambda: path.write_text('2'), path.unlink):
        grade()
        change()
        grade()
        assert grade.judged == ['a']


@pytest.mark.parametrize('name', ['other.ipynb', '.ipynb_checkpoints/x.py', 'mine/__pycache__/layers.pyc', 'out/x'])
def test_what_it_does_not_use_decides_nothing(write, grade, name):
    write('a', '1')
    grade()
    path = write('a', '1').parent / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{}')
    grade()
    assert grade.judged == ['other'] * (name == 'other.ipynb')


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A checksum of a notebook after a change of a file of this project, in a copy."""
    root = tmp_path / 'project'
    for path in [
        grading.ROOT / 'problem_unittests.py',
        grading.ROOT / 'helper.py',
        *grading.ROOT.rglob('lesson/**/*.py'),
    ]:
        copy = root / path.relative_to(grading.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(grading, 'ROOT', root)
    return root


DECIDE = (
    *('problem_unittests.py', 'helper.py', 'lesson/session.py', 'lesson/files.py', 'lesson/grade/watch.py'),
    *('lesson/grade/limits.py', 'lesson/grade/confine.py', 'lesson/grade/judge.py', 'lesson/notebook/definitions.py'),
    *('lesson/notebook/old_notebooks.py', 'lesson/train/run.py', 'lesson/cluster/members.py', 'lesson/data/idx.py'),
)


def test_all_code_that_decides_a_verdict_is_in_the_checksum_and_no_other(write, copied):
    notebooks = {'a': write('a', '1')}
    for names, decides in ((DECIDE, True), (grading.DECIDE_NOTHING, False)):
        for name in names:
            before = grading.fingerprints(notebooks, copied)
            with open(copied / name, 'a') as file:
                file.write('# changed')
            assert (grading.fingerprints(notebooks, copied) != before) == decides, name


def test_nothing_that_the_judge_loads_is_left_out_of_the_checksum():
    code = 'import sys, lesson.grade.judge, lesson.train, lesson.trained.playground, lesson.scores.digits; '
    code += "print(*(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'lesson' and m.__file__))"
    loaded = subprocess.run([sys.executable, '-c', code], cwd=grading.ROOT, capture_output=True, text=True, check=True)
    assert not [path for path in loaded.stdout.split() if path.endswith(tuple(grading.DECIDE_NOTHING))]


def test_another_python_or_tensorflow_judges_again(write, grade, monkeypatch):
    write('a', '1')
    grade()
    monkeypatch.setattr(sys, 'version', '3.99')
    grade()
    assert grade.judged == ['a']
    monkeypatch.setattr(grading.importlib.metadata, 'distributions', lambda: [])
    grade()
    assert grade.judged == ['a']


def test_a_damaged_result_is_judged_again(write, tmp_path, grade):
    write('a', '1')
    grade()
    (kept,) = (tmp_path / 'class' / 'out' / 'judged').iterdir()
    for damaged in (b'', b'{}', b'[]', kept.read_bytes()[:-20]):
        kept.write_bytes(damaged)
        grade()
        assert grade.judged == ['a']


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


@pytest.mark.parametrize(('make', 'reason'), [(False, 'is not a folder'), (True, 'contains no notebook')])
def test_a_folder_without_notebooks_is_said(tmp_path, monkeypatch, make, reason):
    folder = tmp_path / 'class'
    if make:
        folder.mkdir()
    monkeypatch.setattr(sys, 'argv', ['grade', str(folder)])
    with pytest.raises(SystemExit, match=reason):
        grading.main()
