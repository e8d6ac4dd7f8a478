"""The peers that the benchmarks compare with are what they claim to be."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import helper
from benchmarks import few, quality, record, taught, throughput, variants
from lesson.notebook.definitions import definitions
from lesson.session import open_session, tf
from lesson.train import recalibrate
from lesson.train import run as run_module

tf.disable_eager_execution()


class Noise:
    """A data set of 64 random images."""

    def __init__(self, channels):
        self.shape, self.image_mode = (64, 28, 28, channels), {1: 'L', 3: 'RGB'}[channels]
        self.images = np.random.default_rng(0).integers(0, 256, self.shape, dtype=np.uint8)

    def get_batches(self, batch_size, seed):
        order = np.random.default_rng(seed).permutation(64)
        for _ in range(max(1, 64 // batch_size)):
            yield (self.images[order] / np.float32(255) - 0.5)[:batch_size]


@pytest.mark.parametrize('name', quality.PEERS)
def test_a_peer_generates_images_and_judges_each(name):
    generator, discriminator = quality.networks(quality.PEERS[name])
    with tf.Graph().as_default() as graph:
        z = tf.zeros([5, quality.PEERS[name].z_dim])
        images, again = generator(z, 3), generator(z, 3, is_train=False)
        logits, others = discriminator(images), discriminator(again, reuse=True)
        sizes = {
            scope: [v.shape.as_list() for v in tf.trainable_variables(scope)]
            for scope in ('generator', 'discriminator')
        }
    with open_session(graph) as sess:
        fake, judged = sess.run([images, logits])
    assert fake.shape == (5, 28, 28, 3)
    assert np.abs(fake).max() <= 1
    assert judged.shape == (5, 1) == tuple(others.shape)
    convolutions = [shape[3] for shape in sizes['discriminator'] if len(shape) == 4]
    assert convolutions == list(quality.PEERS[name].down)


def test_a_clock_counts_training_and_what_images_need_but_not_looking_at_them(monkeypatch):
    now, seen = [100.0], []
    monkeypatch.setattr(quality.time, 'process_time', lambda: now[0])

    def later(seconds, result=None):
        now[0] += seconds
        return result

    def look(*arguments):
        seen.append(arguments)
        later(50)

    clock = quality.Clock([3, 9, 2], look)
    with pytest.raises(quality.Ended):
        for step in range(1, 100):
            later(1)
            clock.tick(step, 'noise', lambda: later(0.5, 'images'))
    assert seen == [(2.5, 2, 'noise', 'images'), (3.5, 3, 'noise', 'images'), (9.5, 9, 'noise', 'images')]


@pytest.mark.parametrize('name', ['ours', *quality.PEERS])
@pytest.mark.long
def test_a_recipe_trains_until_it_has_reached_all_targets(monkeypatch, name):
    monkeypatch.setattr(quality, 'FIRST', 0.01)
    monkeypatch.setattr(quality, 'READ', 20)
    monkeypatch.setattr(recalibrate, 'BATCHES', 1)
    shares = iter([0.5, 0.85, 0.95, 0.97])

    def measure(reader, real, fake, other):
        assert real.shape == fake.shape == other.shape == (20, 28, 28, 1) and np.abs(fake).max() <= 1
        share = next(shares)
        return {'readable': (share, 1.0), 'Fréchet': (10 - 9 * share, 0.5)}

    monkeypatch.setattr(quality.digit_scores, 'measure', measure)
    result = quality.until_read(name, Noise(1), SimpleNamespace(rest=slice(0, 64)), seed=0, minutes=1)
    curve, reached = np.array(result['curve']), result['reached']
    np.testing.assert_allclose(curve[:, 2:], [[0.5, 11], [0.85, 4.7], [0.95, 2.9], [0.97, 2.54]])
    assert [reached[each] for each in quality.targets()] == [curve[i, 0] for i in (1, 2, 2, 3, 1, 1)]
    assert np.all(np.diff(curve[:, :2], axis=0) > 0)


@pytest.mark.long
def test_faces_are_scored_after_the_time_that_ours_took(monkeypatch):
    monkeypatch.setattr(quality, 'FACES', 128)
    monkeypatch.setattr(quality, 'SETS', 1)
    monkeypatch.setattr(recalibrate, 'BATCHES', 1)
    monkeypatch.setattr(quality.image_scores, 'measure', lambda *sets: {'SWD': (len(sets[1]), 1.0)})
    ours = quality.after_the_same_time('ours', Noise(3), 0, None)
    assert ours['steps'] == 4 and ours['scores'] == {'SWD': [32, 1]}
    peer = quality.after_the_same_time('PyTorch tutorial', Noise(3), 0, 2)
    assert 2 <= peer['seconds'] < 4 and peer['steps'] > 0 and peer['scores'] == {'SWD': [32, 1]}


def test_the_table_says_how_long_each_recipe_took_and_what_it_never_reached(capsys):
    first, *others = quality.targets()
    runs = [
        {'kind': 'mnist', 'recipe': 'ours', 'seconds': 60, 'steps': 3000, 'reached': dict.fromkeys([first, *others], n)}
        for n in (1.0, 2.0, 4.0)
    ]
    runs.append({'kind': 'mnist', 'recipe': 'peer', 'seconds': 1800, 'steps': 9000, 'reached': {first: 8.0}})
    quality.show_digits(runs)
    *_, ours, peer = capsys.readouterr().out.splitlines()
    assert ours.split()[:5] == ['ours', '50.0', '3', '2.0', '(1.0-4.0)']
    assert peer.split()[:4] == ['peer', '5.0', '1', '8.0'] and peer.split()[4:] == ['>', '30'] * len(others)


def test_the_work_of_a_step_is_counted_right():
    _, _, _, _, work = throughput.graph_of_the_notebook(3)
    up = 100 * 2048 + 16 * 16 * 128 * 64 + 49 * 16 * 64 * 32 + 196 * 16 * 32 * 3  # multiplications of the generator
    down = 196 * 16 * 3 * 32 + 49 * 16 * 32 * 64 + 16 * 16 * 64 * 128 + 2048
    assert work == 2 * (3 * up + 7 * down)


def run_of(first, second, data_dir):
    """A run that fails if its first number is 3."""
    return {'first': first, 'second': second, 'score': 1 / (3 - first), 'data': str(data_dir)}


@pytest.mark.long
def test_runs_side_by_side_are_kept_as_they_end_and_not_made_again(tmp_path, monkeypatch, capfd):
    for name in record.ONE_CORE:
        monkeypatch.setenv(name, '')
    path, due = tmp_path / 'build' / 'runs.jsonl', [(1, 'x'), (3, 'x'), (2, 'y')]
    found = record.side_by_side(run_of, ('first', 'second'), due, tmp_path, 2, path)
    assert sorted((each['first'], each['score']) for each in found) == [(1, 0.5), (2, 1.0)]
    assert 'A run failed: ZeroDivisionError' in capfd.readouterr().err
    path.write_text(path.read_text().replace('0.5', '0.25'))  # as it was kept
    again = record.side_by_side(run_of, ('first', 'second'), [(1, 'x'), (0, 'z')], tmp_path, 2, path)
    assert sorted((each['first'], round(each['score'], 2)) for each in again) == [(0, 0.33), (1, 0.25), (2, 1.0)]


def scored(variant, seed, distance):
    names = ('readable', 'pure', 'purity', 'rarest class')
    scores = {'Fréchet': distance, **dict.fromkeys(names, 0.5), 'floor': {'Fréchet': 1.5}}
    return {'kind': 'mnist', 'variant': variant, 'seed': seed, 'minutes': 2.0, 'end': scores}


@pytest.mark.long
def test_what_a_generator_teaches_is_measured_on_digits_that_nobody_has_seen(monkeypatch, tmp_path):
    monkeypatch.setattr(record.session, 'has_fast_bfloat16', record.session.has_fast_bfloat16)
    monkeypatch.setattr(taught, 'STEPS', 300)
    monkeypatch.setattr(quality.digit_scores, 'STEPS', 300)
    helper.open_dataset('mnist', tmp_path, synthetic_count=4500)
    monkeypatch.setattr(helper, 'open_dataset', partial(helper.open_dataset, synthetic_count=4500))
    result = taught.run(0, tmp_path)
    assert (result['seed'], result['data'], result['steps']) == (0, 'synthetic digits', 252)
    assert 0 <= result['generated'] < result['real'] > 0.8


def test_the_record_compares_seed_by_seed(capsys):
    base, other = [5.0, 7.0, 9.0], [4.0, 6.5, 7.5]
    runs = [scored('present', i, each) for i, each in enumerate(base)]
    runs += [scored('other', i, each) for i, each in enumerate(other)] + [scored('other', 7, 6.0)]
    record.show_table(runs, 'mnist', 'end')
    *_, first, second, floor = capsys.readouterr().out.splitlines()
    assert '7.000 ± 2.000 (9.00)' in first and first.split()[:3] == ['present', '3', '2.0']
    differences = np.subtract(other, base)
    t = differences.mean() / (differences.std(ddof=1) / 3**0.5)
    p = 1 - abs(t) / (t * t + 2) ** 0.5  # Student's distribution with two degrees of freedom, in closed form
    assert second.split()[-2:] == ['-1.00', f'{p:.3f}'] and '1.500' in floor


@pytest.mark.parametrize('name', [*variants.VARIANTS])
@pytest.mark.long
def test_a_variant_trains(name, monkeypatch):
    monkeypatch.setattr(recalibrate, 'BATCHES', 1)
    monkeypatch.setattr(run_module, 'Average', run_module.Average)
    lesson = definitions(quality.ROOT / 'dlnd_face_generation.ipynb')
    options = {'sample_z': lesson['switched_z'], 'average': 0.995, 'seed': 0}
    variants.VARIANTS[name](lesson, options, 6)
    variants.replace(lesson, show_generator_output=lambda *a, **k: None)
    data, size = Noise(1), options.pop('batch_size', 32)
    assert options.pop('mirror', True)
    settings = lesson['z_dim'], lesson['learning_rate'], lesson['beta1'], data.get_batches, data.shape, data.image_mode
    losses, generate = lesson['train'](6, size, *settings, **options)
    z = options['sample_z'](np.random.default_rng(0), 20, 100)
    assert np.isfinite(losses).all() and len(losses) == 12 and np.abs(generate(z)).max() <= 1


def test_nearest_is_the_distance_from_the_nearest_image():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, [7, 4, 4, 3], dtype=np.uint8)
    fake = np.concatenate([images[3:4] / 127.5 - 1, rng.uniform(-1, 1, [2, 4, 4, 3])]).astype('float32')
    by_hand = [min(np.sqrt(np.mean((one - (other / 127.5 - 1)) ** 2)) for other in images) for one in fake]
    np.testing.assert_allclose(few.nearest(fake, images), by_hand, atol=1e-3)
    assert few.nearest(fake, images)[0] < 1e-3
