"""A short training in a process of its own, to be killed, interrupted, and gone on with.

    python tests/training_process.py CHECKPOINT_DIR [--kill STEP] [--interrupt STEP ...] [--nan STEP] [...]

Prints digests of the losses and of images drawn at the end, and the number of steps: equal digests, equal weights.
"""

import argparse
import hashlib
import os
import signal
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
import problem_unittests  # noqa: E402
from lesson import training  # noqa: E402

EPOCH = 12  # batches
BATCH = 4


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('checkpoint_dir')
    parser.add_argument('--kill', type=int)
    parser.add_argument('--interrupt', type=int, nargs='*', default=[])
    parser.add_argument('--nan', type=int)
    parser.add_argument('--epochs', type=int, default=2)
    parser.add_argument('--channels', type=int, default=1)
    parser.add_argument('--batch-size', type=int, default=BATCH)
    parser.add_argument('--title', default='digits')
    parser.add_argument('--wider', action='store_true', help='another generator')
    parser.add_argument('--every', type=float, default=0, help='seconds between checkpoints')
    arguments = parser.parse_args()

    training.CHECKPOINT_SECONDS = arguments.every
    training.tf.disable_eager_execution()
    lesson = problem_unittests.functions_from_notebook(ROOT / 'dlnd_face_generation.ipynb')
    images = np.random.default_rng(0).uniform(-0.5, 0.5, [EPOCH * BATCH, 28, 28, arguments.channels])
    if arguments.wider:
        up = lesson['conv2d_transpose']
        lesson['conv2d_transpose'] = lambda x, size, filters, name: up(x, size, filters + (name == 'up1'), name)

    def get_batches(batch_size, seed):
        _, epoch = seed
        order = np.random.default_rng(seed).permutation(len(images))
        for i in range(0, len(order) - batch_size + 1, batch_size):
            step = epoch * (len(images) // batch_size) + i // batch_size  # this batch is asked for after so many steps
            for _ in range(arguments.interrupt.count(step)):
                os.kill(os.getpid(), signal.SIGINT)
            if step == arguments.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            batch = images[order[i : i + batch_size]].astype('float32')
            yield batch * np.nan if step == arguments.nan else batch

    losses, generate = lesson['train'](
        arguments.epochs,
        arguments.batch_size,
        100,
        0.001,
        0.0,
        get_batches,
        images.shape,
        'L' if arguments.channels == 1 else 'RGB',
        title=arguments.title,
        checkpoint_dir=arguments.checkpoint_dir,
    )
    drawn = generate(np.random.default_rng(1).uniform(-1, 1, [20, 100]))
    assert np.isfinite(drawn).all()
    for result in (losses, drawn):
        print(hashlib.sha256(result.tobytes()).hexdigest())
    print(len(losses))


if __name__ == '__main__':
    main()
