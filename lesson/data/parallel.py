"""Work on all processor cores."""

import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing import active_children, parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType

from lesson.files import cores


def on_all_cores(function: Callable, parts: Iterable) -> Iterator:
    """Yield function(part) for each of parts, in order; parts (any iterable) is read as the work proceeds.

    This process works as well, since starting another one takes a while. The others are spawned: forking a process
    with TensorFlow in it is not safe, and threads would wait for each other in Pillow. They know nothing of what was
    changed here: `function` brings all of its settings. They do not run the main script, so it needs no main guard.
    This process works alone if no other can be started, or if `function` was defined in a notebook or script.
    Raises what `function` raises, and concurrent.futures.process.BrokenProcessPool when a process is killed.
    """
    parts = iter(parts)
    first = list(islice(parts, min(cores(), 61)))  # Windows can wait for 61 processes
    parts, others = chain(first, parts), len(first) - 1
    if others < 1 or not _can_be_sent(function):
        yield from map(function, parts)
        return
    pool, ready = _started(others, function)
    try:
        for part in parts:
            yield function(part)
            if any(future.done() for future in ready):
                break
        if any(future.done() and future.exception() for future in ready):
            yield from map(function, parts)
        else:
            yield from _shared(pool, others, function, parts)
    finally:
        if pool:
            pool.shutdown(cancel_futures=True)  # an interrupt does not wait for the rest


def _shared(pool, others, function, parts):
    """Yield function(part) for each of parts, which the others in a pool and this process take."""
    results = deque()  # futures, in the order of parts; none is cancelled: then a pool hangs when a process is killed
    for part in parts:
        if sum(not future.done() for future in results) < 2 * others:  # each has one in work and one in reserve
            with _held_interrupts():
                results.append(pool.submit(function, part))
        else:  # rather than wait
            results.append(Future())
            results[-1].set_result(function(part))
        while results and (results[0].done() or len(results) > 16 * others):
            yield results.popleft().result()
    for future in results:
        yield future.result()


def _can_be_sent(function):
    """Whether other processes find a function and its arguments: not if they are of a notebook or script."""
    try:
        return b'__main__' not in pickle.dumps(function)
    except Exception:  # whatever cannot be sent raises nearly anything
        return False


def _started(others, function):
    """(a pool of processes or None, futures that tell whether they have found `function`)."""
    before, ready = active_children(), []
    try:
        pool = ProcessPoolExecutor(others, _Context(), _start_process)
        for _ in range(others):
            with _held_interrupts():
                ready.append(pool.submit(callable, function))
    except (OSError, RuntimeError, AssertionError, ImportError) as error:  # by system, Python, a daemon's process
        for process in set(active_children()) - set(before):
            process.kill()
        refused = Future()
        refused.set_exception(error)
        return None, [refused]
    return pool, ready


class _Process(SpawnProcess):
    def start(self):
        """Without the main module, which a spawned process would run again, main guard or not."""
        main, sys.modules['__main__'] = sys.modules['__main__'], ModuleType('__main__')
        try:
            super().start()
        finally:
            sys.modules['__main__'] = main


class _Context(SpawnContext):
    Process = _Process


@contextmanager
def _held_interrupts():
    """Ctrl-C comes afterwards; to a process that starts in here it never comes, not even before _start_process."""
    if not hasattr(signal, 'pthread_sigmask'):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_process():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for this one
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    parent_process().join()
    os._exit(1)  # the parent was killed, and nobody else would end this process
