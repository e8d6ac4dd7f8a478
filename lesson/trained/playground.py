"""Trained generators as one page, in which a browser computes their images: no Python, no network connection.

    python -m lesson.trained.playground [folder ...] [--output build/playground.html]

Each folder contains a kept generator (lesson/trained/generators.py); without any, the newest of each title in generators/ is
taken. The page is lesson/trained/playground.html, in which the generators take the place of an empty list.
"""

import argparse
import base64
import json
import sys
from html import escape
from pathlib import Path

import numpy as np

from lesson.files import make_writable, whole_file
from lesson.pictures import grid, levels, picture
from lesson.trained import generators
from lesson.trained.directions import depending, directions

TEMPLATE = Path(__file__).with_name('playground.html')
EMPTY = '<script type="application/json" id="generators">[]</script>'
BITS = 12  # of a weight, which is a whole number times a number for its row; the page unpacks two from three bytes
LARGEST = 2 ** (BITS - 1) - 1
ROWS, COLUMNS, REACH = 6, 5, 3  # of the picture in place of the page: directions, images, how far from the middle they go


def network(generate):
    """The layers of a generator from z to the images: a list of {'kind': ..., more}, with NumPy arrays.

    The page says what each kind computes. Raises ValueError that names an operation which is of none of these kinds.
    """
    reader, layers, tensor = _Reader(generate), [], generate.images
    while tensor.op != generate.z.op:
        layer, tensor = reader.layer(tensor.op)
        if layer:
            layers.insert(0, layer)
    return _merged(layers)


def _merged(layers):
    """Neighbors that multiply each channel and add a number, such as bias and batch norm, become one layer."""
    merged = []
    for layer in layers:
        if merged and layer['kind'] == merged[-1]['kind'] == 'channels':
            before, scale = merged.pop(), layer['scale']
            layer = _channels(before['scale'] * scale, before['shift'] * scale + layer['shift'])
        merged.append(layer)
    return merged


def _channels(scale, shift):
    return {'kind': 'channels', 'scale': scale, 'shift': shift}


class _Reader:
    """Tells which layers the operations of a generator's graph are."""

    def __init__(self, generate):
        self._generate, self._depending = generate, depending(generate)

    def layer(self, op):
        """(what an operation is, None if it changes nothing; the tensor that it does this to)."""
        places = self._places(op)
        if not places:  # it does not depend on z
            raise self._unknown(op)
        x = op.inputs[places[0]]
        match op.type, places:
            case 'Identity' | 'EnsureShape' | 'StopGradient', _:
                return None, x
            case 'Reshape' | 'Squeeze' | 'ExpandDims', [0, *_]:
                return {'kind': 'reshape', 'shape': self._shape(op.outputs[0])}, x
            case 'Tanh' | 'Sigmoid', _:
                return {'kind': op.type.lower()}, x
            case 'Relu' | 'LeakyRelu', _:
                return {'kind': 'leaky_relu', 'slope': op.get_attr('alpha') if op.type == 'LeakyRelu' else 0.0}, x
            case 'Maximum', _:
                return self._maximum(op)
            case 'MatMul', [0] if not op.get_attr('transpose_a'):
                weights = self._value(op.inputs[1])
                return {'kind': 'dense', 'matrix': weights if op.get_attr('transpose_b') else weights.T}, x
            case 'Conv2DBackpropInput', [*_, 2]:
                return self._up(op), op.inputs[2]
            case 'FusedBatchNorm' | 'FusedBatchNormV2' | 'FusedBatchNormV3', [0] if not op.get_attr('is_training'):
                scale, offset, mean, variance = (np.float64(self._value(each)) for each in op.inputs[1:])
                scale = scale / np.sqrt(variance + op.get_attr('epsilon'))
                return _channels(scale, offset - mean * scale), x
            case 'BiasAdd' | 'Add' | 'AddV2' | 'Sub' | 'Mul' | 'RealDiv', [place]:
                return self._arithmetic(op, place), x
        raise self._unknown(op)

    def _maximum(self, op):
        """max(slope * x, x) is a leaky ReLU."""
        for scaled, x in (op.inputs, op.inputs[::-1]):
            places = self._places(scaled.op)
            if scaled.op.type == 'Mul' and len(places) == 1 and scaled.op.inputs[places[0]].name == x.name:
                slope = self._value(scaled.op.inputs[1 - places[0]])
                if slope.size == 1 and 0 <= slope.item() <= 1:
                    return {'kind': 'leaky_relu', 'slope': slope.item()}, x
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

    def _arithmetic(self, op, place):
        """x plus, minus, times or divided by constants, one for each channel or one for all."""
        constant, shape = np.float64(self._value(op.inputs[1 - place])), self._shape(op.outputs[0])
        each = constant.size == 1 or (constant.shape[-1] == constant.size == shape[-1])
        if not each or shape != self._shape(op.inputs[place]) or (op.type, place) == ('RealDiv', 1):
            raise self._unknown(op)
        constant = np.broadcast_to(constant.reshape(-1), shape[-1:])
        one, zero = np.ones(shape[-1]), np.zeros(shape[-1])
        match op.type:
            case 'Mul':
                return _channels(constant, zero)
            case 'RealDiv':
                return _channels(1 / constant, zero)
            case 'Sub':
                return _channels(one, -constant) if place == 0 else _channels(-one, constant)
        return _channels(one, constant)

    def _places(self, op):
        """The numbers of the inputs that depend on z."""
        return [i for i, x in enumerate(op.inputs) if x.op in self._depending]

    def _value(self, tensor):
        return self._generate.compute(tensor, np.zeros([1, self._generate.z.shape[1]]))

    def _shape(self, tensor):
        """The shape of a tensor, for one row of z."""
        rows, *shape = self._generate.compute(tensor, np.zeros([2, self._generate.z.shape[1]])).shape
        if rows != 2:
            raise self._unknown(tensor.op)
        return shape

    def _unknown(self, op):
        return ValueError(
            f'{_title(self._generate)}: the playground cannot compute the operation {op.type} ({op.name}). It knows '
            'dense layers, reshapes, transposed convolutions, biases, batch norm as at inference, ReLU, leaky ReLU, '
            'tanh and sigmoid, one after the other'
        )


