"""Time to quality: how soon digits can be read, and how good faces are after the same time, against the peers.

    python benchmarks/quality.py [--data-dir DIR] [--kinds mnist celeba] [--recipes ours ...] [--minutes 30] [--jobs 2]

- Digits: each recipe trains until it has reached all `TARGETS`, or for --minutes. Meanwhile it is scored again and
  again, after 10 s, and then each time 15% later. The table has the minutes until each target was reached: the share
  of digits that can be read (lesson/scores/digits.py), and their Fréchet distance as a multiple of its reference.
- Faces: this project's recipe trains with as many images as in the notebook (`FACES`), the peers for the time that it
  took; then all are scored (lesson/scores/images.py).

This project's recipe is the notebook's own `train` with the notebook's own settings and noise. All run on the same
engine (one session.run per step), so that recipes are compared and not frameworks. A run has one core, `--jobs` of them
run side by side, and a minute is a minute of that core's computing. Time for scoring does not count; what ours needs
for its average counts once. Real data is used where it lies in DIR, otherwise synthetic data.

Results are kept in build/quality.jsonl, as in benchmarks/record.py.
"""

import argparse
import itertools
import os
import platform
import sys
import time
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import helper  # noqa: E402
from benchmarks.record import in_parts, side_by_side  # noqa: E402
from benchmarks.variants import replace  # noqa: E402
from lesson import session  # noqa: E402
from lesson.notebook.definitions import definitions  # noqa: E402
from lesson.scores import digits as digit_scores  # noqa: E402
from lesson.scores import images as image_scores  # noqa: E402

tf = session.tf
tf.disable_eager_execution()
RESULTS = ROOT / 'build' / 'quality.jsonl'
KEY = 'kind', 'recipe', 'seed'
COUNT = 5000  # images in each set of faces that is scored; half of the data set where it is too small
SETS = 4  # of generated faces; scores are their mean, as SWD 14 of a single one is often off by a fifth
FACES = 200_000  # images shown with our recipe: about one epoch of CelebA
READ = 2500  # digits that are scored at a time
TARGETS = {'readable': (0.8, 0.9, 0.93, 0.97), 'Fréchet': (10, 5)}  # shares; multiples of the reference
FIRST, LATER = 10.0, 1.15  # seconds until digits are scored for the first time; how much later it is each time


class Recipe(NamedTuple):
    """What differs between the peers. Layers are [channels, ...]; None for batch norm's momentum: no batch norm."""

    start: tuple  # of the generator: height and width, channels
    up: tuple  # (filters, stride) of each transposed convolution but the last, whose stride is 2
    down: tuple  # filters of the discriminator's convolutions
    window: int
    slope: float  # of the leaky ReLU; the generator's own
    d_norm: bool
    dropout: float
    momentum: float
    deviation: float | None  # of the initial weights; None: Glorot and Bengio 2010, uniform
    normal: bool  # z from a normal distribution, else uniform
    batch_size: int
    learning_rate: float
    beta1: float
    smooth: float
    label_noise: float = 0.0  # up to this much is taken from all labels, at random
    z_dim: int = 100
    from_zero: bool = (
        False  # images in [0, 1]: the generator ends with a 5x5 convolution and a sigmoid, without batch norm
    )


PEERS = {
    # TensorFlow's tutorial 'Deep Convolutional Generative Adversarial Network', made for MNIST: as it is.
    'TensorFlow tutorial': Recipe(
        (7, 256), ((128, 1), (64, 2)), (64, 128), 5, 0.3, False, 0.3, 0.99, None, True, 256, 0.0001, 0.9, 0.0
    ),
    # PyTorch's 'DCGAN Tutorial' is for 64x64 images. Scaled to 28x28: without the layer between 4x4 and 8x8.
    'PyTorch tutorial': Recipe(
        (4, 256), ((128, 2), (64, 2)), (64, 128, 256), 4, 0.0, True, 0.0, 0.9, 0.02, True, 128, 0.0002, 0.5, 0.0
    ),
    # Keras's 'DCGAN to generate face images' is for 64x64. Scaled to 28x28: without the last transposed convolution.
    'Keras tutorial': Recipe(
        (7, 128),
        ((128, 2), (256, 2)),
        (64, 128, 128),
        4,
        0.2,
        False,
        0.2,
        0.99,
        None,
        True,
        32,
        0.0001,
        0.9,
        0.0,
        label_noise=0.05,
        z_dim=128,
        from_zero=True,
    ),
    # What most learners of the original course project hand in.
    'original project': Recipe(
        (4, 512), ((256, 2), (128, 2)), (64, 128, 256), 5, 0.2, True, 0.0, 0.99, None, False, 64, 0.0002, 0.5, 0.1
    ),
}


