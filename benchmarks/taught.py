"""What generated digits teach: a reader that has learned from them alone reads real ones, for several seeds.

    python benchmarks/taught.py [--data-dir DIR] [--seeds 0 1 2 3 4] [--jobs 2]

Each run trains on MNIST without its last 5,000 images, for the notebook's number of steps, with the notebook's
functions and settings. Then a reader learns from as many generated digits as a different one learns from real digits,
with one label for each position of the switch; both read the 5,000 (lesson/scores/digits.py, taught_by_generated).

MNIST is used where it lies in DIR, otherwise synthetic digits. Results are kept in build/taught.jsonl, as in
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
from benchmarks.record import BATCH, as_in_notebook, in_parts, mean_and_worst, side_by_side, trained  # noqa: E402
from lesson.scores import digits as digit_scores  # noqa: E402

RESULTS = ROOT / 'build' / 'taught.jsonl'
STEPS = 5_000


def run(seed, data_dir):
    """What is logged of one run."""
    lesson, options = as_in_notebook(seed)
    data, unseen, labels = lesson['hold_back'](helper.open_dataset('mnist', data_dir))
    losses, generate = trained(lesson, data, lesson['epochs_for'](data, None, BATCH, STEPS), **options)
    reader = digit_scores.Reader(data.images, data.labels, data_dir)
    z = lesson['switched_z'](np.random.default_rng(4), reader.rest.start, lesson['z_dim'])
    position = z[:, : lesson['switch_positions']].argmax(1)
    shares = digit_scores.taught_by_generated(reader, in_parts(generate, z), position, unseen, labels)
    return {'seed': seed, 'data': data.title, 'steps': len(losses), 'generated': shares[0], 'real': shares[1]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', type=Path, default=ROOT / 'data', help='where the data lies (default: data)')
    parser.add_argument('--seeds', type=int, nargs='+', default=range(5), help='which (default: 0 1 2 3 4)')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='runs side by side, a core each')
    arguments = parser.parse_args()
    helper.open_dataset('mnist', arguments.data_dir)  # here, once, what all runs read
    due = [(seed,) for seed in arguments.seeds]
    results = side_by_side(run, ('seed',), due, arguments.data_dir, arguments.jobs, RESULTS)
    print('share of unseen digits that are read correctly: mean ± standard deviation (worst seed)')
    for kind in ('generated', 'real'):
        shares = [result[kind] for result in results]
        print(f'learned from {kind:10}{mean_and_worst(shares, min):>24}   {" ".join(f"{s:.3f}" for s in shares)}')


if __name__ == '__main__':
    main()
