"""The contract in problem_unittests.py, judged by wrong and right solutions, and the way in which it speaks.

`python -m tests.solutions --all` runs all six tests on each solution; here, the concerned ones are run.
"""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from nbclient import NotebookClient
from solutions import concerned, judge, sources_of, wrong
from solutions.table import CASES

import problem_unittests
from problem_unittests import FUNCTIONS, functions_from_notebook

ROOT = Path(problem_unittests.__file__).parent
WRONG = [case for case in CASES if case.fails]
RIGHT = [case for case in CASES if not case.fails]


def names(cases):
    return [f'{case.fails or "right"}: {case.name}' for case in cases]


def cells(*sources):
    return json.dumps({'cells': [{'cell_type': 'code', 'source': source} for source in sources]})


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """Writes a notebook with these cells."""
    monkeypatch.setattr(sys, 'path', [*sys.path])

    def write(*sources):
        path = tmp_path / 'solution.ipynb'
        path.write_text(cells(*sources), encoding='utf-8')
        return path

    return write


def failure(test, function, *more):
    with pytest.raises(AssertionError) as caught:
        test(function, *more)
    return str(caught.value)


# ---------------------------------------------------------------- the table


@pytest.mark.parametrize('case', WRONG, ids=names(WRONG))
def test_a_wrong_implementation_fails_with_the_reason(case):
    message = judge(case, [case.fails])[case.fails]
    assert message is not None, 'it passed'
    assert case.phrase in message
    first, *more = message.splitlines()
    assert first.startswith(f'{case.fails}: ')
    assert len(first) < 400
    explained = 'Why it matters: ' in message and 'Where to look: ' in message
    assert (
        explained
        or (' while ' in first and any(re.match(r'  in \w+, line \d+ of', line) for line in more))
        or case.phrase in first
    )


@pytest.mark.slow
@pytest.mark.parametrize('case', RIGHT, ids=names(RIGHT))
def test_a_right_variant_passes(case):
    if case.environment and 'TF_USE_LEGACY_KERAS' in case.environment and not importlib.util.find_spec('tf_keras'):
        pytest.skip('tf.layers needs tf_keras, which is not installed')
    assert judge(case, concerned(case)) == dict.fromkeys(concerned(case))


@pytest.mark.slow
def test_a_wrong_function_does_not_spoil_the_tests_of_the_others():
    """One wrong case of those that others call; `python -m tests.solutions --all` does it for all."""
    for name in ('discriminator', 'generator', 'model_loss'):
        case = next(case for case in WRONG if case.fails == name and not case.spoils)
        failed = {other for other, message in judge(case).items() if message}
        assert failed == {name}, case.name


def test_the_table_is_as_large_as_it_has_to_be():
    assert len(WRONG) >= 80
    assert len(RIGHT) >= 20
    assert sum(case.classic for case in WRONG) >= 35
    assert len({(case.fails, case.name) for case in CASES}) == len(CASES)


def test_a_change_that_does_not_fit_the_notebook_is_an_error():
    for old in ('no such text', 'tf'):
        with pytest.raises(ValueError, match='has to occur once'):
            sources_of(wrong('generator', 'a case', '', {old: 'something'}))


# ---------------------------------------------------------------- in a notebook


