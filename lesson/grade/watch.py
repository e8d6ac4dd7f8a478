"""Starts the processes that judge a notebook, and ends those that leave their limits."""

import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from importlib.util import find_spec

import psutil

from lesson.grade import limits
from lesson.notebook.definitions import FUNCTIONS

EVERY = 1.0  # seconds between two looks at the processes of a notebook, which take a walk through all there are
LATER = 20  # seconds that the judge has to stop a function itself, which then can say at which line
STOPPED = ('crashed', 'too_slow', 'too_much_memory', 'too_many_processes')

# A server loads TensorFlow once, and forks for each notebook before using it: loading takes as long as judging.
_context = multiprocessing.get_context('forkserver' if sys.platform == 'linux' else 'spawn')
_context.set_forkserver_preload(['lesson.session', 'matplotlib.pyplot', 'lesson.grade.judge'])
interrupted = threading.Event()


def judged(path) -> dict | None:
    """What the judge says of a notebook: {'confined': bool, 'note': text, 'functions': {name: verdict}}.

    A function at which the process dies, or uses too much, is judged again in a process that begins with it: if that
    ends in the same way, it is the fault of the function. Returns None after an interruption.
    """
    os.environ.setdefault('MPLBACKEND', 'Agg')  # no windows
    if find_spec('tf_keras'):
        os.environ.setdefault('TF_USE_LEGACY_KERAS', '1')  # for those who have written tf.layers
    record = {'confined': True, 'note': '', 'functions': {}}
    functions = record['functions']
    while missing := [name for name in FUNCTIONS if name not in functions]:
        broken = [name for name in functions if {f'{name}.{fault}' for fault in STOPPED} & {*functions[name]['faults']}]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            fault, text, current = _watched(path, missing, broken, folder, record)
        if interrupted.is_set():
            return None
        if fault == 'too_slow' or (fault and missing[0] not in functions):
            for name in [current] if current else missing:  # none: it did not come to the first one
                functions[name] = _verdict(False, {f'{current or "notebook"}.{fault}': text}, f'{name}: {text}', None)
    return record


def _watched(path, names, broken, folder, record):
    """Judge functions in one process, into the record. Returns (fault, its text, the function at which it ended)."""
    reader, writer = _context.Pipe(duplex=False)
    key = os.urandom(16).hex()
    process = _context.Process(target=_judge, args=(path, names, broken, writer, folder, key), daemon=True)
    process.start()
    writer.close()
    current, done, computed, memory, looked = None, len(record['functions']), 0.0, 0, 0.0
    since = active = time.monotonic()
    try:
        while not interrupted.is_set():
            answered = reader.poll(EVERY)
            if (now := time.monotonic()) - looked > EVERY:
                looked, (seconds, memory, count) = now, _used(process)
                if seconds > computed + 0.1:
                    computed, active = seconds, now
                if problem := _out_of_limits(now - since, now - active, memory, count):
                    return *problem, current
            if answered:
                current = _receive(reader, names, key, current, record)
            if len(record['functions']) > done:
                done, since = len(record['functions']), time.monotonic()
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):  # the end, or not from the judge
        process.join(1)
        if current or names[0] not in record['functions']:
            return 'crashed', f'the process died of it ({_ending(process.exitcode, memory)}).', current
    finally:
        _kill(process)
        reader.close()
    return None, None, None


def _judge(*arguments):
    from lesson.grade import judge  # which loads TensorFlow

    judge.private(judge).judge(*arguments)


def _receive(reader, names, key, current, record):
    """Note a message in the record, as far as it is what the judge would write. Returns the function that it is at."""
    message = json.loads(reader.recv_bytes(limits.MESSAGE))
    if message['key'] != key:
        raise ValueError('not from the judge')
    if 'confined' in message:
        record['confined'] &= bool(message['confined'])
    elif 'note' in message:
        record['note'] = str(message['note'])
    elif 'begins' in message:
        current = names[names.index(message['begins'])]
    else:
        name, verdict = names[names.index(message['name'])], message['verdict']
        record['functions'][name] = _verdict(*(verdict[key] for key in ('passed', 'faults', 'message', 'seconds')))
        current = None
    return current


def _verdict(passed, faults, message, seconds):
    faults = {str(fault): str(seen) for fault, seen in faults.items()}
    return {
        'passed': bool(passed) and not faults,
        'faults': faults,
        'message': str(message),
        'seconds': seconds and float(seconds),
    }


def _out_of_limits(seconds, waiting, memory, count):
    """(The fault, its text) of a process that the judge in it has not stopped in time, or that uses too much."""
    if count > limits.PROCESSES:
        return 'too_many_processes', f'it was stopped: it had started more than {limits.PROCESSES} processes.'
    if memory > limits.MEMORY:
        return 'too_much_memory', f'it was stopped: it used more than {limits.MEMORY / 2**30:.0f} GB of memory.'
    if seconds > (most := limits.wall() + LATER):
        return 'too_slow', f'it had not ended after {most:.0f} s, and was stopped.'
    if waiting > (most := limits.WAITING + LATER):
        return 'too_slow', f'it was stopped: for {most} s it had computed nothing, only waited.'
    return None


def _used(process):
    """(Seconds of computing, bytes, number of processes) of a process and all that it has started.

    Of too many processes, only their number: they would fill the memory before each is asked how much it uses.
    """
    seconds, memory, tree = 0.0, 0, []
    with suppress(psutil.NoSuchProcess):
        one = psutil.Process(process.pid)
        tree = one.children(recursive=True)
        seconds = sum(one.cpu_times())
    for each in tree if len(tree) <= limits.PROCESSES else []:
        with suppress(psutil.NoSuchProcess):
            seconds += sum(each.cpu_times())
            memory += _memory(each)
    return seconds, memory, len(tree)


def _memory(process):
    """Bytes; what several share, as after a fork, is divided among them where the system knows (Linux)."""
    used = process.memory_info().rss
    if used > limits.MEMORY / limits.PROCESSES:  # this takes longer
        with suppress(psutil.AccessDenied):
            return getattr(process.memory_full_info(), 'pss', used)
    return used


def _kill(process):
    """Kill a process and all that it has started, which stands still meanwhile: it could start others faster.

    Where it is confined, all die with it; elsewhere each is killed.
    """
    tree = []
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGSTOP)
    with suppress(psutil.NoSuchProcess):
        tree = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for each in tree:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.join()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what it has started in this very moment


def _ending(code, memory):
    """An exit code in words; None: there is none yet. memory: bytes that were in use a moment ago."""
    if code is None:
        return 'it no longer answered'
    number = -code if code < 0 else code - 128
    if number not in {*signal.Signals}:
        return f'exit code {code}'
    full = number in (signal.SIGKILL, signal.SIGABRT) and memory > limits.MEMORY / 3  # it may have grown since
    return signal.Signals(number).name + f', probably out of memory: it has {limits.MEMORY / 2**30:.0f} GB' * full
