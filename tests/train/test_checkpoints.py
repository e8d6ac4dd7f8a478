"""A training that is killed, interrupted or damaged resumes, and only if it is a continuation of the same one."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lesson import checkpoints, notebooks, training
from tests import training_process
from tests.forked import Forked
from tests.test_training import Trial
from tests.training_process import EPOCH

pytestmark = pytest.mark.fault
tf = training.tf
tf.disable_eager_execution()
ROOT = Path(__file__).parents[2]


def empty_file():
    descriptor, path = tempfile.mkstemp()
    os.close(descriptor)
    return Path(path)


def start(folder, *options):
    """Start tests/training_process.py: (process, files of its standard output and error)."""
    files = [empty_file(), empty_file()]
    return Forked(training_process.main, [folder, *options], *files), files


def result(process, files):
    """What came of a process, as subprocess.run says it."""
    returncode = process.wait(timeout=120)
    texts = [file.read_text() for file in files]
    for file in files:
        file.unlink()
    return SimpleNamespace(returncode=returncode, stdout=texts[0], stderr=texts[1])


def run(folder, *options):
    return result(*start(folder, *options))


def digests(result):
    """What a training that came to its end has printed."""
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-3:]


@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory):
    """The digests of a training in a new Python, so that in nothing but the seed is it like the others."""
    command = [sys.executable, training_process.__file__, tmp_path_factory.mktemp('undisturbed')]
    return digests(subprocess.run(command, capture_output=True, text=True, timeout=120))


@pytest.fixture(scope='module')
def killed_at_9(tmp_path_factory):
    folder = tmp_path_factory.mktemp('killed')
    assert run(folder, '--kill', 9).returncode == -9
    return folder


@pytest.fixture
def killed(killed_at_9, tmp_path):
    """The checkpoints of a training that was killed at step 9, in a folder of the test's own."""
    return shutil.copytree(killed_at_9, tmp_path / 'killed')


def saved(folder):
    return sorted(path.name for path in folder.glob('step-*'))


@pytest.mark.slow
def test_two_processes_with_the_same_seed_end_with_the_same_bits(tmp_path, undisturbed):
    assert digests(run(tmp_path, '--every', 1000)) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize('kills', [(EPOCH, 17), pytest.param((3, EPOCH, 17), marks=pytest.mark.long)])
def test_a_killed_training_ends_with_the_same_bits_as_one_that_was_never_killed(tmp_path, undisturbed, kills):
    for step in kills:
        assert run(tmp_path, '--kill', step).returncode == -9
    (tmp_path / 'step-00000018.npz.0a1b2c3d.part').write_bytes(b'killed while it was written')
    result = run(tmp_path)
    assert 'Resuming after step 17 of 24' in result.stdout
    assert digests(result) == undisturbed
    assert saved(tmp_path) == ['step-00000023.npz', 'step-00000024.npz']


@pytest.mark.slow
def test_after_an_interrupt_the_step_ends_and_the_next_call_resumes(tmp_path, undisturbed):
    result = run(tmp_path, '--interrupt', 7, '--every', 1000)
    assert result.returncode == 0
    assert f'Interrupted after step 8 of 24; it is saved in {tmp_path}: call train again to resume' in result.stdout
    assert 'Traceback' not in result.stderr
    assert digests(run(tmp_path, '--every', 1000)) == undisturbed


@pytest.mark.slow
def test_a_second_interrupt_stops_at_once(tmp_path):
    result = run(tmp_path, '--interrupt', 7, 7, '--every', 1000)
    assert result.returncode != 0
    assert result.stderr.splitlines()[-1] == 'KeyboardInterrupt'


@pytest.mark.slow
@pytest.mark.parametrize(
    'damage', ['flipped', *(pytest.param(name, marks=pytest.mark.long) for name in ('truncated', 'empty', 'text'))]
)
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(killed, undisturbed, damage):
    path = killed / saved(killed)[-1]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes({'truncated': content[:1000], 'flipped': content, 'empty': b'', 'text': b'no checkpoint'}[damage])
    result = run(killed)
    assert f'{path} is damaged' in result.stdout
    assert 'Resuming after step 8 of 24' in result.stdout
    assert digests(result) == undisturbed


