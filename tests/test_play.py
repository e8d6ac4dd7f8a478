"""Panels in a notebook: each control is moved, and the images are compared with what they have to be."""

import base64
import io
import subprocess
import sys
from pathlib import Path

import ipywidgets as widgets
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from PIL import Image

from lesson import play
from tests.test_playground import exponential, kept, like_the_lesson, switched

ROOT = Path(__file__).parent.parent
VIEW = 'application/vnd.jupyter.widget-view+json'
STRENGTH = 2.5


def noise(switches, z_dim, count=24):
    """Noise of which so many leading numbers are switches."""
    rng = np.random.default_rng(5)
    z = rng.normal(size=[count, z_dim])
    z[:, :switches] = STRENGTH * np.eye(switches)[rng.integers(max(switches, 1), size=count)] if switches else 0
    return z


class Linear:
    """A generator whose images are linear in z, so that its directions can be computed by hand."""

    def __init__(self, z_dim, channels):
        self.shape = 6, 5, channels
        self.weights = np.random.default_rng(6).uniform(-0.05, 0.05, [z_dim, 30 * channels])

    def __call__(self, z):
        return (z @ self.weights).reshape(-1, *self.shape)

    def main_direction(self, number, switches):
        """By the eigenvectors of the covariance of its images, if each number of z has the variance 1."""
        weights = self.weights[switches:]
        _, vectors = np.linalg.eigh(weights @ weights.T)
        return np.concatenate([np.zeros(switches), vectors[:, -number]])


def controls(panel, kind):
    """All widgets of a kind in a panel, from top to bottom."""
    inner = [each for child in getattr(panel, 'children', ()) for each in controls(child, kind)]
    return [panel] * isinstance(panel, kind) + inner


def shown(panel, number=0):
    """The images [n, height, width, channels] of a row of a panel, uint8."""
    image = controls(panel, widgets.Image)[number]
    pixels = np.asarray(Image.open(io.BytesIO(image.value)))[:: play.ENLARGE, :: play.ENLARGE]
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    gaps = pixels[:, 5::6]
    assert (gaps == 128).all() and gaps.shape[1] == play.COLUMNS - 1
    return np.stack([pixels[:, 6 * i : 6 * i + 5] for i in range(play.COLUMNS)])


def assert_shown(panel, images, number=0):
    np.testing.assert_allclose(shown(panel, number), (np.clip(images, -1, 1) + 1) * 127.5, atol=0.5001)


def button(panel, description):
    return next(each for each in controls(panel, widgets.Button) if each.description == description)


def letters(panel, letter):
    return [each for each in controls(panel, widgets.ToggleButton) if each.description == letter]


# ---------------------------------------------------------------- sliders and switches


@pytest.mark.parametrize(('z_dim', 'switches', 'channels'), [(30, 10, 3), (30, 10, 1), (17, 0, 1), (7, 3, 3)])
@pytest.mark.parametrize('number', [1, 2])
def test_a_slider_adds_its_direction_to_every_z(z_dim, switches, channels, number):
    generate, z = Linear(z_dim, channels), noise(switches, z_dim)
    panel = play.explore(generate, z, 'things')
    assert_shown(panel, generate(z[:10]))
    slider = controls(panel, widgets.FloatSlider)[number - 1]
    assert slider.continuous_update
    way = z[:, switches:].std() * generate.main_direction(number, switches)
    slider.value = 1.5
    right = min((1.5, -1.5), key=lambda value: np.abs(generate(value * way) - movement(panel, generate(z[:10]))).sum())
    assert_shown(panel, generate(z[:10] + right * way))
    slider.value = -4
    assert_shown(panel, generate(z[:10] - 4 / 1.5 * right * way))


def movement(panel, before):
    return (shown(panel) / 127.5 - 1 - before).mean(0)


def test_sliders_add_up_and_go_back_to_the_start():
    generate, z = Linear(30, 3), noise(10, 30)
    panel = play.explore(generate, z, 'things')
    first, second, *_ = sliders = controls(panel, widgets.FloatSlider)
    changes = []
    for slider in (first, second):
        slider.value = 2
        changes.append(movement(panel, generate(z[:10])))
        slider.value = 0
    first.value, second.value = 2, -1
    np.testing.assert_allclose(movement(panel, generate(z[:10])), changes[0] - changes[1] / 2, atol=0.01)
    button(panel, 'Back to the start').click()
    assert [slider.value for slider in sliders] == [0] * play.SLIDERS
    assert_shown(panel, generate(z[:10]))


def test_a_button_sets_the_switch_of_all_images_and_leaves_the_rest():
    generate, z = Linear(30, 3), noise(10, 30)
    panel = play.explore(generate, z, 'things')
    (switch,) = controls(panel, widgets.ToggleButtons)
    labels = [label for label, _ in switch.options]
    assert labels == ['own', *map(str, range(1, 11))]
    for label in ('1', '7'):
        switch.label = label
        expected = z[:10].copy()
        expected[:, :10] = 0
        expected[:, int(label) - 1] = STRENGTH
        assert_shown(panel, generate(expected))
    switch.label = 'own'
    assert_shown(panel, generate(z[:10]))
    switch.label = '3'
    button(panel, 'Back to the start').click()
    assert_shown(panel, generate(z[:10]))


