"""The contract's tests as pytest runs them, with a notebook of one's own."""

import subprocess
import sys

from lesson.notebook.learner import ROOT
from tests.builders import write_notebook
from tests.notebook.test_old_notebooks import RIGHT


def test_a_notebook_is_tested_by_pytest_which_tells_what_was_done_to_it(tmp_path):
    cells = ['import tensorflow as tf', RIGHT, 'def model_opt(*arguments):\n    raise NotImplementedError']
    path = write_notebook(tmp_path / 'mine.ipynb', *cells)
    names = 'test_model_inputs or test_model_opt or test_train'
    command = [sys.executable, '-m', 'pytest', 'problem_unittests.py', '--notebook', path, '-k', names]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    assert '1 passed' in said.splitlines()[-1] and '2 failed' in said.splitlines()[-1]
    assert 'mine.ipynb is written for TensorFlow 1' in said
    assert 'train is not defined: no cell of mine.ipynb has a def train' in said
    assert 'model_opt: not written yet' in said
