"""The limits of grading are those that the documents tell."""

from pathlib import Path

import pytest

from lesson.grade import limits

ROOT = Path(__file__).parents[2]
TOLD = {
    'teaching.md': (
        f'{limits.FUNCTION} s of computing for each function, {limits.WAITING} s of waiting, '
        f'{limits.MEMORY >> 30} GB of memory, {limits.PROCESSES} processes, {limits.FILES >> 20} MB of files'
    ),
    'SECURITY.md': f'{limits.WAITING} s without computing, {limits.SECONDS} s in all',
}


@pytest.mark.parametrize('page', TOLD)
def test_a_document_tells_the_limits_that_hold(page):
    (path,) = (path for path in (ROOT / page, ROOT / 'docs' / page) if path.exists())
    assert TOLD[page] in ' '.join(path.read_text('utf-8').split())
