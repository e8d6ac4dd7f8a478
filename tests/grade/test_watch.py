"""Hostile notebooks: what a function does to its process is its fault alone, and the grader goes on."""

import re
import time

import psutil
import pytest

from lesson.grade import limits, watch
from lesson.grade.judge import LESSON
from lesson.notebook.cells import sources
from lesson.notebook.definitions import FUNCTIONS


@pytest.fixture
def judged(write):
    """Judges a notebook of these cells, and sees that no process is left."""

    def judge(*cells):
        functions = watch.judged(write('hostile', *cells))['functions']
        assert set(functions) == set(FUNCTIONS)
        servers = [each for each in psutil.Process().children() if 'forkserver' in ' '.join(each.cmdline())]
        assert not psutil.wait_procs([each for server in servers for each in server.children()], timeout=5)[1]
        return functions

    return judge


def long(*values):
    return pytest.param(*values, marks=pytest.mark.long)


@pytest.mark.parametrize(
    ('body', 'fault'),
    [
        ('import os\nos._exit(0)', 'crashed'),
        ('import os\nwhile True:\n    os.fork()', 'too_many_processes'),
        ('import numpy as np\nnp.ones(10**11)', 'raises'),
        long('import ctypes\nctypes.string_at(0)', 'crashed'),
        long('import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nos.abort()', 'crashed'),
        long('x = []\nwhile True:\n    x.append(bytearray(10**8))', 'raises'),
        long('import os\nwhile True:\n    os.fork() or os.setsid()', 'too_many_processes'),
        long('import threading as t\nwhile True:\n    t.Thread(target=t.Event().wait).start()', 'too_many_processes'),
        long("f = open('file', 'wb')\nwhile True:\n    f.write(bytes(10**7))", 'raises'),
    ],
)
def test_what_a_function_does_to_its_process_is_its_fault_alone(judged, body, fault):
    lines = '\n'.join(f'    {line}' for line in body.splitlines())
    functions = judged('def model_inputs(*sizes):\n    return 1', f'def model_loss(*arguments):\n{lines}')
    assert list(functions['model_loss']['faults']) == [f'model_loss.{fault}']
    assert list(functions['model_inputs']['faults']) == ['model_inputs.count']
    assert list(functions['train']['faults']) == ['train.missing']


def test_after_an_endless_loop_the_other_functions_are_judged(judged):
    seconds = 'from lesson.grade import limits\nlimits.FUNCTION = 2'  # in the judge's process
    functions = judged(seconds, 'def model_inputs(*sizes):\n    while True:\n        pass')
    assert list(functions['model_inputs']['faults']) == ['model_inputs.too_slow']
    assert list(functions['train']['faults']) == ['train.missing']


@pytest.mark.parametrize(
    ('name', 'body', 'fault'),
    [
        ('generator', 'while True: pass', 'too_slow'),
        ('discriminator', 'import os; os._exit(0)', 'crashed'),
        long('model_loss', 'while True: pass', 'too_slow'),
    ],
)
def test_a_function_that_never_ends_or_ends_all_costs_none_of_those_that_call_it(judged, name, body, fault):
    cells = [cell for cell in sources(LESSON) if cell.startswith(('def ', 'import ', 'from ', '@'))]
    broken = f'def {name}(*arguments, **options):\n    {body}'
    functions = judged(*cells, broken, 'from lesson.grade import limits\nlimits.FUNCTION = 10')
    found = {of: list(verdict['faults']) for of, verdict in functions.items() if not verdict['passed']}
    assert found == {name: [f'{name}.{fault}']}


@pytest.mark.long
def test_what_does_not_listen_is_stopped_as_well(judged, monkeypatch):
    monkeypatch.setattr(limits, 'SECONDS', 10)
    monkeypatch.setattr(watch, 'LATER', 5)
    deaf = 'while True:\n        try:\n            while True: pass\n        except: pass'
    functions = judged(f'def model_inputs(*sizes):\n    {deaf}')
    assert list(functions['model_inputs']['faults']) == ['model_inputs.too_slow']


@pytest.mark.parametrize(
    ('body', 'fault'), [('import threading\n    threading.Event().wait()', 'too_slow'), long('input()', 'raises')]
)
def test_what_only_waits_is_stopped_earlier_than_what_computes(judged, monkeypatch, body, fault):
    monkeypatch.setattr(limits, 'WAITING', 2)
    monkeypatch.setattr(watch, 'LATER', 5)
    start = time.monotonic()
    functions = judged(f'def model_inputs(*sizes):\n    {body}')
    assert time.monotonic() - start < limits.SECONDS / 4
    assert list(functions['model_inputs']['faults']) == [f'model_inputs.{fault}']
    assert list(functions['train']['faults']) == ['train.missing']


COMPUTE = 'import time\nend = time.time() + 9\nwhile time.time() < end: pass'


@pytest.mark.long
@pytest.mark.parametrize(
    'body',
    [f'import subprocess, sys\n    subprocess.run([sys.executable, "-c", {COMPUTE!r}])', 'import os\n    os.fork()'],
)
def test_processes_of_its_own_may_compute_and_do_not_judge_a_second_time(judged, monkeypatch, body):
    monkeypatch.setattr(limits, 'WAITING', 4)
    functions = judged(f'def model_inputs(*sizes):\n    {body}\n    return 1')
    assert list(functions['model_inputs']['faults']) == ['model_inputs.count']


def test_a_function_may_import_a_module_beside_its_notebook(judged, write):
    (write('hostile').parent / 'beside.py').write_text('def answer():\n    import further\n    return further.x')
    (write('hostile').parent / 'further.py').write_text('x = 1')
    functions = judged('def model_inputs(*sizes):\n    import beside\n    return beside.answer()')
    assert list(functions['model_inputs']['faults']) == ['model_inputs.count']


FORGED = """
import gc
from multiprocessing.connection import Connection
def model_inputs(*sizes):
    writers = [each for each in gc.get_objects() if isinstance(each, Connection) and each.writable]
    while True:
        for message in MESSAGES:
            writers[0].send_bytes(message)
"""


@pytest.mark.parametrize(
    'messages',
    [
        [b'{"begins": "train"}', b'{"note": "a note"}'],
        long([b'{"name": "train", "verdict": 3}']),
        long([b'no JSON']),
        long([b'[]']),
        long([bytes(10**6)]),
    ],
)
def test_a_notebook_that_forges_messages_or_floods_the_grader_with_them_ends(judged, monkeypatch, messages):
    monkeypatch.setattr(limits, 'WAITING', 4)
    functions = judged(FORGED.replace('MESSAGES', repr(messages)))
    assert not any(each['passed'] for each in functions.values())


@pytest.mark.parametrize('content', [b'{', long(b'\xff\xfe')])
def test_what_is_not_a_notebook_is_said_of_each_function(tmp_path, content):
    path = tmp_path / 'broken.ipynb'
    path.write_bytes(content)
    for name, found in watch.judged(path)['functions'].items():
        assert list(found['faults']) == ['notebook.unreadable']
        assert re.match(rf'{name}: \w+: broken.ipynb is not a notebook', found['message'])
