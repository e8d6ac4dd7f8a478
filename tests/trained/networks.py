"""Generators with random weights, saved in a moment, for the tests of what is done with them."""

import numpy as np

from lesson.session import tf
from lesson.train import Run
from lesson.trained import generators

tf.disable_eager_execution()
SEEDS = np.random.default_rng(0)
SWITCH = 10, 3.0


def uniform(rng, n, z_dim):
    return rng.uniform(-1, 1, [n, z_dim])


def normal(rng, n, z_dim):
    return rng.normal(size=[n, z_dim])


def switched(rng, n, z_dim):
    """As in the lesson."""
    return np.concatenate([3 * np.eye(10)[rng.integers(10, size=n)], uniform(rng, n, z_dim - 10)], 1)


def variable(shape, around=0.0):
    """Random numbers: per channel, or weights of layers whose outputs are about as large as their inputs."""
    spread = 1.5 * int(shape[0 if len(shape) == 2 else 3]) ** -0.5 if len(shape) in (2, 4) else 0.2
    name = f'v{len(tf.global_variables())}'
    return tf.get_variable(name, initializer=tf.constant(SEEDS.normal(around, spread, shape), tf.float32))


def up(x, size, filters, window, strides, padding='SAME'):
    w = variable([*window, filters, x.shape[-1]])
    shape = tf.stack([tf.shape(x)[0], *size, filters])
    return tf.nn.conv2d_transpose(x, w, shape, strides, padding)


def norm(x):
    channels = [x.shape[-1]]
    mean, variance = variable(channels), tf.abs(variable(channels, 1.0))
    return tf.nn.fused_batch_norm(x, variable(channels, 1.0), variable(channels), mean, variance, is_training=False)[0]


def like_the_lesson(z, channels=3):
    """The kinds of layers of the lesson, with its widths."""
    h = norm(tf.reshape(z @ variable([z.shape[1], 2048]) + variable([2048]), [-1, 4, 4, 128]))
    h = tf.nn.leaky_relu(norm(up(tf.nn.leaky_relu(h), [7, 7], 64, [4, 4], 2)))
    h = tf.nn.leaky_relu(norm(up(h, [14, 14], 32, [4, 4], 2)))
    return tf.tanh(0.3 * up(h, [28, 28], channels, [4, 4], 2) + variable([channels]))


def exponential(z):
    """With an activation that the page does not know."""
    return tf.tanh(tf.reshape(tf.nn.elu(z @ variable([z.shape[1], 784])), [-1, 28, 28, 1]))


def itself(z):
    """Images that are z, twice."""
    return tf.reshape(tf.tile(z, [1, 2]), [-1, 2, z.shape[1], 1])


def of_other_shapes(z):
    """Two dense layers, windows and strides that are not square, five transposed convolutions, other activations."""
    h = tf.nn.relu(tf.nn.bias_add(z @ variable([z.shape[1], 37]), variable([37])))
    h = tf.matmul(h, variable([3 * 2 * 5, 37]), transpose_b=True) / 2.0
    h = tf.reshape(h, [-1, 3, 2, 5])
    h = tf.maximum(0.1 * h, h)
    h = 4 * tf.sigmoid(variable([7]) - up(h, [3, 4], 7, [3, 5], [1, 2])) - 2.0
    h = tf.nn.leaky_relu(up(h, [9, 11], 6, [5, 4], 3), alpha=0.3)
    h = tf.tanh(up(0.6 * h + 0.4 * tf.abs(h), [10, 12], 3, [2, 2], 1, 'VALID')) - 0.1
    h = tf.identity(up(h, [28, 36], 9, [3, 3], 3))
    return 0.5 * tf.tanh(up(h, [28, 36], 1, [1, 1], 1))


def one_place_first(z):
    """Without a dense layer, as PyTorch's tutorial begins; batch norm in simple operations."""
    h = up(tf.expand_dims(tf.expand_dims(z, 1), 1), [4, 4], 16, [4, 4], 1, 'VALID')
    h = tf.nn.relu(tf.nn.batch_normalization(h, *(variable([16], 1.0) for _ in range(4)), 0.001))
    return tf.tanh(up(h, [28, 28], 3, [9, 9], 7))


def trained(network, folder=None, title='generated', sample_z=uniform, z_dim=100, **options):
    """A run of no steps, its session open."""
    with tf.Graph().as_default() as graph:
        z = tf.placeholder(tf.float32, [None, z_dim])
        images = network(z)
    shape = 1, *images.shape.as_list()[1:]
    switch = SWITCH if sample_z is switched else (0, 0.0)
    run = Run(
        1,
        1,
        z_dim,
        0.1,
        0.5,
        None,
        shape,
        sample_z=sample_z,
        switch=switch,
        title=title,
        generators_dir=folder,
        **options,
    )
    with run.session(graph, z, images):
        pass
    return run


def saved(network, *arguments, **options):
    return generators.save(trained(network, *arguments, **options))
