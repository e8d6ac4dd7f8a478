"""Judges functions of one notebook, in a process that is confined, and proves that it was still this judge.

A notebook could change how it is judged. So it gets neither this module nor the contract that is used, but copies of
their code which no import finds; after each function, a right and a wrong one are judged by the same path; and what is
used on the way has to be what it was before. Whoever looks for the copies, in frames or by the garbage collector, is
noticed. If one of these says so, the verdict is `unverified`.
"""

import builtins
import contextlib
import functools
import io
import json
import multiprocessing
import operator
import os
import re
import struct
import sys
import time
import types
from multiprocessing.connection import Connection
from pathlib import Path

import helper  # noqa: F401  (so that a notebook gets this one, and not one that lies beside it)
import problem_unittests
from lesson.grade import limits
from lesson.grade.confine import confine
from lesson.notebook.definitions import definitions
from lesson.notebook.limited import beside, leave_out, limited

ROOT = Path(__file__).parents[2]
LESSON = ROOT / 'dlnd_face_generation.ipynb'
UNVERIFIED = 'unverified: {}. Something in this notebook changes how it is judged: look at it yourself.'
_SPYING = {
    *('gc.get_objects', 'gc.get_referrers', 'gc.get_referents', 'sys.settrace', 'sys.setprofile'),
    *('sys._getframe', 'sys._current_frames'),
}
_FRAMES = {'tb_frame', 'gi_frame', 'cr_frame', 'ag_frame'}  # attributes of what has a frame


def private(module):
    """A copy of a module, made from its code, that no import finds."""
    copy = types.ModuleType(module.__name__)
    copy.__file__ = module.__file__
    exec(compile(Path(module.__file__).read_bytes(), module.__file__, 'exec'), copy.__dict__)
    return copy


class _Fixed:
    """A method that an instance cannot replace."""

    def __init__(self, function):
        self.function = function

    def __get__(self, instance, owner=None):
        return self.function if instance is None else types.MethodType(self.function, instance)

    def __set__(self, instance, value):
        raise AttributeError('it is a method of the judge')


def _classes(module):
    return [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]


def _fix_methods(module):
    for each in _classes(module):
        for name, value in [*vars(each).items()]:
            if isinstance(value, types.FunctionType) and not name.startswith('__'):
                setattr(each, name, _Fixed(value))


def _close_others(writer):
    """Close what this process has inherited: the pipes of the server that it comes from, and of other judges."""
    with contextlib.suppress(OSError):
        for name in os.listdir('/proc/self/fd'):
            with contextlib.suppress(OSError):
                pipe = os.readlink(f'/proc/self/fd/{name}').startswith(('pipe:', 'socket:'))
                if pipe and int(name) != writer.fileno():
                    os.close(int(name))


def _sender(writer, key):
    """A function that writes JSON, with a key that a notebook does not know, by what it cannot replace any more."""
    encode, me, put, pipe, pack = json.JSONEncoder().encode, os.getpid, os.write, writer.fileno(), struct.pack
    process = me()

    def send(**message):
        if me() != process:  # a copy of this process, which the notebook made by a fork
            os._exit(1)
        text = encode({'key': key, **message}).encode()
        put(pipe, pack('!i', len(text)) + text)  # as Connection.send_bytes does

    return send


def judge(path, names, broken, writer, folder, key):
    """Write JSON to a connection: whether this process is confined, a note on the notebook, a verdict on each function.

    A verdict is {'passed', 'faults': {id: what was seen}, 'message', 'seconds'}. A function that computes for longer
    than it may is the last in this process. broken: functions that would end this process, and are left out.
    """
    multiprocessing.current_process()._args = ()  # where it would find writer and key
    tests, right, noticed = private(problem_unittests), definitions(LESSON), []
    _fix_methods(tests)
    confined = confine(folder)
    send = _sender(writer, key)
    _close_others(writer)
    send(confined=confined)
    unchanged = _unchanged(tests)
    _notice(noticed)
    try:
        with limited(limits.DEFINITIONS) as stops:
            scope = definitions(path)
    except BaseException as error:
        text = f'{type(error).__name__}: {error}'.replace(str(path), path.name)
        fault = 'notebook.too_slow' if stops else 'notebook.unreadable'
        for name in names:
            send(name=name, verdict=_verdict({fault: text}, f'{name}: {text}', 0.0))
        os._exit(0)
    send(note=scope.note)
    for name in broken:
        leave_out(name, scope.values())
    for name in names:
        send(begins=name)
        with beside(path):  # the functions may import what is beside their notebook
            verdict, stopped = _judged(name, scope[name], tests)
        if not stopped and not verdict['missing']:
            doubts = [*noticed, *unchanged(), *verdict['silenced'], *_canaries(name, right, tests)]
            if doubts:
                said = UNVERIFIED.format(doubts[0])
                verdict = _verdict({f'{name}.unverified': said}, f'{name}: {said}', verdict['seconds'])
        send(name=name, verdict=verdict)
        if stopped:
            break
    os._exit(0)  # whatever threads, children or exit handlers the notebook has left


