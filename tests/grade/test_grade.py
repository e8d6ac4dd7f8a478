"""The grader: what a class hands in, hostile notebooks among it, becomes a table and pages."""

import csv
import html.parser
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote

import nbformat
import psutil
import pytest

from lesson.grade import __main__ as grading
from lesson.grade import report, watch
from lesson.notebook.definitions import FUNCTIONS

ROOT = Path(grading.ROOT)


@pytest.fixture
def write(tmp_path):
    """Writes a notebook with these cells into the folder `class`."""

    def write(name, *cells):
        path = tmp_path / 'class' / f'{name}.ipynb'
        path.parent.mkdir(parents=True, exist_ok=True)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        path.write_text(nbformat.writes(notebook))
        return path

    return write


def verdict(passed=True, faults=(), message='passed', seconds=0.1):
    return {'passed': passed, 'faults': dict(faults), 'message': message, 'seconds': seconds}


def record(**verdicts):
    return {'confined': True, 'note': '', 'functions': {name: verdicts.get(name, verdict()) for name in FUNCTIONS}}


def only(verdicts, name):
    """The verdict on the function `name`; the others are not defined."""
    assert all(list(verdicts[other]['faults']) == [f'{other}.missing'] for other in FUNCTIONS if other != name)
    return verdicts[name]


# ---------------------------------------------------------------- one notebook

HOSTILE = {
    'exits': ('import sys\nsys.exit(0)', 'raises'),
    'ends its process': ('import os\nos._exit(0)', 'crashed'),
    'crashes': ('import ctypes\nctypes.string_at(0)', 'crashed'),
    'kills itself': ('import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nos.abort()', 'crashed'),
    'allocates too much at once': ('import numpy as np\nnp.ones(10**11)', 'raises'),
    'allocates more and more': (
        'x = []\n    while True:\n        x.append(bytearray(10**8))'.replace('    ', '', 1),
        'raises',
    ),
    'forks without end': ('import os\nwhile True:\n    os.fork()', 'too_many_processes'),
    'forks without end into sessions of their own': (
        'import os\nwhile True:\n    os.fork() or os.setsid()',
        'too_many_processes',
    ),
    'starts threads without end': (
        'import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=[100], daemon=True).start()',
        'too_many_processes',
    ),
    'interrupts': ('raise KeyboardInterrupt', 'raises'),
    'writes without end': ("f = open('file', 'wb')\nwhile True:\n    f.write(bytes(10**7))", 'raises'),
}


@pytest.mark.slow
@pytest.mark.parametrize(('body', 'fault'), HOSTILE.values(), ids=HOSTILE)
def test_what_a_function_does_to_its_process_is_its_fault_alone(write, body, fault):
    lines = '\n'.join(f'    {line}' for line in body.splitlines())
    good = 'def model_inputs(*sizes):\n    return 1'
    path = write('hostile', good, f'def model_loss(*arguments):\n{lines}')
    functions = watch.judged(path)['functions']
    assert list(functions['model_loss']['faults']) == [f'model_loss.{fault}']
    assert list(functions['model_inputs']['faults']) == ['model_inputs.count']
    assert list(functions['train']['faults']) == ['train.missing']
    assert no_judge_is_left()


@pytest.mark.slow
def test_an_endless_loop_is_stopped_and_its_place_is_told(write, monkeypatch):
    monkeypatch.setattr(watch, 'COMPUTING', 3)
    path = write('endless', 'def model_inputs(*sizes):\n    while True:\n        pass')
    found = only(watch.judged(path)['functions'], 'model_inputs')
    assert list(found['faults']) == ['model_inputs.too_slow']
    assert 'stopped after 3 s of computing' in found['message']
    assert (
        'line 2 of endless.ipynb, cell 1' in found['message'] or 'line 3 of endless.ipynb, cell 1' in found['message']
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    'body',
    [
        'import time\n    time.sleep(10**6)',
        'while True:\n        try:\n            while True: pass\n        except: pass',
    ],
)
def test_what_does_not_listen_is_stopped_as_well(write, monkeypatch, body):
    monkeypatch.setattr(watch, 'COMPUTING', 3)
    monkeypatch.setattr(watch, 'SECONDS', 10)
    path = write('deaf', f'def model_inputs(*sizes):\n    {body}')
    functions = watch.judged(path)['functions']
    assert list(functions['model_inputs']['faults']) == ['model_inputs.too_slow']
    assert no_judge_is_left()


