"""A cluster on this machine: it trains, it names what fails, and no process is left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from lesson.cluster import local

ROOT = Path(__file__).parents[2]
TRAINING = """
import json, os
from tests.train import process
kind = json.loads(os.environ['TF_CONFIG'])['task']['type']
kill = ['--kill', '5'] if kind == dies else []
process.main([f'{folder}/{kind}.npz', '--checkpoint_dir', checkpoint_dir, *kill])
print('trained')
"""
LISTENING = """
import json, os, socket, time
from pathlib import Path
kind = json.loads(os.environ['TF_CONFIG'])['task']['type']
server = socket.create_server(('', 0))
Path(folder, kind + '.tmp').write_text(str(server.getsockname()[1]))
os.rename(Path(folder, kind + '.tmp'), Path(folder, kind))
if kind == dies:
    raise ValueError('of the notebook')
time.sleep(1000)
"""


def start(folder, code, dies=''):
    """Start a local cluster of two members on a notebook with this code, which reads `dies`."""
    cells = [nbformat.v4.new_code_cell("folder = checkpoint_dir = dies = ''"), nbformat.v4.new_code_cell(code)]
    cells[0].metadata.tags = ['parameters']
    kernel = {'name': 'python3', 'display_name': 'Python 3', 'language': 'python'}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={'kernelspec': kernel})
    nbformat.write(notebook, folder / 'in.ipynb')
    options = ['-p', 'folder', folder, '-p', 'dies', dies]
    command = [sys.executable, '-m', 'lesson.cluster.local', folder / 'in.ipynb', folder / 'out', '2', *options]
    with open(folder / 'printed.txt', 'w') as output:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {'CLUSTER_OF': str(folder)},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def processes_of(folder):
    """All processes that a local cluster has started, and that have not ended."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get('CLUSTER_OF') == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            pass
    return found


def none_is_left(folder, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end and processes_of(folder):
        time.sleep(0.1)
    return not processes_of(folder)


@pytest.mark.parametrize(
    ('arguments', 'wrong'),
    [([], 'the following arguments are required: notebook, folder, members'), (['a', 'b', '0'], '0 members: choose')],
)
def test_arguments_that_cannot_be_used_are_refused_with_a_sentence(capsys, arguments, wrong):
    with pytest.raises(SystemExit):
        local.main(arguments)
    assert wrong in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.fault
def test_when_a_kernel_dies_a_local_cluster_ends_and_the_same_command_resumes(tmp_path):
    process = start(tmp_path, TRAINING, dies='worker')
    assert process.wait(timeout=280) == 1
    text = (tmp_path / 'printed.txt').read_text()
    assert text.splitlines()[-1] == (
        'A member has died. Is there enough memory for 2 processes? The same command resumes.'
    )
    assert none_is_left(tmp_path, 0)
    assert start(tmp_path, TRAINING).wait(timeout=280) == 0, (tmp_path / 'printed.txt').read_text()
    text = str(nbformat.read(tmp_path / 'out' / 'chief.ipynb', as_version=4).cells[-1].outputs)
    assert 'Resuming after step ' in text and 'trained' in text
    assert not (tmp_path / 'out' / 'checkpoints').exists()
    assert none_is_left(tmp_path, 0)


@pytest.mark.long
@pytest.mark.fault
def test_an_error_in_a_notebook_ends_a_local_cluster_and_is_named(tmp_path):
    process = start(tmp_path, LISTENING, dies='worker')
    assert process.wait(timeout=280) == 1
    assert 'worker 0 has ended with an error: see ' in (tmp_path / 'printed.txt').read_text()
    assert 'ValueError: of the notebook' in (tmp_path / 'out' / 'worker-0.log').read_text()
    assert none_is_left(tmp_path, 0)


@pytest.mark.long
@pytest.mark.fault
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_however_a_local_cluster_ends_no_process_is_left_and_its_ports_were_its_own(tmp_path, number):
    process = start(tmp_path, LISTENING)
    kinds = [tmp_path / 'chief', tmp_path / 'worker']
    while not all(kind.exists() for kind in kinds):
        assert process.poll() is None
        time.sleep(0.1)
    assert len(processes_of(tmp_path)) >= 5  # the launcher, and for each member papermill and a kernel
    if 'no network of its own' not in (tmp_path / 'printed.txt').read_text():
        for kind in kinds:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(('127.0.0.1', int(kind.read_text())))
    process.send_signal(number)
    process.wait(timeout=100)
    assert none_is_left(tmp_path)
