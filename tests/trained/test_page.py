"""Everything on the playground's page works: by mouse, by touch, by keyboard, on a small screen, in the dark."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from lesson.trained import playground
from tests.builders import colors
from tests.trained.networks import switched
from tests.trained.pages import Page

# ---------------------------------------------------------------- how it opens


def test_it_opens_on_the_first_tab_at_rest_and_each_begins_with_an_ordinary_image(browser, path, all_kept):
    with Page(browser, path) as page:
        assert page("now === generators[0] && $('tabs').firstChild.ariaPressed === 'true' && !walking")
        page.press('#tabs button:last-child')
        z = page.z()
        assert sorted(z[:10]) == [0] * 9 + [3] and np.abs(z[10:]).max() <= 1
        images = all_kept[3](np.concatenate([z[None], switched(np.random.default_rng(1), 500, 100)]))
        distances = ((images - images.mean(0)) ** 2).sum((1, 2, 3))
        assert distances[0] < np.quantile(distances, 0.05)
        first = page.page.locator('p').first
        assert first.text_content().startswith(
            'A neural network of the kind called a generative adversarial network (GAN) makes up this image'
        )
        learned = 'from 100 numbers: it has learned what images look like from synthetic faces alone'
        assert learned in first.text_content()
        assert page("document.querySelectorAll('details[open]').length") == 2  # the others are one line each
        page.open_all()
        blank = page("""[...document.querySelectorAll('canvas:not(#paper, #target, #found, #numbers)')].filter(canvas =>
          new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size < 20).length""")
        assert blank == 0
        assert page("document.querySelectorAll('.pictures canvas').length") == 10 + 25 + 24


def test_it_walks_by_itself_from_position_to_position_until_something_is_done(browser, path):
    with Page(browser, path, reduced_motion='no-preference') as page:
        assert page("$('walk').getAttribute('aria-pressed')") == 'true'
        page.press('#tabs button:last-child')
        page.press('#walk')
        page('walking.start = Infinity')  # it waits
        first, position, rest = page('[walking.turns, positionOf(walking.from), Array.from(walking.from).slice(10)]')
        for turn in range(first, 10):
            page('walking.start = 0')  # the end of its way
            page.when(f'walking.turns === {turn + 1}')
            page('walking.start = Infinity')
            page.settle()
            z, position = page.z(), (position + 1) % 10
            np.testing.assert_array_equal(z[:10], 3 * np.eye(10)[position])
            np.testing.assert_allclose(z[10:], rest, atol=1e-5)  # so the small pictures of the switch stay right
            button = page.page.locator('#positions button[aria-pressed=true]')
            assert button.inner_text() == str(position + 1)
            small = page.pixels(f'#positions button:nth-child({position + 1}) canvas')
            assert small.ravel().tolist() == page.stage()
        page('walking.start = 0')
        page.when('walking.turns === 11')
        assert np.abs(page.z()[10:] - rest).max() > 0.5
        page.press('#next')
        assert page('walking') is None and page("$('walk').getAttribute('aria-pressed')") == 'false'
        before = page.stage()
        page.press('#walk')
        page.when('walking.shown > walking.start + 300')
        assert page.stage() != before
        page.press('#walk')
        assert page('walking') is None


def test_a_walk_keeps_the_length_of_z_all_the_way(faces):
    z, far, back = (
        np.array(faces(f'() => {{ seed = 1; const [a, b] = [noise(now.z), noise(now.z)]; return Array.from({what}) }}'))
        for what in ('between(a, b, 0)', 'between(a, b, 0.5)', 'between(a, b, 1)')
    )
    lengths = [np.linalg.norm(each[10:]) for each in (z, far, back)]
    assert min(lengths[0], lengths[2]) * 0.99 < lengths[1] < max(lengths[0], lengths[2]) * 1.01
    np.testing.assert_allclose(far[:10], (z + back)[:10] / 2, atol=1e-5)
    assert np.abs(z - back).max() > 0.5


# ---------------------------------------------------------------- the numbers


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
    assert slider.get_attribute('aria-valuetext') == '2.5'
    slider.press('ArrowLeft')
    assert float(slider.input_value()) < 2.5 and (faces.z() != z + change).any()


def test_truncation_stretches_all_numbers_but_the_switch_and_those_of_new_images(faces):
    z, cards = faces.z(), np.array(faces('cards.map(z => Array.from(z))'))
    slider = faces.page.locator('#truncation')
    for by in (0.1, 2, 0.5):
        slider.fill(str(by))
        faces.settle()
        expected = np.concatenate([z[:10], by * z[10:]])
        np.testing.assert_allclose(faces.z(), expected, atol=0.02)
        np.testing.assert_allclose(
            faces('cards.map(z => Array.from(z))'), np.c_[cards[:, :10], by * cards[:, 10:]], atol=0.02
        )
        assert faces.page.text_content('#times') == f'{by:.1f}'
    faces.press('#next')
    assert np.abs(faces.z()[10:]).max() <= 0.51 and faces.z()[:10].max() == 3
    before = faces.z()
    slider.focus()
    slider.press('ArrowRight')
    assert np.abs(faces.z()[10:]).max() > np.abs(before[10:]).max()


def test_the_numbers_are_shown_as_boxes_and_bars(faces):
    faces.page.keyboard.press('2')
    before = faces.pixels('#numbers')
    faces.page.keyboard.press('5')
    after = faces.pixels('#numbers')
    changed = np.flatnonzero((before != after).any((0, 2))) * 112 / 720  # there are 112 places
    assert [sorted({int(place // 2) for place in changed})] == [[1, 4]]
    assert faces("$('numbers').getAttribute('aria-label')") == 'z: position 5 of the switch, and 90 numbers as bars'
    faces.press('#next')
    assert (faces.pixels('#numbers')[:, 200:] != after[:, 200:]).any((0, 2)).mean() > 0.5


def test_a_position_of_the_switch_changes_nothing_but_the_switch(faces):
    faces.press('#next')
    z = faces.z()
    for n in (3, 7):
        faces.press(f'#positions button:nth-child({n})')
        np.testing.assert_array_equal(faces.z(), np.concatenate([3 * np.eye(10)[n - 1], z[10:]]))
        assert faces(f"$('positions').children[{n - 1}].getAttribute('aria-pressed')") == 'true'
    assert faces.page.inner_text('#positions').split() == [str(n + 1) for n in range(10)]


def test_a_neighbor_becomes_the_center_and_the_two_directions_are_never_the_same(faces):
    def neighbor(n):
        return faces.pixels(f'#around button:nth-child({n}) canvas').ravel().tolist()

    assert neighbor(13) == faces.stage()
    assert faces.page.locator('#around [aria-pressed=true]').get_attribute('aria-label') == 'The image'
    corner = neighbor(5)
    assert corner != faces.stage()
    faces.press('#around button:nth-child(5)')
    assert corner == faces.stage() == neighbor(13)
    faces.page.select_option('#across', index=1)
    assert (faces.page.input_value('#across'), faces.page.input_value('#down')) == ('1', '0')
    faces.page.select_option('#down', index=1)
    assert (faces.page.input_value('#across'), faces.page.input_value('#down')) == ('0', '1')
    faces.page.select_option('#down', index=4)
    assert (faces.page.input_value('#across'), faces.page.input_value('#down')) == ('0', '4')
    faces.settle()
    assert corner == faces.stage() and neighbor(23) != corner


# ---------------------------------------------------------------- arithmetic


def test_it_opens_with_a_sum_that_was_prepared(faces, all_kept):
    a, b, c = (np.array(faces(f'Array.from(slots[{slot}].z)')) for slot in range(3))
    np.testing.assert_allclose([a, b, c], playground.arithmetic(all_kept[3]), atol=1e-4)
    faces.press('#sum button >> nth=3')
    z, expected = faces.z(), a - b + c
    np.testing.assert_allclose(z[:10], c[:10])
    assert np.corrcoef(z[10:], expected[10:])[0, 1] > 0.9999
    assert faces.page.locator('#positions button[aria-pressed=true]').inner_text() == str(c[:10].argmax() + 1)


def test_arithmetic_by_clicking_pictures(faces):
    for slot, card in enumerate((5, 9, 2)):
        faces.press(f'#sum button >> nth={slot}')
        faces.press(f'#gallery button >> nth={card}')
    a, b, c = (np.array(faces(f'Array.from(cards[{card}])')) for card in (5, 9, 2))
    z, expected = faces.z(), a - b + c
    mean = faces('now.z.mean')
    assert sorted(z[:10]) == [0] * 9 + [3]
    rest, wanted, last = (each[10:] - mean for each in (z, expected, c))
    np.testing.assert_allclose(rest / np.linalg.norm(rest), wanted / np.linalg.norm(wanted), atol=1e-5)
    assert np.linalg.norm(rest) == pytest.approx(np.linalg.norm(last), rel=1e-4)
    before = faces('Array.from(cards[0])')
    faces.press('#others')
    assert faces('Array.from(cards[0])') != before


@pytest.mark.parametrize(('three', 'left'), [((4, 4, 7), 7), ((4, 7, 7), 4), ((4, 6, 7), 7), ((4, 4, 4), 4)])
def test_one_position_of_the_switch_is_left_of_a_sum_and_it_is_highlighted(faces, three, left):
    for slot, position in enumerate(three):
        faces(f'put({slot}, switchedTo(noise(now.z), {position}))')
    faces.press('#sum button >> nth=3')
    np.testing.assert_array_equal(faces.z()[:10], 3 * np.eye(10)[left])
    assert faces.page.locator('#positions button[aria-pressed=true]').inner_text() == str(left + 1)


# ---------------------------------------------------------------- your own picture


def found(page):
    """The distance that is said, once the search is at its end."""
    page.when("search === null && $('distance').textContent.includes('Found in')")
    page.settle()
    text = page.page.text_content('#distance')
    assert text.startswith('At position ')
    assert page.pixels('#found').ravel().tolist() == page.stage()
    return float(text.split('differ by ')[1].split()[0])


def drawn(page):
    """(rows, columns) that a drawing has, and its center of mass, as it is compared."""
    values = page.pixels('#target')[..., 0].astype(float)
    rows, columns = (np.ptp(np.flatnonzero(values.max(axis) > 60)) + 1 for axis in (1, 0))
    center = [np.average(np.arange(28) + 0.5, weights=values.sum(axis)) for axis in (1, 0)]
    return rows, columns, *center


def place(page, x, y):
    """Of a point on the paper, from 0 to 1, in the window."""
    page("$('paper').scrollIntoView({ block: 'center' })")
    box = page.page.locator('#paper').bounding_box()
    return box['x'] + x * box['width'], box['y'] + y * box['height']


def test_a_digit_is_drawn_with_the_mouse_and_the_nearest_image_found(digits):
    for x in (0.6, 0.9):  # two strokes near the corner
        digits.page.mouse.move(*place(digits, x, 0.1))
        digits.page.mouse.down()
        digits.page.mouse.move(*place(digits, x, 0.5), steps=5)
        digits.page.mouse.up()
    distance = found(digits)
    rows, columns, *center = drawn(digits)
    assert 19 <= rows <= 21 and 14 <= columns <= 19
    np.testing.assert_allclose(center, 14, atol=0.4)
    shown, target = (digits.pixels(which)[..., 0] / 255 for which in ('#found', '#target'))
    assert np.abs(shown - target).mean() == pytest.approx(distance, abs=0.004)
    others = digits('Array.from({ length: 50 }, () => Array.from(pixels(now, noise(now.z))))')
    assert distance < min(np.abs(np.array(other) / 255 - target.ravel()).mean() for other in others)
    digits.press('#clear')
    assert digits.pixels('#paper')[..., :3].max() == digits.pixels('#target')[..., :3].max() == 0
    assert digits.page.text_content('#distance') == ''


def test_a_digit_is_drawn_with_a_finger_on_a_small_screen(browser, path):
    with Page(browser, path, viewport={'width': 390, 'height': 844}, has_touch=True, is_mobile=True) as page:
        page.press('#tabs button:nth-child(3)')
        page.open_all()
        page('ROUNDS.splice(0, 3, [1, 1])')  # a short search is enough here
        session = page.context.new_cdp_session(page.page)
        for kind, y in (('touchStart', 0.3), ('touchMove', 0.5), ('touchMove', 0.8), ('touchEnd', None)):
            x, y = place(page, 0.3, y or 0)
            points = [] if kind == 'touchEnd' else [{'x': x, 'y': y}]
            session.send('Input.dispatchTouchEvent', {'type': kind, 'touchPoints': points})
        found(page)
        rows, columns, *center = drawn(page)
        assert 19 <= rows <= 21 and columns <= 6
        np.testing.assert_allclose(center, 14, atol=0.4)


def test_what_the_generator_has_made_is_found_again_and_what_it_has_not_is_not(digits):
    digits.press('#example')
    again = found(digits)
    digits.press('#genuine')
    digits.when("!$('distance').textContent.includes('Found in')")
    assert again < 0.05 < found(digits)  # its weights are random
    assert digits.page.text_content('#times') == '\u2013'
    real = digits('Array.from({ length: countReal() }, (_, n) => Array.from(realImage(n)))')
    assert digits.pixels('#target')[..., 0].ravel().tolist() in real
    digits.press('#next')
    assert digits.page.text_content('#times') == '1.0'


def test_anything_else_ends_a_search(digits):
    digits.press('#example')
    digits.when('search !== null')
    digits.press('#next')
    z = digits.z()
    assert digits('search') is None
    digits.when('!waiting.size')
    assert (digits.z() == z).all()


def test_a_file_is_cropped_in_the_page_moved_and_enlarged(faces, tmp_path):
    colors(300, 450).save(tmp_path / 'colors.png')
    faces.page.set_input_files('#file', tmp_path / 'colors.png')
    distance = found(faces)
    assert faces("$('paper').ariaLabel") == 'Your picture: drag to move it'
    middle = colors(300, 450).crop((75, 0, 375, 300)).resize((28, 28), Image.Resampling.BOX)
    target = faces.pixels('#target')[..., :3]
    np.testing.assert_allclose(target, np.asarray(middle), atol=4)
    assert np.abs(faces.pixels('#found')[..., :3] / 255 - target / 255).mean() == pytest.approx(distance, abs=0.004)
    faces.page.locator('#zoom').fill('0.5')
    faces.page.mouse.move(*place(faces, 0.2, 0.2))
    faces.page.mouse.down()
    faces.page.mouse.move(*place(faces, 2, 2))  # as far as it goes: the upper left corner
    faces.page.mouse.up()
    faces.when("search !== null || $('distance').textContent.includes('Found in')")
    faces.when('search !== null')
    corner = colors(300, 450).crop((0, 0, 150, 150)).resize((28, 28), Image.Resampling.BOX)
    np.testing.assert_allclose(faces.pixels('#target')[..., :3], np.asarray(corner), atol=4)
    faces.press('#clear')
    assert not faces.page.locator('#crop').is_visible()
    (tmp_path / 'no.png').write_text('not a picture')
    faces.page.set_input_files('#file', tmp_path / 'no.png')
    faces.when("$('distance').textContent.startsWith('Your browser cannot read')")


# ---------------------------------------------------------------- the game, the training


def test_the_game_has_ten_rounds_of_a_real_and_a_generated_image_and_counts(digits):
    real = playground.real_images('synthetic digits', [28, 28, 1])[0].reshape(40, -1).tolist()
    seen = []
    for number in range(1, 11):
        assert digits.page.text_content('#question').startswith(f'Round {number} of 10: which one is real?')
        images = [digits.pixels(f'#pair button:nth-child({n}) canvas')[..., 0].ravel().tolist() for n in (1, 2)]
        side = digits('game.side')
        assert images[side] in real and images[1 - side] not in real and images[side] not in seen
        seen.append(images[side])
        assert digits.page.locator('#round').is_disabled()
        choice = side if number <= 7 else 1 - side
        digits.press(f'#pair button:nth-child({choice + 1})')
        text = digits.page.text_content('#question')
        assert text.startswith(f'{"Yes" if number <= 7 else "No"}, the {["left", "right"][side]} one is real')
        captions = digits.page.locator('#pair button').all_inner_texts()
        assert (captions[side], captions[1 - side]) == ('real', 'generated')
        digits.press(f'#pair button:nth-child({side + 1})')  # too late to count
        if number < 10:
            assert f'round {number} of 10; so far, you have found {min(number, 7)}.' in text
            digits.press('#round')
    assert digits.page.text_content('#question').endswith('You have found 7 of 10; who guesses finds 5.')
    digits.press('#round')
    assert digits.page.text_content('#question').startswith(
        'Round 1 of 10: which one is real? So far, you have found 0.'
    )
    assert digits.page.text_content('#note') == 'Real ones: synthetic digits, drawn by a program.'


def test_without_real_images_there_is_no_game_and_the_page_says_why(page):
    page.press('#tabs button:nth-child(2)')
    assert not page.page.locator('#pair').is_visible() and not page.page.locator('#genuine').is_visible()
    assert page.page.text_content('#note').startswith('Photographs of people may not be passed on')


def test_of_celeba_it_says_what_it_shows_whose_it_is_and_promises_no_game(browser, path, tmp_path):
    renamed = tmp_path / 'playground.html'
    renamed.write_text(path.read_text('utf-8').replace('"title":"other faces"', '"title":"CelebA"'), 'utf-8')
    with Page(browser, renamed) as page:
        page.press('#tabs button:nth-child(2)')
        assert 'from CelebA (photographs of celebrities) alone' in page.page.text_content('#lead')
        assert page.page.text_content('#credits').startswith('CelebA: Liu et al. 2015')
        promise = 'Photographs of people may not be passed on, so there is no game for them, nor for your own'
        assert page.page.text_content('#promise') == promise
        assert 'synthetic' not in page.page.text_content('#note')
        page.press('#tabs button:last-child')
        assert page.page.text_content('#promise') == 'a game: one is real, the other generated'


def test_the_training_is_shown_as_it_was_kept(page):
    page.press('#tabs button:last-child')
    assert page.page.text_content('#trained') == 'This network was trained for 0 steps on synthetic faces.'
    assert not page.page.locator('#film').is_visible() and not page.page.locator('#losses').is_visible()
    pixel = io.BytesIO()
    Image.new('L', (1, 1)).save(pixel, 'png')
    film = base64.b64encode(pixel.getvalue()).decode()
    page('film => { Object.assign(now, { film, losses: [[2, 0.5], [1, 4]], steps: 5000 }); showTraining() }', film)
    assert 'after more and more steps' in page.page.text_content('#trained')
    page.when("$('film').naturalWidth === 1")
    lines = page("[...document.querySelectorAll('#losses polyline')].map(line => line.getAttribute('points'))")
    assert lines == ['30,54 398,79', '30,91.5 398,4']
    page('Object.assign(now, { film: null, losses: [], steps: 0 })')


# ---------------------------------------------------------------- for everybody


def test_the_picture_is_saved_as_a_png(faces, tmp_path):
    with faces.page.expect_download() as download:
        faces.page.click('#save')
    assert download.value.suggested_filename == 'synthetic faces.png'
    download.value.save_as(tmp_path / 'saved.png')
    with Image.open(tmp_path / 'saved.png') as image:
        assert image.size == (280, 280)
        small = np.asarray(image.convert('RGBA').resize((28, 28), Image.Resampling.BOX), float)
    assert np.corrcoef(small.ravel(), faces.stage())[0, 1] > 0.9  # it is smooth as the page shows it


def test_everything_is_done_by_keyboard_with_few_stops(faces):
    before = faces.z()
    faces.page.keyboard.press('n')
    assert (faces.z() != before).any()
    for key, position in (('4', 3), ('0', 9)):
        faces.page.keyboard.press(key)
        np.testing.assert_array_equal(faces.z()[:10], 3 * np.eye(10)[position])
    for number, slider in enumerate(('#truncation', '#sliders label:nth-child(2) input')):
        faces.page.focus(slider)
        faces.page.keyboard.press(str(6 + number))
        np.testing.assert_array_equal(faces.z()[:10], 3 * np.eye(10)[5 + number])
        before = faces.z()
        faces.page.keyboard.press('n')
        assert (faces.z()[10:] != before[10:]).any()
    before = faces.z()
    faces.page.focus('#down')
    for key in 'n4':
        faces.page.keyboard.press(key)
    assert (faces.z() == before).all()
    faces.page.focus('#next')
    faces.page.keyboard.press('w')
    assert faces('walking !== null')
    faces.page.keyboard.press('w')
    assert faces('walking') is None
    faces.page.focus('#around button:nth-child(13)')
    for key in ('ArrowUp', 'ArrowLeft'):
        faces.page.keyboard.press(key)
    assert faces("[...$('around').children].indexOf(document.activeElement)") == 6
    assert faces("[...$('around').children].findIndex(button => button.tabIndex === 0)") == 6
    faces.settle()
    before = faces.z()
    faces.page.keyboard.press('Enter')
    assert (faces.z() != before).any()
    for group in ('#sum', '#pair', '#tabs'):
        faces.page.locator(f'{group} button').first.focus()
        faces.page.keyboard.press('ArrowRight')
        assert faces(f"[...document.querySelectorAll('{group} button')].indexOf(document.activeElement)") == 1
    everything = "[...document.querySelectorAll('button, input, select, canvas[role], img')]"
    name = 'e.ariaLabel || e.textContent || e.labels?.[0]?.textContent || e.alt'
    assert faces(f'{everything}.filter(e => !({name})).length') == 0
    stops = "[...document.querySelectorAll('button, input, select, summary')].filter(e => e.tabIndex >= 0)"
    assert faces(f'{stops}.length') <= 36  # with everything open


@pytest.mark.parametrize('touch', [False, True])
def test_only_one_position_looks_chosen_wherever_the_pointer_is(browser, path, touch):
    with Page(browser, path, has_touch=touch, is_mobile=touch) as page:
        page.press('#tabs button:last-child')
        page.press('#positions button:nth-child(2)')
        page.page.keyboard.press('5')
        style = "getComputedStyle($('positions').children[{}]).border"
        over, chosen, other = (page(style.format(n)) for n in (1, 4, 7))
        assert chosen not in (over, other) and (over == other) == touch
        assert page.page.locator('kbd').first.is_visible() != touch


def test_a_stranger_meets_few_stops_and_the_keys_are_written_there(browser, path):
    with Page(browser, path) as page:
        stops = []
        page.page.keyboard.press('Tab')
        while (stop := page('document.activeElement.id || document.activeElement.outerHTML')) not in stops:
            stops.append(stop)
            page.page.keyboard.press('Tab')
        assert 15 < len(stops) <= 24
        text = page.page.inner_text('body')
        assert 'N a new image, W walk, S save, 1 to 9 and 0 the positions of the switch' in text


@pytest.mark.parametrize('width', [320, 390])
def test_on_a_small_screen_the_image_stays_in_view_and_touch_is_enough(browser, path, width):
    with Page(browser, path, viewport={'width': width, 'height': 844}, has_touch=True) as page:
        page.press('#tabs button:last-child')
        page.open_all()
        tops = page("[...document.querySelectorAll('#sum button')].map(button => button.getBoundingClientRect().top)")
        assert len(tops) == 4 and len(set(tops)) == 1
        assert page('document.documentElement.scrollWidth') <= width
        smallest = page("""Math.min(...[...document.querySelectorAll('button, input, select, summary')]
          .filter(element => element.checkVisibility()).map(element => element.getBoundingClientRect())
          .flatMap(box => [box.width, box.height]))""")
        assert smallest >= 24
        before = page.stage()
        page.page.tap('#next')
        assert page.stage() != before
        for what in ('#sliders', '#around', '#paper'):
            page(f"document.querySelector('{what}').scrollIntoView({{ block: 'center' }})")
            image, slider = (page.page.locator(each).bounding_box() for each in ('#stage', what))
            assert image['y'] >= 0 and image['y'] + image['height'] < 300
            assert slider['y'] + slider['height'] > 300


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_texts_can_be_read_in_the_light_and_in_the_dark(browser, path, scheme):
    with Page(browser, path, color_scheme=scheme) as page:
        color = """([selector, property]) => {
          const found = getComputedStyle(document.querySelector(selector)).getPropertyValue(property)
          return found.match(/[\\d.]+/g).slice(0, 3).map(Number)
        }"""

        def luminance(selector, which):
            values = np.array(page(color, [selector, which])) / 255
            return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4) @ [
                0.2126,
                0.7152,
                0.0722,
            ]

        assert (luminance('body', 'background-color') < 0.1) == (scheme == 'dark')
        pairs = [('#lead', 'body'), ('#what', 'details'), ('#next', '#next'), ('#tabs button[aria-pressed=true]',) * 2]
        for text, ground in pairs:
            dark, light = sorted([luminance(text, 'color'), luminance(ground, 'background-color')])
            assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def test_a_title_is_shown_as_it_is_whatever_it_contains(page):
    assert page.page.text_content('#tabs button:first-child') == 'gray <b>things</b> & </script>'
    page.press('#tabs button:first-child')
    assert 'from gray <b>things</b> & </script> alone' in page.page.text_content('#lead')
    assert page.page.text_content('#trained').endswith('on gray <b>things</b> & </script>.')
    assert page("$('positions').children.length") == 0 and not page.page.locator('#switch').is_visible()
