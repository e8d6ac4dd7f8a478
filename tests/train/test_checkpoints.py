"""A run that is killed, interrupted or damaged resumes, and only if it is a continuation of the same one."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lesson.session import tf
from lesson.train import checkpoints, recalibrate
from lesson.train.checkpoints import Checkpoints
from tests.conftest import no_file_longer_than
from tests.disk import every, every_end, needs_fork
from tests.forked import Forked
from tests.train import process
from tests.train.trial import Trial

pytestmark = pytest.mark.fault
ONES = [(1.0, 1.0)] * 3


@pytest.fixture
def trial():
    return Trial()


def saved(folder):
    return sorted(path.name for path in folder.glob('step-*'))


def arrays(path):
    return dict(np.load(path))


def same(one, other):
    return all((one[name] == other[name]).all() for name in ('losses', 'generated'))


# ---------------------------------------------------------------- the notebook's train


def test_after_an_interrupt_the_step_ends_and_the_next_call_ends_with_the_same_bits(tmp_path, monkeypatch, capsys):
    for module, name in ((checkpoints, 'EVERY'), (recalibrate, 'IMAGES')):
        monkeypatch.setattr(module, name, getattr(module, name))  # put back at the end
    folder = ['--checkpoint_dir', str(tmp_path / 'checkpoints'), '--every', '1000', '--epochs', '1']
    for name, options in (('whole', folder[2:]), ('first', [*folder, '--interrupt', '7']), ('second', folder)):
        process.main([str(tmp_path / f'{name}.npz'), *options])
    said = capsys.readouterr().out
    assert f'Interrupted after step 8 of 12; it is saved in {folder[1]}: call train again to resume' in said
    assert 'Resuming after step 8 of 12' in said
    assert same(arrays(tmp_path / 'second.npz'), arrays(tmp_path / 'whole.npz'))


def start(folder, *options):
    folder.mkdir(exist_ok=True)
    return Forked(process.main, [folder / 'result.npz', '--checkpoint_dir', folder, *options], folder / 'said')


def ended(folder, forked):
    """What came of a process: its exit code, what it has said, its result."""
    code, path = forked.wait(timeout=200), folder / 'result.npz'
    return SimpleNamespace(code=code, said=(folder / 'said').read_text(), arrays=path.exists() and arrays(path))


def run(folder, *options):
    return ended(folder, start(folder, *options))


@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory):
    """The result of a run in a new Python, so that in nothing but the seed is it like the others."""
    path = tmp_path_factory.mktemp('undisturbed') / 'result.npz'
    subprocess.run([sys.executable, process.__file__, path], check=True, timeout=200)
    return arrays(path)


@pytest.mark.long
@pytest.mark.parametrize('kills', [(), (12, 17), (3, 12, 17)])
def test_a_killed_run_ends_with_the_same_bits_as_one_that_was_never_killed(tmp_path, undisturbed, kills):
    for step in kills:
        assert run(tmp_path, '--kill', step).code == -9
    part = tmp_path / 'step-00000018.npz.0a1b2c3d.part'
    part.write_bytes(b'killed while it was written, two days ago')
    os.utime(part, (time.time() - 2 * 86_400,) * 2)
    result = run(tmp_path)
    assert ('Resuming after step 17 of 24' in result.said) == bool(kills)
    assert same(result.arrays, undisturbed)
    assert saved(tmp_path) == ['step-00000023.npz', 'step-00000024.npz']


# ---------------------------------------------------------------- damage


@pytest.fixture
def two(tmp_path):
    """Checkpoints of steps 1 and 2, whose weights are the number of the step."""
    two = Checkpoints(tmp_path, {'seed': 0}, {'weights': 1})
    for step in (1, 2):
        two.save({'weights': np.full([2, 2], step, np.float32), 'losses': np.ones([step, 2], np.float32)})
    return two


@pytest.mark.parametrize('damage', ['flip', 'cut', 'zero'])
def test_wherever_the_newest_checkpoint_is_damaged_its_arrays_are_right_or_those_of_the_one_before(two, damage, capsys):
    path = two.folder / 'step-00000002.npz'
    whole, steps = path.read_bytes(), []
    for place in range(0, len(whole), 3):
        content = bytearray(whole)
        if damage == 'cut':
            del content[place:]
        else:
            content[place] = content[place] ^ 1 << place % 8 if damage == 'flip' else 0
        path.write_bytes(content)
        read = two.newest()
        steps.append(len(read['losses']))
        assert (read['weights'] == steps[-1]).all(), place
    assert set(steps) <= {1, 2} and steps.count(1) > len(steps) / 3
    assert capsys.readouterr().out.count(f'{path} is damaged') == steps.count(1)


# ---------------------------------------------------------------- a continuation or not

IMAGES = np.random.default_rng(0).uniform(-0.5, 0.5, [12, 2, 2, 1]).astype('float32')


def of(images):
    """The settings of a run on these images."""

    def get_batches(size, seed):
        order = np.random.default_rng(seed).permutation(len(images))
        return (images[order[start : start + size]] for start in range(0, len(images) - size + 1, size))

    return {'get_batches': get_batches, 'data_shape': images.shape}


@pytest.fixture(scope='module')
def finished_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp('finished')
    Trial().train(ONES * 2, checkpoint_dir=folder, average=0.5, **of(IMAGES))
    return folder


@pytest.fixture
def finished(finished_once, tmp_path):
    """The checkpoint of a run that came to its end, in a folder of the test's own."""
    return shutil.copytree(finished_once, tmp_path / 'finished')


