"""Pictures with more than 8 bits per channel -> 8 bits, where it is known which value is white."""

import numpy as np
from PIL import Image

BITS, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339  # TIFF 6.0, sections 4 and 19
WHITE = 2**16 - 1
SAVE = 'save it with 8 bits per channel'


def eight_bits(image: Image.Image) -> Image.Image:
    """A loaded Pillow image of any mode; with 16 bits per pixel, which convert() would clip, as mode 'L'.

    ValueError: which value is white is not known, so that it could come out black, or white: floats, 32 bits, signed
    numbers, and a TIFF that uses 14 or fewer of 16 bits, as cameras and microscopes write.
    """
    tags = getattr(image, 'tag_v2', {})
    bits = max(tags.get(BITS, (8,)))
    if image.mode != 'F' and not image.mode.startswith('I'):
        # Of a TIFF with three channels Pillow gives the upper 8 of 16 bits.
        if image.mode == 'RGB' and bits == 16 and 0 < max(high for _, high in image.getextrema()) < 16:
            raise ValueError(f'its 16 bits per channel use 12 or fewer: {SAVE}')
        return image
    values = np.asarray(image)
    known = image.mode != 'F' and values.min() >= 0 and values.max() <= WHITE
    if tags:
        known = known and bits == 16 and tags.get(PHOTOMETRIC, 1) == 1 and tags.get(SAMPLE_FORMAT, (1,)) == (1,)
        known = known and (values.max() == 0 or values.max() > WHITE // 4)
    if not known:
        raise ValueError(f'its values reach {values.max():g}, and which value is white is not known: {SAVE}')
    return Image.fromarray(np.floor(values * (255 / WHITE) + 0.5).astype(np.uint8))
