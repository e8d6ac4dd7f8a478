"""Small notebooks, and what they define."""

import nbformat
import pytest

import problem_unittests
from lesson.notebook.definitions import definitions


@pytest.fixture
def define(tmp_path, monkeypatch):
    """What these cells define, as a notebook in an empty folder that is the working directory."""
    monkeypatch.chdir(tmp_path)

    def define(*sources):
        path = tmp_path / 'solution.ipynb'
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return definitions(path)

    return define


def verdict(scope, name):
    """The first fault of a function: (id, text)."""
    faults, _ = problem_unittests.judge(name, scope[name])
    return next(iter(faults.items()), None)
