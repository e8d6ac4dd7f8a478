"""The table of a class, and its pages."""

import csv
import html.parser
import os
import re
from urllib.parse import unquote

import nbformat
import pytest

from lesson.grade import points, report
from lesson.notebook.definitions import FUNCTIONS
from tests.builders import chromium
from tests.grade.conftest import learners, record, verdict

NAMES = ['anna/mine', 'ben/mine', '<script>alert(1)</script>', 'a "b" & c', '100%?#', 'Größe/日本', '=1+1', 'x y/index']


class Links(html.parser.HTMLParser):
    """The links and the elements of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.elements = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.links += [value for name, value in attributes if name in ('href', 'src')]


@pytest.fixture
def written(tmp_path):
    records = {name: record() for name in NAMES}
    faults = {'train.range': 'real images reach [-0.50, 0.50]', 'train.rate': 'the <b>rate</b>'}
    records['anna/mine'] = record(train=verdict(False, faults, 'train: real images <b>reach</b>\n  Why'))
    records['ben/mine'] = record(
        train=verdict(False, {'train.rate': 'other'}, 'train: other'),
        generator=verdict(False, {'generator.not_written': 'not written yet'}, 'generator: not written yet', None),
    )
    report.write(learners({'gone': record()}), tmp_path, points.rule())
    report.write(learners(records), tmp_path, points.rule())
    return tmp_path


def test_the_table_has_a_row_for_each_learner_and_function(written):
    with open(written / 'verdicts.csv', newline='', encoding='utf-8-sig') as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == len(NAMES) * len(FUNCTIONS)
    by_name = {(row['notebook'], row['function']): row for row in rows}
    assert by_name['anna/mine', 'train'] | {'seconds': ''} == {
        'notebook': 'anna/mine', 'function': 'train', 'passed': '0', 'faults': 'train.range train.rate', 'seconds': '',
    }  # fmt: skip
    assert by_name['ben/mine', 'model_loss']['passed'] == '1'
    assert by_name['ben/mine', 'generator']['seconds'] == ''
    assert ("'=1+1", 'train') in by_name


def test_every_link_leads_to_a_page_and_nothing_comes_from_elsewhere(written):
    pages = sorted(written.rglob('*.html'))
    assert len(pages) == len(NAMES) + 1
    linked = set()
    for page in pages:
        found = Links(page.read_text('utf-8'))
        assert not {'script', 'link', 'b'} & set(found.elements)
        assert ('a' in found.elements) == (page.parent == written), 'a mailed page has no links'
        for link in (link for link in found.links if not link.startswith('data:image/png;base64,')):
            target = (page.parent / unquote(link)).resolve()
            assert target.is_file(), link
            linked.add(target)
        assert not re.search(r'https?:|@import|url\(', page.read_text('utf-8'))
    assert linked == {page.resolve() for page in pages if page.parent != written}


def test_the_page_of_the_class_counts_faults_and_functions(written):
    text = (written / 'index.html').read_text('utf-8')
    assert text.index('train.rate') < text.index('train.range'), 'the commonest comes first'
    assert re.search(r'<th>all 6</th>.*?>6</td>', text, re.S)
    row = re.search(r'<code>generator</code>.*?</tr>', text, re.S)[0]
    assert re.findall(r'<td class="number">(\d*)</td>', row) == ['7', '', '1']


def test_the_page_of_a_learner_has_the_messages_as_they_are(written):
    text = (written / 'learners' / 'anna' / 'mine.html').read_text('utf-8')
    assert 'train: real images &lt;b&gt;reach&lt;/b&gt;\n  Why' in text
    assert '5 of 6 functions pass' in text


def test_the_page_of_a_learner_has_points_their_rule_and_what_to_read_next(written):
    text = (written / 'learners' / 'anna' / 'mine.html').read_text('utf-8')
    assert '<strong>5 of 6 points.</strong>' in text and 'generator 1, ' in text and '6 in all' in text
    assert 'Read next: “6. Training” in the lesson; “4. Real images in [-0.5, 0.5]” in the field guide' in text
    assert text.count('<img src="data:image/png;base64,') == 1 and 'src="data:' not in text.partition('<section>')[0]
    lesson = nbformat.read(report.DOCS.parent / 'dlnd_face_generation.ipynb', as_version=4)
    lines = '\n'.join(cell.source for cell in lesson.cells).splitlines()
    assert {f'## {section}' for section in report.SECTIONS.values()} <= {*lines}
    assert len(report.pictures()) == 19, 'two of the twenty are of one fault'


def test_hints_are_folded_below_the_verdict(tmp_path):
    said = 'generator: passed\n  Hint: all images\n    are <gray>\n  Hint: two'
    report.write(learners({'ann': record(generator=verdict(message=said))}), tmp_path, points.rule())
    text = (tmp_path / 'learners' / 'ann.html').read_text('utf-8')
    assert '0.1 s</span></h2>\n<details><summary>2 hints' in text
    assert '<pre>all images are &lt;gray&gt;\ntwo</pre>' in text
    assert text.count('<details>') == 1


def test_a_phone_shows_everything_without_scrolling_sideways_and_a_print_has_the_hints(tmp_path):
    hinted = record(
        generator=verdict(message='generator: passed\n  Hint: gray'), train=verdict(False, {'train.x': 'x'})
    )
    report.write(learners({'wolfeschlegelsteinhausen' * 3: hinted, 'b/' * 50: hinted}), tmp_path, points.rule())
    with chromium() as browser:
        for path in sorted(tmp_path.rglob('*.html')):
            page = browser.new_page(viewport={'width': 390, 'height': 800})
            page.goto(path.as_uri())
            assert page.evaluate('[...document.querySelectorAll("html, div")].every(e => e.scrollWidth <= 390)'), path
        assert page.locator('details pre').first.is_hidden()
        page.emulate_media(media='print')
        assert page.locator('details pre').first.is_visible()


def test_a_name_that_is_not_text_does_no_harm(tmp_path):
    name = os.fsdecode(b'caf\xe9')
    report.write(learners({name: record()}), tmp_path, points.rule())
    (link,) = Links((tmp_path / 'index.html').read_text('utf-8')).links
    target = os.fsdecode(unquote(link, errors='surrogateescape').encode('utf-8', 'surrogateescape'))
    assert (tmp_path / target).is_file()


def test_the_summary_names_what_a_teacher_has_to_look_at(tmp_path):
    doubted = record(train=verdict(False, {'train.unverified': 'unverified'})) | {'confined': False}
    text = report.summary(learners({'ann': record(), 'bob': doubted}), tmp_path, {'cho.zip': 'it is an archive'})
    first, *lines = text.splitlines()
    assert first == f'2 notebooks, 11 of 12 functions pass: {tmp_path / "index.html"}'
    assert lines[:2] == ['Not judged: cho.zip: it is an archive', 'Unverified: look at these yourself: bob']
    assert lines[2].startswith('This system does not allow')
