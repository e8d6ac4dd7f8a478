"""What is taken out of a notebook: all that Jupyter would define, and nothing that a notebook does."""

import json
import sys

import nbformat
import pytest

from lesson.notebook import definitions as notebooks
from tests.notebook.conftest import verdict

RIGHT = """def model_inputs(image_width, image_height, image_channels, z_dim):
    real = tf.placeholder(tf.float32, [None, image_width, image_height, image_channels])
    return real, tf.placeholder(tf.float32, [None, z_dim]), tf.placeholder(tf.float32, [])"""
IMPORT = 'import tensorflow.compat.v1 as tf'


# ---------------------------------------------------------------- what is executed, and what is not


def test_nothing_that_loads_prints_or_trains_is_executed(define, tmp_path):
    scope = define(
        '%matplotlib inline\nimport numpy as np\n!touch touched\nsize = np.prod([2, 3])',
        "open('touched', 'w')\nfor i in range(3):\n    open('touched', 'w')",
        "data = open('touched', 'w')\nwith open('touched', 'w') as f:\n    pass",
        '%%bash\ntouch touched',
        "def train(*args):\n    open('touched', 'w')\nlosses = train(1)\ntrain(2)",
        '%%time\ndef generator(z):\n    return size',
    )
    assert not list(tmp_path.glob('touched'))
    assert scope['generator'](None) == 6
    assert callable(scope['train'])
    assert 'losses' not in scope and 'data' not in scope


ACTS = {
    'by its own name': "x = open('touched', 'w')",
    'by a function of the notebook': 'x = fit()',
    'by a method that a constructor calls': 'x = Eager()',
    'by a module': "import subprocess\nx = subprocess.check_call(['touch', 'touched'])",
    'by a module under another name': "from shutil import copyfile as cp\nx = cp(__file__, 'touched')",
    'by a shell line': 'x = !touch touched',
    'by a function that is given to another': 'x = list(map(fit, [1]))',
    'in a branch of a loop': 'for i in range(3):\n    if True:\n        x = fit()',
    'by a session': 'import tensorflow.compat.v1 as tf\nx = tf.Session().run(tf.constant(7))',
    'by a connection': 'import socket\nx = socket.create_connection(("127.0.0.1", 9))',
    'in a with statement': "with open('touched', 'w') as x:\n    pass",
    'in a default': "def x(y=open('touched', 'w')):\n    pass",
    'in a decorator': '@prepare()\ndef x():\n    pass',
    'by a lambda': "make = lambda: open('touched', 'w')\nx = make()",
    'by a function with a harmless name': 'x = prepare()',
}


@pytest.mark.parametrize('source', ACTS.values(), ids=ACTS)
def test_a_value_that_comes_from_loading_or_training_is_not_computed_even_if_it_is_needed(define, tmp_path, source):
    (tmp_path / 'solution.ipynb').touch()
    scope = define(
        "def fit(*_):\n    open('touched', 'w')\n    return 1",
        'def prepare():\n    def inner():\n        return fit()\n    return inner()',
        'class Eager:\n    def __init__(self):\n        self.go()\n    def go(self):\n        fit()',
        source,
        'def train(*arguments):\n    return x',
    )
    assert not (tmp_path / 'touched').exists()
    _, text = verdict(scope, 'train')
    assert 'x is not defined: "' in text and 'solution.ipynb, cell 4' in text


COMPUTED = {
    'an object of a class of the notebook': 'class Config:\n    size = 7\nconfig = Config()\nx = config.size',
    'a data class': (
        'from dataclasses import dataclass\n@dataclass\nclass Config:\n    size: "int" = 7\nconfig = Config()\n'
        'x = config.size'
    ),
    'a function defined in a later cell': 'def later():\n    return 7\nx = later()',
    'a dictionary filled afterwards': "sizes = {}\nsizes['x'] = 7\nx = sizes['x']",
    'attributes set afterwards': 'class C: pass\nc = C()\nc.size = 7\nx = c.size',
    'a list filled in a loop': 'filters = []\nfor i in range(8):\n    filters.append(i)\nx = filters[-1]',
    'a count': 'x = 3\nx += 4',
    'two at once': 'a, x = divmod(15, 8)',
    'a condition': 'if 1 + 1 == 2:\n    x = 7\nelse:\n    x = 8',
    'an import after an attempt to install': (
        'try:\n    import math\nexcept ImportError:\n    !pip install math\n    import math\nx = int(math.pi) + 4'
    ),
    'an import after an attempt to install by a call': (
        'import os\ntry:\n    import math\nexcept ImportError:\n    os.system("pip install math")\nx = int(math.pi) + 4'
    ),
    'all names of a module': 'from math import *\nx = int(pi) + 4',
    'a name of the typing kind, printed on the way': 'x: int = int("7")\nprint(x)',
    'magics in a function': 'def f():\n    %matplotlib inline\n    !mkdir x\n    return 7\nx = f()',
    'a function made by another': 'import functools\nx = functools.partial(int, "7")()',
    'a walrus': 'y = (x := 7)',
    'what is read from a file beside': 'import json\nx = len(json.load(open("solution.ipynb"))["cells"]) + 4',
    'a value before a training run': 'with tf.Graph().as_default():\n    x = 7\n    tf.Session().run(tf.constant(0))',
    'an import that writes': 'import writes_when_imported_in_this_test\nx = 7',
}


