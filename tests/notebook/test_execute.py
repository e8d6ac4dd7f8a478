"""A notebook that runs in a terminal: how far a training is can be seen, in one line."""

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
TRAINING = """
import time
import numpy as np
from tests.test_training import Trial
two_epochs = {'epoch_count': 2, 'data_shape': (30, 2, 2, 1)}
batches = lambda size, seed: np.zeros([10, size, 2, 2, 1], 'float32')
_ = Trial().train([(0.25, 1.5)] * 20, lambda step: time.sleep(0.1), get_batches=batches, **two_epochs)
"""
BAR = """
from lesson.progress import progress
for i in progress(range(1000), desc='counting', mininterval=0):
    pass
"""


def command(folder, source):
    """What runs a notebook with this source, and a second cell, as folder / 'out.ipynb'."""
    cells = [nbformat.v4.new_code_cell(text) for text in (source, "print('done')")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / 'in.ipynb')
    paths = str(folder / 'in.ipynb'), str(folder / 'out.ipynb')
    return [sys.executable, '-m', 'lesson.notebook.execute', *paths, '--cwd', str(ROOT), '--kernel', 'python3']


def outputs(folder):
    """The outputs of the first cell after the run."""
    first, second = nbformat.read(folder / 'out.ipynb', as_version=4).cells
    assert second.outputs[0].text == 'done\n'
    return first.outputs


def run_in_a_terminal(arguments, columns):
    """What a process writes to a terminal that is so wide."""
    fcntl, pty, termios = map(pytest.importorskip, ('fcntl', 'pty', 'termios'))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ('COLUMNS', 'LINES')}
    process = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b''
    try:
        while part := os.read(ours, 65536):
            written += part
    except OSError:  # how Linux says that nobody has the other end any more
        pass
    os.close(ours)
    assert process.wait() == 0, written.decode()
    return written.decode()


def lines(written):
    """By how many lines the cursor of a terminal has gone down.

    What a kernel rarely prints while it ends, that its socket is closed already, does not count.
    """
    written = re.sub(r'Traceback.*?ZMQError: Socket operation on non-socket\r\n', '', written, flags=re.DOTALL)
    return written.count('\n') - written.count('\x1b[A')


@pytest.mark.slow
def test_a_terminal_shows_epoch_and_losses_of_a_training_while_it_runs_in_one_line(tmp_path):
    written = run_in_a_terminal(command(tmp_path, TRAINING), 80)
    states = re.findall(r'epoch (\d)/2: +\d+% (\d+)/20 \[[\d:]+<[\d:]+, .*?, d_loss=0.25, g_loss=1.5\]', written)
    epochs, steps = zip(*((int(epoch), int(step)) for epoch, step in states), strict=True)
    assert set(epochs) == {1, 2}
    assert steps == tuple(sorted(steps)) and len(set(steps)) > 2 and steps[0] < 20
    assert lines(written) < 10
    (bar,) = outputs(tmp_path)  # what the notebook contains in the end, and no standard error
    assert list(bar.data) == ['text/plain'] and 'epoch 2/2: 100%|' in bar.data['text/plain']


def test_a_line_that_is_wider_than_the_terminal_is_cut_off(tmp_path):
    written = run_in_a_terminal(command(tmp_path, BAR), 30)
    shown = re.findall(r'counting[^\r\x1b]*', written)
    assert len(shown) > 10 and max(map(len, shown)) == 29
    assert lines(written) < 10


def test_a_file_gets_nothing_but_what_papermill_prints(tmp_path):
    run = subprocess.run(command(tmp_path, BAR), cwd=ROOT, capture_output=True, text=True, check=True)
    assert 'Executing: 100%' in run.stderr
    assert 'counting' not in run.stderr + run.stdout
    assert len(re.split(r'[\r\n]+', run.stderr + run.stdout)) < 20
    assert '1000/1000' in outputs(tmp_path)[0].data['text/plain']
