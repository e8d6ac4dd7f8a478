"""A class of notebooks, and what the judge could say of them."""

import pytest

from lesson.grade import points, roster
from lesson.notebook.definitions import FUNCTIONS
from tests.builders import write_notebook


@pytest.fixture
def write(tmp_path):
    """Writes a notebook with these cells into the folder `class`."""
    return lambda name, *cells: write_notebook(tmp_path / 'class' / f'{name}.ipynb', *cells)


def verdict(passed=True, faults=(), message='passed', seconds=0.1):
    return {'passed': passed, 'faults': dict(faults), 'message': message, 'seconds': seconds}


def record(**verdicts):
    return {'confined': True, 'note': '', 'functions': {name: verdicts.get(name, verdict()) for name in FUNCTIONS}}


def learners(records, persons=None, left=None, rule=None, **more):
    """Learners, who have handed in notebooks with these records, {name: record}."""
    everyone = roster.learners(records, left or {}, persons, **more)
    for each in everyone:
        if each.notebook:
            each.record = records[each.notebook]
            each.points = (rule or points.rule()).of(each.record)
    return everyone
