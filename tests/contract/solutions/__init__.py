"""Wrong and right implementations of the six functions, as small changes to those in the project's notebook.

`python -m tests.contract.solutions` prints all of them with the verdict of the concerned function's test;
`--all` runs all six tests on each. To add a case, add an entry to the list in its function's file.
"""

import ast
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import nbformat

import lesson.session  # noqa: F401  (loads TensorFlow quietly, so it comes first)

# isort: split
import problem_unittests
from lesson.notebook import definitions as notebooks
from problem_unittests import FUNCTIONS

ROOT = Path(problem_unittests.__file__).parent
NOTEBOOK = ROOT / 'dlnd_face_generation.ipynb'
KERAS = {'TF_USE_LEGACY_KERAS': '1'}  # needs tf_keras; has to be set before TensorFlow is imported
G_HEAD = """def generator(z, out_channel_dim, is_train=True):
    with tf.variable_scope('generator', reuse=not is_train):
"""
D_HEAD = """def discriminator(images, reuse=False):
    with tf.variable_scope('discriminator', reuse=reuse):
"""
D_LAYERS = (
    D_HEAD
    + """        h = tf.layers.conv2d(images, 16, 5, strides=2, padding='same')
        h = tf.maximum(0.2 * h, h)
        h = tf.layers.conv2d(h, 32, 5, strides=2, padding='same')
        h = tf.layers.batch_normalization(h, training=True)
        h = tf.maximum(0.2 * h, h)
        logits = tf.layers.dense(tf.reshape(h, [-1, 7 * 7 * 32]), 1)
        return tf.sigmoid(logits), logits"""
)
G_LAYERS = (
    G_HEAD
    + """        h = tf.reshape(tf.layers.dense(z, 7 * 7 * 64), [-1, 7, 7, 64])
        h = tf.layers.batch_normalization(h, training=is_train)
        h = tf.maximum(0.2 * h, h)
        h = tf.layers.conv2d_transpose(h, 32, 5, strides=2, padding='same')
        h = tf.layers.batch_normalization(h, training=is_train)
        h = tf.maximum(0.2 * h, h)
        return tf.tanh(tf.layers.conv2d_transpose(h, out_channel_dim, 5, strides=2, padding='same'))"""
)


class Case(NamedTuple):
    fault: str | None  # id of the most serious fault; None: all six tests must pass
    name: str  # what is wrong, or done in a different way
    changes: dict  # {old: new}; old occurs once in the definition `within`. {'def name': new} replaces a definition
    within: str | None = None  # the changed definition; None: all definitions together
    says: str = ''  # numbers or names that the message must contain
    hints: tuple = ()  # ids of the hints of a case without faults
    classic: bool = False  # known from solutions of the original project
    environment: dict | None = None  # not None: runs in a process of its own, with these variables set

    @property
    def fails(self):
        """The function whose test must fail, or None."""
        return self.fault and self.fault.partition('.')[0]

    def __str__(self):
        return f'{self.fault or "right"}: {self.name}'


def changed(changes, **more):
    """A case that `named` gives its name, with more than its changes."""
    return Case(None, '', changes, **more)


def classic(changes, **more):
    return changed(changes, classic=True, **more)


def named(cases):
    """The cases of {'fault: name', or just the name of a right variant: its changes, or what changed() gives}.

    The changes are made within the function that fails, if a case says nothing else.
    """
    for key, value in cases.items():
        fault, name = re.fullmatch(r'(?:(\w+\.\w+): )?(.*)', key).groups()
        new = value if isinstance(value, Case) else changed(value)
        yield new._replace(fault=fault, name=name, within=new.within or (fault and fault.partition('.')[0]))


