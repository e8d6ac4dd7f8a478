"""A short run of the notebook's train in a process of its own, alone or in a cluster: to be killed and compared.

    python tests/train/process.py RESULT [--checkpoint_dir FOLDER] [--kill STEP] [--interrupt STEP ...] [...]

Writes its losses, and images generated at the end, to RESULT, an .npz file.
"""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
import helper  # noqa: E402
from lesson import session  # noqa: E402
from lesson.cluster import members  # noqa: E402
from lesson.notebook.definitions import definitions  # noqa: E402
from lesson.train import checkpoints, recalibrate  # noqa: E402


def main(arguments=None):
    parser = argparse.ArgumentParser()
    parser.add_argument('result')
    parser.add_argument('--checkpoint_dir')
    parser.add_argument('--batch', type=int, default=4)
    parser.add_argument('--epochs', type=int, default=2)
    parser.add_argument('--images', type=int, default=50, help='two of 50 are left over in an epoch')
    parser.add_argument('--noise', type=int, default=0, help='seed of the images')
    parser.add_argument('--plain', action='store_true', help='without batch norm')
    parser.add_argument('--bfloat16', action='store_true', help='even where it is slow')
    parser.add_argument('--kill', type=int, help='step at which the process kills itself')
    parser.add_argument('--stop', type=int, help='step at which it stops, without dying')
    parser.add_argument('--interrupt', type=int, nargs='*', default=[], help='steps at which it interrupts itself')
    parser.add_argument('--nan', type=int, help='step at which its images are not finite')
    parser.add_argument('--pause', type=float, default=0, help='seconds before each batch')
    parser.add_argument('--every', type=float, default=0, help='seconds between checkpoints')
    parser.add_argument('--silence', type=float, default=200, help='seconds that a different member may be late')
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a process in the background does not have
    checkpoints.EVERY, recalibrate.IMAGES, members.WAIT, members.SILENCE = given.every, 10, 200, given.silence
    session.tf.disable_eager_execution()
    if given.bfloat16:
        session.has_fast_bfloat16 = lambda: True
    lesson = definitions(ROOT / 'dlnd_face_generation.ipynb')
    if given.plain:
        lesson |= {'batch_norm': lambda x, name: x, 'batch_norm_with_averages': lambda x, name, is_train: x}
    images = np.random.default_rng(given.noise).integers(0, 256, [given.images, 28, 28, 1], np.uint8)
    steps = iter(range(1_000_000))

    def get_batches(size, seed):
        for batch in helper.Dataset(images, 'noise').get_batches(size, seed):
            step = next(steps) if size < len(images) else None  # all at once: not for a step
            time.sleep(given.pause)
            for _ in range(given.interrupt.count(step)):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.1)  # another thread may be the one that gets it
            for at, number in ((given.kill, signal.SIGKILL), (given.stop, signal.SIGSTOP)):
                if at is not None and step == at:
                    os.kill(os.getpid(), number)
            yield batch * np.nan if step is not None and step == given.nan else batch

    settings = given.epochs, given.batch, 20, 0.001, 0.0, get_batches, images.shape, 'L'
    losses, generate = lesson['train'](*settings, average=0.9, checkpoint_dir=given.checkpoint_dir)
    np.savez(given.result, losses=losses, generated=generate(np.random.default_rng(1).uniform(-1, 1, [20, 20])))


if __name__ == '__main__':
    main()
