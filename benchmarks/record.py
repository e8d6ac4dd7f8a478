"""Which change of the recipe makes better digits? Variants, each trained with the same seeds, and a test of each.

    python benchmarks/record.py [--data-dir DIR] [--variants present guess ...] [--seeds 5] [--jobs 2]

The task is always the same: MNIST (where it lies in DIR, otherwise synthetic digits), the notebook's own functions and
settings, 7,500 steps of 32 images. Variant 'present' is the notebook as it is; each of the others changes a few lines
of it (benchmarks/variants.py). A run has one core, `--jobs` of them run side by side, and all compute in float32: on
every machine the same is compared. After half of the steps and after all, a reader scores 10,000 generated images
(lesson/scores/digits.py). With the same seed, all variants see the same images in the same order, so they are compared
seed by seed: a paired t-test against 'present'. `--kind celeba`: the same for faces, 6,084 steps, scored by
lesson/scores/images.py.

Each result is appended to build/record.jsonl as it comes; what is found there is not run again (delete it to start
over). The table of all of them is printed last.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

import numpy as np
from scipy import stats

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import helper  # noqa: E402
from benchmarks.variants import VARIANTS, replace  # noqa: E402
from lesson import session  # noqa: E402
from lesson.notebook.definitions import definitions  # noqa: E402
from lesson.progress import progress  # noqa: E402
from lesson.scores import digits as digit_scores  # noqa: E402
from lesson.scores import images as image_scores  # noqa: E402

session.tf.disable_eager_execution()
RESULTS = ROOT / 'build' / 'record.jsonl'
STEPS, BATCH = {'mnist': 7_500, 'celeba': 6_084}, 32
ONE_CORE = {'TF_NUM_INTRAOP_THREADS': '1', 'TF_NUM_INTEROP_THREADS': '1', 'TQDM_DISABLE': '1'}
PURE = 0.9  # share of a position's images that have to be read as the same digit
WIDTH = 27  # characters of a column
# Columns of the tables, and which seed is the worst; the column that decides is the first.
SHOWN = {
    'mnist': {'Fréchet': max, 'readable': min, 'pure': min, 'purity': min, 'rarest class': min},
    'celeba': {'SWD 28': max, 'SWD 14': max, 'density': min, 'coverage': min},
}


def train(steps, kind, variant, seed, data_dir):
    """One run: what is logged of it."""
    data = helper.open_dataset(kind, data_dir)
    score = {'mnist': scores_of_digits, 'celeba': scores_of_faces}[kind](data, data_dir)
    lesson, options = as_in_notebook(seed)
    VARIANTS[variant](lesson, options, steps)
    batch_size, data.mirror = options.pop('batch_size', BATCH), options.pop('mirror', data.mirror)
    halfway, scores = steps * BATCH // batch_size // 200 * 100, {}

    def look(sess, n_images, input_z, channels, mode, run):
        """In place of the pictures during training: the scores after half of the steps, of the averaged weights."""
        if run.step == halfway:
            start, images = time.perf_counter(), lesson['sample_images'](input_z, channels)
            with run.averaged():
                scores['half'] = score(run.sample_z, lambda z: sess.run(images, {input_z: z}))
            scores['seconds'] = time.perf_counter() - start

    replace(lesson, show_generator_output=look)
    start, epochs = time.perf_counter(), max(1, round(steps / (len(data.images) // BATCH)))
    losses, generate = trained(lesson, data, epochs, batch_size, **options)
    seconds = time.perf_counter() - start - scores.pop('seconds', 0)
    scores['end'] = score(options['sample_z'], generate)
    about = {'kind': kind, 'variant': variant, 'seed': seed, 'data': data.title, 'steps': len(losses)}
    return about | {'minutes': seconds / 60, 'losses': losses[-500:].mean(0).tolist(), **scores}


def as_in_notebook(seed):
    """(What the notebook defines, without its pictures; the options of a run). It computes in float32."""
    session.has_fast_bfloat16 = lambda: False
    lesson = definitions(ROOT / 'dlnd_face_generation.ipynb')
    replace(lesson, show_generator_output=lambda *a, **k: None)
    return lesson, {'sample_z': lesson['switched_z'], 'average': 0.995, 'seed': seed}


def trained(lesson, data, epochs, batch_size=BATCH, **options):
    """(Losses, generate) of a run with the notebook's settings."""
    settings = lesson['z_dim'], lesson['learning_rate'], lesson['beta1'], data.get_batches, data.shape, data.image_mode
    return lesson['train'](epochs, batch_size, *settings, **options)


