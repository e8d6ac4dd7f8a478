"""Print the table of all cases: `python -m tests.contract.solutions [--all] [words of a name ...]`."""

import sys
import time

from problem_unittests import FUNCTIONS

from . import as_expected, judge
from .table import CASES


def row(case, all_functions):
    """(as expected, what to print) for a case."""
    names = FUNCTIONS if all_functions or not case.fault else (case.fails,)
    start = time.perf_counter()
    verdicts = judge(case, names)
    good, problem = as_expected(case, verdicts)
    kind = ('wrong ' if case.fault else 'right ') + ('classic' if case.classic else '-------')
    lines = [f'{"ok  " if good else "BAD "}{kind} {case.name} ({time.perf_counter() - start:.1f} s)']
    for faults, hints in verdicts.values():
        lines += [f'      {fault}: {text.splitlines()[0]}' for fault, text in (faults | hints).items()]
    return good, '\n'.join([*lines, *problem])


def main(arguments):
    all_functions = '--all' in arguments
    words = [word for word in arguments if word != '--all']
    cases = [case for case in CASES if all(word in f'{case.fault} {case.name}' for word in words)]
    right = 0
    for case in cases:
        good, text = row(case, all_functions)
        right += good
        print(text, flush=True)
    n_wrong = sum(case.fault is not None for case in cases)
    n_classic = sum(case.classic for case in cases)
    print(
        f'{n_wrong} wrong implementations ({n_classic} classic), {len(cases) - n_wrong} right variants; '
        f'{right} of {len(cases)} judged as expected'
    )
    return right != len(cases)


sys.exit(main(sys.argv[1:]))
