"""Pictures with more than 8 bits per channel -> 8 bits, where it is known which value is white."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import numpy as np
from PIL import Image, PngImagePlugin

BITS, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339  # TIFF 6.0, sections 4 and 19
SIZE = b'\xff\x4f\xff\x51'  # how the code stream of a JPEG 2000 begins, 42 bytes before the depth of its first channel
WHITE = 2**16 - 1
WHITE_KNOWN = ('PNG', 'JPEG2000', 'PPM', 'SGI', 'TIFF')  # formats whose numbers of 16 bits reach from black to white
SAVE = 'which value is white is not known: save it with 8 bits per channel'

# Texts in a PNG can be larger than the megabyte that Pillow allows: it would skip the whole picture.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY


def bits_per_channel(image: Image.Image) -> int:
    """How many bits the file of an image has per channel, 8 if it is fewer; the image is opened and not yet loaded."""
    if image.format == 'TIFF':
        return max(8, *image.tag_v2.get(BITS, (8,)))
    if image.format == 'JPEG2000':
        image.fp.seek(0)
        _, found, after = image.fp.read().partition(SIZE)
        return max(8, (after[38] & 0x7F) + 1) if found else 8
    for codec, _, _, settings in image.tile:
        maximum = settings[1] if image.format == 'PPM' and codec.startswith('ppm') else 0
        if maximum > 255 or codec == 'SGI16' or re.search(r"'(I|LA?|RGBA?);16", repr(settings)):
            return 16
    return 8


def eight_bits(image: Image.Image, bits: int) -> Image.Image:
    """A loaded Pillow image of any mode, from a file with this many bits per channel, with 8 of them.

    ValueError: which value is white is not known, so that it could come out black, or white: floats, 32 bits, signed
    numbers, and what uses 14 or fewer of 16 bits, as cameras and microscopes write.
    """
    transparent = image.info.get('transparency')
    if image.mode == 'F' or image.mode.startswith('I'):
        return _gray(image, bits, transparent)
    if bits > 8:  # Pillow gives the upper 8, of a PPM the nearest: of 14 bits 64 at most
        highs = zip(image.getbands(), np.ravel(image.getextrema())[1::2], strict=True)
        highest = max(high for band, high in highs if band not in 'Aa')
        if highest <= 64 and (highest or not image.has_transparency_data):
            raise ValueError(f'its {bits} bits per channel use 14 or fewer, and {SAVE}')
        if isinstance(transparent, tuple):
            image.info['transparency'] = tuple(value >> 8 for value in transparent)
    return image


def _gray(image, bits, transparent):
    """An image of numbers that convert() would clip as mode 'L', with white instead of the transparent value."""
    values = np.asarray(image)
    opaque = values != transparent if isinstance(transparent, int) else np.ones(values.shape, bool)
    seen = values[opaque] if opaque.any() else np.zeros(1)
    tags = getattr(image, 'tag_v2', {})
    known = image.format in WHITE_KNOWN and image.mode != 'F' and seen.min() >= 0 and seen.max() <= WHITE
    if tags:
        known = known and bits == 16 and tags.get(PHOTOMETRIC, 1) == 1 and tags.get(SAMPLE_FORMAT, (1,)) == (1,)
    # Of 16 bits all are used, or it was made from 8 bits, of which 255 became 65535.
    if not known or (seen.max() <= WHITE // 4 and (seen % 257).any()):
        raise ValueError(f'its values reach {seen.max():g}, and {SAVE}')
    levels = np.floor(values * (255 / WHITE) + 0.5).astype(np.uint8)
    return Image.fromarray(np.where(opaque, levels, np.uint8(255)))


@contextmanager
def silent_libraries(image: Image.Image, one_thread_at_a_time: Lock = Lock()) -> Iterator[None]:  # noqa: B008
    """Nothing of what libtiff prints to standard error about a TIFF meanwhile; an error is still an exception."""
    if image.format != 'TIFF':
        yield
        return
    with one_thread_at_a_time, open(os.devnull, 'wb') as nothing:
        try:
            kept = os.dup(2)
        except OSError:  # there is no standard error
            yield
            return
        try:
            os.dup2(nothing.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
