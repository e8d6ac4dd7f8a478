"""The playground's page, in a real browser: it computes what TensorFlow computes, and everything on it works."""

import io
import json
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lesson.session import tf
from lesson.trained import playground
from lesson.trained.directions import directions
from tests.builders import chromium
from tests.trained.networks import exponential, itself, like_the_lesson, normal, saved, switched, uniform, up, variable


def of_other_shapes(z):
    """Two dense layers, windows and strides that are not square, five transposed convolutions, other activations."""
    h = tf.nn.relu(tf.nn.bias_add(z @ variable([z.shape[1], 37]), variable([37])))
    h = tf.matmul(h, variable([3 * 2 * 5, 37]), transpose_b=True) / 2.0
    h = tf.reshape(h, [-1, 3, 2, 5])
    h = tf.maximum(0.1 * h, h)
    h = 4 * tf.sigmoid(variable([7]) - up(h, [3, 4], 7, [3, 5], [1, 2])) - 2.0
    h = tf.nn.leaky_relu(up(h, [9, 11], 6, [5, 4], 3), alpha=0.3)
    h = tf.tanh(up(0.6 * h + 0.4 * tf.abs(h), [10, 12], 3, [2, 2], 1, 'VALID')) - 0.1
    h = tf.identity(up(h, [28, 36], 9, [3, 3], 3))
    return 0.5 * tf.tanh(up(h, [28, 36], 1, [1, 1], 1))


def one_place_first(z):
    """Without a dense layer, as PyTorch's tutorial begins; batch norm in simple operations."""
    h = up(tf.expand_dims(tf.expand_dims(z, 1), 1), [4, 4], 16, [4, 4], 1, 'VALID')
    h = tf.nn.relu(tf.nn.batch_normalization(h, *(variable([16], 1.0) for _ in range(4)), 0.001))
    return tf.tanh(up(h, [28, 28], 3, [9, 9], 7))


@pytest.fixture(scope='module')
def all_kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp('generators')
    return [
        saved(of_other_shapes, folder, 'gray <b>things</b> & </script>', normal, 23),
        saved(one_place_first, folder, 'other faces', z_dim=12),
        saved(like_the_lesson, folder, 'generated, trained on synthetic faces', switched),
    ]


@pytest.fixture(scope='module')
def path(all_kept, tmp_path_factory):
    path = tmp_path_factory.mktemp('page') / 'playground.html'
    path.write_text(playground.page(all_kept), 'utf-8')
    return path


@pytest.fixture(scope='module')
def browser():
    with chromium() as browser:
        yield browser


class Page:
    """The playground in a browser window of its own; with a text, that is written to the path first."""

    def __init__(self, browser, path, text=None, **settings):
        if text:
            path.write_text(f'<!DOCTYPE html><meta name="viewport" content="width=device-width">{text}', 'utf-8')
        self.context = browser.new_context(**{'reduced_motion': 'reduce'} | settings)
        self.context.set_default_timeout(120_000)  # milliseconds: other tests may be at work
        self.page = self.context.new_page()
        self.requests, self.errors = [], []
        self.context.on('request', lambda request: self.requests.append(request.url))
        self.page.on('pageerror', lambda error: self.errors.append(str(error)))
        self.page.on('console', lambda said: self.errors.extend([said.text] * (said.type == 'error')))
        self.page.goto(path.as_uri())
        self.frame = self.page.frames[-1]  # of a notebook; without one, the page itself
        self.settle()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """No error, and no request to anywhere."""
        outside = [url for url in self.requests if not url.startswith(('file:', 'data:', 'blob:', 'about:'))]
        assert (self.errors, outside) == ([], [])
        self.context.close()

    def settle(self):
        """Wait until all small pictures are painted."""
        while self('waiting.size'):
            time.sleep(0.02)

    def __call__(self, code, argument=None):
        return self.frame.evaluate(code, argument)

    def stage(self):
        """The pixels of the large image."""
        return self(
            "Array.from($('stage').getContext('2d').getImageData(0, 0, $('stage').width, $('stage').height).data)"
        )

    def z(self):
        return np.array(self('Array.from(z)'))

    def press(self, selector):
        self.frame.click(selector)
        self.settle()


@pytest.fixture(scope='module')
def page(browser, path):
    """A window that all tests share: each begins by choosing a generator."""
    with Page(browser, path) as page:
        yield page


@pytest.fixture
def faces(page):
    page.press('#tabs button:last-child')
    return page


# ---------------------------------------------------------------- the same images


