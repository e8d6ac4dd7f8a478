"""A cluster on this machine: python -m lesson.cluster.local NOTEBOOK FOLDER MEMBERS [papermill's -p name value ...].

Starts a chief and MEMBERS - 1 workers, each of which executes the notebook into the folder. What the chief prints is
shown, that of each worker goes to a file. When one of them dies, all are started again, and resume from the chief's
checkpoint; when one ends with an error, or this process ends in whatever way, all end.

TensorFlow's servers listen on all network interfaces. So on Linux the cluster gets a network of its own, with nothing
in it but a loopback interface; then nothing can be downloaded while it runs.
"""

import contextlib
import ctypes
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from lesson.notebook.execute import LOST

RESTARTS = 3
GRACE = 30  # seconds for the others to notice that a member has died
_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000  # unshare(2)
_SET_FLAGS, _UP = 0x8914, 1  # netdevice(7)


def main(notebook, folder, members, *arguments):
    """Execute the notebook on so many members; returns an exit code."""
    folder = Path(folder)
    if not members.isdecimal() or int(members) < 1:
        sys.exit(f'{members!r} members: choose a whole number from 1, make cluster WORKERS=2')
    if not own_network():
        print('This system gives the cluster no network of its own: its ports can be reached from others. Close them.')
    folder.mkdir(parents=True, exist_ok=True)
    checkpoints = folder / 'checkpoints'
    shutil.rmtree(checkpoints, ignore_errors=True)
    arguments = ['-p', 'checkpoint_dir', str(checkpoints.absolute()), *arguments]
    for restart in range(RESTARTS + 1):
        codes = once(notebook, folder, int(members), arguments)
        if codes['chief'] == 0:
            shutil.rmtree(checkpoints, ignore_errors=True)
            return 0
        failed = errors(codes)
        if failed or restart == RESTARTS:
            break
        print(f'A member has died. Starting all of them again ({restart + 1} of at most {RESTARTS} times).', flush=True)
    for name in failed:
        print(f'{name} has ended with an error: see {log(folder, name) if name != "chief" else "above"}')
    if not failed:
        print(f'A member has died in each of {RESTARTS + 1} starts. Is there enough memory for {members} processes?')
    return 1


def once(notebook, folder, members, arguments):
    """Start all members, and wait until the chief has done its work or one has failed: {name: exit code or None}.

    An exit code is negative when a signal has ended the process, None when the member was ended from here.
    """
    ports = free_ports(members)
    names = ['chief', *(f'worker {i}' for i in range(members - 1))]
    cluster = {'chief': [f'127.0.0.1:{ports[0]}'], 'worker': [f'127.0.0.1:{port}' for port in ports[1:]]}
    processes = {}
    try:
        for name in names:
            role, _, index = name.partition(' ')
            task = {'cluster': cluster, 'task': {'type': role, 'index': int(index or 0)}}
            processes[name] = start(notebook, folder, name, arguments, os.environ | {'TF_CONFIG': json.dumps(task)})
        end = None
        while True:
            codes = {name: process.poll() for name, process in processes.items()}
            if any(codes.values()) and end is None:
                end = time.monotonic() + GRACE
            late = end and (time.monotonic() > end or None not in codes.values())
            if codes['chief'] == 0 or errors(codes) or late:
                return codes
            time.sleep(0.2)
    finally:
        end_all()


def errors(codes):
    """The members whose notebook has ended with an error of its own: not because one of them has died."""
    return [name for name, code in codes.items() if code and code > 0 and code != LOST]


def start(notebook, folder, name, arguments, environment):
    """Start a member. Its standard input ends when this process does, and then it ends."""
    output = folder / ('chief.ipynb' if name == 'chief' else log(folder, name).with_suffix('.ipynb').name)
    command = [sys.executable, '-m', 'lesson.cluster.local', 'member', str(notebook), str(output), *arguments]
    with contextlib.ExitStack() as stack:
        quiet = {}
        if name != 'chief':
            file = stack.enter_context(open(log(folder, name), 'wb'))
            quiet = {'stdout': file, 'stderr': file}
        return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, env=environment, **quiet)


def member(*arguments):
    """Execute a notebook, until standard input ends."""

    def wait():
        os.read(0, 1)
        end_all()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    from lesson.notebook import execute

    execute.main(arguments)


def log(folder, name):
    return folder / f'{name.replace(" ", "-")}.log'


def end_all():
    """Kill all processes that this one has started, and those that they have."""
    ours = psutil.Process().children(recursive=True)
    for process in ours:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(ours)


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(('127.0.0.1', 0))
        return [each.getsockname()[1] for each in sockets]


def own_network():
    """Move this process to a network that consists of a loopback interface. False: that is not possible here."""
    try:
        user, group = os.getuid(), os.getgid()
        unshare = ctypes.CDLL(None, use_errno=True).unshare
        if unshare(_NEW_NETWORK) == -1:  # allowed for root only; whoever is not, needs a user namespace, too
            if unshare(_NEW_USER | _NEW_NETWORK) == -1:
                return False
            Path('/proc/self/setgroups').write_text('deny')
            Path('/proc/self/uid_map').write_text(f'{user} {user} 1')
            Path('/proc/self/gid_map').write_text(f'{group} {group} 1')
        import fcntl

        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack('16sh14x', b'lo', _UP))
    except (AttributeError, OSError, ImportError):
        return False
    return True


if __name__ == '__main__':
    if sys.argv[1] == 'member':
        member(*sys.argv[2:])
    else:
        try:
            sys.exit(main(*sys.argv[1:]))
        except KeyboardInterrupt:
            sys.exit('The cluster was ended.')
