"""What a notebook defines, without doing what it does."""

import ast
import builtins
import contextlib
import dis
import functools
import importlib
import inspect
import json
import linecache
import os
import re
import shutil
import sys
import tempfile
import threading
import types
import warnings
from pathlib import Path
from unittest import mock

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from lesson.notebook.limited import Nowhere, limited, no_sudden_end

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
    elsewhere = ''.join(f', and {said}' for said in _taken_from_elsewhere(path))
    with beside(path), _scratch(path, statements), harmless():
        cells = {name: _newest(name, statements, seen_from) for name in FUNCTIONS}
        scope = seen_from(max(cells.values()))
        for name, cell in cells.items():
            own, needed = seen_from(cell), _needed({name}, statements) - set(FUNCTIONS) | {name}
            same = all(own.bound.get(each) is scope.bound.get(each) for each in needed)
            found = scope if same else own
            reason = f'{name} is not defined: no cell of {path.name} has a def {name}{elsewhere}'
            reason = found.reasons.get(name) or found.of_stars(name) or reason
            scope[name] = found[name] if name in found else NameError(reason)
    return scope


def leave_out(name, functions):
    """From now on, functions that would call the one called `name` find None there: it ends or stops their process."""
    for function in functions:
        with contextlib.suppress(Exception):
            scope = inspect.unwrap(getattr(function, 'func', function)).__globals__
            scope.update({name: None} if name in scope else {})


def _taken_from_elsewhere(path):
    """What is said of cells that execute another file."""
    for cell, source in enumerate(sources(path), 1):
        if line := re.search(r'^\s*(?:%run|%load|%loadpy|%cd|exec\s*\(|execfile\s*\(|runpy\.).*', source, re.M):
            yield (
                f'a test does not execute "{line[0].strip()[:80]}" in cell {cell}: '
                'put what it defines into a cell, or import it'
            )


@contextlib.contextmanager
def beside(path):
    """In a with statement, modules beside a notebook are found, as in Jupyter: its functions may import them, too.

    What it changes for the whole process is put back: the depth of recursion, the folder, the arguments.
    """
    folder, deep, here, before = str(Path(path).absolute().parent), sys.getrecursionlimit(), os.getcwd(), sys.path
    sys.path.insert(0, folder)
    try:
        with mock.patch.object(sys, 'argv', [str(path)]):
            yield
    finally:
        sys.setrecursionlimit(deep)
        os.chdir(here)
        sys.path = before
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)


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


def sources(path) -> list[str]:
    """The sources of a notebook's code cells, from top to bottom. Raises OSError, or ValueError: not a notebook."""
    content = Path(path).read_bytes()
    try:
        text = content.decode(json.detect_encoding(content))
        notebook = nbformat.convert(nbformat.reader.reads(text), 4)
        cells = [cell.get('source', '') for cell in notebook['cells'] if cell.get('cell_type') == 'code']
        return [cell.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace') for cell in cells]  # half an emoji
    except (LookupError, TypeError, AttributeError, ValueError, nbformat.ValidationError) as error:
        raise ValueError(f'{path} is not a notebook: {error!r}') from None


def _without_magics(source):
    """The Python of a cell, its lines at their numbers; nothing if its magic does something else with it (%%bash)."""
    while magic := re.match(r'\s*^%%(\w+).*', source, re.M):
        if magic[1] in ('writefile', 'file') and (name := re.fullmatch(r'%%\w+\s+(\S+)\s*', magic[0].lstrip())):
            return f'__import__("pathlib").Path({name[1]!r}).write_text({source[magic.end() + 1 :]!r})'
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
        self.stars = isinstance(node, ast.ImportFrom) and node.names[0].name == '*'
        self.text = node and ast.unparse(node)
        try:
            self.code = node and compile(ast.Module([node], []), where, 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            self.needs = _reads(self.code) if node else set()
        except SyntaxError as found:  # that only the compiler finds
            error = found
        self.error = error and f'{where} {_wrong(error)}'
        self.files = _files(node) if node else set()

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
            statements += [_Statement(cell, where, node) for node in ast.parse(_without_magics(source), where).body]
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            statements.append(_Statement(cell, where, None, error, _would_bind(source)))
    # A file that one statement writes and a later one reads is like a name: both take part in it.
    for name in set().union(*(s.files for s in statements)):
        users = [s for s in statements if name in s.files]
        if len(users) > 1 and not isinstance(users[0].node, (ast.Import, ast.ImportFrom)):
            for each in users:
                each.needs |= {name}
                each.binds = each.binds | ({name} if each in users[:-1] else set())
    return statements


def _files(node):
    """'file x' for each x, in a statement outside of definitions, that looks like the name of a file or a module."""
    modules, texts = set(), set()
    for each in ast.walk(node):
        match each:
            case ast.Import(aliases):
                modules |= {alias.name for alias in aliases}
            case ast.ImportFrom(str(name)):
                modules |= {name}
            case ast.Constant(str(text)) if not isinstance(node, _DEFINITIONS):
                texts |= {text} if re.fullmatch(r'[\w./-]+\.\w{1,5}', text) else set()
    texts |= {f'{name.replace(".", "/")}.py' for name in modules}
    return {f'file {os.path.normpath(name)}' for name in texts}


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
