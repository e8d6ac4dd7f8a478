"""A trained generator is kept whole or not at all, and gives the same images wherever it is loaded."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from lesson import __version__, generators, notebooks, training
from tests.builders import quick
from tests.conftest import no_file_longer_than, remount
from tests.contract.solutions import G_LAYERS, KERAS
from tests.test_training import Trial

tf = training.tf
tf.disable_eager_execution()
ROOT = Path(__file__).parents[2]
Z = np.random.default_rng(0).uniform(-1, 1, [20, 10])
NAMES = ['about.json', 'saved_model.pb']


def get_batches(batch_size, seed=None):
    images = np.random.default_rng(seed).uniform(-0.5, 0.5, [64, 28, 28, 3]).astype('float32')
    yield from np.split(images, 64 // batch_size)


@pytest.fixture(scope='module')
def lesson():
    return quick(notebooks.definitions(ROOT / 'dlnd_face_generation.ipynb'))


@pytest.fixture(scope='module')
def trained(lesson, tmp_path_factory):
    """(generate, the folder of all generators) of a short training with the notebook's own train."""
    folder = tmp_path_factory.mktemp('trained') / 'zwei Wörter'
    _, generate = lesson['train'](
        2, 32, 10, 0.01, 0.5, get_batches, (64, 28, 28, 3), 'RGB', title='generated from noise', generators_dir=folder
    )
    return generate, folder


@pytest.fixture
def trial():
    return Trial()


def keep(trial, folder, **changed):
    """The generator of a training without any network."""
    run = trial.run(3, **changed, generators_dir=folder)
    with run.session(trial.graph, trial.z, trial.images):
        for _ in run.batches():
            run.record(1.0, 1.0)
    return run.save_generator()


def left(folder):
    """The names in a folder of generators, but for the link to the newest."""
    return sorted(set(os.listdir(folder)) - {'latest'})


