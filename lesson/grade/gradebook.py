"""A class's points in the forms in which they leave: a table, two platforms' own tables, a zip of pages."""

import csv
import io
import re
import zipfile
from pathlib import Path

from lesson.files import whole_file
from lesson.grade import roster
from lesson.grade.points import Rule
from lesson.grade.roster import Learner
from lesson.notebook.definitions import FUNCTIONS

FORMULA = ('=', '+', '-', '@', '\t', '\r', '\n')  # with which a cell begins that a spreadsheet computes


def safe(text: str) -> str:
    """A text for a cell of a table, which a spreadsheet does not compute."""
    return f"'{text}" if text.startswith(FORMULA) else text


def write_table(path: Path, rows, **style):
    """CSV in UTF-8 with a byte-order mark, by which spreadsheets know it."""
    text = io.StringIO(newline='')
    csv.writer(text, **style).writerows(rows)
    with whole_file(path, sync=False) as file:
        file.write(text.getvalue().encode('utf-8-sig', 'replace'))


def write(learners: list[Learner], rule: Rule, path: Path):
    """gradebook.csv: a row for each learner."""
    last = 'total', 'share', 'hints', 'state', 'notes', 'file', 'judged', 'remark'
    rows = [('id', 'name', 'e-mail', *FUNCTIONS, *last)]
    for each in learners:
        points = [''] * (len(FUNCTIONS) + 3)
        if each.record:
            points = [
                f'{n:g}' for n in (*each.points.values(), each.total, round(each.total / rule.most, 4), each.hints)
            ]
        when = each.record.get('judged', '') if each.record else ''
        texts = each.state, '; '.join(each.notes()), each.notebook or '', when, each.remark
        rows.append((*map(safe, (each.id, each.name, each.email)), *points, *map(safe, texts)))
    write_table(path, rows)


def canvas(path: Path, learners: list[Learner], most: float, assignment: str | None = None):
    """Canvas' gradebook with an assignment's column filled: (its rows, style, who is in it). ValueError: it is not one.

    Its form: Student, ID, ..., Section, then `name (number)` for each assignment; a row "Points Possible", which says
    "(read only)" of what Canvas computes. community.canvaslms.com, "How do I import grades in the Gradebook?"
    """
    header, rows, style = roster.read(path)
    possible = next((row for row in rows if row[0].strip() == 'Points Possible'), None)
    if not possible or not {'Student', 'ID'} <= {*header}:
        raise ValueError(f"{path} is not an export of Canvas' gradebook: Student, ID or Points Possible is missing")
    there = {name: i for i, name in enumerate(header) if re.search(r' \(\d+\)$', name) and 'only' not in possible[i]}
    chosen = [i for name, i in there.items() if assignment in (None, name, name.rpartition(' (')[0])]
    if len(chosen) != 1:
        raise ValueError(
            f'which assignment of {path}? Name one of these, ASSIGNMENT="...": {", ".join(there) or "none"}'
        )
    found = []
    for row, learner in _known(path, rows, learners):
        if row[chosen[0]] != 'EX':  # excused
            row[chosen[0]] = _scaled(learner, most, possible[chosen[0]])
            found.append(learner)
    return [header, *rows], style, found


def moodle(path: Path, learners: list[Learner], most: float):
    """Moodle's grading worksheet with its column Grade filled, and comments where there are none: see canvas.

    Its form: Identifier ("Participant 12345"), Full name, ..., Grade, Maximum Grade, Grade can be changed, ...
    moodle/moodle, mod/assign/feedback/offline/importgradeslib.php
    """
    header, rows, style = roster.read(path)
    if missing := [each for each in ('Identifier', 'Grade', 'Maximum Grade') if each not in header]:
        raise ValueError(f"{path} is not Moodle's grading worksheet in English: it has no column {missing[0]}")
    found = []
    for row, learner in _known(path, rows, learners):
        cell = dict(zip(header, row, strict=True))
        if cell.get('Grade can be changed') != 'No':
            row[header.index('Grade')] = _scaled(learner, most, cell['Maximum Grade'])
            found.append(learner)
            if cell.get('Feedback comments') == '':
                verdicts = learner.record['functions']
                lost = [f'{name} {n:g}' for name, n in learner.points.items() if not verdicts[name]['passed']]
                row[header.index('Feedback comments')] = '; '.join([f'{learner.total:g} of {most:g} points', *lost])
    return [header, *rows], style, found


def _known(path, rows, learners):
    """(row, learner) for each row of one whose notebook was judged."""
    by_key = roster.index(learners)
    for row, person in zip(rows, roster.people(path), strict=True):
        learner = roster.find(person.keys, by_key)
        if learner and learner.record:
            yield row, learner


def _scaled(learner, most, possible):
    try:
        possible = float(possible.replace(',', '.'))
    except ValueError:
        possible = most
    return f'{round(learner.total / most * possible, 2):g}'


def feedback(learners: list[Learner], pages: Path, path: Path):
    """A zip of a page for each learner, named so that the platform from which the notebook comes takes it back."""
    names = {}
    for each in learners:
        if each.record:
            name = _page_name(each).encode('utf-8', 'replace').decode()
            names[each.notebook.replace('/', '-') + '.html' if name in names else name] = each
    content = io.BytesIO()
    with zipfile.ZipFile(content, 'w') as archive:
        for name, each in names.items():
            page = (pages / f'{each.notebook}.html').read_bytes()
            archive.writestr(zipfile.ZipInfo(name), page, zipfile.ZIP_DEFLATED)  # of no date: the same bytes each time
    with whole_file(path, sync=False) as file:
        file.write(content.getvalue())


def _page_name(learner):
    part, platform = learner.attempts[0].part, learner.attempts[0].platform
    if platform == 'moodle' and not re.search('_assignsubmission_file_.', part):  # a folder
        return f'{part}/feedback.html'
    if platform in ('canvas', 'moodle', 'blackboard'):
        return re.sub(r'(\.ipynb|\.zip)?(\.\w{2,4})?$', '', part) + '.html'
    return ' '.join(filter(None, (learner.name, learner.id))).replace('/', '-') + '.html'