CELLS = {
    'a line in brackets that begins with a percent sign': 'name = 3\nx = ("%d"\n% name)\nx = 7',
    'a line in a text that begins with a mark': 'x = """\n%matplotlib inline\n!touch touched\n%%time"""\nx = 7',
    'two names for what a shell line prints': 'a, b = !echo 1\nx = 7',
    'a shell line in square brackets': 'x = 7\nfiles = !ls -l',
    'a shell line continued': '!pip install -q \\\n    tqdm \\\n    requests\nx = 7',
    'a magic continued': '%config InlineBackend.figure_format = \\\n    "retina"\nx = 7',
    'a shell line in an if': 'if False:\n    !pip install tqdm\nx = 7',
    'a magic with a result': 't = %timeit -o pass\nx = 7',
    'help': 'int?\n?int\nint??\nx = 7',
    'a timed and captured cell after an empty line': '\n\n%%capture out\n%%time\nx = 7',
    'a timed line': '%time x = 7',
    'prompts': '>>> x = 7',
    'an indented cell': '    y = 1\n    x = 7',
    'top-level await': 'import asyncio\nawait asyncio.sleep(0)\nx = 7',
}


@pytest.mark.parametrize('source', (COMPUTED | CELLS).values(), ids=COMPUTED | CELLS)
def test_a_value_that_a_function_depends_on_is_computed_as_in_jupyter(define, tmp_path, source):
    (tmp_path / 'writes_when_imported_in_this_test.py').write_text("open('written', 'w').close()")
    scope = define(IMPORT, source, 'def generator(z, y=3):\n    return x')
    assert scope['generator'](None) == 7
    assert not (tmp_path / 'touched').exists()


OWN = {
    'a function': 'def {}(w, test=3):\n    return [w, test]\nx = {}(7)[0]',
    'a method': 'class C:\n    def {}(self, input):\n        return max(input, 7)\nx = C().{}(3)',
    'a part of a function': 'import functools\n{} = functools.partial(max, 7)\nx = {}(3)',
    'a parameter': 'def most({}):\n    return max({}, 3)\nx = most(7)',
}


@pytest.mark.parametrize('source', OWN.values(), ids=OWN)
def test_what_the_notebook_itself_defines_is_not_judged_by_its_name(define, source):
    for name in ('input_shape', 'get_training_hparams', 'plot_style', 'exec_order', 'open', 'load_defaults', 'test'):
        scope = define(source.format(name, name), 'def generator(z):\n    return x')
        assert scope['generator'](None) == 7, name


def test_a_value_that_no_function_depends_on_is_not_computed(define, tmp_path):
    scope = define(
        'def touch_it():\n    global touched\n    touched = True\n    return 1\ntouched = False',
        'losses = touch_it()\nfor i in range(3):\n    losses += touch_it()\nother = [touch_it()]',
        'def train(*arguments):\n    losses = [1]\n    return touched',
    )
    assert scope['train']() is False
    assert 'losses' not in scope and 'other' not in scope


def test_settings_that_later_cells_rely_on_are_made(define, monkeypatch):
    monkeypatch.delenv('LESSON_SETTING', raising=False)
    monkeypatch.setattr(sys, 'path', [*sys.path])
    scope = define(
        "import os\nos.environ['LESSON_SETTING'] = '1'",
        "import os, sys\nsys.path.append('/no/such/folder')",
        "def generator(z):\n    return os.environ['LESSON_SETTING'] + sys.path[-1]",
    )
    assert scope['generator'](None) == '1/no/such/folder'


