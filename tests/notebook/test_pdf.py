"""The lesson as a page and as a PDF: nothing is loaded from elsewhere, nothing is folded or cut in print."""

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from lesson import pdf

ROOT = Path(__file__).parents[2]
LONG = 'a_long_line = ' + ' + '.join(f'number_{i}' for i in range(60)) + ' + the_end_of_the_line'


def page(notebook):
    exporter = HTMLExporter(
        template_name='lesson/notebook/html', extra_template_basedirs=[str(ROOT)], embed_images=True
    )
    return exporter.from_notebook_node(notebook)[0]


@pytest.fixture(scope='module')
def saved():
    return nbformat.read(ROOT / 'dlnd_face_generation.ipynb', as_version=4)


@pytest.fixture
def browser():
    try:
        return pdf.find_browser()
    except FileNotFoundError as error:
        pytest.skip(str(error))


def test_the_page_loads_nothing_from_elsewhere(saved, monkeypatch):
    monkeypatch.chdir(ROOT)
    tree = BeautifulSoup(page(saved), 'html.parser')
    sources = [element.get('src') or element.get('href') for element in tree.find_all(['script', 'img', 'link'])]
    assert [source for source in sources if source and not source.startswith('data:')] == []
    assert not re.search(r'@import|url\(["\']?https?:|import\(', ''.join(map(str, tree.find_all(['style', 'script']))))


def test_the_lesson_has_no_formulas_which_the_page_would_show_as_dollars(saved):
    texts = [re.sub('`.*?`|```.*?```', '', cell.source, flags=re.S) for cell in saved.cells if cell.cell_type != 'code']
    assert [text for text in texts if re.search(r'\$|\\\(|\\\[', text)] == []


def test_a_print_shows_what_is_folded_and_the_end_of_a_long_line(browser, tmp_path):
    pypdf = pytest.importorskip('pypdf')
    cells = [
        nbformat.v4.new_markdown_cell('A question.\n\n<details><summary>Answer</summary>\n\nforty-two\n\n</details>'),
        nbformat.v4.new_code_cell(LONG),
    ]
    (tmp_path / 'a page.html').write_text(page(nbformat.v4.new_notebook(cells=cells)), 'utf-8')
    pdf.print_page(tmp_path / 'a page.html', tmp_path / 'new folder' / 'a page.pdf')
    assert [path.name for path in (tmp_path / 'new folder').iterdir()] == ['a page.pdf']
    text = ''.join(sheet.extract_text() for sheet in pypdf.PdfReader(tmp_path / 'new folder' / 'a page.pdf').pages)
    assert 'forty-two' in text
    assert 'the_end_of_the_line' in re.sub(r'\s', '', text)


def test_no_picture_is_cut_by_the_end_of_a_sheet(browser, tmp_path):
    pypdf = pytest.importorskip('pypdf')
    html = page(nbformat.v4.new_notebook())
    squares = ''.join(f'<pre>picture {i}<br><svg width="300" height="450"></svg><br>end {i}</pre>' for i in range(7))
    (tmp_path / 'page.html').write_text(html.replace('<main>', f'<main>{squares}'), 'utf-8')
    pdf.print_page(tmp_path / 'page.html', tmp_path / 'page.pdf')
    sheets = [sheet.extract_text() for sheet in pypdf.PdfReader(tmp_path / 'page.pdf').pages]
    assert len(sheets) > 2
    for i in range(7):
        assert [f'picture {i}' in sheet for sheet in sheets] == [f'end {i}' in sheet for sheet in sheets]


def test_without_a_browser_it_says_which_ones_would_do(tmp_path, monkeypatch):
    (tmp_path / 'page.html').write_text('a page')
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.delenv('CHROME_PATH', raising=False)
    monkeypatch.setattr(pdf, 'PLACES', ())
    with pytest.raises(FileNotFoundError, match=r'Chrome, Edge or Brave, and there is none.*CHROME'):
        pdf.print_page(tmp_path / 'page.html', tmp_path / 'page.pdf')
    monkeypatch.setenv('CHROME_PATH', '/no/such/browser')
    with pytest.raises(FileNotFoundError, match="CHROME_PATH is '/no/such/browser', which is not a program"):
        pdf.print_page(tmp_path / 'page.html', tmp_path / 'page.pdf')


@pytest.mark.skipif(not Path('/bin/sh').exists(), reason='the browser that fails is a shell script')
def test_a_browser_that_fails_is_quoted_and_an_earlier_pdf_stays(tmp_path, monkeypatch):
    (tmp_path / 'page.html').write_text('a page')
    (tmp_path / 'page.pdf').write_text('printed yesterday')
    (tmp_path / 'broken').write_text('#!/bin/sh\necho no display here >&2\nexit 1\n')
    (tmp_path / 'broken').chmod(0o755)
    monkeypatch.setenv('CHROME_PATH', str(tmp_path / 'broken'))
    with pytest.raises(OSError, match=r'did not print .*: no display here'):
        pdf.print_page(tmp_path / 'page.html', tmp_path / 'page.pdf')
    assert (tmp_path / 'page.pdf').read_text() == 'printed yesterday'
    assert sorted(path.name for path in tmp_path.iterdir()) == ['broken', 'page.html', 'page.pdf']


def test_a_page_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'there is no page .*missing\.html'):
        pdf.print_page(tmp_path / 'missing.html', tmp_path / 'page.pdf')
