"""From what four platforms export to a filled gradebook and a zip of pages, in one command."""

import csv
import io
import re
import shutil
import sys
import zipfile

import pytest

from lesson.grade import __main__ as grading
from lesson.grade import gradebook, points, watch
from lesson.notebook.definitions import FUNCTIONS
from tests.builders import write_notebook
from tests.contract.solutions import sources_of
from tests.contract.solutions.table import CASES
from tests.grade.conftest import learners, record, verdict

POINTS = {  # of solutions of the contract's proof, counted by hand
    'right: the notebook itself': 6,
    'right: a learning rate of float64': 6,
    'generator.random: dropout left on at inference': 5.5,
    'model_opt.beta1: beta1 ignored': 5.5,
    'train.range: real images as they come': 5,
    'model_opt.no_update_ops: no control dependencies': 5,
}
HAND_IN = [case for case in CASES if str(case) in POINTS]
FIRST = ('Ann', 'Bob', 'Cho', 'Dan', 'Eva', 'Fay', 'Gil', 'Hal')
LAST = ('Lee', 'Ode', 'Kím', 'Roe', 'Poe')
PEOPLE = [f'{first} {last}' for last in LAST for first in FIRST]
MISSING, LATE, AGAIN = (7, 18, 29), (4, 12), (0, 8, 2, 6)  # of Canvas: 0, 4, 8, ...; Blackboard: 2, 6, ...; Moodle: 1


TOTALS = {i: POINTS[str(HAND_IN[i % len(HAND_IN)])] for i in range(42) if i not in MISSING}
CANVAS = [
    ['Student', 'ID', 'SIS User ID', 'SIS Login ID', 'Section', 'Quiz (7)', 'GAN faces (8)', 'Final Score'],
    ['', '', '', '', '', 'Manual Posting', '', ''],
    ['    Points Possible', '', '', '', '', '10', '100', '(read only)'],
    *(
        [', '.join(PEOPLE[i].split()[::-1]), f'{1000 + i}', f'u{i}', f's{i}', 'A', '9', '', '81.5']
        for i in range(0, 40, 4)
    ),
    ['Student, Test', '999', '', 'x', 'A', '', '', ''],
]
COLUMNS = 'Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,Last modified (grade)'
MOODLE = [[*COLUMNS.split(','), 'Feedback comments']]
for i in range(1, 40, 4):
    row = [f'Participant {2000 + i}', PEOPLE[i], f'{i}@x.edu', 'Submitted', '', '12.00']
    MOODLE.append([*row, 'No' if i == 5 else 'Yes', '-', 'Mine' * (i == 1)])


def rows_of(path):
    assert path.read_bytes().startswith(b'\xef\xbb\xbf')
    return [*csv.reader(io.StringIO(path.read_text('utf-8-sig'), newline=''))]


def hand_in(place):
    """Fill the folder of a class of 40, by turns on Canvas, Moodle, Blackboard, GitHub Classroom, and two strangers."""
    for i, name in enumerate([*PEOPLE, 'Ivy New', 'Jon New']):
        form = [
            f'canvas/{"".join(name.lower().split()[::-1])}{"_LATE" * (i in LATE)}_{1000 + i}_{{}}_my{{}}.ipynb',
            f'moodle/{name}_{2000 + i}_assignsubmission_file_/my.ipynb',
            f'blackboard/GAN_s{i}_attempt_2026-01-{{}}-10-00-00_my.ipynb',
            f'classroom/gan-faces-s{i}/my.ipynb',
        ][i % 4]
        if i not in MISSING:
            sources = sources_of(HAND_IN[i % len(HAND_IN)]).values()
            write_notebook(place / form.format(60 + i, '-1' * (i in AGAIN)), *sources)
        if i in AGAIN:
            write_notebook(place / form.format(10 + i, ''), 'the first attempt')
    with zipfile.ZipFile(place / 'submissions.zip', 'w') as archive:  # as it comes from Canvas
        for path in (place / 'canvas').iterdir():
            archive.writestr(path.name, path.read_bytes())
    shutil.rmtree(place / 'canvas')


