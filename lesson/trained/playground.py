"""Trained generators as one page, in which a browser computes their images: no Python, no network connection.

    python -m lesson.trained.playground

It writes build/playground.html, with the newest generator of each title in generators/ (generators.py).
The page is playground.html beside this file, in which the generators take the place of an empty list.
"""

import base64
import json
import sys
from datetime import datetime
from html import escape
from pathlib import Path

import numpy as np

from lesson.files import full_disk_named, make_writable, say, whole_file
from lesson.pictures import grid, levels, picture
from lesson.session import tf
from lesson.trained import generators
from lesson.trained.directions import depending, directions
from lesson.trained.generators import Generator

TEMPLATE = Path(__file__).with_name('playground.html')
EMPTY = '<script type="application/json" id="generators">[]</script>'
BITS = 12  # of a weight, which is a whole number times a number for its row; the page unpacks up to 17
FRAME = '<iframe title="Playground" style="width: 100%; height: 60rem; border: 0" srcdoc="{}"></iframe>'
ROWS, COLUMNS, REACH = 6, 5, 3  # of the picture in place of the page: directions, images, how far out they go


def network(generate: Generator) -> list[dict]:
    """The layers of a generator from z to the images: each {'kind': ..., more}, with NumPy arrays.

    The page says what each kind computes. Raises ValueError that names an operation which is of none of these kinds.
    """
    reader, layers, tensor = _Reader(generate), [], generate.images
    while tensor.op != generate.z.op:
        layer, tensor = reader.layer(tensor.op)
        layers.insert(0, layer)
    return layers


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
            f'{_title(self._generate)}: the playground cannot compute the operation {op.type} ({op.name}). It knows '
            'dense layers, reshapes, transposed convolutions, biases, batch norm as at inference, ReLU, leaky ReLU, '
            'tanh and sigmoid, one after the other'
        )


def ordinary(generate: Generator, count: int = 500) -> np.ndarray:
    """Of this many z the one [z_dim] whose image is the nearest to the mean image: rarely the worst of them."""
    z = generators.sample_like(generate.about['z'], np.random.default_rng(0), count, generate.z.shape[1])
    images = generate(z)
    return z[((images - images.mean(0)) ** 2).reshape(count, -1).sum(1).argmin()]


def for_page(generate: Generator) -> dict:
    """A generator as the page reads it: values for JSON. Raises what `network` raises."""
    layers, start, about = network(generate), ordinary(generate), generate.about
    some = np.interp(np.linspace(0, 1, 1001), generators.SHARES, about['z']['quantiles'])
    spread = {'mean': float(some.mean()), 'deviation': float(some.std()) or 1.0}
    return {
        'title': _title(generate),
        'steps': about['steps'],
        'shape': about['image_shape'],
        'start': start.round(4).tolist(),
        'z': about['z'] | spread | {'size': about['z_dim'], 'shares': generators.SHARES.tolist()},
        'directions': directions(generate).round(5).tolist(),
        'layers': [{name: _packed(value) for name, value in layer.items()} for layer in layers],
    }


def _title(generate):
    return generate.about['title'].removeprefix('generated, trained on ')


def _packed(value):
    """Numbers per channel as a list, a matrix as {'columns', 'bits', 'zero', and in base 64 'steps' and 'numbers'}."""
    if not isinstance(value, np.ndarray):
        return value
    if value.ndim == 1:
        return [float(f'{number:.7g}') for number in value]
    largest = 2 ** (BITS - 1) - 1
    steps = np.maximum(np.abs(value).max(1, keepdims=True), 1e-30).astype('<f4') / largest
    numbers = (np.rint(value / steps) + largest).astype('<u4').reshape(-1, 1).view(np.uint8)
    bits = np.unpackbits(numbers, axis=1, count=BITS, bitorder='little')
    texts = {'steps': steps, 'numbers': np.packbits(bits, bitorder='little')}
    return {'columns': value.shape[1], 'bits': BITS, 'zero': largest} | {
        name: base64.b64encode(array.tobytes()).decode() for name, array in texts.items()
    }


def page(kept: list[Generator]) -> str:
    """The page with these generators, as text."""
    values = json.dumps([for_page(generate) for generate in kept], separators=(',', ':'), allow_nan=False)
    return TEMPLATE.read_text('utf-8').replace(EMPTY, EMPTY.replace('[]', values.replace('<', '\\u003c')))


def show(generate: Generator, title: str) -> None:
    """Show the page of a generator in a notebook, in a frame; a picture where nothing runs: a row for each direction.

    generate: what generators.save or generators.load returns. The picture alone, and a line of text, when it has a
    layer that the page does not know.
    """
    from IPython.display import display

    z, ways = ordinary(generate), directions(generate)[:ROWS, None]
    ways = ways if len(ways) else np.zeros([1, 1, len(z)])  # all of z is the switch
    lines = z + np.linspace(-REACH, REACH, COLUMNS)[:, None] * ways  # [rows, columns, z_dim]
    alt = f'{title}: a row for each main direction'
    data = {'text/plain': alt}
    data['image/png'] = picture(grid(levels(generate(lines.reshape(-1, len(z)))), COLUMNS), alt).data
    try:
        data['text/html'] = FRAME.format(escape(page([generate])))
    except ValueError as error:
        say(f'{error}.')
    display(data, metadata={'image/png': {'alt': alt}}, raw=True)


def newest(folder='generators') -> list[Generator]:
    """The newest generator of each title in a folder, the oldest first; those that are not whole are pointed out."""
    found = []
    for path in sorted(Path(folder).glob('[!.]*/')):
        try:
            found += [generators.load(path)] if path.name != generators.LATEST else []
        except ValueError as error:
            say(f'Left out: {error}.')
    found.sort(key=lambda generate: datetime.fromisoformat(generate.about['made']).timestamp(), reverse=True)
    last = {}
    for generate in found:
        last.setdefault(generate.about['title'], generate)
    return [*last.values()][::-1]


def main():
    output = Path('build', 'playground.html')
    try:
        kept = newest()
        if not kept:
            sys.exit('There is no generator in generators/: run the notebook first (make run), which saves two there')
        text = page(kept).encode()
        make_writable(output.parent, 'make room')
        with full_disk_named(output), whole_file(output) as file:
            file.write(text)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    say(f'{output}: {", ".join(map(_title, kept))}; {len(text) / 1e6:.2f} MB. Open it in a browser')


if __name__ == '__main__':
    main()
