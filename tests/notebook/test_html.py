"""The lesson as a page: nothing is loaded from elsewhere, and each picture has a text."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from lesson.notebook.learner import LESSON, ROOT


def page(notebook):
    options = {'template_name': 'lesson/notebook/html', 'extra_template_basedirs': [str(ROOT)], 'embed_images': True}
    return HTMLExporter(**options).from_notebook_node(notebook)[0]


@pytest.fixture(scope='module')
def saved():
    return nbformat.read(LESSON, as_version=4)


@pytest.fixture(scope='module')
def tree(saved):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return BeautifulSoup(page(saved), 'html.parser')


def test_the_page_loads_nothing_from_elsewhere(tree):
    sources = [element.get('src') or element.get('href') for element in tree.find_all(['script', 'img', 'link'])]
    assert [source for source in sources if source and not source.startswith('data:')] == []
    assert not re.search(r'@import|url\(["\']?https?:|import\(', ''.join(map(str, tree.find_all(['style', 'script']))))


def test_every_picture_has_an_alternative_text(saved, tree):
    texts = [image['alt'] for image in tree.find_all('img')]
    shown = [out for cell in saved.cells for out in cell.get('outputs', ()) if 'image/png' in out.get('data', {})]
    assert len(texts) == 1 + len(shown)
    assert not [alt for alt in texts if len(alt) < 5 or 'No description' in alt]


def test_the_lesson_has_no_formulas_which_the_page_would_show_as_dollars(saved):
    texts = [re.sub('`.*?`|```.*?```', '', cell.source, flags=re.S) for cell in saved.cells if cell.cell_type != 'code']
    assert [text for text in texts if re.search(r'\$|\\\(|\\\[', text)] == []