def run_elsewhere(code, folder, **environment):
    """What a program prints, in a process of its own in another folder, which does not know this project."""
    ours = ('PYTHONPATH', 'TF_ENABLE_ONEDNN_OPTS')  # what this project sets
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    command = [sys.executable, '-c', code]
    done = subprocess.run(command, cwd=folder, env=kept | environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---------------------------------------------------------------- the same images


def test_a_loaded_generator_gives_the_same_images_to_the_last_bit(trained):
    generate, folder = trained
    again = training.load_generator(folder / 'latest')
    images = generate(Z)
    assert images.dtype == np.float32 and images.shape == (20, 28, 28, 3) and np.abs(images).max() <= 1
    assert images.std() > 0.01
    np.testing.assert_array_equal(again(Z), images)
    assert again.about == generate.about
    assert again.path == generate.path.resolve()


def test_a_trained_generator_computes_what_the_session_computes_that_trained_it(trial):
    """The images of Trial are z itself."""
    z = np.random.default_rng(0).uniform(-1, 1, [5, 2]).astype('float32')
    np.testing.assert_array_equal(keep(trial, None)(z), np.tile(z, 2).reshape(5, 2, 2, 1))


def test_the_animation_of_a_training_is_kept_beside_its_generator(trial, tmp_path):
    run = trial.run(3, generators_dir=tmp_path)
    with run.session(trial.graph, trial.z, trial.images):
        for _ in run.batches():
            run.record(1.0, 1.0)
            run.show(np.full([5, 28, 28, 1], run.step / run.steps, 'float32'))
    path = run.save_generator().path
    assert sorted(os.listdir(path)) == ['about.json', 'saved_model.pb', 'training.png']
    with Image.open(path / 'training.png') as animation:
        assert animation.n_frames == run.steps
    assert training.load_generator(path).about['steps'] == run.steps


def test_a_generator_is_kept_when_its_animation_cannot_be(trial, tmp_path, capsys, monkeypatch):
    def full(film, path):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(training.Film, 'save', full)
    generate = keep(trial, tmp_path)
    printed = capsys.readouterr().out
    assert 'The animation could not be saved beside the generator (No space left on device).' in printed
    assert 'it is lost' not in printed
    assert training.load_generator(generate.path).about == generate.about


def test_a_kept_generator_has_the_weights_of_the_end_of_the_training(lesson, tmp_path, monkeypatch):
    seen = {}

    def recalibrate(sess, use_averages, input_z):
        original(sess, use_averages, input_z)
        images = sess.graph.get_collection('sample_images')[0]
        seen['images'] = sess.run(images, {input_z: Z})

    original = lesson['recalibrate']
    monkeypatch.setitem(lesson['train'].__globals__, 'recalibrate', recalibrate)
    arguments = 1, 32, 10, 0.01, 0.5, get_batches, (64, 28, 28, 3), 'RGB'
    _, generate = lesson['train'](*arguments)
    assert np.abs(generate(Z) - seen['images']).max() < 0.02  # there, convolutions may be in bfloat16


def test_a_new_process_loads_it_within_3_seconds_and_gives_the_same_bits_in_eager_mode_too(trained, tmp_path):
    _, folder = trained
    np.save(tmp_path / 'z.npy', Z)
    code = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from lesson import training
start = time.perf_counter()
generate = training.load_generator({str(folder / 'latest')!r})
print(time.perf_counter() - start)
import numpy as np
np.save('images.npy', generate(np.load('z.npy')))
"""
    assert float(run_elsewhere(code, tmp_path)) < 3
    np.testing.assert_array_equal(np.load(tmp_path / 'images.npy'), trained[0](Z))


def test_the_notebooks_lines_of_plain_tensorflow_give_the_same_images_without_this_project(trained, tmp_path):
    generate, folder = trained
    notebook = nbformat.read(ROOT / 'dlnd_face_generation.ipynb', as_version=4)
    (text,) = (cell.source for cell in notebook.cells if cell.id == 'plain-text')
    lines = text.split('```')[1].removeprefix('python\n')
    assert len([line for line in lines.splitlines() if line]) == 3
    (tmp_path / 'generators').symlink_to(folder)
    code = f"""
import numpy as np
z = np.random.default_rng(0).uniform(-1, 1, [20, 10])
{lines}
np.savez('images.npz', **{{name: value.numpy() for name, value in generate(z=tf.constant(z, tf.float32)).items()}})
import sys
print(images.shape.as_list(), 'lesson' in sys.modules)
"""
    assert run_elsewhere(code, tmp_path) == '[20, 28, 28, 3] False\n'
    with np.load(tmp_path / 'images.npz') as file:
        outputs = dict(file)
    images = generate(Z)
    assert sorted(outputs) == ['images', 'pixels']
    # To the last bit where TensorFlow uses oneDNN by itself.
    np.testing.assert_allclose(outputs['images'], images, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(outputs['pixels'], np.rint((np.float64(outputs['images']) + 1) * 127.5))
    assert outputs['pixels'].dtype == np.uint8


@pytest.mark.slow
def test_a_generator_of_keras_layers_is_kept_as_well(tmp_path):
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import numpy as np
from lesson import training
tf = training.tf
tf.disable_eager_execution()
{G_LAYERS}
with tf.Graph().as_default() as graph:
    z = tf.placeholder(tf.float32, [None, 10])
    generator(z, 3)
    images = generator(z, 3, is_train=False)
run = training.Run(1, 4, 10, 0.1, 0.5, None, (4, 28, 28, 3), lambda rng, n, d: rng.uniform(-1, 1, [n, d]),
                   generators_dir='kept')
with run.session(graph, z, images) as sess:
    for v in graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES):
        v.load(np.random.default_rng(0).normal(0, 0.2, v.shape), sess)
noise = np.random.default_rng(0).uniform(-1, 1, [20, 10])
before, generate = sess.run(images, {{z: noise}}), run.save_generator()
print(np.abs(generate(noise) - before).max() < 0.05, before.std() > 0.1)
print(np.array_equal(generate(noise), training.load_generator('kept/latest')(noise)))
"""
    pytest.importorskip('tf_keras')
    assert run_elsewhere(code, tmp_path, **KERAS) == 'True True\nTrue\n'


@pytest.mark.parametrize('z', [Z[0], Z[:, :9], Z[None], Z.astype(str), [[None] * 10]], ids=str)
def test_noise_of_another_shape_or_kind_is_refused_with_what_is_expected(trained, z):
    with pytest.raises(ValueError, match=r'z is .*: expected numbers \[n, 10\], a row for each image'):
        trained[0](z)


@pytest.mark.parametrize('dtype', ['float16', 'float64', 'int32', 'uint8'])
def test_noise_may_be_of_any_type_of_numbers(trained, dtype):
    z = (2 * Z).astype(dtype)
    np.testing.assert_array_equal(trained[0](z), trained[0](z.astype('float32')))


# ---------------------------------------------------------------- what is kept


def test_a_generator_is_two_files_under_3_mb_and_latest_is_the_newest(trained):
    generate, folder = trained
    assert sorted(os.listdir(generate.path)) == NAMES
    assert sum(path.stat().st_size for path in generate.path.iterdir()) < 3e6
    assert left(folder) == [generate.path.name]
    assert (folder / 'latest').resolve() == generate.path.resolve()


def test_about_json_says_what_belongs_to_it(trained):
    about = json.loads((trained[0].path / 'about.json').read_text('utf-8'))
    made, fingerprint = about.pop('made'), about.pop('md5')
    assert made[:10].count('-') == 2 and len(fingerprint) == 32
    assert about == {
        'title': 'generated from noise',
        'version': __version__,
        'tensorflow': tf.__version__,
        'image_shape': [28, 28, 3],
        'channels': 3,
        'z_dim': 10,
        'z': {'switches': 10, 'strength': 3.0, 'distribution': 'normal', 'mean': 0.0, 'deviation': 0.0},
        'seed': 0,
        'steps': 4,
        'settings': {
            'learning_rate': 0.01,
            'beta1': 0.5,
            'batch_size': 32,
            'z_dim': 10,
            'seed': 0,
            'data_shape': [64, 28, 28, 3],
        },
        'scores': {},
    }


def uniform(rng, n, z_dim):
    return rng.uniform(-0.5, 2, [n, z_dim])


def normal(rng, n, z_dim):
    return rng.normal(0.5, 2, [n, z_dim])


def switched(rng, n, z_dim):
    return np.concatenate([3 * np.eye(10)[rng.integers(10, size=n)], rng.uniform(-1, 1, [n, z_dim - 10])], 1)


def doubly_switched(rng, n, z_dim):
    z = np.eye(4)[rng.integers(4, size=n)] + np.eye(4)[rng.integers(4, size=n)]
    return np.concatenate([np.minimum(z, 1), rng.normal(size=[n, z_dim - 4])], 1)


@pytest.mark.parametrize(
    ('sample_z', 'z_dim', 'expected'),
    [
        (uniform, 100, {'switches': 0, 'strength': 0.0, 'distribution': 'uniform', 'low': -0.5, 'high': 2.0}),
        (normal, 100, {'switches': 0, 'strength': 0.0, 'distribution': 'normal', 'mean': 0.5, 'deviation': 2.0}),
        (switched, 100, {'switches': 10, 'strength': 3.0, 'distribution': 'uniform', 'low': -1.0, 'high': 1.0}),
        (switched, 11, {'switches': 10, 'strength': 3.0, 'distribution': 'uniform', 'low': -1.0, 'high': 1.0}),
        (switched, 10, {'switches': 10, 'strength': 3.0, 'distribution': 'normal', 'mean': 0.0, 'deviation': 0.0}),
        (uniform, 1, {'switches': 0, 'strength': 0.0, 'distribution': 'uniform', 'low': -0.5, 'high': 2.0}),
        (lambda rng, n, d: np.zeros([n, d]), 5, {'switches': 0, 'strength': 0.0}),
        (lambda rng, n, d: rng.integers(0, 2, [n, d]), 8, {'switches': 0, 'strength': 0.0}),
        (doubly_switched, 100, {'switches': 0, 'strength': 0.0}),
    ],
)
def test_what_the_noise_is_like_is_found_out_from_samples(sample_z, z_dim, expected):
    found = generators.describe_noise(sample_z(np.random.default_rng(1), 1000, z_dim))
    for name, value in expected.items():
        assert found[name] == (pytest.approx(value, abs=0.05) if isinstance(value, float) else value)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ('title', 'begins'),
    [
        ('generated from my cats?/é', 'my-cats-é-20'),
        ('generated from ..\\..\\:con*', 'con-20'),
        ('generated from 検', '検-20'),
        ('generated', 'generated-20'),
        ('/', 'generated-20'),
        ('x' * 300, 'x' * 40 + '-20'),
    ],
)
def test_a_folder_has_a_name_that_every_system_takes(trial, tmp_path, title, begins):
    path = keep(trial, tmp_path / 'kept', title=title).path
    assert path.parent == tmp_path / 'kept'
    assert path.name.startswith(begins)
    assert training.load_generator(path).about['title'] == title


