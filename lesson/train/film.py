"""The images that a training run has shown: one picture that grows, and an animation."""

import io
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lesson.files import whole_file
from lesson.pictures import enlarged, grid, levels, line_height, png, titled
from lesson.progress import in_notebook

COLUMN = 13  # rows in a column of the picture
ROWS = 3 * COLUMN  # in the picture, as wide as a page; of a longer run every second or third
INLINE = 16  # frames of the animation in a notebook, which has to stay small
SCALE, LARGER = 2, 3  # pixels for each pixel of an image, in the picture and in the animation
GRAYS, COLORS = 16, 128  # of a palette: grays, white among them, for letters and digits; all of them, for faces
FRAME, LAST = 200, 2000  # milliseconds that a frame is shown
SIZE = 13  # pixels of the text, the size of a notebook's
LINE = line_height(SIZE)


class Film:
    """Rows of generated images: one for each time that a run shows what its generator makes.

    In a notebook, the first row is shown as a picture, which later rows are added to. Elsewhere nothing is shown.
    title: what the images are called.
    """

    def __init__(self, title):
        self.title = title
        self._rows = []  # (label, Pillow image) of each
        self._output = None

    def add(self, step, images):
        """Add a row of images [n, height, width, channels] in [-1, 1], generated after this many steps; return it.

        It is a Pillow image: the images side by side. step may be a word as well.
        """
        row = grid(levels(images), len(images))
        self._rows.append((step if isinstance(step, str) else f'{step:,}', row))
        if in_notebook():
            picture = self._as_shown(self.picture(), 'rows of images')
            if self._output:
                self._output.update(picture)
            else:
                self._output = _display(picture)
        return row

    def show_animation(self):
        """Show the animation, in a notebook and if something changes in it."""
        if in_notebook() and len(self._rows) > 1:
            _display(self._as_shown(self.animation(INLINE), 'an animation'))

    def save(self, path):
        """Write the animation to a .png file under 1 MB, whole or not at all; nothing, if nothing was shown.

        Raises OSError when it cannot be written.
        """
        if not self._rows:
            return
        frames, scale = ROWS, LARGER
        while len(data := self.animation(frames, scale)) > 1e6:
            frames, scale = frames // 2, 1
        with whole_file(path) as file:
            file.write(data)

    def picture(self):
        """A PNG of all rows, enlarged, each behind its step, in columns."""
        rows = _some(self._rows, ROWS)
        font = ImageFont.load_default(SIZE)
        margin = math.ceil(max(font.getlength(label) for label, _ in rows)) + 6
        width, height = margin + SCALE * rows[0][1].width + 12, SCALE * (rows[0][1].height + 1)
        columns, most = math.ceil(len(rows) / COLUMN), min(len(rows), COLUMN)
        page = Image.new(rows[0][1].mode, (columns * width, most * height), 'white')
        for i, (label, image) in enumerate(rows):
            left, top = i // COLUMN * width + margin, i % COLUMN * height
            ImageDraw.Draw(page).text((left - 6, top + height // 2), label, 'black', font, anchor='rm')
            page.paste(enlarged(image, SCALE), (left, top))
        return png(_fewer_colors(titled(page, f'{self.title}, after this many batches', size=SIZE)))

    def animation(self, frames, scale=LARGER):
        """An animated PNG of this many rows, each enlarged and below its title.

        It begins with the newest, which stays longest: where nothing moves, that is what is seen.
        """
        *rows, newest = _some(self._rows, frames)
        rows.insert(0, newest)
        pages = [titled(enlarged(row, scale), self.title, _named(label), size=SIZE) for label, row in rows]
        width, height = max(page.width for page in pages), pages[0].height
        strip = Image.new(pages[0].mode, (width, height * len(pages)), 'white')
        for number, page in enumerate(pages):
            strip.paste(page, (0, number * height))
        strip = _fewer_colors(strip)  # all at once: they share a palette, and nothing flickers
        first, *others = (strip.crop((0, top, width, top + height)) for top in range(0, strip.height, height))
        times = [LAST] + [FRAME] * len(others)
        return png(first, save_all=True, append_images=others, duration=times, loop=0)

    def _as_shown(self, png, what):
        """A PNG as a notebook shows it: in its own size, with an alternative text."""
        from IPython.display import Image as Picture

        first, last = self._rows[0][0], self._rows[-1][0]
        alt = f'{self.title}: {what}, after batches {first} to {last}'
        return Picture(png, alt=alt, width=Image.open(io.BytesIO(png)).width)


def _named(label):
    return f'batch {label}' if label[0].isdigit() else f'{label} of the weights'


def _some(rows, most):
    """No more than this many of the rows, at equal distances, the newest among them."""
    every = math.ceil(len(rows) / most)
    return [*rows[every - 1 : -1 : every], rows[-1]]


def _fewer_colors(image):
    """The image with a palette of grays and of colors that some of its pixels have: ten times as fast as from all."""
    colors = np.linspace(0, 255, GRAYS).astype(np.uint8)[:, None].repeat(3, 1)
    if image.mode == 'RGB':
        pixels = np.asarray(image).reshape(1, -1, 3)
        some = np.random.default_rng(0).integers(pixels.shape[1], size=4000)
        chosen = np.reshape(Image.fromarray(pixels[:, some]).quantize(COLORS - GRAYS).getpalette(), [-1, 3])
        colors = np.concatenate([colors, chosen[chosen.min(1) < 240]])  # none that a white page could be taken for
    palette = Image.new('P', (1, 1))
    palette.putpalette(colors.astype(np.uint8).tobytes())
    return image.convert('RGB').quantize(palette=palette, dither=Image.Dither.NONE)


def _display(picture):
    from IPython.display import display

    return display(picture, display_id=True)
