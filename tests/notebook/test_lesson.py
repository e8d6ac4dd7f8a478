"""The lesson: executed whole, with tiny settings and with one's own pictures, and looked at as it is saved."""

import base64
import io
import re
import statistics

import nbformat
import numpy as np
import papermill
import pytest
from nbclient import NotebookClient
from PIL import Image

import helper
from lesson.notebook.definitions import definitions
from lesson.notebook.learner import LESSON, ROOT
from lesson.train import film

TINY = {'data_source': 'synthetic', 'synthetic_count': 1000, 'first_steps': 100, 'digits_epochs': 4, 'faces_epochs': 4}
TINY |= {'failure_steps': 3}
FAILURES = ('fail-range', 'fail-norm', 'fail-winner', 'fail-collapse', 'fail-rate')
# Batch norm is recalibrated with fewer images, which saves seconds for each run.
QUICKER = nbformat.v4.new_code_cell('from lesson.train import recalibrate\n\nrecalibrate.IMAGES = 10', id='quicker')


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == 'code']


def outputs(notebook, output_type):
    return [out for cell in code_cells(notebook) for out in cell.outputs if out.output_type == output_type]


def pictures(cell):
    return [out for out in cell.outputs if 'image/png' in out.get('data', {})]


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.data['image/png']))))


def text(cell):
    return ''.join(out.get('text', '') for out in cell.outputs)


def execute(folder, leave_out='nothing', **settings):
    """The notebook after a run with these settings, without the cells whose ids begin with leave_out."""
    notebook = nbformat.read(LESSON, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if not cell.id.startswith(leave_out)]
    notebook.cells.insert([cell.id for cell in notebook.cells].index('quiet') + 1, QUICKER)
    nbformat.write(notebook, folder / 'in.ipynb')
    folders = {name: str(folder / name) for name in ('data_dir', 'generators_dir', 'checkpoint_dir')}
    quiet = {'progress_bar': False, 'log_output': False, 'request_save_on_cell_execute': False}
    papermill.execute_notebook(folder / 'in.ipynb', folder / 'out.ipynb', TINY | folders | settings, cwd=ROOT, **quiet)
    return nbformat.read(folder / 'out.ipynb', as_version=4)


def in_one_go(notebook):
    """Without errors or noise."""
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    assert outputs(notebook, 'error') == []
    assert [out.text for out in outputs(notebook, 'stream') if out.name == 'stderr'] == []


def by_id(notebook):
    return {cell.id: cell for cell in code_cells(notebook)}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('run')


@pytest.fixture(scope='module')
def executed(folder):
    """One run of the whole notebook."""
    return execute(folder)


@pytest.fixture(scope='module')
def saved():
    return nbformat.read(LESSON, as_version=4)


# ---------------------------------------------------------------- one run


def test_the_notebook_runs_top_to_bottom_without_errors_or_noise_and_says_which_data_it_uses(executed):
    in_one_go(executed)
    assert 'synthetic digits' in text(by_id(executed)['get-digits'])
    assert 'synthetic faces' in text(by_id(executed)['get-faces'])
    assert pixels(pictures(by_id(executed)['digit-grid'])[0]).std() > 20  # light strokes on a dark ground


def test_each_of_eight_contract_tests_passes_and_shows_nothing_but_its_verdict(executed):
    tests = [cell for cell in code_cells(executed) if cell.source.startswith('tests.test_')]
    assert len(tests) == 8
    for cell in tests:
        (verdict,) = (each for each in cell.outputs if 'still computing' not in each.get('text', ''))
        assert re.fullmatch(r'\w+: passed', verdict.data['text/plain']), cell.id


