"""Work on all processor cores."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from multiprocessing import get_context, parent_process


def on_all_cores(function: Callable, parts: Iterable) -> Iterator:
    """Yield function(part) for each of parts, in order; parts (any iterable) is read as the work proceeds.

    This process works as well, since starting another one takes a while. The others are spawned: forking a process
    with TensorFlow in it is not safe, and threads would wait for each other in Pillow. They know nothing of what was
    changed here: `function` brings all of its settings; one that was defined in a notebook or script runs here alone.
    Raises what `function` raises, and concurrent.futures.process.BrokenProcessPool when a process is killed.
    """
    parts = iter(parts)
    first = list(islice(parts, 2))
    others = min(os.cpu_count(), 61) - 1  # Windows can wait for 61 processes
    parts = chain(first, parts)
    if len(first) < 2 or others < 1 or _is_of_this_process(function):
        yield from map(function, parts)
        return
    pool = ProcessPoolExecutor(others, get_context('spawn'), _start_process)
    results = deque()  # futures, in the order of parts; none is cancelled: then a pool hangs when a process is killed
    try:
        while True:
            busy = sum(not future.done() for future in results)
            for part in islice(parts, max(0, 2 * others - busy)):  # each has one in work and one in reserve
                with _held_interrupts():
                    results.append(pool.submit(function, part))
            if not results:
                return
            if not results[0].done() and len(results) < 16 * others:
                mine = [function(part) for part in islice(parts, 1)]  # rather than wait
                if mine:
                    results.append(Future())
                    results[-1].set_result(mine[0])
                    continue
            yield results.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt does not wait for the rest


def _is_of_this_process(function):
    """Whether a function, or one among its arguments, was defined where other processes cannot find it."""
    if isinstance(function, partial):
        return any(map(_is_of_this_process, (function.func, *function.args, *function.keywords.values())))
    return getattr(function, '__module__', None) == '__main__'


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
