"""The notebook's building blocks and functions against formulas in NumPy."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from lesson.notebook.definitions import definitions
from lesson.notebook.learner import LESSON

rng = np.random.default_rng(0)


@pytest.fixture(scope='module')
def lesson():
    """All that the notebook defines."""
    return SimpleNamespace(**definitions(LESSON))


@pytest.fixture
def graph():
    with tf.Graph().as_default():
        tf.set_random_seed(0)
        yield


def run(*tensors):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(tensors)


def convolve(x, w, size):
    """Convolution with a 4x4 window, stride 2 and 'SAME' padding, by its definition."""
    height = x.shape[1]
    before = max((size - 1) * 2 + 4 - height, 0) // 2
    padded = np.pad(x, [(0, 0), (before, 4), (before, 4), (0, 0)])
    out = np.zeros([len(x), size, size, w.shape[-1]])
    for i in range(size):
        for j in range(size):
            window = padded[:, 2 * i : 2 * i + 4, 2 * j : 2 * j + 4]
            out[:, i, j] = np.tensordot(window, w, 3)
    return out


@pytest.mark.parametrize(('size', 'halved'), [(28, 14), (14, 7), (7, 4)])
def test_conv2d_is_a_strided_convolution(lesson, graph, size, halved):
    x = rng.normal(size=[2, size, size, 3]).astype('float32')
    y = lesson.conv2d(tf.constant(x), 5, 'conv')
    (w,) = tf.trainable_variables()
    y, w = run(y, w)
    np.testing.assert_allclose(y, convolve(x, w, halved), atol=1e-5)


@pytest.mark.parametrize(('size', 'doubled'), [(4, 7), (7, 14), (14, 28)])
def test_conv2d_transpose_is_the_transpose_of_conv2d(lesson, graph, size, doubled):
    """<up(x), y> = <x, conv(y)> with the same weights, for any x and y."""
    x = rng.normal(size=[2, size, size, 3]).astype('float32')
    y = rng.normal(size=[2, doubled, doubled, 5]).astype('float32')
    up = lesson.conv2d_transpose(tf.constant(x), doubled, 5, 'up')
    (w,) = tf.trainable_variables()
    up, w = run(up, w)
    np.testing.assert_allclose((up * y).sum(), (x * convolve(y, w, size)).sum(), rtol=1e-3)


def test_dense_is_a_matrix_product_with_a_bias(lesson, graph):
    x = rng.normal(size=[4, 3]).astype('float32')
    y = lesson.dense(tf.constant(x), 2, 'dense')
    variables = {v.op.name: v for v in tf.trainable_variables()}
    y, w, b = run(y, variables['dense/weights'], variables['dense/bias'])
    np.testing.assert_allclose(y, x @ w + b, rtol=1e-5)
    np.testing.assert_array_equal(b, 0)
    (w,) = run(lesson.weights([400, 100]))
    assert abs(w.mean()) < 0.001 and abs(w.std() - 0.02) < 0.001


def test_batch_norm_normalizes_each_channel_over_the_batch_and_its_averages_follow(lesson, graph):
    x = rng.normal(3, 2, size=[8, 5, 5, 4]).astype('float32')
    (y,) = run(lesson.batch_norm(tf.constant(x), 'plain'))
    np.testing.assert_allclose(y, (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + 0.001), atol=1e-4)
    lesson.batch_norm_with_averages(tf.constant(x), 'norm', is_train=True)
    with tf.variable_scope('', reuse=True):
        by_averages = lesson.batch_norm_with_averages(tf.constant(x[:1]), 'norm', is_train=False)
    mean, variance = np.zeros(4), np.ones(4)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            sess.run(tf.get_collection(tf.GraphKeys.UPDATE_OPS))
            mean += 0.1 * (x.mean((0, 1, 2)) - mean)
            variance += 0.1 * (x.var((0, 1, 2), ddof=1) - variance)
        expected = (x[:1] - mean) / np.sqrt(variance + 0.001)
        np.testing.assert_allclose(sess.run(by_averages), expected, atol=1e-4)


@pytest.mark.parametrize('smooth', [0.0, 0.1])
def test_the_losses_are_cross_entropies(lesson, graph, smooth):
    logits = rng.normal(0, 5, size=[16, 1]).astype('float32')
    p = 1 / (1 + np.exp(-logits.astype('float64')))
    real, fake = run(lesson.real_loss(tf.constant(logits), smooth), lesson.fake_loss(tf.constant(logits)))
    label = 1 - smooth
    np.testing.assert_allclose(real, -(label * np.log(p) + (1 - label) * np.log(1 - p)).mean(), rtol=1e-5)
    np.testing.assert_allclose(fake, -np.log(1 - p).mean(), rtol=1e-5)


@pytest.mark.parametrize(('positions', 'strength'), [(10, 3), (4, 2.5)])
def test_noise_is_one_switch_and_else_uniform_and_depends_on_its_random_generator_alone(lesson, positions, strength):
    switch = {} if positions == 10 else {'positions': positions, 'strength': strength}
    z = lesson.switched_z(np.random.default_rng(0), 2000, 50, **switch)
    assert z.shape == (2000, 50) and np.issubdtype(z.dtype, np.floating)
    switches, rest = z[:, :positions], z[:, positions:]
    np.testing.assert_array_equal(np.sort(switches), [[0.0] * (positions - 1) + [strength]] * 2000)
    assert np.ptp((switches > 0).sum(0)) <= 1
    first = [lesson.switched_z(np.random.default_rng(i), 1, 50, **switch)[0, :positions].argmax() for i in range(200)]
    assert np.bincount(first, minlength=positions).min() >= 5  # none is preferred
    np.testing.assert_allclose(np.quantile(rest, [0, 0.25, 0.5, 0.75, 1]), [-1, -0.5, 0, 0.5, 1], atol=0.02)
    np.testing.assert_array_equal(z, lesson.switched_z(np.random.default_rng(0), 2000, 50, **switch))
    assert lesson.switched_z(np.random.default_rng(0), 7, 3).shape == (7, 3)  # fewer numbers, fewer positions


def test_each_position_is_on_in_turn_and_the_rest_stays(lesson):
    z = lesson.switched_z(np.random.default_rng(0), 3, 12)
    rows = lesson.with_each_position(z)
    assert rows.shape == (30, 12)
    np.testing.assert_array_equal(rows[:, :10], 3 * np.repeat(np.eye(10), 3, axis=0))
    np.testing.assert_array_equal(rows[:, 10:], np.tile(z[:, 10:], [10, 1]))
    np.testing.assert_array_equal(lesson.with_each_position(z[:1], 2, 5)[:, :2], 5 * np.eye(2))


def get_batches(batch_size, seed=None):
    """Small random images, like those of helper.Dataset."""
    images = np.random.default_rng(0).uniform(-0.5, 0.5, [64, 28, 28, 1]).astype('float32')
    order = np.random.default_rng(seed).permutation(64)
    yield from (images[order[start : start + batch_size]] for start in range(0, 64 - batch_size + 1, batch_size))


def train(lesson, seed=0, **options):
    losses, generate = lesson.train(2, 16, 10, 0.001, 0.5, get_batches, (64, 28, 28, 1), 'L', seed=seed, **options)
    return losses, generate(np.random.default_rng(0).uniform(-1, 1, [5, 10]))


def test_the_same_seed_trains_bit_identical_networks(lesson):
    losses, images = train(lesson, seed=7)
    again, images_again = train(lesson, seed=7)
    different, _ = train(lesson, seed=8)
    assert losses.shape == (8, 2) and images.shape == (5, 28, 28, 1)
    np.testing.assert_array_equal(losses, again)
    np.testing.assert_array_equal(images, images_again)
    assert (losses != different).any()


def test_the_sampling_operation_is_built_once(lesson, graph):
    z = tf.zeros([2, 10])
    lesson.generator(z, 1)
    first = lesson.sample_images(z, 1)
    operations = len(tf.get_default_graph().get_operations())
    assert lesson.sample_images(z, 1) is first
    assert len(tf.get_default_graph().get_operations()) == operations


def test_an_option_that_train_does_not_have_is_refused(lesson):
    with pytest.raises(TypeError, match='chekpoint_dir'):
        train(lesson, chekpoint_dir='checkpoints')


@pytest.mark.parametrize(('count', 'batch_size', 'expected'), [(60_000, 32, 2), (20_000, 32, 5), (30, 30, 3125)])
def test_as_many_epochs_as_the_size_of_the_data_asks_for(lesson, count, batch_size, expected):
    data = SimpleNamespace(images=np.zeros([count, 1]))
    assert lesson.epochs_for(data, None, batch_size) == expected
    assert [lesson.epochs_for(data, given, batch_size) for given in (0, 7, '2')] == [0, 7, '2']


@pytest.mark.long
def test_the_memory_of_a_kernel_does_not_grow_from_run_to_run(lesson):
    psutil = pytest.importorskip('psutil')
    sizes = []
    for _ in range(20):
        train(lesson, average=0.995)
        sizes.append(psutil.Process().memory_info().rss / 1e6)
    assert sizes[-1] - sizes[1] < 100, sizes