@pytest.mark.parametrize('name', ['digits', 'faces'])
def test_training_shows_a_row_of_pictures_every_100_batches_under_one_finished_bar(executed, name):
    cell, epochs = by_id(executed)[f'train-{name}'], TINY[f'{name}_epochs']
    batches = epochs * (TINY['synthetic_count'] * 9 // 10 // 32)  # a tenth is held back
    picture, _animation = pictures(cell)
    rows = batches // 100 + 1  # the last one is the average's
    assert rows >= 2
    assert picture.metadata['image/png']['alt'].endswith('rows of images, after batches 100 to average')
    assert len(pixels(picture)) == film.LINE + film.SCALE * 29 * rows
    (bar,) = [out.data['text/plain'] for out in cell.outputs if 'image/png' not in out.get('data', {})]
    assert bar.startswith(f'epoch {epochs}/{epochs}: 100%') and f'{batches}/{batches}' in bar
    assert 'd_loss=' in bar and 'g_loss=' in bar


def test_five_failures_are_shown_below_a_healthy_run_with_what_a_test_says_and_leave_no_trace(executed, folder):
    cells = by_id(executed)
    verdicts = [text(cells[name]).splitlines() for name in FAILURES]
    assert verdicts[0][0].startswith('test_train: real images reach the discriminator in [-0.50, 0.50], fake ones in')
    assert verdicts[1] == ['test_generator: passed']
    assert [re.search(r'step of ._train_opt is [\d.]*\d', line[0])[0] for line in verdicts[2:4]] == [
        'step of g_train_opt is 0.00100',
        'step of d_train_opt is 0.00100',
    ]
    assert verdicts[4] == []
    for name in FAILURES:
        (picture,) = pictures(cells[name])
        assert 'below those of a healthy' in picture.metadata['image/png']['alt']
        healthy, failed = np.split(pixels(picture), 2)
        assert (healthy != failed).mean() > 0.01
    assert sorted(path.name for path in (folder / 'checkpoint_dir').iterdir()) == ['digits', 'faces']


def test_the_search_finds_again_what_the_generator_has_made(executed):
    for name in ('recover-digits', 'recover-faces'):
        own, *others = map(float, text(by_id(executed)[name]).rpartition(':')[2].split())
        assert own < 0.02 and len(others) == 3


def test_discriminators_are_asked_and_what_is_missing_is_said(executed, capsys):
    head, *lines = text(by_id(executed)['judge']).strip().splitlines()[-4:]
    assert head.endswith('long run')
    for line in lines:
        assert all(0 <= int(share.rstrip('%')) <= 100 for share in line.split()[-3:])
    share_right = definitions(LESSON)['share_right']
    assert np.isnan(share_right(lambda z: 1 / 0, None, None, np.zeros([3, 28, 28, 1])))
    assert np.isnan(share_right(None, None, None, np.zeros([0, 28, 28, 1])))
    assert capsys.readouterr().out == 'generators.save(run) has kept no discriminator\nno images were held back\n'


@pytest.mark.parametrize(('count', 'said'), [(199, 2), (200, 1), (999, 1), (1000, 0)])
def test_few_faces_are_mirrored_and_even_fewer_seen_changed(saved, capsys, count, said):
    faces = helper.Dataset(np.zeros([count, 28, 28, 3], np.uint8), 'faces')
    scope = {'faces': faces, 'discriminator': 'as it is', 'augmented': lambda discriminator: 'changed'}
    exec(by_id(saved)['few'].source, scope)
    assert (faces.mirror, scope['faces_discriminator'] == 'changed') == (said > 0, said > 1)
    assert len(capsys.readouterr().out.splitlines()) == said


# ---------------------------------------------------------------- further runs


def own_pictures(folder, count, mode):
    """A folder of pictures of two sizes, smooth noise."""
    folder.mkdir()
    for i in range(count):
        noise = Image.fromarray(np.random.default_rng(i).integers(0, 256, (5, 5, 3), np.uint8))
        noise.resize((50, 60 - i % 2 * 10), Image.Resampling.BICUBIC).convert(mode).save(folder / f'{i}.png')
    return str(folder)


@pytest.mark.long
@pytest.mark.parametrize(('count', 'mode'), [(1, 'L'), (12, 'RGB')])
def test_ones_own_pictures_go_through_the_whole_notebook_however_few(tmp_path, count, mode):
    pictures_dir = own_pictures(tmp_path / 'own', count, mode)
    settings = {'synthetic_count': count, 'digits_epochs': 100, 'faces_epochs': 100, 'failure_steps': 0}
    executed = execute(tmp_path, 'test-', own_pictures=pictures_dir, **settings)
    in_one_go(executed)
    cells = by_id(executed)
    assert f'Using own: {count} images' in text(cells['get-faces'])
    picture, *_ = pictures(cells['train-faces'])
    assert picture.metadata['image/png']['alt'].startswith('generated, trained on own: rows of images')
    assert pixels(pictures(cells['face-grid'])[0]).ndim == {'L': 2, 'RGB': 3}[mode]
    assert text(cells['scores']).count('images are too few for scores, 200 are needed') == 2


@pytest.mark.long
def test_any_cell_can_be_run_twice_and_a_second_run_gives_the_same_losses(tmp_path):
    settings = TINY | {'data_dir': str(tmp_path), 'digits_epochs': 1, 'faces_epochs': 1, 'failure_steps': 0}
    settings |= dict.fromkeys(('checkpoint_dir', 'own_pictures', 'log_dir', 'generators_dir', 'faces_count'))
    cells = []
    for cell in code_cells(nbformat.read(LESSON, as_version=4)):
        if cell.id == 'parameters':
            cell.source = '\n'.join(f'{name} = {value!r}' for name, value in settings.items())
        cells += [nbformat.v4.new_code_cell(cell.source), nbformat.v4.new_code_cell(cell.source)]
        if cell.id == 'train-digits':
            cells.insert(-1, nbformat.v4.new_code_cell('first = digit_losses'))
            cells.append(nbformat.v4.new_code_cell('assert len(first) and (first == digit_losses).all()'))
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=600, resources={'metadata': {'path': ROOT}}).execute()
    assert [out.text for out in outputs(notebook, 'stream') if out.name == 'stderr'] == []


