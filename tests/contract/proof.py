"""The proof of the contract: each wrong implementation has its fault, and each right variant passes with its hints.

A verdict is kept in build/verdicts/, and judged again when the contract, the case's definitions, what takes them out
of a notebook, or TensorFlow have changed; the long tests judge all again. What the lesson's train calls in
lesson/train may change without that: problem_unittests.py itself always judges the lesson's six functions.
"""

import functools
import hashlib
import importlib.util
import json
import re
from pathlib import Path

import pytest

from lesson.session import tf  # loads TensorFlow quietly, so it comes first

# isort: split
import problem_unittests
from lesson.files import whole_file
from lesson.notebook import cells, definitions, old_notebooks
from problem_unittests import FAULTS, FUNCTIONS
from tests.contract import field_guide
from tests.contract.field_guide_entries import ENTRIES
from tests.contract.solutions import KERAS, as_expected, concerned, judge, sources_of, used_by
from tests.contract.solutions.table import CASES

ROOT = Path(problem_unittests.__file__).parent
KEPT = ROOT / 'build' / 'verdicts'
PAGE = ROOT / 'docs' / 'field_guide.md'
WRONG = [case for case in CASES if case.fault]
RIGHT = [case for case in CASES if not case.fault]
SHOWN = [field_guide.case_of(entry) for entry in ENTRIES]
ONE_OF_EACH = {case.fault: case for case in [*reversed(WRONG), *SHOWN]}.values()
SHORT = [*SHOWN, *ONE_OF_EACH, *RIGHT[::6]]  # all of them take minutes


class Proof:
    """The tests of a file, on the cases of one function; None: right variants. A worker of pytest-xdist runs a file."""

    function = None

    @property
    def cases(self):
        return [case for case in CASES if case.fails == self.function]

    def pytest_generate_tests(self, metafunc):
        if 'case' in metafunc.fixturenames:
            short = metafunc.function.__name__ == 'test_a_case_has_its_verdict'
            cases = [case for case in self.cases if case in SHORT or not short]
            metafunc.parametrize('case', cases, ids=str)

    def test_a_case_has_its_verdict(self, case):
        check(case, kept(case) or judged(case))

    def test_the_kept_verdicts_of_all_other_cases_are_as_expected(self):
        for case in self.cases:
            if case not in SHORT and (verdicts := kept(case)):
                check(case, verdicts)

    @pytest.mark.long
    def test_every_case_has_its_verdict_when_it_is_judged_again(self, case):
        check(case, judged(case))


def check(case, verdicts):
    """Assert that these are the verdicts of a case, in the words and the form that learners read."""
    good, problem = as_expected(case, verdicts)
    assert good, '\n'.join([str(verdicts), *problem])
    if not case.fault:
        return
    first, *more = verdicts[case.fails][0][case.fault].splitlines()
    assert len(first) < 400
    code = [line for line in more if re.match(r'  in \w+, line \d+ of', line)]
    labels = [line.partition(': ')[0] for line in more if line not in code]
    if FAULTS.get(case.fault.replace(case.fails, '*', 1), {}).get('kind') == 'errors':
        assert labels == ['  Where to look', "  In Python's words"]
        assert code or case.fault.endswith(
            ('.parameters', '.header', '.fed_at_start')
        )  # there, it may be that no line of the function is reached
    elif not case.fault.endswith(('.not_written', '.raises')):
        assert labels == ['  Why it matters', '  Where to look']
    if case in SHOWN:
        message = '\n'.join([f'```text\n{case.fails}: {first}', *more, '```'])
        assert _unnumbered(message) in _unnumbered(PAGE.read_text('utf-8'))


def _unnumbered(text):
    """A text without the numbers of cells, which change with the notebook."""
    return re.sub(r'line \d+ of solution.ipynb, cell \d+', 'a line', text)


def judged(case):
    """The verdicts of the tests that a case concerns, which are kept: {name: (faults, hints)}, each {id: text}."""
    if case.environment == KERAS and not importlib.util.find_spec('tf_keras'):
        pytest.skip('tf.layers needs tf_keras, which is not installed')
    verdicts = judge(case, _names(case))
    KEPT.mkdir(parents=True, exist_ok=True)
    with whole_file(_file(case)) as file:
        file.write(json.dumps(verdicts).encode())
    return verdicts


def kept(case):
    """The same from the last time, or None."""
    return json.loads(_file(case).read_text()) if _file(case).exists() else None


def _names(case):
    return [case.fails] if case.fault else concerned(case)


def _file(case):
    sources = sources_of(case)
    used = used_by(['imports', 'show_generator_output', *FUNCTIONS], sources)
    what = [_judges(), sorted(used.items()), case.environment, *_names(case)]
    return KEPT / f'{hashlib.sha256(repr(what).encode()).hexdigest()}.json'


@functools.cache
def _judges():
    """What decides a verdict, besides the case."""
    files = (problem_unittests, cells, definitions, old_notebooks)
    return [tf.__version__, *(Path(module.__file__).read_bytes() for module in files)]
