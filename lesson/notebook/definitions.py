"""What a notebook defines, without doing what it does."""

import ast
import builtins
import contextlib
import functools
import importlib
import linecache
import os
import re
import shutil
import sys
import tempfile
import threading
import warnings
from pathlib import Path

from lesson.notebook import cells
from lesson.notebook.cells import sources
from lesson.notebook.limited import Nowhere, beside, limited, no_sudden_end

FUNCTIONS = ('model_inputs', 'discriminator', 'generator', 'model_loss', 'model_opt', 'train')

_SETTINGS = re.compile(  # statements without a result that later cells rely on
    r'((tf|tensorflow)(\.compat\.v1)?\.(disable_|enable_|set_random_seed|logging\.|random\.set_seed)|os\.environ\b|'
    r'warnings\.|sys\.path\.|np\.random\.seed|random\.seed)'
)
_OUTSIDE = re.compile(  # audit events of what reaches out of the notebook: to files, network, processes, the keyboard
    r'subprocess|socket|shutil|urllib|http|ftplib|webbrowser|builtins\.input|'
    r'os\.(?!listdir|scandir|f?walk|listxattr|getxattr|putenv|unsetenv|chdir)'
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_STATEMENT = 20  # seconds that a statement may compute, and that it may wait
_here = threading.local()  # .harmless: whether this thread is in harmless(); .files: the names that it may write


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
    elsewhere = ''.join(f', and {said}' for said in cells.taken_from_elsewhere(path))
    with beside(path), _scratch(path, statements), harmless():
        newest = {name: _newest(name, statements, seen_from) for name in FUNCTIONS}
        scope = seen_from(max(newest.values()))
        for name, cell in newest.items():
            own, needed = seen_from(cell), _needed({name}, statements) - set(FUNCTIONS) | {name}
            same = all(own.bound.get(each) is scope.bound.get(each) for each in needed)
            found = scope if same else own
            reason = f'{name} is not defined: no cell of {path.name} has a def {name}{elsewhere}'
            reason = found.reasons.get(name) or found.of_stars(name) or reason
            scope[name] = found[name] if name in found else NameError(reason)
    return scope


@contextlib.contextmanager
def _scratch(path, statements):
    """In a with statement, the working folder is an empty one that looks like the notebook's.

    There the notebook may write the files that it reads later. The modules among them are forgotten at the end.
    """
    beside = path.absolute().parent
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, contextlib.chdir(folder):
        files = {name.removeprefix('file ') for s in statements for name in s.binds if name.startswith('file ')}
        for each in beside.iterdir() if os.access(beside, os.R_OK) else ():
            (shutil.copy if each.name in files and each.is_file() else os.symlink)(each, each.name)
        _here.files = {os.path.realpath(name) for name in files}
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            _here.files = ()
            with contextlib.suppress(ValueError):
                sys.path.remove(folder)
            for name, module in [*sys.modules.items()]:
                if str(getattr(module, '__file__', None)).startswith(folder + os.sep):
                    del sys.modules[name]


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
        with no_sudden_end():
            yield
    finally:
        base.run, _here.harmless = before, False


@functools.cache
def _audit():
    """From now on, let Python ask before it does what could do harm. An import may do what it likes."""

    def ask(event, arguments):
        if not getattr(_here, 'harmless', False):
            return
        if event == 'open' and os.path.realpath(os.fsdecode(arguments[0])) in getattr(_here, 'files', ()):
            return
        if _OUTSIDE.match(event) or (event == 'open' and arguments[2] & _WRITING):
            frame = sys._getframe(1)
            while frame.f_code.co_filename != __file__:
                if frame.f_code.co_filename.startswith('<frozen importlib'):
                    return
                frame = frame.f_back
            raise _Harm(f'a test does nothing like {event} to define a value')

    sys.addaudithook(ask)


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
        self.binds, self.needs, self.chosen = cells.binds(node) if node else binds, set(), False
        self.defines = isinstance(node, (*cells.DEFINITIONS, type(None)))
        self.stars = isinstance(node, ast.ImportFrom) and node.names[0].name == '*'
        self.text = node and ast.unparse(node)
        try:
            self.code = node and compile(ast.Module([node], []), where, 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            self.needs = cells.reads(self.code) if node else set()
        except SyntaxError as found:  # that only the compiler finds
            error = found
        self.error = error and f'{where} {_wrong(error)}'
        self.files = cells.files(node) if node else set()

    def run(self, scope):
        """Execute it, and note why its names are missing: after an error all of them, after harm the others."""
        before, error, lost = dict(scope), self.error, self.binds
        first = self.node and f'"{self.text.splitlines()[0]}" in {self.where}'
        if self.chosen and not error:
            try:
                self._execute(scope)
            except BaseException as raised:  # also what a module that it imports raises to end Python
                error = f'{first} failed: {type(raised).__name__.strip("_")}: {_text(raised)}'
                lost = lost - scope.keys() if isinstance(raised, _Harm) else lost
                self.error = error if isinstance(raised, TimeoutError) else None  # not once more
                scope.stars |= {first: error} if self.stars else {}
            changed = {name for name in scope if name not in before or scope[name] is not before[name]}
            scope.bound |= dict.fromkeys(self.binds | changed, self)
        if error or (not self.chosen and self.defines):
            for name in lost:
                scope.pop(name, None)
                scope.bound[name] = self
        why = f'{first} has not defined it, since a test executes nothing that may load, show, test or train'
        missing = [name for name in self.binds if name not in scope]
        scope.reasons |= {name: f'{name} is not defined: {error or why}' for name in missing}

    def _execute(self, scope):
        deep = sys.getrecursionlimit()
        said = contextlib.redirect_stdout(Nowhere()), contextlib.redirect_stderr(Nowhere())
        try:
            with warnings.catch_warnings(action='ignore'), said[0], said[1], scope.imports():
                importlib.invalidate_caches()  # a cell may have written a module just now
                with limited(_STATEMENT, _STATEMENT):
                    exec(self.code, scope)
        finally:
            sys.setrecursionlimit(deep)


def _wrong(error):
    if isinstance(error, SyntaxError):
        return f'has a syntax error in line {error.lineno}: {error.msg}'
    return f'cannot be read: {type(error).__name__}: {error}'


def _text(error):
    try:
        return str(error)
    except BaseException:  # it is the learner's, too
        return ''


class _Namespace(dict):
    """Globals of a notebook's functions. A name that is missing says why."""

    def __init__(self, old):
        super().__init__(__name__='__main__', get_ipython=_NoMagics)
        self.note, self.imports = (old.NOTE, old.imports) if old else ('', contextlib.nullcontext)
        self.bound = {}  # name -> the statement that bound it
        self.reasons = {}  # name -> why it is missing
        self.stars = {}  # an import of all names -> why it failed

    def __missing__(self, name):
        if name in self.reasons and not hasattr(builtins, name):
            raise NameError(self.reasons[name], name=name)
        if self.stars and not hasattr(builtins, name) and not name.startswith('__'):
            raise NameError(self.of_stars(name), name=name)
        raise KeyError(name)

    def of_stars(self, name):
        """Why a name is missing that no cell mentions, if an import of all names has failed."""
        return ''.join(f'{name} is not defined: {error}' for error in [*self.stars.values()][:1])


def _statements(path):
    """The statements of all cells, in order."""
    statements = []
    for cell, source in enumerate(sources(path), 1):
        where = f'{path.name}, cell {cell}'
        linecache.cache[where] = (len(source), None, source.splitlines(keepends=True), where)
        try:
            nodes = ast.parse(cells.without_magics(source), where).body
            statements += [_Statement(cell, where, node) for node in nodes]
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            statements.append(_Statement(cell, where, None, error, cells.would_bind(source)))
    # A file that one statement writes and a later one reads is like a name: both take part in it.
    for name in set().union(*(s.files for s in statements)):
        users = [s for s in statements if name in s.files]
        if len(users) > 1 and not isinstance(users[0].node, (ast.Import, ast.ImportFrom)):
            for each in users:
                each.needs |= {name}
                each.binds = each.binds | ({name} if each in users[:-1] else set())
    return statements


def _run(statements, cell, old):
    """The namespace that a function sees which is defined in this cell."""
    scope = _Namespace(old)
    scope['In'] = [statement.text for statement in statements if statement.node]  # as Jupyter has its cells
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
        node, text = statement.node, statement.text
        setting = isinstance(node, (ast.Expr, ast.Assign)) and _SETTINGS.match(text)
        calls = any(isinstance(each, ast.Call) for each in ast.walk(node))
        plain = isinstance(node, (ast.Assign, ast.AnnAssign)) and not calls
        of_module = isinstance(node, ast.Expr) and re.match(r'\w*', text)[0] in modules  # plt.figure()
        wanted = statement.binds & needed
        wanted = {name for name in wanted if name.startswith('file ')} if of_module else wanted
        statement.chosen = bool(setting or plain or statement.defines or wanted)
