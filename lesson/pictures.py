"""Images as a notebook shows them: in a grid, below a title, as PNG. And bytes from floats, and floats from bytes."""

import functools
import io
import math
import unicodedata
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

STEP = 5  # between levels of a picture, out of 255: a person sees all of them, and a file is a third smaller


def levels(images, low=-1, high=1):
    """Images in [low, high], of any shape, as uint8; what lies outside is clipped, NaN is taken for 0."""
    return np.rint((np.clip(np.nan_to_num(images), low, high) - low) * (255 / (high - low))).astype(np.uint8)


def as_floats(images):
    """uint8 images as float32 in [-1, 1]; floats as they are."""
    return images / np.float32(127.5) - 1 if images.dtype == np.uint8 else images


def grid(images, columns):
    """All images, uint8 [n, height, width, channels], in one Pillow image, row by row, with gray gaps of one pixel.

    Cells left over are gray.
    """
    gaps = [(0, -len(images) % columns), (0, 1), (0, 1), (0, 0)]
    cells = np.pad(images, gaps, constant_values=128)
    _, height, width, channels = cells.shape
    rows = cells.reshape(-1, columns, height, width, channels).swapaxes(1, 2)
    pixels = rows.reshape(-1, columns * width, channels)[:-1, :-1]
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def enlarged(image, times):
    """A Pillow image, each pixel as a square of `times` pixels."""
    return image.resize((times * image.width, times * image.height), Image.Resampling.NEAREST)


def titled(image, *lines, size=13):
    """A Pillow image, mode 'L' or 'RGB', below lines of text on white: of height line_height(size) each."""
    high, texts = line_height(size), [lettered(line, size) for line in lines]
    width = max(image.width, *(math.ceil(font.getlength(line)) for line, font in texts))
    page = Image.new(image.mode, (width, len(lines) * high + image.height), 'white')
    for number, (line, font) in enumerate(texts):
        ImageDraw.Draw(page).text((0, number * high), line, 'black', font)
    page.paste(image, (0, len(lines) * high))
    return page


def lettered(text, size=13):
    """(text, a Pillow font that has all its letters): what no font of this machine has is written as in '\\u732b'.

    Pillow's own font has the letters of ASCII. Plots of matplotlib have the same fonts from now on.
    """
    font, rare = ImageFont.load_default(size), frozenset(c for c in text if not ' ' <= c <= '~')
    if rare:
        font = ImageFont.truetype(_font_file(rare), size)
    return ''.join(c if c not in rare or _has(font, c) else ascii(c)[1:-1] for c in text), font


@functools.cache
def _font_file(letters):
    """The file of the font that has the most of these letters, and ASCII's; matplotlib's DejaVu Sans, if that does."""
    import matplotlib
    from matplotlib import font_manager

    def lacking(path):
        try:
            font = ImageFont.truetype(path, 13)
            return sum(not _has(font, c) for c in letters) if all(_has(font, c) for c in '09AZaz\\') else math.inf
        except OSError:  # not a font, or only of one size
            return math.inf

    ours = str(Path(matplotlib.get_data_path(), 'fonts', 'ttf', 'DejaVuSans.ttf'))
    least, best = lacking(ours), ours
    # Regular ones first; a font of last resort has boxes for all that there is.
    names = sorted(font_manager.findSystemFonts(), key=lambda path: ('regular' not in path.lower(), path))
    for path in [path for path in names if 'lastresort' not in path.lower()] if least else []:
        if (count := lacking(path)) < least:
            least, best = count, path
    if best != ours:
        with suppress(RuntimeError, OSError):  # a font that only Pillow can read
            font_manager.fontManager.addfont(best)
            family = ImageFont.truetype(best, 13).getname()[0]
            matplotlib.rcParams['font.family'] = [*matplotlib.rcParams['font.family'], family]
    if least:
        warnings.filterwarnings('ignore', 'Glyph .* missing from')  # matplotlib's, for each letter of each plot
    return best


def _has(font, letter):
    """Whether a font has this letter, and not the box that stands for all others."""
    if unicodedata.category(letter) in ('Cc', 'Cs'):  # the end of a line, say: no letter at all
        return False
    shown, box = font.getmask(letter), font.getmask('\uffff')
    return (shown.size, bytes(shown)) != (box.size, bytes(box))


def line_height(size):
    """Pixels that a line of text of this font size needs."""
    return size + 5


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

    page = titled(enlarged(image, max(2, 200 // max(image.size))), title)
    return Picture(png(page.point(lambda level: STEP * round(level / STEP)), optimize=True), alt=title)
