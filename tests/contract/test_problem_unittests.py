"""The contract: its table of faults, how it speaks, and what a test leaves as it was. The proof is in proof.py."""

import ast
import inspect
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import problem_unittests
from lesson.notebook import definitions
from lesson.session import tf
from problem_unittests import FAULTS, FUNCTIONS
from tests.contract import proof
from tests.contract.proof import RIGHT, ROOT, WRONG
from tests.contract.solutions import D_LAYERS, changed, judge, sources_of, write_notebook
from tests.contract.solutions.table import CASES

TESTS = {name: getattr(problem_unittests, f'test_{name}') for name in FUNCTIONS}


@pytest.fixture(scope='module')
def lesson():
    return definitions.definitions(ROOT / 'dlnd_face_generation.ipynb')


def failure(test, function, *more):
    """(message, id of the fault) of a test that has to fail."""
    with pytest.raises(AssertionError) as caught:
        test(function, *more)
    return str(caught.value), caught.value.fault


# ---------------------------------------------------------------- the table, and its proof


@pytest.mark.long
def test_a_wrong_function_does_not_spoil_the_tests_of_the_others():
    """One wrong case of those that others call; `python -m tests.contract.solutions --all` does it for all."""
    for name in ('discriminator', 'generator', 'model_loss'):
        case = next(case for case in WRONG if case.fails == name)
        failed = {other for other, (faults, _) in judge(case).items() if faults}
        assert failed == {name}, case.name


def test_the_table_is_as_large_as_it_has_to_be():
    assert len(WRONG) >= 270
    assert len(RIGHT) >= 95
    assert sum(case.classic for case in WRONG) >= 55
    assert len({(case.fault, case.name) for case in CASES}) == len(CASES)


def test_every_fault_has_a_case():
    known = {'*' + case.fault[case.fault.index('.') :] for case in WRONG} | {case.fault for case in WRONG}
    assert [fault for fault, entry in FAULTS.items() if entry['kind'] == 'faults' and fault not in known] == []


def test_every_hint_has_a_case():
    known = {hint for case in RIGHT for hint in case.hints}
    known |= {'*' + hint[hint.index('.') :] for hint in known}
    assert [fault for fault, entry in FAULTS.items() if entry['kind'] == 'hints' and fault not in known] == []


def test_the_judges_name_the_faults_of_the_table_and_no_others():
    tree = ast.parse(Path(problem_unittests.__file__).read_text())
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    named = {text for text in texts if re.fullmatch(rf'(\*|{"|".join(FUNCTIONS)})\.[a-z_0-9]+', text)}
    counts = {f'{name}.count' for name in ('model_inputs', 'discriminator', 'model_loss', 'model_opt')}
    assert named | counts == {fault for fault, entry in FAULTS.items() if entry['kind'] != 'errors'}


def test_an_entry_of_the_table_without_one_of_its_texts_is_an_error():
    with pytest.raises(ValueError, match='zip'):
        problem_unittests._read('[faults]\ntrain.new: what was seen -> why it matters\n')


def test_a_fault_that_is_not_in_the_table_is_an_error():
    with pytest.raises(AssertionError, match=r'train\.new'):
        problem_unittests._fault('train.new')


def test_there_is_a_test_for_each_function():
    assert FUNCTIONS == definitions.FUNCTIONS
    for name, test in TESTS.items():
        assert [*inspect.signature(test).parameters] == [name]  # pytest's plugin gives it the function


def test_a_verdict_is_kept_until_what_it_depends_on_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(proof, 'KEPT', tmp_path)
    case = next(case for case in WRONG if case.fault == 'model_inputs.order')
    verdicts = {'model_inputs': [{'model_inputs.order': 'a text'}, {}]}
    monkeypatch.setattr(proof, 'judge', lambda *_: verdicts)
    assert proof.kept(case) is None
    assert proof.judged(case) == proof.kept(case) == verdicts
    assert proof.kept(case._replace(says='something')) == verdicts  # what is expected may change
    for change in ({'changes': {}}, {'environment': {}}, {'fault': 'train.order'}):
        assert proof.kept(case._replace(**change)) is None
    for other in (['another version'], [*proof._judges(), 'a file']):
        monkeypatch.setattr(proof, '_judges', lambda other=other: other)
        assert proof.kept(case) is None


@pytest.mark.parametrize('images_first', [True, False])
def test_which_batch_a_step_used_does_not_depend_on_which_of_its_threads_is_first(images_first):
    training = problem_unittests._Training(False, None, 1, 3)
    batches = list(training.get_batches(13))  # all of them are asked for before the first is used
    for batch in batches[:2]:
        for images in ([batch], []) if images_first else ([], [batch]):
            training.use(*images)
    training.count()
    assert training.used == [0, 1]


