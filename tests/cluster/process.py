"""A short training in one process of a cluster, which TF_CONFIG describes, or alone; to be killed and compared.

    python tests/cluster_process.py RESULT [--batch N] [--images N --noise SEED] [--plain] [--kill STEP] [...]

Writes the losses, the trained weights and what the member was fed with to RESULT, an .npz file.
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
if __name__ == '__main__':
    sys.modules['rfc3987_syntax'] = None  # nbformat can do without, and it takes two seconds
from lesson import checkpoints, cluster, training  # noqa: E402

# isort: split
import helper  # noqa: E402
from lesson.notebook import definitions as notebooks  # noqa: E402


def parsed(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument('result')
    parser.add_argument('--batch', type=int, default=4)
    parser.add_argument('--epochs', type=int, default=2)
    parser.add_argument('--images', type=int, default=50, help='two of 50 are left over in an epoch of batches of 8')
    parser.add_argument('--noise', type=int, default=0, help='seed of the images')
    parser.add_argument('--plain', action='store_true', help='without batch norm')
    parser.add_argument('--checkpoint_dir')
    parser.add_argument('--kill', type=int, help='step at which the process kills itself')
    parser.add_argument('--stop', type=int, help='step at which it stops, without dying')
    parser.add_argument('--interrupt', type=int, help='step at which it interrupts itself')
    parser.add_argument('--nan', type=int, help='step at which its images are not finite')
    parser.add_argument('--wait', type=float, default=200, help='seconds for the others to come')
    parser.add_argument('--silence', type=float, default=200, help='seconds that another may be late')
    return parser.parse_args(arguments)


def main(arguments=None):
    arguments = parsed(arguments)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    checkpoints.SECONDS, cluster.WAIT, cluster.SILENCE = 0, arguments.wait, arguments.silence
    training.tf.disable_eager_execution()
    lesson = notebooks.definitions(ROOT / 'dlnd_face_generation.ipynb')
    lesson['recalibrate'] = lambda sess, use_averages, input_z: sess.run(use_averages)  # the rest takes 10 seconds
    if arguments.plain:
        lesson |= {'batch_norm': lambda x, name: x, 'batch_norm_with_averages': lambda x, name, is_train: x}
    shape = [arguments.images, 28, 28, 1]
    images = np.random.default_rng(arguments.noise).integers(0, 256, shape, np.uint8)
    fed = []

    def get_batches(size, seed, **part):
        batches = helper.Dataset(images, 'noise').get_batches(size, seed, **part)
        if size != arguments.batch:  # not for training
            yield from batches
            return
        for batch in batches:
            step = len(fed)
            for at, number in ((arguments.kill, signal.SIGKILL), (arguments.stop, signal.SIGSTOP)):
                if step == at:
                    os.kill(os.getpid(), number)
            if step == arguments.interrupt:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.1)
            fed.append(batch)
            yield batch * np.nan if step == arguments.nan else batch

    data = get_batches, images.shape, 'L'
    losses, generate = lesson['train'](
        arguments.epochs, arguments.batch, 20, 0.001, 0.0, *data, checkpoint_dir=arguments.checkpoint_dir
    )
    generated = generate(np.random.default_rng(1).uniform(-1, 1, [20, 20]))
    np.savez(arguments.result, losses=losses, generated=generated, fed=np.array(fed))


if __name__ == '__main__':
    main()
