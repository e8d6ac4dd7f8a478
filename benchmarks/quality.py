"""Time against quality: this project's recipe and its peers' on digits and faces, in one table.

    python benchmarks/quality.py [--data-dir DIR] [--kinds mnist celeba] [--recipes ours ...] [--seeds 3]

This project's recipe is the notebook's own `train` with the notebook's own settings; 'ours, longer' makes twice as many
steps. Each peer gets the wall-clock time that ours took, and is scored; on digits it continues until three times that,
and is scored again. All run on the same engine (one session.run per step, bfloat16 where the processor has it), so that
recipes are compared and not frameworks. Time for scoring does not count. Digits with labels are read as well
(lesson/scores/digits.py). Real data is used where it lies in DIR, otherwise synthetic data.

Each result is appended to build/quality.jsonl as it comes; what is found there is not run again (delete it to start
over).
"""

import argparse
import json
import os
import platform
import sys
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import helper  # noqa: E402
from lesson import session  # noqa: E402
from lesson.notebook.definitions import definitions  # noqa: E402
from lesson.scores import digits as digit_scores  # noqa: E402
from lesson.scores import images as image_scores  # noqa: E402

tf = session.tf
tf.disable_eager_execution()
RESULTS = ROOT / 'build' / 'quality.jsonl'
COUNT = 5000  # images in each set that is scored; 2,500 where the data set is too small
SETS = 4  # of generated images; scores are their mean, as SWD 14 of a single one is often off by a fifth
IMAGES = {'L': 120_000, 'RGB': 200_000}  # shown with our recipe: two epochs of MNIST, about one of CelebA


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


PEERS = {
    # TensorFlow's tutorial 'Deep Convolutional Generative Adversarial Network', made for MNIST: as it is.
    'TensorFlow tutorial': Recipe(
        (7, 256), ((128, 1), (64, 2)), (64, 128), 5, 0.3, False, 0.3, 0.99, None, True, 256, 0.0001, 0.9, 0.0
    ),
    # PyTorch's 'DCGAN Tutorial' is for 64x64 images. Scaled to 28x28: without the layer between 4x4 and 8x8.
    'PyTorch tutorial': Recipe(
        (4, 256), ((128, 2), (64, 2)), (64, 128, 256), 4, 0.0, True, 0.0, 0.9, 0.02, True, 128, 0.0002, 0.5, 0.0
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

    def generator(z, channels, is_train=True):
        size, filters = recipe.start
        with tf.variable_scope('generator', reuse=not is_train):
            with tf.variable_scope('start'):
                x = tf.reshape(dense(z, size * size * filters), [-1, size, size, filters])
                x = tf.nn.leaky_relu(norm(x, is_train), recipe.slope)
            for i, (filters, stride) in enumerate((*recipe.up, (channels, 2))):
                size = {4: 7, 7: 14, 14: 28}[size] if stride == 2 else size
                with tf.variable_scope(f'up{i}'):
                    w = weights([recipe.window, recipe.window, filters, x.shape[-1]])
                    x = tf.nn.conv2d_transpose(x, w, [tf.shape(x)[0], size, size, filters], stride, 'SAME')
                    if i < len(recipe.up):
                        x = tf.nn.leaky_relu(norm(x, is_train), recipe.slope)
            return tf.tanh(x)

    def discriminator(x, reuse=False):
        with tf.variable_scope('discriminator', reuse=reuse):
            for i, filters in enumerate(recipe.down):
                with tf.variable_scope(f'down{i}'):
                    w = weights([recipe.window, recipe.window, x.shape[-1], filters])
                    x = tf.nn.conv2d(x, w, 2, 'SAME')
                    x = norm(x, True) if recipe.d_norm and i else x
                    x = tf.nn.leaky_relu(x, 0.3 if recipe.slope == 0.3 else 0.2)
                    x = tf.nn.dropout(x, rate=recipe.dropout) if recipe.dropout else x
            with tf.variable_scope('logits'):
                return dense(tf.reshape(x, [-1, x.shape[1] * x.shape[2] * x.shape[3]]), 1)

    return generator, discriminator


def entropy(logits, label):
    labels = tf.fill(tf.shape(logits), label)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels))


def train_peer(name, data, seconds, seed):
    """Train for seconds, and digits on until three times that.

    Yields at both (time, seconds, steps, noise: number -> z, generate: z -> images).
    """
    recipe = PEERS[name]
    generator, discriminator = networks(recipe)
    channels = data.shape[-1]
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(seed)
        real = tf.placeholder(tf.float32, [None, 28, 28, channels])
        z = tf.placeholder(tf.float32, [None, 100])
        fake = generator(z, channels)
        of_real, of_fake = discriminator(real), discriminator(fake, reuse=True)
        d_loss, g_loss = entropy(of_real, 1 - recipe.smooth) + entropy(of_fake, 0.0), entropy(of_fake, 1.0)
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
            return rng.standard_normal([n, 100]) if recipe.normal else rng.uniform(-1, 1, [n, 100])

        def batches():
            for epoch in range(1_000_000):
                yield from data.get_batches(recipe.batch_size, seed=[seed, epoch])

        spent, steps, batches = 0.0, 0, batches()
        for label, limit in (('same', seconds), ('three times', 3 * seconds))[: 2 if channels == 1 else 1]:
            start = time.perf_counter() - spent
            while time.perf_counter() - start < limit:
                batch = next(batches)
                step(2 * batch, noise(len(batch)))
                steps += 1
            spent = time.perf_counter() - start
            yield label, spent, steps, noise, lambda noise: sess.run(images, {z: noise})


