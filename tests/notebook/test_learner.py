"""The learner's copy: nothing is solved in it, everything else is there, and it says what is still to be written."""

import ast
import io
import re
import signal
import subprocess
import sys
import tokenize
import zipfile
from pathlib import Path
from unittest import mock

import nbformat
import pytest
from nbclient import NotebookClient

import problem_unittests
from lesson.notebook import learner

TO_WRITE = {*problem_unittests.FUNCTIONS, 'real_loss', 'fake_loss'}
TEXTS = {path.stem: path.read_text('utf-8') for path in learner.EXERCISES.glob('*.md') if path.stem != 'start'}


@pytest.fixture
def lesson():
    return nbformat.read(learner.LESSON, as_version=4)


@pytest.fixture
def copy(lesson):
    return learner.exercise(lesson)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == 'code']


def functions(notebook):
    """{name: (syntax tree, source)} of the functions to write."""
    found = {}
    for cell in code_cells(notebook):
        for node in ast.parse(cell.source).body:
            if isinstance(node, ast.FunctionDef) and node.name in TO_WRITE:
                found[node.name] = node, ast.get_source_segment(cell.source, node)
    return found


def plain(text):
    """Text without comments and with single spaces, so that a layout makes no difference."""
    return re.sub(r'\s+', ' ', re.sub(r'#.*', '', text))


def solution(lesson):
    """The lines of the solutions' bodies, but for those that are too short to tell anything."""
    for node, source in functions(lesson).values():
        first = node.body[1].lineno - node.lineno
        for line in source.splitlines()[first:]:
            if len(plain(line).strip()) > 12:
                yield plain(line).strip()


def leaked(lesson, text):
    """The lines of the solutions that a text contains, be it Markdown, Python or a notebook's JSON."""
    text = plain(text.replace('\\n', '\n').replace('\\"', '"'))
    text = re.sub(r'def \w+\(.*?\)', '', text)  # a call may look like the definition, which is given
    return [line for line in solution(lesson) if line in text]


# ---------------------------------------------------------------- what is in the copy


def test_the_functions_to_write_keep_signature_and_docstring_and_nothing_else(lesson, copy):
    given, left = functions(lesson), functions(copy)
    assert left.keys() == TO_WRITE
    for name, (node, source) in left.items():
        solved = given[name][0]
        assert ast.unparse(node.args) == ast.unparse(solved.args)
        assert ast.get_docstring(node) == ast.get_docstring(solved)
        assert [ast.unparse(each) for each in node.body[1:]] == ['raise NotImplementedError']
        comments = [t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT]
        assert comments == []


def test_no_line_of_a_solution_is_in_the_copy(lesson, copy):
    assert len([*solution(lesson)]) > 30
    assert leaked(lesson, nbformat.writes(copy)) == []
    assert len(leaked(lesson, nbformat.writes(lesson))) == len([*solution(lesson)])


def test_the_copy_has_no_results(copy):
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code_cells(copy))
    nbformat.validate(copy)


def test_everything_else_is_given_in_the_same_order(lesson, copy):
    ids = [cell.id for cell in lesson.cells]
    kept = [cell for cell in copy.cells if cell.id in ids]
    assert [cell.id for cell in kept] == ids
    changed = {cell.id for cell, before in zip(kept, lesson.cells, strict=True) if cell.source != before.source}
    assert changed == {
        cell.id for cell in code_cells(lesson) if re.search(rf'^def ({"|".join(TO_WRITE)})\(', cell.source, re.M)
    }
    assert [cell.metadata.get('tags') for cell in kept if cell.id == 'parameters'] == [['parameters']]


def test_what_a_function_has_to_do_is_read_right_before_it(copy):
    for name in TO_WRITE:
        before, _ = next(
            pair for pair in zip(copy.cells, copy.cells[1:], strict=False) if f'\ndef {name}(' in f'\n{pair[1].source}'
        )
        assert before.cell_type == 'markdown'
        assert before.source.startswith(f'**Your turn: `{name}`**')
        assert '<!--' not in before.source


@pytest.mark.parametrize('name', sorted(TO_WRITE))
def test_a_text_gives_time_difficulty_importance_and_three_hints_that_go_further(name):
    title, *_ = TEXTS[name].splitlines()
    first = rf'\*\*Your turn: `{name}`\*\* · \d+ minutes'
    dots = re.fullmatch(f'{first} · difficulty (●+○*) · importance (●+○*)', title)
    assert [len(each) for each in dots.groups()] == [5, 5]
    hints = re.findall(r'<details><summary>Hint (\d)</summary>\n\n(.*?)\n\n</details>', TEXTS[name], re.S)
    assert [number for number, _ in hints] == ['1', '2', '3']
    assert TEXTS[name].count('<details>') == TEXTS[name].count('</details>') == 3


def test_the_texts_ask_for_what_the_contract_checks():
    asked = {name: set(' '.join(re.findall('<!--(.*?)-->', text)).split()) for name, text in TEXTS.items()}
    faults = [fault.split('.') for fault, entry in problem_unittests.FAULTS.items() if entry['kind'] == 'faults']
    general = {fault for name, fault in faults if name == '*'}
    for name in problem_unittests.FUNCTIONS:
        own = {fault for function, fault in faults if function == name}
        assert own <= asked[name] <= own | general, name
    assert general - set().union(*asked.values()) == {'arguments_swapped'}  # nobody has to be asked for it