@pytest.mark.parametrize('number', [0, 1, 2])
def test_the_page_computes_what_tensorflow_computes(page, all_kept, number):
    generate = all_kept[number]
    noise = np.random.default_rng(3).uniform(-1, 1, [50, generate.about['z_dim']])
    for z, most in ((noise, 2), (1.5 * noise, 3)):  # as in the training, and as far out as sliders lead
        computed = np.array(page(f'zs => zs.map(z => Array.from(pixels(generators[{number}], z)))', z.tolist()))
        expected = np.rint((np.float64(generate(z)) + 1) * 127.5).reshape(50, -1)
        assert expected.std() > 10  # they are not all alike
        assert np.abs(computed - expected).max() <= most


# ---------------------------------------------------------------- layers that it does not know


def dense(z):
    return tf.reshape(z @ variable([100, 784]), [-1, 28, 28, 1])


@pytest.mark.parametrize(
    ('network', 'operation'),
    [
        (exponential, 'Elu'),
        (lambda z: dense(z) - tf.reduce_mean(z), 'Sub'),
        (lambda z: tf.nn.fused_batch_norm(dense(z), tf.ones([1]), tf.ones([1]))[0], 'FusedBatchNormV3'),
        (lambda z: tf.reshape(tf.reshape(z @ variable([100, 784]), [28, -1]), [-1, 28, 28, 1]), 'Reshape'),
        (lambda z: tf.maximum(like_the_lesson(z), 0.1), 'Maximum'),
        (lambda z: tf.zeros([tf.shape(z)[0], 28, 28, 1]) + variable([1]), 'Fill'),
    ],
)
def test_a_layer_that_it_does_not_know_is_named(network, operation):
    generate = saved(network, None, 'generated, trained on cats')
    message = rf'cats: the playground cannot compute the operation {operation} \(network/.*\). It knows dense layers,'
    with pytest.raises(ValueError, match=message):
        playground.network(generate)


# ---------------------------------------------------------------- the page as a file


def test_the_newest_of_each_title_is_taken_and_what_is_not_whole_is_pointed_out(tmp_path, capsys):
    networks = {'digits': lambda z: like_the_lesson(z, 1), 'faces': like_the_lesson, 'x': itself}
    _, faces, new, broken = (saved(networks[title], tmp_path, title) for title in ('digits', 'faces', 'digits', 'x'))
    (broken.path / 'about.json').unlink()
    (tmp_path / '.unfinished-1').mkdir()
    newest = playground.newest(tmp_path)
    assert [generate.path for generate in newest] == [faces.path.resolve(), new.path.resolve()]
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith('Left out: ') and 'about.json is missing' in line
    assert len(playground.page(newest).encode()) < 2e6


def test_the_newest_is_the_one_that_was_made_last_whatever_the_time_zones(tmp_path, monkeypatch):
    for zone in ('Asia/Tokyo', 'America/Los_Angeles', 'Pacific/Kiritimati', 'America/Adak'):
        monkeypatch.setenv('TZ', zone)
        time.tzset()
        path = saved(itself, tmp_path, 'cats').path.resolve()
    assert [generate.path for generate in playground.newest(tmp_path)] == [path]
    for seconds, newest in ((3600, True), (-3600, False)):  # as earlier editions wrote it: this machine's time, no zone
        about = json.loads((path / 'about.json').read_text('utf-8'))
        about['made'] = (datetime.now() + timedelta(seconds=seconds)).isoformat(timespec='milliseconds')
        (path / 'about.json').write_text(json.dumps(about))
        assert (playground.newest(tmp_path)[0].path == path) == newest
    monkeypatch.undo()
    time.tzset()


def test_the_command_writes_the_page_or_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match='There is no generator in generators/: run the notebook first'):
        playground.main()
    assert list(tmp_path.iterdir()) == []
    saved(like_the_lesson, tmp_path / 'generators', 'generated, trained on synthetic faces')
    playground.main()
    size = f'{Path("build", "playground.html").stat().st_size / 1e6:.2f} MB'
    assert capsys.readouterr().out == f'build/playground.html: synthetic faces; {size}. Open it in a browser\n'
    shutil.rmtree('build')
    Path('build').touch()
    with pytest.raises(SystemExit, match=r'no file can be written in build .*: make room'):
        playground.main()


# ---------------------------------------------------------------- in a notebook


@pytest.fixture
def shown(monkeypatch):
    """What is displayed in a notebook: (data, metadata)."""
    shown = []
    monkeypatch.setattr('IPython.display.display', lambda data, metadata, raw: shown.append((data, metadata)))
    return shown


def test_a_notebook_shows_the_page_in_a_frame(browser, all_kept, shown, tmp_path):
    playground.show(all_kept[2], 'generated, trained on faces')
    size = {'width': 390, 'height': 844}
    with Page(browser, tmp_path / 'notebook.html', shown[0][0]['text/html'], viewport=size) as page:
        assert page('document.documentElement.scrollWidth') <= page('innerWidth') <= 390
        before = page.z()
        page.press('#next')
        assert (page.z() != before).any()
        expected = (all_kept[2](page.z()[None])[0] + 1) * 127.5
        np.testing.assert_allclose(np.reshape(page.stage(), [28, 28, 4])[..., :3], expected, atol=3)
        with page.page.expect_download():
            page.press('#save')


