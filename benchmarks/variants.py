"""Changes of the notebook's recipe, each a function that replaces a few lines of it: see benchmarks/record.py.

Each gets `lesson`, what the notebook defines by name, `options`, what its call of `train` passes by name, and the
number of steps.
"""

from functools import partial

import numpy as np

from lesson.notebook.definitions import FUNCTIONS
from lesson.session import tf
from lesson.train import recalibrate

POSITIONS, STRENGTH = 10, 3


def replace(lesson, **names):
    """Let names of the notebook stand for something else, for its functions as well."""
    for name in FUNCTIONS:
        lesson[name].__globals__.update(names)
    lesson.update(names)


def present(lesson, options, steps):
    """The notebook as it is."""


def drawn(lesson, options, steps):
    """The position of the switch is drawn for each image by itself, so that some are on less often than others."""

    def sample_z(rng, n, z_dim):
        z = rng.uniform(-1, 1, [n, z_dim])
        z[:, :POSITIONS] = STRENGTH * np.eye(POSITIONS)[rng.integers(POSITIONS, size=n)]
        return z

    options['sample_z'] = sample_z


def strength(value, lesson, options, steps):
    options['sample_z'] = partial(lesson['switched_z'], strength=value)


def scheduled(lesson, steps, change):
    """The functions see the share of the steps that have been made: change(share) -> what the rate is multiplied by."""
    right = lesson['model_opt']

    def model_opt(d_loss, g_loss, rate, beta1):
        made = tf.get_variable('made', [], initializer=tf.zeros_initializer(), trainable=False)
        d_step, g_step = right(d_loss, g_loss, rate * change(made / steps), beta1)
        with tf.control_dependencies([d_step, g_step]):
            return d_step, tf.group(g_step, made.assign_add(1.0))

    replace(lesson, model_opt=model_opt)


def falling(lesson, options, steps, to=0.3, last=0.25):
    """The rate falls linearly to a share of it, in the last part of the steps."""
    scheduled(lesson, steps, lambda share: 1 - (1 - to) * tf.maximum(0.0, share - 1 + last) / last)


def beta2(lesson, options, steps, value=0.99):
    replace(lesson, Adam=lambda rate, beta1: tf.train.AdamOptimizer(rate, beta1, value))


def changing_strength(start, end, lesson, options, steps):
    """The strength of the switch goes from start to end; images are generated with its last value."""
    right = lesson['Run']

    class Run(right):
        def noise(self, step, n):
            now = start + (end - start) * step / steps
            return lesson['switched_z'](np.random.default_rng([self.seed, step]), n, self.z_dim, strength=now)

    replace(lesson, Run=Run)
    options['sample_z'] = partial(lesson['switched_z'], strength=end)


def noisy_switch(lesson, options, steps, deviation=0.3):
    """Noise is added to all ten numbers of the switch."""

    def sample_z(rng, n, z_dim):
        z = lesson['switched_z'](rng, n, z_dim)
        z[:, :POSITIONS] += rng.normal(0, deviation, [n, POSITIONS])
        return z

    options['sample_z'] = sample_z


def guess(lesson, options, steps, weight=1.0):
    """The discriminator guesses the position from the image; both networks want the guess to be right (InfoGAN)."""

    def model_loss(input_real, input_z, channels):
        fake = lesson['generator'](input_z, channels)
        _, logits_real = lesson['discriminator'](input_real)
        _, logits_fake = lesson['discriminator'](fake, reuse=True)
        features = logits_fake.op.inputs[0].op.inputs[0]  # what its last dense layer gets
        with tf.variable_scope('discriminator'):
            guesses = lesson['dense'](features, POSITIONS, 'guess')
        position = tf.argmax(input_z[:, :POSITIONS], 1)
        missed = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=position, logits=guesses))
        d_loss = lesson['real_loss'](logits_real, smooth=0.1) + lesson['fake_loss'](logits_fake)
        return d_loss + weight * missed, lesson['real_loss'](logits_fake) + weight * missed

    replace(lesson, model_loss=model_loss)


