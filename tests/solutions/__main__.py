"""Print the table of all cases: `python -m tests.solutions [--all] [words of a name ...]`."""

import sys
import time

from problem_unittests import FUNCTIONS

from . import judge
from .table import CASES


def row(case, all_functions):
    """(as expected, what to print) for a case."""
    names = FUNCTIONS if all_functions or not case.fault else (case.fails,)
    start = time.perf_counter()
    failed = {name: faults for name, (faults, _) in judge(case, names).items() if faults}
    expected = {case.fails, *case.spoils} & set(names)
    first = next(iter(failed.get(case.fails, ())), None)
    good = set(failed) == expected and first == case.fault and case.says in failed.get(case.fails, {}).get(first, '')
    kind = ('wrong ' if case.fault else 'right ') + ('classic' if case.classic else '-------')
    lines = [f'{"ok  " if good else "BAD "}{kind} {case.name} ({time.perf_counter() - start:.1f} s)']
    for faults in failed.values():
        lines += [f'      {fault}: {text if not good else text.splitlines()[0]}' for fault, text in faults.items()]
    if not good:
        lines.append(f'      expected: {case.fault or "no fault"} {case.says}')
    return good, '\n'.join(lines)


def main(arguments):
    all_functions = '--all' in arguments
    words = [word for word in arguments if word != '--all']
    cases = [case for case in CASES if all(word in f'{case.fault} {case.name}' for word in words)]
    as_expected = 0
    for case in cases:
        good, text = row(case, all_functions)
        as_expected += good
        print(text, flush=True)
    n_wrong = sum(case.fault is not None for case in cases)
    n_classic = sum(case.classic for case in cases)
    print(
        f'{n_wrong} wrong implementations ({n_classic} classic), {len(cases) - n_wrong} right variants; '
        f'{as_expected} of {len(cases)} judged as expected'
    )
    return as_expected != len(cases)


sys.exit(main(sys.argv[1:]))
