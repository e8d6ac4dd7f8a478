"""From what four platforms export to a filled gradebook and a zip of pages, in one command."""

import csv
import io
import re
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


@pytest.fixture
def place(tmp_path):
    """The folder of a class of 40, by turns on Canvas, Moodle, Blackboard and GitHub Classroom, and two strangers."""
    place = tmp_path / 'class'
    for i, name in enumerate([*PEOPLE, 'Ivy New', 'Jon New']):
        if i not in MISSING:
            case = HAND_IN[i % len(HAND_IN)]
            forms = [
                f'canvas/{"".join(name.lower().split()[::-1])}{"_LATE" * (i in LATE)}_{1000 + i}_{{}}_my{{}}.ipynb',
                f'moodle/{name}_{2000 + i}_assignsubmission_file_/my.ipynb',
                f'blackboard/GAN_s{i}_attempt_2026-01-{{}}-10-00-00_my.ipynb',
                f'classroom/gan-faces-s{i}/my.ipynb',
            ]
            file = forms[i % 4]
            write_notebook(place / file.format(60 + i, '-1' * (i in AGAIN)), *sources_of(case).values())
            if i in AGAIN:
                write_notebook(place / file.format(10 + i, ''), 'the first attempt')
    with zipfile.ZipFile(place / 'submissions.zip', 'w') as archive:  # as it comes from Canvas
        for path in sorted((place / 'canvas').iterdir()):
            archive.writestr(path.name, path.read_bytes())
            path.unlink()
    (place / 'canvas').rmdir()
    rows = ''.join(f'{name}@x.edu,{name},s{i}\n'.replace(' ', '.', 1) for i, name in enumerate(PEOPLE))
    (tmp_path / 'class.csv').write_text(f'E-mail,Name,ID\n{rows}', 'utf-8')
    return place


@pytest.fixture
def judge(tmp_path):
    """A judge that knows these solutions, and what has to be said of them."""
    known = {}
    for case in HAND_IN:
        hint = '\n  Hint: learning_rate is float64' * bool(case.hints)
        verdicts = {'model_inputs': verdict(message=f'model_inputs: passed{hint}')}
        if case.fault:
            verdicts[case.fails] = verdict(False, {case.fault: 'seen'}, 'wrong')
        text = write_notebook(tmp_path / 'known.ipynb', *sources_of(case).values()).read_text('utf-8')
        known[text] = record(**verdicts)
    return lambda path: dict(known[path.read_text('utf-8')])


def rows_of(path, text=None):
    assert text or path.read_bytes().startswith(b'\xef\xbb\xbf')
    return [*csv.reader(io.StringIO(text or path.read_text('utf-8-sig'), newline=''))]


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
COLUMNS = 'Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (grade)'
MOODLE = [[*COLUMNS.split(','), 'Feedback comments']]
for i in range(1, 40, 4):
    row = [f'Participant {2000 + i}', PEOPLE[i], f'{i}@x.edu', 'Submitted', '', '12.00']
    MOODLE.append([*row, 'No' if i == 5 else 'Yes', '-', 'Mine' * (i == 1)])