@pytest.mark.parametrize(
    ('changed', 'difference'),
    [
        ({'learning_rate': 0.2}, 'learning_rate was 0.1, and is 0.2'),
        ({'beta1': 0.0}, 'beta1 was 0.5, and is 0.0'),
        ({'batch_size': 4}, 'batch_size was 3, and is 4'),
        ({'z_dim': 3}, 'z_dim was 2, and is 3'),
        ({'seed': 1}, 'seed was 0, and is 1'),
        (of(0.9 * IMAGES), 'the content of the images was different'),
        (of(IMAGES[:9]), 'data_shape was [12, 2, 2, 1], and is [9, 2, 2, 1]'),
        ({'sample_z': lambda rng, n, z_dim: rng.standard_normal([n, z_dim])}, 'the noise of sample_z was different'),
        ({'average': 0.9}, 'the graph was different, at ExponentialMovingAverage/decay'),
        ({'average': None}, 'the graph was different, at '),
        ({'add': 2}, 'the graph was different, at '),
    ],
)
def test_a_checkpoint_of_something_else_is_refused_with_what_differs(trial, finished, changed, difference):
    (name,) = saved(finished)
    before, changed = (finished / name).read_bytes(), dict(changed)
    if more := changed.pop('add', None):
        with trial.graph.as_default():
            trial.images += more
    with pytest.raises(ValueError) as error:
        trial.train(ONES * 2, checkpoint_dir=finished, **{'average': 0.5} | of(IMAGES) | changed)
    message = str(error.value)
    assert message.startswith(f'{finished} contains a different run: ') and difference in message
    assert message.endswith('Delete that folder to start again, or pass a different checkpoint_dir')
    assert saved(finished) == [name] and (finished / name).read_bytes() == before


def test_a_different_title_place_order_of_the_images_or_number_of_epochs_is_no_difference(finished, capsys):
    folder = finished.rename(finished.parent / 'there')
    for epochs, steps in ((1, 4), (2, 8), (1, 8)):
        options = {'epoch_count': epochs, 'title': 'dogs', 'average': 0.5, **of(IMAGES[::-1])}
        assert Trial().train(ONES * 3, checkpoint_dir=folder, **options)[0].step == steps
    said = capsys.readouterr().out
    assert 'Resuming after step 4 of 4, which is all of them' in said and 'Resuming after step 4 of 8, from' in said
    assert 'Resuming after step 8 of 4, which is all of them' in said


def test_a_graph_with_a_condition_in_it_is_the_same_when_it_is_built_again(tmp_path, capsys):
    for branches in ((1, 2), (1, 2), (1, 3)):  # TensorFlow numbers the functions of branches through the process
        trial = Trial()
        with trial.graph.as_default():
            step = tf.cond(trial.count < 2, partial(tf.constant, branches[0]), partial(tf.constant, branches[1]))
            trial.images += 0 * tf.cast(step, tf.float32)
        if branches == (1, 3):
            with pytest.raises(ValueError, match='contains a different run'):
                trial.train(ONES, checkpoint_dir=tmp_path)
        else:
            trial.train(ONES, checkpoint_dir=tmp_path)
    assert 'Resuming after step 3 of 3' in capsys.readouterr().out