@pytest.mark.slow
@pytest.mark.parametrize(
    'body', ['import time\n    time.sleep(10**6)', 'import threading\n    threading.Event().wait()', 'input()']
)
def test_what_only_waits_is_stopped_earlier_than_what_computes(write, monkeypatch, body):
    monkeypatch.setattr(watch, 'WAITING', 4)
    path = write('waits', f'def model_inputs(*sizes):\n    {body}')
    start = time.monotonic()
    functions = watch.judged(path)['functions']
    assert time.monotonic() - start < 60
    assert list(functions['train']['faults']) == ['train.missing']
    fault = list(functions['model_inputs']['faults'])
    assert fault == ['model_inputs.raises' if body == 'input()' else 'model_inputs.too_slow']
    assert no_judge_is_left()


@pytest.mark.slow
def test_what_computes_in_a_process_of_its_own_does_not_wait(write, monkeypatch):
    monkeypatch.setattr(watch, 'WAITING', 4)
    compute = 'import time\nend = time.time() + 9\nwhile time.time() < end: pass'
    body = f'import subprocess, sys\n    subprocess.run([sys.executable, "-c", {compute!r}])\n    return 1'
    functions = watch.judged(write('computes', f'def model_inputs(*sizes):\n    {body}'))['functions']
    assert list(functions['model_inputs']['faults']) == ['model_inputs.count']


@pytest.mark.slow
def test_a_fork_that_goes_on_does_not_judge_a_second_time(write):
    body = 'import os\n    os.fork()\n    return 1'
    found = only(watch.judged(write('fork', f'def model_inputs(*sizes):\n    {body}'))['functions'], 'model_inputs')
    assert list(found['faults']) == ['model_inputs.count']
    assert no_judge_is_left()


@pytest.mark.slow
def test_a_notebook_reaches_neither_other_files_nor_processes_nor_a_network(write, tmp_path):
    kept = tmp_path / 'grades.csv'
    kept.write_text('kept')
    with socket.create_server(('127.0.0.1', 0)) as server:
        source = f"""
import os, socket, subprocess, tempfile
def can(act):
    try:
        act()
        return True
    except (OSError, subprocess.CalledProcessError):
        return False
def model_inputs(*sizes):
    raise ValueError([
        can(lambda: open({str(kept)!r}, 'w').write('mine')),
        can(lambda: os.remove({str(kept)!r})),
        can(lambda: open(tempfile.gettempdir() + '/../beside', 'w').write('mine')),
        can(lambda: open('/dev/shm/mine', 'w').write('mine')),
        can(lambda: subprocess.run(['touch', {str(tmp_path / 'new')!r}], check=True)),
        can(lambda: subprocess.run(['mount', '-o', 'remount,bind,rw', '/'], check=True)),
        can(lambda: socket.create_connection({server.getsockname()}, timeout=5)),
        can(lambda: os.kill({os.getpid()}, 0)),
        can(lambda: open('here', 'w').write(tempfile.mkdtemp())),
        can(lambda: open(os.path.expanduser('~/there'), 'w').close()),
    ])
"""
        judged = watch.judged(write('outside', source))
    if not judged['confined']:
        pytest.skip('this system does not allow it')
    message = only(judged['functions'], 'model_inputs')['message']
    assert str([False] * 8 + [True] * 2) in message
    assert {path.name for path in tmp_path.iterdir()} == {'grades.csv', 'class'}
    assert kept.read_text() == 'kept'


