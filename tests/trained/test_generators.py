"""A trained generator is kept whole or not at all, and gives the same images wherever it is loaded."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from statistics import NormalDist

import nbformat
import numpy as np
import pytest
from PIL import Image

from lesson import __version__
from lesson.session import set_variables, tf
from lesson.train import Run
from lesson.train.film import Film
from lesson.trained import generators
from tests.disk import every, every_end, needs_fork
from tests.trained.networks import itself, like_the_lesson, normal, saved, switched, trained, uniform

ROOT = Path(__file__).parents[2]
Z = np.random.default_rng(0).uniform(-1, 1, [20, 10])
NAMES = ['about.json', 'saved_model.pb']


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('trained') / 'zwei Wörter'


@pytest.fixture(scope='module')
def generate(folder):
    return saved(like_the_lesson, folder, 'generated, trained on noise', switched, 10)


def small(folder, title='generated'):
    return saved(itself, folder, title, z_dim=10)


def left(folder):
    """The names in a folder of generators, but for the link to the newest."""
    return sorted(set(os.listdir(folder)) - {'latest'})


def run_elsewhere(code, folder):
    """What a program prints, in a process of its own in a different folder, which does not know this project."""
    ours = ('PYTHONPATH', 'TF_ENABLE_ONEDNN_OPTS')  # what this project sets
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    command = [sys.executable, '-c', code]
    return subprocess.run(command, cwd=folder, env=kept, stdout=subprocess.PIPE, text=True, check=True).stdout


# ---------------------------------------------------------------- the same images


def test_it_makes_bit_identical_images_when_loaded_and_latest_is_the_newest(generate, folder):
    again = generators.load(folder / 'latest')
    images = generate(Z)
    assert images.dtype == np.float32 and images.shape == (20, 28, 28, 3) and np.abs(images).max() <= 1
    assert images.std() > 0.01
    np.testing.assert_array_equal(again(Z), images)
    assert again.about == generate.about and again.path == generate.path.resolve()
    assert left(folder) == [generate.path.name] and sorted(os.listdir(generate.path)) == NAMES
    assert sum(path.stat().st_size for path in generate.path.iterdir()) < 3e6


@pytest.mark.parametrize('use_resource', [False, True])  # as Keras layers do
def test_it_computes_what_the_session_computes_at_the_end_of_the_run(use_resource):
    def network(z):
        return itself(z) * tf.get_variable('w', [1], use_resource=use_resource)

    run = trained(network, z_dim=10)
    set_variables(run.sess, {run.sess.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)[0]: [0.75]})
    np.testing.assert_array_equal(generators.save(run)(Z), np.tile(0.75 * np.float32(Z), 2).reshape(20, 2, 10, 1))


def run_with_discriminator(judge):
    """A run of no steps, its batch size 4, whose discriminator is judge(images, reuse), first of z, then of images."""
    with tf.Graph().as_default() as graph:
        z = tf.placeholder(tf.float32, [None, 4])
        rate, real = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [None, 2, 2, 1])
        fake = tf.reshape(tf.sigmoid(z), [-1, 2, 2, 1])
        for images, reuse in ((fake, False), (rate * 0 + real, True), (real, True)):
            with tf.variable_scope('discriminator', reuse=reuse):
                judge(images)
    run = Run(1, 4, 4, 0.1, 0.5, None, (4, 2, 2, 1))
    with run.session(graph, z, fake):
        return run


def test_the_discriminator_of_a_run_is_asked_after_it_in_batches_of_the_runs_size():
    def judge(images):  # its output depends on the mean of a batch, like batch norm
        logits = 3 * tf.reduce_mean(images - tf.reduce_mean(images, 0), [1, 2]) + tf.get_variable('b', [1])
        return tf.sigmoid(logits), logits

    run = run_with_discriminator(judge)
    generate = generators.save(run)
    images = np.random.default_rng(0).uniform(-1, 1, [11, 2, 2, 1]).astype(np.float32)
    (b,) = run.sess.run(run.sess.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)[0])
    expected = []
    for part in (images[:6], images[6:]):
        logits = 3 * (part - part.mean(0)).mean((1, 2))[:, 0] + b
        expected += [*(1 / (1 + np.exp(-logits)))]
    np.testing.assert_allclose(generate.discriminate(images), expected, rtol=1e-5)


@pytest.mark.fault
def test_a_discriminator_without_a_sigmoid_of_its_images_is_an_error_and_one_that_was_not_kept_is_none(
    generate, folder
):
    run = run_with_discriminator(lambda images: tf.tanh(images))
    with pytest.raises(ValueError, match=r'no tf\.sigmoid of real images'):
        generators.save(run).discriminate(np.zeros([2, 2, 2, 1]))
    assert generators.load(folder / 'latest').discriminate is None


@pytest.mark.long
def test_a_new_process_gives_the_same_bits_in_eager_mode_too(generate, folder, tmp_path):
    np.save(tmp_path / 'z.npy', Z)
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import numpy as np
from lesson.trained import generators
np.save('images.npy', generators.load({str(folder / 'latest')!r})(np.load('z.npy')))
"""
    run_elsewhere(code, tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / 'images.npy'), generate(Z))


