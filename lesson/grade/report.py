"""The results as a table, grades.csv, as a page of the class, and as a page of each learner."""

import csv
import io
import os
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import quote

import jinja2

from lesson.files import whole_file
from lesson.notebook.definitions import FUNCTIONS

MARKS = {'passed': '✓', 'wrong': '✗', 'unwritten': '○', 'unverified': '?'}


def write(records, output, left=None):
    """Write grades.csv, index.html and learners/<name>.html into a folder; records: {name: what the judge says}.

    left: {what of the class was not judged: why}.
    """
    rows = [(name, each, record['functions'][each]) for name, record in records.items() for each in FUNCTIONS]
    with whole_file(output / 'grades.csv', sync=False) as binary:
        file = io.TextIOWrapper(binary, encoding='utf-8', errors='replace', newline='', write_through=True)
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
    states = {name: Counter(_state(verdict) for _, each, verdict in rows if each == name) for name in FUNCTIONS}
    kinds = [kind for kind in MARKS if kind != 'unverified' or any(kind in each for each in states.values())]
    values = {
        'records': records,
        'left': left or {},
        'kinds': kinds,
        'scores': sorted(Counter(map(_passed, records.values())).items(), reverse=True),
        'states': states,
        'faults': _commonest(rows),
    }
    _render('class.html', output / 'index.html', **values)


def summary(records, output, left=None):
    """What is printed at the end."""
    passed, of = sum(map(_passed, records.values())), len(records) * len(FUNCTIONS)
    text = f'{len(records)} notebooks, {passed} of {of} functions pass: {output / "index.html"}'
    text += ''.join(f'\nNot judged: {name}: {why}' for name, why in (left or {}).items())
    unverified = [name for name, each in records.items() if 'unverified' in map(_state, each['functions'].values())]
    text += f'\nUnverified, so look at them yourself: {", ".join(unverified)}' if unverified else ''
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
    kinds = {fault.partition('.')[2] for fault in verdict['faults']}
    return 'unwritten' if 'not_written' in kinds else 'unverified' if 'unverified' in kinds else 'wrong'


def _render(template, path, **values):
    text = _pages.get_template(template).render(functions=FUNCTIONS, **values)
    with whole_file(path, sync=False) as file:
        file.write(text.encode('utf-8', 'replace'))


_pages = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_pages.filters |= {
    'link': lambda name: quote(os.fsencode(name)),
    'passed': _passed,
    'state': _state,
    'mark': lambda verdict: MARKS[_state(verdict)],
}
