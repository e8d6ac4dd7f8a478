"""The results as pages: index.html of the class, a page of each learner; and verdicts.csv, all that was judged."""

import base64
import functools
import os
import re
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from lesson.files import whole_file
from lesson.grade import gradebook
from lesson.notebook.definitions import FUNCTIONS

MARKS = {'passed': '✓', 'wrong': '✗', 'unwritten': '○', 'unverified': '?'}
DOCS = Path(__file__).parents[2] / 'docs'
SECTIONS = '1. The inputs|2. The discriminator|3. The generator|4. The losses|5. The optimization|6. Training'
SECTIONS = dict(zip(FUNCTIONS, SECTIONS.split('|'), strict=True))  # of the lesson
STATES = {'Missing': 'missing', 'Handed in, but not as a notebook': 'not a notebook'}
STATES |= {'Could not be read': 'could not be read', 'Unverified: look at these yourself': 'unverified'}
COMMONEST = 20  # faults on the page of the class


def write(learners, output, rule, left=None, alike=((), 0.0)):
    """Write verdicts.csv, index.html and learners/<name of the notebook>.html into a folder.

    left: {what of the class was not judged: why}; alike: see likeness.pairs.
    """
    judged = {each.notebook: each for each in learners if each.record}
    rows = [(name, each, learner.record['functions'][each]) for name, learner in judged.items() for each in FUNCTIONS]
    table = [('notebook', 'function', 'passed', 'faults', 'seconds')]
    for name, function, verdict in rows:
        faults = ' '.join(verdict['faults'])
        table.append((gradebook.safe(name), function, int(verdict['passed']), faults, verdict['seconds']))
    gradebook.write_table(output / 'verdicts.csv', table)
    shutil.rmtree(output / 'learners', ignore_errors=True)
    for name, learner in judged.items():
        page = output / 'learners' / f'{name}.html'
        page.parent.mkdir(parents=True, exist_ok=True)
        _render('learner.html', page, name=name, learner=learner, rule=rule, sections=SECTIONS)
    states = {name: Counter(_state(verdict) for _, each, verdict in rows if each == name) for name in FUNCTIONS}
    kinds = [kind for kind in MARKS if kind != 'unverified' or any(kind in each for each in states.values())]
    values = {'judged': judged, 'left': left or {}, 'kinds': kinds, 'alike': alike[0], 'next_alike': alike[1]}
    values |= {'learners': learners, 'to_look_at': _to_look_at(learners), 'faults': _commonest(rows), 'most': COMMONEST}
    values['totals'] = _distribution([each.total for each in judged.values()], rule.most)
    values['states'] = dict(sorted(states.items(), key=lambda each: each[1]['passed']))
    _render('class.html', output / 'index.html', **values)


def summary(learners, output, left=None):
    """What is printed at the end."""
    judged = [each for each in learners if each.record]
    passed, of = sum(_passed(each.record) for each in judged), len(judged) * len(FUNCTIONS)
    text = f'{len(judged)} notebooks, {passed} of {of} functions pass: {output / "index.html"}'
    text += ''.join(f'\nNot judged: {name}: {why}' for name, why in (left or {}).items())
    for said, chosen in _to_look_at(learners).items():
        text += f'\n{said}: {", ".join(each.name for each in chosen)}'
    if all(each.record['confined'] for each in judged):
        return text
    return f'{text}\nThis system does not allow cutting a notebook off from the network and from other files.'


def _to_look_at(learners):
    """{what a teacher has to know of: these learners}."""
    chosen = {said: [each for each in learners if each.state == state] for said, state in STATES.items()}
    chosen['Not in the roster'] = [each for each in learners if not each.known]
    return {said: each for said, each in chosen.items() if each}


def _distribution(totals, most):
    """[(from how many points, how many learners)] in six equal parts, and those who have all; the best first."""
    places = Counter(int(6 * total / most + 1e-9) for total in totals)
    return [(place * most / 6, places[place]) for place in range(6, -1, -1)]


def _commonest(rows):
    """(fault, what was seen in its first case, the names) for each fault, the commonest first."""
    names, seen = defaultdict(list), {}
    for name, _, verdict in rows:
        for fault, text in verdict['faults'].items():
            names[fault] += [name] if name not in names[fault] else []
            seen.setdefault(fault, text)
    return sorted(((fault, seen[fault], names[fault]) for fault in names), key=lambda row: -len(row[2]))


@functools.cache
def pictures() -> dict[str, tuple[str, str]]:
    """{id of a fault: (its title in the field guide, its picture as an address that contains it)}."""
    found = {}
    guide = (DOCS / 'field_guide.md').read_text('utf-8')
    for title, file, fault in re.findall(r'^## (.+)\n\n!\[.*\]\((field_guide/\d+-(.+)\.png)\)', guide, re.M):
        picture = base64.b64encode((DOCS / file).read_bytes()).decode()
        found.setdefault(fault, (title, f'data:image/png;base64,{picture}'))
    return found


def _passed(record):
    return sum(verdict['passed'] for verdict in record['functions'].values())


def _state(verdict):
    if verdict['passed']:
        return 'passed'
    kinds = {fault.partition('.')[2] for fault in verdict['faults']}
    return 'unwritten' if 'not_written' in kinds else 'unverified' if 'unverified' in kinds else 'wrong'


def _render(template, path, **values):
    text = _pages.get_template(template).render(functions=FUNCTIONS, marks=MARKS, pictures=pictures(), **values)
    with whole_file(path, sync=False) as file:
        file.write(text.encode('utf-8', 'replace'))


_pages = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_pages.filters |= {
    'link': lambda name: quote(os.fsencode(name)),
    'passed': _passed,
    'state': _state,
    'pieces': lambda name: Markup('<wbr>').join(re.findall(r'[^/_.-]*[/_.-]*', name)),  # between which a line may break
    'unwrapped': lambda message: message.replace('\n    ', ' '),  # as a line is as wide as the page is
}