def judge(folder):
    """A judge that knows these solutions, and what has to be said of them."""
    known = {}
    for case in HAND_IN:
        hint = '\n  Hint: learning_rate is float64' * bool(case.hints)
        verdicts = {'model_inputs': verdict(message=f'model_inputs: passed{hint}')}
        if case.fault:
            verdicts[case.fails] = verdict(False, {case.fault: 'seen'}, 'wrong')
        text = write_notebook(folder / 'known.ipynb', *sources_of(case).values()).read_text('utf-8')
        known[text] = record(**verdicts)
    return lambda path: dict(known[path.read_text('utf-8')])


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys.stdout, 'reconfigure', lambda **_: None, raising=False)
    monkeypatch.setattr(sys, 'argv', ['grade', *map(str, arguments)])
    grading.main()


@pytest.fixture(scope='module')
def graded(tmp_path_factory):
    """The folder with all tables, and out/ with what one command has made from them."""
    folder = tmp_path_factory.mktemp('graded')
    hand_in(folder / 'class')
    rows = [['E-mail', 'Name', 'ID']] + [[f'{i}@x.edu', name, f's{i}'] for i, name in enumerate(PEOPLE)]
    tables = {'canvas': CANVAS, 'moodle': MOODLE, 'roster': rows, 'remarks': [['name', 'remark'], ['Bob Lee', '=well']]}
    options = ['--output', folder / 'out', '--assignment', 'GAN faces']
    for name, table in tables.items():
        gradebook.write_table(folder / f'{name}.csv', table, lineterminator='\n')
        options += [f'--{name}', folder / f'{name}.csv']
    given = {name: (folder / f'{name}.csv').read_bytes() for name in tables}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, 'judged', judge(folder))
        run(patch, folder / 'class', *options)
        patch.setattr(watch, 'judged', None)
        run(patch, folder / 'class', *options)  # nothing is judged again, and remarks are still there
    assert given == {name: (folder / f'{name}.csv').read_bytes() for name in tables}, 'what was given stays as it is'
    return folder


def test_every_learner_has_a_row_with_the_points_that_were_counted_by_hand(graded):
    header, *rows = rows_of(graded / 'out' / 'gradebook.csv')
    assert header[3:9] == [*FUNCTIONS] and len(rows) == 42
    for i, cells in enumerate(rows[:40]):
        row, case = dict(zip(header, cells, strict=True)), HAND_IN[i % len(HAND_IN)]
        assert (row['id'], row['name'], row['e-mail']) == (f's{i}', PEOPLE[i], f'{i}@x.edu')
        if i in MISSING:
            assert row['state'] == 'missing' and not any(cells[3:12])
            continue
        assert float(row['total']) == TOTALS[i] == sum(float(row[name]) for name in FUNCTIONS)
        assert float(row['share']) == round(TOTALS[i] / 6, 4)
        assert [name for name in FUNCTIONS if float(row[name]) < 1] == [case.fails] * bool(case.fault)
        assert row['hints'] == str(len(case.hints)) and row['state'] == 'judged'
        assert ('late' in row['notes'], '2 attempts' in row['notes']) == (i in LATE, i in AGAIN)
        assert re.fullmatch(r'\d{4}-\d\d-\d\d \d\d:\d\d UTC', row['judged'])
    assert [row[header.index('notes')] for row in rows[40:]] == ['not in the roster'] * 2
    assert rows[1][-1] == "'=well"
    verdicts = rows_of(graded / 'out' / 'verdicts.csv')
    assert len(verdicts) == 1 + 39 * 6 and sum(row[2] == '1' for row in verdicts) == 208
    text = (graded / 'out' / 'index.html').read_text('utf-8')
    assert text.index('Missing:') < text.index('Not in the roster:') < text.index('The functions')
    assert '=well' in text


