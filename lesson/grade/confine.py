"""What confines a judged notebook: limits, and on Linux neither a network nor a file outside its own folder."""

import ctypes
import multiprocessing
import os
import resource
import signal
import tempfile
from multiprocessing.connection import wait
from pathlib import Path

from lesson.grade.limits import FILES, MEMORY, THREADS

# Linux: unshare(2), mount_setattr(2), mount(2), prctl(2), capabilities(7)
_NAMESPACES = 0x00020000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000  # mounts, IPC, users, processes, network
_MOUNT_SETATTR, _HERE, _RECURSIVE, _READ_ONLY = 442, -100, 0x8000, 1
_NO_SUID, _NO_DEVICES = 2, 4
_DIE_WITH_PARENT, _NO_NEW_PRIVILEGES = 1, 38
_NOBODY = 65534
_CAPABILITIES_VERSION = 0x20080522


def confine(folder):
    """Confine this process, and all that it starts. False: it keeps the network and the file system.

    It continues in a child, and in the folder. What it prints is lost.
    """
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILES, FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ.update(HOME=folder, TMPDIR=folder, MPLCONFIGDIR=folder, IPYTHONDIR=folder)
    tempfile.tempdir = None  # it was found before
    confined = _isolate(folder)
    os.chdir(folder)
    return confined


def _isolate(folder):
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        user, group = os.geteuid(), os.getegid()
        if not user:
            os.setreuid(_NOBODY, user)  # for a real user 0 there is no limit of processes
        _call(libc.prctl, _DIE_WITH_PARENT, signal.SIGKILL)
        _call(libc.unshare, _NAMESPACES)
    except (AttributeError, OSError):  # another system, or not allowed here
        return False
    try:
        Path('/proc/self/setgroups').write_text('deny')
        Path('/proc/self/uid_map').write_text(f'{user} {user} 1')
        Path('/proc/self/gid_map').write_text(f'{group} {group} 1')
        own = os.fsencode(folder)
        _call(libc.mount, b'tmpfs', own, b'tmpfs', _NO_SUID | _NO_DEVICES, b'size=%d' % FILES)
        for path, flags, change in ((b'/', _RECURSIVE, (_READ_ONLY, 0)), (own, 0, (0, _READ_ONLY))):  # (set, clear)
            _call(libc.syscall, _MOUNT_SETATTR, _HERE, path, flags, (ctypes.c_uint64 * 4)(*change), 32)
        resource.setrlimit(resource.RLIMIT_NPROC, (THREADS, THREADS))
        _call(libc.prctl, _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _call(libc.capset, (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION), (ctypes.c_uint32 * 6)())
        confined = True
    except OSError:
        confined = False
    child = os.fork()  # the first process of the new namespace: when it ends, all others in it are killed
    if child:
        grader, ended = multiprocessing.parent_process().sentinel, os.pidfd_open(child)
        if ended not in wait([ended, grader]):  # the grader is dead; its server lives as long as this process
            os._exit(1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os._exit(code if code >= 0 else 128 - code)
    _call(libc.prctl, _DIE_WITH_PARENT, signal.SIGKILL)
    return confined


def _call(function, *arguments):
    if function(*arguments) == -1:
        raise OSError(ctypes.get_errno(), function.__name__)
