"""Which layers a generator consists of, read from its graph."""

import numpy as np

from lesson.session import tf
from lesson.trained.directions import depending
from lesson.trained.generators import Generator, data_of


def layers(generate: Generator) -> list[dict]:
    """The layers of a generator from z to the images: each {'kind': ..., more}, with NumPy arrays.

    network.js says what each kind computes. Raises ValueError that names an operation which is of none of these kinds.
    """
    reader, found, tensor = _Reader(generate), [], generate.images
    while tensor.op != generate.z.op:
        layer, tensor = reader.layer(tensor.op)
        found.insert(0, layer)
    return found


class _Reader:
    """Tells which layers the operations of a generator's graph are."""

    def __init__(self, generate):
        self._generate, self._depending, self._rng = generate, depending(generate), np.random.default_rng(0)
        config = tf.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = True  # it loses tensors that are asked for
        self._sess = tf.Session(graph=generate.graph, config=config)

    def layer(self, op):
        """(what an operation is; the tensor that it does this to)."""
        match op.type, [i for i, x in enumerate(op.inputs) if x.op in self._depending]:
            case 'Reshape' | 'Squeeze' | 'ExpandDims', [0, *_]:
                return {'kind': 'reshape', 'shape': self._shape(op.outputs[0])}, op.inputs[0]
            case 'Tanh' | 'Sigmoid', [0]:
                return {'kind': op.type.lower()}, op.inputs[0]
            case 'MatMul', [0] if not op.get_attr('transpose_a'):
                weights = self._value(op.inputs[1])
                return {'kind': 'dense', 'matrix': weights if op.get_attr('transpose_b') else weights.T}, op.inputs[0]
            case 'Conv2DBackpropInput', [*_, 2]:
                return self._up(op), op.inputs[2]
        return self._channels(op)

    def _channels(self, op):
        """(what an operation makes of each channel of a tensor x, if that is linear but for a bend at 0; x).

        So are biases, batch norm as at inference, ReLU and leaky ReLU, made by one operation or two. It is tried out.
        """
        output, inputs = op.outputs[0], [x for x in op.inputs if x.op in self._depending]
        for x in inputs + [x for each in inputs for x in each.op.inputs if x.op in self._depending]:
            shape = self._value(x).shape
            if x.dtype != tf.float32 or len(shape) < 2 or self._value(output).shape != shape:
                continue
            made = [self._value(output, {x: np.full(shape, value)}) for value in (-1, 0, 1)]
            low, shift, high = (each.reshape(-1, shape[-1])[0] for each in made)
            below, above, some = shift - low, high - shift, self._rng.normal(0, 3, shape)
            expected, made = np.where(some < 0, below, above) * some + shift, self._value(output, {x: some})
            if np.allclose(expected, made, 1e-4, 1e-4 * np.abs(made).max()):
                return {'kind': 'channels', 'below': below, 'above': above, 'shift': shift}, x
        raise self._unknown(op)

    def _up(self, op):
        """A transposed convolution: each place adds a window, times its channels, to a larger image."""
        strides, padding = op.get_attr('strides'), op.get_attr('padding')
        plain = op.get_attr('data_format') == b'NHWC' and {strides[0], strides[3], *op.get_attr('dilations')} == {1}
        if op.inputs[1].op in self._depending or padding not in (b'SAME', b'VALID') or not plain:
            raise self._unknown(op)
        small, large, window = self._shape(op.inputs[2]), self._shape(op.outputs[0]), self._value(op.inputs[1])
        sizes = zip(small[:2], large[:2], window.shape[:2], strides[1:3], strict=True)
        # How much 'SAME' pads the convolution from large to small, of which this is the transpose.
        padded = [max((m - 1) * stride + size - n, 0) // 2 for m, n, size, stride in sizes]
        return {
            'kind': 'up',
            'from': small,
            'to': large,
            'window': [*window.shape[:2]],
            'strides': strides[1:3],
            'padded': padded if padding == b'SAME' else [0, 0],
            'matrix': window.reshape(-1, small[2]),
        }

    def _value(self, tensor, given=None):
        """For two new rows of z; given: {tensor: its value}."""
        z = self._generate.z
        return self._sess.run(tensor, {z: self._rng.uniform(-1, 1, [2, z.shape[1]])} | (given or {}))

    def _shape(self, tensor):
        """For one row of z."""
        rows, *shape = self._value(tensor).shape
        if rows != 2:
            raise self._unknown(tensor.op)
        return shape

    def _unknown(self, op):
        return ValueError(
            f'{data_of(self._generate.about)}: the playground cannot compute the operation {op.type} ({op.name}). It '
            'knows dense layers, reshapes, transposed convolutions, biases, batch norm as at inference, ReLU, leaky '
            'ReLU, tanh and sigmoid, one after the other'
        )
