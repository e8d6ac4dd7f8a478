"""How many images per second a training step takes in: this project against its peers, on the same networks.

    python benchmarks/throughput.py [--batch-size 64] [--channels 3] [--repetitions 5]

A full step of both networks: fakes, both losses, both gradients, two Adam updates, from new images in main memory.
Each row runs in a process of its own, which waits while the others are timed: row by row, again and again, so that
whatever else the machine does meets all of them. Where the processor has no bfloat16, all rows are float32. Needs
benchmarks/requirements.txt.
"""

import argparse
import itertools
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

Z_DIM, LEARNING_RATE, BETA1 = 100, 0.0004, 0.5
STEPS = 40  # timed at a time
BFLOAT16 = False  # whether it is fast here: set for each row, as PyTorch and TensorFlow cannot be loaded together
# Where each layer's weights are applied, per image: a product of weights and places is its multiplications.
PLACES = {
    'conv1': 14**2,
    'conv2': 7**2,
    'conv3': 4**2,
    'logits': 1,
    'project': 1,
    'up1': 4**2,
    'up2': 7**2,
    'up3': 14**2,
}
# Passes of each network in a step. Forwards: one of G, two of D (real, fake). Backwards, a pass for the weights'
# gradients and one for the inputs': two of G; five of D, since both losses need the inputs' gradients of the fakes.
PASSES = {'generator': 3, 'discriminator': 7}


def graph_of_the_notebook(channels):
    """(graph, placeholders, what one step computes, number of weights, operations in a step per image)."""
    from lesson.notebook.definitions import definitions
    from lesson.session import tf

    tf.disable_eager_execution()
    defined = definitions(ROOT / 'dlnd_face_generation.ipynb')
    with tf.Graph().as_default() as graph:
        inputs = defined['model_inputs'](28, 28, channels, Z_DIM)
        losses = defined['model_loss'](*inputs[:2], channels)
        d_step, g_step = defined['model_opt'](*losses, inputs[2], BETA1)
        variables = tf.trainable_variables()
    work = sum(
        v.shape.num_elements() * PLACES[v.op.name.split('/')[1]] * PASSES[v.op.name.split('/')[0]]
        for v in variables
        if v.op.name.endswith('weights')
    )
    return graph, inputs, (*losses, d_step, g_step), sum(v.shape.num_elements() for v in variables), 2 * work


def ours(channels, batches, bfloat16=None):
    """The step of the notebook's train, and the average of the generator's weights."""
    from lesson.session import open_session
    from lesson.train.recalibrate import Average

    graph, (images, z, rate), step, size, work = graph_of_the_notebook(channels)
    average = Average(graph, 0.995)
    sess = open_session(graph, bfloat16)
    follow = sess.make_callable(average.follow)
    rng = np.random.default_rng(0)

    def run(number):
        for _ in range(number):
            batch = next(batches)
            feed = {images: batch, z: rng.uniform(-1, 1, [len(batch), Z_DIM]), rate: LEARNING_RATE}
            d_loss, g_loss, *_ = sess.run(step, feed)
            follow()
        return d_loss + g_loss

    return run, size, work


def ours_float32(channels, batches):
    return ours(channels, batches, bfloat16=False)


def ours_without_onednn(channels, batches):
    """With the convolutions that TensorFlow uses by default where the processor has no AVX512-VNNI."""
    os.environ['TF_ENABLE_ONEDNN_OPTS'] = '0'
    return ours(channels, batches, bfloat16=False)


def original(channels, batches):
    """One session.run for each network, each with a feed of its own, as the course project has it."""
    from lesson.session import open_session

    graph, (images, z, rate), (*losses, d_step, g_step), size, work = graph_of_the_notebook(channels)
    sess = open_session(graph, bfloat16=False)
    rng = np.random.default_rng(0)

    def run(number):
        for _ in range(number):
            batch = next(batches)
            feed = {images: batch, z: rng.uniform(-1, 1, [len(batch), Z_DIM]), rate: LEARNING_RATE}
            sess.run(d_step, feed)
            sess.run(g_step, feed)
        return sum(sess.run(losses, feed))

    return run, size, work


