"""The lesson: executed whole, with tiny settings, and looked at as it is saved."""

import statistics
from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / 'dlnd_face_generation.ipynb'
TINY = {'data_source': 'stand-in', 'stand_in_count': 1000, 'digits_epochs': 4, 'faces_epochs': 5}


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == 'code']


def outputs(notebook, output_type):
    return [out for cell in code_cells(notebook) for out in cell.outputs if out.output_type == output_type]


def pictures(cell):
    return [out for out in cell.outputs if 'image/png' in out.get('data', {})]


def text(cell):
    return ''.join(out.get('text', '') for out in cell.outputs)


@pytest.fixture(scope='module')
def executed(tmp_path_factory):
    """The notebook after a run with tiny settings; its stand-in data lies in a fresh folder."""
    folder = tmp_path_factory.mktemp('run')
    settings = {**TINY, 'data_dir': str(folder / 'data')}
    papermill.execute_notebook(NOTEBOOK, folder / 'out.ipynb', settings, cwd=ROOT, progress_bar=False, log_output=False)
    return nbformat.read(folder / 'out.ipynb', as_version=4)


@pytest.fixture(scope='module')
def saved():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.mark.slow
def test_the_notebook_runs_top_to_bottom_without_errors_or_noise(executed):
    counts = [cell.execution_count for cell in code_cells(executed)]
    assert counts == list(range(1, len(counts) + 1))
    assert outputs(executed, 'error') == []
    assert [out.text for out in outputs(executed, 'stream') if out.name == 'stderr'] == []


@pytest.mark.slow
def test_a_contract_test_shows_nothing_but_its_verdict(executed):
    for cell in code_cells(executed):
        if cell.id.startswith('test-'):
            assert [out.output_type for out in cell.outputs] == ['stream'], cell.id
            assert text(cell).endswith(': passed\n') and text(cell).count('\n') == 1


def test_training_shows_a_row_of_pictures_every_100_batches_under_one_finished_bar(executed):
    by_id = {cell.id: cell for cell in code_cells(executed)}
    for name, epochs in (('train-digits', TINY['digits_epochs']), ('train-faces', TINY['faces_epochs'])):
        batches = epochs * (TINY['stand_in_count'] // 32)
        assert len(pictures(by_id[name])) == batches // 100 >= 1
        bars = [out.data['text/plain'] for out in by_id[name].outputs if 'image/png' not in out.get('data', {})]
        assert len(bars) == 1
        assert f'{batches}/{batches}' in bars[0]
        assert 'd_loss=' in bars[0] and 'g_loss=' in bars[0]


@pytest.mark.slow
def test_the_notebook_says_that_it_uses_stand_in_data(executed):
    by_id = {cell.id: cell for cell in code_cells(executed)}
    assert 'stand-in digits' in text(by_id['get-digits'])
    assert 'stand-in faces' in text(by_id['get-faces'])


@pytest.mark.slow
def test_every_contract_test_passes_inline(executed):
    tests = [cell for cell in code_cells(executed) if cell.source.startswith('tests.test_')]
    assert len(tests) == 6
    for cell in tests:
        assert len(text(cell).splitlines()) == 1, text(cell)


@pytest.mark.slow
def test_any_cell_can_be_run_twice_and_a_second_training_gives_the_same_losses(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cells = []
    for cell in code_cells(notebook):
        if cell.id == 'parameters':
            settings = {**TINY, 'data_dir': str(tmp_path / 'data'), 'digits_epochs': 1, 'faces_epochs': 1}
            settings['checkpoint_dir'] = None
            cell.source = '\n'.join(f'{name} = {value!r}' for name, value in settings.items())
        cells += [nbformat.v4.new_code_cell(cell.source), nbformat.v4.new_code_cell(cell.source)]
        if cell.id == 'train-digits':
            cells.insert(-1, nbformat.v4.new_code_cell('first = digit_losses'))
            cells.append(nbformat.v4.new_code_cell('assert len(first) and (first == digit_losses).all()'))
    notebook.cells = cells
    NotebookClient(notebook, timeout=600, resources={'metadata': {'path': ROOT}}).execute()
    assert [out.text for out in outputs(notebook, 'stream') if out.name == 'stderr'] == []


def test_the_saved_notebook_was_run_in_one_go_and_holds_its_pictures(saved):
    counts = [cell.execution_count for cell in code_cells(saved)]
    assert counts == list(range(1, len(counts) + 1))
    assert outputs(saved, 'error') == []
    assert [out.text for out in outputs(saved, 'stream') if out.name == 'stderr'] == []
    assert len([picture for cell in code_cells(saved) for picture in pictures(cell)]) > 20
    assert NOTEBOOK.stat().st_size < 1.5e6


def test_the_saved_pictures_are_of_stand_in_data_and_say_so(saved):
    by_id = {cell.id: cell for cell in code_cells(saved)}
    for name in ('get-digits', 'get-faces'):
        assert 'Using stand-in' in text(by_id[name])


def test_the_notebook_is_made_of_small_cells_each_with_a_text(saved):
    lengths = [len(cell.source.splitlines()) for cell in code_cells(saved)]
    texts = [cell for cell in saved.cells if cell.cell_type == 'markdown']
    assert len(texts) >= len(lengths)
    assert statistics.median(lengths) <= 8
    assert max(lengths) <= 30


def test_the_parameters_cell_is_tagged_for_papermill():
    assert set(papermill.inspect_notebook(NOTEBOOK)) == {
        'data_dir', 'data_source', 'checkpoint_dir', 'stand_in_count', 'digits_epochs', 'faces_epochs',
    }  # fmt: skip


def test_every_figure_says_which_data_it_shows(saved):
    for cell in code_cells(saved):
        for line in cell.source.splitlines():
            if 'show(' in line and 'def ' not in line and ('digits' in line or 'faces' in line):
                assert '.title' in line, line


def test_random_numbers_are_seeded(saved):
    for cell in code_cells(saved):
        assert 'default_rng()' not in cell.source
        assert 'np.random.uniform' not in cell.source and 'np.random.normal' not in cell.source


def test_a_finished_generator_draws_in_range(executed):
    """The last grid of digits is not blank: a trained generator draws light strokes on a dark ground."""
    import base64
    import io

    from PIL import Image

    cell = next(cell for cell in code_cells(executed) if cell.id == 'digit-grid')
    png = base64.b64decode(pictures(cell)[0].data['image/png'])
    levels = np.asarray(Image.open(io.BytesIO(png)).convert('L'))
    assert levels.std() > 20
