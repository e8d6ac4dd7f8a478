"""The field guide: its pictures, its messages, and that it is made anew only where something has changed."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import helper
from tests.contract import field_guide
from tests.contract.field_guide_entries import ENTRIES
from tests.contract.solutions import judge

DOCS = Path(__file__).parents[2] / 'docs'


@pytest.fixture(scope='module')
def page():
    return (DOCS / 'field_guide.md').read_text('utf-8')


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert('RGB')).astype(int)


def test_there_are_twenty_faults_in_the_order_in_which_known_numbers_fall():
    assert len(ENTRIES) == len({entry.title for entry in ENTRIES}) == 20
    often = [entry.often for entry in ENTRIES if entry.often]
    assert often == sorted(often, reverse=True)
    for entry in ENTRIES:
        assert field_guide.case_of(entry).fault == entry.fault
        assert entry.seen in ('images', 'losses', 'images and losses', 'neither')


def test_an_entry_without_a_wrong_implementation_is_an_error():
    with pytest.raises(ValueError, match=r'tests/contract/solutions has 0 cases generator\.random: no such case'):
        field_guide.case_of(ENTRIES[0]._replace(case='no such case'))


def test_the_page_shows_each_fault_with_its_picture_and_is_small(page):
    pictures = re.findall(r'!\[(.+?)\]\((.+?)\)', page)
    assert [alt.partition(':')[0] for alt, _ in pictures] == [entry.title for entry in ENTRIES]
    files = [DOCS / path for _, path in pictures]
    assert sorted(files) == sorted((DOCS / 'field_guide').iterdir())
    assert sum(file.stat().st_size for file in files) + len(page) < 1e6
    assert {Image.open(file).mode for file in files} == {'P'}


def test_the_links_of_the_overview_lead_to_the_sections(page):
    headings = re.findall('^## (.*)$', page, re.M)
    anchors = [re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings]
    assert re.findall(r'\]\(#(.+?)\)', page) == anchors


@pytest.fixture(scope='module')
def digits():
    images = np.random.default_rng(0).integers(0, 256, (128, 28, 28, 1), np.uint8)
    return helper.Dataset(images, 'noise')


def test_a_page_is_written_and_what_was_trained_is_not_trained_again(tmp_path, monkeypatch, digits, capsys):
    monkeypatch.setattr(field_guide, 'ENTRIES', [ENTRIES[0], ENTRIES[7]])
    verdicts = {}  # each is judged once: that takes seconds

    def judge_once(case, names):
        return verdicts.get(case.name) or verdicts.setdefault(case.name, judge(case, names))

    monkeypatch.setattr(field_guide, 'judge', judge_once)
    field_guide.write(tmp_path / 'first', digits, 2, tmp_path / 'kept')
    monkeypatch.setattr(field_guide, 'train', lambda *_: pytest.fail('trained again'))
    field_guide.write(tmp_path / 'second', digits, 2, tmp_path / 'kept')
    first, second = (
        {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob('*.*')}
        for folder in (tmp_path / 'first', tmp_path / 'second')
    )
    assert first == second
    assert sorted(first) == [
        'field_guide.md',
        'field_guide/01-generator.random.png',
        'field_guide/02-train.graph_grows.png',
    ]
    assert 'on noise, in batches of 32' in first['field_guide.md'].decode()
    with pytest.raises(pytest.fail.Exception, match='trained again'):
        field_guide.write(tmp_path / 'third', digits, 3, tmp_path / 'kept')


def test_a_training_with_dropout_gives_the_same_images_when_it_is_run_again(digits):
    case = field_guide.case_of(ENTRIES[0])
    case = case._replace(changes={'def train': field_guide.PLAIN} | case.changes)
    first, again = (field_guide.train(case, digits, 2) for _ in range(2))
    assert (first.losses == again.losses).all()
    assert (first.rows == again.rows).all()
    assert first.losses.shape == (2, 2)
    assert first.rows.shape == (1, field_guide.COLUMNS, 28, 28, 1)
