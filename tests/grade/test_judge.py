"""What the judge says of one function, and of a notebook that cannot be read."""

import json

import pytest

import problem_unittests
from lesson.grade import judge, limits, watch
from lesson.notebook.cells import sources
from lesson.notebook.definitions import definitions


def test_a_verdict_has_the_message_that_the_learner_would_see_and_the_ids_of_its_faults():
    found, stopped = judge._judged('model_inputs', lambda *sizes: 1)
    assert not found['passed'] and not stopped
    ((fault, seen),) = found['faults'].items()
    assert fault == 'model_inputs.count'
    assert found['message'].startswith(f'model_inputs: {seen}\n') and found['seconds'] < 60


def test_an_endless_loop_is_stopped_and_its_place_is_told(write, monkeypatch):
    monkeypatch.setattr(limits, 'FUNCTION', 2)
    path = write('endless', 'def model_inputs(*sizes):\n    while True:\n        pass')
    found, stopped = judge._judged('model_inputs', definitions(path)['model_inputs'])
    assert stopped and list(found['faults']) == ['model_inputs.too_slow']
    assert 'stopped after 2 s of computing' in ' '.join(found['message'].split())
    assert any(f'line {line} of endless.ipynb, cell 1' in found['message'] for line in (2, 3))


@pytest.mark.parametrize(
    ('error', 'fault'),
    [
        (BlockingIOError(11, 'Resource temporarily unavailable'), 'too_many_processes'),
        (RuntimeError("can't start new thread"), 'too_many_processes'),
        (KeyboardInterrupt(), 'raises'),
        (SystemExit(0), 'raises'),
        (ValueError('text ' * 10**6), 'raises'),
    ],
)
def test_an_error_is_a_fault_and_by_which_a_process_is_refused_one_of_its_own(error, fault):
    def model_inputs(*sizes):
        raise error

    found, stopped = judge._judged('model_inputs', model_inputs)
    assert not stopped and list(found['faults']) == [f'model_inputs.{fault}']
    assert len(json.dumps(found)) < limits.MESSAGE


# ---------------------------------------------------------------- a judge that cannot be talked round

INSIDE = {
    'patches the contract': (
        'import problem_unittests as t\nt.judge = lambda *a: ({}, {})\nt._fault = lambda *a, **k: None\n'
        "t.test_model_inputs = lambda f: print('model_inputs: passed')"
    ),
    'patches by setattr': "import problem_unittests as t\nsetattr(t, '_expect', lambda *a, **k: 1)\nt.FAULTS.clear()",
    'patches the judge': (
        "import lesson.grade.judge as j\nj._verdict = lambda *a: {'passed': True, 'faults': {}, 'message': '', "
        "'seconds': 1}\nj._judged = lambda *a: (j._verdict(), False)"
    ),
    'replaces the modules': "import sys, types\nsys.modules['problem_unittests'] = types.ModuleType('x')",
    'walks frames': (
        "import sys\nf = sys._getframe()\nwhile f:\n    if '_report' in f.f_globals:\n"
        "        f.f_globals['_fault'] = lambda *a, **k: None\n    f = f.f_back"
    ),
    'walks frames by inspect': (
        "import inspect\nfor each in inspect.stack():\n    if '_report' in each.frame.f_globals:\n"
        "        each.frame.f_globals['_expect'] = lambda *a, **k: True"
    ),
    'walks the frames of an error': (
        'try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    f = e.__traceback__.tb_frame\nwhile f:\n'
        "    if '_report' in f.f_globals:\n        f.f_globals['_require'] = lambda *a, **k: True\n    f = f.f_back"
    ),
    'patches builtins': 'import builtins\nbuiltins.callable = builtins.any = builtins.all = lambda *a: True',
    'patches print': "import builtins\nbuiltins.print = lambda *a, **k: None\nprint('model_inputs: passed')",
    'writes to standard output': "import sys\nsys.__stdout__.write('model_inputs: passed')\nraise SystemExit(0)",
    'sends a message by the pipe': (
        'import gc, os\nfrom multiprocessing.connection import Connection\nfor c in gc.get_objects():\n'
        '    if isinstance(c, Connection) and c.writable:\n        c.send_bytes(MESSAGE)\nos._exit(0)'
    ),
    'writes a message to every descriptor': (
        'import os, struct\nfor fd in range(3, 64):\n    try:\n'
        "        os.write(fd, struct.pack('!i', len(MESSAGE)) + MESSAGE)\n"
        '    except OSError:\n        pass\nos._exit(0)'
    ),
    'patches what makes the message': (
        'import json\nold = json.JSONEncoder.encode\ndef encode(self, m):\n    if "verdict" in m:\n'
        "        m = {**m, 'verdict': {**m['verdict'], 'passed': True, 'faults': {}}}\n    return old(self, m)\n"
        'json.JSONEncoder.encode = encode'
    ),
    'patches the connection': (
        'from multiprocessing.connection import Connection as C\nold = C.send_bytes\n'
        "C.send_bytes = lambda self, b, *a: old(self, b.replace(b'false', b'true'))"
    ),
    'leaves a thread': (
        'import threading, time, problem_unittests as t\ndef go():\n    while True:\n        t._report.found.clear()\n'
        '        time.sleep(0.001)\nthreading.Thread(target=go, daemon=True).start()'
    ),
    'ends its test': ("for c in BaseException.__subclasses__()[::-1]:\n    if c.__name__ == '_Stop':\n        raise c"),
    'is equal to everything': (
        'class AlwaysTrue:\n    __eq__ = __bool__ = lambda *a: True\n    __hash__ = lambda self: 1\n'
        '    __getattr__ = lambda self, name: AlwaysTrue()\n    __call__ = lambda self, *a, **k: self\n'
        '    __iter__ = lambda self: iter([AlwaysTrue()] * 3)\n    __len__ = lambda self: 3\nreturn AlwaysTrue()'
    ),
    'changes how an error is shown': 'import sys\nsys.excepthook = print',
}
STUBS = {
    'swallows faults': (
        'class S(dict):\n    def setdefault(self, *a):\n        pass\n'
        "get_batches.__func__.__globals__['_report'].found = S()"
    ),
    'patches the class of a stub': (
        'T = type(get_batches.__self__)\nT.judge_calls = T.judge_steps = T.judge_pictures = lambda *a: None'
    ),
    'patches a stub': (
        'g = get_batches.__self__\nfor n in ("judge_calls", "judge_steps", "judge_pictures"):\n'
        '    g.__dict__[n] = lambda *a: None'
    ),
    'makes hints of faults': "for e in get_batches.__func__.__globals__['FAULTS'].values():\n    e['kind'] = 'hints'",
    'ends its test by a stub': "raise get_batches.__func__.__globals__['_Stop']",
}
TRIES = {f'model_inputs {name}': ('model_inputs', '*sizes', body) for name, body in INSIDE.items()}
TRIES |= {
    f'train {name}': ('train', 'epochs, batch, z, rate, beta1, get_batches, *others', body)
    for name, body in STUBS.items()
}
MESSAGE = (
    'MESSAGE = b\'{"name": "model_inputs", "verdict": {"passed": true, "faults": {}, "message": "", "seconds": 1}}\''
)


