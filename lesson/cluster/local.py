"""A cluster on this machine: python -m lesson.cluster.local NOTEBOOK FOLDER MEMBERS [papermill's -p name value ...].

Starts a chief and MEMBERS - 1 workers, each of which executes the notebook into the folder. What the chief prints is
shown, that of each worker goes to a file. When one of them dies or ends with an error, or this process ends in whatever
way, all end. The same command then resumes from the chief's checkpoint.

TensorFlow's servers listen on all network interfaces. So on Linux the cluster gets a network of its own, with nothing
in it but a loopback interface; then nothing can be downloaded while it runs.
"""

import argparse
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

from lesson.notebook import execute

GRACE = 10  # seconds to find out which member was the first to fail
_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000  # unshare(2)
_SET_FLAGS, _UP = 0x8914, 1  # netdevice(7)


def main(arguments=None):
    """Execute a notebook on this many members; returns an exit code."""
    parser = argparse.ArgumentParser(prog='lesson.cluster.local', description='A notebook on several processes.')
    parser.add_argument('notebook')
    parser.add_argument('folder', type=Path)
    parser.add_argument('members', type=int)
    given, parameters = parser.parse_known_args(arguments)
    if given.members < 1:
        parser.error(f'{given.members} members: choose a whole number from 1')
    if not own_network():
        print('This system gives the cluster no network of its own: its ports can be reached from others. Close them.')
    given.folder.mkdir(parents=True, exist_ok=True)
    checkpoints = given.folder / 'checkpoints'
    parameters = ['-p', 'checkpoint_dir', str(checkpoints.absolute()), *parameters]
    codes = run(given.notebook, given.folder, given.members, parameters)
    if codes['chief'] == 0:
        shutil.rmtree(checkpoints, ignore_errors=True)
        return 0
    for name in [name for name, code in codes.items() if code == 1]:
        print(f'{name} has ended with an error: see {log(given.folder, name) if name != "chief" else "above"}')
    if 1 not in codes.values():
        print(f'A member has died. Is there enough memory for {given.members} processes? The same command resumes.')
    return 1


def run(notebook, folder, members, parameters):
    """Start all members, and wait until the chief has done its work or one has failed: {name: exit code or None}.

    An exit code is 1 after an error in the notebook, LOST or negative after a death, None when it was ended from here.
    """
    hosts = [f'127.0.0.1:{port}' for port in free_ports(members)]
    processes, end = {}, None
    try:
        for i in range(members):
            task = {'type': 'worker', 'index': i - 1} if i else {'type': 'chief', 'index': 0}
            config = json.dumps({'cluster': {'chief': hosts[:1], 'worker': hosts[1:]}, 'task': task})
            name = f'worker {i - 1}' if i else 'chief'
            processes[name] = start(notebook, folder, name, parameters, os.environ | {'TF_CONFIG': config})
        while True:
            codes = {name: process.poll() for name, process in processes.items()}
            if any(codes.values()) and end is None:
                end = time.monotonic() + GRACE
            if codes['chief'] == 0 or 1 in codes.values() or (end and time.monotonic() > end):
                return codes
            time.sleep(0.2)
    finally:
        end_all()


def start(notebook, folder, name, parameters, environment):
    """Start a member. Its standard input ends when this process does, and then it ends."""
    code = 'from lesson.cluster.local import member; member()'
    command = [sys.executable, '-c', code, str(notebook), str(log(folder, name).with_suffix('.ipynb')), *parameters]
    with contextlib.ExitStack() as stack:
        file = None if name == 'chief' else stack.enter_context(open(log(folder, name), 'wb'))
        quiet = {'stdout': file, 'stderr': file}
        return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, env=environment, **quiet)


def member():
    """Execute a notebook, until standard input ends."""

    def wait():
        os.read(0, 1)
        end_all()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    execute.main(sys.argv[1:])


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
        if unshare(_NEW_NETWORK) == -1:  # allowed for root only; others need a user namespace, too
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
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit('The cluster was ended.')