@pytest.mark.slow
def test_a_loss_that_is_not_finite_leaves_the_last_good_checkpoint(tmp_path):
    result = run(tmp_path, '--nan', 8)
    *_, steps = digests(result)  # generated images are finite: the process sees to that
    assert 'not finite at step 9: the training ends, with the weights of step 8' in result.stdout
    assert steps == '8'
    assert saved(tmp_path)[-1] == 'step-00000008.npz'


@pytest.mark.slow
def test_more_epochs_are_a_continuation_and_fewer_are_done_already(tmp_path, undisturbed):
    assert digests(run(tmp_path, '--epochs', 1))[-1] == str(EPOCH)
    assert digests(run(tmp_path)) == undisturbed
    result = run(tmp_path)
    assert 'Resuming after step 24 of 24, which is all of them' in result.stdout
    assert digests(result) == undisturbed
    result = run(tmp_path, '--epochs', 1)
    assert 'Resuming after step 24 of 12, which is all of them' in result.stdout
    assert digests(result) == undisturbed
    assert len(saved(tmp_path)) == checkpoints.KEPT


@pytest.mark.slow
def test_of_two_trainings_at_once_in_one_folder_the_second_is_told_and_neither_dies(tmp_path, undisturbed):
    first, files = start(tmp_path, '--wait', 0.2)
    while not saved(tmp_path):
        assert first.poll() is None
        time.sleep(0.05)
    second = run(tmp_path)
    assert second.stderr.splitlines()[-1] == (
        f'RuntimeError: another training is using {tmp_path}: wait until it ends, or pass another checkpoint_dir'
    )
    assert first.poll() is None
    assert digests(result(first, files)) == undisturbed
    assert digests(run(tmp_path)) == undisturbed


IMAGES = np.random.default_rng(0).uniform(-0.5, 0.5, [12, 28, 28, 1]).astype('float32')


def get_batches_of(images):
    def get_batches(batch_size, seed=None):
        order = np.random.default_rng(seed).permutation(len(images))
        for start in range(0, len(images) - batch_size + 1, batch_size):
            yield images[order[start : start + batch_size]]

    return get_batches


def changeable():
    """All that the notebook defines, to be changed; without what takes time after a training."""
    definitions = notebooks.definitions(ROOT / 'dlnd_face_generation.ipynb')
    definitions['recalibrate'] = lambda *_: None
    return definitions


@pytest.fixture
def lesson():
    return changeable()


def train(lesson, folder, images=IMAGES, **changed):
    settings = {'epoch_count': 1, 'batch_size': 4, 'z_dim': 10, 'learning_rate': 0.001, 'beta1': 0.0}
    mode = {1: 'L', 3: 'RGB'}[images.shape[-1]]
    data = {'get_batches': get_batches_of(images), 'data_shape': images.shape, 'data_image_mode': mode}
    return lesson['train'](**settings | data | changed, checkpoint_dir=folder)


@pytest.fixture(scope='module')
def finished_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp('finished')
    train(changeable(), folder)
    return folder


@pytest.fixture
def finished(finished_once, tmp_path):
    """The checkpoints of a training that came to its end, in a folder of the test's own."""
    return shutil.copytree(finished_once, tmp_path / 'finished')


def smoother(lesson):
    original = lesson['real_loss']
    lesson['real_loss'] = lambda logits, smooth=0.0: original(logits, 3 * smooth)


def wider(lesson):
    original = lesson['conv2d_transpose']
    lesson['conv2d_transpose'] = lambda x, size, filters, name: original(x, size, filters + (name == 'up1'), name)


def leakier(lesson):
    original = lesson['tf'].nn.leaky_relu
    nn = SimpleNamespace(**vars(lesson['tf'].nn) | {'leaky_relu': lambda x: original(x, 0.3)})
    lesson['tf'] = SimpleNamespace(**vars(lesson['tf']) | {'nn': nn})


def longer_average(lesson):
    original = lesson['average_of_weights']
    lesson['average_of_weights'] = lambda op: original(op, 0.9)