def keras(channels, batches, jit=False):
    """Keras 3 on TensorFlow: a Model with a train_step, both gradients from one forward pass."""
    from lesson.session import tf  # isort: skip (before Keras loads TensorFlow, so that it does so quietly)
    from keras import Model, Sequential, layers, losses, optimizers

    def norm():
        return [layers.BatchNormalization(), layers.LeakyReLU(0.2)]

    def down(filters, **more):
        return layers.Conv2D(filters, 4, 2, 'same', **more)

    def up(filters, **more):
        return layers.Conv2DTranspose(filters, 4, 2, 'same', **more)

    d = [down(32), layers.LeakyReLU(0.2), down(64, use_bias=False), *norm(), down(128, use_bias=False), *norm()]
    discriminator = Sequential([layers.Input([28, 28, channels]), *d, layers.Flatten(), layers.Dense(1)])
    g = [
        layers.Dense(4 * 4 * 128),
        layers.Reshape([4, 4, 128]),
        *norm(),
        up(64, use_bias=False),
        layers.Cropping2D([[0, 1], [0, 1]]),
    ]
    g += [*norm(), up(32, use_bias=False), *norm(), up(channels, activation='tanh')]
    generator = Sequential([layers.Input([Z_DIM]), *g])
    entropy = losses.BinaryCrossentropy(from_logits=True)

    class Gan(Model):
        def train_step(self, data):
            real, *_ = data
            with tf.GradientTape(persistent=True) as tape:
                fake = generator(tf.random.uniform([tf.shape(real)[0], Z_DIM], -1, 1), training=True)
                a, b = discriminator(real, training=True), discriminator(fake, training=True)
                d_loss = entropy(0.9 * tf.ones_like(a), a) + entropy(tf.zeros_like(b), b)
                g_loss = entropy(tf.ones_like(b), b)
            for network, loss, adam in ((discriminator, d_loss, self.d_adam), (generator, g_loss, self.g_adam)):
                adam.apply(tape.gradient(loss, network.trainable_variables), network.trainable_variables)
            return {'loss': d_loss + g_loss}

    gan = Gan()
    gan.d_adam, gan.g_adam = (optimizers.Adam(LEARNING_RATE, BETA1) for _ in range(2))
    gan.d_adam.build(discriminator.trainable_variables)
    gan.g_adam.build(generator.trainable_variables)
    gan.compile(jit_compile=jit)

    def run(number):
        for _ in range(number):
            loss = gan.train_on_batch(next(batches))
        return float(np.ravel(loss)[-1])

    return run, sum(int(np.prod(v.shape)) for v in discriminator.trainable_variables + generator.trainable_variables), 0


def keras_jit(channels, batches):
    return keras(channels, batches, jit=True)


def torch_networks(channels):
    import torch
    from torch import nn

    def norm(filters):
        return [nn.BatchNorm2d(filters), nn.LeakyReLU(0.2)]

    def down(before, filters, padding=1, **more):
        return nn.Conv2d(before, filters, 4, 2, padding, **more)

    def up(before, filters, **more):
        return nn.ConvTranspose2d(before, filters, 4, 2, 1, **more)

    torch.manual_seed(0)
    d = [
        down(channels, 32),
        nn.LeakyReLU(0.2),
        down(32, 64, bias=False),
        *norm(64),
        down(64, 128, 2, bias=False),
        *norm(128),
    ]
    discriminator = nn.Sequential(*d, nn.Flatten(), nn.Linear(4 * 4 * 128, 1))
    # From 4x4 to 7x7: padding 2, and one more row and column.
    seven = nn.ConvTranspose2d(128, 64, 4, 2, 2, output_padding=1, bias=False)
    g = [nn.Linear(Z_DIM, 4 * 4 * 128), nn.Unflatten(1, (128, 4, 4)), *norm(128), seven, *norm(64)]
    g += [up(64, 32, bias=False), *norm(32), up(32, channels), nn.Tanh()]
    return discriminator, nn.Sequential(*g)


