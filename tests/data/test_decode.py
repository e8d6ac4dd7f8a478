"""Pictures with more than 8 bits per channel: the same levels, or an error, but never black or white by accident."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

import helper

RAMP = np.linspace(0, 1, 1600).reshape(40, 40)
UNKNOWN = r'which value is white is not known: save it with 8 bits per channel'


def saved(pixels, kind='TIFF'):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def tiff(bits, data, sample_format=1, photometric=1, samples=1):
    """A TIFF written by hand (TIFF 6.0)."""
    tags = {256: 40, 257: 40, 258: bits, 259: 1, 262: photometric, 273: 0, 277: samples, 278: 40, 279: len(data)}
    tags |= {339: sample_format}
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    entries = b''.join(struct.pack('<HHII', tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b'II*\0' + struct.pack('<IH', 8, len(tags)) + entries + bytes(4) + data


def levels(content, mode='L'):
    return helper.get_image(io.BytesIO(content), 40, 40, mode)


@pytest.mark.parametrize('kind', ['TIFF', 'PNG', 'PPM'])
def test_16_bits_become_the_nearest_of_256_levels(kind):
    values = np.rint(RAMP * 65535).astype(np.uint16)
    np.testing.assert_array_equal(levels(saved(values, kind))[..., 0], np.floor(values / 257 + 0.5))


def test_dark_pictures_of_8_bits_and_dark_pngs_of_16_bits_stay_dark_and_black_ones_black():
    for pixels, kind in ((np.uint8(RAMP * 9), 'TIFF'), (np.uint16(RAMP * 9 * 257), 'PNG')):
        assert levels(saved(pixels, kind)).max() == 9
    assert levels(saved(np.zeros((40, 40), np.uint16))).max() == 0


@pytest.mark.parametrize(
    'content',
    [
        saved(RAMP.astype(np.float32)),
        saved((RAMP - 0.5).astype(np.float32)),
        saved(np.where(RAMP < 0.5, RAMP, np.nan).astype(np.float32)),
        saved(np.rint(RAMP * 255).astype(np.int32)),
        saved(np.rint(RAMP * 4095).astype(np.uint16)),
        tiff(16, np.rint(RAMP * 32767).astype('<i2').tobytes(), sample_format=2),
        tiff(16, np.rint(RAMP * 65535).astype('<u2').tobytes(), photometric=0),
        tiff(32, np.rint(RAMP * 65535).astype('<u4').tobytes()),
    ],
    ids=['float', 'negative', 'NaN', '32 bits', '12 of 16 bits', 'signed', 'white is zero', 'unsigned 32 bits'],
)
def test_a_tiff_whose_white_is_not_known_is_refused_and_not_made_black(content):
    with pytest.raises(ValueError, match=UNKNOWN):
        levels(content, 'RGB')


def test_three_channels_of_16_bits_of_which_12_are_used_are_refused():
    def colors(used):
        values = np.repeat(np.rint(RAMP * (2**used - 1)).astype('<u2').reshape(-1, 1), 3, axis=1)
        return tiff(16, values.tobytes(), photometric=2, samples=3)

    assert levels(colors(16), 'RGB').max() == 255
    with pytest.raises(ValueError, match='its 16 bits per channel use 12 or fewer: save it with 8 bits'):
        levels(colors(12), 'RGB')