def test_the_notebooks_lines_of_plain_tensorflow_give_the_same_images_without_this_project(generate, folder, tmp_path):
    notebook = nbformat.read(ROOT / 'dlnd_face_generation.ipynb', as_version=4)
    (text,) = (cell.source for cell in notebook.cells if cell.id == 'plain-text')
    lines = text.split('```')[1].removeprefix('python\n')
    noise = {'np': np}
    exec('\n'.join(re.findall('^z.*', lines, re.M)), noise)
    assert noise['z'].shape == (10, 100) and (np.sort(noise['z'][:, :10]) == [0] * 9 + [3]).all()
    (tmp_path / 'generators').symlink_to(folder)
    code = f"""
import numpy as np
z = np.random.default_rng(0).uniform(-1, 1, [20, 10])
{re.sub('^z.*', '', lines, flags=re.M)}
np.savez('images.npz', **{{name: value.numpy() for name, value in generate(z=tf.constant(z, tf.float32)).items()}})
import sys
print(images.shape.as_list(), 'lesson' in sys.modules)
"""
    assert run_elsewhere(code, tmp_path) == '[20, 28, 28, 3] False\n'
    with np.load(tmp_path / 'images.npz') as file:
        outputs = dict(file)
    assert sorted(outputs) == ['images', 'pixels']
    # Bit-identical where TensorFlow uses oneDNN by itself.
    np.testing.assert_allclose(outputs['images'], generate(Z), rtol=0, atol=1e-5)
    np.testing.assert_array_equal(outputs['pixels'], np.rint((np.float64(outputs['images']) + 1) * 127.5))
    assert outputs['pixels'].dtype == np.uint8


@pytest.mark.parametrize('z', [Z[0], Z[:, :9], Z[None], Z.astype(str), [[None] * 10]], ids=str)
def test_noise_of_a_different_shape_or_kind_is_refused_with_what_is_expected(generate, z):
    with pytest.raises(ValueError, match=r'z is .*: expected numbers \[n, 10\], a row for each image'):
        generate(z)


def test_noise_may_be_of_any_type_of_numbers(generate):
    for dtype in ('float16', 'float64', 'int32', 'uint8'):
        z = np.abs(2 * Z).astype(dtype)
        np.testing.assert_array_equal(generate(z), generate(z.astype('float32')))


# ---------------------------------------------------------------- what is kept


def test_about_json_says_what_belongs_to_it(generate):
    about = json.loads((generate.path / 'about.json').read_text('utf-8'))
    made, fingerprint, settings = (about.pop(name) for name in ('made', 'md5', 'settings'))
    assert datetime.fromisoformat(made).utcoffset() == timedelta(0) and len(fingerprint) == 32
    assert settings.items() >= {'learning_rate': 0.1, 'batch_size': 1, 'data_shape': [1, 28, 28, 3]}.items()
    assert about == {
        'title': 'generated, trained on noise',
        'version': __version__,
        'tensorflow': tf.__version__,
        'image_shape': [28, 28, 3],
        'channels': 3,
        'z_dim': 10,
        'z': {'positions': 10, 'strength': 3.0, 'quantiles': [0.0] * 21},  # all of z is the switch
        'seed': 0,
        'steps': 0,
        'losses': [],
        'scores': {},
    }