def test_a_function_that_a_lesson_lacks_or_does_not_describe_is_an_error(lesson):
    cell = next(cell for cell in lesson.cells if cell.id == 'model-opt')
    cell.source = re.sub('""".*?"""', 'pass', cell.source, flags=re.S)
    with pytest.raises(ValueError, match='model_opt has no docstring'):
        learner.exercise(lesson)
    cell.source = 'pass'
    with pytest.raises(ValueError, match='no cell of the lesson defines model_opt'):
        learner.exercise(lesson)


# ---------------------------------------------------------------- learn and check


@pytest.fixture
def my_copy(tmp_path, monkeypatch):
    monkeypatch.setattr(learner, 'COPY', tmp_path / 'my copy.ipynb')
    return learner.COPY


def test_a_copy_that_exists_is_never_overwritten(my_copy, copy):
    learner.learn()
    assert nbformat.read(my_copy, as_version=4) == copy
    my_copy.write_text('my work')
    learner.learn()
    assert my_copy.read_text() == 'my work'
    assert list(my_copy.parent.iterdir()) == [my_copy]


def test_a_copy_that_lies_elsewhere_is_never_overwritten(my_copy, tmp_path):
    my_copy.symlink_to(tmp_path / 'a disk that is not there' / 'work.ipynb')
    learner.learn()
    assert my_copy.is_symlink()


def check(path):
    before = signal.getsignal(signal.SIGINT)
    try:
        with mock.patch.object(sys, 'argv', ['learner', 'check', str(path)]):
            learner.main()
    finally:
        signal.signal(signal.SIGINT, before)


def test_check_prints_a_line_for_each_function_and_how_many_pass(lesson, copy, tmp_path, capsys):
    for cell, solved in ((cell, solved) for cell in copy.cells for solved in lesson.cells if cell.id == solved.id):
        if cell.id == 'model-inputs':
            cell.source = solved.source
        if cell.id == 'model-opt':
            cell.source = solved.source.replace('return d_train_opt, g_train_opt', 'return d_train_opt')
    nbformat.write(copy, tmp_path / 'mine.ipynb')
    check(tmp_path / 'mine.ipynb')
    *lines, last = capsys.readouterr().out.splitlines()
    verdicts = dict(line.split(maxsplit=1) for line in lines)
    assert list(verdicts) == list(problem_unittests.FUNCTIONS)
    assert verdicts.pop('model_inputs') == 'passed'
    assert verdicts.pop('model_opt').startswith('expected 2 values')
    assert set(verdicts.values()) == {'not written yet'}
    assert last == '1 of 6 pass.'


@pytest.mark.parametrize(('content', 'reason'), [(None, 'does not exist'), ('{', 'is not a notebook')])
def test_check_says_what_it_cannot_read(tmp_path, content, reason):
    path = tmp_path / 'mine.ipynb'
    if content:
        path.write_text(content)
    with pytest.raises(SystemExit, match=reason):
        check(path)


ENDING = """
def model_inputs(*sizes):
    import os
    os._exit(0)
def discriminator(*arguments, **named):
    raise KeyboardInterrupt
def generator(*arguments, **named):
    import sys
    sys.setrecursionlimit(60)
def model_loss(*arguments):
    import sys
    sys.exit()
def train(*arguments):
    quit()
"""


def test_check_prints_six_lines_whatever_the_functions_do(tmp_path, capsys):
    path = tmp_path / 'mine.ipynb'
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(ENDING)]), path)
    check(path)
    *lines, last = capsys.readouterr().out.splitlines()
    verdicts = dict(line.split(maxsplit=1) for line in lines)
    assert list(verdicts) == list(problem_unittests.FUNCTIONS) and last == '0 of 6 pass.'
    assert 'SystemExit' in verdicts['train'] and 'KeyboardInterrupt' not in verdicts['train']


def test_an_endless_loop_is_named_before_it_is_ended(capsys, monkeypatch):
    monkeypatch.setattr(learner, 'HERE', 12)

    def model_inputs(*sizes):
        while True:
            pass

    learner.check({'model_inputs': model_inputs, 'digits': None})
    note, verdict, *others = capsys.readouterr().out.splitlines()
    assert note == 'model_inputs   is still computing: an endless loop? It ends after 12 s.'
    assert 'it was stopped after 12 s of computing' in verdict
    assert others[0] == 'discriminator  discriminator is not defined yet'
    assert others[-1].endswith('-m lesson.notebook.learner check')


