"""What surrounds a step: what it is fed with, what is done about its losses, and how an interrupt ends the run."""

import io
import re
import signal
import threading
import time
from functools import partial

import numpy as np
import pytest

from lesson.session import tf
from lesson.train import Adam
from lesson.train import run as run_module
from lesson.trained import generators
from tests.train.trial import Trial

NAN = (float('nan'), 1.0)


@pytest.fixture
def trial():
    return Trial()


@pytest.mark.parametrize(
    ('setting', 'values', 'allowed'),
    [
        ('epoch_count', [None, 0, -1, 1.5, '2', True, [1], float('nan')], 'choose a whole number from 1'),
        ('batch_size', [0, '2'], 'choose a whole number from 1'),
        ('batch_size', [7], 'only 6 images'),
        ('z_dim', [0, True], 'choose a whole number from 1'),
        ('learning_rate', [None, 0, -0.1, '0.1', True, float('nan'), float('inf')], 'above 0'),
        ('beta1', [None, -0.1, 1], 'from 0 to less than 1'),
        ('average', [-0.1, 1, '0.5'], 'from 0 to less than 1, or None'),
        ('seed', [None, -1, 0.5], 'choose a whole number from 0'),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_with_what_is_allowed(trial, setting, values, allowed):
    for value in values:
        with pytest.raises(ValueError, match=rf'{setting} is .*{allowed}'):
            trial.run(2, **{setting: value})
    numpys = {'epoch_count': np.int64(2), 'learning_rate': np.float32(0.1), 'beta1': np.float64(0), 'seed': np.uint8(3)}
    assert trial.run(2, **numpys).steps == 4


def test_real_images_that_differ_in_size_from_the_generated_ones_or_are_missing_are_refused(trial):
    with pytest.raises(ValueError, match=r'get_batches\(3\) yields no batch, so nothing was trained'):
        Trial().train([(1.0, 1.0)], get_batches=lambda size, seed: [])
    for shape in ((3, 4, 4, 1), (3, 2, 3, 1), (3, 2, 2, 3)):
        with pytest.raises(ValueError, match=r'real images are .*generated ones \[2, 2, 1\]: prepare .* or change its'):
            trial.train([(1.0, 1.0)], data_shape=shape)
    trial.images = tf.placeholder_with_default(trial.images, [None, None, None, None])  # unknown: not compared
    assert trial.train([(1.0, 1.0)])[1] == 1


def test_a_step_has_to_be_recorded_once_and_in_the_loop(trial):
    run = trial.run(3)
    with run.session(trial.graph, trial.z, trial.images):
        with pytest.raises(RuntimeError, match=r'belongs in the loop over run\.batches'):
            run.record(1.0, 1.0)
        with pytest.raises(RuntimeError, match='once for each batch'):
            for _ in run.batches():
                pass


def test_each_step_has_its_own_images_and_noise_which_depend_on_the_seed_and_the_step_alone():
    def fed(begin, **changed):
        trial = Trial()
        run = trial.run(4, get_batches=get_batches, epoch_count=2, **changed)
        with run.session(trial.graph, trial.z, trial.images):
            run._losses += [(1.0, 1.0)] * begin
            for images, z in run.batches():
                yield images, z
                run.record(1.0, 1.0)

    def get_batches(size, seed):
        return np.random.default_rng(seed).uniform(size=[4, size, 2, 2, 1])

    def same(one, other):
        return all(map(np.array_equal, one, other))

    whole, again, other = list(fed(0)), list(fed(5)), list(fed(0, seed=1))
    assert len(whole) == 8 and len(again) == 3
    assert all(map(same, whole[5:], again))
    assert not any(map(same, whole, other))
    assert len({z.tobytes() for _, z in whole}) == len({images.tobytes() for images, _ in whole}) == 8


def test_the_bar_says_in_which_epoch_it_is(trial, capsys, monkeypatch):
    monkeypatch.setattr(run_module, 'progress', partial(run_module.progress, mininterval=0))
    batches = {'get_batches': lambda size, seed: np.zeros([2, size, 2, 2, 1], 'float32'), 'data_shape': (6, 2, 2, 1)}
    trial.train([(1.0, 2.0)] * 6, epoch_count=3, **batches)
    states = re.findall(r'epoch (\d)/3: .* (\d)/6 ', capsys.readouterr().err.replace('\r', '\n'))
    assert set(states) >= {('1', '1'), ('1', '2'), ('2', '3'), ('3', '6')}


def test_on_one_machine_adam_is_tensorflows_own(trial):
    assert type(Adam(0.1, 0.5)) is tf.train.AdamOptimizer
    with tf.Graph().as_default():
        loss = tf.square(tf.get_variable('x', initializer=2.0))
        steps = Adam(0.1, 0.5).minimize(loss), tf.train.AdamOptimizer(0.1, 0.5).minimize(loss)
        trial.images = tf.zeros([1, 2, 2, 1])
        run = trial.run(1)
        with run.session(tf.get_default_graph(), trial.z, trial.images) as sess:  # any optimizer is as good
            sess.run(steps)


@pytest.mark.fault
@pytest.mark.parametrize('step', [1, 2, 99])
def test_losses_that_are_not_finite_before_there_are_weights_to_return_to_are_an_error(trial, step):
    with pytest.raises(FloatingPointError, match=rf'not finite at step {step}, so nothing was trained. Try a smaller'):
        trial.train([(1.0, 1.0)] * (step - 1) + [NAN] * 10)


@pytest.mark.fault
@pytest.mark.parametrize('pair', [NAN, (1.0, float('inf'))])
def test_losses_that_are_not_finite_later_end_the_run_with_the_weights_from_before(trial, capsys, pair):
    run, count, _ = trial.train([(1.0, 1.0)] * 250 + [pair] * 50)
    assert (run.step, count, len(run.losses)) == (200, 200, 200)
    said = capsys.readouterr().out
    assert 'not finite at step 251: the training ends, with the weights of step 200. Try a smaller' in said


@pytest.mark.fault
def test_weights_that_are_not_finite_are_never_kept(trial, tmp_path):
    run = trial.run(3, checkpoint_dir=tmp_path)
    refused = pytest.raises(FloatingPointError, match='weights are not finite at step 3')
    with refused, run.session(trial.graph, trial.z, trial.images) as sess:
        for _ in run.batches():
            trial.count.load(np.nan, sess)
            run.record(1.0, 1.0)
    assert list(tmp_path.glob('step-*')) == []
    assert sess.run(trial.count) == 0


@pytest.mark.parametrize(
    ('losses', 'noise', 'said'),
    [
        ([(1.0, 1.0)] * 300 + [(0.001, 5.0)] * 700, None, 'Step 600: the discriminator has won (d_loss 0.001, g_loss'),
        ([(1.0, 1.0)] * 1000, 0.5, 'Step 300: the generated images are all alike'),
    ],
)
def test_what_usually_goes_wrong_is_pointed_out_once(trial, capsys, losses, noise, said):
    alike = {'sample_z': lambda rng, n, z_dim: np.full([n, z_dim], noise)} if noise else {}
    _, count, _ = trial.train(losses, **alike)
    assert count == 1000
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(said)


@pytest.mark.fault
def test_without_a_checkpoint_dir_an_interrupt_says_what_would_help(trial, capsys):
    losses = [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)]
    run, count, _ = trial.train(losses, lambda step: step == 1 and signal.raise_signal(signal.SIGINT))
    assert (run.step, count) == (2, 2)
    np.testing.assert_array_equal(run.losses, np.float32([[1, 2], [3, 4]]))
    assert 'Interrupted after step 2 of 3; with checkpoint_dir=' in capsys.readouterr().out


@pytest.mark.fault
def test_a_second_interrupt_stops_at_once_and_after_a_run_interrupts_work_as_usual(trial):
    def twice(step):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        time.sleep(1)
        pytest.fail('it goes on')

    with pytest.raises(KeyboardInterrupt):
        trial.train([(1.0, 1.0)] * 3, twice)
    with pytest.raises(ZeroDivisionError):
        Trial().train([(1.0, 1.0)] * 3, lambda step: 1 / 0)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
        time.sleep(1)


def test_a_run_in_a_different_thread_works(trial):
    ended = []
    thread = threading.Thread(target=lambda: ended.append(trial.train([(1.0, 1.0)] * 5)[1]))
    thread.start()
    thread.join()
    assert ended == [5]


@pytest.mark.fault
def test_names_that_the_terminal_cannot_show_do_not_end_a_run(trial, tmp_path, monkeypatch):
    terminal, folder = io.TextIOWrapper(io.BytesIO(), 'ascii', write_through=True), tmp_path / '検'
    monkeypatch.setattr('sys.stdout', terminal)
    folders = {'checkpoint_dir': folder, 'log_dir': folder / 'logs', 'generators_dir': folder / 'step-3.npz'}
    trial.train([(1.0, 1.0)] * 3, lambda step: step == 1 and signal.raise_signal(signal.SIGINT), **folders)
    (folder / 'step-3.npz').write_bytes(b'damaged, and the newest')
    run, count, _ = Trial().train([(1.0, 1.0)] * 3, **folders)
    generators.save(run)
    assert count == 3
    said = terminal.buffer.getvalue().decode()
    for words in ('Interrupted after step 2', 'Resuming after step 2', 'is damaged', 'TensorBoard', 'not be saved'):
        (line,) = (line for line in dict.fromkeys(said.splitlines()) if words in line)
        assert '\\u691c' in line
