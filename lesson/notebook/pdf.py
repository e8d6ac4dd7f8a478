"""An HTML page as a PDF, printed by a browser; no LaTeX.

    python -m lesson.notebook.pdf page.html page.pdf

Chromium, Chrome, Edge or Brave will do: they print without a window. CHROME_PATH names a different one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lesson.files import make_writable, whole_file

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge', 'brave-browser')
PLACES = (  # where macOS and Windows have them
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    r'C:\Program Files\Google\Chrome\Application\chrome.exe',
    r'C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe',
)
PRINTS_WITHIN = 120  # seconds


def find_browser() -> str:
    """The path of a browser that can print. FileNotFoundError, which says what to install, when there is none."""
    wanted = os.environ.get('CHROME_PATH')
    found = filter(None, map(shutil.which, [wanted] if wanted else [*NAMES, *PLACES]))
    if path := next(found, None):
        return path
    missing = f'CHROME_PATH is {wanted!r}, which is not a program' if wanted else 'there is none on this machine'
    raise FileNotFoundError(
        f'A PDF is printed by Chromium, Chrome, Edge or Brave, and {missing}. Install one (on Debian and Ubuntu: '
        'apt-get install chromium), or set CHROME_PATH to its path. Or run make html, and print that with any browser'
    )


def print_page(page, target) -> None:
    """Print an HTML file into the PDF file `target`, whole or not at all. Raises OSError when that does not work."""
    page, target = Path(page).absolute(), Path(target).absolute()
    if not page.is_file():
        raise FileNotFoundError(f'there is no page {page}')
    browser = find_browser()
    make_writable(target.parent, 'choose another place for the PDF')
    with tempfile.TemporaryDirectory(dir=target.parent, ignore_cleanup_errors=True) as folder:  # snaps see no /tmp
        printed = Path(folder, 'page.pdf')
        options = ['--headless', '--disable-gpu', '--no-pdf-header-footer', f'--user-data-dir={folder}/profile']
        options.append('--generate-pdf-document-outline')  # the headings, as bookmarks
        if hasattr(os, 'geteuid') and os.geteuid() == 0:
            options.append('--no-sandbox')  # without this, a browser refuses to be run by root, as in a container
        command = [browser, *options, f'--print-to-pdf={printed}', page.as_uri()]
        try:
            result = subprocess.run(command, capture_output=True, text=True, errors='replace', timeout=PRINTS_WITHIN)
        except subprocess.TimeoutExpired:
            raise OSError(f'{browser} has not printed {page} within {PRINTS_WITHIN} s') from None
        if not printed.exists():
            raise OSError(f'{browser} did not print {page}: {result.stderr.strip()[-500:]}')
        with whole_file(target) as file:
            file.write(printed.read_bytes())


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        print_page(*sys.argv[1:])
    except OSError as error:
        sys.exit(str(error))
    print(f'{sys.argv[2]}: {Path(sys.argv[2]).stat().st_size / 1e6:.1f} MB')


if __name__ == '__main__':
    main()
