"""Who has handed in what: a class's roster, and the names that learning platforms give to files."""

import codecs
import csv
import io
import os
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

# How platforms name what a teacher downloads. Canvas: name_[LATE_]user_file_name.ipynb, in which the number of a file
# grows; an anonymous learner is anon_ and five characters (instructure/canvas-lms, lib/content_zipper.rb). Moodle: a
# folder, which ended with _ before 4.1, or the start of a file's name (moodle/moodle,
# mod/assign/feedback/file/importziplib.php). Blackboard: the readme of kwurst/bb-file-cleanup.
FORMS = {
    'canvas': r'(?:(?P<name>\w+?)_)??(?:(?P<late>LATE)_)?(?P<id>\d+|anon_\w{5})_(?P<attempt>\d+)_.+',
    'moodle': r'(?P<name>[^_]+)_(?P<id>\d+)_assignsubmission_file(?:_.*)?',
    'blackboard': r'.+_(?P<id>[^_]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_.+)?',
}
# Of rosters, of Canvas' gradebook, of Moodle's worksheet and participants, of GitHub Classroom's classroom_roster.csv.
COLUMNS = {
    'id': 'sis user id,sis login id,id,student id,student number,id number,identifier,user id,username,github_username',
    'name': 'name,full name,student,student name',
    'first': 'first name,firstname,given name',
    'last': 'last name,lastname,surname,family name',
    'email': 'e-mail,email,email address,e-mail address,mail',
    'remark': 'remark,remarks,comment,comments',
}


def read(path: Path) -> tuple[list, list, dict]:
    """A table's (header, rows of that length, style to write it again). Raises ValueError that says what to do."""
    try:
        data = path.read_bytes()
        text = data.decode('utf-8-sig')
        first = text.partition('\n')[0]
        style = {'delimiter': max(',;\t', key=first.count), 'lineterminator': '\r\n' if first.endswith('\r') else '\n'}
        style['encoding'] = 'utf-8-sig' if data.startswith(codecs.BOM_UTF8) else 'utf-8'
        header, *rows = csv.reader(io.StringIO(text, newline=''), delimiter=style['delimiter'], strict=True)
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f'{path} is not a table with a header: save it as "CSV UTF-8" ({error})') from None
    return header, [(row + [''] * len(header))[: len(header)] for row in rows if row], style


class Attempt(NamedTuple):
    notebook: str  # its name, or of what is not one
    platform: str
    keys: tuple
    label: str  # whose it is, as its name tells
    order: tuple  # of a learner's attempts, the greatest is the newest
    late: bool
    part: str  # of the name: that by which the platform knows it


@dataclass
class Learner:
    id: str
    name: str
    email: str
    keys: tuple  # by which a learner is found: the surest first
    known: bool = True
    attempts: list = field(default_factory=list)  # the newest first: it counts
    others: dict = field(default_factory=dict)  # {what was handed in and not judged: why}
    remark: str = ''
    record: dict | None = None  # what the judge says; None: there is no notebook
    points: dict = field(default_factory=dict)  # {function: points}

    @property
    def notebook(self) -> str | None:
        return self.attempts[0].notebook if self.attempts else None

    @property
    def total(self) -> float:
        return sum(self.points.values())

    @property
    def hints(self) -> int:
        return sum(each['message'].count('\n  Hint: ') for each in self.record['functions'].values())

    @property
    def state(self) -> str:
        if not self.record:
            return 'not a notebook' if self.others else 'missing'
        faults = [fault for each in self.record['functions'].values() for fault in each['faults']]
        if any(fault.startswith('notebook.') for fault in faults):
            return 'could not be read'
        return 'unverified' if any(fault.endswith('.unverified') for fault in faults) else 'judged'

    def notes(self) -> list[str]:
        """What a teacher should know."""
        notes = ['not in the roster'] * (not self.known) + ['late'] * any(each.late for each in self.attempts[:1])
        if len(self.attempts) > 1:
            earlier = ', '.join(each.notebook for each in self.attempts[1:])
            notes.append(f'{len(self.attempts)} attempts: this one counts, not {earlier}')
        return notes + [f'not judged: {name}: {why}' for name, why in self.others.items()]


def people(path: Path, needs=()) -> list[Learner]:
    """The learners of a table, one for each row. Raises ValueError when it has no column to know them by."""
    header, rows, _ = read(path)
    lower = [' '.join(each.casefold().split()) for each in header]
    places = {column: [lower.index(n) for n in names.split(',') if n in lower] for column, names in COLUMNS.items()}
    places['name'] = places['name'] or places['first'] + places['last']
    for column in [*needs] if places['id'] or places['name'] else ['id', *needs]:
        if not places[column]:
            raise ValueError(f'{path} has no column "{column}", only {", ".join(header)}: rename one of them')
    exported = {'id', 'section'} <= {*lower} and {'student', 'lastname'} & {*lower}
    canvas = lower.index('id') if exported else None  # its own number of a learner
    persons = []
    for row in rows:
        cell = {name: [text for i in of if (text := _unsafe(row[i]))] for name, of in places.items()}
        name, email = ' '.join(cell['name']), ''.join(cell['email'][:1])
        keys = [f'canvas {row[canvas]}'] if canvas is not None else []
        keys += [text.replace('Participant', 'moodle') for text in cell['id'] if text.startswith('Participant ')]
        own = [row[i] for i in places['id'] if i != canvas]
        keys += [*map(_plain, [*own, email, email.partition('@')[0]]), *_orders(name)]
        keys = tuple(each for each in dict.fromkeys(keys) if each)
        if canvas is not None and (not row[canvas] or name in ('Student, Test', 'Test Student')):
            keys = ()  # a row that is not a learner's
        persons.append(Learner(''.join(cell['id'][:1]), name, email, keys, remark=''.join(cell['remark'][:1])))
    return persons