def in_parts(generate, z):
    return np.concatenate([generate(some) for some in np.array_split(z, -(-len(z) // 500))])


def scores_of_digits(data, data_dir):
    """A function (sample_z, generate) -> {name: value}, and under 'floor' those of real digits, of 10,000 images."""
    reader = digit_scores.Reader(data.images, data.labels, data_dir)
    real, other = digit_scores.two_sets(data.images[reader.rest], most=10_000)

    def score(sample_z, generate):
        z = sample_z(np.random.default_rng(2), len(real), 100)
        fake = in_parts(generate, z)
        both = digit_scores.measure(reader, real, fake, other)
        scores, floor = ({name: pair[i] for name, pair in both.items()} for i in range(2))
        classes, position = reader.read(fake)[0], z[:, :10].argmax(1)
        each = np.array([digit_scores.counts(classes[position == number]) for number in range(10)])
        purity = each.max(1) / each.sum(1)
        pure = {digit for digit, share in zip(each.argmax(1), purity, strict=True) if share >= PURE}
        return scores | {'purity': purity.mean(), 'pure': len(pure), 'floor': floor}

    return score


def scores_of_faces(data, data_dir):
    """The same for faces: the means of two sets of 5,000 images."""
    n = min(5_000, len(data.images) // 2)
    order = np.random.default_rng(0).permutation(len(data.images))[: 2 * n]
    real, other = data.images[order].reshape(2, n, *data.shape[1:])

    def score(sample_z, generate):
        sets = [in_parts(generate, sample_z(np.random.default_rng(seed), n, 100)) for seed in (2, 3)]
        both = [image_scores.measure(real, fake, other) for fake in sets]
        scores, floor = ({name: np.mean([of[name][i] for of in both]) for name in both[0]} for i in range(2))
        return scores | {'floor': floor}

    return score


def side_by_side(run, names, due, data_dir, jobs, path):
    """The results in a file of JSON lines, once run(*values, data_dir) has been called for all of `due` that it lacks.

    names: of the values, as a result has them. Each call has a process and a core of its own. Its error is printed, and
    the others go on.
    """
    path.parent.mkdir(exist_ok=True)
    results = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {tuple(result[name] for name in names) for result in results}
    due = [values for values in due if values not in done]
    bar = progress(total=len(due), desc='runs', unit='run', disable=not due)
    os.environ.update(ONE_CORE)
    spawned = multiprocessing.get_context('spawn')
    with bar, ProcessPoolExecutor(jobs, mp_context=spawned, max_tasks_per_child=1) as pool:
        for each in as_completed([pool.submit(run, *values, data_dir) for values in due]):
            if each.exception():
                print(f'A run failed: {each.exception()!r}', file=sys.stderr)
            else:
                results.append(each.result())
                with path.open('a') as file:
                    print(json.dumps(results[-1]), file=file)
            bar.update()
    return results


def mean_and_worst(values, worst):
    """'mean ± standard deviation (worst)'."""
    return f'{np.mean(values):.3f} ± {np.std(values, ddof=len(values) > 1):.3f} ({worst(values):.2f})'


def show_table(results, kind, when):
    """A line per variant: mean, spread (standard deviation) and worst seed, and the difference from 'present'."""
    by_variant, shown = {}, SHOWN[kind]
    for result in results:
        if result['kind'] == kind and when in result:
            by_variant.setdefault(result['variant'], {})[result['seed']] = result
    if not by_variant:
        return
    decides, base = next(iter(shown)), by_variant.get('present', {})
    print(f'\n{kind}{"" if when == "end" else ", after half of the steps"}: mean ± standard deviation (worst seed)')
    print(f'{"":34}{"seeds":>6}{"min":>6}' + ''.join(f'{name:>{WIDTH}}' for name in shown) + f'{decides:>11}{"p":>7}')
    for variant, group in by_variant.items():
        runs = list(group.values())
        line = f'{variant:34}{len(runs):6}{np.mean([run["minutes"] for run in runs]):6.1f}'
        cells = (mean_and_worst([run[when][name] for run in runs], worst) for name, worst in shown.items())
        line += ''.join(f'{cell:>{WIDTH}}' for cell in cells)
        both = sorted(group.keys() & base.keys())
        if variant != 'present' and len(both) > 1:
            pair = [[some[seed][when][decides] for seed in both] for some in (group, base)]
            line += f'{np.mean(np.subtract(*pair)):+11.2f}{stats.ttest_rel(*pair).pvalue:7.3f}'
        print(line)
    floor = next(iter(next(iter(by_variant.values())).values()))[when]['floor']
    print(
        f'{"real images":46}' + ''.join(f'{floor[name]:{WIDTH}.3f}' if name in floor else ' ' * WIDTH for name in shown)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', type=Path, default=ROOT / 'data', help='where the data lies (default: data)')
    parser.add_argument('--kind', default='mnist', choices=[*STEPS])
    parser.add_argument('--variants', nargs='*', default=['present'], choices=[*VARIANTS])
    parser.add_argument('--seeds', type=int, nargs='+', default=range(5), help='which (default: 0 1 2 3 4)')
    parser.add_argument('--steps', type=int, help='in place of those of the task')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='runs side by side, a core each')
    arguments = parser.parse_args()

    data = helper.open_dataset(arguments.kind, arguments.data_dir)  # here, once, what all runs read: prepared images,
    if arguments.kind == 'mnist':  # and what the reader has learned
        digit_scores.Reader(data.images, data.labels, arguments.data_dir)
    due = [(arguments.kind, variant, seed) for seed in arguments.seeds for variant in arguments.variants]
    run, names = partial(train, arguments.steps or STEPS[arguments.kind]), ('kind', 'variant', 'seed')
    results = side_by_side(run, names, due, arguments.data_dir, arguments.jobs, RESULTS)
    for kind in STEPS:
        for when in ('half', 'end'):
            show_table(results, kind, when)


if __name__ == '__main__':
    main()