def train_ours(name, data, seconds, seed, times=1):
    """The notebook's own train with the notebook's own settings, `times` times as long; it shows no pictures."""
    defined = definitions(ROOT / 'dlnd_face_generation.ipynb')
    settings = {key: defined[key] for key in ('batch_size', 'z_dim', 'learning_rate', 'beta1')}
    train = defined['train']
    train.__globals__['show_generator_output'] = lambda *a, **k: None
    start = time.perf_counter()
    losses, generate = train(
        max(1, round(times * IMAGES[data.image_mode] / len(data.images))),
        get_batches=data.get_batches,
        data_shape=data.shape,
        data_image_mode=data.image_mode,
        seed=seed,
        average=0.995,
        **settings,
    )
    rng, sample_z = np.random.default_rng(seed), defined['sample_z']
    spent = time.perf_counter() - start
    yield 'same', spent, len(losses), lambda n: sample_z(rng, n, settings['z_dim']), generate


def train_ours_in_float32(*arguments):
    fast, session.has_fast_bfloat16 = session.has_fast_bfloat16, lambda: False
    yield from train_ours(*arguments)
    session.has_fast_bfloat16 = fast


OURS = {
    'ours': train_ours,
    'ours, longer': partial(train_ours, times=2),
    'ours, float32': train_ours_in_float32,
}
RECIPES = OURS | dict.fromkeys(PEERS, train_peer)


def scores_of(data, reader, noise, generate):
    """{name: (value, floor)}: means over several sets of generated images."""
    n = min(COUNT, len(data.images) // 2)
    order = np.random.default_rng(0).permutation(len(data.images))[: 2 * n]
    real, other = data.images[order].reshape(2, n, *data.shape[1:])
    scores = []
    for _ in range(SETS):
        z = noise(n)
        fake = np.concatenate([generate(some) for some in np.array_split(z, -(-n // 500))])
        scores.append(image_scores.measure(real, fake, other))
        if reader:
            scores[-1] |= read_scores(data, reader, z, fake)
    return {name: np.mean([each[name] for each in scores], 0).tolist() for name in scores[0]}


def read_scores(data, reader, z, fake):
    """What a reader says of images generated from z; purity, of z with a switch: how much of one digit a switch is."""
    real, other = digit_scores.two_sets(data.images[reader.rest], most=len(fake) // 2)
    scores = digit_scores.measure(reader, real, fake[: len(real)], other)
    on = z[:, :10] > 1  # 3 where a switch is on
    if (on.sum(1) == 1).all():
        classes, _, _ = reader.read(fake)
        each = np.array([digit_scores.counts(classes[of_it]) for of_it in on.T])
        scores['purity'] = np.mean(each.max(1) / each.sum(1)), np.nan
    return scores


def show_table(results, kind, title):
    """One line per recipe and time: medians over the seeds, and how far apart the seeds are."""
    groups = {}
    for result in results:
        if result['kind'] == kind:
            groups.setdefault((result['recipe'], result['time']), []).append(result)
    floor = next(iter(groups.values()))[0]['scores']  # of ours, as no other has all of them
    print(f'\n{title}')
    print(f'{"":22}{"time":14}{"seconds":>8}{"steps":>8}{"seeds":>6}' + ''.join(f'{name:>20}' for name in floor))
    for (recipe, label), group in groups.items():
        line = f'{recipe:22}{label:14}{np.median([r["seconds"] for r in group]):8.0f}'
        line += f'{np.median([r["steps"] for r in group]):8,.0f}{len(group):6}'
        for name in floor:
            values = [r['scores'].get(name, [np.nan])[0] for r in group]
            spread = f' ({min(values):.2f}-{max(values):.2f})' if len(values) > 1 else ''
            line += f'{f"{np.median(values):.2f}{spread}":>20}'
        print(line)
    print(f'{"floor: real images":58}' + ''.join(f'{value:20.2f}' for _, value in floor.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', type=Path, default=ROOT / 'data', help='where the data lies (default: data)')
    parser.add_argument('--kinds', nargs='+', default=['mnist', 'celeba'], choices=['mnist', 'celeba'])
    parser.add_argument('--recipes', nargs='+', default=['ours', 'ours, longer', *PEERS], choices=[*RECIPES])
    parser.add_argument('--seeds', type=int, default=3, help='of ours; the peers get one (default: 3)')
    arguments = parser.parse_args()

    RESULTS.parent.mkdir(exist_ok=True)
    results = [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []
    for kind in arguments.kinds:
        data = helper.open_dataset(kind, arguments.data_dir)
        reader = digit_scores.Reader(data.images, data.labels, arguments.data_dir) if data.labels is not None else None
        for recipe in arguments.recipes:
            for seed in range(arguments.seeds if recipe.startswith('ours') else 1):
                key = {'recipe': recipe, 'kind': kind, 'data': data.title, 'seed': seed}
                if any(key.items() <= result.items() for result in results):
                    continue
                own = [r['seconds'] for r in results if r['kind'] == kind and r['recipe'] == 'ours']
                for label, seconds, steps, *draw in RECIPES[recipe](recipe, data, own and np.median(own), seed):
                    result = key | {
                        'time': label,
                        'seconds': seconds,
                        'steps': steps,
                        'scores': scores_of(data, reader, *draw),
                    }
                    results.append(result)
                    with RESULTS.open('a') as file:
                        print(json.dumps(result), file=file)

    print(f'{os.cpu_count()} cores, Python {platform.python_version()}, TensorFlow {tf.__version__}')
    for kind in arguments.kinds:
        show_table(results, kind, kind)


if __name__ == '__main__':
    main()