def networks(recipe):
    """(generator(z, channels, is_train), discriminator(images, reuse) -> logits) of a recipe."""

    def weights(shape):
        normal = tf.random_normal_initializer(stddev=recipe.deviation)
        return tf.get_variable(
            'weights', shape, initializer=normal if recipe.deviation else tf.glorot_uniform_initializer()
        )

    def dense(x, units):
        return x @ weights([x.shape[-1], units])

    def norm(x, is_train):
        scale, offset, mean, variance = (
            tf.get_variable(
                name, [x.shape[-1]], initializer=tf.constant_initializer(value), trainable=name in ('scale', 'offset')
            )
            for name, value in (('scale', 1.0), ('offset', 0.0), ('mean', 0.0), ('variance', 1.0))
        )
        if not is_train:
            return tf.nn.fused_batch_norm(x, scale, offset, mean, variance, is_training=False)[0]
        y, *statistics = tf.nn.fused_batch_norm(x, scale, offset)
        for average, value in zip((mean, variance), statistics, strict=True):
            update = average.assign_sub((1 - recipe.momentum) * (average - value))
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
        return y

    def last(x, channels):
        """Images in [-1, 1]."""
        if not recipe.from_zero:
            return tf.tanh(x)
        with tf.variable_scope('last'):
            return 2 * tf.sigmoid(tf.nn.conv2d(x, weights([5, 5, x.shape[-1], channels]), 1, 'SAME')) - 1

    def generator(z, channels, is_train=True):
        size, filters = recipe.start
        up = recipe.up if recipe.from_zero else (*recipe.up, (channels, 2))
        with tf.variable_scope('generator', reuse=not is_train):
            with tf.variable_scope('start'):
                x = tf.reshape(dense(z, size * size * filters), [-1, size, size, filters])
                x = x if recipe.from_zero else tf.nn.leaky_relu(norm(x, is_train), recipe.slope)
            for i, (filters, stride) in enumerate(up):
                size = {4: 7, 7: 14, 14: 28}[size] if stride == 2 else size
                with tf.variable_scope(f'up{i}'):
                    w = weights([recipe.window, recipe.window, filters, x.shape[-1]])
                    x = tf.nn.conv2d_transpose(x, w, [tf.shape(x)[0], size, size, filters], stride, 'SAME')
                    if i < len(recipe.up):
                        x = tf.nn.leaky_relu(x if recipe.from_zero else norm(x, is_train), recipe.slope)
            return last(x, channels)

    def discriminator(x, reuse=False):
        x = (x + 1) / 2 if recipe.from_zero else x
        with tf.variable_scope('discriminator', reuse=reuse):
            for i, filters in enumerate(recipe.down):
                with tf.variable_scope(f'down{i}'):
                    w = weights([recipe.window, recipe.window, x.shape[-1], filters])
                    x = tf.nn.conv2d(x, w, 2, 'SAME')
                    x = norm(x, True) if recipe.d_norm and i else x
                    x = tf.nn.leaky_relu(x, recipe.slope or 0.2)
                    drop = recipe.dropout and (i == len(recipe.down) - 1 or not recipe.from_zero)
                    x = tf.nn.dropout(x, rate=recipe.dropout) if drop else x
            with tf.variable_scope('logits'):
                return dense(tf.reshape(x, [-1, x.shape[1] * x.shape[2] * x.shape[3]]), 1)

    return generator, discriminator


class Ended(Exception):
    """Training has made its last step."""


class Clock:
    """Seconds of computing (of all cores) for training. look(seconds, steps, noise, generate) is called at moments.

    It does not count itself. Raises Ended after the last moment, or where look returns True.
    """

    def __init__(self, moments, look):
        self._moments, self._look, self._start = sorted(moments), look, time.process_time()

    def tick(self, steps, noise, ready):
        """After a step. noise(n): z; ready(): a function z -> images, the time for which counts this once."""
        now = time.process_time()
        if now - self._start < self._moments[0]:
            return
        generate = ready()
        seconds = time.process_time() - self._start
        self._moments = [each for each in self._moments if each > seconds]
        if self._look(seconds, steps, noise, generate) or not self._moments:
            raise Ended
        self._start += time.process_time() - now


def entropy(logits, label, noise):
    labels = label - noise * tf.random_uniform(tf.shape(logits))
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels))


