"""The playground's page as a file and in a notebook: what is put into it."""

import base64
import io
import json
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lesson.data import known_sets
from lesson.data.idx import idx_md5
from lesson.data.synthetic.digits import draw_digits
from lesson.trained import generators, playground
from lesson.trained.directions import directions
from tests.builders import digits, idx, write_mnist
from tests.trained.networks import exponential, itself, like_the_lesson, saved, switched, trained
from tests.trained.pages import Page

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


# ---------------------------------------------------------------- what belongs to a generator


def test_the_sum_that_is_prepared_is_a_plausible_one(all_kept):
    for generate in all_kept[2:]:
        a, b, c = playground.arithmetic(generate)
        assert (a[:10] == b[:10]).all() and (a[:10] != c[:10]).any()
        difference = (a - b) / np.linalg.norm(a - b)
        assert np.abs(directions(generate)[:3] @ difference).max() == pytest.approx(1, abs=1e-3)
        images = generate(np.stack([a, b, c, a - b + c])).reshape(4, -1)
        _, others = playground.some_images(generate)
        odd, usual = (
            np.sort(((each[:, None] - others) ** 2).sum(2), 1)[:, rank]
            for each, rank in ((images, 0), (others[:50], 1))
        )
        assert odd.max() < np.quantile(usual, 0.9)
        assert np.abs(images[0] - images[1]).mean() > 0.02 and np.abs(images[3] - images[2]).mean() > 0.02


def test_real_images_are_mnists_where_it_is_and_synthetic_ones_and_never_photographs(tmp_path, monkeypatch):
    shape = [28, 28, 1]
    assert playground.real_images('MNIST', shape, tmp_path) == (
        None,
        f'MNIST was not found in the folder {tmp_path} when this page was made.',
    )
    data = digits(50)
    write_mnist(tmp_path, idx(data))
    assert playground.real_images('MNIST', shape, tmp_path)[0] is None  # something else has its name
    about = known_sets.DATA_SETS['mnist']._replace(images_md5=idx_md5(data))
    monkeypatch.setitem(known_sets.DATA_SETS, 'mnist', about)
    images, note = playground.real_images('MNIST', shape, tmp_path)
    assert images.shape == (40, *shape) and note.endswith('Christopher J.C. Burges, CC BY-SA 3.0.')
    assert {image.tobytes() for image in images} < {image.tobytes() for image in data}
    for title, channels in (('synthetic digits', 1), ('synthetic faces', 3)):
        images, note = playground.real_images(title, [28, 28, channels], tmp_path)
        assert images.shape == (40, 28, 28, channels) and images.dtype == np.uint8 and images.std() > 20
        assert note == f'Real ones: {title}, drawn by a program.'
        assert playground.real_images(title, [32, 32, channels], tmp_path)[0] is None or channels == 3
    np.testing.assert_array_equal(playground.real_images('synthetic digits', shape)[0][..., 0], draw_digits(40, 1)[0])
    for title in ('CelebA', 'my photographs', 'unknown IDX images'):
        images, note = playground.real_images(title, shape, tmp_path)
        assert images is None and 'Photographs of people' in note


def test_the_film_of_the_training_and_its_losses_are_those_of_the_generator(tmp_path):
    run = trained(like_the_lesson, tmp_path, 'generated, trained on cats', switched)
    run._losses[:] = [(2 + step, 1.0) for step in range(1000)]
    run.film.add(100, np.zeros([5, 28, 28, 3]))
    generate = generators.save(run)
    found = playground.for_page(generators.load(generate.path))
    assert base64.b64decode(found['film']) == (generate.path / 'training.png').read_bytes()
    losses = np.array(found['losses'])
    assert losses.shape == (200, 2)
    np.testing.assert_allclose(losses[:, 0], np.arange(200) * 5 + 4, rtol=1e-3)
    (generate.path / 'training.png').write_bytes(bytes(400_000))  # it would make the page too large
    assert playground.film(generate) is None
    (generate.path / 'training.png').unlink()
    assert playground.film(generate) is None
    generate.path = None
    assert playground.film(generate) is None


# ---------------------------------------------------------------- in a notebook


@pytest.fixture
def shown(monkeypatch):
    """What is displayed in a notebook: (data, metadata)."""
    shown = []
    monkeypatch.setattr('IPython.display.display', lambda data, metadata, raw: shown.append((data, metadata)))
    return shown


def test_a_notebook_shows_the_page_in_a_frame(browser, all_kept, shown, tmp_path):
    playground.show(all_kept[3], 'generated, trained on faces')
    size = {'width': 390, 'height': 844}
    with Page(browser, tmp_path / 'notebook.html', shown[0][0]['text/html'], viewport=size) as page:
        assert page('document.documentElement.scrollWidth') <= page('innerWidth') <= 390
        before = page.z()
        page.press('#next')
        assert (page.z() != before).any()
        expected = (all_kept[3](page.z()[None])[0] + 1) * 127.5
        np.testing.assert_allclose(np.reshape(page.stage(), [28, 28, 4])[..., :3], expected, atol=3)
        with page.page.expect_download():
            page.press('#save')


def test_where_nothing_runs_a_picture_shows_where_each_direction_leads(all_kept, shown):
    generate = all_kept[3]
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