def top_half(lesson, options, steps):
    """The generator learns from the half of its images that the discriminator believes most (Sinha et al. 2020)."""

    def model_loss(input_real, input_z, channels):
        fake = lesson['generator'](input_z, channels)
        _, logits_real = lesson['discriminator'](input_real)
        _, logits_fake = lesson['discriminator'](fake, reuse=True)
        d_loss = lesson['real_loss'](logits_real, smooth=0.1) + lesson['fake_loss'](logits_fake)
        best, _ = tf.nn.top_k(logits_fake[:, 0], tf.shape(logits_fake)[0] // 2)
        return d_loss, lesson['real_loss'](best)

    replace(lesson, model_loss=model_loss)


def growing_average(lesson, options, steps, share=0.05):
    """The average covers a fixed share of the steps made so far (Karras et al. 2024, section 3.1: a power function)."""

    class Average(recalibrate.Average):
        def __init__(self, graph, decay):
            with graph.as_default():
                weights = tf.trainable_variables('generator')
                made = tf.get_variable('averaged', [], initializer=tf.zeros_initializer(), trainable=False)
                own = [tf.Variable(tf.zeros(w.shape), trainable=False) for w in weights]
                new = tf.minimum(1.0, 1 / (share * (made + 1)))
                moves = [a.assign_sub(new * (a - w)) for a, w in zip(own, weights, strict=True)]
                self.follow = tf.group(*moves, made.assign_add(1.0))
                self._use = tf.group([w.assign(a) for a, w in zip(own, weights, strict=True)])

    import lesson.train.run as run

    run.Average = Average


def batches_of(size, lesson, options, steps):
    """As many images in smaller batches, so more steps."""
    options['batch_size'] = size


def mirrored(lesson, options, steps):
    """Half of the real images, chosen at random, are mirror images."""
    options['mirror'] = True


def narrow(lesson, options, steps, width=24):
    """A discriminator of width, 2 width and 4 width channels, whose layers cost most of a step."""
    conv2d, add_bias, batch_norm, dense = (lesson[name] for name in ('conv2d', 'add_bias', 'batch_norm', 'dense'))

    def discriminator(images, reuse=False):
        with tf.variable_scope('discriminator', reuse=reuse):
            h = tf.nn.leaky_relu(add_bias(conv2d(images, width, 'conv1')))
            h = tf.nn.leaky_relu(batch_norm(conv2d(h, 2 * width, 'conv2'), 'norm2'))
            h = tf.nn.leaky_relu(batch_norm(conv2d(h, 4 * width, 'conv3'), 'norm3'))
            logits = dense(tf.reshape(h, [-1, 4 * 4 * 4 * width]), 1, 'logits')
            return tf.sigmoid(logits), logits

    replace(lesson, discriminator=discriminator)


def all_of(*variants):
    def change(lesson, options, steps):
        for variant in variants:
            variant(lesson, options, steps)

    return change


VARIANTS = {
    'present': present,
    'drawn': drawn,
    'falling rate': falling,
    'beta2 0.99': beta2,
    'strength 2.5': partial(strength, 2.5),
    'falling rate, beta2 0.99, strength 2.5': all_of(partial(strength, 2.5), falling, beta2),
    'strength 4 to 2': partial(changing_strength, 4, 2),
    'strength 4 to 2.5': partial(changing_strength, 4, 2.5),
    'strength 2 to 4': partial(changing_strength, 2, 4),
    'strength 4 to 2, falling rate': all_of(partial(changing_strength, 4, 2), falling),
    'noise on the switch': noisy_switch,
    'guess': guess,
    'guess 0.3': partial(guess, weight=0.3),
    'guess, falling rate': all_of(guess, falling),
    'top half': top_half,
    'growing average': growing_average,
    'batches of 24': partial(batches_of, 24),
    'narrow, batches of 24': all_of(narrow, partial(batches_of, 24)),
    'mirrored': mirrored,
}
