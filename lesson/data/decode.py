"""Pictures with more than 8 bits per channel -> 8 bits, where it is known which value is white."""

import numpy as np
from PIL import Image

BITS, PHOTOMETRIC, WHITE, SAMPLE_FORMAT = 258, 262, 281, 339  # TIFF 6.0, sections 4 and 19
SIGNED = 2


def eight_bits(image):
    """A loaded Pillow image of any mode; with 16 or 32 bits per pixel, which convert() would clip, as mode 'L'.

    ValueError: its range is not known, so that it could come out black, or white.
    """
    tags = getattr(image, 'tag_v2', {})
    if image.mode != 'F' and not image.mode.startswith('I'):
        highest = image.getextrema() if image.mode == 'RGB' and max(tags.get(BITS, (8,))) == 16 else ()
        if highest and 0 < max(high for _, high in highest) < 16:
            raise ValueError('its 16 bits per channel use 12 or fewer: save it with 8')
        return image
    white = _white(image, tags)
    levels = np.asarray(image).astype(np.float64) * (255 / white)
    if tags.get(PHOTOMETRIC) == 0:  # white is zero
        levels = 255 - levels
    return Image.fromarray(np.floor(levels + 0.5).clip(0, 255).astype(np.uint8))


def _white(image, tags):
    """The value of white: from the file, or, for floats and 32 bits, the usual one if the values leave no doubt."""
    low, high = (limit(np.asarray(image)) for limit in (np.min, np.max))  # NaN, if there is one
    bits = max(tags.get(BITS, (16,)))
    if not low >= 0 or not np.isfinite(high):
        raise ValueError(f'its values run from {low:g} to {high:g}: {_SAVE}')
    if tags.get(WHITE, (0,))[0] >= max(high, 1):
        return tags[WHITE][0]
    if bits < 16:
        return 2**bits - 1
    if image.mode.startswith('I;') or bits == 16:
        white = 2**15 - 1 if tags.get(SAMPLE_FORMAT) == (SIGNED,) else 2**16 - 1
        if not tags or high == 0 or high > white // 4:  # cameras and microscopes put 10 to 14 bits into 16
            return white
    elif high <= 1 and image.mode == 'F':
        return 1
    elif high <= 255:
        return 255
    elif 2**15 <= high < 2**16:
        return 2**16 - 1
    raise ValueError(f'its values reach {high:g}, and which value is white is not known: {_SAVE}')


_SAVE = 'save it with 8 bits per channel'