def torch_eager(channels, batches):
    """PyTorch as its tutorials write it: eager, float32, the discriminator's step and then the generator's."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as entropy

    discriminator, generator = torch_networks(channels)
    d_adam, g_adam = (
        torch.optim.Adam(n.parameters(), LEARNING_RATE, (BETA1, 0.999)) for n in (discriminator, generator)
    )

    def run(number):
        for _ in range(number):
            real = torch.from_numpy(next(batches)).permute(0, 3, 1, 2).contiguous()
            fake = generator(torch.rand(len(real), Z_DIM) * 2 - 1)
            a, b = discriminator(real), discriminator(fake.detach())
            d_loss = entropy(a, torch.full_like(a, 0.9)) + entropy(b, torch.zeros_like(b))
            d_adam.zero_grad()
            d_loss.backward()
            d_adam.step()
            b = discriminator(fake)
            g_loss = entropy(b, torch.ones_like(b))
            g_adam.zero_grad()
            g_loss.backward()
            g_adam.step()
        return d_loss.item() + g_loss.item()

    return run, sum(p.numel() for n in (discriminator, generator) for p in n.parameters()), 0


def torch_tuned(channels, batches, compiled=False):
    """bfloat16 autocast, channels_last, fused Adam, fakes generated and judged once for both gradients."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as entropy

    networks = [n.to(memory_format=torch.channels_last) for n in torch_networks(channels)]
    discriminator, generator = networks
    parameters = [list(n.parameters()) for n in networks]
    adams = [torch.optim.Adam(some, LEARNING_RATE, (BETA1, 0.999), fused=True) for some in parameters]

    def losses(real, z):
        with torch.autocast('cpu', torch.bfloat16, enabled=BFLOAT16):
            a, b = discriminator(real), discriminator(generator(z))
        a, b = a.float(), b.float()
        d_loss = entropy(a, torch.full_like(a, 0.9)) + entropy(b, torch.zeros_like(b))
        return d_loss, entropy(b, torch.ones_like(b))

    if compiled:
        losses = torch.compile(losses, dynamic=False)
        # Both gradients come from one compiled graph, which then has to live for two backward passes.
        torch._functorch.config.donated_buffer = False

    def run(number):
        for _ in range(number):
            real = torch.from_numpy(next(batches)).permute(0, 3, 1, 2)  # channels last in memory already
            both = losses(real, torch.rand(len(real), Z_DIM) * 2 - 1)
            gradients = [
                torch.autograd.grad(loss, some, retain_graph=True) for loss, some in zip(both, parameters, strict=True)
            ]
            for some, slopes, adam in zip(parameters, gradients, adams, strict=True):
                for p, slope in zip(some, slopes, strict=True):
                    p.grad = slope
                adam.step()
        return sum(loss.item() for loss in both)

    return run, sum(p.numel() for some in parameters for p in some), 0


def torch_compiled(channels, batches):
    return torch_tuned(channels, batches, compiled=True)


