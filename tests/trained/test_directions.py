"""The main directions of z, against principal components computed from many outputs, or by hand."""

import numpy as np
import pytest

from lesson.session import tf
from lesson.trained.directions import directions, first_layer
from tests.trained.networks import exponential, like_the_lesson, normal, saved, switched, variable


def correlated(z):
    """Images whose first layer has outputs that depend on one another."""
    return tf.tanh(tf.reshape(tf.nn.relu(z @ variable([23, 9])) @ variable([9, 784]), [-1, 28, 28, 1]))


def without_a_product(z):
    """Images that are sums, linear in z."""
    return tf.reshape(tf.reduce_sum(z[:, :, None] * variable([z.shape[1], 30]), 1), [-1, 6, 5, 1])


def test_they_are_the_principal_components_of_the_first_layer():
    """Each direction changes its outputs for many z along one of their components, but for its sign."""
    generate = saved(correlated, None, 'x', normal, 23)
    first, found = first_layer(generate), directions(generate)
    outputs = generate.compute(first, normal(np.random.default_rng(0), 50_000, 23))
    _, components = np.linalg.eigh(np.cov(outputs, rowvar=False))
    changes = generate.compute(first, found) - generate.compute(first, 0 * found)
    changes /= np.linalg.norm(changes, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs((changes * components.T[:-9:-1]).sum(1)), 1, atol=0.05)


@pytest.mark.parametrize('network', [like_the_lesson, exponential])
def test_they_leave_the_switch_alone_and_are_at_right_angles(network):
    """Also if the page could not compute the layers after the first."""
    found = directions(saved(network, None, 'x', switched))
    assert found.shape == (8, 100) and not found[:, :10].any()
    np.testing.assert_allclose(found @ found.T, np.eye(8), atol=1e-6)
    assert (found[range(8), np.abs(found).argmax(1)] > 0).all()  # the sign is always the same


def test_without_any_product_they_are_those_of_the_images():
    generate = saved(without_a_product, None, 'x', switched, 17)
    weights = generate(np.eye(17)).reshape(17, 30)[10:]
    _, vectors = np.linalg.eigh(weights @ weights.T)
    found = directions(generate)[:, 10:]
    np.testing.assert_allclose(np.abs((found * vectors.T[::-1]).sum(1)), 1, atol=1e-4)


def test_where_all_of_z_is_the_switch_there_are_none():
    assert directions(saved(without_a_product, None, 'x', switched, 10)).shape == (0, 10)
