"""What a notebook defines, without doing what it does."""

import ast
import builtins
import contextlib
import dis
import functools
import io
import json
import linecache
import re
import sys
import types
import warnings
from collections import defaultdict
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

FUNCTIONS = ('model_inputs', 'discriminator', 'generator', 'model_loss', 'model_opt', 'train')

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom)
_COMPOUND = (ast.If, ast.Try, ast.For, ast.While, ast.With, ast.ExceptHandler)
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign)
_SETTINGS = re.compile(  # statements without a result that later cells rely on
    r'((tf|tensorflow)(\.compat\.v1)?\.(disable_|enable_|set_random_seed|logging\.|random\.set_seed)|os\.environ\b|'
    r'warnings\.|sys\.path\.|np\.random\.seed|random\.seed)'
)
_OUTSIDE = re.compile(  # what reaches out of the notebook: to files, network, processes, tests, the keyboard
    r'(helper|problem_unittests|requests|urllib|subprocess|shutil|glob|socket|tarfile|zipfile|papermill|google|'
    r'input$|os(?!\.path|\.environ|\.getenv|\.cpu_count|\.sep))\b'
)
_ACTS = re.compile(  # words in the name of a library's function that loads, reads, tests, trains, shows or waits
    r'(down|up)?loads?(txt)?|fetch|(im)?reads?(lines?)?|(url|p)?open|(from|to)file|(url)?retrieve|extract|exec|'
    r'eval|evaluate|session|train|fit|run|(im)?save(txt|fig|z)?|restore|write|dumps?|request|system|sleep|(im)?show|'
    r'training|learn|optimize|display|plot|test|mkdirs?|makedirs|touch|unlink|exit|quit'
)


def definitions(path) -> dict:
    """What the cells of a notebook define, by name: imports, functions, classes, values.

    A value that has to be computed is computed if one of the six functions depends on it; nothing that loads, reads,
    shows, tests or trains is executed. A function sees the names as they were when its cell had been executed, from
    top to bottom; a name that only a later cell defines is taken from there.

    Each of the six functions that is not defined is an exception that says why. The attribute `note` of the result
    says what was done to an old notebook, or is ''. Raises OSError or ValueError when the file cannot be read as a
    notebook.
    """
    from lesson.notebook import tensorflow1  # which loads TensorFlow

    path = Path(path)
    statements = _statements(path)
    _choose(statements)
    old = tensorflow1 if tensorflow1.is_old([s.node for s in statements if s.node]) else None
    seen_from = functools.cache(lambda cell: _run(statements, cell, old))
    with beside(path):
        cells = {name: _newest(name, statements, seen_from) for name in FUNCTIONS}
        scope = seen_from(max(cells.values()))
        for name, cell in cells.items():
            own, needed = seen_from(cell), _needed({name}, statements) - set(FUNCTIONS) | {name}
            same = all(own.bound.get(each) is scope.bound.get(each) for each in needed)
            found = scope if same else own
            reason = found.reasons.get(name, f'{name} is not defined: no cell of {path.name} has a def {name}')
            scope[name] = found[name] if name in found else NameError(reason)
    return scope


@contextlib.contextmanager
def beside(path):
    """In a with statement, modules beside a notebook are found, as in Jupyter: its functions may import them, too."""
    folder = str(Path(path).absolute().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError, AttributeError):  # the notebook has changed it
            sys.path.remove(folder)


def sources(path) -> list[str]:
    """The sources of a notebook's code cells, from top to bottom. Raises OSError, or ValueError: not a notebook."""
    content = Path(path).read_bytes()
    try:
        text = content.decode(json.detect_encoding(content))
        notebook = nbformat.convert(nbformat.reader.reads(text), 4)
        return [cell.get('source', '') for cell in notebook['cells'] if cell.get('cell_type') == 'code']
    except (LookupError, TypeError, AttributeError, ValueError, nbformat.ValidationError) as error:
        raise ValueError(f'{path} is not a notebook: {error!r}') from None


def _without_magics(source):
    """The Python of a cell, its lines at their numbers; nothing if its magic does something else with it (%%bash)."""
    while magic := re.match(r'\s*^%%(\w+).*', source, re.M):
        if magic[1] not in ('time', 'capture', 'prun'):
            return ''
        source = '\n' * magic[0].count('\n') + source[magic.end() :]
    source = re.sub(r'^([ \t]*)%(?:time|prun)[ \t]+(?=\w)', r'\1', source, flags=re.M)  # leave what is timed
    continued = r'^[ \t]*([\w, ]+=[ \t]*)?[!%](.*\\\n)+.*'  # by backslashes
    source = re.sub(continued, lambda m: m[0].replace('\\\n', ' ') + '\n' * m[0].count('\\\n'), source, flags=re.M)
    empty = re.match(r'(\s*\n)?', source)[0].count('\n')  # lines that IPython drops
    return '\n' * empty + TransformerManager().transform_cell(source)