def train_peer(recipe, data, seed, clock):
    """Train until the clock raises Ended."""
    generator, discriminator = networks(recipe)
    channels = data.shape[-1]
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(seed)
        real = tf.placeholder(tf.float32, [None, 28, 28, channels])
        z = tf.placeholder(tf.float32, [None, recipe.z_dim])
        fake = generator(z, channels)
        of_real, of_fake = discriminator(real), discriminator(fake, reuse=True)
        d_loss = entropy(of_real, 1 - recipe.smooth, recipe.label_noise) + entropy(of_fake, 0.0, recipe.label_noise)
        g_loss = entropy(of_fake, 1.0, 0.0)
        d_step, g_step = (
            tf.train.AdamOptimizer(recipe.learning_rate, recipe.beta1).minimize(
                loss, var_list=tf.trainable_variables(scope)
            )
            for loss, scope in ((d_loss, 'discriminator'), (g_loss, 'generator'))
        )
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS, 'generator')
        images = generator(z, channels, is_train=False)
    with session.open_session(graph) as sess:
        step = sess.make_callable([d_step, g_step, *updates], feed_list=[real, z])
        rng = np.random.default_rng(seed)

        def noise(n):
            size = [n, recipe.z_dim]
            return rng.standard_normal(size) if recipe.normal else rng.uniform(-1, 1, size)

        epochs = (data.get_batches(recipe.batch_size, seed=[seed, epoch]) for epoch in itertools.count())
        for steps, batch in enumerate(itertools.chain.from_iterable(epochs), 1):
            step(2 * batch, noise(len(batch)))
            clock.tick(steps, noise, lambda: lambda z_: sess.run(images, {z: z_}))


def train_ours(data, seed, clock, epochs):
    """The notebook's own train with its own settings and noise, and the clock, if there is one, in place of pictures.

    Returns (losses, generate, a function: n -> noise).
    """
    lesson = definitions(ROOT / 'dlnd_face_generation.ipynb')
    rng = np.random.default_rng(seed)

    def noise(n):
        return lesson['switched_z'](rng, n, lesson['z_dim'])

    def tick(sess, n_images, input_z, channels, mode, run):
        if not clock:
            return
        with ExitStack() as looking:

            def ready():
                looking.enter_context(run.averaged())
                images = lesson['sample_images'](input_z, channels)
                return lambda z: sess.run(images, {input_z: z})

            clock.tick(run.step, noise, ready)

    replace(lesson, show_generator_output=tick)
    settings = [lesson[key] for key in ('batch_size', 'z_dim', 'learning_rate', 'beta1')]
    data_settings = data.get_batches, data.shape, data.image_mode
    options = {'seed': seed, 'average': 0.995, 'sample_z': lesson['switched_z']}
    return *lesson['train'](epochs, *settings, *data_settings, **options), noise


def train(name, data, seed, moments, look):
    """Train until the last of the moments, or until look returns True."""
    with suppress(Ended):
        if name == 'ours':
            train_ours(data, seed, Clock(moments, look), epochs=10_000)
        else:
            train_peer(PEERS[name], data, seed, Clock(moments, look))


def until_read(name, data, reader, seed, minutes):
    """{'readable 0.9': minutes until then, ...} of the targets that were reached, and the scores: [[minutes, ...]]."""
    real, other = digit_scores.two_sets(data.images[reader.rest], most=READ)
    reached, curve = {}, []

    def look(seconds, steps, noise, generate):
        scores = digit_scores.measure(reader, real, in_parts(generate, noise(READ)), other)
        (readable, _), (distance, floor) = scores['readable'], scores['Fréchet']
        curve.append([seconds / 60, steps, readable, distance / floor])
        now = [f'readable {value}' for value in TARGETS['readable'] if readable >= value]
        now += [f'Fréchet {value}' for value in TARGETS['Fréchet'] if distance <= value * floor]
        for name in now:
            reached.setdefault(name, seconds / 60)
        return len(reached) == len(targets())

    count = int(np.log(minutes * 60 / FIRST) / np.log(LATER))
    train(name, data, seed, [*(FIRST * LATER**i for i in range(count + 1)), minutes * 60], look)
    return {'reached': reached, 'curve': curve, 'seconds': curve[-1][0] * 60, 'steps': curve[-1][1]}


def targets():
    """All of them, as they are called in the table."""
    return [f'{name} {value}' for name, values in TARGETS.items() for value in values]


def after_the_same_time(name, data, seed, seconds):
    """The scores of faces: ours after as many images as in the notebook, others after that many seconds."""
    found = {}

    def look(spent, steps, noise, generate):
        found.update(seconds=spent, steps=steps, scores=scores_of(data, noise, generate))

    if name == 'ours':
        start = time.process_time()
        losses, generate, noise = train_ours(data, seed, None, max(1, round(FACES / len(data.images))))
        look(time.process_time() - start, len(losses), noise, generate)
    else:
        train(name, data, seed, [seconds], look)
    return found


