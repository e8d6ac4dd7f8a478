"""The lesson as a PDF: nothing is folded or cut in print."""

import re
from pathlib import Path

import nbformat
import pytest

from lesson.notebook import pdf
from tests.notebook.test_html import page

LONG = 'a_long_line = ' + ' + '.join(f'number_{i}' for i in range(60)) + ' + the_end_of_the_line'


@pytest.mark.long
def test_a_print_shows_what_is_folded_or_long_with_bookmarks_and_no_heading_at_the_end_of_a_sheet(tmp_path):
    pypdf = pytest.importorskip('pypdf')
    cells = [
        nbformat.v4.new_markdown_cell('A question.\n\n<details><summary>Answer</summary>\n\nforty-two\n\n</details>'),
        nbformat.v4.new_code_cell(LONG),
    ]
    for i in range(40):
        cells.append(nbformat.v4.new_markdown_cell(f'## Heading {i}.\n\n*Goals: some.*'))
        cells.append(nbformat.v4.new_code_cell('\n'.join([f'begin_{i}_', *['line'] * (3 + i % 6)])))
    (tmp_path / 'a page.html').write_text(page(nbformat.v4.new_notebook(cells=cells)), 'utf-8')
    pdf.print_page(tmp_path / 'a page.html', tmp_path / 'new folder' / 'a page.pdf')
    assert [path.name for path in (tmp_path / 'new folder').iterdir()] == ['a page.pdf']
    printed = pypdf.PdfReader(tmp_path / 'new folder' / 'a page.pdf')
    sheets = [sheet.extract_text() for sheet in printed.pages]
    assert 'forty-two' in sheets[0] and 'the_end_of_the_line' in re.sub(r'\s', '', sheets[0])
    for i in range(40):
        assert [f'Heading {i}.' in sheet for sheet in sheets] == [f'begin_{i}_' in sheet for sheet in sheets]
    assert [heading.title for heading in printed.outline] == [f'Heading {i}.' for i in range(40)]


@pytest.mark.long
def test_no_picture_is_cut_by_the_end_of_a_sheet(tmp_path):
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
