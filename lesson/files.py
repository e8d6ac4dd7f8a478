"""Whole files or none, one process at a time, what to say when a disk is full; how many cores there are."""

import errno
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def expanded(path: str | os.PathLike | int) -> Path:
    """The path with '~' and variables such as $HOME replaced. ValueError when one of them does not exist."""
    path = str(path)  # of a number too, as papermill makes it from `-p own_pictures 2024`
    text = os.path.expanduser(os.path.expandvars(path))
    unknown = re.match(r'~[^/\\]*|.*?(\$\w+|\$\{\w+\})', text, re.DOTALL)
    if unknown and not os.path.lexists(text):
        name = unknown[1] or unknown[0]
        raise ValueError(f'{name} in {path!r} is not set on this machine: write the whole path')
    return Path(text)


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def say(text: object) -> None:
    """Print a text; a character of a file's name that the terminal does not know is shown as its code."""
    encoding = getattr(sys.stdout, 'encoding', None) or 'utf-8'
    print(str(text).encode(encoding, 'backslashreplace').decode(encoding))


@contextmanager
def whole_file(path: str | Path, sync: bool = True) -> Iterator[BinaryIO]:
    """A new binary file that appears at `path` once all of it is written, or not at all.

    sync: wait until the disk has it; without that, a power failure may leave a file with a part of its content.
    """
    path = Path(path)
    unfinished = path.with_name(f'{path.name}.{os.urandom(4).hex()}.part')
    try:
        with open(unfinished, 'wb') as file:
            yield file
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


@contextmanager
def full_disk_named(path: str | Path) -> Iterator[None]:
    """A full disk meanwhile is an OSError that says how much is free for `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise OSError(error.errno, no_space(path)) from None
        raise


@contextmanager
def one_process_at_a_time(folder: str | Path, waiting: str | None = None) -> Iterator[None]:
    """Make other processes that enter this with the same folder wait until this one leaves it, or is killed.

    waiting: printed when this process has to wait; None: raises filelock.Timeout instead of waiting.
    A folder that cannot be written is entered by everybody.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(Path(folder, '.lock'))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if waiting is None:
            raise
        say(waiting)
        lock.acquire()
    except (OSError, NotImplementedError):
        pass
    try:
        yield
    finally:
        if lock.is_locked:
            with suppress(OSError):  # Windows removes no file that is open
                os.unlink(lock.lock_file)  # who waits notices that, and makes a new one
            lock.release()


def md5(path: str | Path) -> str:
    """The MD5 of a file's content, as hexadecimal text."""
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'md5').hexdigest()


def no_space(path: str | Path, needed: int | None = None) -> str:
    """What to say when the `needed` bytes (if they are known) do not fit on the disk where `path` should go."""
    free = shutil.disk_usage(Path(path).parent).free
    needs = f'it needs {needed:,} bytes, ' if needed else ''
    return f'no space to write {path}: {needs}{free:,} are free. Make room and try again'


def make_writable(folder: Path, advice: str) -> None:
    """Create the folder if it is missing. OSError, which ends with the advice, when no file can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OSError(error.errno, f'no file can be written in {folder} ({error.strerror}): {advice}') from None
