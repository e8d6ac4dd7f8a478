"""The results as a table, grades.csv, as a page of the class, and as a page of each learner."""

import csv
import os
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import quote

import jinja2

from lesson.notebook.definitions import FUNCTIONS

MARKS = {'passed': '✓', 'wrong': '✗', 'unwritten': '○'}


def write(records, output):
    """Write grades.csv, index.html and learners/<name>.html into a folder; records: {name: what the judge says}."""
    rows = [(name, each, record['functions'][each]) for name, record in records.items() for each in FUNCTIONS]
    with open(output / 'grades.csv', 'w', newline='', encoding='utf-8', errors='replace') as file:
        table = csv.writer(file)
        table.writerow(('notebook', 'function', 'passed', 'faults', 'seconds'))
        for name, function, verdict in rows:
            text = f"'{name}" if name[0] in '=+-@' else name  # a spreadsheet would compute it
            table.writerow((text, function, int(verdict['passed']), ' '.join(verdict['faults']), verdict['seconds']))
    shutil.rmtree(output / 'learners', ignore_errors=True)
    for name, record in records.items():
        page = output / 'learners' / f'{name}.html'
        page.parent.mkdir(parents=True, exist_ok=True)
        _render('learner.html', page, name=name, record=record, root='../' * (name.count('/') + 1))
    values = {
        'records': records,
        'scores': sorted(Counter(map(_passed, records.values())).items(), reverse=True),
        'states': {name: Counter(_state(verdict) for _, each, verdict in rows if each == name) for name in FUNCTIONS},
        'faults': _commonest(rows),
    }
    _render('class.html', output / 'index.html', **values)


def summary(records, output):
    """What is printed at the end."""
    passed, of = sum(map(_passed, records.values())), len(records) * len(FUNCTIONS)
    text = f'{len(records)} notebooks, {passed} of {of} functions pass: {output / "index.html"}'
    if all(record['confined'] for record in records.values()):
        return text
    return f'{text}\nThis system does not allow cutting a notebook off from the network and from other files.'


def _commonest(rows):
    """(fault, what was seen in its first case, the names) for each fault, the commonest first."""
    names, seen = defaultdict(list), {}
    for name, _, verdict in rows:
        for fault, text in verdict['faults'].items():
            names[fault] += [name] if name not in names[fault] else []
            seen.setdefault(fault, text)
    return sorted(((fault, seen[fault], names[fault]) for fault in names), key=lambda row: -len(row[2]))


def _passed(record):
    return sum(verdict['passed'] for verdict in record['functions'].values())


def _state(verdict):
    if verdict['passed']:
        return 'passed'
    return 'unwritten' if any(fault.endswith('.not_written') for fault in verdict['faults']) else 'wrong'


def _render(template, path, **values):
    text = _pages.get_template(template).render(functions=FUNCTIONS, **values)
    path.write_text(text, encoding='utf-8', errors='replace')


_pages = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_pages.filters |= {
    'link': lambda name: quote(os.fsencode(name)),
    'passed': _passed,
    'state': _state,
    'mark': lambda verdict: MARKS[_state(verdict)],
}
