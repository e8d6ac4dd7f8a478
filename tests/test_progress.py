"""Progress bars, in a notebook and elsewhere; what a notebook shows of a wrong setting."""

import pytest
from nbclient import NotebookClient
from nbformat import v4

from lesson.progress import progress
from tests.data.process import ROOT


def executed(*sources):
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
    return NotebookClient(
        notebook, timeout=60, allow_errors=True, resources={'metadata': {'path': str(ROOT)}}
    ).execute()


def test_a_bar_in_a_notebook_is_one_plain_text_output_with_its_last_state():
    source = (
        'from lesson.progress import progress\n'
        'for i in progress(range(3), desc="first", mininterval=0):\n'
        '    pass\n'
        'with progress(total=7, desc="second") as bar:\n'
        '    bar.update(7)\n'
        '    bar.set_postfix(loss="1.0")'
    )
    notebook = executed(source)
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs] == ['display_data', 'display_data']
    assert [list(output.data) for output in outputs] == [['text/plain'], ['text/plain']]
    first, second = (output.data['text/plain'] for output in outputs)
    assert 'first: 100%' in first and '3/3' in first
    assert 'second: 100%' in second and '7/7' in second and 'loss=1.0' in second


@pytest.mark.long
def test_a_setting_that_cannot_be_used_is_one_sentence_without_frames_in_a_notebook(tmp_path):
    start = (
        f'import os, sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom tests.train.trial import Trial\n'
        f'def train(**changed):\n    Trial().train([(1.0, 1.0)] * 2, **changed)\n'
        f'train(checkpoint_dir={str(tmp_path)!r})\nos.environ["TF_CONFIG"] = ""'
    )
    told = {
        'train(batch_size=99)': 'batch_size is 99, but there are only 6 images, so an epoch would have no step: choose',
        'train(learning_rate="x")': "learning_rate is 'x': choose a number above 0",
        'train(data_shape=(6, 3, 3, 1))': 'the real images are [3, 3, 1] (height, width, channels), but the generated',
        'train(get_batches=lambda size, seed: [])': 'get_batches(3) yields no batch, so nothing was trained',
        f'train(seed=1, checkpoint_dir={str(tmp_path)!r})': f'{tmp_path} contains a different run: seed was 0, and is',
        'os.environ["TF_CONFIG"] = "["\ntrain()': 'TF_CONFIG is wrong: it does not have the form',
    }
    notebook = executed(start, *told)
    assert not [output for output in notebook.cells[0].outputs if output.output_type == 'error']
    for cell, begins in zip(notebook.cells[1:], told.values(), strict=True):
        (error,) = (output for output in cell.outputs if output.output_type == 'error')
        assert error.traceback == [error.evalue] and error.evalue.startswith(begins)


def test_a_bar_outside_a_notebook_is_on_standard_error(capsys):
    assert list(progress([1, 2], desc='bar')) == [1, 2]
    captured = capsys.readouterr()
    assert captured.out == '' and '2/2' in captured.err