def test_from_the_exports_to_a_filled_gradebook_and_a_zip_of_pages(place, judge, tmp_path, monkeypatch, capsys):
    for name, rows in (('canvas', CANVAS), ('moodle', MOODLE)):
        with open(tmp_path / f'{name}.csv', 'w', encoding='utf-8-sig', newline='') as file:
            csv.writer(file, lineterminator='\n').writerows(rows)
    given = {name: (tmp_path / f'{name}.csv').read_bytes() for name in ('canvas', 'moodle')}
    (tmp_path / 'remarks.csv').write_text('name,remark\nBob Lee,=well done\nNo One,x\n')
    options = ('roster', 'class'), ('canvas', 'canvas'), ('moodle', 'moodle'), ('remarks', 'remarks')
    settings = [text for option, name in options for text in (f'--{option}', str(tmp_path / f'{name}.csv'))]
    monkeypatch.setattr(watch, 'judged', judge)
    monkeypatch.setattr(sys.stdout, 'reconfigure', lambda **_: None, raising=False)
    out = tmp_path / 'out'
    monkeypatch.setattr(
        sys, 'argv', ['grade', str(place), '--output', str(out), '--assignment', 'GAN faces', *settings]
    )
    for _ in range(2):  # the second time, nothing is judged, and remarks are still there
        grading.main()
    said = capsys.readouterr().out
    assert '39 notebooks, 208 of 234 functions pass' in said and 'Not in the roster: ' in said

    totals = {
        i: [*POINTS.values()][[*POINTS].index(str(HAND_IN[i % len(HAND_IN)]))] for i in range(42) if i not in MISSING
    }
    header, *rows = rows_of(out / 'gradebook.csv')
    table = [dict(zip(header, row, strict=True)) for row in rows]
    assert header[3:9] == [*FUNCTIONS] and len(table) == 42
    for i, row in enumerate(table[:40]):
        assert (row['id'], row['name']) == (f's{i}', PEOPLE[i])
        if i in MISSING:
            assert row['state'] == 'missing' and {row[name] for name in (*FUNCTIONS, 'total', 'share', 'file')} == {''}
            continue
        assert float(row['total']) == totals[i] == sum(float(row[name]) for name in FUNCTIONS)
        assert float(row['share']) == round(totals[i] / 6, 4)
        fails = HAND_IN[i % len(HAND_IN)].fails
        assert {name for name in FUNCTIONS if float(row[name]) < 1} == ({fails} if fails else set())
        assert row['hints'] == str(int(bool(HAND_IN[i % len(HAND_IN)].hints))) and row['state'] == 'judged'
        assert ('late' in row['notes']) == (i in LATE) and ('2 attempts' in row['notes']) == (i in AGAIN)
        assert re.fullmatch(r'\d{4}-\d\d-\d\d \d\d:\d\d UTC', row['judged'])
    assert [row['notes'] for row in table[40:]] == ['not in the roster'] * 2
    assert table[1]['remark'] == "'=well done"
    assert len(rows_of(out / 'verdicts.csv')) == 1 + 39 * 6

    # Canvas: learners by their ID, assignments by the number in parentheses, all else is as it was exported
    filled = rows_of(out / 'canvas.csv')
    assert [row[:6] + row[7:] for row in filled] == [row[:6] + row[7:] for row in CANVAS]
    scores = {int(row[1]) - 1000: row[6] for row in filled[1:] if row[1] and row[6]}
    assert {i: float(score) for i, score in scores.items()} == {
        i: round(totals[i] / 6 * 100, 2) for i in range(0, 40, 4)
    }
    # Moodle: the number behind "Participant", the columns by their names
    filled = [dict(zip(MOODLE[0], row, strict=True)) for row in rows_of(out / 'moodle.csv')[1:]]
    grades = {int(row['Identifier'].removeprefix('Participant ')) - 2000: row['Grade'] for row in filled}
    assert {i: float(grade) for i, grade in grades.items() if grade} == {
        i: 2 * totals[i] for i in range(1, 40, 4) if i not in (5, 29)
    }
    assert filled[0]['Feedback comments'] == 'Mine' and grades[5] == grades[29] == ''
    assert filled[2]['Feedback comments'].startswith(f'{totals[9]:g} of 6 points')
    assert given == {name: (tmp_path / f'{name}.csv').read_bytes() for name in given}, 'what was given stays as it is'

    with zipfile.ZipFile(out / 'feedback.zip') as archive:
        pages = {name: archive.read(name).decode() for name in archive.namelist()}
    assert len(pages) == 39
    assert {'leeann_1000_60_my-1.html', 'Bob Lee_2001_assignsubmission_file_/feedback.html'} <= {*pages}
    assert {'GAN_s2_attempt_2026-01-62-10-00-00_my.html', 'Dan Lee s3.html'} <= {*pages}
    assert f'{totals[1]:g} of 6 points' in pages['Bob Lee_2001_assignsubmission_file_/feedback.html']
    text = (out / 'index.html').read_text('utf-8')
    assert text.index('Missing:') < text.index('Not in the roster:') < text.index('The functions')


@pytest.mark.long
def test_what_is_really_judged_gets_the_points_that_were_counted_by_hand(tmp_path, monkeypatch):
    for i, case in enumerate(HAND_IN):
        write_notebook(tmp_path / 'class' / f's{i}.ipynb', *sources_of(case).values())
    monkeypatch.setattr(sys, 'argv', ['grade', str(tmp_path / 'class'), '--output', str(tmp_path / 'out')])
    monkeypatch.setattr(sys.stdout, 'reconfigure', lambda **_: None, raising=False)
    grading.main()
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
    monkeypatch.setattr(sys.stdout, 'reconfigure', lambda **_: None, raising=False)
    monkeypatch.setattr(
        sys, 'argv', ['grade', str(tmp_path / 'class'), f'--{option}', str(value), '--output', str(tmp_path)]
    )
    with pytest.raises(SystemExit, match=said):
        grading.main()


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
