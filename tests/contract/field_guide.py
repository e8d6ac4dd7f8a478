"""The field guide: twenty faults that learners make, each trained, shown above what is right.

    python -m tests.contract.field_guide [--data-dir DIR] [--steps 300] [--output docs]

writes field_guide.md and the pictures in field_guide/. What is wrong is taken from solutions/, beside this file. It
trains on synthetic digits, with --data-dir on the MNIST in that folder. No real image is shown. The same command gives
the same page on the same machine. What was trained is kept in build/field_guide/, so that a new wording, or a run
after an interruption, does not train it again.
"""

import argparse
import sys
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

import helper
from lesson.files import whole_file
from lesson.train.compare import comparison
from tests.contract.field_guide_entries import ENTRIES
from tests.contract.solutions import changed, functions_of, judge, sources_of, used_by
from tests.contract.solutions.table import CASES
from tests.contract.solutions.train import PLAIN

ROOT = Path(__file__).parents[2]
BATCH, Z_DIM, RATE, BETA1 = 32, 100, 0.001, 0.0  # the notebook's
ROWS, COLUMNS = 3, 6  # the last rows that a run shows; images in each
LAST = 50  # steps over which losses are averaged
VERSION = 1  # of what is kept
INTRODUCTION = """\
# Field guide: what went wrong?

A GAN that is built wrong raises no error. It trains, but its images are worse than they should be. This page shows
twenty faults, and says of six how many of 110 solutions from the original course had them. Each picture shows a fault
after {steps} steps, above a correct run of that length.

**How to read the pictures.** On the left, generated images: a row every 100 steps, from the same noise each time. The
last row repeats the row above, but each image is generated **on its own**: when all is right, the two are the same. On
the right, the losses of each step.

**What was trained.** The notebook's functions with one of them changed, on {title}, in batches of {batch}. All images
on this page are generated. The training loop is the plain one: it shows the generator as it is, without averaging its
weights and recalibrating batch norm, which would hide some of the faults. `make guide` makes this page.

**Healthy or not?** Some of these faults look healthy. That is the trap: below each picture is what the function's test
says.

"""


class Trained(NamedTuple):
    losses: np.ndarray  # [steps, 2]
    rows: np.ndarray  # [rows, columns, 28, 28, 1] in [-1, 1]
    spread: np.ndarray  # []: standard deviation over images of the same pixel, mean over pixels
    operations: np.ndarray  # [times]: how many the graph has, whenever images are shown


def case_of(entry):
    """The wrong implementation of an entry. Raises ValueError when tests/contract/solutions has none, or several."""
    found = [case for case in CASES if (case.fault, case.name) == (entry.fault, entry.case)]
    if len(found) != 1:
        raise ValueError(f'tests/contract/solutions has {len(found)} cases {entry.fault}: {entry.case}')
    return found[0]


def trained_once(case, data, steps, folder):
    """The Trained of a case, from a file in the folder if that is of the same functions, data and steps."""
    case = case._replace(changes={'def train': PLAIN} | case.changes)
    images = np.ascontiguousarray(data.images[: steps * BATCH])
    everything = repr([used_by(['train'], sources_of(case)), steps, VERSION]).encode()
    file = folder / f'{zlib.crc32(everything):08x}{zlib.crc32(images):08x}.npz'
    if file.exists():
        with np.load(file) as kept:
            return Trained(**kept)
    trained = train(case, data, steps)
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(file) as target:
        np.savez(target, **trained._asdict())
    return trained


def train(case, data, steps):
    """Train the functions of a case, whose train is like PLAIN, on this many batches of a helper.Dataset of digits."""
    scope = functions_of(case)
    shown, operations, show_output = [], [], scope['show_generator_output']

    def show_generator_output(sess, *arguments):
        operations.append(len(sess.graph.get_operations()))
        show_output(sess, *arguments)

    scope['show_generator_output'] = show_generator_output
    scope['show'] = lambda images, *_, **__: shown.append(images)
    few = helper.Dataset(data.images[: steps * BATCH], data.title)
    losses, generate = scope['train'](1, BATCH, Z_DIM, RATE, BETA1, few.get_batches, few.shape, few.image_mode)
    z = scope['sample_z'](np.random.default_rng(0), COLUMNS, Z_DIM)
    shown.append(np.concatenate([generate(z[i : i + 1]) for i in range(COLUMNS)]))
    spread = generate(scope['sample_z'](np.random.default_rng(1), 200, Z_DIM)).std(0).mean()
    return Trained(losses, np.stack(shown[-ROWS - 1 :]), spread, np.array(operations))


