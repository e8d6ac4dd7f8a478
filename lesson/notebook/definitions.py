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
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import EscapedCommand, TransformerManager, leading_empty_lines

FUNCTIONS = ('model_inputs', 'discriminator', 'generator', 'model_loss', 'model_opt', 'train')

_IMPORTS = (ast.Import, ast.ImportFrom)
_COMPOUND = (ast.If, ast.Try, ast.For, ast.While, ast.With)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, *_IMPORTS)
_SETTINGS = re.compile(  # statements without a result that later cells rely on
    r'((tf|tensorflow)(\.compat\.v1)?\.(disable_|enable_|set_random_seed|logging\.|random\.set_seed)|os\.environ\b|'
    r'warnings\.|sys\.path\.|np\.random\.seed|random\.seed)'
)
_OUTSIDE = re.compile(  # modules whose functions reach out of the notebook: files, network, processes, tests
    r'(helper|problem_unittests|requests|urllib|subprocess|shutil|glob|socket|tarfile|zipfile|papermill|google|'
    r'os(?!\.path|\.environ|\.getenv|\.cpu_count|\.sep))\b'
)
_ACTS = re.compile(  # words in the name of a function that loads, reads, tests, trains, shows or waits
    r'(down|up)?loads?(txt)?|fetch|(im)?reads?(lines?)?|(url|p)?open|(from|to)file|(url)?retrieve|extract|input|exec|'
    r'eval|evaluate|session|train|fit|run|(im)?save(txt|fig|z)?|restore|write|dumps?|request|system|sleep|(im)?show|'
    r'training|learn|optimize|display|plot|test|mkdirs?|makedirs|touch|unlink|exit|quit'
)


def definitions(path):
    """What the cells of a notebook define, by name: imports, functions, classes, values.

    A value that has to be computed is computed if one of the six functions depends on it; nothing that loads, reads,
    shows, tests or trains is executed. A function sees the names as they were when its cell had been executed, from
    top to bottom; a name that only a later cell defines is taken from there.

    Each of the six functions that is not defined is an exception that says why. The attribute `note` of the result
    says what was done to an old notebook, or is ''. Raises OSError or ValueError when the file cannot be read as a
    notebook.
    """
    path = Path(path)
    if str(path.parent.absolute()) not in sys.path:
        sys.path.insert(0, str(path.parent.absolute()))
    statements = _statements(path)
    _choose(statements)
    old = _old_style(statements)
    seen_from = functools.cache(lambda cell: _run(statements, cell, old))
    cells = {name: _newest(name, statements, seen_from) for name in FUNCTIONS}
    scope = seen_from(max(cells.values()))
    for name, cell in cells.items():
        own, needed = seen_from(cell), _needed({name}, statements) - set(FUNCTIONS) | {name}
        if any(own.bound.get(each) is not scope.bound.get(each) for each in needed):
            scope.take(name, own)
        if name not in scope:
            reason = scope.reasons.get(name, f'{name} is not defined: no cell of {path.name} has a def {name}')
            scope[name] = NameError(reason)
    return scope


def sources(path):
    """The sources of a notebook's code cells, from top to bottom. Raises OSError, or ValueError: not a notebook."""
    content = Path(path).read_bytes()
    try:
        text = content.decode(json.detect_encoding(content))
        notebook = nbformat.convert(nbformat.reader.reads(text), 4)
        return [cell.get('source', '') for cell in notebook['cells'] if cell.get('cell_type') == 'code']
    except (LookupError, TypeError, AttributeError, ValueError, nbformat.ValidationError) as error:
        raise ValueError(f'{path} is not a notebook: {error!r}') from None


# ---------------------------------------------------------------- magics


class _Transformer(TransformerManager):
    """IPython's translation of magics, shell lines and help into Python, with each line left at its number."""

    def __init__(self):
        super().__init__()
        self.cleanup_transforms.remove(leading_empty_lines)
        self.token_transformers[self.token_transformers.index(EscapedCommand)] = _Command

    def do_one_token_transform(self, lines):
        changed, new = super().do_one_token_transform([*lines])
        if len(new) < len(lines):  # a line was continued by a backslash
            end = next(i for i, (a, b) in enumerate(zip(lines, new, strict=False), 1) if a != b)
            new[end:end] = ['\n'] * (len(lines) - len(new))
        return changed, new


class _Command(EscapedCommand):
    def transform(self, lines):
        """`%time statement` is the statement."""
        line = lines[self.start_line]
        timed = re.match(r'%(time|prun)\s+(?=\w)', line[self.start_col :])
        if not timed:
            return super().transform(lines)
        lines[self.start_line] = line[: self.start_col] + line[self.start_col + timed.end() :]
        return lines


