"""Trained generators as one page, in which a browser computes their images: no Python, no network connection.

    python -m lesson.trained.playground

It writes build/playground.html, with the newest generator of each title in generators/ (generators.py).
The page is playground.html beside this file, with network.js and playground.js, and the generators in place of an empty
list.
"""

import base64
import json
import sys
from datetime import datetime
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from lesson.data.idx import SIDE, idx_md5, read_idx
from lesson.data.known_sets import DATA_SETS, find
from lesson.data.synthetic.digits import draw_digits
from lesson.data.synthetic.faces import draw_face
from lesson.files import full_disk_named, make_writable, say, whole_file
from lesson.pictures import grid, levels, picture
from lesson.trained import generators
from lesson.trained.directions import directions
from lesson.trained.generators import Generator, data_of
from lesson.trained.layers import layers

TEMPLATE = Path(__file__).with_name('playground.html')
SCRIPTS = 'network.js', 'playground.js'
EMPTY = '<script type="application/json" id="generators">[]</script>'
BITS = 12  # of a weight, which is a whole number times a number for its row; the page unpacks up to 17
FRAME = '<iframe title="Playground" style="width: 100%; height: 60rem; border: 0" srcdoc="{}"></iframe>'
ROWS, COLUMNS, REACH = 6, 5, 3  # of the picture in place of the page: directions, images, how far out they go
SOME = 500  # generated images, with which others are compared
REAL = 40  # real images of the game
MOST_FILM = 300_000  # bytes of an animation in the page
MNIST_CREDIT = 'Real ones: MNIST, Yann LeCun, Corinna Cortes, Christopher J.C. Burges, CC BY-SA 3.0.'


def some_images(generate: Generator) -> tuple[np.ndarray, np.ndarray]:
    """z [n, z_dim] as in training, and their images as rows of numbers [n, ...]: the same each time."""
    z = generators.sample_like(generate.about['z'], np.random.default_rng(0), SOME, generate.z.shape[1])
    return z, generate(z).reshape(SOME, -1)


def ordinary(generate: Generator) -> np.ndarray:
    """Of `some_images` the z [z_dim] whose image is the nearest to the mean image: rarely the worst of them."""
    z, images = some_images(generate)
    return z[((images - images.mean(0)) ** 2).sum(1).argmin()]


def arithmetic(generate: Generator, tries: int = 200) -> np.ndarray:
    """Three z [3, z_dim] for a first a - b + c: a and b differ in one main direction alone, c has a different position.

    Of so many tries it is the one in which a and b differ most, and c and the sum too, among those of which all four
    images are plausible: as close to one of `some_images` as most of these are to each other.
    """
    rng, z_dim, about = np.random.default_rng(1), generate.z.shape[1], generate.about['z']
    ways = directions(generate)[:3]
    a, c = (generators.sample_like(about, rng, tries, z_dim) for _ in range(2))
    if not len(ways):  # all of z is the switch
        return np.stack([a[0], a[0], c[0]])
    ways = ways[rng.integers(len(ways), size=tries)]
    a -= (a * ways).sum(1, keepdims=True) * ways  # in the middle of the direction
    far = REACH * np.std(np.interp(np.linspace(0, 1, 1001), generators.SHARES, about['quantiles']))
    c -= ((c * ways).sum(1, keepdims=True) + far / 2) * ways
    four = np.stack([a + far / 2 * ways, a - far / 2 * ways, c, c + far * ways])
    images = generate(four.reshape(-1, z_dim)).reshape(4, tries, -1)
    _, others = some_images(generate)
    usual = np.median(np.partition(_distances(others, others), 1, 1)[:, 1])
    odd = _distances(images.reshape(4 * tries, -1), others).min(1).reshape(4, tries).max(0)
    change = np.minimum(np.abs(images[0] - images[1]).mean(1), np.abs(images[3] - images[2]).mean(1))
    different = (np.abs(a - c)[:, : about['positions']].max(1, initial=0) > 0) | (about['positions'] < 2)
    best = np.lexsort([change, -np.maximum(odd, usual), different])[-1]
    return four[:3, best]


def _distances(images, others):
    """From each image to each other one: squares [n, m]."""
    squares = (images**2).sum(1)[:, None] + (others**2).sum(1) - 2 * images @ others.T
    return np.maximum(squares, 0)


