"""A training that is killed, interrupted, damaged or goes wrong: real processes, real signals, real files."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from jupyter_client.manager import start_new_kernel

from lesson import training
from tests.training_process import BATCH, EPOCH

pytestmark = pytest.mark.fault
tf = training.tf
tf.disable_eager_execution()
PROCESS = Path(__file__).with_name('training_process.py')


def run(folder, *options):
    command = [sys.executable, PROCESS, folder, *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def digests(result):
    """What a training that came to its end has printed."""
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-3:]


@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory):
    return digests(run(tmp_path_factory.mktemp('undisturbed')))


@pytest.fixture(scope='module')
def killed_at_9(tmp_path_factory):
    folder = tmp_path_factory.mktemp('killed')
    assert run(folder, '--kill', 9).returncode == -9
    return folder


@pytest.fixture
def killed(killed_at_9, tmp_path):
    """The checkpoints of a training that was killed at step 9, in a folder of the test's own."""
    return shutil.copytree(killed_at_9, tmp_path / 'killed')


def newest(folder):
    return sorted(folder.glob('step-*.npz'))[-1]


@pytest.mark.slow
def test_two_processes_with_the_same_seed_end_with_the_same_bits(tmp_path, undisturbed):
    assert digests(run(tmp_path, '--every', 1000)) == undisturbed


@pytest.mark.slow
def test_a_killed_training_ends_with_the_same_bits_as_one_that_was_never_killed(tmp_path, undisturbed):
    for step in (3, EPOCH, 17):
        assert run(tmp_path, '--kill', step).returncode == -9
    result = run(tmp_path)
    assert 'Going on after step 17 of 24' in result.stdout
    assert digests(result) == undisturbed


@pytest.mark.slow
def test_after_an_interrupt_the_step_ends_and_the_next_call_goes_on(tmp_path, undisturbed):
    result = run(tmp_path, '--interrupt', 7, '--every', 1000)
    assert result.returncode == 0
    assert f'Interrupted after step 8 of 24; it is kept in {tmp_path}: call train again to go on' in result.stdout
    assert 'Traceback' not in result.stderr
    assert digests(run(tmp_path, '--every', 1000)) == undisturbed


@pytest.mark.slow
def test_a_second_interrupt_stops_at_once(tmp_path):
    result = run(tmp_path, '--interrupt', 7, 7, '--every', 1000)
    assert result.returncode != 0
    assert result.stderr.splitlines()[-1] == 'KeyboardInterrupt'