def _without_magics(source):
    """The Python of a cell; nothing if its magic does something else with it, such as %%bash."""
    while magic := re.match(r'\s*^%%(\w+).*', source, re.M):
        if magic[1] not in ('time', 'capture', 'prun'):
            return ''
        source = '\n' * magic[0].count('\n') + source[magic.end() :]
    return _Transformer().transform_cell(source)


class _NoMagics:
    """What get_ipython() is to functions with magics or shell lines in them: these do nothing."""

    def __getattr__(self, name):
        return lambda *arguments, **keywords: None


# ---------------------------------------------------------------- statements, and their execution


class _Statement:
    """A statement at the top level of a cell: the names that it binds and needs, and whether it is executed."""

    def __init__(self, cell, where, node):
        self.cell, self.where, self.node = cell, where, node
        self.binds, self.needs, self.chosen, self.error = _binds(node), set(), False, None
        try:
            self.needs = _reads(self._compile())
        except SyntaxError as error:  # that only the compiler finds
            self.error = _syntax(where, error)

    def _compile(self):
        return compile(ast.Module([self.node], []), self.where, 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    def run(self, scope):
        """Execute it, and note why its names are missing."""
        before, error = dict(scope), self.error
        if self.chosen and not error:
            try:
                quiet = contextlib.redirect_stdout(io.StringIO())
                with warnings.catch_warnings(action='ignore'), quiet, scope.imports():
                    exec(self._compile(), scope)
            except Exception as raised:
                error = f'{self._first} failed: {type(raised).__name__}: {raised}'
            changed = {name for name in scope if name not in before or scope[name] is not before[name]}
            scope.bound |= dict.fromkeys(self.binds | changed, self)
        if error or (not self.chosen and isinstance(self.node, _DEFINITIONS)):
            scope.lose(self, error or self._skipped())
        else:
            missing = [name for name in self.binds if name not in scope]
            scope.reasons |= {name: f'{name} is not defined: {self._skipped()}' for name in missing}

    @functools.cached_property
    def _first(self):
        return f'"{ast.unparse(self.node).splitlines()[0]}" in {self.where}'

    def _skipped(self):
        return f'{self._first} has not defined it, since a test executes nothing that may load, show, test or train'


class _Broken:
    """A cell with a syntax error: a statement that fails, and binds what the cell would have bound."""

    chosen, node, needs = True, None, frozenset()

    def __init__(self, cell, where, source, error):
        self.cell, self.error, self.binds = cell, _syntax(where, error), set()
        for part in re.split(r'\n(?=[^\s)\]}])', source):
            try:
                self.binds |= set().union(*map(_binds, ast.parse(part).body))
            except SyntaxError:
                found = re.match(r'(?:async )?(?:def|class) +(\w+)|([\w, ]+)=', part)
                self.binds |= set(re.findall(r'\w+', (found[1] or found[2]) if found else ''))

    def run(self, scope):
        scope.lose(self, self.error)


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

    def lose(self, statement, error):
        """The names of a statement that failed are not defined."""
        for name in statement.binds:
            self.pop(name, None)
            self.bound[name] = statement
            self.reasons[name] = f'{name} is not defined: {error}'

    def take(self, name, other):
        """A name as another namespace has it."""
        for mine, its in ((self, other), (self.reasons, other.reasons)):
            mine.pop(name, None)
            if name in its:
                mine[name] = its[name]


def _statements(path):
    """The statements of all cells, in order."""
    statements = []
    for cell, source in enumerate(sources(path), 1):
        where = f'{path.name}, cell {cell}'
        linecache.cache[where] = (len(source), None, source.splitlines(keepends=True), where)
        try:
            python = _without_magics(source)
            statements += [_Statement(cell, where, node) for node in ast.parse(python, where).body]
        except SyntaxError as error:
            statements.append(_Broken(cell, where, source, error))
    return statements


def _syntax(where, error):
    return f'{where} has a syntax error in line {error.lineno}: {error.msg}'


def _old_style(statements):
    """The module tensorflow1, if the notebook needs it."""
    nodes = [s.node for s in statements if s.node]
    if any(re.search(r'\b(import|from) tensorflow', ast.unparse(node)) for node in nodes):
        from lesson.notebook import tensorflow1

        return tensorflow1 if tensorflow1.is_old(nodes) else None


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
        defines = statement.node is None or isinstance(statement.node, _DEFINITIONS)
        if defines or (statement.chosen and callable(seen_from(statement.cell).get(name))):
            return statement.cell
    return 0


def _needed(names, statements):
    """These names, and all that the statements which bind them depend on."""
    needed = set()
    while names - needed:
        needed |= names
        names = set().union(*(s.needs for s in statements if s.binds & needed))
    return needed


# ---------------------------------------------------------------- what is executed


def _choose(statements):
    """Choose the statements that are executed."""
    needed = _needed(set(FUNCTIONS), statements)
    calls = _Calls([s.node for s in statements if s.node])
    for statement in statements:
        if node := statement.node:
            text = ast.unparse(node)
            setting = isinstance(node, (ast.Expr, ast.Assign)) and _SETTINGS.match(text)
            plain = isinstance(node, (ast.Assign, ast.AnnAssign)) and not any(_calls(node))
            about = statement.binds & needed
            if isinstance(node, ast.Expr) and re.match(r'\w*', text)[0] in calls.modules:
                about = False  # plt.figure() is not about plt
            wanted = plain or about or isinstance(node, _DEFINITIONS)
            statement.chosen = bool(setting or (wanted and not calls.act(calls.pruned(node))))


class _Calls:
    """Whether calls do more than to compute a value: by their names, and by those in what they call."""

    def __init__(self, nodes):
        self.modules = {}  # name -> the module, or the member of a module, that it stands for
        self.bodies = {}  # name of a function or class of the notebook -> what a call of it executes
        for node in (inner for outer in nodes for inner in ast.walk(outer)):
            if isinstance(node, ast.Import):
                self.modules |= {a.asname or a.name.split('.')[0]: a.name for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                self.modules |= {a.asname or a.name: f'{node.module}.{a.name}' for a in node.names}
            elif isinstance(node, ast.FunctionDef):
                self.bodies.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.ClassDef):
                starts = ('__init__', '__new__', '__post_init__')
                inside = [each for each in node.body if getattr(each, 'name', '') in starts]
                self.bodies.setdefault(node.name, []).extend(inside)

    def pruned(self, node):
        """A compound statement without the simple ones in it that do more."""
        for part in [node, *getattr(node, 'handlers', ())]:
            for block in ('body', 'orelse', 'finalbody'):
                if isinstance(part, (*_COMPOUND, ast.ExceptHandler)) and getattr(part, block, None):
                    inner = map(self.pruned, getattr(part, block))
                    kept = [ast.copy_location(ast.Pass(), each) if self.act(each) else each for each in inner]
                    setattr(part, block, kept)
        return node

    def act(self, node, seen=frozenset()):
        """Whether the execution of a statement does more."""
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and 'get_ipython()' in ast.unparse(node):
            return not seen  # the output of a shell line; in a function, it does nothing
        calls = _calls(node) if not seen else (each for each in ast.walk(node) if isinstance(each, ast.Call))
        return any(self._acts(name, seen) for call in calls for name in _called(call))

    def _acts(self, name, seen):
        root, last = re.match(r'\w*', name)[0], re.search(r'\w*$', name)[0]
        if root == 'get_ipython':
            return False
        if _OUTSIDE.match(self.modules.get(root, root) + name[len(root) :]):
            return True
        if any(_ACTS.fullmatch(word.lower()) for word in re.findall(r'[A-Z]?[a-z]+|[A-Z]+', last)):
            return True
        return last not in seen and any(self.act(body, seen | {last}) for body in self.bodies.get(last, ()))


def _calls(node):
    """The calls that the execution of a statement makes: without those in the bodies of what it defines."""
    if isinstance(node, ast.Call):
        yield node
    inner = ast.iter_child_nodes(node)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        inner = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Lambda):
        inner = node.value.args.defaults
    for child in inner:
        yield from _calls(child)