@functools.cache
def definitions():
    """What the notebook's cells define: {name of a function: source}, and 'imports', all of them.

    In a cell with functions, the numbers beside them are also taken: {name: source}.
    """
    sources = {}
    for text in notebooks.sources(NOTEBOOK):
        if re.search('^(import|from) ', text, re.M):
            sources['imports'] = sources.get('imports', '') + text + '\n'
        cell = ast.parse(text).body
        for statement in cell if any(isinstance(each, ast.FunctionDef) for each in cell) else ():
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
                sources[statement.targets[0].id] = ast.unparse(statement)
            elif isinstance(statement, ast.FunctionDef) and statement.name not in sources:  # the one that train sees
                sources[statement.name] = '\n'.join(text.splitlines()[statement.lineno - 1 : statement.end_lineno])
    return sources


def sources_of(case):
    """The definitions with the changes of a case made. Raises ValueError when a change does not fit."""
    sources = dict(definitions())
    for old, new in case.changes.items():
        whole = re.fullmatch(r'def (\w+)|imports', old)
        if whole:
            name = whole[1] or old
            if name not in sources:
                raise ValueError(f'{case.name}: the notebook has no {old}')
            sources[name] = new
            continue
        places = [name for name, source in sources.items() if old in source and case.within in (None, name)]
        if len(places) != 1 or sources[places[0]].count(old) != 1:
            raise ValueError(f'{case.name}: {old!r} has to occur once, and occurs in {places or "no definition"}')
        sources[places[0]] = sources[places[0]].replace(old, new)
    return sources


def write_notebook(path, sources):
    """A notebook with these code cells."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def functions_of(case):
    """The six functions of a case, as a notebook with the changed definitions gives them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'solution.ipynb'
        write_notebook(path, sources_of(case).values())
        return notebooks.definitions(path)


def judge(case, names=FUNCTIONS):
    """Run the tests of the functions with these names: {name: (faults, hints)}, each {id: text}."""
    if case.environment is not None and not os.environ.get('SOLUTION'):
        return _judge_alone(case, names)
    scope = functions_of(case)
    return {name: problem_unittests.judge(name, scope[name]) for name in names}


def _judge_alone(case, names):
    code = (
        'import json, sys; from tests.contract.solutions import judge, table;'
        'case = next(c for c in table.CASES if [str(c.fault), c.name] == sys.argv[1:3]);'
        "print('\\n' + json.dumps(judge(case, sys.argv[3:])))"
    )
    environment = {**os.environ, **case.environment, 'SOLUTION': case.name, 'PYTHONPATH': str(ROOT)}
    command = [sys.executable, '-c', code, str(case.fault), case.name, *names]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT)
    if result.returncode:
        raise RuntimeError(result.stderr)
    return json.loads(result.stdout.splitlines()[-1])


def used_by(names, sources):
    """Those of some definitions' sources, {name: source}, that the ones with these names use, and their own."""
    found, names = {}, [*names]
    while names:
        name = names.pop()
        if name in sources and name not in found:
            found[name] = sources[name]
            names += re.findall(r'\w+', sources[name])
    return found


def concerned(case):
    """The functions whose tests a case may change: those that are changed themselves, or through a building block."""
    before, after = definitions(), sources_of(case)
    new = {name for name in after if before.get(name) != after[name]}
    if 'imports' in new or not new:
        return FUNCTIONS
    blocks = {name: source for name, source in after.items() if name not in FUNCTIONS}
    names = {name for name in FUNCTIONS if new & used_by([name], blocks | {name: after[name]}).keys()}
    if names & {'generator', 'model_loss'}:  # train is judged together with them
        names.add('train')
    return tuple(name for name in FUNCTIONS if name in names)


def as_expected(case, verdicts):
    """(whether the verdicts of some functions are those of the case, what is different: lines)."""
    failed = {name: faults for name, (faults, _) in verdicts.items() if faults}
    first = next(iter(failed.get(case.fails, ())), None)
    says = failed.get(case.fails, {}).get(first, '')
    hints = tuple(hint for _, hints in verdicts.values() for hint in hints) if not case.fault else case.hints
    good = (
        set(failed) == {case.fails} & set(verdicts)
        and first == case.fault
        and case.says in says
        and hints == case.hints
    )
    return good, () if good else (f'      expected: {case.fault or "no fault"} {case.says} {case.hints}', says)
