"""Small notebooks, and what they define."""

import pytest

import problem_unittests
from lesson.notebook.definitions import definitions
from tests.builders import write_notebook


@pytest.fixture
def define(tmp_path, monkeypatch):
    """What these cells define, as a notebook in an empty folder that is the working directory."""
    monkeypatch.chdir(tmp_path)
    return lambda *sources: definitions(write_notebook(tmp_path / 'solution.ipynb', *sources))


def verdict(scope, name):
    """The first fault of a function: (id, text)."""
    faults, _ = problem_unittests.judge(name, scope[name])
    return next(iter(faults.items()), None)
