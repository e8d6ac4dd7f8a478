"""The playground's page, in a real browser: it computes what TensorFlow computes, and everything on it works."""

import re
import time
from pathlib import Path

import numpy as np
import pytest

from lesson.trained import generators, playground, training
from tests.builders import chromium

tf = training.tf
tf.disable_eager_execution()
SEEDS = np.random.default_rng(0)


def uniform(rng, n, z_dim):
    return rng.uniform(-1, 1, [n, z_dim])


def switched(rng, n, z_dim):
    return np.concatenate([3 * np.eye(10)[rng.integers(10, size=n)], uniform(rng, n, z_dim - 10)], 1)


def normal(rng, n, z_dim):
    return rng.normal(size=[n, z_dim])


def variable(shape, around=0.0):
    """Random numbers: per channel, or weights of layers whose outputs are about as large as their inputs."""
    spread = 1.5 * int(shape[0 if len(shape) == 2 else 3]) ** -0.5 if len(shape) in (2, 4) else 0.2
    name = f'v{len(tf.global_variables())}'
    return tf.get_variable(name, initializer=tf.constant(SEEDS.normal(around, spread, shape), tf.float32))


def up(x, size, filters, window, strides, padding='SAME'):
    w = variable([*window, filters, x.shape[-1]])
    shape = tf.stack([tf.shape(x)[0], *size, filters])
    return tf.nn.conv2d_transpose(x, w, shape, strides, padding)


def norm(x):
    channels = [x.shape[-1]]
    mean, variance = variable(channels), tf.abs(variable(channels, 1.0))
    return tf.nn.fused_batch_norm(x, variable(channels, 1.0), variable(channels), mean, variance, is_training=False)[0]


def like_the_lesson(z, channels=3):
    """The kinds of layers of the lesson, with its widths."""
    h = norm(tf.reshape(z @ variable([z.shape[1], 2048]) + variable([2048]), [-1, 4, 4, 128]))
    h = tf.nn.leaky_relu(norm(up(tf.nn.leaky_relu(h), [7, 7], 64, [4, 4], 2)))
    h = tf.nn.leaky_relu(norm(up(h, [14, 14], 32, [4, 4], 2)))
    return tf.tanh(0.3 * up(h, [28, 28], channels, [4, 4], 2) + variable([channels]))


def of_other_shapes(z):
    """Two dense layers, windows and strides that are not square, five transposed convolutions, other activations."""
    h = tf.nn.relu(tf.nn.bias_add(z @ variable([z.shape[1], 37]), variable([37])))
    h = tf.matmul(h, variable([3 * 2 * 5, 37]), transpose_b=True) / 2.0
    h = tf.reshape(h, [-1, 3, 2, 5])
    h = tf.maximum(0.1 * h, h)
    h = 4 * tf.sigmoid(variable([7]) - up(h, [3, 4], 7, [3, 5], [1, 2])) - 2.0
    h = tf.nn.leaky_relu(up(h, [9, 11], 6, [5, 4], 3), alpha=0.3)
    h = tf.tanh(up(h, [10, 12], 3, [2, 2], 1, 'VALID')) - 0.1
    h = tf.identity(up(h, [28, 36], 9, [3, 3], 3))
    return 0.5 * tf.tanh(up(h, [28, 36], 1, [1, 1], 1))


def one_place_first(z):
    """Without a dense layer, as PyTorch's tutorial begins; batch norm in simple operations."""
    h = up(tf.expand_dims(tf.expand_dims(z, 1), 1), [4, 4], 16, [4, 4], 1, 'VALID')
    h = tf.nn.relu(tf.nn.batch_normalization(h, *(variable([16], 1.0) for _ in range(4)), 0.001))
    return tf.tanh(up(h, [28, 28], 3, [9, 9], 7))


def kept(folder, network, title, sample_z=uniform, z_dim=100):
    """A generator with random weights, in a new folder."""
    with tf.Graph().as_default() as graph:
        z = tf.placeholder(tf.float32, [None, z_dim])
        images = network(z)
    shape = images.shape.as_list()[1:]
    run = training.Run(1, 1, z_dim, 0.1, 0.5, None, (1, *shape), sample_z, title=title, generators_dir=folder)
    with run.session(graph, z, images):
        pass
    return run.save_generator()