def run_cells(*sources):
    """The cells of a notebook after their execution in a kernel, errors included."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, allow_errors=True, resources={'metadata': {'path': str(ROOT)}}).execute()
    return notebook.cells


@pytest.mark.slow
def test_in_a_notebook_a_test_prints_one_line_or_fails_with_a_short_traceback():
    imports = 'from lesson import training\nimport tensorflow.compat.v1 as tf\nimport problem_unittests as tests'
    good, bad, broken = (
        'def model_inputs(w, h, c, z_dim):\n'
        f'    shape = {shape}\n'
        '    z = tf.placeholder(tf.float32, [None, z_dim])\n'
        '    return tf.placeholder(tf.float32, shape), z, tf.placeholder(tf.float32, [])'
        for shape in ('[None, w, h, c]', '[None, h, w, c]', '[None, w, h, channels]')
    )
    call = 'tests.test_model_inputs(model_inputs, tf)'
    executed = run_cells(imports, good, call, bad, call, broken, call)
    (passed,), (failed,), (raised,) = (executed[i].outputs for i in (2, 4, 6))
    assert passed.text == 'model_inputs: passed\n'
    assert failed.ename == raised.ename == 'AssertionError'
    assert failed.evalue.startswith('model_inputs: input_real has width and height swapped')
    for error in (failed, raised):
        text = re.sub(r'\x1b\[[0-9;]*m', '', '\n'.join(error.traceback))
        assert text.count('tests.test_model_inputs(model_inputs, tf)') == 1
        frames = re.findall(r'^(?:File|Cell) ', text, re.M)
        assert len(frames) <= 2, text
        assert 'During handling' not in text
    assert raised.evalue.startswith('model_inputs: NameError while calling model_inputs(image_width=28')
    assert 'line 2 of the cell: shape = [None, w, h, channels]' in raised.evalue


def test_the_first_argument_counts_whatever_follows():
    scope = functions_from_notebook(ROOT / 'dlnd_face_generation.ipynb')
    problem_unittests.test_model_inputs(scope['model_inputs'], 'tf', tf=None)


@pytest.mark.parametrize('thing', [None, 'a text', 3])
def test_what_is_no_function_is_named(thing):
    assert failure(problem_unittests.test_train, thing) == f'train is {thing!r}, not a function.'


def test_stand_ins_are_taken_away_after_a_failure_and_after_an_interruption():
    for ending in ('raise ValueError', 'raise KeyboardInterrupt'):
        scope = {}
        exec(f'generator = 1\ndef discriminator(): ...\ndef model_loss(*args):\n    generator\n    {ending}', scope)
        before = dict(scope)
        with pytest.raises((AssertionError, KeyboardInterrupt)):
            problem_unittests.test_model_loss(scope['model_loss'])
        assert scope == before


def test_the_callers_graph_and_random_numbers_are_left_alone():
    scope = functions_from_notebook(ROOT / 'dlnd_face_generation.ipynb')
    with tf.Graph().as_default() as graph:
        before = np.random.get_state()[1].tolist()
        for name in FUNCTIONS:
            getattr(problem_unittests, f'test_{name}')(scope[name])
        assert graph.get_operations() == []
        assert tf.get_default_graph() is graph
        assert np.random.get_state()[1].tolist() == before


def test_nothing_is_written_to_standard_error(capfd):
    scope = functions_from_notebook(ROOT / 'dlnd_face_generation.ipynb')
    capfd.readouterr()
    for name in FUNCTIONS:
        getattr(problem_unittests, f'test_{name}')(scope[name])
    out, err = capfd.readouterr()
    assert out == ''.join(f'{name}: passed\n' for name in FUNCTIONS)
    assert err == ''


# ---------------------------------------------------------------- functions out of a notebook


def test_nothing_that_loads_prints_or_trains_is_executed(notebook, tmp_path):
    path = notebook(
        '%matplotlib inline\nimport numpy as np\n!touch touched\nsize = np.prod([2, 3])',
        "open('touched', 'w')\nprint('hello')\nfor i in range(3):\n    open('touched', 'w')",
        "data = open('touched', 'w')\nwith open('touched', 'w') as f:\n    pass",
        '%%bash\ntouch touched',
        'def train(*args):\n    raise AssertionError\nlosses = train(1)\ntrain(2)',
        '%%time\ndef generator(z):\n    return size',
    )
    scope = functions_from_notebook(path)
    assert not list(tmp_path.glob('touched')) and not Path('touched').exists()
    assert scope['generator'](None) == 6
    assert callable(scope['train'])
    assert 'losses' not in scope and 'data' not in scope


def test_a_missing_function_a_syntax_error_and_a_failing_definition_are_reported_for_that_function_alone(notebook):
    path = notebook(
        'def discriminator(images:\n    pass',
        'def generator(z, limit=undefined):\n    pass',
        'def model_opt():\n    return 1',
    )
    scope = functions_from_notebook(path)
    message = failure(problem_unittests.test_discriminator, scope['discriminator'])
    assert message.startswith('discriminator is not defined: solution.ipynb, cell 1 has a syntax error in line ')
    message = failure(problem_unittests.test_generator, scope['generator'])
    assert 'cell 2 failed: NameError' in message
    message = failure(problem_unittests.test_train, scope['train'])
    assert message == 'train is not defined: no cell of solution.ipynb has a def train'
    assert scope['model_opt']() == 1


def test_a_failing_import_is_told_when_it_is_used(notebook):
    path = notebook(
        'import no_such_module as nsm', 'def generator(z, out_channel_dim, is_train=True):\n    return nsm.f(z)'
    )
    message = failure(problem_unittests.test_generator, functions_from_notebook(path)['generator'])
    assert "No module named 'no_such_module'" in message.splitlines()[0]


def test_what_is_no_notebook_is_named(tmp_path):
    path = tmp_path / 'something.ipynb'
    path.write_text('[]')
    with pytest.raises(ValueError, match=r'something[.]ipynb is no notebook'):
        functions_from_notebook(path)


@pytest.mark.slow
def test_pytest_judges_another_notebook_function_by_function(tmp_path):
    case = next(case for case in WRONG if case.name == 'sigmoid at the end')
    path = tmp_path / 'other.ipynb'
    path.write_text(cells(*sources_of(case).values()), encoding='utf-8')
    command = [
        sys.executable,
        '-m',
        'pytest',
        '-q',
        '-p',
        'no:cacheprovider',
        'problem_unittests.py',
        f'--notebook={path}',
    ]
    failed = subprocess.run([*command, '-k', 'generator'], cwd=ROOT, capture_output=True, text=True)
    assert failed.returncode == 1
    assert '1 failed, 5 deselected' in failed.stdout
    assert 'AssertionError: generator: no image has a negative value' in failed.stdout
    passed = subprocess.run([*command, '-k', 'inputs or discriminator'], cwd=ROOT, capture_output=True, text=True)
    assert '2 passed, 4 deselected' in passed.stdout