def test_where_nothing_runs_a_picture_shows_where_each_direction_leads(all_kept, shown):
    generate = all_kept[2]
    playground.show(generate, 'generated, trained on faces')
    ((data, metadata),) = shown
    alt = 'generated, trained on faces: a row for each main direction'
    assert data['text/plain'] == metadata['image/png']['alt'] == alt
    pixels = np.asarray(Image.open(io.BytesIO(data['image/png'])))
    pixels = pixels[len(pixels) - 2 * (6 * 29 - 1) :: 2, : 2 * (5 * 29 - 1) : 2]  # without the title
    z = playground.ordinary(generate)
    for row, way in enumerate(directions(generate)[:6]):
        for column, far in enumerate((-3, -1.5, 0, 1.5, 3)):
            part = pixels[29 * row : 29 * row + 28, 29 * column : 29 * column + 28]
            expected = (generate((z + far * way)[None])[0] + 1) * 127.5
            assert np.abs(part - expected).max() <= 3.1  # the levels of a picture are rounded


def test_a_generator_that_the_page_cannot_compute_is_shown_as_a_picture_with_the_reason(shown, capsys):
    playground.show(saved(exponential, None, 'cats', switched), 'generated, trained on cats')
    assert shown[0][0].keys() == {'text/plain', 'image/png'}
    assert capsys.readouterr().out.startswith('cats: the playground cannot compute the operation Elu')


# ---------------------------------------------------------------- playing


def test_it_opens_on_an_ordinary_image_of_the_newest_generator_with_every_picture_painted(browser, path, all_kept):
    with Page(browser, path) as page:
        assert page('now === generators[2]')
        z = page.z()
        assert sorted(z[:10]) == [0] * 9 + [3] and np.abs(z[10:]).max() <= 1
        images = all_kept[2](np.concatenate([z[None], switched(np.random.default_rng(1), 500, 100)]))
        distances = ((images - images.mean(0)) ** 2).sum((1, 2, 3))
        assert distances[0] < np.quantile(distances, 0.05)
        assert page("document.querySelectorAll('canvas').length") == 1 + 10 + 16 + 25 + 24 + 4
        blank = page("""[...document.querySelectorAll('canvas')].filter(canvas =>
          new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size < 20).length""")
        assert blank == 0


def test_it_walks_by_itself_until_something_is_done(browser, path):
    with Page(browser, path, reduced_motion='no-preference') as page:
        assert len({tuple(page.stage()) for _ in range(3) if not time.sleep(0.3)}) == 3
        page.press('#walk')
        before = page.stage()
        time.sleep(0.3)
        assert page.stage() == before and page('walking') is None


def test_a_walk_keeps_the_length_of_z_all_the_way(faces):
    z, far, back = (
        np.array(faces(f'() => {{ seed = 1; const [a, b] = [noise(now.z), noise(now.z)]; return Array.from({what}) }}'))
        for what in ('between(a, b, 0)', 'between(a, b, 0.5)', 'between(a, b, 1)')
    )
    lengths = [np.linalg.norm(each[10:]) for each in (z, far, back)]
    assert min(lengths[0], lengths[2]) * 0.99 < lengths[1] < max(lengths[0], lengths[2]) * 1.01
    np.testing.assert_allclose(far[:10], (z + back)[:10] / 2, atol=1e-5)
    assert np.abs(z - back).max() > 0.5


@pytest.mark.parametrize('number', [1, 8])
def test_a_slider_changes_the_picture_along_its_direction_and_nothing_else(faces, number):
    before, z = faces.stage(), faces.z()
    slider = faces.page.locator(f'#sliders label:nth-child({number}) input')
    slider.fill('2.5')
    faces.settle()
    assert faces.stage() != before
    change = faces.z() - z
    direction = np.array(faces(f'now.directions[{number - 1}]'))
    np.testing.assert_allclose(change, (change @ direction) * direction, atol=1e-4)
    assert faces.z() @ direction * 12**0.5 / 2 == pytest.approx(2.5, abs=0.03)
    slider.press('ArrowLeft')
    assert float(slider.input_value()) < 2.5 and (faces.z() != z + change).any()


