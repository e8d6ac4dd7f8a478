"""network.js in a real browser: it computes what TensorFlow computes, and finds the nearest image to a target."""

import numpy as np
import pytest

from lesson.session import tf
from tests.trained.networks import normal, switched, uniform


@pytest.fixture(params=range(4))
def number(request, page):
    """Of a generator that is in use."""
    page.press(f'#tabs button:nth-child({request.param + 1})')
    return request.param


def test_the_page_computes_what_tensorflow_computes(page, all_kept, number):
    generate = all_kept[number]
    noise = np.random.default_rng(3).uniform(-1, 1, [50, generate.about['z_dim']])
    for z, most in ((noise, 2), (1.5 * noise, 3)):  # as in the training, and as far out as sliders lead
        computed = np.array(page('zs => zs.map(z => Array.from(pixels(now, z)))', z.tolist()))
        expected = np.rint((np.float64(generate(z)) + 1) * 127.5).reshape(50, -1)
        assert expected.std() > 10  # they are not all alike
        assert np.abs(computed - expected).max() <= most


def test_the_gradient_is_tensorflows(page, all_kept, number):
    generate = all_kept[number]
    z, other = np.random.default_rng(4).uniform(-1, 1, [2, 1, generate.about['z_dim']])
    target = generate(other)
    with generate.graph.as_default():
        loss = tf.reduce_mean(tf.square(generate.images - target))
        expected_loss, (expected,) = generate.compute([loss, tf.gradients(loss, generate.z)[0]], z)
    loss, found = page(
        '([z, target]) => { const { loss, slope } = gradient(now, z, target); return [loss, Array.from(slope)] }',
        [z[0].tolist(), target.ravel().tolist()],
    )
    assert loss == pytest.approx(expected_loss, rel=0.01)
    assert np.linalg.norm(found - expected) < 0.05 * np.linalg.norm(expected)  # weights have 12 bits, and ReLU bends


def test_an_image_that_a_generator_has_made_is_found_again(digits, all_kept):
    rng = np.random.default_rng(7)
    for z in switched(rng, 3, 100):
        target = all_kept[2](z[None])
        search = """target => {
          const starts = Array.from({ length: 10 }, (_, i) => switchedTo(new Float32Array(100), i))
          let [best, steps, losses] = [null, 0, []]
          for (best of nearest(now, target, starts)) { steps++; losses.push(best.loss) }
          return { z: Array.from(best.z), image: Array.from(best.image), part: best.part, steps, losses }
        }"""
        found = digits(search, target.ravel().tolist())
        assert np.abs(found['image'] - target.ravel()).mean() / 2 < 0.05  # black and white differ by 1
        np.testing.assert_allclose(all_kept[2]([found['z']]).ravel(), found['image'], atol=0.03)
        assert np.sort(found['z'][:10]).tolist() == [0] * 9 + [3] and np.abs(found['z'][10:]).max() <= 1
        assert found['losses'] == sorted(found['losses'], reverse=True)
        assert (found['part'], found['steps']) == (1, 10 * 8 + 3 * 20 + 60)


@pytest.mark.parametrize(('number', 'positions'), [(0, 0), (1, 0), (3, 10)])
def test_noise_is_distributed_as_in_training(page, all_kept, number, positions):
    z = np.array(page('n => Array.from({ length: 3000 }, () => Array.from(noise(generators[n].z)))', number))
    expected = (normal, uniform, switched, switched)[number](np.random.default_rng(1), *z.shape)
    found, wanted = (np.quantile(each[:, positions:], [0.01, 0.1, 0.3, 0.5, 0.9, 0.99]) for each in (z, expected))
    np.testing.assert_allclose(found, wanted, atol=0.1)
    if positions:
        assert (np.sort(z[:, :10], 1) == [0] * 9 + [3]).all()
        np.testing.assert_allclose(z[:, :10].mean(0), 0.3, atol=0.08)