# ---------------------------------------------------------------- magics and shell lines


@pytest.mark.parametrize('source', ['%%bash\n', '%%writefile x.py\n'])
def test_a_cell_of_a_magic_that_defines_nothing_defines_nothing(define, tmp_path, source):
    scope = define(f'{source}def generator(z):\n    return 7')
    assert verdict(scope, 'generator')[0] == 'generator.missing'
    assert [path.name for path in tmp_path.iterdir()] == ['solution.ipynb']


@pytest.mark.parametrize('before', ['', '!pip install -q \\\n  tqdm\n', '\n%%capture\n%%time\n\n'])
def test_a_message_names_the_right_line(define, before):
    line = before.count('\n') + 3
    scope = define(f'{before}import math\ndef generator(z, channels, is_train=True):\n    return math.no_such_name')
    _, text = verdict(scope, 'generator')
    assert f'in generator, line {line} of solution.ipynb, cell 1: return math.no_such_name' in text


# ---------------------------------------------------------------- what a function sees


SEEN = {
    'what only a later cell defines': (
        ['def generator(z):\n    return size()', 'def size():\n    return base + 1', 'base = 6', 'base = 0']
    ),
    'not what later cells make of it': (
        [
            'all = [7]',
            'def generator(z):\n    return all[0]',
            'import numpy as np\nall = np.array(all) + 1',
            'all = None',
        ]
    ),
    'itself as it is wrapped last': [
        'def generator(z, x=1):\n    return x',
        'import functools\ngenerator = functools.partial(generator, x=7)',
        'for generator in []:\n    pass',
        'generator = undefined(3)\ngenerator = generator(1)\ngenerator = True',
    ],
    'builtins, though a name like theirs was not computed': (
        ["for iter in open('touched', 'w'):\n    max = iter", 'def generator(z):\n    return max(iter([6, 7]))']
    ),
}


@pytest.mark.parametrize('cells', SEEN.values(), ids=SEEN)
def test_a_function_sees(define, cells):
    assert define(*cells)['generator'](None) == 7


def test_each_function_sees_the_names_as_they_were_when_its_cell_was_executed(define):
    scope = define(
        'depth = 64\ndef size():\n    return depth',
        'def discriminator(images):\n    return depth, size()',
        'depth = 128',
        'def generator(z):\n    return depth, size()',
        'depth = "deep"',
    )
    assert scope['discriminator'](None) == (64, 64)
    assert scope['generator'](None) == (128, 128)


def test_the_functions_share_one_namespace_if_nothing_is_defined_twice(define):
    scope = define(
        'def block():\n    return 1', 'def generator(z):\n    return block()', 'def train():\n    return block()'
    )
    scope['block'] = lambda: 7
    assert scope['generator'](None) == scope['train']() == 7


# ---------------------------------------------------------------- what is missing, and why


def test_a_missing_function_a_syntax_error_and_a_failing_definition_are_reported_for_that_function_alone(define):
    scope = define(
        'def discriminator(images:\n    pass',
        'def generator(z, limit=undefined):\n    pass',
        'def model_opt():\n    return 1',
    )
    for name, said in (
        ('discriminator', 'discriminator is not defined: solution.ipynb, cell 1 has a syntax error in line 1: '),
        ('generator', 'cell 2 failed: NameError'),
        ('train', 'train is not defined: no cell of solution.ipynb has a def train'),
    ):
        fault, text = verdict(scope, name)
        assert fault == f'{name}.missing' and said in text
    assert scope['model_opt']() == 1


def test_a_newest_definition_with_a_syntax_error_is_not_passed_over_for_an_older_one(define):
    for broken in (
        'def generator(z):\n    return (7',
        'size = 3\ndef generator(z)\n    return 7',
        'generator = (lambda z:',
    ):
        scope = define('def generator(z):\n    return 7', broken)
        fault, text = verdict(scope, 'generator')
        assert fault == 'generator.missing' and 'cell 2 has a syntax error' in text


