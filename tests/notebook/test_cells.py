"""Cells as Python, by hand: what they bind and read, and what magics become."""

import ast

import pytest

from lesson.notebook import cells


@pytest.mark.parametrize(
    ('source', 'names'),
    [
        ('a, (b, *c) = x', {'a', 'b', 'c'}),
        ('def f(a): b = a', {'f'}),
        ('import os.path, numpy as np', {'os', 'np'}),
        ('sizes["z"] = 3', {'sizes'}),
        ('layers.append(3)', {'layers'}),
        ('[i for i in x]', set()),
    ],
)
def test_a_statement_binds_its_names_and_what_it_changes(source, names):
    (node,) = ast.parse(source).body
    assert cells.binds(node) == names


def test_a_function_reads_the_globals_of_its_body_and_of_what_is_inside():
    assert cells.reads(compile('def f(a):\n    return [g(b, a) for b in h]', '', 'exec')) == {'g', 'h'}


@pytest.mark.parametrize(
    ('source', 'python'),
    [('%time x = f(1)', 'x = f(1)'), ('%%capture\nx = 1', '\nx = 1'), ('%%bash\nrm -r x', ''), ('x = 1\n', 'x = 1\n')],
)
def test_a_magic_leaves_the_python_at_its_line(source, python):
    assert cells.without_magics(source).strip('\n') == python.strip('\n')
    if python.startswith('\n'):
        assert cells.without_magics(source).splitlines().index('x = 1') == 1
