"""What a notebook defines, without doing what it does."""

import ast
import builtins
import contextlib
import dis
import functools
import io
import json
import linecache
import os
import re
import sys
import threading
import types
import warnings
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

FUNCTIONS = ('model_inputs', 'discriminator', 'generator', 'model_loss', 'model_opt', 'train')

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_SETTINGS = re.compile(  # statements without a result that later cells rely on
    r'((tf|tensorflow)(\.compat\.v1)?\.(disable_|enable_|set_random_seed|logging\.|random\.set_seed)|os\.environ\b|'
    r'warnings\.|sys\.path\.|np\.random\.seed|random\.seed)'
)
_OUTSIDE = re.compile(  # audit events of what reaches out of the notebook: to files, network, processes, the keyboard
    r'subprocess|socket|shutil|urllib|http|ftplib|webbrowser|builtins\.input|'
    r'os\.(?!listdir|scandir|f?walk|listxattr|getxattr|putenv|unsetenv|chdir)'
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_here = threading.local()  # .harmless: whether this thread is in harmless()


def definitions(path) -> dict:
    """What the cells of a notebook define, by name: imports, functions, classes, values.

    A value that has to be computed is computed if one of the six functions depends on it, and if that is harmless: then
    nothing is downloaded, written or trained. A function sees the names as they were when its cell had been executed,
    from top to bottom; a name that only a later cell defines is taken from there.

    Each of the six functions that is not defined is an exception that says why. The attribute `note` of the result
    says what was done to an old notebook, or is ''. Raises OSError or ValueError: it cannot be read as a notebook.
    """
    from lesson.notebook import old_notebooks  # which loads TensorFlow

    path = Path(path)
    statements = _statements(path)
    _choose(statements)
    old = old_notebooks if old_notebooks.is_old([s.node for s in statements if s.node]) else None
    seen_from = functools.cache(lambda cell: _run(statements, cell, old))
    with beside(path), harmless():
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


class _Harm(PermissionError):
    """What a test does not do while it takes the functions out of a notebook."""


@contextlib.contextmanager
def harmless():
    """In a with statement, this thread can read, but not write, connect, start processes or run sessions."""
    from lesson.session import tf

    def refuse(*arguments, **options):
        raise _Harm('a test runs no session to define a value')

    _audit()
    base = tf.Session.__base__
    before, base.run, _here.harmless = base.run, refuse, True
    try:
        yield
    finally:
        base.run, _here.harmless = before, False


@functools.cache
def _audit():
    """From now on, let Python ask before it does what could do harm. An import may do what it likes."""

    def ask(event, arguments):
        if not getattr(_here, 'harmless', False):
            return
        if _OUTSIDE.match(event) or (event == 'open' and arguments[2] & _WRITING):
            frame = sys._getframe(1)
            while frame.f_code.co_filename != __file__:
                if frame.f_code.co_filename.startswith('<frozen importlib'):
                    return
                frame = frame.f_back
            raise _Harm(f'a test does nothing like {event} to define a value')

    sys.addaudithook(ask)


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
        if name == 'getoutput' and getattr(_here, 'harmless', False):
            raise _Harm('a test executes no shell line')
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
            self.code = node and compile(ast.Module([node], []), where, 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            self.needs = _reads(self.code) if node else set()
        except SyntaxError as found:  # that only the compiler finds
            error = found
        self.error = error and f'{where} has a syntax error in line {error.lineno}: {error.msg}'

    def run(self, scope):
        """Execute it, and note why its names are missing: after an error all of them, after harm the others."""
        before, error, lost = dict(scope), self.error, self.binds
        first = self.node and f'"{ast.unparse(self.node).splitlines()[0]}" in {self.where}'
        if self.chosen and not error:
            try:
                quiet = contextlib.redirect_stdout(io.StringIO())
                with warnings.catch_warnings(action='ignore'), quiet, scope.imports():
                    exec(self.code, scope)
            except (Exception, SystemExit) as raised:
                error = f'{first} failed: {type(raised).__name__.strip("_")}: {raised}'
                lost = lost - scope.keys() if isinstance(raised, _Harm) else lost
            changed = {name for name in scope if name not in before or scope[name] is not before[name]}
            scope.bound |= dict.fromkeys(self.binds | changed, self)
        if error or (not self.chosen and self.defines):
            for name in lost:
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
            statements += [_Statement(cell, where, node) for node in ast.parse(_without_magics(source), where).body]
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
    scope['In'] = [ast.unparse(s.node) for s in statements if s.node]  # as in IPython
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
    modules = set().union(*(s.binds for s in statements if isinstance(s.node, (ast.Import, ast.ImportFrom))))
    for statement in [s for s in statements if s.node]:
        node, text = statement.node, ast.unparse(statement.node)
        setting = isinstance(node, (ast.Expr, ast.Assign)) and _SETTINGS.match(text)
        calls = any(isinstance(each, ast.Call) for each in ast.walk(node))
        plain = isinstance(node, (ast.Assign, ast.AnnAssign)) and not calls
        of_module = isinstance(node, ast.Expr) and re.match(r'\w*', text)[0] in modules  # plt.figure()
        statement.chosen = bool(setting or plain or statement.defines or (statement.binds & needed and not of_module))


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
