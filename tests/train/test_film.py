"""What a training has shown: one picture with all rows, and an animation of them."""

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat import v4
from PIL import Image

from lesson import film
from lesson.train.film import Film
from lesson.data.synthetic.digits import draw_digits
from lesson.data.synthetic.faces import draw_face

ROOT = Path(__file__).parents[2]


def drawn(kind, count):
    """So many images as a generator makes them: drawn ones with a little noise, float32 in [-1, 1]."""
    rng = np.random.default_rng(0)
    if kind == 'digits':
        images = draw_digits(count)[0].reshape(-1, 28, 28, 1)
    else:
        faces = [Image.fromarray(np.asarray(draw_face(rng))).resize((28, 28)) for _ in range(20)]
        images = np.stack([np.asarray(faces[i % 20]) for i in range(count)])
    return np.clip(images / 127.5 - 1 + rng.normal(0, 0.05, images.shape), -1, 1).astype('float32')


def filmed(rows, kind='faces', n=5, title='generated', every=100):
    """(a Film of so many rows, their images [rows, n, 28, 28, channels])."""
    made = Film(title)
    images = drawn(kind, rows * n).reshape(rows, n, 28, 28, -1)
    for i, row in enumerate(images):
        made.add(every * (i + 1), row)
    return made, images


def side_by_side(images):
    """Images [n, height, width, channels] in [-1, 1] in a row, uint8, by the definition of that."""
    return np.hstack([np.pad(image, [(0, 0), (0, 1), (0, 0)]) for image in (images + 1) * 127.5])[:, :-1]


def pixels(image):
    """float [height, width, channels]"""
    return np.asarray(image.convert('RGB'), float)


def frames(data):
    """[(image, milliseconds)] of an animation."""
    animation = Image.open(io.BytesIO(data))
    found = []
    for i in range(animation.n_frames):
        animation.seek(i)
        found.append((animation.convert('RGB'), animation.info['duration']))
    return found


def difference(image, left, top, row):
    """How much a row differs from what an image shows there, on average, in levels; the gaps do not count."""
    shown = pixels(image)[top : top + 28, left : left + row.shape[1]]
    return np.delete(np.abs(shown - row), np.s_[28::29], axis=1).mean()


def where(image, row):
    """(left, top) of a row in an image, and how much it differs there."""
    places = [(x, y) for y in range(image.height - 27) for x in range(image.width - row.shape[1] + 1)]
    left, top = min(places, key=lambda place: difference(image, *place, row))
    return left, top, difference(image, left, top, row)


