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


def write_table(path: Path, rows, encoding='utf-8-sig', **style):
    """CSV in UTF-8, with a byte-order mark, by which spreadsheets know it, unless the encoding is 'utf-8'."""
    text = io.StringIO(newline='')
    csv.writer(text, **style).writerows(rows)
    with whole_file(path, sync=False) as file:
        file.write(text.getvalue().encode(encoding, 'replace'))


def write(learners: list[Learner], rule: Rule, path: Path):
    """gradebook.csv: a row for each learner."""
    last = 'total', 'share', 'hints', 'state', 'notes', 'file', 'judged', 'remark'
    rows = [('id', 'name', 'e-mail', *FUNCTIONS, *last)]
    for each in learners:
        points, when = [''] * (len(FUNCTIONS) + 3), ''
        if each.record:
            numbers = *each.points.values(), each.total, round(each.total / rule.most, 4), each.hints
            points, when = [f'{n:g}' for n in numbers], each.record.get('judged', '')
        texts = each.state, '; '.join(each.notes()), each.notebook or '', when, each.remark
        rows.append((*map(safe, (each.id, each.name, each.email)), *points, *map(safe, texts)))
    write_table(path, rows)


def canvas(path: Path, learners: list[Learner], most: float, assignment: str | None = None):
    """Canvas' gradebook with an assignment's column filled: (its rows, style, who is in it). ValueError: it is not one.

    Its form: Student (or LastName, FirstName), ID, ..., Section, then `name (number)` for each assignment; a row
    "Points Possible", which says "(read only)" of what Canvas computes; EX for excused. instructure/canvas-lms,
    lib/gradebook_exporter.rb and gradebook_importer.rb
    """
    header, rows, style = roster.read(path)
    possible = next((row for row in rows if 'Points Possible' in row[0]), None)
    if not possible or 'ID' not in header:
        raise ValueError(f"{path} is not an export of Canvas' gradebook: its column ID or Points Possible is missing")
    there = {name: i for i, name in enumerate(header) if re.search(r' \(\d+\)$', name) and 'only' not in possible[i]}
    chosen = [i for name, i in there.items() if assignment in (None, name, name.rpartition(' (')[0])]
    if len(chosen) != 1:
        names = ', '.join(there) or 'none'
        raise ValueError(f'which assignment of {path}? Name one of these, ASSIGNMENT="...": {names}')
    found = []
    for row, learner in _known(path, rows, learners):
        if row[chosen[0]] != 'EX':
            row[chosen[0]] = _scaled(learner, most, possible[chosen[0]])
            found.append(learner)
    return [header, *rows], style, found


def moodle(path: Path, learners: list[Learner], most: float):
    """Moodle's grading worksheet with its column Grade filled, and comments where there are none: see canvas.

    Its form: Identifier ("Participant 12345"), Full name, ..., Grade, Maximum grade, Grade can be changed, ...
    moodle/moodle, mod/assign/gradingtable.php and mod/assign/feedback/offline/importgradeslib.php
    """
    header, rows, style = roster.read(path)
    places = {name.casefold(): i for i, name in enumerate(header)}
    for name in ('Identifier', 'Grade', 'Maximum grade', 'Last modified (grade)'):
        if name.casefold() not in places:
            raise ValueError(f"{path} is not Moodle's grading worksheet in English: it has no column {name}")
    changeable, comments = places.get('grade can be changed'), places.get('feedback comments')
    found = []
    for row, learner in _known(path, rows, learners):
        if changeable is None or row[changeable] != 'No':
            row[places['grade']] = _scaled(learner, most, row[places['maximum grade']])
            found.append(learner)
            if comments is not None and not row[comments]:
                verdicts = learner.record['functions']
                lost = [f'{name} {n:g}' for name, n in learner.points.items() if not verdicts[name]['passed']]
                row[comments] = '; '.join([f'{learner.total:g} of {most:g} points', *lost])
    return [header, *rows], style, found


def _known(path, rows, learners):
    """(row, learner) for each row of one whose notebook was judged."""
    by_key = roster.index(learners)
    for row, person in zip(rows, roster.people(path), strict=True):
        learner = roster.find(person.keys, by_key)
        if learner and learner.record:
            yield row, learner


def _scaled(learner, most, possible):
    """A learner's points, in the measure of a platform; as they are where none, or 0, is set there."""
    try:
        possible = float(possible.replace(',', '.')) or most
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
