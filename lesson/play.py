"""Play with a generator in a notebook: sliders and buttons, and images that follow them.

`explore`, `walk` and `add` each make a Panel for `display`. They take

- generate: noise [n, z_dim] -> images [n, height, width, 1 or 3] in [-1, 1], such as `train` returns;
- z: some noise [n, z_dim], whose rows are played with, ten at a time;
- title: what the images are called;

and raise ValueError, which says what was expected, when z or what generate makes of it is something else.

Images change while a slider is dragged, and do not lag behind: the browser sends its newest value as soon as the kernel
has dealt with the one before, and those in between never.
"""

import ipywidgets as widgets
import numpy as np
from PIL import Image

from lesson.generators import describe_noise
from lesson.pictures import grid, levels, picture, png
from lesson.playground import directions

COLUMNS = 10  # images side by side
SLIDERS = 6
STEPS = 5  # images in a row of the picture that shows where the sliders lead
REACH = 4  # how far a slider goes, in standard deviations of the noise
ENLARGE = 3
WIDE = {'width': '100%', 'max_width': f'{ENLARGE * 29 * COLUMNS}px'}  # an image has 28 pixels and a gap
VIEW = 'application/vnd.jupyter.widget-view+json'


class Panel(widgets.VBox):
    """Widgets below each other, and an image (IPython.display.Image) for where nothing can be moved."""

    def __init__(self, children, instead):
        super().__init__(children)
        self.instead = instead

    def _repr_mimebundle_(self, **options):
        data, about = self.instead._repr_mimebundle_(**options)
        view = super()._repr_mimebundle_(**options)[VIEW]
        return {**data, 'text/plain': self.instead.alt, VIEW: view}, about


class Row:
    """A row of images that changes, below its title: a widget, one image whose bytes are replaced."""

    def __init__(self, generate, title):
        self._generate = generate
        self.image = widgets.Image(format='png', layout=WIDE)
        self.widget = widgets.VBox([widgets.Label(title), self.image])

    def show(self, z):
        image = _grid(self._generate, z, len(z))
        size = ENLARGE * image.width, ENLARGE * image.height
        self.image.value = png(image.resize(size, Image.Resampling.NEAREST), compress_level=1)


class Pool:
    """The rows of z in use, ten of `all`. Its button changes to the next ten, and calls `changed`."""

    def __init__(self, z, changed):
        z, self._first = np.asarray(z), 0
        if z.ndim != 2 or not z.size or z.dtype.kind not in 'fiu':
            raise ValueError(f'z is {z.dtype} {list(z.shape)}: expected noise [n, z_dim], as sample_z makes it')
        self.all = z
        self.button = widgets.Button(description='Other images')
        self.button.on_click(lambda _: self._next(changed))

    @property
    def z(self):
        return self.all.take(range(self._first, self._first + COLUMNS), 0, mode='wrap')

    def _next(self, changed):
        self._first += COLUMNS
        changed()


class Marks:
    """A button with a letter below each image of a row. At least one is pressed, and no other unless `several`."""

    def __init__(self, letter, pressed, several, changed):
        self._several, self._changed = several, changed
        layout = {'width': 'auto', 'padding': '0', 'margin': '1px'}
        names = [f'{letter}: image {i + 1}' for i in range(COLUMNS)]
        self.buttons = [widgets.ToggleButton(description=letter, tooltip=name, layout=layout) for name in names]
        for i in pressed:
            self.buttons[i].value = True
        for button in self.buttons:
            button.observe(self._press, 'value')
        columns = {'grid_template_columns': f'repeat({COLUMNS}, minmax(0, 1fr))'}
        self.widget = widgets.GridBox(self.buttons, layout=WIDE | columns)

    def mean(self, z):
        """The mean of the rows of z whose buttons are pressed."""
        return z[[button.value for button in self.buttons]].mean(0)

    def _press(self, change):
        others = [button for button in self.buttons if button.value and button is not change.owner]
        if not change.new and not others:
            change.owner.value = True
        for button in others if change.new and not self._several else ():
            button.value = False
        self._changed()


