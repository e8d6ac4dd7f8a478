"""A class of notebooks, and what the judge could say of them."""

import nbformat
import pytest

from lesson.notebook.definitions import FUNCTIONS


@pytest.fixture
def write(tmp_path):
    """Writes a notebook with these cells into the folder `class`."""

    def write(name, *cells):
        path = tmp_path / 'class' / f'{name}.ipynb'
        path.parent.mkdir(parents=True, exist_ok=True)
        cells = [nbformat.v4.new_code_cell(source, id=str(i)) for i, source in enumerate(cells)]
        path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
        return path

    return write


def verdict(passed=True, faults=(), message='passed', seconds=0.1):
    return {'passed': passed, 'faults': dict(faults), 'message': message, 'seconds': seconds}


def record(**verdicts):
    return {'confined': True, 'note': '', 'functions': {name: verdicts.get(name, verdict()) for name in FUNCTIONS}}