@pytest.mark.parametrize(
    ('sample_z', 'positions', 'quantile'),
    [
        (uniform, 0, lambda share: 2 * share - 1),
        (switched, 10, lambda share: 2 * share - 1),
        (normal, 0, lambda share: NormalDist().inv_cdf(min(max(share, 1e-5), 1 - 1e-5))),
    ],
)
def test_noise_is_described_by_its_quantiles_and_made_again_from_them(sample_z, positions, quantile):
    some = sample_z(np.random.default_rng(1), 1000, 100)
    found = generators.describe_noise(some, positions, 3)
    assert (found['positions'], found['strength'], len(found['quantiles'])) == (positions, 3.0, 21)
    expected = [quantile(share) for share in generators.SHARES]
    np.testing.assert_allclose(found['quantiles'][1:-1], expected[1:-1], atol=0.04)
    z = generators.sample_like(json.loads(json.dumps(found)), np.random.default_rng(2), 4000, 100)
    for share in (0.01, 0.3, 0.8, 0.999):
        assert np.mean(z[:, positions:] < quantile(share)) == pytest.approx(share, abs=0.004)
    if positions:
        assert (np.sort(z[:, :10], 1) == [0] * 9 + [3]).all()
        np.testing.assert_allclose(z[:, :10].mean(0), 0.3, atol=0.06)


def test_noise_of_as_many_numbers_as_the_switch_has_positions_or_fewer_is_all_switch():
    for z_dim in (10, 4):
        found = generators.describe_noise(3 * np.eye(z_dim), 10, 3)
        z = generators.sample_like(found, np.random.default_rng(0), 50, z_dim)
        assert found['positions'] == z_dim and (np.sort(z, 1) == [0] * (z_dim - 1) + [3]).all()


def test_a_folder_has_a_name_that_every_system_takes(tmp_path):
    for title, begins in {
        'generated, trained on my cats?/é': 'my-cats-é-20',
        'generated, trained on ..\\..\\:con*': 'con-20',
        'generated, trained on 検': '検-20',
        '/': 'generated-20',
        'x' * 300: 'x' * 40 + '-20',
    }.items():
        path = small(tmp_path / 'kept', title).path
        assert path.parent == tmp_path / 'kept' and path.name.startswith(begins)
        assert not set(path.name) & set(':.\\/*?"<>| ') and generators.load(path).about['title'] == title


def test_scores_are_added_to_what_it_knows_of_itself_and_to_its_file(tmp_path):
    generate, not_kept = small(tmp_path), small(None)
    expected = {'SWD 14': {'generated': 30.5, 'floor': 10.25}, 'readable': {'generated': 0.75, 'floor': 1.0}}
    for each in (generate, not_kept, lambda z: z):
        generators.keep_scores(each, {'SWD 14': (30.5, np.float32(10.25))})
        generators.keep_scores(each, {'readable': (0.75, 1)})
    assert generators.load(tmp_path / 'latest').about['scores'] == generate.about['scores'] == expected
    assert not_kept.about['scores'] == expected and not_kept.path is None
    assert sorted(os.listdir(generate.path)) == NAMES


def test_the_animation_of_a_run_is_kept_beside_its_generator(tmp_path):
    run = trained(itself, tmp_path)
    for step in (1, 2, 3):
        run.film.add(step, np.full([5, 28, 28, 1], step / 3, 'float32'))
    with Image.open(generators.save(run).path / 'training.png') as animation:
        assert animation.n_frames == 3


# ---------------------------------------------------------------- whole, or not at all


def test_runs_of_one_title_do_not_collide_and_one_that_is_kept_again_is_there_once(tmp_path):
    first, second = small(tmp_path), small(tmp_path)
    for _ in range(2):
        assert left(tmp_path) == [first.path.name, second.path.name]
        first.keep(tmp_path)
    assert generators.load(tmp_path / 'latest').about == first.about


@pytest.mark.fault
def test_an_animation_that_cannot_be_written_costs_one_line(tmp_path, capsys, monkeypatch):
    def full(film, path):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(Film, 'save', full)
    assert small(tmp_path).path
    assert (
        capsys.readouterr().out == 'The animation could not be saved beside the generator (No space left on device).\n'
    )


@pytest.mark.fault
@pytest.mark.parametrize('name', NAMES)
def test_a_damaged_generator_is_not_loaded(tmp_path, name):
    path = small(tmp_path).path / name
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b'', content[:50] + b'\0' + content[51:], b'{}'):
        path.write_bytes(damaged)
        with pytest.raises(
            ValueError, match=r'the generator at .*latest is damaged, or of .*: delete that folder, and'
        ):
            generators.load(tmp_path / 'latest')
    path.unlink()
    with pytest.raises(ValueError, match=f'latest is not a whole generator: {name} is missing'):
        generators.load(tmp_path / 'latest')
    with pytest.raises(FileNotFoundError, match=r'no generator at .*nowhere: a run saves one when generators_dir'):
        generators.load(tmp_path / 'nowhere')