def test_what_canvas_reads_is_its_export_with_one_column_filled(graded):
    header, *rows = rows_of(graded / 'out' / 'canvas.csv')
    assert [row[:6] + row[7:] for row in [header, *rows]] == [row[:6] + row[7:] for row in CANVAS]
    # As lib/gradebook_importer.rb of instructure/canvas-lms reads it: an assignment by the number in its name, learners
    # by ID; rows of Points Possible, and of nothing but notes on posting, are not learners.
    assert 'Student' in header[0] and 'ID' in header[1] and 'Section' in header
    (column,) = (i for i, name in enumerate(header) if re.fullmatch(r'.* \(8\)', name))
    rows = [row for row in rows if not all(re.fullmatch(r'\s*(Muted|Manual Posting.*)?\s*', cell) for cell in row)]
    grades = {int(row[1]): row[column].strip() for row in rows if 'Points Possible' not in row[0]}
    assert grades.pop(999) == '', 'the test student'
    assert {i - 1000: float(grade) for i, grade in grades.items()} == {
        i: round(TOTALS[i] / 6 * 100, 2) for i in range(0, 40, 4)
    }


def test_what_moodle_reads_is_its_worksheet_with_grades_and_comments_filled(graded):
    header, *rows = rows_of(graded / 'out' / 'moodle.csv')
    # As mod/assign/feedback/offline of moodle/moodle reads it: a learner by what follows "Participant "; what is empty,
    # or more than the maximum, is left out; these three columns have to be there.
    assert header == MOODLE[0] and {'Identifier', 'Grade', 'Last modified (grade)'} <= {*header}
    filled = {int(row[0][len('Participant ') :]) - 2000: dict(zip(header, row, strict=True)) for row in rows}
    assert [*filled] == [*range(1, 40, 4)] and filled[5]['Grade'] == filled[29]['Grade'] == '', 'locked; missing'
    grades = {i: float(row['Grade']) for i, row in filled.items() if row['Grade']}
    assert grades == {i: 2 * TOTALS[i] for i in filled if i not in (5, 29)} and max(grades.values()) <= 12
    assert filled[1]['Feedback comments'] == 'Mine'
    assert filled[9]['Feedback comments'].startswith(f'{TOTALS[9]:g} of 6 points')


FORMS = [  # (platform, a table, what is filled in)
    (  # Canvas in Europe, first and last names apart
        'canvas',
        'LastName;FirstName;ID;SIS Login ID;Section;GAN (8)\n    Points Possible;;;;;10,00\nLee;Ann;7;l;A;\n',
        ('A;\n', 'A;10\n'),
    ),
    (  # no points are possible there, and one learner is excused
        'canvas',
        'Student,ID,Section,GAN (8)\r\n    Points Possible,,,0\r\n"Lee, Ann",7,A,\r\n"Ode, Bob",9,A,EX\r\n',
        ('A,\r', 'A,6\r'),
    ),
    (
        'moodle',
        'Identifier,Full name,Grade,Maximum Grade,Last modified (grade)\nParticipant 3,Ann Lee,,100.00,-\n',
        ('Lee,,', 'Lee,100,'),
    ),
]


@pytest.mark.parametrize(('platform', 'given', 'filled'), FORMS)
def test_a_table_keeps_its_form(tmp_path, platform, given, filled):
    path = tmp_path / 'table.csv'
    path.write_bytes(given.encode())
    rows, style, _ = getattr(gradebook, platform)(path, learners({'Ann Lee': record(), 'Bob Ode': record()}), 6.0)
    gradebook.write_table(path, rows, **style)
    assert path.read_bytes().decode() == given.replace(*filled)