def _called(call):
    """The names of what a call calls: a function, and those that it is given to call."""
    name = ast.unparse(call.func)
    given = () if name.endswith('partial') else [*call.args, *(keyword.value for keyword in call.keywords)]
    return [name, *(each.id for each in given if isinstance(each, ast.Name))]


def _binds(node):
    """The names that a statement binds, or whose value it changes."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, _IMPORTS):
        return {alias.asname or alias.name.split('.')[0] for alias in node.names}
    if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return set()
    names = set()
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        target = node.value.func  # layers.append(3)
    else:
        target = node if isinstance(getattr(node, 'ctx', None), (ast.Store, ast.Del)) else None
    while isinstance(target, (ast.Attribute, ast.Subscript)):  # sizes['z'] = 100
        target = target.value
        names |= {target.id} if isinstance(target, ast.Name) else set()
    if isinstance(target, ast.Name) and target is node:
        names.add(node.id)
    return names.union(*map(_binds, ast.iter_child_nodes(node)))


def _reads(code):
    """The global names that a code object and those in it read."""
    names = {i.argval for i in dis.get_instructions(code) if re.match('LOAD_(NAME|GLOBAL|FROM_DICT_OR_G)', i.opname)}
    return names.union(*(_reads(each) for each in code.co_consts if isinstance(each, types.CodeType)))