def normal_noise(lesson):
    lesson['sample_z'] = lambda rng, n, z_dim: rng.standard_normal([n, z_dim])


@pytest.mark.slow
@pytest.mark.parametrize(
    ('changed', 'change', 'difference'),
    [
        ({'learning_rate': 0.002}, None, 'learning_rate was 0.001, and is 0.002'),
        ({'beta1': 0.5}, None, 'beta1 was 0.0, and is 0.5'),
        ({'batch_size': 3}, None, 'batch_size was 4, and is 3'),
        ({'z_dim': 11}, None, 'z_dim was 10, and is 11'),
        ({'seed': 1}, None, 'seed was 0, and is 1'),
        ({'images': 0.9 * IMAGES}, None, 'the content of the images was different'),
        ({'images': IMAGES[:8]}, None, 'data_shape was [12, 28, 28, 1], and is [8, 28, 28, 1]'),
        ({'images': IMAGES.repeat(3, -1)}, None, 'data_shape was [12, 28, 28, 1], and is [12, 28, 28, 3]'),
        ({}, smoother, 'the graph was different, at '),
        ({}, wider, 'the graph was different, at generator/up1/weights/Initializer'),
        ({}, leakier, 'the graph was different, at generator/LeakyRelu, '),
        ({}, longer_average, 'the graph was different, at ExponentialMovingAverage/decay'),
        ({}, normal_noise, 'the noise of sample_z was different'),
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value)[:20] if isinstance(value, dict) else '',
)
def test_a_finished_checkpoint_of_something_else_is_refused_with_what_differs(
    lesson, finished, changed, change, difference
):
    (name,) = saved(finished)
    before = (finished / name).read_bytes()
    if change:
        change(lesson)
    with pytest.raises(ValueError) as error:
        train(lesson, finished, **changed)
    message = str(error.value)
    assert message.startswith(f'{finished} contains another training: ')
    assert difference in message
    assert message.endswith('Delete that folder to start anew, or pass another checkpoint_dir')
    assert saved(finished) == [name] and (finished / name).read_bytes() == before


@pytest.mark.slow
def test_another_title_or_place_is_no_difference(lesson, tmp_path, capsys):
    train(lesson, tmp_path / 'here', title='cats')
    (tmp_path / 'here').rename(tmp_path / 'there')
    train(lesson, tmp_path / 'there', title='dogs', epoch_count=2)
    assert 'Resuming after step 3 of 6' in capsys.readouterr().out


@pytest.fixture
def trial():
    return Trial()


def test_the_folder_is_free_again_when_a_training_has_ended_or_failed(trial, tmp_path):
    with pytest.raises(ZeroDivisionError):
        trial.train([(1.0, 1.0)] * 3, lambda step: 1 / 0, checkpoint_dir=tmp_path)
    for _ in range(2):
        assert Trial().train([(1.0, 1.0)] * 3, checkpoint_dir=tmp_path)[1] == 3


def test_another_training_in_the_same_process_is_told_as_well(trial, tmp_path):
    def another(step):
        with pytest.raises(RuntimeError, match='another training is using'):
            Trial().train([(1.0, 1.0)] * 3, checkpoint_dir=tmp_path)

    assert trial.train([(1.0, 1.0)] * 3, another, checkpoint_dir=tmp_path)[1] == 3