@pytest.fixture(scope='module')
def all_kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp('generators')
    return [
        kept(folder, of_other_shapes, 'grey <b>things</b> & </script>', normal, 23),
        kept(folder, one_place_first, 'other faces', uniform, 12),
        kept(folder, like_the_lesson, 'generated from synthetic faces', switched),
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
    """The playground in a browser window of its own."""

    def __init__(self, browser, path, **settings):
        self.context = browser.new_context(**{'reduced_motion': 'reduce'} | settings)
        self.context.set_default_timeout(120_000)  # milliseconds: other tests may be at work
        self.page = self.context.new_page()
        self.requests, self.errors = [], []
        self.context.on('request', lambda request: self.requests.append(request.url))
        self.page.on('pageerror', lambda error: self.errors.append(str(error)))
        self.page.on('console', lambda said: self.errors.extend([said.text] * (said.type == 'error')))
        self.page.goto(path.as_uri())
        self.settle()

    def settle(self):
        """Wait until all small pictures are painted."""
        while self('waiting.size'):
            time.sleep(0.02)

    def __call__(self, code, argument=None):
        return self.page.evaluate(code, argument)

    def stage(self):
        """The pixels of the large image."""
        return self(
            "Array.from($('stage').getContext('2d').getImageData(0, 0, $('stage').width, $('stage').height).data)"
        )

    def z(self):
        return np.array(self('Array.from(z)'))

    def press(self, selector):
        self.page.click(selector)
        self.settle()


@pytest.fixture(scope='module')
def page(browser, path):
    """A window that all tests share: each begins by choosing a generator."""
    page = Page(browser, path)
    yield page
    page.context.close()


@pytest.fixture
def faces(page):
    page.press('#tabs button:last-child')
    yield page
    assert page.errors == []


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


def test_sixty_four_images_take_less_than_a_second(page):
    """64 times the fastest of 200: other processes may be at work."""
    fastest = page("""() => Math.min(...Array.from({ length: 200 }, () => {
      const z = noise(now.z)
      const start = performance.now()
      pixels(generators[2], z)
      return performance.now() - start
    }))""")
    assert 64 * fastest < 1000


def test_the_directions_are_the_principal_components_of_the_first_layer(all_kept):
    """Against a PCA of its outputs for many z: each direction changes them along one component, but for its sign."""
    generate = all_kept[0]
    first = playground.first_layer(generate)
    found = playground.directions(generate, 23, switches=0)
    z = normal(np.random.default_rng(0), 50_000, 23)
    outputs = generate.compute(first, z)
    _, components = np.linalg.eigh(np.cov(outputs, rowvar=False))
    changes = generate.compute(first, found) - generate.compute(first, 0 * found)
    changes /= np.linalg.norm(changes, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs((changes * components.T[:-9:-1]).sum(1)), 1, atol=0.05)


def test_directions_leave_the_switches_alone_and_are_at_right_angles(all_kept):
    generate = all_kept[2]
    found = playground.directions(generate, 100, switches=10)
    assert found.shape == (8, 100) and not found[:, :10].any()
    np.testing.assert_allclose(found @ found.T, np.eye(8), atol=1e-6)


# ---------------------------------------------------------------- layers that it does not know


def exponential(z):
    return tf.tanh(tf.reshape(tf.nn.elu(z @ variable([100, 784])), [-1, 28, 28, 1]))


def with_a_skip(z):
    h = z @ variable([100, 100])
    return tf.reshape((h + z) @ variable([100, 784]), [-1, 28, 28, 1])


def of_the_batch(z):
    return tf.reshape(z @ variable([100, 784]) - tf.reduce_mean(z), [-1, 28, 28, 1])


def one_number_for_each_pixel(z):
    return tf.reshape(z @ variable([100, 784]), [-1, 28, 28, 1]) + variable([28, 28, 1])


def mixes_the_batch(z):
    return tf.reshape(tf.reshape(z @ variable([100, 784]), [28, -1]), [-1, 28, 28, 1])


def dilated(z):
    h = tf.reshape(z @ variable([100, 14 * 14 * 2]), [-1, 14, 14, 2])
    return tf.nn.conv2d_transpose(h, variable([3, 3, 1, 2]), [tf.shape(z)[0], 28, 28, 1], 1, 'VALID', dilations=7)


def of_nothing(z):
    return tf.zeros([tf.shape(z)[0], 28, 28, 1]) + variable([1])


@pytest.mark.parametrize(
    ('network', 'operation'),
    [
        (exponential, 'Elu'),
        (with_a_skip, 'AddV2'),
        (of_the_batch, 'Sub'),
        (one_number_for_each_pixel, 'AddV2'),
        (mixes_the_batch, 'Reshape'),
        (lambda z: tf.image.resize(like_the_lesson(z), [32, 32]), 'ResizeBilinear'),
        (lambda z: tf.maximum(like_the_lesson(z), 0.1), 'Maximum'),
        (of_nothing, 'Fill'),
    ],
)
def test_a_layer_that_it_does_not_know_is_named(tmp_path, network, operation):
    generate = kept(tmp_path, network, 'generated from cats')
    message = rf'cats: the playground cannot compute the operation {operation} \(network/.*\). It knows dense layers,'
    with pytest.raises(ValueError, match=message):
        playground.page([generate])


# ---------------------------------------------------------------- the page as a file


def test_two_generators_like_the_lessons_make_a_page_under_2_mb(tmp_path):
    kept(tmp_path, lambda z: like_the_lesson(z, 1), 'digits')
    kept(tmp_path, like_the_lesson, 'faces')
    assert len(playground.page(playground.newest(tmp_path)).encode()) < 2e6


def test_the_newest_of_each_title_is_taken_and_what_is_not_whole_is_pointed_out(tmp_path, capsys):
    def network(z):
        return tf.reshape(z @ variable([2, 4]), [-1, 2, 2, 1])

    old, faces, new, broken = (kept(tmp_path, network, title, z_dim=2) for title in ('digits', 'faces', 'digits', 'x'))
    (broken.path / 'about.json').unlink()
    (tmp_path / '.unfinished-1').mkdir()
    assert [generate.path for generate in playground.newest(tmp_path)] == [faces.path.resolve(), new.path.resolve()]
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith('Left out: ') and 'about.json is missing' in line
    assert old.path.exists()


def run(monkeypatch, *arguments):
    monkeypatch.setattr('sys.argv', ['playground', *map(str, arguments)])
    playground.main()


def test_the_command_writes_the_page_and_says_where_and_how_large_it_is(all_kept, tmp_path, monkeypatch, capsys):
    output = tmp_path / 'a' / 'page.html'
    run(monkeypatch, all_kept[2].path, '--output', output)
    size = f'{output.stat().st_size / 1e6:.2f} MB'
    assert capsys.readouterr().out == f'{output}: synthetic faces; {size}. Open it in a browser\n'
    assert [path.name for path in output.parent.iterdir()] == ['page.html']


def test_without_generators_the_command_says_what_to_run_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match='There is no generator in generators/: run the notebook first'):
        run(monkeypatch)
    with pytest.raises(SystemExit, match='there is no generator at nowhere'):
        run(monkeypatch, 'nowhere')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault
def test_a_page_that_cannot_be_written_is_one_sentence(all_kept, tmp_path, monkeypatch):
    (tmp_path / 'file').touch()
    with pytest.raises(SystemExit, match=r'no file can be written in .*file .*: make room, or choose another place'):
        run(monkeypatch, all_kept[0].path, '--output', tmp_path / 'file' / 'page.html')


def test_nothing_in_the_page_is_at_another_address(path):
    text = path.read_text('utf-8')
    assert re.findall(r'https?:|//\w+\.\w|@import|url\(', re.sub(r'[\w+/=]{200,}', '', text)) == []


def test_no_request_leaves_the_page_whatever_is_done_on_it(browser, path):
    page = Page(browser, path, reduced_motion='no-preference')
    for selector in ('#another', '#walk', '#others', '#tabs button:first-child', '#around button', '#gallery button'):
        page.press(selector)
    page.page.select_option('#across', '3')
    with page.page.expect_download():
        page.press('#save')
    outside = [url for url in page.requests if url != path.as_uri() and not url.startswith(('data:', 'blob:'))]
    assert outside == [] and page.errors == []
    page.context.close()


# ---------------------------------------------------------------- playing


def test_it_opens_on_an_ordinary_image_of_the_newest_generator_with_every_picture_painted(browser, path, all_kept):
    page = Page(browser, path)
    assert page('now === generators[2]')
    z = page.z()
    assert sorted(z[:10]) == [0] * 9 + [3] and np.abs(z[10:]).max() <= 1
    images = all_kept[2](np.concatenate([z[None], switched(np.random.default_rng(1), 500, 100)]))
    distances = ((images - images.mean(0)) ** 2).sum((1, 2, 3))
    assert distances[0] < np.quantile(distances, 0.05)
    assert page("document.querySelectorAll('canvas').length") == 1 + 10 + 16 + 25 + 24 + 4
    blank = page("""[...document.querySelectorAll('canvas')].filter(canvas =>
      new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size < 20).length""")
    assert blank == 0 and page.errors == []
    page.context.close()


def test_it_walks_by_itself_until_something_is_done(browser, path):
    page = Page(browser, path, reduced_motion='no-preference')
    seen = {tuple(page.stage()) for _ in range(3) if not time.sleep(0.3)}
    assert len(seen) == 3
    page.press('#walk')
    before = page.stage()
    time.sleep(0.3)
    assert page.stage() == before and page('walking') is None
    page.context.close()


