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
from contextlib import nullcontext
from pathlib import Path

import nbformat

from lesson.files import whole_file
from lesson.notebook.definitions import FUNCTIONS, definitions
from lesson.notebook.limited import beside, leave_out, limited, no_sudden_end

ROOT = Path(__file__).parents[2]
LESSON = ROOT / 'dlnd_face_generation.ipynb'
COPY = ROOT / 'my_face_generation.ipynb'
EXERCISES = Path(__file__).with_name('exercises')
SECONDS, HERE, WAITING = 120, 30, 30  # that a function may compute, from a file or in this notebook; and wait
STUDENT = Path(__file__).with_name('student')
BUNDLE = (
    *('helper.py', 'problem_unittests.py', 'requirements.txt', 'LICENSE', 'data/README.md'),
    *('docs/generated.png', 'docs/expected.png', 'docs/gan.svg', 'docs/field_guide.md', 'docs/field_guide'),
)
PROGRESS = """**How far are you?** Run this cell whenever you like: it judges the functions as they are defined now."""
CHECK = 'from lesson.notebook import learner\n\nlearner.check(globals())'


def exercise(lesson: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy of the lesson, a notebook, without results; what exercises/ has a text for is left to be written.

    Raises ValueError when one of these functions is missing, or has no docstring.
    """
    texts = {path.stem: re.sub(r'\s*<!--.*?-->', '', path.read_text('utf-8')) for path in EXERCISES.glob('*.md')}
    start = nbformat.v4.new_markdown_cell(texts.pop('start'), id='start')
    cells = [lesson.cells[0], start]
    for cell in lesson.cells[1:]:
        if cell.cell_type == 'code':
            source, names = _unwritten(cell.source, texts)
            cells += [nbformat.v4.new_markdown_cell(texts.pop(name), id=f'write-{name}') for name in names]
            cell = nbformat.v4.new_code_cell(source, id=cell.id, metadata={'tags': cell.metadata.get('tags', [])})
        cells.append(cell)
        if cell.id == 'test-train':
            cells.append(nbformat.v4.new_markdown_cell(PROGRESS, id='progress'))
            cells.append(nbformat.v4.new_code_cell(CHECK, id='check'))
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


def check(scope, path=None) -> None:
    """Print one line for each of the six functions in a namespace, and how many pass.

    path: the notebook from which they were taken; None: the namespace is that of this notebook, and if all six pass,
    its network makes its first 100 steps.
    """
    from lesson import session  # noqa: F401  (loads TensorFlow quietly, so it comes first)

    # isort: split
    import problem_unittests

    passed = 0
    for name in FUNCTIONS:
        faults = _faults(name, scope, path, problem_unittests)
        verdict = 'passed'
        if faults:
            fault, text = next(iter(faults.items()))
            verdict = 'not written yet' if fault.endswith('.not_written') else text.splitlines()[0]
        newer = [] if path else problem_unittests.newer_definition(name, scope.get(name))
        passed += not faults and not newer
        print(f'{name:14} {(newer or [verdict])[0]}', flush=True)
    print(f'{passed} of {len(FUNCTIONS)} pass.')
    if path is None:
        print(f'In a terminal, for the saved notebook: {sys.executable} -m lesson.notebook.learner check')
        if passed == len(FUNCTIONS) and (digits := scope.get('digits')):
            print('Here are the first images of your own network, after 100 steps:')
            few = type(digits)(digits.images[:3200], digits.title)
            settings = few.get_batches, few.shape, few.image_mode
            scope['train'](1, 32, 100, 0.001, 0.0, *settings, title=f'generated, trained on {few.title}')


def _faults(name, scope, path, tests):
    """What is wrong with the function called `name`, {id: text}; a note after ten seconds says which one it is."""
    seconds = SECONDS if path else HERE
    late = f'{name:14} is still computing: an endless loop? It ends after {seconds} s.'
    here = beside(path) if path else nullcontext()
    try:
        with here, tests.said_after_ten_seconds(late), no_sudden_end(), limited(seconds, WAITING) as stops:
            faults, _ = tests.judge(name, scope.get(name, NameError(f'{name} is not defined yet')))
        if not stops:
            return faults
    except BaseException as error:  # of the learner's function, which wanted to end Python, for example
        if path is None and isinstance(error, KeyboardInterrupt):
            raise
        faults = {f'{name}.raises': f'{type(error).__name__}: {error}'}
    if path:
        leave_out(name, scope.values())
    return faults


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
    for path in STUDENT.iterdir():
        shutil.copy(path, folder)
    (folder / 'CHANGELOG.md').write_text(contract_changes((ROOT / 'CHANGELOG.md').read_text('utf-8')), 'utf-8')
    _write(exercise(nbformat.read(LESSON, as_version=4)), folder / COPY.name)
    print(f'{folder} and {shutil.make_archive(folder, "zip", build, folder.name)}')


def contract_changes(changelog: str) -> str:
    """A changelog's title, and for each version how the contract changed."""
    return ''.join(re.findall(r'^##? .*\n\n|^\*\*Contract\*\*\n(?:(?!\*\*|##? ).*\n)*', changelog, re.M))


def _write(notebook, path):
    with whole_file(path) as file:
        file.write(nbformat.writes(notebook).encode())


def main():
    parser = argparse.ArgumentParser(prog='python -m lesson.notebook.learner', description=__doc__.partition('\n')[0])
    parser.add_argument('what', choices=('learn', 'check', 'student'), help='make it; judge it; make a bundle of it')
    parser.add_argument('notebook', nargs='?', type=Path, default=COPY, help='the notebook to check')
    arguments = parser.parse_args()
    if arguments.what == 'check':
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it; a KeyboardInterrupt is the learner's own
        path = arguments.notebook
        if not path.exists():
            sys.exit(f'{path.name} does not exist: make learn writes it')
        try:
            scope = definitions(path)
        except (OSError, ValueError) as error:
            sys.exit(str(error))
        if scope.note:
            print(f'Judged as it is: {scope.note}.')
        check(scope, path)
    else:
        {'learn': learn, 'student': student}[arguments.what]()


if __name__ == '__main__':
    main()