def test_without_switches_there_are_no_buttons_for_them():
    assert controls(play.explore(Linear(17, 1), noise(0, 17), 'things'), widgets.ToggleButtons) == []


def test_where_all_of_z_is_switches_there_are_no_sliders():
    generate, z = Linear(4, 1), noise(4, 4)
    panel = play.explore(generate, z, 'things')
    assert controls(panel, widgets.FloatSlider) == []
    controls(panel, widgets.ToggleButtons)[0].label = '2'
    assert_shown(panel, generate(np.tile([0, STRENGTH, 0, 0], [10, 1])))


@pytest.mark.parametrize('count', [24, 3])
def test_other_images_are_those_of_the_next_ten_z_and_of_the_first_after_the_last(count):
    generate, z = Linear(30, 3), noise(10, 30, count)
    panel = play.explore(generate, z, 'things')
    for first in (10, 20):
        button(panel, 'Other images').click()
        assert_shown(panel, generate(z[np.arange(first, first + 10) % count]))


@pytest.mark.parametrize('network', [like_the_lesson, exponential])
def test_the_directions_of_a_trained_generator_are_those_of_its_first_layer(tmp_path, network):
    """Also if the page of the playground could not compute the layers behind that."""
    generate = kept(tmp_path, network, 'things', switched)
    z = switched(np.random.default_rng(1), 40, 100)
    (first,) = [op.inputs[1] for op in generate.graph.get_operations() if op.type == 'MatMul']
    weights = generate.compute(first, z)[10:]
    _, vectors = np.linalg.eigh(weights @ weights.T)
    panel = play.explore(generate, z, 'things')
    controls(panel, widgets.FloatSlider)[0].value = 2
    moved = {sign: z[:10].copy() for sign in (1, -1)}
    for sign, each in moved.items():
        each[:, 10:] += 2 * sign * z[:, 10:].std() * vectors[:, -1]
    pixels = np.asarray(Image.open(io.BytesIO(controls(panel, widgets.Image)[0].value)))[::3, ::3]
    images = np.stack([pixels[:, 29 * i : 29 * i + 28] for i in range(10)]).reshape(10, 28, 28, -1)
    errors = [np.abs(images - (generate(each) + 1) * 127.5).max() for each in moved.values()]
    assert min(errors) < 0.51 < 10 < max(errors)


# ---------------------------------------------------------------- walks and arithmetic


def test_a_walk_is_a_straight_line_between_the_two_that_are_chosen():
    generate, z = Linear(30, 3), noise(10, 30)
    panel = play.walk(generate, z, 'things')
    assert_shown(panel, generate(z[:10]))
    for start, end in ((0, 1), (0, 6), (8, 6), (6, 6)):
        letters(panel, 'A')[start].value = letters(panel, 'B')[end].value = True
        assert [each.value for each in letters(panel, 'A')] == [i == start for i in range(10)]
        assert [each.value for each in letters(panel, 'B')] == [i == end for i in range(10)]
        line = np.stack([z[start] + part / 9 * (z[end] - z[start]) for part in range(10)])
        assert_shown(panel, generate(line), 1)


def test_arithmetic_shows_the_means_and_adds_the_difference_of_two_to_the_third():
    generate, z = Linear(30, 1), noise(10, 30)
    panel = play.add(generate, z, 'things')
    for letter, wanted in {'A': [1, 4, 7], 'B': [2], 'C': [0, 9]}.items():
        for i in wanted:
            letters(panel, letter)[i].value = True
        for i, each in enumerate(letters(panel, letter)):
            each.value = i in wanted
    a, b, c = (z[1] + z[4] + z[7]) / 3, z[2], (z[0] + z[9]) / 2
    sums = [c + t * (a - b) for t in (0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4)]
    assert_shown(panel, generate(np.stack([a, b, c, *sums])), 1)
    button(panel, 'Other images').click()
    assert_shown(panel, generate(z[10:20]))
    np.testing.assert_allclose(shown(panel, 1)[1], (generate(z[[12]])[0] + 1) * 127.5, atol=0.5001)


@pytest.mark.parametrize('make', [play.walk, play.add])
def test_a_letter_is_always_somewhere(make):
    generate, z = Linear(30, 1), noise(10, 30)
    panel = make(generate, z, 'things')
    for letter in 'AB':
        for each in letters(panel, letter):
            each.value = False
        assert sum(each.value for each in letters(panel, letter)) == 1
    assert np.isfinite(shown(panel, 1)).all()


# ---------------------------------------------------------------- what they take


