"""The main directions of z: those in which a generator's first layer varies most."""

import numpy as np

from lesson.trained.generators import Generator

DIRECTIONS = 8
PRODUCTS = ('MatMul', 'BatchMatMulV2', 'Conv2D', 'Conv2DBackpropInput')


def depending(generate: Generator) -> dict:
    """The operations of a generator that depend on z, in the order in which they are computed: the keys of a dict."""
    found = {generate.z.op: None}
    for op in generate.graph.get_operations():  # each comes after those that it needs
        if any(x.op in found for x in op.inputs):
            found[op] = None
    return found


def first_layer(generate: Generator):
    """The first product that a generator makes of z and its weights, a tensor; its images, if there is none."""
    return next((op.outputs[0] for op in depending(generate) if op.type in PRODUCTS), generate.images)


def directions(generate: Generator) -> np.ndarray:
    """The main directions of z: [up to 8, z_dim], of length 1, the most important first; the switch stays as it is.

    They are those in which the output of the first layer varies most: its principal components, and what changes them
    in z (Härkönen et al. 2020, GANSpace, 3.1). The numbers of z are independent and vary equally, and the layer is
    linear, so both are singular vectors of its weights.
    """
    z_dim, positions = generate.z.shape[1], generate.about['z']['positions']
    at_zero, *at_ones = generate.compute(first_layer(generate), np.eye(z_dim + 1, z_dim, -1)).reshape(z_dim + 1, -1)
    weights = (at_ones - at_zero)[positions:]
    found = np.zeros([min(DIRECTIONS, *weights.shape), z_dim])
    found[:, positions:] = np.linalg.svd(weights, full_matrices=False)[0].T[: len(found)]
    return found * np.sign(found[np.arange(len(found)), np.abs(found).argmax(1)])[:, None]