def test_all_images_have_a_checksum_whatever_their_number(trial, tmp_path):
    sizes = []

    def get_batches(size, seed):
        sizes.append(size)
        return (np.zeros([size, 2, 2, 1], 'float32') for _ in range(521 // size))

    changed = {'get_batches': get_batches, 'batch_size': 260, 'data_shape': (521, 2, 2, 1)}
    assert trial.train(ONES, checkpoint_dir=tmp_path, **changed)[1] == 2
    assert sizes == [1, 260]  # a prime number


# ---------------------------------------------------------------- the folder


def test_a_checkpoint_is_written_at_intervals_and_the_newest_two_are_kept(trial, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(checkpoints, 'EVERY', 0)
    few = {'get_batches': lambda size, seed: [np.zeros([3, 2, 2, 1])] * 5}  # fewer than 9, as data_shape says
    trial.train(ONES * 3, lambda step: seen.append(len(saved(tmp_path))), checkpoint_dir=tmp_path, **few)
    assert seen == [0, 1, 2, 2, 2]
    assert saved(tmp_path) == ['step-00000004.npz', 'step-00000005.npz']


def test_the_folder_is_free_again_when_a_run_has_ended_or_failed_but_not_before(trial, tmp_path):
    def second(step):
        with pytest.raises(RuntimeError, match=rf'another run is using {tmp_path}: wait until it ends, or pass a diff'):
            Trial().train(ONES, checkpoint_dir=tmp_path)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        trial.train(ONES, second, checkpoint_dir=tmp_path)
    for _ in range(2):
        assert Trial().train(ONES, checkpoint_dir=tmp_path)[1] == 3


def test_a_checkpoint_dir_that_cannot_be_written_is_noticed_before_the_first_step(trial, tmp_path):
    path = tmp_path / 'a file'
    path.write_text('')
    with pytest.raises(OSError, match=r'no file can be written in .*a file.*: make room, or pass a different'):
        trial.train(ONES, lambda step: pytest.fail('a step was made'), checkpoint_dir=path)


def test_a_full_disk_leaves_the_checkpoint_before_it_in_place(trial, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, 'EVERY', 0)
    limit = no_file_longer_than(1000)
    try:
        with pytest.raises(OSError, match=r'a checkpoint cannot be written to .*: make room'):
            trial.train(ONES, lambda step: step == 1 and limit.__enter__(), checkpoint_dir=tmp_path)
    finally:
        limit.__exit__(None, None, None)
    assert os.listdir(tmp_path) == ['step-00000001.npz']


# ---------------------------------------------------------------- every operation on the disk


def save_five(folder):
    """Resume from what is in a folder, and save after each step up to the fifth. The steps that were resumed."""
    run = Checkpoints(folder, {'seed': 0}, {'weights': 1})
    with run.locked():
        resumed = run.newest()
        begun = len(resumed['losses']) if resumed else 0
        assert not resumed or (resumed['weights'] == begun).all()
        for step in range(begun + 1, 6):
            run.save({'weights': np.full([20, 20], step), 'losses': np.ones([step, 2])})
    return begun


@pytest.mark.long
def test_whichever_operation_on_the_disk_fails_a_run_ends_right_or_with_advice_and_resumes(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, 'EVERY', 0)

    def train(disk):
        with disk:
            try:
                Trial().train(ONES + ONES[:2], checkpoint_dir=tmp_path / 'new')
            except OSError as error:
                assert str(error).endswith('make room, or pass a different checkpoint_dir')

    for number in every(train):
        newest = saved(tmp_path / 'new')[-1:]
        run, count, _ = Trial().train(ONES + ONES[:2], checkpoint_dir=tmp_path / 'new')
        assert (run.step, count, len(run.losses)) == (5, 5, 5), number
        assert saved(tmp_path / 'new')[-1] == 'step-00000005.npz', (number, newest)
        assert not list((tmp_path / 'new').glob('*.part')), number
        shutil.rmtree(tmp_path / 'new')
    assert number > 50


@pytest.mark.long
@needs_fork
@pytest.mark.filterwarnings('ignore:.*fork:DeprecationWarning')
def test_at_whichever_operation_the_process_ends_the_next_one_resumes_from_the_last_checkpoint(tmp_path):
    begun = []
    for _ in every_end(lambda: save_five(tmp_path / 'new')):
        begun.append(save_five(tmp_path / 'new'))
        assert [name for name in saved(tmp_path / 'new') if name.endswith('.npz')][-1] == 'step-00000005.npz'
        shutil.rmtree(tmp_path / 'new')
    assert begun == sorted(begun) and set(begun) == set(range(6))


# ---------------------------------------------------------------- locks that grant to everybody


@pytest.fixture
def without_locks(monkeypatch):
    """As on some network file systems."""
    monkeypatch.setattr(checkpoints, 'one_process_at_a_time', lambda folder: nullcontext())


def test_what_a_living_neighbor_is_writing_stays_and_what_a_killed_one_has_left_goes(two, without_locks):
    living, left = (two.folder / f'step-00000003.npz.{name}.part' for name in ('aaaaaaaa', 'bbbbbbbb'))
    for path in (living, left):
        path.write_bytes(b'a part')
    os.utime(left, (time.time() - checkpoints.LEFT - 60,) * 2)
    with two.locked():
        assert living.exists() and not left.exists()


def test_a_checkpoint_that_a_neighbor_removes_while_it_is_read_is_not_called_damaged(two, monkeypatch, capsys):
    two.save({'weights': np.full([2, 2], 3, np.float32), 'losses': np.ones([3, 2], np.float32)})
    read = Path.read_bytes

    def late(path):
        if path.name == 'step-00000003.npz' and path.exists():
            two.save({'weights': np.full([2, 2], 4, np.float32), 'losses': np.ones([4, 2], np.float32)})
            path.unlink()
        return read(path)

    monkeypatch.setattr(Path, 'read_bytes', late)
    assert (two.newest()['weights'] == 4).all()
    assert capsys.readouterr().out == ''


def test_runs_at_once_in_one_folder_end_right_without_a_lock(tmp_path, without_locks, monkeypatch):
    monkeypatch.setattr(checkpoints, 'EVERY', 0)
    ended = []

    def second(step):
        if step == 2:
            ended.append(Trial().train(ONES * 2, checkpoint_dir=tmp_path)[1])

    assert Trial().train(ONES * 2, second, checkpoint_dir=tmp_path)[1] == 6
    assert ended == [6] and saved(tmp_path) == ['step-00000005.npz', 'step-00000006.npz']