# ---------------------------------------------------------------- two of its functions


def test_names_are_replaced_for_a_while_whatever_happens():
    scope = definitions(LESSON)
    before = dict(scope)
    with pytest.raises(ZeroDivisionError), scope['replaced'](dense=len, weights=abs):
        assert (scope['dense'], scope['weights'], scope['conv2d']) == (len, abs, before['conv2d'])
        raise ZeroDivisionError
    assert dict(scope) == before
    with pytest.raises(KeyError, match='a_misspelled_name'), scope['replaced'](a_misspelled_name=len):
        pass
    assert dict(scope) == before


def test_images_are_ordered_by_how_near_the_nearest_fake_is():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (30, 28, 28, 3), np.uint8)
    fake = rng.uniform(-1, 1, (20, 28, 28, 3)).astype('float32')
    fake[0] = images[7] / 127.5 - 1
    by_hand = [min(float(((image / 127.5 - 1 - other) ** 2).sum()) for other in fake) for image in images]
    ordered = definitions(LESSON)['by_likeness'](images, fake)
    assert (ordered == images[np.argsort(by_hand)]).all()
    assert (ordered[0] == images[7]).all()


# ---------------------------------------------------------------- as it is saved


def test_the_saved_notebook_was_run_in_one_go_and_contains_its_pictures_in_small_cells(saved):
    in_one_go(saved)
    assert len([picture for cell in code_cells(saved) for picture in pictures(cell)]) > 20
    assert LESSON.stat().st_size < 1.5e6
    data = [out.data.keys() for kind in ('display_data', 'execute_result') for out in outputs(saved, kind)]
    assert set().union(*data) == {'text/plain', 'image/png', 'text/html'} and 'widgets' not in saved.metadata
    assert len(pictures(by_id(saved)['sliders'])) == 2
    lengths = [len(cell.source.splitlines()) for cell in code_cells(saved)]
    assert statistics.median(lengths) <= 8 and max(lengths) <= 20


def test_a_learner_reaches_the_first_function_within_1200_words(saved):
    """Words: what has a letter or a digit, without the texts that stand for pictures."""
    first = [cell.id for cell in saved.cells].index('model-inputs')
    texts = ' '.join(cell.source for cell in saved.cells[:first] if cell.cell_type == 'markdown')
    words = re.sub(r'!\[[^]]*\]\([^)]*\)', '', texts).split()
    assert 800 < sum(bool(re.search(r'\w', word)) for word in words) <= 1200


def test_the_parameters_cell_is_tagged_for_papermill():
    assert set(papermill.inspect_notebook(LESSON)) == {
        *('data_dir', 'data_source', 'synthetic_count', 'own_pictures', 'faces_count', 'first_steps'),
        *('digits_epochs', 'faces_epochs', 'failure_steps', 'checkpoint_dir', 'log_dir', 'generators_dir'),
    }


def test_every_figure_says_which_data_it_shows_and_random_numbers_are_seeded(saved):
    for cell in code_cells(saved):
        for line in cell.source.splitlines():
            if 'show(' in line and 'def ' not in line and ('digits' in line or 'faces' in line):
                assert 'title' in line, line
        assert not re.search(r'default_rng\(\)|np\.random\.(uniform|normal)', cell.source)