def _unsafe(text):
    """A cell without the apostrophe that keeps a spreadsheet from computing it."""
    return re.sub(r"^'(?=[=+@-])", '', text.strip())


def _plain(text):
    """Letters and digits, for comparison."""
    return ''.join(filter(str.isalnum, unicodedata.normalize('NFKC', text).casefold()))


def _orders(name):
    """'Ann Lee', 'Lee, Ann' and Canvas' 'leeann' are one."""
    words = [word for word in map(_plain, re.split(r'[\s,]+', name)) if word]
    return [''.join(words[i:] + words[:i]) for i in range(len(words))]


def index(things) -> dict[str, list]:
    by_key = defaultdict(list)
    for thing in things:
        for key in dict.fromkeys(thing.keys):
            by_key[key].append(thing)
    return by_key


def find(keys, by_key):
    """What one of these keys leads to; None: nothing, or several things."""
    return next((by_key[key][0] for key in keys if len(by_key.get(key, ())) == 1), None)


def attempts(names, pattern: re.Pattern | None = None) -> dict[str, Attempt]:
    """{name: what it tells} for the names of all that was handed in, with a pattern of one's own first."""
    children, told = defaultdict(set), {}
    for parts in (name.split('/') for name in names):
        for i in range(len(parts) - 1):
            children['/'.join(parts[:i])].add(parts[i])
    # GitHub Classroom clones into assignment-user/: repobee/repobee, issue 694
    same = {folder: os.path.commonprefix([*each]) for folder, each in children.items() if len(each) > 2}  # noqa: RUF071
    parts = {part for name in names for part in name.split('/')}
    files = Counter(match['attempt'] for part in parts if (match := re.fullmatch(FORMS['canvas'], part)))
    for name in names:
        parts = name.split('/')
        kinds = [('own', name, pattern and pattern.search(name))]
        kinds += [(kind, each, re.fullmatch(form, each)) for each in parts[::-1] for kind, form in FORMS.items()]
        for i, part in enumerate(parts):
            start = re.escape(same.get('/'.join(parts[:i]), '').rpartition('-')[0])
            kinds.append(('classroom', part, start and re.match(f'{start}-(?P<id>.+)', part)))
        found = (each for each in kinds if each[2])  # a file's number is its own: hw_2024_01_ann is not Canvas'
        found = (each for each in found if each[0] != 'canvas' or files[each[2]['attempt']] == 1)
        told[name] = _attempt(name, *next(found, ('plain', name, None)))
    return told


def _attempt(name, platform, part, found):
    groups = {key: value or '' for key, value in found.groupdict().items()} if found else {}
    who, label = groups.get('id', ''), groups.get('name', '')
    keys = (f'{platform} {who}' if platform in ('canvas', 'moodle') else _plain(who), _plain(label))
    if platform == 'plain':
        stem = re.sub(r'(-\d+| ?\(\d+\))?(\.ipynb)?(\.\w{2,4})?$', '', name)
        keys = tuple(map(_plain, [*stem.split('/')[::-1], stem]))
    number = ''.join(re.findall(r'(?:-| ?\()(\d+)\)?(?:\.\w+)*$', name))  # my-2.ipynb, my (2).ipynb
    numbers = [int(each) if each.isdecimal() else 0 for each in (groups.get('attempt', ''), number)]
    order, late = (groups.get('time', ''), *numbers, name), bool(groups.get('late'))
    return Attempt(name, platform, tuple(filter(None, keys)), label or who or name, order, late, part)


def learners(names, left: dict, persons: list[Learner] | None, pattern=None, remarks=()) -> list[Learner]:
    """All of a class: those of the roster in its order, then others. Without a roster, all who have handed in.

    left: {what is not a notebook: why}; persons, remarks: see people.
    """
    once = {each.keys: each for each in persons or () if each.keys}
    roster, strangers = [replace(each, attempts=[], others={}) for each in once.values()], {}
    by_key = index(roster)
    for name, attempt in attempts([*names, *left], pattern).items():
        learner = find(attempt.keys, by_key)
        if learner is None and name in names:
            key = attempt.keys[:1] if attempt.keys and attempt.platform != 'plain' else name
            learner = strangers.setdefault(key, Learner('', attempt.label, '', (), persons is None))
        if learner and name in left:
            learner.others[name] = left[name]
        elif learner:
            learner.attempts.append(attempt)
            learner.keys += attempt.keys
    everyone = [*roster, *sorted(strangers.values(), key=lambda each: each.name)]
    for learner in everyone:
        learner.attempts.sort(key=lambda each: each.order, reverse=True)
    by_key = index(everyone)
    for person in remarks:
        if learner := find(person.keys, by_key):
            learner.remark = person.remark
    return everyone