@pytest.mark.slow
@pytest.mark.parametrize('damage', ['truncated', 'flipped', 'empty', 'text'])
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(killed, undisturbed, damage):
    path = newest(killed)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes({'truncated': content[:1000], 'flipped': content, 'empty': b'', 'text': b'no checkpoint'}[damage])
    result = run(killed)
    assert f'{path} is damaged' in result.stdout
    assert 'Going on after step 8 of 24' in result.stdout
    assert digests(result) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize(
    ('options', 'difference'),
    [
        (['--wider'], 'generator/up1/weights is (4, 4, 64, 128) there, (4, 4, 65, 128) here'),
        (['--channels', 3], 'weights is (4, 4, 1, 32) there, (4, 4, 3, 32) here'),
        (['--batch-size', 2], f'batch_size {BATCH}, seed 0 there, {EPOCH * BATCH} images'),
        (['--title', 'other'], f"{EPOCH * BATCH} images, title 'digits', batch_size {BATCH}, seed 0 there"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused_in_one_sentence(killed, options, difference):
    before = newest(killed).read_bytes()
    result = run(killed, *options)
    message = result.stderr.splitlines()[-1]
    assert message.startswith(f'ValueError: {killed} holds the training of other networks, images or settings')
    assert 'Delete that folder to start anew' in message
    assert difference in message
    assert newest(killed).read_bytes() == before


@pytest.mark.slow
def test_a_loss_that_is_not_finite_stops_the_training_and_brings_the_last_good_weights_back(tmp_path):
    result = run(tmp_path, '--nan', 8)
    *_, steps = digests(result)  # images drawn at the end are finite: the process sees to that
    assert 'The losses are not finite at step 9' in result.stdout
    assert 'with the weights of step 8' in result.stdout
    assert 'smaller learning rate' in result.stdout
    assert steps == '8'
    with np.load(newest(tmp_path)) as checkpoint:
        assert all(np.isfinite(checkpoint[name]).all() for name in checkpoint.files if name != 'settings')


@pytest.mark.slow
def test_what_was_finished_stays_finished_and_can_be_trained_for_longer(tmp_path, undisturbed):
    assert digests(run(tmp_path, '--epochs', 1))[-1] == str(EPOCH)
    assert digests(run(tmp_path)) == undisturbed
    assert digests(run(tmp_path)) == undisturbed
    assert len(list(tmp_path.iterdir())) == training.CHECKPOINTS_KEPT


@pytest.fixture
def counter():
    """A session whose only variable counts the steps of a training."""
    with tf.Graph().as_default() as graph:
        count = tf.get_variable('count', [], initializer=tf.zeros_initializer())
        step = count.assign_add(1).op
    return training.session(graph), count, step


def play(counter, losses, **options):
    """A training with given losses; the value of its variable at the end."""
    sess, count, step = counter
    with training.Training(sess, len(losses), **options) as training:
        for pair in training.remaining(losses):
            sess.run(step)
            training.losses.append(pair)
    return sess.run(count)


def test_the_discriminator_that_wins_is_pointed_out_once(counter, capsys):
    assert play(counter, [(1.0, 1.0)] * 300 + [(0.001, 5.0)] * 700) == 1000
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith('Step 600: the discriminator has won (d_loss 0.001, g_loss 5.0 over 300 steps)')


def test_a_game_that_is_in_balance_is_not_commented_on(counter, capsys):
    play(counter, [(1.2, 0.9)] * 1000)
    assert capsys.readouterr().out == ''


def test_images_that_are_all_alike_are_pointed_out_once(counter, capsys):
    sess, _, _ = counter
    images = np.random.default_rng(0).uniform(-1, 1, [8, 28, 28, 1])
    with training.Training(sess, 1000) as training:
        training.losses += [(1.0, 1.0)] * 400
        training.look_at(images)
        assert capsys.readouterr().out == ''
        training.look_at(images[:1] + 0.001 * images)
        training.look_at(images[:1] + 0.001 * images)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith('Step 400: the generated images are all alike')


def test_weights_that_are_not_finite_are_never_kept(counter, tmp_path, capsys):
    sess, count, _ = counter
    with training.Training(sess, 3, tmp_path) as training:
        for pair in training.remaining([(1.0, 1.0)] * 3):
            count.load(np.nan, sess)
            training.losses.append(pair)
    assert list(tmp_path.iterdir()) == []
    assert sess.run(count) == 0
    assert 'not finite at step 3' in capsys.readouterr().out


def test_without_a_checkpoint_dir_an_interrupt_says_what_would_help(counter, capsys):
    def interrupted():
        yield 1.0, 1.0
        os.kill(os.getpid(), 2)
        yield 1.0, 1.0
        yield 1.0, 1.0

    sess, _, _ = counter
    with training.Training(sess, 3) as training:
        for pair in training.remaining(interrupted()):
            training.losses.append(pair)
    assert 'Interrupted after step 2 of 3; with checkpoint_dir=' in capsys.readouterr().out


def test_interrupts_work_as_usual_after_a_training_that_failed(counter):
    sess, _, _ = counter
    with pytest.raises(ZeroDivisionError), training.Training(sess, 3):
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), 2)


def test_a_training_in_another_thread_works(counter):
    ended = []
    thread = threading.Thread(target=lambda: ended.append(play(counter, [(1.0, 1.0)] * 5)))
    thread.start()
    thread.join()
    assert ended == [5]


@pytest.mark.slow
def test_interrupt_kernel_ends_the_step_and_leaves_the_kernel_in_order(tmp_path):
    code = f"""
import time; from lesson import training
tf = training.tf
with tf.Graph().as_default() as graph:
    tf.get_variable('weights', [10])
sess = training.session(graph)
with training.Training(sess, 100, {str(tmp_path)!r}) as training:
    print('begun')
    for pair in training.remaining([(1.0, 1.0)] * 100):
        time.sleep(0.1)  # a step
        training.losses.append(pair)
print('returned')
"""
    manager, client = start_new_kernel(kernel_name='python3', cwd=PROCESS.parent.parent)
    said = []

    def hear(message):
        said.append(message['content'].get('text', ''))
        if 'begun' in said[-1]:
            threading.Timer(1, manager.interrupt_kernel).start()

    try:
        reply = client.execute_interactive(code, timeout=60, output_hook=hear)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert reply['content']['status'] == 'ok'
    assert 'Interrupted after step' in ''.join(said)
    assert 'returned' in ''.join(said)
    assert len(list(tmp_path.glob('step-*.npz'))) == 1


def test_a_checkpoint_dir_that_cannot_be_written_is_noticed_before_the_first_step(counter, tmp_path):
    path = tmp_path / 'a file'
    path.write_text('')
    with pytest.raises(OSError, match=r'checkpoints cannot be written to .*a file.*pass another checkpoint_dir'):
        play(counter, [(1.0, 1.0)], checkpoint_dir=path)


def test_a_full_disk_leaves_the_checkpoint_before_it_in_place(tmp_path):
    code = """
import resource, signal, sys
sys.path.insert(0, sys.argv[2])
from lesson import training
tf = training.tf
tf.disable_eager_execution()
with tf.Graph().as_default() as graph:
    tf.get_variable('weights', [100_000])
sess = training.session(graph)
training.CHECKPOINT_SECONDS = 0
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then a write over the limit is an OSError, as on a full disk
with training.Training(sess, 3, sys.argv[1]) as training:
    for pair in training.remaining([(1.0, 1.0)] * 3):
        training.losses.append(pair)
        if len(training.losses) == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
"""
    command = [sys.executable, '-c', code, tmp_path / 'checkpoints', PROCESS.parent.parent]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stderr.splitlines()[-1].startswith('OSError: checkpoints cannot be written to')
    assert [path.name for path in (tmp_path / 'checkpoints').iterdir()] == ['step-00000001.npz']


def test_a_path_with_spaces_and_other_letters_holds_checkpoints(counter, tmp_path):
    play(counter, [(1.0, 1.0)] * 2, checkpoint_dir=tmp_path / 'zwei Wörter' / '検')
    assert newest(tmp_path / 'zwei Wörter' / '検').name == 'step-00000002.npz'
