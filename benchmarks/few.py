"""What to do with few pictures: generators trained on 100 to 5,000 faces, with and without changed and mirrored images.

    python benchmarks/few.py [--data-dir DIR] [--counts 100 300 1000 5000] [--ways plain augmented ...] [--seeds 0 1 2]

Each trains for the notebook's usual number of steps, with the notebook's functions. `augmented`: the discriminator sees
each image changed at random (lesson/train/augment.py); `mirrored`: half of the images, chosen at random, are mirror
images. Scored against faces that were held back: SWD, density, and coverage (lesson/scores/images.py), and `nearest`:
the mean distance (root mean square of pixels) of a generated face from the nearest of the training set, divided by that
from the nearest of as many others. 1: it is no nearer to what it has learned from; 0: it has memorized it.

CelebA is used where it lies in DIR, otherwise synthetic faces. Results are kept in build/few.jsonl, as in
benchmarks/record.py.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import helper  # noqa: E402
from benchmarks.record import (  # noqa: E402
    BATCH,
    WIDTH,
    as_in_notebook,
    in_parts,
    mean_and_worst,
    side_by_side,
    trained,
)
from benchmarks.variants import replace  # noqa: E402
from lesson.pictures import as_floats  # noqa: E402
from lesson.scores import images as image_scores  # noqa: E402
from lesson.train.augment import augmented  # noqa: E402

RESULTS = ROOT / 'build' / 'few.jsonl'
STEPS, SCORED = 3125, 2500
WAYS = {'plain': (), 'augmented': ('augmented',), 'mirrored': ('mirrored',), 'both': ('augmented', 'mirrored')}
# Columns of the table, and which seed is the worst.
SHOWN = {'SWD 28': max, 'SWD 14': max, 'density': min, 'coverage': min, 'nearest': min}


def train(count, way, seed, data_dir):
    """One run: what is logged of it."""
    lesson, options = as_in_notebook(seed)
    faces = helper.open_dataset('celeba', data_dir)
    images = faces.images[np.random.default_rng(0).permutation(len(faces.images))[: 2 * count + 2 * SCORED]]
    own, others = images[:count], images[count : 2 * count]
    real, other = images[2 * count :].reshape(2, -1, *images.shape[1:])
    if 'augmented' in WAYS[way]:
        replace(lesson, discriminator=augmented(lesson['discriminator']))
    data = helper.Dataset(own, faces.title, mirror='mirrored' in WAYS[way])
    _, generate = trained(lesson, data, max(1, round(STEPS / (count // BATCH))), **options)
    z = lesson['switched_z'](np.random.default_rng(2), len(real), lesson['z_dim'])
    fake = in_parts(generate, z)
    scores = {name: value for name, (value, _) in image_scores.measure(real, fake, other).items()}
    scores['nearest'] = float(nearest(fake, own).mean() / nearest(fake, others).mean())
    return {'count': count, 'way': way, 'seed': seed, 'data': faces.title, **scores}


def nearest(fake, images):
    """The distance of each image from the nearest of others: the root mean square of pixels, in [-1, 1]."""
    one, other = (as_floats(some).reshape(len(some), -1) for some in (fake, images))
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    return np.sqrt(np.maximum(squares.min(1), 0) / one.shape[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', type=Path, default=ROOT / 'data', help='where the data lies (default: data)')
    parser.add_argument('--counts', type=int, nargs='+', default=[100, 300, 1000, 5000])
    parser.add_argument('--ways', nargs='+', default=[*WAYS], choices=[*WAYS])
    parser.add_argument('--seeds', type=int, nargs='+', default=range(3), help='which (default: 0 1 2)')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='runs side by side, a core each')
    arguments = parser.parse_args()
    due = [(count, way, seed) for seed in arguments.seeds for count in arguments.counts for way in arguments.ways]
    results = side_by_side(train, ('count', 'way', 'seed'), due, arguments.data_dir, arguments.jobs, RESULTS)
    print(f'{"faces":>6}  {"way":10}{"seeds":>6}' + ''.join(f'{name:>{WIDTH}}' for name in SHOWN))
    for count in sorted({each['count'] for each in results}):
        for way in WAYS:
            runs = [each for each in results if (each['count'], each['way']) == (count, way)]
            if runs:
                cells = (mean_and_worst([run[name] for run in runs], worst) for name, worst in SHOWN.items())
                print(f'{count:6}  {way:10}{len(runs):6}' + ''.join(f'{cell:>{WIDTH}}' for cell in cells))


if __name__ == '__main__':
    main()