SYNTAX = 'cell 2 has a syntax error'
BROKEN = {
    'a block with a syntax error': ('def block(x)\n    return x', f'{SYNTAX} in line 1'),
    'a value in a cell with a syntax error': ('block = len\nif True\n    pass', f'{SYNTAX} in line 2'),
    'a class in a cell with a syntax error': ('class block:\n    x = (', SYNTAX),
    'an import in a cell with a syntax error': ('from math import floor, ceil as block\nx = (', SYNTAX),
    'an error that only the compiler finds': ('def block(x):\n    y = 1\n    global y', f'{SYNTAX} in line 3'),
    'a value that fails': (
        'block = int("seven")',
        '"block = int(\'seven\')" in solution.ipynb, cell 2 failed: ValueErr',
    ),
    'a value that depends on one that fails': ('a = undefined\nblock = [a]', 'a is not defined'),
    'a value that ends Python': ('import sys\nblock = sys.exit(3)', 'cell 2 failed: SystemExit: 3'),
    'an import that fails': ('import no_such_module as block', "No module named 'no_such_module'"),
    'a default that fails': ('def block(x=undefined):\n    return x', "name 'undefined' is not defined"),
    'a loop that fails': ('block = {}\nfor i in undefined:\n    block[i] = 1', "name 'undefined' is not defined"),
}


@pytest.mark.parametrize(('source', 'reason'), BROKEN.values(), ids=BROKEN)
def test_an_error_in_a_cell_that_a_function_depends_on_is_named_in_its_verdict(define, source, reason):
    scope = define('block = 3', source, 'def generator(z, channels, is_train=True):\n    return block(z)')
    _, text = verdict(scope, 'generator')
    assert 'block is not defined: ' in text and reason in text


MODULES = {
    'reads its arguments': 'import argparse\nargparse.ArgumentParser().parse_args()',
    'needs an argument': 'import sys\nsys.argv[7]',
    'ends the process': 'import os\nos._exit(0)',
    'aborts': 'import os\nos.abort()',
    'interrupts': 'raise KeyboardInterrupt',
    'limits recursion': 'import sys\nsys.setrecursionlimit(70)',
    'turns warnings into errors': 'import warnings\nwarnings.simplefilter("error")',
    'prints its usage': 'import sys\nprint("usage", file=sys.stderr)\nquit()',
    'fails strangely': 'class E(Exception):\n    def __str__(self):\n        raise KeyboardInterrupt\nraise E',
}


@pytest.mark.parametrize('source', MODULES.values(), ids=MODULES)
def test_a_module_that_ends_python_costs_only_the_statement_that_imports_it(define, tmp_path, source, capsys):
    (tmp_path / 'ending_module_of_this_test.py').write_text(source)
    deep = sys.getrecursionlimit()
    scope = define('import ending_module_of_this_test', IMPORT, RIGHT)
    sys.modules.pop('ending_module_of_this_test', None)
    assert verdict(scope, 'model_inputs') is None
    assert sys.getrecursionlimit() == deep
    assert capsys.readouterr() == ('', '')


UNREADABLE = {
    'half an emoji': 'print("\ud83d done")',
    'half an emoji in a name': '\ud83d = 3',
    'a null byte': 'x = "\0"',
    'a deep sum': 'x = ' + '+'.join(['1'] * 20000),
    'many brackets': 'x = ' + '(' * 500 + ')' * 500,
}


@pytest.mark.parametrize('source', UNREADABLE.values(), ids=UNREADABLE)
def test_a_cell_that_cannot_be_read_costs_only_what_it_defines(tmp_path, source):
    """Half an emoji in a text of the cell itself is no obstacle either."""
    path = tmp_path / 'other.ipynb'
    cell = {'cell_type': 'code', 'metadata': {}, 'outputs': [], 'execution_count': None}
    cells = [cell | {'source': text} for text in (source, f'x = "\ud83d"\n{IMPORT}\n{RIGHT}')]
    path.write_text(json.dumps({'cells': cells, 'metadata': {}, 'nbformat': 4, 'nbformat_minor': 4}))
    assert verdict(notebooks.definitions(path), 'model_inputs') is None


@pytest.mark.parametrize('body', ['while True:\n        pass', 'import time\n    time.sleep(10**6)'])
def test_a_class_body_that_does_not_end_costs_only_its_statement_and_names_its_cell(define, monkeypatch, body):
    monkeypatch.setattr(notebooks, '_STATEMENT', 1)
    scope = define(f'class Net:\n    {body}', IMPORT, RIGHT, 'def generator(z, c, is_train=True):\n    return Net()')
    assert verdict(scope, 'model_inputs') is None
    _, text = verdict(scope, 'generator')
    assert 'Net is not defined: "class Net:" in solution.ipynb, cell 1 failed: TimeoutError: it was stopped' in text


