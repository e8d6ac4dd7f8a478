"""The notebook in JupyterLab, in a real browser: run as a person runs it, and looked at while it runs."""

import base64
import json
import os
import re
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import psutil
import pytest

from lesson.notebook import learner
from lesson.train import film
from tests.builders import chromium

pytestmark = pytest.mark.long
IMAGES, BATCH, EPOCHS = 444, 4, {'digits': 3, 'faces': 2}
WAIT = 200  # seconds: other tests may be at work
PREFERENCES = {'notebook-extension/tracker': {'windowingMode': 'none'}}  # all cells are on the page, not those in view
PREFERENCES['apputils-extension/notification'] = {'fetchNews': 'false', 'checkForUpdates': False}
OUTPUTS = """cell => Array.from(cell.querySelectorAll('.jp-OutputArea-output'), output => {
    const image = output.querySelector('img');
    return [output.dataset.mimeType, image ? image.src.slice(0, 100) : output.textContent];
})"""
WATCH = f"""cell => {{
    cell.seen = [];
    const look = () => cell.seen.push(({OUTPUTS})(cell));
    new MutationObserver(look).observe(cell, {{childList: true, subtree: true, characterData: true, attributes: true}});
}}"""
PROMPTS = "Array.from(document.querySelectorAll('.jp-CodeCell .jp-InputPrompt'), prompt => prompt.textContent)"
TROUBLE = ', '.join(
    f'.jp-RenderedText[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ('error', 'stderr')
)


def when(condition):
    """The value of a function as soon as that is true."""
    limit = time.monotonic() + WAIT
    while not (value := condition()):
        assert time.monotonic() < limit, 'waited in vain'
        time.sleep(0.1)
    return value


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    """(address in JupyterLab, in which a workspace and a file are missing; the folder that it shows: a learner's).

    It has nothing of this user's, and is killed with its kernels.
    """
    folder = tmp_path_factory.mktemp('lab')
    learner.student(folder)
    names = ('JUPYTER_CONFIG_DIR', 'JUPYTER_DATA_DIR', 'JUPYTER_RUNTIME_DIR', 'IPYTHONDIR')
    own = {name: str(folder / name) for name in names}
    for name, values in PREFERENCES.items():
        path = Path(own['JUPYTER_CONFIG_DIR'], 'lab/user-settings/@jupyterlab', f'{name}.jupyterlab-settings')
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values))
    options = [
        '--no-browser',
        '--allow-root',
        '--ip=127.0.0.1',
        '--port=0',
        f'--ServerApp.root_dir={folder / "student"}',
    ]
    with open(folder / 'log.txt', 'wb') as log:
        command, environment = [sys.executable, '-m', 'jupyterlab', *options], {**os.environ, **own}
        process = psutil.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)

    def started():
        assert process.poll() is None, (folder / 'log.txt').read_text()
        for path in (folder / 'JUPYTER_RUNTIME_DIR').glob('jpserver-*.json'):
            with suppress(json.JSONDecodeError):  # it is being written
                return json.loads(path.read_text())

    try:
        about = when(started)
        yield f'{about["url"]}lab/workspaces/{{}}/tree/{{}}?token={about["token"]}', folder / 'student'
    finally:
        for each in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait()


@pytest.fixture(scope='module')
def browser():
    with chromium(required=True) as browser:
        yield browser


class Lab:
    """A notebook in a window of its own."""

    def __init__(self, browser, server, notebook, name):
        address, folder = server
        nbformat.write(notebook, folder / f'{name}.ipynb')
        self.code = [cell.id for cell in notebook.cells if cell.cell_type == 'code']
        self.page = browser.new_page(viewport={'width': 1200, 'height': 900})
        self.page.set_default_timeout(1000 * WAIT)
        self.page.goto(address.format(name, f'{name}.ipynb'))  # a workspace of its own: no other notebook is open in it
        when(lambda: self.page.locator('.jp-CodeCell').count() == len(self.code))
        self.page.wait_for_selector('#jp-main-statusbar >> text=/[|] Idle$/')  # only then, all of Run All is run

    def choose(self, menu, entry):
        """Choose an entry of a menu, with the mouse."""
        self.page.click(f'.lm-MenuBar-itemLabel:text-is("{menu}")')
        self.page.click(f'.lm-Menu-itemLabel:text-is("{entry}")')

    def run_all(self):
        self.choose('Run', 'Run All Cells')
        when(lambda: set(self.prompts()) != {'[ ]:'})

    def wait_for_the_end(self):
        """No error, and no red box."""
        when(lambda: '[*]:' not in self.prompts())
        assert self.page.locator(TROUBLE).all_text_contents() == []
        assert self.prompts() == [f'[{n}]:' for n in range(1, len(self.code) + 1)]

    def prompts(self):
        return self.page.evaluate(PROMPTS)

    def cell(self, name):
        return self.page.locator('.jp-CodeCell').nth(self.code.index(name))

    def outputs(self, name):
        """Those of a cell: (MIME type, text, or how the address of an image begins)."""
        return self.cell(name).evaluate(OUTPUTS)


