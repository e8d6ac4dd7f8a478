"""Cells of a notebook as Python: their sources without magics, and the names and files that statements mention."""

import ast
import dis
import json
import os
import re
import types
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


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


def without_magics(source):
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


def taken_from_elsewhere(path):
    """What is said of cells that execute another file."""
    for cell, source in enumerate(sources(path), 1):
        if line := re.search(r'^\s*(?:%run|%load|%loadpy|%cd|exec\s*\(|execfile\s*\(|runpy\.).*', source, re.M):
            yield (
                f'a test does not execute "{line[0].strip()[:80]}" in cell {cell}: '
                'put what it defines into a cell, or import it'
            )


def binds(node):
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
    return names.union(*map(binds, ast.iter_child_nodes(node)))


def would_bind(source):
    """The names that a cell with a syntax error would have bound, as far as one can tell."""
    binding = r'^(?:(?:async +)?(?:def|class) +(\w+)|(?:from .+)?import +(.+)|([\w, ]+)=)'
    return set(re.findall(r'\w+', ' '.join(map(' '.join, re.findall(binding, source, re.M)))))


def files(node):
    """'file x' for each x, in a statement outside of definitions, that looks like the name of a file or a module."""
    modules, texts = set(), set()
    for each in ast.walk(node):
        match each:
            case ast.Import(aliases):
                modules |= {alias.name for alias in aliases}
            case ast.ImportFrom(str(name)):
                modules |= {name}
            case ast.Constant(str(text)) if not isinstance(node, DEFINITIONS):
                texts |= {text} if re.fullmatch(r'[\w./-]+\.\w{1,5}', text) else set()
    texts |= {f'{name.replace(".", "/")}.py' for name in modules}
    return {f'file {os.path.normpath(name)}' for name in texts}


def reads(code):
    """The global names that a code object and those in it read."""
    names = {i.argval for i in dis.get_instructions(code) if re.match('LOAD_(NAME|GLOBAL|FROM_DICT_OR_G)', i.opname)}
    return names.union(*(reads(each) for each in code.co_consts if isinstance(each, types.CodeType)))