WRITTEN = {
    'a text that is read': "CONFIG = __import__('json').loads('[7]')\nx = CONFIG[0]",
    'a configuration': (
        "import json\nwith open('config.json', 'w') as f:\n    json.dump([7], f)\n"
        "with open('config.json') as f:\n    x = json.load(f)[0]"
    ),
    'an array': "import numpy as np\nnp.save('seven.npy', [7])\nx = int(np.load('seven.npy')[0])",
    'over a file beside': "open('beside.txt', 'w').write('7')\nx = int(open('beside.txt').read())",
    'a file beside, read twice': "y = open('other.txt').read()\nx = int(open('other.txt').read())",
}


@pytest.mark.parametrize('source', WRITTEN.values(), ids=WRITTEN)
def test_a_file_that_the_notebook_writes_and_reads_is_written_but_not_beside_it(define, tmp_path, source):
    (tmp_path / 'beside.txt').write_text('3')
    (tmp_path / 'other.txt').write_text('7')
    assert define(source, 'def generator(z):\n    return x')['generator'](None) == 7
    assert {path.name for path in tmp_path.iterdir()} == {'beside.txt', 'other.txt', 'solution.ipynb'}
    assert (tmp_path / 'beside.txt').read_text() == '3'


def test_a_module_that_a_cell_writes_can_be_imported(define, tmp_path):
    scope = define(f'%%writefile written_here.py\n{IMPORT}\n{RIGHT}', 'from written_here import model_inputs')
    assert verdict(scope, 'model_inputs') is None
    assert [path.name for path in tmp_path.iterdir()] == ['solution.ipynb']


def test_a_star_import_of_what_was_not_handed_in_is_named_where_a_name_is_missing(define):
    scope = define('from layers_not_here import *', 'def generator(z, c, is_train=True):\n    return my_dense(z)')
    for name in ('generator', 'train'):
        assert "No module named 'layers_not_here'" in verdict(scope, name)[1]


@pytest.mark.parametrize('line', ['%run other.py', "exec(open('other.py').read())", '%load other.py'])
def test_what_executes_another_file_is_named_where_a_function_is_missing(define, line):
    assert f'a test does not execute "{line}" in cell 1' in verdict(define(line), 'train')[1]


# ---------------------------------------------------------------- files


def test_notebooks_of_version_3_and_4_with_any_mark_and_cells_without_a_source_are_read(tmp_path):
    cell = {'cell_type': 'code', 'metadata': {}, 'outputs': [], 'execution_count': None}
    cells = [*(cell | {'source': source} for source in (IMPORT, RIGHT.splitlines(keepends=True))), cell]
    four = {'cells': cells, 'metadata': {}, 'nbformat': 4, 'nbformat_minor': 2}
    three = nbformat.convert(nbformat.from_dict(four), 3)
    del three['worksheets'][0]['cells'][-1]['input']
    path = tmp_path / 'other.ipynb'
    for content in (four, three):
        for encoding in ('utf-8-sig', 'utf-16', 'utf-32'):
            path.write_bytes(json.dumps(content).encode(encoding))
            assert verdict(notebooks.definitions(path), 'model_inputs') is None


@pytest.mark.parametrize('content', ['[]', '{}', '', 'def generator(): pass', '{"cells": 3, "nbformat": 4}', '\xff'])
def test_what_is_not_a_notebook_is_named(tmp_path, content):
    path = tmp_path / 'something.ipynb'
    path.write_bytes(content.encode('latin-1'))
    with pytest.raises(ValueError, match=r'something[.]ipynb is not a notebook'):
        notebooks.definitions(path)
    with pytest.raises(FileNotFoundError):
        notebooks.definitions(tmp_path / 'nothing.ipynb')


def test_modules_beside_the_notebook_are_found_and_the_path_is_as_before(define, tmp_path):
    (tmp_path / 'my_blocks_of_this_test.py').write_text('def block():\n    return 7')
    (tmp_path / 'my_other_blocks_of_this_test.py').write_text('def block():\n    return 8')
    before = [*sys.path]
    scope = define(
        'from my_blocks_of_this_test import block',
        'def generator(z):\n    return block()',
        'def discriminator(images):\n    import my_other_blocks_of_this_test as other\n    return other.block()',
    )
    assert sys.path == before
    assert scope['generator'](None) == 7
    with notebooks.beside(tmp_path / 'solution.ipynb'):
        assert scope['discriminator'](None) == 8
    assert sys.path == before