def test_scores_are_added_to_the_file_and_to_what_is_loaded_from_it(trial, tmp_path):
    generate = keep(trial, tmp_path)
    training.keep_scores(generate, {'SWD 14': (30.5, np.float32(10.25))})
    training.keep_scores(generate, {'readable': (0.75, 1)})
    expected = {'SWD 14': {'generated': 30.5, 'floor': 10.25}, 'readable': {'generated': 0.75, 'floor': 1.0}}
    assert training.load_generator(tmp_path / 'latest').about['scores'] == generate.about['scores'] == expected
    assert sorted(os.listdir(generate.path)) == NAMES


def test_scores_of_a_generator_that_is_not_kept_are_no_error(trial):
    generate = keep(trial, None)
    training.keep_scores(generate, {'SWD 14': (30.5, 10.25)})
    assert generate.path is None and generate.about['scores']
    training.keep_scores(lambda z: z, {'SWD 14': (30.5, 10.25)})


def test_without_a_folder_nothing_is_written(trial, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert keep(trial, None).path is None
    assert os.listdir(tmp_path) == []


# ---------------------------------------------------------------- whole, or not at all


@pytest.mark.fault
def test_trainings_that_end_in_the_same_second_do_not_collide(trial, tmp_path, monkeypatch):
    class Stopped(generators.datetime):
        @classmethod
        def now(cls):
            return cls(2026, 1, 2, 3, 4, 5)

    monkeypatch.setattr(generators, 'datetime', Stopped)
    kept = []
    threads = [threading.Thread(target=lambda: kept.append(keep(Trial(), tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = 'generated-2026-01-02-03-04-05'
    assert left(tmp_path) == [first, *(f'{first}-{number}' for number in (2, 3, 4))]
    assert sorted(generate.path.name for generate in kept) == left(tmp_path)
    for name in [*left(tmp_path), 'latest']:
        training.load_generator(tmp_path / name)


@pytest.mark.fault
@pytest.mark.parametrize('size', [0, 100, 20_000])
def test_a_full_disk_costs_one_line_and_not_the_training(lesson, tmp_path, capsys, size):
    arguments = 1, 32, 10, 0.01, 0.5, get_batches, (64, 28, 28, 3), 'RGB'
    with no_file_longer_than(size):
        losses, generate = lesson['train'](*arguments, generators_dir=tmp_path)
        generate.add_scores({'SWD 14': (30.5, 10.25)})
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(
        f'The generator could not be saved in {tmp_path} (File too large): it is lost when Python ends.'
    )
    assert len(losses) == 2 and generate(Z).shape == (20, 28, 28, 3) and generate.path is None
    assert os.listdir(tmp_path) == []
    generate.keep(tmp_path)
    np.testing.assert_array_equal(training.load_generator(tmp_path / 'latest')(Z), generate(Z))


@pytest.mark.fault
def test_a_full_file_system_and_one_that_is_read_only_cost_one_line(trial, tmpfs, capsys):
    disk = tmpfs('8k')
    (disk / 'film').write_bytes(bytes(8192))
    assert keep(trial, disk / 'kept').path is None
    assert 'No space left on device' in capsys.readouterr().out
    remount(disk, 'ro')
    assert keep(Trial(), disk / 'other').path is None
    assert 'Read-only file system' in capsys.readouterr().out


@pytest.mark.fault
def test_scores_that_cannot_be_written_cost_one_line(trial, tmp_path, capsys):
    generate = keep(trial, tmp_path)
    with no_file_longer_than(0):
        generate.add_scores({'SWD 14': (30.5, 10.25)})
    (line,) = capsys.readouterr().out.splitlines()
    assert line == f'The scores could not be written to {generate.path / "about.json"}: File too large.'
    assert training.load_generator(generate.path).about['scores'] == {}


@pytest.mark.fault
@pytest.mark.parametrize('name', NAMES)
def test_a_generator_of_which_a_file_is_missing_is_not_loaded(trial, tmp_path, name):
    path = keep(trial, tmp_path).path
    (path / name).unlink()
    with pytest.raises(ValueError, match=f'latest is not a whole generator: {name} is missing'):
        training.load_generator(tmp_path / 'latest')


@pytest.mark.fault
@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize(
    'damage',
    [lambda b: b[: len(b) // 2], lambda b: b'', lambda b: b[:50] + b'\0' + b[51:]],
    ids=['cut', 'empty', 'bit'],
)
def test_a_damaged_generator_is_not_loaded(trial, tmp_path, name, damage):
    path = keep(trial, tmp_path).path / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r'the generator at .*latest is damaged .*: delete that folder, and train'):
        training.load_generator(tmp_path / 'latest')


def test_where_there_is_no_generator_it_is_said_where_they_come_from(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no generator at .*latest: a training saves one when generators_dir'):
        training.load_generator(tmp_path / 'latest')


@pytest.mark.fault
def test_a_process_that_is_killed_while_it_writes_leaves_nothing_that_looks_like_a_generator(trial, tmp_path):
    code = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from lesson.trained import generators
from tests.test_generators import Trial, keep
generators._write_about = lambda *_: os.kill(os.getpid(), 9)
keep(Trial(), 'kept')
"""
    done = subprocess.run([sys.executable, '-c', code], cwd=tmp_path, capture_output=True)
    assert done.returncode == -9, done.stderr
    (name,) = os.listdir(tmp_path / 'kept')
    assert name.startswith(generators.UNFINISHED)
    with pytest.raises(ValueError, match='is not a whole generator'):
        training.load_generator(tmp_path / 'kept' / name / 'whole')
    with pytest.raises(FileNotFoundError):
        training.load_generator(tmp_path / 'kept' / 'latest')

    keep(trial, tmp_path / 'kept')
    assert len(left(tmp_path / 'kept')) == 2  # another training may be writing it right now
    old = time.time() - 2 * generators.FORGOTTEN
    os.utime(tmp_path / 'kept' / name, (old, old))
    keep(Trial(), tmp_path / 'kept')
    assert name not in left(tmp_path / 'kept')


@pytest.mark.fault
def test_where_links_are_not_allowed_latest_is_a_copy_that_follows(trial, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError('A required privilege is not held by the client')

    monkeypatch.setattr(Path, 'symlink_to', refuse)
    first = keep(trial, tmp_path)
    first.add_scores({'SWD 14': (30.5, 10.25)})
    latest = tmp_path / 'latest'
    assert latest.is_dir() and not latest.is_symlink()
    assert training.load_generator(latest).about == first.about
    second = keep(Trial(), tmp_path, title='second')
    first.add_scores({'SWD 14': (1, 1)})
    assert training.load_generator(latest).about['title'] == 'second'
    monkeypatch.undo()
    third = keep(Trial(), tmp_path, title='third')
    assert latest.is_symlink() and training.load_generator(latest).about == third.about
    assert left(tmp_path) == sorted(generate.path.name for generate in (first, second, third))
