"""Print the table of all cases: `python -m tests.solutions [--all] [words of a name ...]`."""

import contextlib
import io
import sys
import time

from problem_unittests import FUNCTIONS

from . import judge
from .table import CASES


def row(case, all_functions):
    """(as expected, what to print) for a case."""
    names = FUNCTIONS if all_functions or not case.fails else (case.fails,)
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        verdicts = judge(case, names)
    failed = {name: message for name, message in verdicts.items() if message}
    expected = {case.fails, *case.spoils} & set(names)
    good = set(failed) == expected and case.phrase in failed.get(case.fails, '')
    mark = (
        ('ok  ' if good else 'BAD ')
        + ('wrong ' if case.fails else 'right ')
        + ('classic' if case.classic else '-------')
    )
    lines = [f'{mark} {case.name} ({time.perf_counter() - start:.1f} s)']
    for message in failed.values():
        lines.append('      ' + message.splitlines()[0])
        if not good:
            lines += ['      ' + line for line in message.splitlines()[1:]]
            lines.append(f'      expected: {sorted(expected)}, {case.phrase!r}')
    if not failed and not good:
        lines.append(f'      passes; expected to fail: {case.fails}, {case.phrase!r}')
    return good, '\n'.join(lines)


def main(arguments):
    all_functions = '--all' in arguments
    words = [word for word in arguments if word != '--all']
    cases = [case for case in CASES if all(word in f'{case.fails} {case.name}' for word in words)]
    as_expected = 0
    for case in cases:
        good, text = row(case, all_functions)
        as_expected += good
        print(text, flush=True)
    n_wrong = sum(case.fails is not None for case in cases)
    n_classic = sum(case.classic for case in cases)
    print(
        f'{n_wrong} wrong implementations ({n_classic} classic), {len(cases) - n_wrong} right variants; '
        f'{as_expected} of {len(cases)} judged as expected'
    )
    return as_expected != len(cases)


sys.exit(main(sys.argv[1:]))