@pytest.mark.parametrize(('number', 'positions'), [(0, 0), (1, 0), (2, 10)])
def test_noise_is_distributed_as_in_training(page, all_kept, number, positions):
    z = np.array(page('n => Array.from({ length: 3000 }, () => Array.from(noise(generators[n].z)))', number))
    expected = (normal, uniform, switched)[number](np.random.default_rng(1), *z.shape)
    found, wanted = (np.quantile(each[:, positions:], [0.01, 0.1, 0.3, 0.5, 0.9, 0.99]) for each in (z, expected))
    np.testing.assert_allclose(found, wanted, atol=0.1)
    if positions:
        assert (np.sort(z[:, :10], 1) == [0] * 9 + [3]).all()
        np.testing.assert_allclose(z[:, :10].mean(0), 0.3, atol=0.08)


def test_a_position_of_the_switch_changes_nothing_but_the_switch(faces):
    faces.press('#next')
    z = faces.z()
    for n in (3, 7):
        faces.press(f'#positions button:nth-child({n})')
        np.testing.assert_array_equal(faces.z(), np.concatenate([3 * np.eye(10)[n - 1], z[10:]]))
        assert faces(f"$('positions').children[{n - 1}].getAttribute('aria-pressed')") == 'true'


def test_a_neighbor_becomes_the_center(faces):
    picture = "Array.from($('around').children[%d].firstChild.getContext('2d').getImageData(0, 0, 28, 28).data)"
    assert faces(picture % 12) == faces.stage()
    corner = faces(picture % 4)
    assert corner != faces.stage()
    faces.press('#around button:nth-child(5)')
    assert corner == faces.stage() == faces(picture % 12)


def test_arithmetic_by_clicking_pictures(faces):
    for slot, card in enumerate((5, 9, 2)):
        faces.press(f'#sum .slot >> nth={slot}')
        faces.press(f'#gallery button >> nth={card}')
    a, b, c = (np.array(faces(f'Array.from(cards[{card}])')) for card in (5, 9, 2))
    faces.press('#sum .slot >> nth=3')
    z, expected = faces.z(), a - b + c
    mean = faces('now.z.mean')
    np.testing.assert_allclose(z[:10], expected[:10], atol=1e-5)
    rest, wanted, last = (each[10:] - mean for each in (z, expected, c))
    np.testing.assert_allclose(rest / np.linalg.norm(rest), wanted / np.linalg.norm(wanted), atol=1e-5)
    assert np.linalg.norm(rest) == pytest.approx(np.linalg.norm(last), rel=1e-4)


def test_the_picture_is_saved_as_a_png(faces, tmp_path):
    with faces.page.expect_download() as download:
        faces.page.click('#save')
    assert download.value.suggested_filename == 'synthetic faces.png'
    download.value.save_as(tmp_path / 'saved.png')
    with Image.open(tmp_path / 'saved.png') as image:
        assert image.size == (280, 280)
        small = np.asarray(image.convert('RGBA').resize((28, 28), Image.Resampling.BOX), float)
    assert np.corrcoef(small.ravel(), faces.stage())[0, 1] > 0.9  # it is smooth as the page shows it


def test_everything_is_done_by_keyboard(faces):
    before = faces.z()
    faces.page.keyboard.press('n')
    assert (faces.z() != before).any()
    for key, position in (('4', 3), ('0', 9)):
        faces.page.keyboard.press(key)
        np.testing.assert_array_equal(faces.z()[:10], 3 * np.eye(10)[position])
    faces.page.keyboard.press('w')
    assert faces('walking !== null')
    faces.page.keyboard.press('w')
    assert faces('walking') is None
    faces.page.focus('#around button:nth-child(13)')
    for key in ('ArrowUp', 'ArrowLeft'):
        faces.page.keyboard.press(key)
    assert faces("[...$('around').children].indexOf(document.activeElement)") == 6
    faces.settle()
    before = faces.z()
    faces.page.keyboard.press('Enter')
    assert (faces.z() != before).any()
    everything = "[...document.querySelectorAll('button, input, select')]"
    assert faces(f'{everything}.filter(e => !(e.ariaLabel || e.textContent || e.labels?.[0]?.textContent)).length') == 0
    assert faces(f'{everything}.filter(e => e.tabIndex < 0).length') == 0


def test_it_fits_on_a_small_screen_and_touch_is_enough(browser, path):
    with Page(browser, path, viewport={'width': 320, 'height': 844}, has_touch=True) as page:
        assert page('document.documentElement.scrollWidth') <= 320
        smallest = page("""Math.min(...[...document.querySelectorAll('button, input, select')]
          .map(element => element.getBoundingClientRect()).flatMap(box => [box.width, box.height]))""")
        assert smallest >= 24
        before = page.stage()
        page.page.tap('#next')
        assert page.stage() != before


def test_a_title_is_shown_as_it_is_whatever_it_contains(page):
    assert page.page.text_content('#tabs button:first-child') == 'gray <b>things</b> & </script>'
    page.press('#tabs button:first-child')
    assert 'Generated from gray <b>things</b> & </script>' in page.page.text_content('#caption')
    assert page("$('positions').children.length") == 0