def test_a_change_that_does_not_fit_the_notebook_is_an_error():
    for old in ('no such text', 'tf'):
        with pytest.raises(ValueError, match='has to occur once'):
            sources_of(changed({old: 'something'}, within='generator'))


# ---------------------------------------------------------------- in a notebook


def run_cells(*sources):
    """The cells of a notebook after their execution in a kernel, errors included."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, allow_errors=True, resources={'metadata': {'path': str(ROOT)}}).execute()
    return notebook.cells


@pytest.mark.long
def test_in_a_notebook_a_test_prints_one_line_or_fails_with_a_short_traceback():
    imports = 'from lesson.session import tf\nimport problem_unittests as tests'
    good, bad, broken = (
        'def model_inputs(w, h, c, z_dim):\n'
        f'    shape = {shape}\n'
        '    z = tf.placeholder(tf.float32, [None, z_dim])\n'
        '    return tf.placeholder(tf.float32, shape), z, tf.placeholder(tf.float32, [])'
        for shape in ('[None, w, h, c]', '[64, w, h, c]', '[None, w, h, channels]')
    )
    call = 'tests.test_model_inputs(model_inputs, tf)'
    executed = run_cells(imports, good, call, bad, call, broken, call)
    (passed,), (failed,), (raised,) = (executed[i].outputs for i in (2, 4, 6))
    assert passed.text == 'model_inputs: passed\n'
    assert failed.ename == raised.ename == 'AssertionError'
    assert failed.evalue.startswith('model_inputs: input_real has the shape [64,')
    for error in (failed, raised):
        text = re.sub(r'\x1b\[[0-9;]*m', '', '\n'.join(error.traceback))
        assert text.count('tests.test_model_inputs(model_inputs, tf)') == 1
        frames = re.findall(r'^(?:File|Cell) ', text, re.M)
        assert len(frames) <= 2, text
        assert 'During handling' not in text
    assert raised.evalue.startswith('model_inputs: NameError while calling model_inputs(image_width=28')
    assert 'line 2 of the cell: shape = [None, w, h, channels]' in raised.evalue


def test_the_first_argument_counts_whatever_follows(lesson):
    problem_unittests.test_model_inputs(lesson['model_inputs'], 'tf', tf=None)


@pytest.mark.parametrize('thing', [None, 'a text', 3])
def test_what_is_not_a_function_is_named(thing):
    message, fault = failure(problem_unittests.test_train, thing)
    assert message == f'train: {thing!r}, which the name train stands for, is not a function.'
    assert fault == 'train.not_a_function'


def test_of_several_faults_the_most_serious_is_told_first_and_the_others_in_a_line_each():
    def model_inputs(width, height, channels, z_dim):
        z, rate = tf.placeholder(tf.float64, [None, z_dim]), tf.placeholder(tf.float32)
        return tf.placeholder(tf.float32, [64, width, height, channels]), z, rate

    with pytest.raises(AssertionError) as caught:
        problem_unittests.test_model_inputs(model_inputs)
    assert list(caught.value.faults) == ['model_inputs.dtype', 'model_inputs.real_shape']
    assert caught.value.fault == 'model_inputs.dtype'
    first, why, look, other, hint = str(caught.value).splitlines()
    assert first == 'model_inputs: input_z is float64, expected float32.'
    assert (why[:18], look[:17]) == ('  Why it matters: ', '  Where to look: ')
    assert other.startswith('  Also: input_real has the shape [64, ')
    assert hint.startswith('  Hint: give learning_rate the shape []')


def test_a_hint_passes_and_is_printed(capsys):
    def model_inputs(width, height, channels, z_dim):
        shape = [None, width, height, channels]
        return tf.placeholder(tf.float32, shape), tf.placeholder(tf.float32, [None, z_dim]), tf.placeholder(tf.float32)

    problem_unittests.test_model_inputs(model_inputs)
    passed, hint = capsys.readouterr().out.splitlines()
    assert passed == 'model_inputs: passed'
    assert hint.startswith('  Hint: give learning_rate the shape []')


def test_a_function_that_is_not_written_yet_is_told_in_one_line():
    def generator(z, out_channel_dim, is_train=True):
        raise NotImplementedError

    message, fault = failure(problem_unittests.test_generator, generator)
    assert fault == 'generator.not_written'
    assert message.startswith('generator: not written yet. ') and len(message.splitlines()) == 1


def test_of_a_traceback_the_last_three_lines_are_told():
    def inner(depth):
        return inner(depth - 1) if depth else 1 / 0

    message, fault = failure(problem_unittests.test_model_inputs, lambda *sizes: inner(5))
    assert fault == 'model_inputs.raises'
    assert re.findall(r'  in (\w+), line \d+ of test_problem_unittests.py', message) == ['inner'] * 3


def test_what_a_function_writes_does_not_reach_the_working_folder(lesson, tmp_path, monkeypatch):
    saver = next(each for each in RIGHT if each.name == 'a saver, a file of samples and a folder')
    (tmp_path / 'generator.ckpt.index').write_text('what was trained')
    monkeypatch.chdir(tmp_path)
    assert judge(saver, ['train']) == {'train': ({}, {})}
    assert [path.name for path in tmp_path.iterdir()] == ['generator.ckpt.index']
    assert (tmp_path / 'generator.ckpt.index').read_text() == 'what was trained'
    assert Path.cwd() == tmp_path


def test_a_verdict_does_not_change_with_the_callers_random_numbers():
    layers = D_LAYERS.replace('return tf.sigmoid', 'logits = tf.nn.tanh(logits)\n        return tf.sigmoid')
    changes = {'imports': 'import tensorflow as tf\n', 'def discriminator': layers}
    texts = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)
        texts.append(judge(changed(changes), ['discriminator']))
    assert texts[0] == texts[1]
    assert list(texts[0]['discriminator'][0]) == ['discriminator.limited_logits']


LARGE = """
def generator(z, out_channel_dim, is_train=True):
    with tf.variable_scope('generator', reuse=not is_train):
        h = tf.layers.batch_normalization(tf.layers.dense(z, 7 * 7 * 512), training=is_train)
        h = tf.reshape(tf.nn.leaky_relu(h), [-1, 7, 7, 512])
        for filters in (256, 128):
            h = tf.layers.conv2d_transpose(h, filters, 5, 2, 'same')
            h = tf.nn.leaky_relu(tf.layers.batch_normalization(h, training=is_train))
        return tf.tanh(tf.layers.conv2d_transpose(h, out_channel_dim, 5, 1, 'same'))