FORGED = """
import gc
from multiprocessing.connection import Connection
def model_inputs(*sizes):
    writers = [each for each in gc.get_objects() if isinstance(each, Connection) and each.writable]
    while True:
        for message in MESSAGES:
            writers[0].send_bytes(message)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    'messages',
    [
        [b'no JSON'],
        [b'[]'],
        [b'{"name": "rm", "verdict": {}}'],
        [b'{"name": "train", "verdict": 3}'],
        [bytes(10**6)],
        [b'{"begins": "model_inputs"}'],
        [b'{"begins": "train"}', b'{"note": "a note"}'],
    ],
)
def test_a_notebook_that_forges_messages_or_floods_the_grader_with_them_ends(write, monkeypatch, messages):
    monkeypatch.setattr(watch, 'WAITING', 4)
    functions = watch.judged(write('forged', FORGED.replace('MESSAGES', repr(messages))))['functions']
    assert set(functions) == set(FUNCTIONS)
    assert not any(each['passed'] for each in functions.values())
    assert no_judge_is_left()


@pytest.mark.slow
@pytest.mark.parametrize('content', [b'', b'{', b'\xff\xfe', b'[]', b'{"cells": 3}'])
def test_what_is_not_a_notebook_is_said_of_each_function(tmp_path, content):
    path = tmp_path / 'broken.ipynb'
    path.write_bytes(content)
    for name, found in watch.judged(path)['functions'].items():
        assert list(found['faults']) == ['notebook.unreadable']
        assert re.match(rf'{name}: \w+: broken.ipynb is not a notebook', found['message'])


def no_judge_is_left():
    """Whether no process of the grader is left but its server, within a moment."""
    for _ in range(50):
        servers = [p for p in psutil.Process().children() if 'forkserver' in ' '.join(p.cmdline())]
        if not any(server.children() for server in servers):
            return True
        time.sleep(0.1)
    return False


# ---------------------------------------------------------------- a class


def test_notebooks_are_found_in_sub_folders_and_named_by_their_path(write, tmp_path):
    for name in ('b', 'anna/mine', 'ben/mine', 'ben/.ipynb_checkpoints/mine-checkpoint', '__MACOSX/._mine', 'a.b c'):
        write(name)
    (tmp_path / 'class' / 'folder.ipynb').mkdir()
    (tmp_path / 'class' / 'gone.ipynb').symlink_to('nowhere')
    assert list(grading.find(tmp_path / 'class')) == ['a.b c', 'anna/mine', 'b', 'ben/mine']


@pytest.fixture
def judged(monkeypatch):
    """The notebooks that are judged, which is replaced by a look at their cells."""
    paths = []

    def judge(path):
        paths.append(path.name)
        return record(train=verdict(False, {'train.range': path.read_text()}, 'train: wrong'))

    monkeypatch.setattr(watch, 'judged', judge)
    return paths


def test_only_notebooks_that_have_changed_are_judged_again(write, tmp_path, judged):
    write('a', '1'), write('b', '2')
    notebooks = grading.find(tmp_path / 'class')
    first = grading.grade(notebooks, tmp_path / 'out')
    assert sorted(judged) == ['a.ipynb', 'b.ipynb']
    assert grading.grade(notebooks, tmp_path / 'out') == first
    write('a', '3')
    second = grading.grade(notebooks, tmp_path / 'out')
    assert judged[2:] == ['a.ipynb']
    assert second['a'] != first['a'] and second['b'] == first['b']
    (tmp_path / 'class' / 'layers.py').write_text('a module that they import')
    grading.grade(notebooks, tmp_path / 'out')
    assert sorted(judged[3:]) == ['a.ipynb', 'b.ipynb']


def test_a_damaged_result_is_judged_again(write, tmp_path, judged):
    write('a', '1')
    notebooks = grading.find(tmp_path / 'class')
    grading.grade(notebooks, tmp_path / 'out')
    (kept,) = (tmp_path / 'out' / 'judged').iterdir()
    for damaged in (b'', b'{}', b'[]', kept.read_bytes()[:-20]):
        kept.write_bytes(damaged)
        grading.grade(notebooks, tmp_path / 'out')
    assert judged == ['a.ipynb'] * 5


def test_what_is_judged_is_kept_when_the_rest_fails(write, tmp_path, judged, monkeypatch):
    write('a', '1'), write('b', '2')
    before = watch.judged
    monkeypatch.setattr(watch, 'judged', lambda path: before(path) if path.name == 'a.ipynb' else 1 / 0)
    notebooks = grading.find(tmp_path / 'class')
    with pytest.raises(ZeroDivisionError):
        grading.grade(notebooks, tmp_path / 'out')
    monkeypatch.setattr(watch, 'judged', before)
    watch.interrupted.clear()
    grading.grade(notebooks, tmp_path / 'out')
    assert judged.count('a.ipynb') == 1


@pytest.mark.slow
@pytest.mark.parametrize('signal_', [signal.SIGINT, signal.SIGKILL])
def test_a_grading_that_ends_early_leaves_no_process_behind(write, tmp_path, signal_):
    write('slow', 'import time\ndef model_inputs(*sizes):\n    time.sleep(10**6)')
    command = [sys.executable, '-m', 'lesson.grade', tmp_path / 'class', '--output', tmp_path / 'out']
    grader = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    server = None
    while not (server and server.children(recursive=True)):
        time.sleep(0.2)
        server = next((p for p in psutil.Process(grader.pid).children() if 'forkserver' in ' '.join(p.cmdline())), None)
    processes = [server, *server.children(recursive=True)]
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


# ---------------------------------------------------------------- table and pages

NAMES = ['anna/mine', 'ben/mine', '<script>alert(1)</script>', 'a "b" & c', '100%?#', 'Größe/日本', '=1+1', 'x y/index']


class Links(html.parser.HTMLParser):
    """The links and the elements of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.elements = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.links += [value for name, value in attributes if name in ('href', 'src')]