def ordinary(generate, noise, count=500):
    """Of this many z the one [z_dim] whose image is the nearest to the mean image: rarely the worst of them."""
    z = generators.sample_like(noise, np.random.default_rng(0), count, generate.z.shape[1])
    images = generate(z)
    return z[((images - images.mean(0)) ** 2).reshape(count, -1).sum(1).argmin()]


def for_page(generate):
    """A generator as the page reads it: values for JSON. Raises what `network` raises."""
    layers, about = network(generate), generate.about
    noise = about['z']
    if 'quantiles' not in noise:
        raise ValueError(f'{_title(generate)}: an earlier edition of this project saved this generator; train it again')
    some = generators.sample_like(noise, np.random.default_rng(0), 1000, about['z_dim'])[:, noise['positions'] :]
    noise = noise | {'mean': float(some.mean()), 'deviation': float(some.std())}
    return {
        'title': _title(generate),
        'steps': about['steps'],
        'shape': about['image_shape'],
        'start': ordinary(generate, noise).round(4).tolist(),
        'z': noise | {'size': about['z_dim']},
        'directions': directions(generate, about['z_dim'], noise['positions']).round(5).tolist(),
        'layers': [{name: _packed(value) for name, value in layer.items()} for layer in layers],
    }


def _title(generate):
    return generate.about['title'].removeprefix('generated from ')


def _packed(value):
    """Numbers per channel as a list, a matrix as text: {'columns', 'steps' and 'numbers', both in base 64}."""
    if not isinstance(value, np.ndarray):
        return value
    if value.ndim == 1:
        return [float(f'{number:.7g}') for number in value]
    steps = np.maximum(np.abs(value).max(1), 1e-30).astype(np.float32) / LARGEST
    numbers = np.rint(value / steps[:, None]).astype(np.int64).reshape(-1) + LARGEST
    low, high = np.pad(numbers, (0, numbers.size % 2)).reshape(-1, 2).T
    three = np.stack([low & 255, low >> 8 | (high & 15) << 4, high >> 4], 1).astype(np.uint8)  # two numbers
    texts = {'steps': steps.astype('<f4'), 'numbers': three}
    return {'columns': value.shape[1], 'zero': LARGEST} | {
        name: base64.b64encode(array.tobytes()).decode() for name, array in texts.items()
    }


def page(kept):
    """The page with these generators, as text."""
    template = TEMPLATE.read_text('utf-8')
    if template.count(EMPTY) != 1:
        raise ValueError(f'{TEMPLATE} has to contain {EMPTY} once')
    values = json.dumps([for_page(generate) for generate in kept], separators=(',', ':'), allow_nan=False)
    before, after = template.split(EMPTY)
    return before + EMPTY.replace('[]', values.replace('<', '\\u003c')) + after


def show(generate, title: str) -> None:
    """Show the page of a generator in a notebook, in a frame; a picture where nothing runs: a row for each direction.

    generate: a Generator, such as generators.save returns. Raises what `network` raises.
    """
    from IPython.display import display

    about = generate.about['z']
    z, ways = ordinary(generate, about), directions(generate, generate.about['z_dim'], about['positions'])[:ROWS]
    lines = np.concatenate([z + np.linspace(-REACH, REACH, COLUMNS)[:, None] * way for way in ways])
    alt = f'{title}: a row for each main direction'
    instead = picture(grid(levels(generate(lines)), COLUMNS), alt)
    frame = f'<iframe title="Playground" style="width: 100%; height: 60rem; border: 0" srcdoc="{escape(page([generate]))}">'
    data = {'text/html': f'{frame}</iframe>', 'image/png': instead.data, 'text/plain': alt}
    display(data, metadata={'image/png': {'alt': alt}}, raw=True)


def newest(folder='generators'):
    """The newest generator of each title in a folder, the oldest first; those that are not whole are pointed out."""
    found = {}
    for path in sorted(Path(folder).glob('*/')):
        if path.name.startswith('.') or path.name == generators.LATEST:
            continue
        try:
            generate = generators.load(path)
        except ValueError as error:
            print(f'Left out: {error}.')
            continue
        other = found.get(generate.about['title'])
        if other is None or other.about['made'] <= generate.about['made']:
            found[generate.about['title']] = generate
    return sorted(found.values(), key=lambda generate: generate.about['made'])


def main():
    parser = argparse.ArgumentParser(prog='python -m lesson.trained.playground', description='A page to play with generators.')
    parser.add_argument('folders', nargs='*', type=Path, help='of generators (default: the newest in generators/)')
    parser.add_argument('--output', type=Path, default=Path('build', 'playground.html'))
    arguments = parser.parse_args()
    try:
        kept = [generators.load(folder) for folder in arguments.folders] or newest()
        if not kept:
            sys.exit('There is no generator in generators/: run the notebook first (make run), which saves two there')
        text = page(kept).encode()
        make_writable(arguments.output.parent, 'make room, or choose another place with --output')
        with whole_file(arguments.output) as file:
            file.write(text)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    print(f'{arguments.output}: {", ".join(map(_title, kept))}; {len(text) / 1e6:.2f} MB. Open it in a browser')


if __name__ == '__main__':
    main()