@pytest.mark.parametrize('kind', ['digits', 'faces'])
def test_the_picture_shows_all_rows_in_their_order_with_a_number_in_front_of_each(kind):
    made, images = filmed(13, kind)
    picture = Image.open(io.BytesIO(made.picture()))
    left, top, _ = where(picture.crop((0, 0, 200, 60)), side_by_side(images[0]))
    across = picture.width // 2
    for i, row in enumerate(images):
        x, y = left + across * (i // film.HIGH), top + 29 * (i % film.HIGH)
        assert difference(picture, x, y, side_by_side(row)) < 8
        number = pixels(picture)[y : y + 28, x - left : x - 2]
        assert number.min() < 100 and number.max() == 255
    rest = pixels(picture)[top + 2 * 29 :, left + across :]
    assert (rest == 255).all()


@pytest.mark.parametrize('rows', [1, 2, 11, 12, 31, 44])
def test_the_picture_grows_to_the_right_in_columns(rows):
    made, _ = filmed(rows, 'digits', title='')
    picture = Image.open(io.BytesIO(made.picture()))
    assert picture.height == film.LINE + 29 * min(rows, film.HIGH)
    columns = -(-rows // film.HIGH)
    assert 150 * columns < picture.width < 180 * columns


@pytest.mark.parametrize('rows', [45, 63, 100, 1000])
def test_a_long_training_is_shown_by_rows_at_equal_distances_and_the_newest(rows):
    chosen = film._some(list(range(1, rows + 1)), film.MOST)
    assert film.MOST // 2 <= len(chosen) <= film.MOST
    assert chosen[-1] == rows
    assert len(set(np.diff(chosen[:-1]))) == 1 and chosen[0] == chosen[1] - chosen[0]
    assert 0 < chosen[-1] - chosen[-2] <= chosen[0]


@pytest.mark.parametrize('kind', ['digits', 'faces'])
def test_the_animation_begins_with_the_newest_row_and_then_shows_all_from_the_first(kind):
    made, images = filmed(7, kind)
    shown = frames(made.animation(10))
    assert [time for _, time in shown] == [film.LAST] + [film.FRAME] * 6
    for (frame, _), row in zip(shown, [images[-1], *images[:-1]], strict=True):
        assert difference(frame, 0, 2 * film.LINE, side_by_side(row)) < 8
    assert Image.open(io.BytesIO(made.animation(10))).info['loop'] == 0  # for ever


def test_the_animation_has_as_many_frames_as_it_may():
    made, images = filmed(31, 'digits')
    shown = frames(made.animation(16))
    assert len(shown) == 16
    assert difference(shown[0][0], 0, 2 * film.LINE, side_by_side(images[30])) < 8
    assert difference(shown[1][0], 0, 2 * film.LINE, side_by_side(images[1])) < 8


@pytest.mark.parametrize(('kind', 'picture', 'animation'), [('digits', 70_000, 40_000), ('faces', 200_000, 120_000)])
def test_the_31_rows_of_a_training_take_little_space_in_a_notebook(kind, picture, animation):
    made, _ = filmed(31, kind, title=f'generated from synthetic {kind}')
    assert len(made.picture()) * 4 / 3 < picture
    assert len(made.animation(film.INLINE)) * 4 / 3 < animation


def test_the_animation_is_saved_under_1_MB_whatever_it_shows(tmp_path):
    made = Film('noise')
    for step in range(100):
        made.add(step, np.random.default_rng(step).uniform(-1, 1, [10, 28, 28, 3]))
    made.save(tmp_path / 'training.png')
    assert (tmp_path / 'training.png').stat().st_size < 1e6
    assert len(frames((tmp_path / 'training.png').read_bytes())) > 10


def test_the_saved_animation_of_a_training_has_all_rows_enlarged(tmp_path):
    made, images = filmed(31)
    made.save(tmp_path / 'training.png')
    shown = frames((tmp_path / 'training.png').read_bytes())
    assert len(shown) == 31
    frame = shown[0][0].crop((0, 2 * film.LINE, 3 * 144, 2 * film.LINE + 3 * 28)).resize((144, 28), Image.NEAREST)
    assert difference(frame, 0, 0, side_by_side(images[-1])) < 8
    assert [path.name for path in tmp_path.iterdir()] == ['training.png']


def test_values_that_are_not_finite_or_out_of_range_are_shown_without_a_warning():
    made = Film('generated')
    with warnings.catch_warnings(action='error'):
        row = made.add(100, np.float32([np.nan, np.inf, -np.inf, 7]).reshape(4, 1, 1, 1))
    np.testing.assert_array_equal(np.asarray(row)[0, ::2], [128, 255, 0, 255])


def test_outside_a_notebook_nothing_is_printed(capsys):
    made, _ = filmed(31)
    made.show_animation()
    assert capsys.readouterr() == ('', '')


SHOWN = """
import numpy as np
from lesson.train.film import Film
film = Film('generated from <faces>')
for step in range(100, 100 * {rows} + 1, 100):
    film.add(step, np.full([5, 28, 28, 3], step / 1000))
film.show_animation()
"""


@pytest.mark.parametrize(('rows', 'outputs'), [(4, 1), (6, 2)])
def test_in_a_notebook_one_picture_is_updated_and_an_animation_follows_if_there_is_something_to_see(rows, outputs):
    notebook = v4.new_notebook(cells=[v4.new_code_cell(SHOWN.format(rows=rows))])
    NotebookClient(notebook, timeout=60, resources={'metadata': {'path': str(ROOT)}}).execute()
    shown = notebook.cells[0].outputs
    assert [output.output_type for output in shown] == ['display_data'] * outputs
    for output, what in zip(shown, ('rows of images', 'an animation'), strict=False):
        about = output.metadata['image/png']
        assert about['alt'] == f'generated from <faces>: {what}, after batches 100 to {rows * 100}'
        assert about['width'] > 300
