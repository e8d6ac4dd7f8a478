"""What a judged notebook cannot reach."""

import os
import socket

import pytest

from lesson.grade import watch

CAN = """
import os, socket, subprocess, tempfile
def can(act):
    try:
        act()
        return True
    except (OSError, subprocess.CalledProcessError):
        return False
def model_inputs(*sizes):
    raise ValueError([{}])
"""


def test_a_notebook_reaches_neither_other_files_nor_processes_nor_a_network(write, tmp_path):
    kept = tmp_path / 'grades.csv'
    kept.write_text('kept')
    with socket.create_server(('127.0.0.1', 0)) as server:
        cannot = [
            f"open({str(kept)!r}, 'w').write('mine')",
            f'os.remove({str(kept)!r})',
            "open(tempfile.gettempdir() + '/../beside', 'w').write('mine')",
            "open('/dev/shm/mine', 'w').write('mine')",
            f"subprocess.run(['touch', {str(tmp_path / 'new')!r}], check=True)",
            "subprocess.run(['mount', '-o', 'remount,bind,rw', '/'], check=True)",
            f'socket.create_connection({server.getsockname()}, timeout=5)',
            f'os.kill({os.getpid()}, 0)',
        ]
        may = ["open('here', 'w').write(tempfile.mkdtemp())", "open(os.path.expanduser('~/there'), 'w').close()"]
        path = write('outside', CAN.format(', '.join(f'can(lambda: {each})' for each in cannot + may)))
        judged = watch.judged(path)
    if not judged['confined']:
        pytest.skip('this system does not allow it')
    expected = [False] * len(cannot) + [True] * len(may)
    assert str(expected) in ' '.join(judged['functions']['model_inputs']['message'].split())
    assert {path.name for path in tmp_path.iterdir()} == {'grades.csv', 'class'}
    assert kept.read_text() == 'kept'