def discriminator(images, reuse=False):
    with tf.variable_scope('discriminator', reuse=reuse):
        h = tf.nn.leaky_relu(tf.layers.conv2d(images, 128, 5, 2, 'same'))
        for filters in (256, 512):
            h = tf.layers.conv2d(h, filters, 5, 2, 'same')
            h = tf.nn.leaky_relu(tf.layers.batch_normalization(h, training=True))
        logits = tf.layers.dense(tf.layers.flatten(h), 1)
        return tf.sigmoid(logits), logits
"""


@pytest.mark.long
@pytest.mark.parametrize('name', ['discriminator', 'generator'])
def test_a_large_network_is_judged_within_ten_seconds_on_two_cores(tmp_path, name):
    pytest.importorskip('tf_keras')
    write_notebook(tmp_path / 'large.ipynb', ['import tensorflow as tf', LARGE])
    function = definitions.definitions(tmp_path / 'large.ipynb')[name]
    start = time.process_time()
    assert problem_unittests.judge(name, function) == ({}, {})
    assert time.process_time() - start < 2 * 10


def test_stubs_are_taken_away_after_a_failure_and_after_an_interruption():
    for ending in ('raise ValueError', 'raise KeyboardInterrupt'):
        scope = {}
        exec(f'generator = 1\ndef discriminator(): ...\ndef model_loss(*args):\n    generator\n    {ending}', scope)
        before = dict(scope)
        with pytest.raises((AssertionError, KeyboardInterrupt)):
            problem_unittests.test_model_loss(scope['model_loss'])
        assert scope == before


def test_the_callers_graph_and_random_numbers_and_standard_error_are_left_alone(lesson, capfd):
    capfd.readouterr()
    with tf.Graph().as_default() as graph:
        before = np.random.get_state()[1].tolist(), random.getstate()
        for name in FUNCTIONS:
            TESTS[name](lesson[name])
        assert graph.get_operations() == []
        assert tf.get_default_graph() is graph
        assert (np.random.get_state()[1].tolist(), random.getstate()) == before
    out, err = capfd.readouterr()
    assert out == ''.join(f'{name}: passed\n' for name in FUNCTIONS)
    assert err == ''


@pytest.mark.long
def test_pytest_judges_another_notebook_function_by_function(tmp_path):
    case = next(case for case in WRONG if case.name == 'sigmoid at the end')
    path = tmp_path / 'other.ipynb'
    write_notebook(path, sources_of(case).values())
    pytest_ = [Path(sys.executable).with_name('pytest'), '-q', '-p', 'no:cacheprovider', 'problem_unittests.py']
    command = [*pytest_, f'--notebook={path}', '-k', 'inputs or discriminator or generator']
    judged = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert judged.returncode == 1
    assert '1 failed, 2 passed, 3 deselected' in judged.stdout
    assert 'AssertionError: generator: no image has a negative value' in judged.stdout
