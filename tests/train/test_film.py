"""What a run has shown: one picture with all rows, and an animation of them."""

import io
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat import v4
from PIL import Image

from lesson.data.synthetic.digits import draw_digits
from lesson.train import film
from lesson.train.film import Film

ROOT = Path(__file__).parents[2]


def fakes(kind, count):
    """Images as a generator makes them, with a little noise: float32 in [-1, 1]."""
    rng = np.random.default_rng(0)
    if kind == 'digits':
        images = draw_digits(count)[0].reshape(-1, 28, 28, 1)
    else:
        smooth = (Image.fromarray(rng.integers(0, 256, (5, 5), np.uint8)).resize((28, 28)) for _ in range(count))
        images = np.stack([np.asarray(image)[..., None] * rng.uniform([0.8, 0.6, 0.4], 1) for image in smooth])
    return np.clip(images / 127.5 - 1 + rng.normal(0, 0.05, images.shape), -1, 1).astype('float32')


def filmed(rows, kind='faces', n=5, title='generated'):
    """(a Film of this many rows, their images [rows, n, 28, 28, channels])."""
    made = Film(title)
    images = fakes(kind, rows * n).reshape(rows, n, 28, 28, -1)
    for i, row in enumerate(images, 1):
        made.add(100 * i, row)
    return made, images


def opened(data):
    return Image.open(io.BytesIO(data))


def frames(data):
    """[(image, milliseconds)] of an animation."""
    animation = opened(data)
    found = []
    for i in range(animation.n_frames):
        animation.seek(i)
        found.append((animation.convert('RGB'), animation.info['duration']))
    return found


def difference(image, left, top, images, scale):
    """How much images [n, 28, 28, channels] differ from what a picture shows there, enlarged: on average, in levels."""
    row = np.hstack([np.pad(image, [(0, 0), (0, 1), (0, 0)]) for image in (images + 1) * 127.5])[:, :-1]
    shown = np.asarray(image.convert('RGB'), float)[top::scale, left::scale][:28, : row.shape[1]]
    return np.delete(np.abs(shown - row), np.s_[28::29], axis=1).mean()  # without the gaps


@pytest.mark.parametrize('kind', ['digits', 'faces'])
def test_the_picture_shows_all_rows_in_their_order_with_a_number_in_front_of_each(kind):
    made, images = filmed(15, kind)
    picture, high = opened(made.picture()), film.SCALE * 29
    across, top = picture.width // 2, picture.height - high * film.COLUMN
    left = min(range(60), key=lambda left: difference(picture, left, top, images[0], film.SCALE))
    for i, row in enumerate(images):
        x, y = left + across * (i // film.COLUMN), top + high * (i % film.COLUMN)
        assert difference(picture, x, y, row, film.SCALE) < 8
        number = np.asarray(picture.convert('L'))[y : y + high, x - left : x - 2]
        assert number.min() < 100 and number.max() == 255
    rest = np.asarray(picture.convert('RGB'))[top + 2 * high :, left + across :]
    assert (rest == 255).all()  # white, as the page: not nearly white


@pytest.mark.parametrize('rows', [1, 2, 13, 14, 39])
def test_the_picture_grows_to_the_right_in_columns_until_it_is_as_wide_as_a_page(rows):
    made, _ = filmed(rows, 'digits', title='')
    picture = opened(made.picture())
    assert picture.height == film.LINE + film.SCALE * 29 * min(rows, film.COLUMN)
    columns = -(-rows // film.COLUMN)
    assert 300 * columns < picture.width < 344 * columns  # what a phone has room for, times the columns


@pytest.mark.parametrize('rows', [45, 63, 100, 1000])
def test_a_long_run_is_shown_by_rows_at_equal_distances_and_the_newest(rows):
    chosen = film._some(list(range(1, rows + 1)), film.ROWS)
    assert film.ROWS // 2 <= len(chosen) <= film.ROWS
    assert chosen[-1] == rows
    assert len(set(np.diff(chosen[:-1]))) == 1 and chosen[0] == chosen[1] - chosen[0]
    assert 0 < chosen[-1] - chosen[-2] <= chosen[0]


@pytest.mark.parametrize(('kind', 'rows', 'every'), [('digits', 7, 1), ('faces', 7, 1), ('digits', 20, 2)])
def test_the_animation_begins_with_the_newest_row_and_then_shows_all_that_fit_from_the_first(kind, rows, every):
    made, images = filmed(rows, kind)
    shown = frames(made.animation(10))
    expected = [images[-1], *images[every - 1 : -1 : every]]
    assert [time for _, time in shown] == [film.LAST] + [film.FRAME] * (len(expected) - 1)
    for (frame, _), row in zip(shown, expected, strict=True):
        assert difference(frame, 0, 2 * film.LINE, row, film.LARGER) < 8
    assert opened(made.animation(10)).info['loop'] == 0  # for ever


@pytest.mark.parametrize(('kind', 'picture', 'animation'), [('digits', 70_000, 50_000), ('faces', 200_000, 120_000)])
def test_the_31_rows_of_a_run_take_little_space_in_a_notebook(kind, picture, animation):
    made, _ = filmed(31, kind, title=f'generated, trained on synthetic {kind}')
    assert len(made.picture()) * 4 / 3 < picture
    assert len(made.animation(film.INLINE)) * 4 / 3 < animation


def test_the_animation_is_saved_whole_and_enlarged_and_under_1_MB_whatever_it_shows(tmp_path):
    made, images = filmed(31)
    made.save(tmp_path / 'faces.png')
    shown = frames((tmp_path / 'faces.png').read_bytes())
    assert len(shown) == 31
    assert difference(shown[0][0], 0, 2 * film.LINE, images[-1], film.LARGER) < 8
    noise = Film('noise')
    noise.save(tmp_path / 'nothing.png')
    for step in range(100):
        noise.add(step, np.random.default_rng(step).uniform(-1, 1, [10, 28, 28, 3]))
    noise.save(tmp_path / 'noise.png')
    assert (tmp_path / 'noise.png').stat().st_size < 1e6
    assert len(frames((tmp_path / 'noise.png').read_bytes())) > 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ['faces.png', 'noise.png']


def test_outside_a_notebook_nothing_is_printed(capsys):
    filmed(31)[0].show_animation()
    assert capsys.readouterr() == ('', '')


SHOWN = """
import numpy as np
from lesson.train.film import Film
for rows in (1, 2):
    film = Film('generated, trained on <faces>')
    for step in range(100, 100 * rows + 1, 100):
        film.add(step, np.full([5, 28, 28, 3], step / 1000))
    film.show_animation()
"""


@pytest.mark.long
def test_in_a_notebook_one_picture_is_updated_and_an_animation_follows_if_there_is_something_to_see():
    notebook = v4.new_notebook(cells=[v4.new_code_cell(SHOWN)])
    NotebookClient(notebook, timeout=60, resources={'metadata': {'path': str(ROOT)}}).execute()
    shown = notebook.cells[0].outputs
    assert [output.output_type for output in shown] == ['display_data'] * 3
    expected = [('rows of images', 1), ('rows of images', 2), ('an animation', 2)]
    for output, (what, last) in zip(shown, expected, strict=True):
        about = output.metadata['image/png']
        assert about['alt'] == f'generated, trained on <faces>: {what}, after batches 100 to {last * 100}'
        assert about['width'] == opened(b64decode(output.data['image/png'])).width > 300  # drawn as it is shown