@pytest.mark.long
@pytest.mark.parametrize(('name', 'parameters', 'body'), TRIES.values(), ids=TRIES)
def test_no_function_that_is_wrong_talks_the_judge_round(write, name, parameters, body):
    lines = '\n'.join(f'    {line}' for line in body.splitlines())
    path = write('tries', f'{MESSAGE}\ndef {name}({parameters}):\n{lines}\n    return 1')
    functions = watch.judged(path)['functions']
    assert not any(verdict['passed'] for verdict in functions.values())


EQUAL = 'class Equal(float):\n    __eq__ = lambda *a: True\n    __hash__ = float.__hash__\n\n\n'
PATCHED = {  # functions of the lesson that are wrong, and change what the contract or the judge calculates with
    'np.abs': ('generator', 'with tf', 'np.abs = lambda x, *a: 0 * x\n    with tf', 'tf.tanh(', 'tf.identity('),
    'np.exp': ('discriminator', 'with tf', 'np.exp = lambda x: 0 * x\n    with tf', 'tf.sigmoid(', 'tf.ones_like('),
    'tf.sigmoid': ('discriminator', 'with tf', 'tf.sigmoid = tf.nn.relu\n    with tf', 'leaky_relu', 'leaky_relu'),
    'np.mean': ('train', 'run = ', 'np.mean = lambda *a: np.array([-1.0, 1.0])\n    run = ', '2 * batch', 'batch'),
    'what equals everything': ('train', 'def train', f'{EQUAL}def train', 'rate, beta1)', 'rate, Equal(0.9))'),
}


@pytest.mark.long
@pytest.mark.parametrize(('name', 'first', 'patched', 'right', 'wrong'), PATCHED.values(), ids=PATCHED)
def test_no_function_passes_by_a_patched_library(write, name, first, patched, right, wrong):
    cells = [cell for cell in sources(judge.LESSON) if cell.startswith(('def ', 'import ', 'from ', '@'))]
    (cell,) = (cell for cell in cells if cell.startswith(f'def {name}('))
    changed = cell.replace(first, patched, 1).replace(right, wrong)
    verdicts = watch.judged(write('patched', *cells, changed))['functions']
    assert not verdicts[name]['passed']


def test_who_looks_into_the_frames_of_the_judge_is_told_to_the_teacher(write):
    path = write('tries', 'def model_inputs(*sizes):\n    import sys\n    sys._getframe()\n    return 1')
    verdict = watch.judged(path)['functions']['model_inputs']
    assert list(verdict['faults']) == ['model_inputs.unverified']
    assert 'look at it yourself' in verdict['message']


@pytest.fixture(scope='module')
def right():
    return definitions(judge.LESSON)


@pytest.mark.parametrize('name', problem_unittests.FUNCTIONS)
def test_a_right_function_passes_and_one_that_is_wrong_in_a_number_does_not(right, name):
    assert list(judge._canaries(name, right, problem_unittests)) == []


@pytest.mark.parametrize('said', [{}, {'x.y': 'no'}])
def test_a_judge_that_passes_the_wrong_or_fails_the_right_is_noticed(right, said):
    tests = judge.private(problem_unittests)
    tests.judge = lambda name, function: (said, {})
    assert len(list(judge._canaries('model_inputs', right, tests))) == 1


def test_what_was_replaced_is_named(monkeypatch):
    tests = judge.private(problem_unittests)
    assert tests is not problem_unittests
    changed = judge._unchanged(tests)
    assert list(changed()) == []
    tests._close = None
    assert list(changed()) == ['_close was replaced']
    monkeypatch.setattr(json.JSONEncoder, 'iterencode', lambda *_: ['{}'])
    assert list(changed()) == ['_close was replaced', 'iterencode was replaced']