@pytest.mark.parametrize('make', [play.explore, play.walk, play.add])
@pytest.mark.parametrize(
    ('z', 'seen'),
    [
        (np.zeros([0, 30]), r'float64 \[0, 30\]'),
        (np.zeros(30), r'float64 \[30\]'),
        ([['a']], r'<U1 \[1, 1\]'),
    ],
)
def test_what_is_not_noise_is_an_error_that_says_what_is(make, z, seen):
    with pytest.raises(ValueError, match=rf'z is {seen}: expected noise \[n, z_dim\], as sample_z makes it'):
        make(Linear(30, 3), z, 'things')


@pytest.mark.parametrize('make', [play.explore, play.walk, play.add])
@pytest.mark.parametrize(
    ('generate', 'seen'),
    [
        (lambda z: np.zeros([len(z), 784]), r'\[\d+, 784\]'),
        (lambda z: np.zeros([len(z), 6, 5, 2]), r'\[\d+, 6, 5, 2\]'),
        (lambda z: np.zeros([7, 6, 5, 1]), r'\[7, 6, 5, 1\]'),
    ],
)
def test_what_are_not_images_is_an_error_that_says_what_are(make, generate, seen):
    expected = r'expected images \[n, height, width, 1 or 3\]'
    with pytest.raises(ValueError, match=rf'generate made {seen} of z \[\d+, 30\]: {expected}'):
        make(generate, noise(10, 30), 'things')


# ---------------------------------------------------------------- where there is no kernel


@pytest.mark.parametrize('make', [play.explore, play.walk, play.add])
def test_a_panel_is_a_widget_and_a_picture_with_an_alternative_text(make):
    panel = make(Linear(30, 3), noise(10, 30), 'generated from things')
    data, about = panel._repr_mimebundle_()
    assert data.keys() == {'text/plain', 'image/png', VIEW}
    assert data[VIEW]['model_id'] == panel.model_id
    assert about['image/png']['alt'] == data['text/plain']
    assert data['text/plain'].endswith(', generated from things')
    picture = Image.open(io.BytesIO(base64.b64decode(data['image/png'])))
    assert min(picture.size) > 30


def test_the_picture_shows_where_each_slider_leads():
    generate, z = Linear(30, 3), noise(10, 30)
    panel = play.explore(generate, z, 'things')
    pixels = np.asarray(Image.open(io.BytesIO(panel.instead.data)))[20:]
    scale = pixels.shape[0] // (play.SLIDERS * 7 - 1)
    pixels = pixels[::scale, ::scale]
    sliders = controls(panel, widgets.FloatSlider)
    for row, slider in enumerate(sliders):
        for column, value in enumerate((-4, -2, 0, 2, 4)):
            slider.value = value
            part = pixels[7 * row : 7 * row + 6, 6 * column : 6 * column + 5]
            assert np.abs(part.astype(int) - shown(panel)[0]).max() <= 3  # the levels of a picture are rounded
        slider.value = 0


PANELS = """
import numpy as np
from lesson import play
rng = np.random.default_rng(0)
weights, z = rng.normal(0, 0.1, [20, 75]), rng.normal(size=[10, 20])
panel = play.explore(lambda z: np.tanh(z @ weights).reshape(-1, 5, 5, 3), z, 'x')

def sliders(widget):
    if hasattr(widget, 'continuous_update'):
        yield widget
    for child in getattr(widget, 'children', ()):
        yield from sliders(child)
"""
MOVE = 'for slider in sliders(panel):\n    for value in (-1, 0, 1):\n        slider.value = value'


def notebook():
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in (PANELS, 'panel', MOVE)])


@pytest.fixture(scope='module')
def executed():
    return NotebookClient(notebook(), resources={'metadata': {'path': ROOT}}).execute()


def test_moving_a_slider_adds_no_output(executed):
    assert [len(cell.outputs) for cell in executed.cells] == [0, 1, 0]


@pytest.mark.slow
def test_a_run_writes_the_picture_and_neither_the_widget_nor_its_state(tmp_path):
    nbformat.write(notebook(), tmp_path / 'in.ipynb')
    paths = [str(tmp_path / name) for name in ('in.ipynb', 'out.ipynb')]
    command = [sys.executable, '-m', 'lesson.run', *paths, '--cwd', str(ROOT), '--kernel', 'python3']
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    written = nbformat.read(tmp_path / 'out.ipynb', as_version=4)
    assert 'widgets' not in written.metadata
    (output,) = written.cells[1].outputs
    assert output.data.keys() == {'text/plain', 'image/png'}


def test_a_page_shows_the_picture_even_if_the_notebook_contains_the_state_of_the_widget(executed):
    assert VIEW in executed.cells[1].outputs[0].data and 'widgets' in executed.metadata
    exporter = HTMLExporter(template_name='lesson/html', extra_template_basedirs=[str(ROOT)], embed_images=True)
    page, _ = exporter.from_notebook_node(executed)
    tree = BeautifulSoup(page, 'html.parser')
    (image,) = tree.find_all('img')
    assert image['src'].startswith('data:image/png') and image['alt'] == 'a row for each main direction, x'
    assert [script['src'] for script in tree.find_all('script', src=True)] == []
    assert 'unpkg' not in page
