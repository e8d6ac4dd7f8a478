"""Where the time of a training step goes: the notebook's graph, operation by operation, in batches of several sizes.

    python benchmarks/operations.py [--batch-sizes 1 32 128] [--channels 3] [--steps 30] [--bfloat16]

For each batch size: how long one sess.run takes, and how long each kind of operation does (tf.RunMetadata). They run on
several cores at once, so their sum exceeds the step's time. With batches of one image, what is left is what
every step costs, however large its batch.
"""

import argparse
import os
import platform
import re
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.throughput import LEARNING_RATE, Z_DIM, graph_of_the_notebook
from lesson.session import open_session, tf
from lesson.train.recalibrate import Average

KINDS = {  # the first that is found in 'name = Operation(inputs)'; oneDNN's have a prefix
    'averages of weights and statistics': 'ExponentialMovingAverage|AssignMovingAvg',
    'filter gradients': r'= \w*Conv2DBackpropFilter',
    'input gradients, transposed convolutions': r'= \w*Conv2DBackpropInput',
    'convolutions': r'= \w*Conv2D',
    'batch norm': r'= \w*FusedBatchNorm',
    'leaky ReLU': r'= \w*LeakyRelu',
    'Adam': r'= \w*ApplyAdam',
    'matrix products': r'= \w*MatMul',
    'casts': r'= \w*Cast\(',
    'everything else': '',
}


def kind_of(label):
    return next(kind for kind, pattern in KINDS.items() if re.search(pattern, label))


def profile(channels, batch_size, steps, bfloat16=None):
    """(median milliseconds of a step, {kind: milliseconds in a step}, {kind: operations in a step})."""
    graph, (images, z, rate), step, *_ = graph_of_the_notebook(channels)
    step = *step, Average(graph, 0.995).follow
    rng = np.random.default_rng(0)
    feed = {
        images: rng.uniform(-1, 1, [batch_size, 28, 28, channels]),
        z: rng.uniform(-1, 1, [batch_size, Z_DIM]),
        rate: LEARNING_RATE,
    }
    seconds, spent, number = [], defaultdict(float), Counter()
    with open_session(graph, bfloat16) as sess:
        for _ in range(steps):  # to warm up
            sess.run(step, feed)
        for _ in range(steps):
            start = time.perf_counter()
            sess.run(step, feed)
            seconds.append(time.perf_counter() - start)
        traced = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
        for _ in range(steps):
            metadata = tf.RunMetadata()
            sess.run(step, feed, traced, metadata)
            for device in metadata.step_stats.dev_stats:
                for node in device.node_stats:
                    kind = kind_of(node.timeline_label or node.node_name)
                    spent[kind] += (node.op_end_rel_micros - node.op_start_rel_micros) / 1000 / steps
                    number[kind] += 1 / steps
    return 1000 * np.median(seconds), spent, number


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--batch-sizes', type=int, nargs='+', default=[1, 32, 128])
    parser.add_argument('--channels', type=int, default=3, choices=(1, 3))
    parser.add_argument('--steps', type=int, default=30)
    parser.add_argument('--bfloat16', action='store_true', default=None, help='also where it is slower')
    arguments = parser.parse_args()
    tf.disable_eager_execution()
    profiles = [
        profile(arguments.channels, size, arguments.steps, arguments.bfloat16) for size in arguments.batch_sizes
    ]
    print(f'{os.cpu_count()} cores, Python {platform.python_version()}, TensorFlow {tf.__version__}')
    print(f'{"milliseconds, in batches of":46}{"operations":>11}' + ''.join(f'{n:8}' for n in arguments.batch_sizes))
    for kind in KINDS:
        times = ''.join(f'{spent[kind]:8.2f}' for _, spent, _ in profiles)
        print(f'{kind:46}{profiles[0][2][kind]:11.0f}{times}')
    print(f'{"all operations":57}' + ''.join(f'{sum(spent.values()):8.2f}' for _, spent, _ in profiles))
    print(f'{"the step":57}' + ''.join(f'{step:8.2f}' for step, _, _ in profiles))


if __name__ == '__main__':
    main()
