"""The lesson as a page: nothing is loaded from elsewhere, and each picture has a text."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from lesson.notebook.learner import LESSON, ROOT


def page(notebook, place='page'):
    options = {'template_name': 'lesson/notebook/html', 'extra_template_basedirs': [str(ROOT)], 'embed_images': True}
    return HTMLExporter(**options).from_notebook_node(notebook, {'unique_key': place})[0]


@pytest.fixture(scope='module')
def saved():
    return nbformat.read(LESSON, as_version=4)


@pytest.fixture(scope='module')
def tree(saved):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return BeautifulSoup(page(saved, 'build/saved/page'), 'html.parser')


def test_the_page_loads_nothing_from_elsewhere(tree):
    sources = [element.get('src') or element.get('href') for element in tree.find_all(['script', 'img', 'link'])]
    assert [source for source in sources if source and not source.startswith('data:')] == []
    assert not re.search(r'@import|url\(["\']?https?:|import\(', ''.join(map(str, tree.find_all(['style', 'script']))))


def test_every_picture_has_an_alternative_text(saved, tree):
    texts = [image['alt'] for image in tree.find_all('img')]
    shown = [out for cell in saved.cells for out in cell.get('outputs', ()) if 'image/png' in out.get('data', {})]
    assert len(texts) == 2 + len(shown) and len(tree.select('img[src^="data:image/svg+xml;"]')) == 1
    assert not [alt for alt in texts if len(alt) < 5 or 'No description' in alt]


def test_the_contents_lead_to_every_heading_and_a_dark_screen_has_dark_colors(tree):
    links, headings = tree.select('nav a'), tree.select('h2, h3')
    assert [link['href'] for link in links] == [f'#{heading["id"]}' for heading in headings]
    assert [f'{link.text}¶' for link in links] == [heading.text for heading in headings]
    (dark,) = tree.select('style[media="screen and (prefers-color-scheme: dark)"]')
    assert len(links) > 15 and '--jp-layout-color0: #111' in dark.text


def test_links_lead_to_files_from_where_the_page_is(tree):
    links = [link['href'] for link in tree.select('a') if not re.match('#|https?:', link['href'])]
    assert links and [link for link in links if not (ROOT / 'build' / 'saved' / link).resolve().exists()] == []
    cells = [nbformat.v4.new_markdown_cell('[a](docs/a.md) [b](#b) [c](https://c.org/)')]
    for place, up in (('page', ''), ('build/page', '../'), ('build/cluster/chief', '../../'), ('/tmp/page', '')):
        made = BeautifulSoup(page(nbformat.v4.new_notebook(cells=cells), place), 'html.parser')
        assert [link['href'] for link in made.select('p a')] == [f'{up}docs/a.md', '#b', 'https://c.org/']


def test_an_answer_is_folded_and_what_follows_is_not():
    text = 'How many?\n\n<details><summary>Answer</summary>\n\nforty-two\n\n</details>\n\nAnd why?'
    made = BeautifulSoup(page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])), 'html.parser')
    assert made.select_one('.jp-Cell details').text.split() == ['Answer', 'forty-two']


def test_the_lesson_has_no_formulas_which_the_page_would_show_as_dollars(saved):
    texts = [re.sub('`.*?`|```.*?```', '', cell.source, flags=re.S) for cell in saved.cells if cell.cell_type != 'code']
    assert [text for text in texts if re.search(r'\$|\\\(|\\\[', text)] == []