@pytest.mark.parametrize('change', [{'z': {'low': -1}}, {'made': 'yesterday'}, {'made': 5}])
def test_what_others_rely_on_is_in_about_json(tmp_path, change):
    path = small(tmp_path).path / 'about.json'
    path.write_text(json.dumps(json.loads(path.read_text('utf-8')) | change))
    with pytest.raises(ValueError, match='is damaged, or of an earlier edition'):
        generators.load(path.parent)


def seen(folder):
    """What is loaded from each name in a folder of generators: {name: title}."""
    names = [name for name in os.listdir(folder) if not name.startswith('.unfinished-')]
    return {name: generators.load(folder / name).about['title'] for name in names}


@pytest.fixture(params=['links', 'copies'])
def latest_as(request, monkeypatch):
    if request.param == 'copies':
        monkeypatch.setattr(Path, 'symlink_to', refuse)


def refuse(*_, **__):
    raise OSError('A required privilege is not held by the client')


forks = pytest.mark.filterwarnings('ignore:.*fork:DeprecationWarning')


@pytest.mark.fault
@needs_fork
@forks
def test_a_process_that_ends_at_any_step_of_keeping_leaves_a_whole_generator_or_none(tmp_path, latest_as):
    old, new = small(tmp_path, 'old'), small(None, 'new')
    for generate in (new, old):  # the first time, and again
        for _ in every_end(lambda generate=generate: generate.keep(tmp_path)):
            found = seen(tmp_path)
            assert old.path.name in found and set(found.values()) <= {'old', 'new'}
        assert seen(tmp_path)['latest'] == generate.about['title']


@pytest.mark.fault
def test_whichever_operation_on_the_disk_fails_costs_a_line_and_nothing_that_was_kept(tmp_path, latest_as, capsys):
    old = small(tmp_path, 'old')
    run = trained(itself, tmp_path, 'new', z_dim=10)
    run.film.add(1, np.zeros([5, 28, 28, 1], 'float32'))

    def save(disk):
        with disk:
            generate = generators.save(run)
        found, said = seen(tmp_path), capsys.readouterr().out
        assert {'latest', old.path.name} <= {*found}
        assert said.count('\n') <= 1 and bool(generate.path) == ('new' in found.values())
        if generate.path is None:
            assert said.startswith(
                f'The generator could not be saved in {tmp_path} (No space left on device): it is'
            ) and {*found.values()} == {'old'}
            generate.keep(tmp_path)
        elif found['latest'] == 'old':
            assert said.startswith(f'{tmp_path / "latest"} could not be changed (No space left on device): load')
            generate.keep(tmp_path)
        np.testing.assert_array_equal(generators.load(generate.path)(Z), generate(Z))
        assert seen(tmp_path) == {'latest': 'new', old.path.name: 'old', generate.path.name: 'new'}
        shutil.rmtree(generate.path)
        old.keep(tmp_path)

    assert len(list(every(save))) > 15


@pytest.mark.fault
def test_whichever_operation_fails_while_scores_are_added_they_are_there_or_a_line_says_so(tmp_path, capsys):
    generate = small(tmp_path)

    def add(disk):
        scores = len(generators.load(generate.path).about['scores'])
        with disk:
            generators.keep_scores(generate, {f'score {scores}': (30.5, 10.25)})
        added = len(generators.load(generate.path).about['scores']) - scores
        failed = 'The scores could not be written to' in capsys.readouterr().out
        assert (added, failed) in ((1, False), (0, True))

    assert len(list(every(add))) > 3


@pytest.mark.fault
@needs_fork
@forks
def test_processes_that_keep_generators_at_once_do_not_disturb_each_other(tmp_path, latest_as):
    both, pids = [small(None, title) for title in ('one', 'two')], []
    for generate in both:
        pid = os.fork()
        if not pid:
            try:
                for _ in range(80):
                    with pytest.MonkeyPatch.context() as patch:
                        patch.setattr('builtins.print', lambda *_: os._exit(1))
                        generate.keep(tmp_path)
                os._exit(0)
            finally:
                os._exit(1)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0]
    found = seen(tmp_path)
    assert found.pop('latest') in ('one', 'two') and sorted(found.values()) == ['one', 'two']
