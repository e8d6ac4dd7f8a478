"""What a learner's code may not do to the process that executes it: last forever, end it, fill its memory with text."""

import contextlib
import inspect
import io
import os
import signal
import sys
import threading
import time
from pathlib import Path
from unittest import mock


@contextlib.contextmanager
def limited(seconds, waiting=None, wall=None):
    """Raise TimeoutError, again and again, in what computes or waits for too long. Yields a list: not empty if it did.

    That names the line. Only in the main thread, and where the system has such timers.
    """
    stops, start, started = [], _computed(), time.monotonic()
    active = [started, start, 0.0]  # when something was last seen to compute; its seconds, those of its children
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, 'setitimer'):
        yield stops
        return

    def look(*_):
        now, computed, text = time.monotonic(), _computed(), ''
        if computed > active[1] + 0.1:
            active[:2] = now, computed
        if computed - start > seconds:
            text = f'it was stopped after {seconds} s of computing'
        elif waiting and now - active[0] > waiting:
            if (children := _computed_by_children()) > active[2] + 0.5:
                active[:] = now, computed, children
            else:
                text = f'it was stopped: for {waiting} s it had computed nothing, only waited'
        elif wall and now - started > wall:
            text = f'it had not ended after {wall:.0f} s, and was stopped'
        if text:
            stops.append(text)
            signal.setitimer(signal.ITIMER_REAL, 5, 5)
            raise TimeoutError(text)

    before = signal.signal(signal.SIGALRM, look), signal.setitimer(signal.ITIMER_REAL, 1, 1)
    try:
        yield stops
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before[0])
        signal.setitimer(signal.ITIMER_REAL, *before[1])


def _computed():
    """Seconds of computing of this process, and of those of its children that have ended."""
    return sum(os.times()[:4])


def _computed_by_children():
    import psutil

    with contextlib.suppress(psutil.Error):
        return sum(sum(each.cpu_times()) for each in psutil.Process().children(recursive=True))
    return 0.0


@contextlib.contextmanager
def no_sudden_end():
    """In a with statement, os._exit and os.abort raise SystemExit in this process, in place of ending it."""
    me, real = os.getpid(), os._exit

    def end(code='os.abort'):
        if os.getpid() != me:  # a fork of it ends in this way
            real(code)
        raise SystemExit(code)

    with mock.patch.object(os, '_exit', end), mock.patch.object(os, 'abort', end):
        yield


@contextlib.contextmanager
def beside(path):
    """In a with statement, modules beside a notebook are found, as in Jupyter: its functions may import them, too.

    What it changes for the whole process is put back: the depth of recursion, the folder, the arguments.
    """
    folder, deep, here, before = str(Path(path).absolute().parent), sys.getrecursionlimit(), os.getcwd(), sys.path
    sys.path.insert(0, folder)
    try:
        with mock.patch.object(sys, 'argv', [str(path)]):
            yield
    finally:
        sys.setrecursionlimit(deep)
        os.chdir(here)
        sys.path = before
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)


def leave_out(name, functions):
    """From now on, functions that would call the one called `name` find None there: it ends or stops their process."""
    for function in functions:
        with contextlib.suppress(Exception):
            scope = inspect.unwrap(getattr(function, 'func', function)).__globals__
            scope.update({name: None} if name in scope else {})


class Nowhere(io.StringIO):
    """Takes any amount of text, and forgets it."""

    def write(self, text):
        return len(text)
