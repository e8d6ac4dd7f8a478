"""A short training in a process of its own, to be killed, interrupted, and resumed.

    python tests/training_process.py CHECKPOINT_DIR [--kill STEP] [--interrupt STEP ...] [--nan STEP] [...]

Prints digests of the losses and of images generated at the end, and the number of steps: equal digests, equal weights.
"""

import argparse
import hashlib
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from lesson import checkpoints, training  # noqa: E402

# isort: split
from lesson.notebook import definitions as notebooks  # noqa: E402
from tests.builders import quick  # noqa: E402

EPOCH = 12  # batches
BATCH = 4


def main(arguments=None):
    parser = argparse.ArgumentParser()
    parser.add_argument('checkpoint_dir')
    parser.add_argument('--kill', type=int)
    parser.add_argument('--interrupt', type=int, nargs='*', default=[])
    parser.add_argument('--nan', type=int)
    parser.add_argument('--epochs', type=int, default=2)
    parser.add_argument('--wait', type=float, default=0, help='seconds before each batch')
    parser.add_argument('--every', type=float, default=0, help='seconds between checkpoints')
    arguments = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a process in the background has not

    checkpoints.SECONDS = arguments.every
    training.tf.disable_eager_execution()
    lesson = quick(notebooks.definitions(ROOT / 'dlnd_face_generation.ipynb'))
    images = np.random.default_rng(0).uniform(-0.5, 0.5, [EPOCH * BATCH, 28, 28, 1]).astype('float32')

    def get_batches(batch_size, seed):
        if batch_size != BATCH:  # not for training
            yield from np.split(images, len(images) // batch_size)
            return
        _, epoch = seed
        order = np.random.default_rng(seed).permutation(len(images))
        for i, batch in enumerate(np.split(images[order], EPOCH)):
            step = epoch * EPOCH + i  # this batch is asked for after so many steps
            time.sleep(arguments.wait)
            for _ in range(arguments.interrupt.count(step)):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.1)  # another thread may be the one that gets it
            if step == arguments.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch * np.nan if step == arguments.nan else batch

    losses, generate = lesson['train'](
        arguments.epochs,
        BATCH,
        100,
        0.001,
        0.0,
        get_batches,
        images.shape,
        'L',
        checkpoint_dir=arguments.checkpoint_dir,
    )
    generated = generate(np.random.default_rng(1).uniform(-1, 1, [20, 100]))
    assert np.isfinite(generated).all()
    for result in (losses, generated):
        print(hashlib.sha256(result.tobytes()).hexdigest())
    print(len(losses))


if __name__ == '__main__':
    main()