def picture(wrong, healthy):
    """The comparison of two runs, as PNG bytes."""
    runs = {'wrong': wrong, 'right': healthy}
    return comparison(
        {
            title: (each.losses, helper.images_square_grid(np.concatenate(each.rows), 'L', columns=COLUMNS))
            for title, each in runs.items()
        }
    ).data


def numbers(trained):
    """The means that stand in the tables: d_loss, g_loss, spread."""
    d_loss, g_loss = trained.losses[-LAST:].mean(0)
    return f'{d_loss:.2f} | {g_loss:.2f} | {trained.spread:.2f}'


def section(number, entry, trained, file):
    """The text of an entry, with the message of the test."""
    faults, _ = judge(case_of(entry), [case_of(entry).fails])[case_of(entry).fails]
    often = f' Found in {entry.often} of 110 solutions from the original course.' if entry.often else ''
    count = _growth(trained.operations) if entry.fault == 'train.graph_grows' and len(trained.operations) else ''
    return f"""\
## {number}. {entry.title}

![{entry.title}: generated images and losses, wrong above right]({file})

**How to see it.** {entry.how}{count}{often}

```text
{case_of(entry).fails}: {faults[entry.fault]}
```

"""


def _growth(operations):
    return f' Here it had {operations[0]:,} when images were shown first, and {operations[-1]:,} at the end.'


def overview(healthy, trained):
    """The table of all entries."""
    lines = [
        '| | visible in | d_loss | g_loss | spread of the images |',
        '|---|---|---|---|---|',
        f'| *all is right* | | {numbers(healthy)} |',
    ]
    for number, (entry, each) in enumerate(zip(ENTRIES, trained, strict=True), 1):
        anchor = ''.join(c for c in f'{number}. {entry.title}'.lower().replace(' ', '-') if c.isalnum() or c in '-_')
        lines.append(f'| {number}. [{entry.title}](#{anchor}) | {entry.seen} | {numbers(each)} |')
    note = f'Losses are means over the last {LAST} steps. The spread is how much a pixel differs between images.'
    return '\n'.join([*lines, '', f'{note}\n\n'])


def write(folder, data, steps, kept=ROOT / 'build' / 'field_guide'):
    """Train all entries and write the page and its pictures into a folder. data: a helper.Dataset of digits."""
    (folder / 'field_guide').mkdir(parents=True, exist_ok=True)
    healthy, trained, sections = trained_once(changed({}), data, steps, kept), [], []
    for number, entry in enumerate(ENTRIES, 1):
        print(f'{number}. {entry.title}', flush=True)
        trained.append(trained_once(case_of(entry), data, steps, kept))
        file = f'field_guide/{number:02}-{entry.fault}.png'
        with whole_file(folder / file) as target:
            target.write(picture(trained[-1], healthy))
        sections.append(section(number, entry, trained[-1], file))
    text = INTRODUCTION.format(steps=steps, title=data.title, batch=BATCH) + overview(healthy, trained)
    with whole_file(folder / 'field_guide.md') as target:
        target.write((text + ''.join(sections).rstrip() + '\n').encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', help='where MNIST lies (default: train on synthetic digits)')
    parser.add_argument('--steps', type=int, default=300, help='of each run (default: 300)')
    parser.add_argument('--output', type=Path, default=ROOT / 'docs', help='a folder (default: docs)')
    arguments = parser.parse_args()
    source = 'local' if arguments.data_dir else 'synthetic'
    data = helper.open_dataset('mnist', arguments.data_dir or ROOT / 'data', source)
    if not 1 <= arguments.steps <= len(data.images) // BATCH:
        sys.exit(f'--steps is {arguments.steps}: choose 1 to {len(data.images) // BATCH}')
    write(arguments.output, data, arguments.steps)


if __name__ == '__main__':
    main()
