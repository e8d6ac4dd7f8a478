"""The peers that the benchmarks compare with are what they claim to be."""

import numpy as np
import pytest

from benchmarks import quality, throughput
from lesson.session import open_session, tf
from lesson.train import recalibrate

tf.disable_eager_execution()


class Noise:
    """A data set of 64 random images."""

    def __init__(self, channels):
        self.shape, self.image_mode = (64, 28, 28, channels), {1: 'L', 3: 'RGB'}[channels]
        self.images = np.random.default_rng(0).integers(0, 256, self.shape, dtype=np.uint8)

    def get_batches(self, batch_size, seed):
        order = np.random.default_rng(seed).permutation(64)
        for _ in range(max(1, 64 // batch_size)):
            yield (self.images[order] / np.float32(255) - 0.5)[:batch_size]


@pytest.mark.parametrize('name', quality.PEERS)
def test_a_peer_generates_images_and_judges_each(name):
    generator, discriminator = quality.networks(quality.PEERS[name])
    with tf.Graph().as_default() as graph:
        images = generator(tf.zeros([5, 100]), 3)
        again = generator(tf.zeros([5, 100]), 3, is_train=False)
        logits, others = discriminator(images), discriminator(again, reuse=True)
        sizes = {
            scope: [v.shape.as_list() for v in tf.trainable_variables(scope)]
            for scope in ('generator', 'discriminator')
        }
    with open_session(graph) as sess:
        fake, judged = sess.run([images, logits])
    assert fake.shape == (5, 28, 28, 3)
    assert np.abs(fake).max() <= 1
    assert judged.shape == (5, 1) == tuple(others.shape)
    convolutions = [shape[3] for shape in sizes['discriminator'] if len(shape) == 4]
    assert convolutions == list(quality.PEERS[name].down)


@pytest.mark.long
def test_a_peer_is_given_the_time_that_ours_took_and_on_digits_three_times_that():
    for channels, limits in ((1, {'same': 2, 'three times': 6}), (3, {'same': 2})):
        results = list(quality.train_peer('PyTorch tutorial', Noise(channels), 2, seed=0))
        assert [label for label, *_ in results] == list(limits)
        for label, spent, steps, *_ in results:
            assert limits[label] <= spent < limits[label] + 2 and steps > 0


@pytest.mark.long
def test_our_recipe_is_the_one_of_the_notebook(monkeypatch):
    monkeypatch.setattr(quality, 'IMAGES', {'L': 128})
    monkeypatch.setattr(recalibrate, 'BATCHES', 1)
    ((label, _, steps, noise, generate),) = quality.train_ours('ours', Noise(1), None, seed=0)
    assert (label, steps) == ('same', 4)
    assert generate(noise(5)).shape == (5, 28, 28, 1)


def test_the_work_of_a_step_is_counted_right():
    _, _, _, _, work = throughput.graph_of_the_notebook(3)
    up = 100 * 2048 + 16 * 16 * 128 * 64 + 49 * 16 * 64 * 32 + 196 * 16 * 32 * 3  # multiplications of the generator
    down = 196 * 16 * 3 * 32 + 49 * 16 * 32 * 64 + 16 * 16 * 64 * 128 + 2048
    assert work == 2 * (3 * up + 7 * down)
