"""What is done on a disk, counted: the N-th operation fails, or the process ends there, for every N."""

import builtins
import errno
import itertools
import os
from functools import partial

import pytest

OPERATIONS = ('open', 'fsync', 'replace', 'rename', 'unlink', 'rmdir', 'mkdir', 'symlink')
needs_fork = pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')


class Disk:
    """Meanwhile, operation number `which` (from 0) on the disk raises an OSError; a write has written half of it then.

    number: its errno; None: the process ends there instead. reached: whether there were so many.
    """

    def __init__(self, which, number=errno.ENOSPC):
        self._left, self._number, self.reached = which, number, False

    def __enter__(self):
        self._patch, opened = pytest.MonkeyPatch(), builtins.open

        def open_counted(path, mode='r', *arguments, **options):
            if not set(mode) & set('wax+'):
                return opened(path, mode, *arguments, **options)
            file = self._counted(opened, path, mode, *arguments, **options)
            for name in ('write', 'flush'):
                setattr(file, name, partial(self._counted, getattr(file, name)))
            return file

        self._patch.setattr(builtins, 'open', open_counted)
        for name in OPERATIONS:
            self._patch.setattr(os, name, partial(self._counted, getattr(os, name)))
        return self

    def __exit__(self, *_):
        self._patch.undo()

    def _counted(self, operation, *arguments, **options):
        self._left -= 1
        if self._left != -1:
            return operation(*arguments, **options)
        self.reached = True
        if operation.__name__ == 'write':
            operation(arguments[0][: len(arguments[0]) // 2])
        if self._number is None:
            os._exit(9)
        raise OSError(self._number, os.strerror(self._number))


def every(work, number=errno.ENOSPC):
    """Call work(disk) with a disk on which one operation more works each time, until all do; yields N after each."""
    for which in itertools.count():
        disk = Disk(which, number)
        work(disk)
        if not disk.reached:
            return
        yield which


def every_end(work):
    """The same, with work() in a process of its own, which ends at operation N; yields N after each."""
    for which in itertools.count():
        if process := os.fork():
            _, status = os.waitpid(process, 0)
            assert os.waitstatus_to_exitcode(status) in (0, 9)
            if status == 0:
                return
            yield which
            continue
        try:
            with Disk(which, None):
                work()
            os._exit(0)
        finally:
            os._exit(1)