def peak(dtype, channels, batches):
    """A large convolution, on all cores; here an 'image' is a floating-point operation."""
    os.environ['TF_NUM_INTRAOP_THREADS'] = str(os.cpu_count())
    from lesson.session import open_session, tf

    tf.disable_eager_execution()
    with tf.Graph().as_default() as graph:
        images = tf.Variable(tf.cast(tf.random_normal([64, 28, 28, 256]), dtype))
        weights = tf.Variable(tf.cast(tf.random_normal([3, 3, 256, 256]), dtype))
        convolution = tf.nn.conv2d(images, weights, 1, 'SAME').op
    sess = open_session(graph, bfloat16=False)  # no rewrite: what is to be float32 stays it

    def run(number):
        for _ in range(number // 10):
            sess.run(convolution)

    return run, 0, 2 * 64 * 28 * 28 * 9 * 256 * 256 // 10


ROWS = {
    'this project': ours,
    'this project, float32': ours_float32,
    'this project, without oneDNN': ours_without_onednn,
    'the same graph, the original way': original,
    'Keras 3': keras,
    'Keras 3, jit': keras_jit,
    'PyTorch, eager float32': torch_eager,
    'PyTorch, tuned': torch_tuned,
    'PyTorch, tuned and compiled': torch_compiled,
    'float32 peak': partial(peak, 'float32'),
    'bfloat16 peak': partial(peak, 'bfloat16'),
}
ONLY_WITH_BFLOAT16 = ('this project, float32', 'bfloat16 peak')


def work(name, channels, batch_size):
    """What a row's process does: for each line it reads, it times STEPS steps, and answers with the seconds."""
    rng = np.random.default_rng(0)
    images = [rng.uniform(-1, 1, [batch_size, 28, 28, channels]).astype('float32') for _ in range(50)]
    run, size, flops = ROWS[name](channels, itertools.cycle(images))
    run(STEPS)
    print(size, flops, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        loss = run(STEPS)
        seconds = time.perf_counter() - start
        assert loss is None or np.isfinite(loss), f'{name}: the loss is {loss}'
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)


def start_row(name, arguments, bfloat16):
    call = f'throughput.work({name!r}, {arguments.channels}, {arguments.batch_size})'
    code = f'from benchmarks import throughput; throughput.BFLOAT16 = {bfloat16}; {call}'
    row = subprocess.Popen(
        [sys.executable, '-c', code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return row, answer(row, name)


def answer(row, name):
    """The next line of numbers from a row's process."""
    line = row.stdout.readline()
    if not line:
        raise SystemExit(f'{name}: ended with {row.wait()}, see above. Are benchmarks/requirements.txt installed?')
    return [float(number) for number in line.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--channels', type=int, default=3, choices=(1, 3))
    parser.add_argument('--repetitions', type=int, default=5)
    arguments = parser.parse_args()

    from lesson.progress import progress
    from lesson.session import has_fast_bfloat16

    bfloat16 = has_fast_bfloat16()
    names = [name for name in ROWS if bfloat16 or name not in ONLY_WITH_BFLOAT16]
    times, memory, started = {name: [] for name in names}, {}, {}
    with progress(total=len(names) * (1 + arguments.repetitions), desc='throughput') as bar:
        for name in names:
            started[name] = start_row(name, arguments, bfloat16)
            bar.update()
        for _ in range(arguments.repetitions):
            for name, (row, _) in started.items():
                print(file=row.stdin, flush=True)
                seconds, memory[name] = answer(row, name)
                times[name].append(seconds)
                bar.update()
    for row, _ in started.values():
        row.communicate()

    sizes = {started[name][1][0] for name in names} - {0}
    assert len(sizes) == 1, f'the networks differ: {sizes} weights'
    images = STEPS * arguments.batch_size
    flops = {name: each for name, (_, (_, each)) in started.items()}
    peaks = {n: STEPS * flops[n] / statistics.median(times.pop(n)) for n in names if n.endswith('peak')}
    per_image = flops['this project']
    print(
        f'one step of both networks, {sizes.pop():,.0f} weights, batches of {arguments.batch_size}, '
        f'{arguments.channels} channels'
    )
    print(f'{os.cpu_count()} cores, Python {platform.python_version()}, median of {arguments.repetitions}')
    print(f'{"":34}{"images/s":>10}{"ours is":>9}{"of the peak":>13}{"memory":>9}')
    for name, own in times.items():
        rate = images / statistics.median(own)
        ratio = statistics.median(a / b for a, b in zip(own, times['this project'], strict=True))
        share = rate * per_image / max(peaks.values())
        print(f'{name:34}{rate:10,.0f}{ratio:8.2f}x{share:13.0%}{memory[name]:6,.0f} MB')
    each = ', '.join(f'{name} {value / 1e9:,.0f} GFLOP/s' for name, value in peaks.items())
    print(f'{each} (a large convolution); ours needs {per_image / 1e6:,.0f} MFLOP per image')


if __name__ == '__main__':
    main()