def scores_of(data, noise, generate):
    """{name: (value, reference)}: means over several sets of generated images."""
    n = min(COUNT, len(data.images) // 2)
    order = np.random.default_rng(0).permutation(len(data.images))[: 2 * n]
    real, other = data.images[order].reshape(2, n, *data.shape[1:])
    scores = [image_scores.measure(real, in_parts(generate, noise(n)), other) for _ in range(SETS)]
    return {name: np.mean([each[name] for each in scores], 0).tolist() for name in scores[0]}


def run(minutes, seconds, kind, recipe, seed, data_dir):
    """What is logged of one run. minutes: at most, for digits; seconds: those that faces took with our recipe."""
    data = helper.open_dataset(kind, data_dir)
    if kind == 'mnist':
        reader = digit_scores.Reader(data.images, data.labels, data_dir)
        found = until_read(recipe, data, reader, seed, minutes)
    else:
        found = after_the_same_time(recipe, data, seed, seconds and np.median(seconds))
    return dict(zip(KEY, (kind, recipe, seed), strict=True)) | {'data': data.title} | found


def by_recipe(results, kind):
    groups = {}
    for result in results:
        if result['kind'] == kind:
            groups.setdefault(result['recipe'], []).append(result)
    return groups.items()


def with_range(values, form):
    """The median, and in brackets the least and the greatest."""
    text = format(np.median(values), form)
    return f'{text} ({min(values):{form}}-{max(values):{form}})' if len(values) > 1 else text


def show_digits(results):
    """A line per recipe: the minutes until each target was reached."""
    print('\ndigits: minutes until')
    print(f'{"":20}{"steps/s":>8}{"seeds":>6}' + ''.join(f'{name:>18}' for name in targets()))
    for recipe, group in by_recipe(results, 'mnist'):
        line = f'{recipe:20}{np.median([r["steps"] / r["seconds"] for r in group]):8.1f}{len(group):6}'
        for name in targets():
            values = [r['reached'].get(name) for r in group]
            late = f'> {max(r["seconds"] for r in group) / 60:.0f}'
            line += f'{late if None in values else with_range(values, ".1f"):>18}'
        print(line)


def show_faces(results):
    """A line per recipe: its scores."""
    groups = [*by_recipe(results, 'celeba')]
    names = groups[0][1][0]['scores'] if groups else {}
    print(f'\nfaces\n{"":20}{"seconds":>8}{"steps":>8}{"seeds":>6}' + ''.join(f'{name:>20}' for name in names))
    for recipe, group in groups:
        line = f'{recipe:20}{np.median([r["seconds"] for r in group]):8.0f}'
        line += f'{np.median([r["steps"] for r in group]):8,.0f}{len(group):6}'
        line += ''.join(f'{with_range([r["scores"][name][0] for r in group], ".2f"):>20}' for name in names)
        print(line)
    if groups:
        print(f'{"reference: real faces":42}' + ''.join(f'{value:20.2f}' for _, value in names.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', type=Path, default=ROOT / 'data', help='where the data lies (default: data)')
    parser.add_argument('--kinds', nargs='+', default=['mnist', 'celeba'], choices=['mnist', 'celeba'])
    parser.add_argument('--recipes', nargs='+', default=['ours', *PEERS], choices=['ours', *PEERS])
    parser.add_argument('--seeds', type=int, default=3, help='of ours; the peers get one (default: 3)')
    parser.add_argument('--minutes', type=float, default=30, help='at most, for the digits (default: 30)')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='runs side by side, a core each')
    arguments = parser.parse_args()

    datasets = {kind: helper.open_dataset(kind, arguments.data_dir) for kind in arguments.kinds}  # once, for all runs
    if digits := datasets.get('mnist'):
        digit_scores.Reader(digits.images, digits.labels, arguments.data_dir)
    due = [
        (kind, recipe, seed)
        for kind in arguments.kinds
        for recipe in arguments.recipes
        for seed in range(arguments.seeds if recipe == 'ours' else 1)
    ]
    results = []
    for some in ([each for each in due if each[1] == 'ours'], [each for each in due if each[1] != 'ours']):
        seconds = [each['seconds'] for each in results if each['kind'] == 'celeba' and each['recipe'] == 'ours']
        work = partial(run, arguments.minutes, seconds)
        results = side_by_side(work, KEY, some, arguments.data_dir, arguments.jobs, RESULTS)

    print(f'{os.cpu_count()} cores, Python {platform.python_version()}, TensorFlow {tf.__version__}')
    show_digits(results)
    show_faces(results)


if __name__ == '__main__':
    main()