def explore(generate, z, title):
    """A row of images, a slider for each main direction of z, and a button for each of its switches, if it has any.

    The directions are those of playground.directions. What a slider says is added to z along its direction, in
    standard deviations of what is not a switch.
    """
    pool, row = Pool(z, lambda: show()), Row(generate, title)
    row.show(pool.z)
    noise = describe_noise(pool.all)
    switches = noise['switches']
    ways = directions(generate, pool.z.shape[1], switches)[:SLIDERS]
    ways = ways * pool.all[:, switches:].std() if len(ways) else ways
    sliders = [_slider(f'direction {i + 1}') for i in range(len(ways))]
    options = [('own', -1), *((str(i + 1), i) for i in range(switches))]
    switch = widgets.ToggleButtons(options=options, description='switch', style={'button_width': 'auto'})
    back = widgets.Button(description='Back to the start')

    def show(_=None):
        z = pool.z + np.array([slider.value for slider in sliders]) @ ways
        if switch.value >= 0:
            z[:, :switches] = noise['strength'] * np.eye(switches)[switch.value]
        row.show(z)

    def reset(_):
        switch.value = -1
        for slider in sliders:
            slider.value = 0.0

    back.on_click(reset)
    for control in (*sliders, switch):
        control.observe(show, 'value')
    columns = {'grid_template_columns': 'repeat(auto-fit, minmax(20rem, 1fr))'}
    controls = [switch] * (switches > 0) + [widgets.GridBox(sliders, layout=WIDE | columns)]
    steps = np.linspace(-REACH, REACH, STEPS)[:, None]
    lines = pool.z[0] + np.concatenate([steps * way for way in ways] or [0 * steps])
    instead = picture(_grid(generate, lines, STEPS), f'a row for each main direction, {title}')
    return Panel([row.widget, *controls, widgets.HBox([back, pool.button])], instead)


def walk(generate, z, title):
    """Two letters below a row of images, and a second row: a walk in a straight line from image A to image B."""

    def vectors(a, b):
        return a + np.linspace(0, 1, COLUMNS)[:, None] * (b - a)

    return _lettered(generate, z, title, 'a walk from A to B', vectors, {'A': [0], 'B': [1]}, several=False)


def add(generate, z, title):
    """Three letters below a row of images, and a second row: the means of A, B and C, then C + t (A - B)."""

    def vectors(a, b, c):
        return np.concatenate([[a, b, c], c + np.linspace(0.2, 1.4, COLUMNS - 3)[:, None] * (a - b)])

    marks = {'A': [0, 1, 2], 'B': [3, 4, 5], 'C': [6]}
    return _lettered(generate, z, title, 'A, B, C, then C + t (A - B)', vectors, marks, several=True)


def _lettered(generate, z, title, caption, vectors, marks, several):
    """A Panel: images, letters below them, and the images of vectors(mean of A, mean of B, ...)."""
    pool = Pool(z, lambda: (chosen.show(pool.z), show()))
    chosen, result = Row(generate, title), Row(generate, caption)
    letters = [Marks(letter, pressed, several, lambda: show()) for letter, pressed in marks.items()]

    def show():
        result.show(vectors(*(each.mean(pool.z) for each in letters)))

    chosen.show(pool.z)
    show()
    means = vectors(*(each.mean(pool.z) for each in letters))
    instead = picture(_grid(generate, means, COLUMNS), f'{caption}, {title}')
    return Panel([chosen.widget, *(each.widget for each in letters), result.widget, pool.button], instead)


def _slider(name):
    return widgets.FloatSlider(
        description=name, min=-REACH, max=REACH, step=0.1, readout_format='.1f', layout={'width': 'auto'}
    )


def _grid(generate, z, columns):
    """The images of z in one Pillow image."""
    images = np.asarray(generate(z))
    if images.ndim != 4 or len(images) != len(z) or images.shape[-1] not in (1, 3):
        raise ValueError(
            f'generate made {list(images.shape)} of z {list(z.shape)}: expected images [n, height, width, 1 or 3]'
        )
    return grid(levels(images), columns)
