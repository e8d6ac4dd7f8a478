"""The average of the generator's weights replaces them at the end, with batch norm's statistics estimated for it."""

from pathlib import Path

import numpy as np
import pytest

from lesson.notebook.definitions import definitions
from lesson.session import open_session, tf
from lesson.train import recalibrate
from tests.train.trial import Trial

NOTEBOOK = Path(__file__).parents[2] / 'dlnd_face_generation.ipynb'


def expected_average(decay, steps):
    """Of a weight that is 0 at first, and grows by 1 with each step."""
    average = 0
    for value in range(1, steps + 1):
        average = decay * average + (1 - decay) * value
    return average


def test_the_average_follows_each_step_and_replaces_the_weights_at_the_end():
    assert Trial().train([(1.0, 1.0)] * 5, average=0.75)[1] == pytest.approx(expected_average(0.75, 5))
    assert Trial().train([(1.0, 1.0)] * 5)[1] == 5  # without it, the last weights stay


@pytest.fixture(scope='module')
def lesson():
    return definitions(NOTEBOOK)


def test_recalibrated_batch_norm_has_the_statistics_of_the_generated_images_and_other_weights_stay(lesson):
    with tf.Graph().as_default() as graph:
        z = tf.placeholder(tf.float32, [None, 10])
        by_batch, by_averages = lesson['generator'](z, 1), lesson['generator'](z, 1, is_train=False)
        average = recalibrate.Average(graph, 0.5)
    rng = np.random.default_rng(0)
    with open_session(graph, bfloat16=False) as sess:
        weights = graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)
        for w in weights:  # of an ordinary size: at first they are small
            w.load(rng.normal(0, 0.2, w.shape), sess)
        for _ in range(60):  # until the averages are the weights
            sess.run(average.follow)
        noise = rng.uniform(-1, 1, [500, 10])
        wanted, before = sess.run([by_batch, by_averages], {z: noise})
        old = sess.run(weights)
        with tf.Graph().as_default():  # as at the end of a run, a different graph is the default
            average.use(sess, z, lambda rng, n: rng.uniform(-1, 1, [n, 10]))
        after, new = sess.run(by_averages, {z: noise}), sess.run(weights)
    assert np.abs(after - wanted).mean() < 0.05 < np.abs(before - wanted).mean()
    for one, other in zip(old, new, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
