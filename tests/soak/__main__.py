"""Downloads, preparations and trainings killed at random moments, and their files damaged: what was lost, in one table.

    python -m tests.soak [--share 0.1]      a tenth of everything; all of it takes about half an hour

Ends with status 1 if anything went wrong.
"""

import argparse
import sys
from itertools import chain


def main():
    # Not above: the processes that download import this file, and would each load TensorFlow.
    from tests.soak import download, prepare, training

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--share', type=float, default=1.0, help='of the kills and mutants (default: 1.0)')
    share = parser.parse_args().share

    print(f'{"fault":40}{"times":>6}{"wrong":>6}  outcome')
    number = bad = 0
    for fault, times, wrong, outcome in chain(
        download.rows(max(1, round(20 * share))),
        prepare.rows(round(100 * share), round(700 * share)),
        training.rows(round(70 * share), round(200 * share)),
    ):
        print(f'{fault:40}{times:6}{wrong:6}  {outcome}', flush=True)
        number, bad = number + times, bad + wrong
    print(f'{"all":40}{number:6}{bad:6}')
    return bad > 0


if __name__ == '__main__':
    sys.exit(main())