class _NoMagics:
    """What get_ipython() is to functions with magics or shell lines in them: these do nothing."""

    def __getattr__(self, name):
        return lambda *arguments, **keywords: None


class _Statement:
    """A statement at the top level of a cell: the names that it binds and needs, and whether it is executed.

    Without a node, it stands for all of a cell that cannot be read: it fails.
    """

    def __init__(self, cell, where, node, error=None, binds=()):
        self.cell, self.where, self.node = cell, where, node
        self.binds, self.needs, self.chosen = _binds(node) if node else binds, set(), False
        self.defines = isinstance(node, (*_DEFINITIONS, type(None)))
        try:
            self.needs = _reads(self._compile()) if node else set()
        except SyntaxError as found:  # that only the compiler finds
            error = found
        self.error = error and f'{where} has a syntax error in line {error.lineno}: {error.msg}'

    def _compile(self):
        return compile(ast.Module([self.node], []), self.where, 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    def run(self, scope):
        """Execute it, and note why its names are missing."""
        before, error = dict(scope), self.error
        first = self.node and f'"{ast.unparse(self.node).splitlines()[0]}" in {self.where}'
        if self.chosen and not error:
            try:
                quiet = contextlib.redirect_stdout(io.StringIO())
                with warnings.catch_warnings(action='ignore'), quiet, scope.imports():
                    exec(self._compile(), scope)
            except Exception as raised:
                error = f'{first} failed: {type(raised).__name__}: {raised}'
            changed = {name for name in scope if name not in before or scope[name] is not before[name]}
            scope.bound |= dict.fromkeys(self.binds | changed, self)
        if error or (not self.chosen and self.defines):
            for name in self.binds:
                scope.pop(name, None)
                scope.bound[name] = self
        why = f'{first} has not defined it, since a test executes nothing that may load, show, test or train'
        missing = [name for name in self.binds if name not in scope]
        scope.reasons |= {name: f'{name} is not defined: {error or why}' for name in missing}


class _Namespace(dict):
    """Globals of a notebook's functions. A name that is missing says why."""

    def __init__(self, old):
        super().__init__(__name__='__main__', get_ipython=_NoMagics)
        self.note, self.imports = (old.NOTE, old.imports) if old else ('', contextlib.nullcontext)
        self.bound = {}  # name -> the statement that bound it
        self.reasons = {}  # name -> why it is missing

    def __missing__(self, name):
        if name in self.reasons and not hasattr(builtins, name):
            raise NameError(self.reasons[name], name=name)
        raise KeyError(name)


def _statements(path):
    """The statements of all cells, in order."""
    statements = []
    for cell, source in enumerate(sources(path), 1):
        where = f'{path.name}, cell {cell}'
        linecache.cache[where] = (len(source), None, source.splitlines(keepends=True), where)
        try:
            nodes = ast.parse(_without_magics(source), where).body
            statements += [_Statement(cell, where, node) for node in nodes]
        except SyntaxError as error:
            statements.append(_Statement(cell, where, None, error, _would_bind(source)))
    return statements


def _would_bind(source):
    """The names that a cell with a syntax error would have bound, as far as one can tell."""
    binding = r'^(?:(?:async +)?(?:def|class) +(\w+)|(?:from .+)?import +(.+)|([\w, ]+)=)'
    return set(re.findall(r'\w+', ' '.join(map(' '.join, re.findall(binding, source, re.M)))))


def _run(statements, cell, old):
    """The namespace that a function sees which is defined in this cell."""
    scope = _Namespace(old)
    for statement in statements:
        before, bound = dict(scope), dict(scope.bound)
        statement.run(scope)
        if statement.cell > cell:  # what is there already stays
            scope.update(before)
            scope.bound |= {name: bound[name] for name in before if name in bound}
    return scope


def _newest(name, statements, seen_from):
    """The number of the last cell that makes a name a function, or should; 0: none does."""
    for statement in reversed([s for s in statements if name in s.binds]):
        if statement.defines or (statement.chosen and callable(seen_from(statement.cell).get(name))):
            return statement.cell
    return 0


def _needed(names, statements):
    """These names, and all that the statements which bind them depend on."""
    needed = set()
    while names - needed:
        needed |= names
        names = set().union(*(s.needs for s in statements if s.binds & needed))
    return needed


def _choose(statements):
    """Choose the statements that are executed."""
    needed = _needed(set(FUNCTIONS), statements)
    calls = _Calls([s.node for s in statements if s.node])
    for statement in [s for s in statements if s.node]:
        node, text = statement.node, ast.unparse(statement.node)
        setting = isinstance(node, (ast.Expr, ast.Assign)) and _SETTINGS.match(text)
        plain = isinstance(node, _ASSIGNMENTS) and not any(_calls(node))
        about_module = isinstance(node, ast.Expr) and re.match(r'\w*', text)[0] in calls.modules  # plt.figure()
        wanted = plain or statement.defines or (statement.binds & needed and not about_module)
        statement.chosen = bool(setting or (wanted and not calls.act(calls.pruned(node))))


class _Calls:
    """Whether calls do more than compute a value: a library's by its name, the notebook's own by what it calls."""

    def __init__(self, nodes):
        self.modules = {}  # name -> the module, or the member of a module, that an import makes it stand for
        self.bodies = defaultdict(list)  # name, '.method' or 'value()' of the notebook -> what a call of it executes
        self.values = set()  # parameters and variables
        nodes = [inner for outer in nodes for inner in ast.walk(outer)]
        methods = {each for node in nodes if isinstance(node, ast.ClassDef) for each in node.body}
        for node in nodes:
            match node:
                case ast.Import(names):
                    self.modules |= {a.asname or a.name.split('.')[0]: a.name for a in names}
                case ast.ImportFrom(module, names):
                    self.modules |= {a.asname or a.name: f'{module}.{a.name}' for a in names}
                case ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
                    self.bodies[f'.{name}' if node in methods else name].append(node)
                case ast.ClassDef(name):
                    starts = ('__init__', '__new__', '__post_init__')
                    self.bodies[name] += [each for each in node.body if getattr(each, 'name', '') in starts]
                case ast.Assign([ast.Name(name)], ast.Lambda() | ast.Call() as made):
                    self.bodies[f'{name}()'].append(made)
                case ast.arg(name) | ast.Name(name, ast.Store()):
                    self.values.add(name)

    def pruned(self, node):
        """A compound statement without the simple ones in it that do more."""
        for part in [node, *getattr(node, 'handlers', ())]:
            for block in ('body', 'orelse', 'finalbody'):
                if isinstance(part, _COMPOUND) and getattr(part, block, None):
                    inner = map(self.pruned, getattr(part, block))
                    kept = [ast.copy_location(ast.Pass(), each) if self.act(each) else each for each in inner]
                    setattr(part, block, kept)
        return node

    def act(self, node, seen=frozenset()):
        """Whether the execution of a statement does more."""
        if isinstance(node, _ASSIGNMENTS) and 'get_ipython()' in ast.unparse(node):
            return not seen  # the output of a shell line; in a function, it does nothing
        calls = _calls(node) if not seen else (each for each in ast.walk(node) if isinstance(each, ast.Call))
        return any(self._acts(*each, seen) for call in calls for each in _called(call))

    def _acts(self, name, given, seen):
        """Whether a call of a name does more. given: it was only passed to what is called, which may call it."""
        root, last = re.match(r'\w*', name)[0], re.search(r'\w*$', name)[0]
        dotted, imported = root != name, root in self.modules
        if root == 'get_ipython' or (given and name in self.values - self.bodies.keys()):
            return False
        own = [] if imported else [f'.{last}'] if dotted else [name] if given else [name, f'{name}()']
        if any(each in self.bodies for each in own):
            return any(self.act(body, seen | {each}) for each in own if each not in seen for body in self.bodies[each])
        words = [last] if given else re.findall(r'[A-Z]?[a-z]+|[A-Z]+', last)
        outside = _OUTSIDE.match(self.modules.get(root, root) + name[len(root) :])
        return bool(outside) or any(_ACTS.fullmatch(word.lower()) for word in words)


def _calls(node):
    """The calls that the execution of a statement makes: without those in the bodies of what it defines."""
    if isinstance(node, ast.Call):
        yield node
    inner = ast.iter_child_nodes(node)
    if isinstance(node, _FUNCTIONS):
        inner = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
    elif isinstance(node, _ASSIGNMENTS) and isinstance(node.value, ast.Lambda):
        inner = node.value.args.defaults
    for child in inner:
        yield from _calls(child)


def _called(call):
    """(name, whether it is only given to what is called) of what a call may call."""
    name = ast.unparse(call.func)
    given = () if name.endswith('partial') else [*call.args, *(keyword.value for keyword in call.keywords)]
    return [(name, False), *((each.id, True) for each in given if isinstance(each, ast.Name))]


def _binds(node):
    """The names that a statement binds, or whose value it changes."""
    names = set()
    match node:
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            return {name}
        case ast.Import(aliases) | ast.ImportFrom(_, aliases):
            return {alias.asname or alias.name.split('.')[0] for alias in aliases}
        case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return set()
        case ast.Name(name, ast.Store() | ast.Del()):
            names = {name}
        case (
            ast.Expr(ast.Call(ast.Attribute(target)))  # layers.append(3)
            | ast.Attribute(target, _, ast.Store() | ast.Del())
            | ast.Subscript(target, _, ast.Store() | ast.Del())  # sizes['z'] = 100
        ):
            names = set(re.findall(r'^\w+(?=[.[]|$)', ast.unparse(target)))
    return names.union(*map(_binds, ast.iter_child_nodes(node)))


def _reads(code):
    """The global names that a code object and those in it read."""
    names = {i.argval for i in dis.get_instructions(code) if re.match('LOAD_(NAME|GLOBAL|FROM_DICT_OR_G)', i.opname)}
    return names.union(*(_reads(each) for each in code.co_consts if isinstance(each, types.CodeType)))
