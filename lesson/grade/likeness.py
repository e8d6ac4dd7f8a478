"""Pairs of notebooks whose six functions are alike, though they are neither like the lesson nor like the class.

Six short functions resemble each other by nature. So what is compared is not their text, but which operation takes
what from which, and of that only what neither the lesson's own solution contains nor many others in the class. Names,
order, comments, layout, keywords and temporary variables do not count.
"""

import ast
import re
from collections import Counter, defaultdict
from contextlib import suppress
from itertools import combinations
from math import log
from pathlib import Path

from lesson.notebook.cells import sources
from lesson.notebook.definitions import FUNCTIONS

LESSON = Path(__file__).parents[2] / 'dlnd_face_generation.ipynb'
ALIKE = 0.6  # of what is their own in two notebooks
AT_LEAST = 3  # functions in which they share something of their own: in fewer, it may be chance


class _Flow(ast.NodeVisitor):
    """takes: how often an operation takes something from another one, {(operation, what it takes): times}."""

    def __init__(self, function):
        arguments = (each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg))
        self.takes, self.values = Counter(), {name: f'argument {n}' for n, name in enumerate(arguments)}
        for statement in function.body:
            self.visit(statement)

    def visit(self, node):
        """Note what a node takes. Returns what its value comes from; names stand for what they were given."""
        match node:
            case ast.Assert() | ast.Expr(ast.Constant() | ast.Call(ast.Name('print'))):  # nothing comes of it
                return ''
            case ast.Constant(value):
                return repr(value)
            case ast.Name(name):
                return self.values.get(name, name)
            case ast.Attribute(value, name):
                return f'{self.visit(value)}.{name}'
            case ast.Starred(value) | ast.Expr(value) | ast.keyword(_, value):
                return self.visit(value)
            case ast.AugAssign(target, operation, value):
                return self.bind([target], self.visit(ast.BinOp(target, operation, value)))
            case ast.Assign(targets, value):
                return self.bind(targets, self.visit(value))
            case ast.AnnAssign(target, _, ast.expr() as value) | ast.NamedExpr(target, value):
                return self.bind([target], self.visit(value))
            case ast.withitem(source, ast.expr() as target):
                return self.bind([target], self.visit(source))
            case ast.For(target, source) | ast.comprehension(target, source):
                self.bind([target], f'each of {self.visit(source)}')
        label = self.visit(node.func) if isinstance(node, ast.Call) else type(getattr(node, 'op', node)).__name__
        children = [each for each in ast.iter_child_nodes(node) if each is not getattr(node, 'func', None)]
        for each in sorted(children, key=lambda each: not isinstance(each, ast.comprehension)):  # which bind names
            source = self.visit(each)
            if isinstance(each, (ast.expr, ast.keyword, ast.comprehension, ast.withitem)):
                self.takes[label, source] += 1
        return label

    def bind(self, targets, label):
        names = (each for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))
        self.values |= {each.id: label for each in names if isinstance(each.ctx, ast.Store)}
        return label


def features(cells) -> Counter:
    """{(function, operation, what it takes): times} of the six functions, as the last of some cells define them."""
    found, defines = {}, re.compile(rf'^def (?:{"|".join(FUNCTIONS)})\b', re.M)
    for source in filter(defines.search, cells):
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            body = ast.parse(re.sub(r'^([ \t]*)[%!].*', r'\1pass', source, flags=re.M)).body  # without magics
            found |= {each.name: _Flow(each).takes for each in body if getattr(each, 'name', '') in FUNCTIONS}
    return Counter({(name, *each): n for name, takes in found.items() for each, n in takes.items()})


def pairs(notebooks: dict) -> tuple[list, float]:
    """([(how alike, a name, another)], the most alike first; how alike the next pair is).

    notebooks: {name: path, or sources of cells}, none of which is executed; what cannot be read is like nothing.
    """
    usual, own, having = features(sources(LESSON)), {}, defaultdict(list)
    for name, each in notebooks.items():
        with suppress(OSError, ValueError):
            own[name] = features(sources(each) if isinstance(each, Path) else each) - usual
            for function in {function for function, *_ in own[name]}:  # pieces may be common that rarely come together
                own[name][function, frozenset(each for each in own[name].items() if each[0][0] == function)] = 1
            for feature in own[name]:
                having[feature].append(name)
    few = max(2, min(4, len(own) // 3), len(own) // 50)  # what more than these have is the class's usual, too
    weight = {each: log((len(own) + 1) / len(names)) for each, names in having.items() if len(names) <= few}
    found, others = [], [0.0]

    def weigh(counts):
        return sum(n * weight.get(each, 0) for each, n in counts.items())

    for a, b in {pair for each in weight for pair in combinations(having[each], 2)}:
        shared = own[a] & own[b]
        if len({function for function, *_ in shared.keys() & weight.keys()}) >= AT_LEAST:
            alike = weigh(shared) / min(weigh(own[a]), weigh(own[b]))  # of the smaller one: lines may have been added
            found.append((alike, a, b)) if alike >= ALIKE else others.append(alike)
    return sorted(found, key=lambda pair: (-pair[0], *pair[1:])), max(others)
