"""Images as a notebook shows them: in a grid, below a title, as PNG."""

import io
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

STEP = 5  # between levels of a picture, out of 255: a person sees all of them, and a file is a third smaller


def levels(images, low=-1, high=1):
    """Images in [low, high], of any shape, as uint8; what lies outside is clipped, NaN is taken for 0."""
    return np.rint((np.clip(np.nan_to_num(images), low, high) - low) * (255 / (high - low))).astype(np.uint8)


def grid(images, columns):
    """All images, uint8 [n, height, width, channels], in one Pillow image, row by row, with grey gaps of one pixel.

    Cells left over are grey.
    """
    gaps = [(0, -len(images) % columns), (0, 1), (0, 1), (0, 0)]
    cells = np.pad(images, gaps, constant_values=128)
    _, height, width, channels = cells.shape
    rows = cells.reshape(-1, columns, height, width, channels).swapaxes(1, 2)
    pixels = rows.reshape(-1, columns * width, channels)[:-1, :-1]
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def png(image, **options):
    """The bytes of a PNG of a Pillow image; options: those of Pillow."""
    file = io.BytesIO()
    image.save(file, 'png', **options)
    return file.getvalue()


def picture(image, title):
    """A PNG for a notebook (IPython.display.Image): the image below its title, which is its alternative text too.

    image: Pillow, mode 'L' or 'RGB'; enlarged by a whole number, at least 2, to no more than 200 pixels if it can be.
    Its levels are rounded to multiples of STEP.
    """
    from IPython.display import Image as Picture

    enlarge = max(2, 200 // max(image.size))
    large = image.resize((enlarge * image.width, enlarge * image.height), Image.Resampling.NEAREST)
    font = ImageFont.load_default(13)
    page = Image.new(image.mode, (max(large.width, math.ceil(font.getlength(title))), large.height + 20), 'white')
    ImageDraw.Draw(page).text((0, 0), title, 'black', font)
    page.paste(large, (0, 20))
    return Picture(png(page.point(lambda level: STEP * round(level / STEP)), optimize=True), alt=title)