def test_each_page_goes_back_by_the_name_that_its_platform_knows(graded):
    with zipfile.ZipFile(graded / 'out' / 'feedback.zip') as archive:
        pages = {name: archive.read(name).decode() for name in archive.namelist()}
    assert len(pages) == 39
    for i, name in {
        0: 'leeann_1000_60_my-1.html',
        1: 'Bob Lee_2001_assignsubmission_file_/feedback.html',
        2: 'GAN_s2_attempt_2026-01-62-10-00-00_my.html',
        3: 'Dan Lee s3.html',
    }.items():
        assert f'<strong>{TOTALS[i]:g} of 6 points.' in pages[name] and PEOPLE[i] in pages[name]
    assert '=well' in pages['Bob Lee_2001_assignsubmission_file_/feedback.html']
    # Canvas takes the first two numbers between underscores for a learner's and a file's (infer_comment_context_from_
    # filename, app/models/abstract_assignment.rb). Moodle looks for name_number_type_plugin in any part of the path
    # (mod/assign/feedback/file/importziplib.php).
    numbers = [[part for part in name.split('_') if part.isdecimal()][:2] for name in pages]
    assert sorted(each for each in numbers if len(each) == 2) == [
        [str(1000 + i), str(60 + i)] for i in range(0, 42, 4) if i not in MISSING
    ]
    parts = [part.split('_', 4) for name in pages for part in name.split('/')]
    assert sorted(int(part[1]) for part in parts if part[2:4] == ['assignsubmission', 'file']) == [
        2000 + i for i in range(1, 42, 4) if i not in MISSING
    ]


@pytest.mark.long
def test_what_is_really_judged_gets_the_points_that_were_counted_by_hand(tmp_path, monkeypatch):
    for i, case in enumerate(HAND_IN):
        write_notebook(tmp_path / 'class' / f's{i}.ipynb', *sources_of(case).values())
    run(monkeypatch, tmp_path / 'class', '--output', tmp_path / 'out')
    header, *rows = rows_of(tmp_path / 'out' / 'gradebook.csv')
    assert [float(row[header.index('total')]) for row in rows] == [POINTS[str(case)] for case in HAND_IN]


@pytest.mark.parametrize(
    ('option', 'content', 'said'),
    [
        ('canvas', 'a,b\n1,2\n', "not an export of Canvas' gradebook"),
        (
            'canvas',
            'Student,ID,Section,A (1),B (2)\n    Points Possible,,,1,1\n',
            r'Name one of these, .*: A \(1\), B \(2\)',
        ),
        ('canvas', 'Student,ID,Section,A (1)\n    Points Possible,,,(read only)\n', 'none'),
        ('moodle', 'Identifier,Note\n', 'it has no column Grade'),
        ('roster', 'points\n', 'rename one of them'),
        ('points', '[points]\nx = 1', 'there is no function'),
        ('remarks', 'id\n', 'has no column "remark"'),
        ('pattern', None, 'not a regular expression'),
    ],
)
def test_a_wrong_setting_is_said_before_anything_is_judged(tmp_path, monkeypatch, option, content, said):
    write_notebook(tmp_path / 'class' / 'ann.ipynb', '1')
    monkeypatch.setattr(watch, 'judged', None)
    value = tmp_path / option if content else '('
    if content:
        value.write_text(content)
    with pytest.raises(SystemExit, match=said):
        run(monkeypatch, tmp_path / 'class', f'--{option}', value, '--output', tmp_path)


def test_names_are_no_formulas_and_states_are_told(tmp_path):
    records = {
        '=HYPERLINK("x")': record(),
        '\t@me': record(**{name: verdict(False, {'notebook.unreadable': 'x'}) for name in FUNCTIONS}),
        '-1': record(train=verdict(False, {'train.unverified': 'x'})),
    }
    gradebook.write(learners(records), points.rule(), tmp_path / 'gradebook.csv')
    header, *rows = rows_of(tmp_path / 'gradebook.csv')
    assert not [cell for row in rows for cell in row if cell[:1] in ('=', '+', '-', '@', '\t', '\r')]
    told = {row[1]: (row[header.index('total')], row[header.index('state')]) for row in rows}
    assert told == {
        '\'=HYPERLINK("x")': ('6', 'judged'), "'\t@me": ('0', 'could not be read'), "'-1": ('5', 'unverified'),
    }  # fmt: skip