@pytest.fixture
def written(tmp_path):
    records = {name: record() for name in NAMES}
    faults = {'train.range': 'real images reach [-0.50, 0.50]', 'train.rate': 'the <b>rate</b>'}
    records['anna/mine'] = record(train=verdict(False, faults, 'train: real images <b>reach</b>\n  Why'))
    records['ben/mine'] = record(
        train=verdict(False, {'train.rate': 'other'}, 'train: other'),
        generator=verdict(False, {'generator.not_written': 'not written yet'}, 'generator: not written yet', None),
    )
    report.write(records, tmp_path)
    return tmp_path


def test_the_table_has_a_row_for_each_learner_and_function(written):
    with open(written / 'grades.csv', newline='', encoding='utf-8') as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == len(NAMES) * len(FUNCTIONS)
    by_name = {(row['notebook'], row['function']): row for row in rows}
    assert by_name['anna/mine', 'train'] | {'seconds': ''} == {
        'notebook': 'anna/mine', 'function': 'train', 'passed': '0', 'faults': 'train.range train.rate', 'seconds': '',
    }  # fmt: skip
    assert by_name['ben/mine', 'model_loss']['passed'] == '1'
    assert by_name['ben/mine', 'generator']['seconds'] == ''
    assert ("'=1+1", 'train') in by_name


def test_every_link_leads_to_a_page_and_back_and_nothing_comes_from_elsewhere(written):
    pages = sorted(written.rglob('*.html'))
    assert len(pages) == len(NAMES) + 1
    linked = set()
    for page in pages:
        found = Links(page.read_text('utf-8'))
        assert not {'script', 'img', 'link', 'b'} & set(found.elements)
        for link in found.links:
            target = (page.parent / unquote(link)).resolve()
            assert target.is_file(), link
            linked.add(target)
        assert not re.search(r'https?:|@import|url\(', page.read_text('utf-8'))
    assert linked == {page.resolve() for page in pages}


def test_the_page_of_the_class_counts_faults_and_functions(written):
    text = (written / 'index.html').read_text('utf-8')
    assert text.index('train.rate') < text.index('train.range'), 'the commonest comes first'
    assert '6 with all six' in text
    row = re.search(r'<code>generator</code>.*?</tr>', text, re.S)[0]
    assert re.findall(r'<td class="number">(\d*)</td>', row) == ['7', '', '1']


def test_the_page_of_a_learner_has_the_messages_as_they_are(written):
    text = (written / 'learners' / 'anna' / 'mine.html').read_text('utf-8')
    assert 'train: real images &lt;b&gt;reach&lt;/b&gt;\n  Why' in text
    assert '5 of 6 functions pass' in text


def test_a_learner_who_is_gone_has_no_page(written):
    report.write({'anna/mine': record()}, written)
    assert [path.name for path in written.rglob('*.html') if path.name != 'index.html'] == ['mine.html']


def test_a_name_that_is_not_text_does_no_harm(tmp_path):
    name = os.fsdecode(b'caf\xe9')
    report.write({name: record()}, tmp_path)
    (link,) = Links((tmp_path / 'index.html').read_text('utf-8')).links
    assert (
        tmp_path / os.fsdecode(unquote(link, errors='surrogateescape').encode('utf-8', 'surrogateescape'))
    ).is_file()
    json.dumps(name)
