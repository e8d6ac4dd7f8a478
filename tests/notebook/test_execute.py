"""A notebook that runs in a terminal: how far it is can be seen, in one line, and nothing else."""

import json
import os
import re
import struct
import subprocess
import sys

import nbformat
import pytest

from lesson.notebook.execute import LOST, NOT_SHOWN, save
from lesson.notebook.learner import ROOT
from tests.builders import write_notebook

TRAINING = """
import time
from lesson.progress import progress
with progress(total=20, unit='batch') as bar:
    for step in range(20):
        time.sleep(0.1)
        bar.set_description(f'epoch {step // 10 + 1}/2', refresh=False)
        bar.set_postfix(d_loss=0.25, g_loss=1.5, refresh=False)
        bar.update()
"""
NOISE = """
import asyncio, os, sys
from IPython.display import display
os.write(2, b'words of the process')
asyncio.get_event_loop().create_task(asyncio.sleep(1000))
display({'text/html': '<p>a page</p>', 'image/png': 'iVBORw0KGgo=', 'text/plain': 'a picture'}, raw=True)
"""


def command(folder, source):
    """What runs a notebook with this source, and a second cell, as folder / 'out.ipynb'."""
    paths = write_notebook(folder / 'in.ipynb', source, "print('done')"), folder / 'out.ipynb'
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
    """By how many lines the cursor of a terminal has gone down."""
    return written.count('\n') - written.count('\x1b[A')


def test_a_terminal_shows_epoch_and_losses_of_a_run_while_it_lasts_in_one_line(tmp_path):
    written = run_in_a_terminal(command(tmp_path, TRAINING), 80)
    states = re.findall(r'epoch (\d)/2: +\d+% (\d+)/20 \[[\d:]+<[\d:]+, .*?, d_loss=0.25, g_loss=1.5\]', written)
    epochs, steps = zip(*((int(epoch), int(step)) for epoch, step in states), strict=True)
    assert set(epochs) == {1, 2}
    assert steps == tuple(sorted(steps)) and len(set(steps)) > 2 and steps[0] < 20
    assert lines(written) < 4
    (bar,) = outputs(tmp_path)  # what the notebook contains in the end, and no standard error
    assert list(bar.data) == ['text/plain'] and 'epoch 2/2: 100%|' in bar.data['text/plain']


def test_a_line_that_is_wider_than_the_terminal_is_cut_off(tmp_path):
    written = run_in_a_terminal(command(tmp_path, TRAINING), 30)
    assert max(map(len, re.findall(r'epoch \d[^\r\x1b]*', written))) == 29
    assert lines(written) < 4


def test_nothing_but_progress_is_printed_when_all_goes_well_and_a_picture_is_kept_in_place_of_a_page(tmp_path):
    run = subprocess.run(command(tmp_path, NOISE), cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == ''
    printed = [line for line in re.split(r'[\r\n]+', run.stderr) if line]
    assert [line for line in printed if not re.fullmatch(r'Executing: +\d+%\|.*cell.*\]', line)] == []
    assert '100%' in printed[-1]
    data = [output.data.keys() for output in outputs(tmp_path) if output.output_type == 'display_data']
    assert data == [{'image/png', 'text/plain'}]


@pytest.mark.parametrize(
    ('source', 'code', 'told'),
    [
        ('1 / 0', 1, 'ZeroDivisionError: division by zero'),
        ('class Lost(Exception): pass\nraise Lost("worker 1")', LOST, 'Lost: worker 1'),
        ('import os\nos.write(2, b"last words")\nos.abort()', LOST, 'last words'),
    ],
)
def test_an_error_is_told_whole_and_the_exit_code_says_whether_to_start_again(tmp_path, source, code, told):
    run = subprocess.run(command(tmp_path, source), cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == code
    assert told in run.stderr
    assert json.loads((tmp_path / 'out.ipynb').read_text())['cells'][-1]['outputs'] == []


FIGURE = 'import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()'


@pytest.mark.parametrize(
    ('kernel', 'backend'), [({}, 'agg'), ({'kernelspec': {'name': 'conda-env-tf', 'display_name': 'tf'}}, 'TkAgg')]
)
def test_figures_are_pictures_and_the_kernel_is_here_whatever_the_environment_and_the_notebook_say(
    tmp_path, kernel, backend
):
    arguments = command(tmp_path, FIGURE)[:-2]  # without --kernel
    notebook = nbformat.read(tmp_path / 'in.ipynb', as_version=4)
    notebook.metadata.update(kernel)
    nbformat.write(notebook, tmp_path / 'in.ipynb')
    environment = os.environ | {'MPLBACKEND': backend}
    subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert [output for output in outputs(tmp_path) if 'image/png' in output.get('data', ())]


@pytest.mark.parametrize('title', ['CelebA', 'synthetic faces'])
def test_what_is_saved_shows_no_photograph_and_has_no_notes_of_papermill(tmp_path, title):
    picture = nbformat.v4.new_output('display_data', data={'image/png': 'iVBORw0KGgo='})
    said = nbformat.v4.new_output('stream', text=f'Using {title}: 100 images from data')
    numbers, no_picture = (nbformat.v4.new_output('stream', text=text) for text in ('0.1 0.2', f'{NOT_SHOWN}\n'))
    cells = [nbformat.v4.new_code_cell(id='get-faces', outputs=[said])]
    for name, tags in (('shown', []), ('show-faces', ['photographs'])):
        about = {'tags': tags, 'papermill': {'a': 1}}
        cells.append(nbformat.v4.new_code_cell(id=name, outputs=[picture, numbers], metadata=about))
    notebook = nbformat.v4.new_notebook(
        cells=cells, metadata={'papermill': {}, 'kernelspec': {'name': 'x', 'display_name': 'X'}}
    )
    nbformat.write(notebook, tmp_path / 'executed.ipynb')
    save(tmp_path / 'executed.ipynb', tmp_path / 'saved.ipynb')
    saved = nbformat.read(tmp_path / 'saved.ipynb', as_version=4)
    _, shown, faces = saved.cells
    assert shown.outputs == [picture, numbers] and shown.metadata == {}
    assert faces.metadata == {'tags': ['photographs']}
    assert faces.outputs == [no_picture if title == 'CelebA' else picture, numbers]
    assert set(saved.metadata) == {'kernelspec'}
