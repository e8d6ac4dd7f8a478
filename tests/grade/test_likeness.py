"""Notebooks that are alike, though neither like the lesson nor like the class."""

import ast
import random
from itertools import pairwise

import pytest

from lesson.grade import likeness
from problem_unittests import FUNCTIONS
from tests.contract.solutions import definitions, sources_of
from tests.contract.solutions.table import CASES

KEYWORDS = {
    **{'conv2d': 'x filters name', 'conv2d_transpose': 'x size filters name', 'dense': 'x units name'},
    **{'placeholder': 'dtype shape name', 'reshape': 'tensor shape', 'leaky_relu': 'features', 'minimize': 'loss'},
    **{'model_opt': 'd_loss g_loss learning_rate beta1', 'discriminator': 'images reuse', 'batch_norm': 'x name'},
}


def names(node, kind):
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, kind)}


def bodies(tree):
    return [node.body for node in ast.walk(tree) if isinstance(getattr(node, 'body', None), list)]


def renamed(tree):
    new = {name: f'my_{i}' for i, name in enumerate(sorted(names(tree, ast.Store)))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = new.get(node.id, node.id)


def reordered(tree):
    for body in bodies(tree):
        for i, (one, other) in enumerate(pairwise(body)):
            stored, others = names(one, ast.Store), names(other, ast.Store)
            free = not stored & (others | names(other, ast.Load)) and not others & names(one, ast.Load)
            if free and isinstance(one, ast.Assign) and isinstance(other, ast.Assign) and body[i] is one:
                body[i : i + 2] = other, one


def recommented(tree):
    for function in tree.body[:1]:
        del function.body[: ast.get_docstring(function) is not None]
        function.body.insert(0, ast.parse('"""All my own work.\n\nI explain it at length."""').body[0])


def split(tree):
    for body in bodies(tree):
        for statement in [each for each in body if isinstance(each, (ast.Assign, ast.Return))]:
            for i, part in enumerate(getattr(statement.value, 'args', ())):
                if isinstance(part, (ast.Call, ast.BinOp, ast.Constant)):
                    name = f'part_{statement.lineno}_{i}'
                    body.insert(body.index(statement), ast.Assign([ast.Name(name, ast.Store())], part))
                    statement.value.args[i] = ast.Name(name, ast.Load())


def keywords_and_idle_lines(tree):
    for call in (each for each in ast.walk(tree) if isinstance(each, ast.Call)):
        order = KEYWORDS.get(ast.unparse(call.func).split('.')[-1], '').split()
        if len(call.args) <= len(order) and not any(isinstance(each, ast.Starred) for each in call.args):
            new = [ast.keyword(name, each) for name, each in zip(order, call.args, strict=False)]
            call.args, call.keywords = [], call.keywords + new
    for body in bodies(tree):
        body[:0] = ast.parse('pass\nspare = None\nassert True\nprint("here")').body


KINDS = (renamed, reordered, recommented, split, keywords_and_idle_lines)


def disguised(source, *kinds):
    """A function that does the same and looks different."""
    tree = ast.parse(source)
    for kind in kinds:
        kind(tree)
    return ast.unparse(ast.fix_missing_locations(tree))


@pytest.fixture(scope='module')
def right():
    """{name: the sources of a right variant}."""
    return {case.name: [*sources_of(case).values()] for case in CASES if not case.fault}


def twenty(seed=0):
    """Twenty learners, each of whom differs from the lesson in each function, and from all others."""
    given, own = definitions(), {}
    for name in FUNCTIONS:
        texts = sorted({sources_of(case)[name] for case in CASES} - {given[name]})
        own[name] = random.Random(seed).sample(texts, 20)
    return {f'learner {i}': [own[name][i] for name in FUNCTIONS] for i in range(20)}


def test_no_two_right_variants_are_alike(right):
    found, next_alike = likeness.pairs(right)
    assert found == [] and next_alike < 0.1


@pytest.mark.parametrize('seed', range(10))
def test_copies_in_disguise_are_found_and_nothing_else(right, seed):
    originals, copies = twenty(seed), {}
    for i, (name, functions) in enumerate(originals.items()):
        kinds = KINDS if seed % 2 else KINDS[i % 5 :][:1]  # all at once, or one for each
        copies[f'{name} again'] = [disguised(each, *kinds) for each in functions]
        assert copies[f'{name} again'] != [ast.unparse(ast.parse(each)) for each in functions]
    found, next_alike = likeness.pairs(right | originals | copies)
    assert {frozenset(pair) for _, *pair in found} <= {frozenset((name, f'{name} again')) for name in originals}
    assert len(found) >= 18
    assert min(found)[0] > 0.8 and next_alike < 0.3, 'the threshold, 0.6, has a margin on both sides'


def test_what_is_given_or_common_does_not_count():
    originals = twenty()
    functions = originals['learner 0']
    assert likeness.pairs({name: functions for name in 'abcde'} | originals)[0] == [], 'five are the usual'
    assert likeness.pairs({name: [*definitions().values()] for name in 'ab'} | originals)[0] == []
    assert likeness.pairs({name: functions for name in 'ab'})[0] == [(1, 'a', 'b')]


def test_what_cannot_be_read_is_like_nothing_and_ends_nothing(tmp_path):
    (tmp_path / 'broken.ipynb').write_text('{')
    odd = {'path': tmp_path / 'broken.ipynb', 'none': tmp_path / 'none.ipynb'}
    odd |= {
        'syntax': ['def train(:'],
        'deep': ['def train(x):\n    return ' + '-' * 5000 + 'x'],
        'magic': ['%%bash\nls -l'],
    }
    functions = twenty()['learner 1']
    assert likeness.pairs(odd | {'a': functions, 'b': ['%matplotlib inline\n!ls', *functions]})[0] == [(1, 'a', 'b')]
