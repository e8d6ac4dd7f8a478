"""Whole files or none, one process at a time, and what to say when a disk is full."""

import errno
import hashlib
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole_file(path):
    """A new binary file that appears at `path` once all of it is written and on the disk, or not at all."""
    path = Path(path)
    unfinished = path.with_name(f'{path.name}.{os.urandom(4).hex()}.part')
    try:
        with open(unfinished, 'wb') as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # should the power fail, its name is not on the disk before its content
        os.replace(unfinished, path)
    finally:
        with suppress(OSError):
            unfinished.unlink()


@contextmanager
def one_process_at_a_time(folder, waiting=None):
    """Make other processes that enter this with the same folder wait until this one leaves it, or is killed.

    waiting: printed when this process has to wait; None: raises filelock.Timeout instead of waiting.
    A folder that cannot be written, or a network drive without locks, is entered by everybody.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(Path(folder, '.lock'))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if waiting is None:
            raise
        print(waiting)
        lock.acquire()
    except (OSError, NotImplementedError):
        pass
    try:
        yield
    finally:
        lock.release()


def md5(path):
    """The MD5 of a file's content, as hexadecimal text."""
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'md5').hexdigest()


def no_space(path, needed):
    """What to tell when `needed` bytes (a number, or None if unknown) do not fit on the disk where `path` should go."""
    free = shutil.disk_usage(Path(path).parent).free
    needs = '' if needed is None else f'it needs {needed:,} bytes, '
    return f'no space to write {path}: {needs}{free:,} are free. Make room and try again'