def _judged(name, function, tests=problem_unittests):
    """(The verdict on a function, whether it was stopped). It says, too, which faults were noted and then not told."""
    output, faults, noted, stopped_at, start = io.StringIO(), {}, [], [], time.perf_counter()
    note, judges, kinds = tests._fault, tests._judges[name], {id_: each['kind'] for id_, each in tests.FAULTS.items()}
    test = getattr(tests, f'test_{name}')

    def recorded(fault, **values):
        noted.append(fault.replace('*', name))
        return note(fault, **values)

    def watched(function):
        try:
            return judges(function)
        except tests._Stop:
            stopped_at.append(len(noted))
            raise

    tests._fault, tests._judges[name] = recorded, watched
    try:
        with contextlib.redirect_stdout(output), limited(limits.FUNCTION, limits.WAITING, limits.wall()) as stops:
            test(function)
        message = output.getvalue()
    except BaseException as error:
        faults, message = _raised(error, name, stops)
    replaced = tests._fault is not recorded or tests._judges[name] is not watched or stopped_at == [0]
    tests._fault, tests._judges[name] = note, judges
    verdict = _verdict(faults, message, time.perf_counter() - start)
    serious = [f for f in noted if kinds.get(f, kinds.get(f.replace(f'{name}.', '*.'))) != 'hints']
    silenced = replaced or (serious and not faults)
    verdict['silenced'] = ['a fault was not told, or its test was ended from within'] if silenced else []
    verdict['missing'] = any(f.partition('.')[2] in ('missing', 'not_written', 'not_a_function') for f in faults)
    return verdict, bool(stops)


def _raised(error, name, stops):
    """(The faults, the message) of a test that has raised an error."""
    told = getattr(error, 'faults', None) or {f'{name}.raises': f'{type(error).__name__}: {error}'}
    first = next(iter(told.values()))
    refused = 'BlockingIOError' in first or "can't start new thread" in first  # another process, or thread
    message = str(error) if isinstance(error, AssertionError) else f'{name}: {first}'
    if stops or refused:
        told = {f'{name}.{"too_slow" if stops else "too_many_processes"}': first}
    return told, message


def _verdict(faults, message, seconds):
    faults = {fault: text.partition('\n')[0][: limits.CHARACTERS // 10] for fault, text in faults.items()}
    message = message[: limits.CHARACTERS].strip()
    return {'passed': not faults, 'faults': faults, 'message': message, 'seconds': round(seconds, 1)}


# ---------------------------------------------------------------- whether it is still this judge


def wrong(name, right):
    """A function that is wrong in one number, made from a right one."""
    change = {
        'model_inputs': lambda width, height, channels, z_dim: right(width, height, channels, z_dim + 1),
        'discriminator': lambda images, reuse=False: [result * 0.9 for result in right(images, reuse)],
        'generator': lambda z, out_channel_dim, is_train=True: right(z, out_channel_dim, is_train) * 2,
        'model_loss': lambda *arguments: [loss * 2 for loss in right(*arguments)],
        'model_opt': lambda d_loss, g_loss, rate, beta1: right(d_loss, g_loss, rate * 2, beta1),
        'train': lambda epochs, batch, z_dim, rate, *others: right(epochs, batch, z_dim, rate * 2, *others),
    }[name]
    return functools.wraps(right)(change)


def _canaries(name, right, tests):
    """What a right and a wrong function say against the judge."""
    for function, passes in ((right[name], True), (wrong(name, right[name]), False)):
        verdict, _ = _judged(name, function, tests)
        if verdict['passed'] != passes or verdict['silenced']:
            kind = ('wrong', 'right')[passes]
            yield f'after it had run, a {kind} function {"failed" if passes else "passed"}'


def _unchanged(tests):
    """A function that yields what of the judge, of the contract, and of what both use has been replaced since now."""
    spaces = [globals(), tests.__dict__, tests.FAULTS, tests._judges, builtins.__dict__, contextlib.__dict__]
    spaces += map(vars, _classes(tests))
    spaces += [json.encoder.__dict__, *map(vars, (json.JSONEncoder, Connection, Connection.__base__))]

    libraries = set(re.findall(r'\b(?:np|tf)(?:\.\w+)+', Path(tests.__file__).read_text('utf-8')))

    def state():
        for space in spaces:
            for name, value in space.items():
                yield (id(space), name), (value, *(getattr(value, each, None) for each in ('__code__', '__defaults__')))
        for name in libraries:  # what the contract uses of NumPy and TensorFlow
            with contextlib.suppress(AttributeError):
                yield ('', name), (operator.attrgetter(name)(tests), None, None)

    before = dict(state())

    def changed():
        now = dict(state())
        for (space, name), values in before.items():
            if name != '_' and any(a is not b for a, b in zip(values, now.get((space, name), [None] * 3), strict=True)):
                yield f'{name} was replaced'

    return changed


def _notice(noticed):
    """From now on, note when code that is neither Python's, nor a library's, nor this project's looks for the judge."""
    known = (sys.base_prefix, sys.prefix, str(ROOT / 'lesson'), str(ROOT / 'problem_unittests.py'), '<frozen')
    looking = []  # not empty: the hook itself does

    def hook(event, arguments):
        if looking or not (event in _SPYING or (event == 'object.__getattr__' and arguments[1] in _FRAMES)):
            return
        looking.append(event)
        frame = sys._getframe(1)
        while frame.f_back and frame.f_code.co_filename.endswith(('inspect.py', 'traceback.py', 'gc.py')):
            frame = frame.f_back
        looking.clear()
        if not frame.f_code.co_filename.startswith(known):
            noticed.append(f'it looked into the process that judges it ({event})')

    sys.addaudithook(hook)
