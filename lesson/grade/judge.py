"""Judges functions of one notebook, in a process that is confined."""

import contextlib
import io
import json
import os
import signal
import sys
import time

import helper  # noqa: F401  (so that a notebook gets this one, and not one that lies beside it)
import problem_unittests
from lesson.grade import limits
from lesson.grade.confine import confine
from lesson.notebook.definitions import definitions


def judge(path, names, writer, folder):
    """Write JSON to a connection: whether this process is confined, a note on the notebook, a verdict on each function.

    A verdict is {'passed', 'faults': {id: what was seen}, 'message', 'seconds'}. A function that computes for longer
    than it may is the last in this process.
    """
    confined = confine(folder)
    me = os.getpid()
    sys.path.insert(0, str(path.parent))  # the functions may import what is beside their notebook

    def send(**message):
        if os.getpid() != me:  # a copy of this process, which the notebook made by a fork
            os._exit(1)
        writer.send_bytes(json.dumps(message).encode())

    send(confined=confined)
    try:
        with _time_limit(limits.DEFINITIONS) as stops:
            scope = definitions(path)
    except BaseException as error:
        text = f'{type(error).__name__}: {error}'.replace(str(path), path.name)
        fault = 'notebook.too_slow' if stops else 'notebook.unreadable'
        for name in names:
            send(name=name, verdict=_verdict({fault: text}, f'{name}: {text}', 0.0))
        os._exit(0)
    send(note=scope.note)
    for name in names:
        send(begins=name)
        verdict, stopped = _judged(name, scope[name])
        send(name=name, verdict=verdict)
        if stopped:
            break
    os._exit(0)  # whatever threads, children or exit handlers the notebook has left


def _judged(name, function):
    """(The verdict on a function, whether it was stopped)."""
    output, faults, start = io.StringIO(), {}, time.perf_counter()
    test = getattr(problem_unittests, f'test_{name}')
    try:
        with contextlib.redirect_stdout(output), _time_limit(limits.FUNCTION) as stops:
            test(function)
        message = output.getvalue()
    except BaseException as error:
        message = str(error) if isinstance(error, AssertionError) else f'{name}: {type(error).__name__}: {error}'
        seen = message.removeprefix(f'{name}: ')
        refused = 'BlockingIOError' in seen or "can't start new thread" in seen  # another process, or thread
        fault = 'too_slow' if stops else 'too_many_processes' if refused else 'raises'
        faults = getattr(error, 'faults', None) if fault == 'raises' else None
        faults = faults or {f'{name}.{fault}': seen}
    return _verdict(faults, message, time.perf_counter() - start), bool(stops)


def _verdict(faults, message, seconds):
    faults = {fault: text.partition('\n')[0][: limits.CHARACTERS // 10] for fault, text in faults.items()}
    message = message[: limits.CHARACTERS].strip()
    return {'passed': not faults, 'faults': faults, 'message': message, 'seconds': round(seconds, 1)}


@contextlib.contextmanager
def _time_limit(seconds):
    """Raise TimeoutError, again and again, in what computes for too long. Yields a list: not empty if that happened."""
    stops = []

    def stop(*_):
        stops.append(True)
        raise TimeoutError(f'it was stopped after {seconds} s of computing')

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, 5)
    try:
        yield stops
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
