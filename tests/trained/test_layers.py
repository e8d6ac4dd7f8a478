"""Which layers a generator has is read from its graph."""

import pytest

from lesson.session import tf
from lesson.trained.layers import layers
from tests.trained.networks import exponential, like_the_lesson, saved, variable


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
        layers(generate)