@pytest.mark.long
def test_in_the_copy_a_cell_judges_what_is_defined_now_and_shows_the_first_images(lesson, copy):
    solved = {cell.id: cell.source for cell in lesson.cells}
    ids = [cell.id for cell in copy.cells]
    for cell in copy.cells[: ids.index('check')]:
        cell.source = solved.get(cell.id, cell.source)
    del copy.cells[ids.index('check') + 1 :]
    copy.cells[ids.index('parameters')].source += "\ndata_source, synthetic_count = 'synthetic', 4000"
    NotebookClient(copy, timeout=600, resources={'metadata': {'path': learner.ROOT}}).execute()
    outputs = copy.cells[-1].outputs
    text = ''.join(out.text for out in outputs if out.output_type == 'stream' and out.name == 'stdout')
    assert text.splitlines()[: len(problem_unittests.FUNCTIONS) + 1] == [
        *(f'{name:14} passed' for name in problem_unittests.FUNCTIONS),
        '6 of 6 pass.',
    ]
    assert [out for out in outputs if 'image/png' in out.get('data', ())]


# ---------------------------------------------------------------- the bundle


@pytest.fixture
def bundle(tmp_path):
    """The student's bundle, unpacked from its zip in a folder where nothing else is."""
    learner.student(tmp_path)
    with zipfile.ZipFile(tmp_path / 'student.zip') as archive:
        archive.extractall(tmp_path / 'unpacked')
    (inside,) = (tmp_path / 'unpacked').iterdir()
    return inside


@pytest.mark.long
def test_the_bundle_works_on_its_own_and_each_cell_says_in_one_sentence_what_is_not_written(bundle):
    notebook = nbformat.read(bundle / learner.COPY.name, as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    cells['parameters'].source += "\ndata_source, synthetic_count, failure_steps = 'synthetic', 128, 0"
    client = NotebookClient(notebook, timeout=600, allow_errors=True, resources={'metadata': {'path': bundle}})
    client.execute()
    outputs = [(name, out) for name, cell in cells.items() for out in cell.get('outputs', ())]
    errors = {name: out for name, out in outputs if out.output_type == 'error'}
    tests = {cell.id for cell in notebook.cells if cell.source.startswith('tests.test_')}
    assert tests < errors.keys()
    for name, error in errors.items():
        assert len(error.traceback) == 1 and '\n' not in error.traceback[0].strip(), name
        assert 'not written yet' in error.evalue, name
    for name, function in {'try-generator': 'generator', 'train-faces': 'train', 'digit-grid': 'train'}.items():
        assert errors[name].traceback[0].startswith(f'{function} is not written yet')
    assert [out.text for _, out in outputs if out.output_type == 'stream' and out.name == 'stderr'] == []


def test_the_changes_of_the_contract_travel_with_the_bundle(bundle):
    whole, text = learner.ROOT.joinpath('CHANGELOG.md').read_text('utf-8'), (bundle / 'CHANGELOG.md').read_text('utf-8')
    assert text.count('**Contract**') == whole.count('**Contract**') and text.startswith('# Changelog\n\n## ')
    first = whole.partition('**Contract**')[2].partition('\n**')[0].strip()
    assert first in text and '**The lesson**' not in text


@pytest.mark.long
def test_in_the_bundle_the_lessons_functions_pass(bundle, lesson):
    copy = nbformat.read(bundle / learner.COPY.name, as_version=4)
    sources = {cell.id: cell.source for cell in lesson.cells}
    for cell in copy.cells:
        cell.source = sources.get(cell.id, cell.source)
    nbformat.write(copy, bundle / 'solved.ipynb')
    command = [sys.executable, '-m', 'lesson.notebook.learner', 'check', 'solved.ipynb']
    checked = subprocess.run(command, cwd=bundle, capture_output=True, text=True, check=True)
    assert checked.stdout.splitlines() == [
        *(f'{name:14} passed' for name in problem_unittests.FUNCTIONS),
        '6 of 6 pass.',
    ]
    assert checked.stderr == ''


def test_the_bundle_has_what_a_learner_needs_and_nothing_that_is_solved(bundle, lesson):
    names = {path.relative_to(bundle).as_posix() for path in bundle.rglob('*') if path.is_file()}
    assert {
        *('my_face_generation.ipynb', 'helper.py', 'problem_unittests.py', 'requirements.txt', 'README.md', 'LICENSE'),
        *('docs/gan.svg', 'AGENTS.md', 'CHANGELOG.md'),
        *('docs/field_guide.md', 'docs/field_guide/01-generator.random.png', 'lesson/cluster/members.py'),
    } < names
    assert not [name for name in names if re.search('dlnd_face|tests/|solutions|grade|exercises|pycache', name)]
    notebook = nbformat.read(bundle / 'my_face_generation.ipynb', as_version=4)
    texts = {'.': ''.join(cell.source for cell in notebook.cells if cell.cell_type == 'markdown')}
    texts |= {Path(name).parent: (bundle / name).read_text('utf-8') for name in names if name.endswith('.md')}
    for folder, text in texts.items():
        for link in re.findall(r'\]\((?!https?:|#)([^)#]+)', text):
            assert (bundle / folder / link).exists(), link
    # Where to look, and how it is used, in single lines.
    documented = {'problem_unittests.py', 'docs/field_guide.md', 'lesson/train/run.py'}
    for name in [each for each in names - documented if not each.endswith('.png')]:
        assert leaked(lesson, (bundle / name).read_text('utf-8')) == [], name