def small(last=None, **settings):
    """The notebook without results and contract tests, up to the cell `last`, with small data and other settings."""
    notebook = nbformat.read(learner.LESSON, as_version=4)
    ids = [cell.id for cell in notebook.cells]
    cells = notebook.cells[: ids.index(last) + 1 if last else None]
    notebook.cells = [cell for cell in cells if cell.cell_type == 'code' and not cell.id.startswith('test-')]
    settings = {'data_source': 'synthetic', 'synthetic_count': IMAGES, 'failure_steps': 0} | settings
    for cell in notebook.cells:
        cell.outputs, cell.execution_count = [], None
        if cell.id == 'parameters':
            cell.source += ''.join(f'\n{name} = {value!r}' for name, value in settings.items())
        elif cell.id == 'settings':
            cell.source += f'\nbatch_size = {BATCH}'
    return notebook


@pytest.fixture(scope='module')
def finished(browser, server):
    """The notebook after Run All."""
    lab = Lab(browser, server, small(**{f'{name}_epochs': value for name, value in EPOCHS.items()}), 'all')
    for name in EPOCHS:
        lab.cell(f'train-{name}').evaluate(WATCH)
    lab.run_all()
    lab.wait_for_the_end()
    return lab


def test_run_all_runs_each_cell_in_order_and_each_picture_is_shown(finished):
    sizes = finished.page.evaluate(
        "Array.from(document.querySelectorAll('.jp-Notebook img'), image => [image.naturalWidth, image.width])"
    )
    assert len(sizes) > 20
    assert min(min(size) for size in sizes) > 20
    assert finished.page.locator('.jp-Dialog').count() == 0


@pytest.mark.parametrize('name', EPOCHS)
def test_a_run_adds_a_row_to_its_picture_every_100_batches_while_its_progress_bar_moves_in_one_line(finished, name):
    seen = finished.cell(f'train-{name}').evaluate('cell => cell.seen')
    pictures = [base64.b64decode(text[22:90]) for each in seen for kind, text in each[1:2] if kind == 'image/png']
    heights = [struct.unpack('>I', picture[20:24])[0] for picture in pictures]
    rows = [(height - film.LINE) / (film.SCALE * 29) for height in heights]  # an image has 28, and a gap below it
    shown = EPOCHS[name] * (IMAGES // BATCH) // 100 + 1  # the last row is the average's
    assert sorted(set(rows)) == list(range(1, shown + 1)) and rows == sorted(rows)
    bars = [[text for kind, text in each if kind != 'image/png'] for each in seen]
    assert max(len(texts) for texts in bars) == 1
    texts = [texts[0].strip() for texts in bars if texts and texts[0]]
    assert not [text for text in texts if '\n' in text]
    done = [int(re.search(r'(\d+)%', text)[1]) for text in texts]
    assert done == sorted(done) and len(set(done)) > 3 and done[-1] == 100


def test_the_playground_plays_in_its_frame(finished):
    """What this shows: scripts run in the frame, and the image follows a slider."""
    frame = finished.page.frame_locator('iframe[title=Playground]').first
    pixels = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.join()"
    before = frame.locator('#stage').evaluate(pixels)
    frame.locator('#sliders input').first.press('PageUp')
    when(lambda: frame.locator('#stage').evaluate(pixels) != before)
    assert finished.page.locator('iframe[title=Playground]').count() == 2  # digits, faces
    assert finished.page.locator(TROUBLE).count() == 0


def test_interrupt_kernel_ends_a_training_with_one_line_and_the_notebook_goes_on(browser, server):
    lab = Lab(browser, server, small('digit-grid', digits_epochs=1000), 'interrupted')
    lab.run_all()
    when(lambda: len(lab.outputs('train-digits')) > 1)  # the first row of images is there
    assert lab.cell('train-digits').locator('.jp-InputPrompt').text_content() == '[*]:'
    lab.choose('Kernel', 'Interrupt Kernel')
    lab.wait_for_the_end()
    outputs = lab.outputs('train-digits')
    (said,) = [text for kind, text in outputs if kind == 'application/vnd.jupyter.stdout']
    step = re.fullmatch(r'Interrupted after step ([\d,]+) of 100,000; with checkpoint_dir=[^\n]+\n', said)[1]
    assert 100 <= int(step.replace(',', '')) < 10_000
    assert f'| {step.replace(",", "")}/100000 [' in outputs[0][1]
    assert {kind for kind, _ in outputs[1:]} == {'image/png', 'application/vnd.jupyter.stdout'}
    assert [kind for kind, _ in lab.outputs('digit-grid')] == ['image/png']