def real_images(title: str, shape: list[int], data_dir='data') -> tuple[np.ndarray | None, str]:
    """(REAL real images, uint8, of the data set that a generator was trained on, or None; whose they are, or why not).

    MNIST's digits, if they are in data_dir, and synthetic images. Never photographs: nobody in them has agreed.
    """
    mnist, celeba = DATA_SETS['mnist'], DATA_SETS['celeba']
    if title == mnist.synthetic:
        images = draw_digits(REAL, 1, 0)[0].reshape(-1, SIDE, SIDE, 1)
    elif title == celeba.synthetic:
        images = np.stack([_face(number, celeba.crop, shape) for number in range(REAL)])
    elif title == mnist.title:
        path = find(mnist, Path(data_dir))
        digits = read_idx(path, (SIDE, SIDE), 'Fetch it again')[..., None] if path and path.is_file() else None
        if digits is None or idx_md5(digits) != mnist.images_md5:
            return None, f'MNIST was not found in the folder {data_dir} when this page was made.'
        images = digits[np.random.default_rng(1).permutation(len(digits))[:REAL]]
    else:
        return None, (
            'Photographs of people may not be passed on, so there is no game for them, nor for your own. Real images '
            'would have to be in this page, which may be mailed to anybody.'
        )
    if list(images.shape[1:]) != list(shape):
        return None, f'The real images have a different size, {images.shape[2]}x{images.shape[1]} pixels.'
    return images, MNIST_CREDIT if title == mnist.title else f'Real ones: {title}, drawn by a program.'


def _face(number, crop, shape):
    """A synthetic face as it is prepared for training: the centered square of `crop` pixels, resized."""
    image = draw_face(np.random.default_rng([1, number]))
    left, top = (image.width - crop) // 2, (image.height - crop) // 2
    image = image.crop((left, top, left + crop, top + crop))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR))


def film(generate: Generator) -> str | None:
    """The animation of the training run that is kept with a generator, in base 64, if it is there and small."""
    path = generate.path and generate.path / generators.FILM
    if not path or not path.is_file() or path.stat().st_size > MOST_FILM:
        return None
    return base64.b64encode(path.read_bytes()).decode()


def for_page(generate: Generator, data_dir='data') -> dict:
    """A generator as the page reads it: values for JSON. Raises what `layers` raises."""
    found, about, title = layers(generate), generate.about, data_of(generate.about)
    quantiles = np.interp(np.linspace(0, 1, 1001), generators.SHARES, about['z']['quantiles'])
    spread = {'mean': float(quantiles.mean()), 'deviation': float(quantiles.std()) or 1.0}
    _, images = some_images(generate)
    real, note = real_images(title, about['image_shape'], data_dir)
    return {
        'title': title,
        'steps': about['steps'],
        'shape': about['image_shape'],
        'start': ordinary(generate).round(4).tolist(),
        'sum': arithmetic(generate).round(4).tolist(),
        'apart': round(float(np.abs(images[1:] - images[:-1]).mean() / 2), 3),
        'z': about['z'] | spread | {'size': about['z_dim'], 'shares': generators.SHARES.tolist()},
        'directions': directions(generate).round(5).tolist(),
        'layers': [{name: _packed(value) for name, value in layer.items()} for layer in found],
        'real': None if real is None else base64.b64encode(np.ascontiguousarray(real).tobytes()).decode(),
        'note': note,
        'losses': about.get('losses', []),
        'film': film(generate),
    }


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


def page(kept: list[Generator], data_dir='data') -> str:
    """The page with these generators, as text; data_dir: where MNIST may be."""
    values = json.dumps([for_page(generate, data_dir) for generate in kept], separators=(',', ':'), allow_nan=False)
    text = TEMPLATE.read_text('utf-8')
    for name in SCRIPTS:
        script = TEMPLATE.with_name(name).read_text('utf-8')
        text = text.replace(f'<script src="{name}"></script>', f'<script>\n{script}</script>')
    return text.replace(EMPTY, EMPTY.replace('[]', values.replace('<', '\\u003c')))


def show(generate: Generator, title: str, data_dir='data') -> None:
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
        data['text/html'] = FRAME.format(escape(page([generate], data_dir)))
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
    titles = ', '.join(data_of(generate.about) for generate in kept)
    say(f'{output}: {titles}; {len(text) / 1e6:.2f} MB. Open it in a browser')


if __name__ == '__main__':
    main()
