"""The learner's copy of the lesson, in which the functions are still to be written, and what goes with it.

    python -m lesson.notebook.learner [learn | check | student]

What a learner reads above a function, hints included, is a file of its own, exercises/<name of the function>.md.
Comments in it, which the copy does not show, name the contract's faults for which a line stands.
"""

import argparse
import ast
import re
import shutil
import signal
import sys
from pathlib import Path

import nbformat

from lesson.files import whole_file
from lesson.notebook.definitions import FUNCTIONS, definitions
from lesson.notebook.limited import beside, leave_out, limited, no_sudden_end

ROOT = Path(__file__).parents[2]
LESSON = ROOT / 'dlnd_face_generation.ipynb'
COPY = ROOT / 'my_face_generation.ipynb'
EXERCISES = Path(__file__).with_name('exercises')
SECONDS, WAITING = 120, 30  # that a function may compute, and wait, in check
STUDENT = Path(__file__).with_name('student') / 'README.md'
BUNDLE = (
    *('helper.py', 'problem_unittests.py', 'requirements.txt', 'LICENSE', 'data/README.md'),
    *('docs/generated.png', 'docs/gan.svg', 'docs/field_guide.md', 'docs/field_guide'),
)
EXPLAIN = 'from lesson.notebook import learner\n\nlearner.explain_unwritten()'


def exercise(lesson: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy of the lesson, a notebook, without results; what exercises/ has a text for is left to be written.

    Raises ValueError when one of these functions is missing, or has no docstring.
    """
    texts = {path.stem: re.sub(r'\s*<!--.*?-->', '', path.read_text('utf-8')) for path in EXERCISES.glob('*.md')}
    start = nbformat.v4.new_markdown_cell(texts.pop('start'), id='start')
    cells = [lesson.cells[0], start, nbformat.v4.new_code_cell(EXPLAIN, id='explain-unwritten')]
    for cell in lesson.cells[1:]:
        if cell.cell_type == 'code':
            source, names = _unwritten(cell.source, texts)
            cells += [nbformat.v4.new_markdown_cell(texts.pop(name), id=f'write-{name}') for name in names]
            cell = nbformat.v4.new_code_cell(source, id=cell.id, metadata={'tags': cell.metadata.get('tags', [])})
        cells.append(cell)
    if texts:
        raise ValueError(f'no cell of the lesson defines {", ".join(texts)}')
    return nbformat.v4.new_notebook(cells=cells, metadata=lesson.metadata)


def _unwritten(source, names):
    """(source with the bodies of these functions replaced, the functions that it has of them)."""
    lines, found = source.splitlines(), []
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef) and node.name in names:
            if ast.get_docstring(node) is None:
                raise ValueError(f'{node.name} has no docstring, which is what its copy consists of')
            end = node.end_lineno
            while end < len(lines) and lines[end].startswith(' '):  # a comment
                end += 1
            lines[node.body[0].end_lineno : end] = ['    raise NotImplementedError']
            found.insert(0, node.name)
    return '\n'.join(lines), found


def learn() -> None:
    """Write the learner's copy, unless there is one."""
    if COPY.exists() or COPY.is_symlink():
        print(f'{COPY.name} is there already, and stays as it is.')
        return
    _write(exercise(nbformat.read(LESSON, as_version=4)), COPY)
    print(f'{COPY.name} is new: you write six functions in it.')


def check(path=COPY) -> None:
    """Print one line for each of the six functions in a notebook, and how many pass."""
    if not path.exists():
        sys.exit(f'{path.name} does not exist: make learn writes it')
    from lesson import session  # noqa: F401  (loads TensorFlow quietly, so it comes first)

    # isort: split
    import problem_unittests

    try:
        scope, passed = definitions(path), 0
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    if scope.note:
        print(f'Judged as it is: {scope.note}.')
    for name in FUNCTIONS:
        try:
            with beside(path), no_sudden_end(), limited(SECONDS, WAITING) as stops:
                faults, _ = problem_unittests.judge(name, scope[name])
            if stops:
                leave_out(name, scope.values())
        except BaseException as error:  # of the learner's function, which wanted to end Python, for example
            faults = {f'{name}.raises': f'{type(error).__name__}: {error}'}
            leave_out(name, scope.values())
        verdict = 'passed'
        if faults:
            fault, text = next(iter(faults.items()))
            verdict = 'not written yet' if fault.endswith('.not_written') else text.splitlines()[0]
        passed += not faults
        print(f'{name:14} {verdict}', flush=True)
    print(f'{passed} of {len(FUNCTIONS)} pass.')


def student(build=ROOT / 'build') -> None:
    """Make build/student, all that a learner needs and nothing that is solved, and a zip of it."""
    folder = build / 'student'
    shutil.rmtree(folder, ignore_errors=True)
    teachers = shutil.ignore_patterns('__pycache__', 'exercises', 'grade', 'student')
    shutil.copytree(ROOT / 'lesson', folder / 'lesson', ignore=teachers)
    for name in BUNDLE:
        (folder / name).parent.mkdir(exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    shutil.copy(STUDENT, folder)
    _write(exercise(nbformat.read(LESSON, as_version=4)), folder / COPY.name)
    print(f'{folder} and {shutil.make_archive(folder, "zip", build, folder.name)}')


def _write(notebook, path):
    with whole_file(path) as file:
        file.write(nbformat.writes(notebook).encode())


def explain_unwritten() -> None:
    """In this notebook, say in one sentence when a cell needs a function that is not written yet.

    The same for what such a cell would have defined. A test that fails says so without the frames of its call.
    """
    from IPython import get_ipython

    undefined = {}  # name -> the function that is missing, so that its cell could not define it

    def explain(shell, kind, error, traceback, tb_offset=None):
        function = undefined.get(getattr(error, 'name', None)) or _raised_by(error, traceback)
        if function:
            body = ast.parse(shell.user_ns['_ih'][-1])
            stores = (node for node in ast.walk(body) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
            undefined.update((node.id, function) for node in stores if node.id not in shell.user_ns)
            error.args = (f'{function} is not written yet, and this cell needs it: write it first, further up.',)
        if function or hasattr(error, 'fault'):
            error._render_traceback_ = lambda: [str(error)]
        shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)

    get_ipython().set_custom_exc((NotImplementedError, NameError, AssertionError), explain)


def _raised_by(error, traceback):
    """The function of the notebook that raised a bare NotImplementedError, or None."""
    while traceback.tb_next:
        traceback = traceback.tb_next
    frame = traceback.tb_frame
    bare = isinstance(error, NotImplementedError) and not error.args
    return frame.f_code.co_name if bare and frame.f_globals.get('__name__') == '__main__' else None


def main():
    parser = argparse.ArgumentParser(prog='python -m lesson.notebook.learner', description=__doc__.partition('\n')[0])
    parser.add_argument('what', choices=('learn', 'check', 'student'), help='make it; judge it; make a bundle of it')
    parser.add_argument('notebook', nargs='?', type=Path, default=COPY, help='the notebook to check')
    arguments = parser.parse_args()
    if arguments.what == 'check':
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it; a KeyboardInterrupt is the learner's own
        check(arguments.notebook)
    else:
        {'learn': learn, 'student': student}[arguments.what]()


if __name__ == '__main__':
    main()