def test_a_walk_goes_from_one_z_to_another_and_keeps_its_length(faces):
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
    assert faces.z() @ direction * 12**0.5 / 2 == pytest.approx(2.5, abs=0.01)
    slider.press('ArrowLeft')
    assert float(slider.input_value()) < 2.5 and (faces.z() != z + change).any()


def test_another_one_is_noise_as_in_training_and_a_switch_changes_only_the_switches(faces):
    faces.press('#another')
    z = faces.z()
    assert sorted(z[:10]) == [0] * 9 + [3]
    assert np.abs(z[10:]).max() <= 1 and z[10:].std() == pytest.approx(12**-0.5 * 2, abs=0.1)
    for n in (3, 7):
        faces.press(f'#switches button:nth-child({n})')
        np.testing.assert_array_equal(faces.z(), np.concatenate([3 * np.eye(10)[n - 1], z[10:]]))
        assert faces(f"$('switches').children[{n - 1}].getAttribute('aria-pressed')") == 'true'


@pytest.mark.parametrize(('number', 'expected'), [(0, (0, 1)), (1, (0.0, 12**-0.5 * 2))])
def test_noise_is_distributed_as_in_training(page, number, expected):
    z = np.array(page('n => Array.from({ length: 300 }, () => Array.from(noise(generators[n].z))).flat()', number))
    assert (z.mean(), z.std()) == pytest.approx(expected, abs=0.06)
    if number == 1:
        assert 0.99 < np.abs(z).max() <= 1


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
    np.testing.assert_allclose(z[:10], expected[:10], atol=1e-5)
    np.testing.assert_allclose(
        z[10:] / np.linalg.norm(z[10:]), expected[10:] / np.linalg.norm(expected[10:]), atol=1e-5
    )
    assert np.linalg.norm(z[10:]) == pytest.approx(np.linalg.norm(c[10:]), rel=1e-4)


def test_the_picture_is_saved_as_a_png(faces, tmp_path):
    from PIL import Image

    with faces.page.expect_download() as download:
        faces.page.click('#save')
    assert download.value.suggested_filename == 'synthetic faces.png'
    download.value.save_as(tmp_path / 'saved.png')
    with Image.open(tmp_path / 'saved.png') as image:
        assert image.format == 'PNG' and image.size == (280, 280)
        small = np.asarray(image.convert('RGB').resize((28, 28), Image.Resampling.BOX), float)
    shown = np.reshape(faces.stage(), [28, 28, 4])[..., :3]
    assert np.corrcoef(small.ravel(), shown.ravel())[0, 1] > 0.9  # it is smooth as the page shows it


def test_everything_is_done_by_keyboard(faces):
    before = faces.z()
    faces.page.keyboard.press('n')
    assert (faces.z() != before).any()
    faces.page.keyboard.press('4')
    np.testing.assert_array_equal(faces.z()[:10], 3 * np.eye(10)[3])
    faces.page.keyboard.press('0')
    np.testing.assert_array_equal(faces.z()[:10], 3 * np.eye(10)[9])
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


@pytest.mark.parametrize('width', [320, 390, 768, 1280])
def test_it_fits_on_any_screen_and_touch_is_enough(browser, path, width):
    page = Page(browser, path, viewport={'width': width, 'height': 844}, has_touch=True)
    assert page('document.documentElement.scrollWidth') <= width
    small = page("""[...document.querySelectorAll('button, input, select')]
      .map(element => element.getBoundingClientRect()).filter(box => Math.min(box.width, box.height) < 24).length""")
    assert small == 0
    before = page.stage()
    page.page.tap('#another')
    assert page.stage() != before
    page.context.close()


def test_a_title_is_shown_as_it_is_whatever_it_contains(page):
    assert page.page.text_content('#tabs button:first-child') == 'grey <b>things</b> & </script>'
    page.press('#tabs button:first-child')
    assert 'Generated from grey <b>things</b> & </script>' in page.page.text_content('#caption')
    assert page("$('switches').children.length") == 0
    assert page.errors == []


def test_a_template_in_which_there_is_no_place_for_generators_is_an_error(all_kept, tmp_path, monkeypatch):
    monkeypatch.setattr(playground, 'TEMPLATE', tmp_path / 'template.html')
    Path(tmp_path / 'template.html').write_text('<p>')
    with pytest.raises(ValueError, match='has to contain'):
        playground.page(all_kept)
    assert generators.LATEST == 'latest'