def test_a_checkpoint_is_written_at_intervals_and_the_newest_two_are_kept(trial, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(checkpoints, 'SECONDS', 0)
    trial.train([(1.0, 1.0)] * 5, lambda step: seen.append(len(saved(tmp_path))), checkpoint_dir=tmp_path)
    assert seen == [0, 1, 2, 2, 2]
    assert saved(tmp_path) == ['step-00000004.npz', 'step-00000005.npz']


def test_a_get_batches_that_shuffles_anew_each_time_can_resume(trial, tmp_path, capsys):
    images = np.random.default_rng(0).uniform(size=[9, 2, 2, 1]).astype('float32')

    def get_batches(size, seed):
        return np.split(np.random.default_rng().permutation(images), 9 // size)

    trial.train([(1.0, 1.0)] * 3, get_batches=get_batches, checkpoint_dir=tmp_path)
    Trial().train([(1.0, 1.0)] * 3, get_batches=get_batches, checkpoint_dir=tmp_path)
    assert 'Resuming after step 3 of 3' in capsys.readouterr().out


def test_a_prime_number_of_images_has_a_checksum_too(trial, tmp_path):
    images = np.zeros([521, 2, 2, 1], 'float32')
    sizes = []

    def get_batches(size, seed):
        sizes.append(size)
        return (images[start : start + size] for start in range(0, 521 - size + 1, size))

    run, *_ = trial.train(
        [(1, 1)] * 2, get_batches=get_batches, batch_size=260, data_shape=(521, 2, 2, 1), checkpoint_dir=tmp_path
    )
    assert run.step == 2 and sizes == [1, 260]


def test_a_graph_with_a_condition_in_it_is_the_same_when_it_is_built_again(tmp_path, capsys):
    for branches in ((1, 2), (1, 2), (1, 3)):  # TensorFlow numbers the functions of branches through the process
        trial = Trial()
        with trial.graph.as_default():
            step = tf.cond(trial.count < 2, partial(tf.constant, branches[0]), partial(tf.constant, branches[1]))
            trial.images += 0 * tf.cast(step, tf.float32)
        if branches == (1, 3):
            with pytest.raises(ValueError, match='contains another training'):
                trial.train([(1, 1)] * 2, checkpoint_dir=tmp_path)
        else:
            trial.train([(1, 1)] * 2, checkpoint_dir=tmp_path)
    assert 'Resuming after step 2 of 2' in capsys.readouterr().out


def test_a_tilde_in_checkpoint_dir_is_the_home_directory(trial, tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    trial.train([(1.0, 1.0)], checkpoint_dir='~/checkpoints')
    assert saved(tmp_path / 'checkpoints') == ['step-00000001.npz']


def test_fewer_batches_than_expected_are_saved_all_the_same(trial, tmp_path):
    trial.train(
        [(1.0, 1.0)] * 9,
        get_batches=lambda size, seed: [np.zeros([3, 2, 2, 1])] * 5,
        checkpoint_dir=tmp_path,
    )
    assert saved(tmp_path) == ['step-00000005.npz']


def test_a_checkpoint_dir_that_cannot_be_written_is_noticed_before_the_first_step(trial, tmp_path):
    path = tmp_path / 'a file'
    path.write_text('')
    with pytest.raises(OSError, match=r'checkpoints cannot be written to .*a file.*pass another checkpoint_dir'):
        trial.train([(1.0, 1.0)], lambda step: pytest.fail('a step was made'), checkpoint_dir=path)


def test_a_full_disk_leaves_the_checkpoint_before_it_in_place(trial, tmp_path, monkeypatch):
    from tests.conftest import no_file_longer_than

    monkeypatch.setattr(checkpoints, 'SECONDS', 0)

    def full(step):
        if step == 1:
            limit.__enter__()

    limit = no_file_longer_than(1000)
    try:
        with pytest.raises(OSError, match=r'checkpoints cannot be written to .* Make room'):
            trial.train([(1.0, 1.0)] * 3, full, checkpoint_dir=tmp_path)
    finally:
        limit.__exit__(None, None, None)
    assert saved(tmp_path) == ['step-00000001.npz']


def test_a_path_with_spaces_and_other_letters_holds_checkpoints(trial, tmp_path):
    trial.train([(1.0, 1.0)] * 2, checkpoint_dir=tmp_path / 'zwei Wörter' / '検')
    assert saved(tmp_path / 'zwei Wörter' / '検') == ['step-00000002.npz']


def test_a_training_in_another_thread_is_told_too(trial, tmp_path):
    told = []

    def another():
        try:
            Trial().train([(1.0, 1.0)], checkpoint_dir=tmp_path)
        except RuntimeError as error:
            told.append(str(error))

    def in_thread(step):
        thread = threading.Thread(target=another)
        thread.start()
        thread.join()

    trial.train([(1.0, 1.0)] * 2, in_thread, checkpoint_dir=tmp_path)
    assert len(told) == 2
    assert os.listdir(tmp_path)
