"""Random edits of right solutions, as a beginner makes them: `python -m tests.contract.fuzz 2000` judges this many.

Prints what an edit led to for each that was not judged in the form of a message, or not within ten seconds.
"""

import ast
import random
import re
import sys
import time

from lesson.session import tf  # noqa: F401  (loads TensorFlow quietly, so it comes first)

# isort: split
from problem_unittests import FUNCTIONS, judge
from tests.contract.solutions import changed, definitions, functions_of

SECONDS = 10
NAMES = ('x', 'z', 'h', 'images', 'logits', 'fake', 'd_loss', 'g_loss', 'tf', 'None', '...')


def edits(tree, lines, rng):
    """All that can be done to a function's lines: functions that return new lines."""
    nodes = [node for node in ast.walk(tree) if hasattr(node, 'lineno') and node.lineno > 1]

    def replaced(node, text):
        if node.lineno != node.end_lineno:
            return lines
        line = lines[node.lineno - 1]
        new = line[: node.col_offset] + text + line[node.end_col_offset :]
        return [*lines[: node.lineno - 1], new, *lines[node.lineno :]]

    names = [node for node in nodes if isinstance(node, ast.Name)]
    own = [node.id for node in names] + list(NAMES)
    for node in names:
        yield lambda node=node: replaced(node, rng.choice(own))
        yield lambda node=node: replaced(node, node.id[:-1] or 'y')
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            yield lambda node=node: replaced(node, rng.choice(['0', '1', '-1', '2', '3', '7', '64', '0.5', 'None']))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield lambda node=node: replaced(node, rng.choice(["'conv1'", "'norm1'", "''", "'generator'"]))
        if isinstance(node, (ast.Call, ast.Tuple, ast.List)):
            parts = node.args if isinstance(node, ast.Call) else node.elts
            for i, part in enumerate(parts):
                yield lambda node=node, part=part: replaced(part, 'None')
                if i + 1 < len(parts):
                    pair = part, parts[i + 1]
                    yield lambda pair=pair: replaced_both(pair)
                    yield lambda pair=pair: without(pair)

    def replaced_both(pair):
        first, second = (ast.unparse(part) for part in pair)
        return _between(lines, pair[0], pair[1], f'{second}, {first}')

    def without(pair):
        return _between(lines, pair[0], pair[1], ast.unparse(pair[1]))

    for i in range(1, len(lines)):
        yield lambda i=i: lines[:i] + lines[i + 1 :]
        yield lambda i=i: [*lines[:i], lines[i], *lines[i:]]
        if i + 1 < len(lines):
            yield lambda i=i: [*lines[:i], lines[i + 1], lines[i], *lines[i + 2 :]]


def _between(lines, first, second, text):
    if first.lineno != second.end_lineno:
        return lines
    line = lines[first.lineno - 1]
    return [
        *lines[: first.lineno - 1],
        line[: first.col_offset] + text + line[second.end_col_offset :],
        *lines[first.lineno :],
    ]


def mutant(seed):
    """(name of a function, its source with one to three edits), which Python can read."""
    rng = random.Random(seed)
    name = rng.choice(FUNCTIONS)
    source = definitions()[name]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        for _ in range(50):
            new = '\n'.join(rng.choice([*edits(ast.parse(source), source.splitlines(), rng)])())
            try:
                compile(new, 'mutant', 'exec')
            except (SyntaxError, ValueError):
                continue
            if new != source:
                source = new
                break
    return name, source


def problem(seed):
    """What is wrong with the verdict about a mutant: a text, or ''."""
    name, source = mutant(seed)
    start = time.perf_counter()
    try:
        function = functions_of(changed({f'def {name}': source}))[name]
        faults, hints = judge(name, function)
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    took = time.perf_counter() - start
    if took > SECONDS:
        return f'{took:.0f} s'
    for fault, text in (faults | hints).items():
        if re.search(r'\{\w*\}|\|\|', re.sub(r'(?s)\n  in .*', '', text)) or len(text.splitlines()[0]) > 400:
            return f'{fault}: {text}'
    return ''


def main(count):
    for seed in range(count):
        if text := problem(seed):
            name, source = mutant(seed)
            print(f'{seed} {name}: {text}\n{source}\n', flush=True)
    print(f'{count} edits')


if __name__ == '__main__':
    main(int(sys.argv[1]))
