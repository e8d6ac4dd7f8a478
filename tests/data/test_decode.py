"""Pictures with more than 8 bits per channel: the same levels, or an error, but never black or white by accident."""

import io
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from PIL import Image

import helper

RAMP = np.linspace(0, 1, 1600).reshape(40, 40)
UNKNOWN = r'which value is white is not known: save it with 8 bits per channel'
RAMPS = {used: np.rint(RAMP * (2**used - 1)).astype(np.uint16) for used in range(8, 17)}


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
    np.testing.assert_array_equal(levels(saved(RAMPS[16], kind))[..., 0], np.floor(RAMPS[16] / 257 + 0.5))


def test_dark_pictures_of_8_bits_and_of_16_made_from_8_stay_dark_and_black_ones_black():
    for pixels, kind in ((np.uint8(RAMP * 9), 'TIFF'), (np.uint16(RAMP * 9) * 257, 'PNG')):
        assert levels(saved(pixels, kind)).max() == 9
    assert levels(saved(np.zeros((40, 40), np.uint16))).max() == 0


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(values, transparent=None, more=b''):
    """A PNG of 16 bits [40, 40, channels], written by hand (PNG specification, third edition)."""
    color = {1: 0, 2: 4, 3: 2, 4: 6}[values.shape[2]]
    rows = b''.join(b'\0' + row.astype('>u2').tobytes() for row in values)
    keyed = chunk(b'tRNS', struct.pack(f'>{len(transparent)}H', *transparent)) if transparent else b''
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', 40, 40, 16, color, 0, 0, 0))
    return b'\x89PNG\r\n\x1a\n' + header + more + keyed + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')


def ppm(values):
    return b'P6 40 40 65535 ' + values.astype('>u2').tobytes()


def sgi(values):
    """An SGI image of 16 bits, without compression."""
    header = struct.pack('>hBBHHHH', 474, 0, 2, 3, 40, 40, values.shape[2])
    return header.ljust(512, b'\0') + values[::-1].transpose(2, 0, 1).astype('>u2').tobytes()


def color_tiff(values):
    return tiff(16, values.astype('<u2').tobytes(), photometric=2, samples=3)


def fits(values, bits):
    cards = f'SIMPLE  = T|BITPIX  = {bits}|NAXIS   = 2|NAXIS1  = 40|NAXIS2  = 40|END'.split('|')
    return ''.join(card.ljust(80) for card in cards).ljust(2880).encode() + values.tobytes()


def jpeg_2000(values):
    """16 bits per channel; Pillow writes gray ones."""
    file = io.BytesIO()
    Image.fromarray(values).save(file, 'JPEG2000', irreversible=False)
    return file.getvalue()


def in_color(write, values):
    return write(np.repeat(values[..., None], 3, axis=2))


@pytest.mark.parametrize('used', [8, 10, 12, 13, 14, 16])
@pytest.mark.parametrize(
    'write',
    [
        *(partial(saved, kind=kind) for kind in ('TIFF', 'PNG', 'PPM')),
        jpeg_2000,
        *(partial(in_color, write) for write in (png, ppm, sgi, color_tiff)),
    ],
)
def test_pictures_of_16_bits_of_which_14_or_fewer_are_used_are_refused_in_every_format(write, used):
    content = write(RAMPS[used])
    if used == 16:
        np.testing.assert_allclose(levels(content, 'RGB')[..., 1], RAMPS[16] / 257, atol=1)
    else:
        with pytest.raises(ValueError, match=UNKNOWN):
            levels(content, 'RGB')


UNKNOWN_WHITE = {
    'TIFF of floats': saved(RAMP.astype(np.float32)),
    'negative': saved((RAMP - 0.5).astype(np.float32)),
    'NaN': saved(np.where(RAMP < 0.5, RAMP, np.nan).astype(np.float32)),
    '32 bits': saved(np.rint(RAMP * 255).astype(np.int32)),
    'signed': tiff(16, np.rint(RAMP * 32767).astype('<i2').tobytes(), sample_format=2),
    'white is zero': tiff(16, np.rint(RAMP * 65535).astype('<u2').tobytes(), photometric=0),
    'unsigned 32 bits': tiff(32, np.rint(RAMP * 65535).astype('<u4').tobytes()),
    'PFM to 1': b'Pf\n40 40\n-1.0\n' + RAMP.astype('<f4').tobytes(),
    'PFM to 255': b'Pf\n40 40\n255.0\n' + (RAMP * 255).astype('>f4').tobytes(),
    'FITS': fits(RAMP.astype('>f4'), -32),
    'FITS of doubles': fits(RAMP.astype('>f8'), -64),
    'FITS of 12 bits': fits(RAMPS[12].astype('>i2'), 16),
    'FITS with signs': fits((RAMP * 60000 - 30000).astype('>i2'), 16),
}


@pytest.mark.parametrize('content', UNKNOWN_WHITE.values(), ids=UNKNOWN_WHITE)
def test_a_picture_whose_white_is_not_known_is_refused_and_not_made_black(content):
    with pytest.raises(ValueError, match=UNKNOWN):
        levels(content, 'RGB')


def test_a_jpeg_2000_of_8_bits_stays_dark_and_one_of_12_is_scaled():
    file = io.BytesIO()
    Image.fromarray(np.full((40, 40, 3), 9, np.uint8)).save(file, 'JPEG2000')
    assert levels(file.getvalue(), 'RGB').max() == 9
    twelve = bytearray(jpeg_2000(RAMPS[12]))
    depth = twelve.index(b'\xff\x4f\xff\x51') + 42
    assert twelve[depth] == 15
    with pytest.raises(ValueError, match=UNKNOWN):
        levels(bytes(twelve))


@pytest.mark.parametrize('transparent', [0, 40000, 65535])
def test_16_bit_gray_with_a_transparent_color_is_laid_over_white_and_dark_if_its_other_values_are(transparent):
    values = np.full((40, 40, 1), 30000, np.uint16)
    values[:20] = transparent
    shown = levels(png(values, (transparent,)))[..., 0]
    assert (shown[:20] == 255).all() and (shown[20:] == 117).all()
    assert (levels(png(values[:1].repeat(40, 0), (transparent,))) == 255).all()
    values[20:] = 4095
    with pytest.raises(ValueError, match=UNKNOWN):
        levels(png(values, (transparent,)))


def test_16_bit_colors_with_a_transparent_one_or_with_alpha_are_laid_over_white():
    values = np.full((40, 40, 3), 30000, np.uint16)
    values[:20] = 1000, 50000, 7000
    shown = levels(png(values, (1000, 50000, 7000)), 'RGB')
    assert (shown[:20] == 255).all() and (shown[20:] == 117).all()
    drawing = np.zeros((40, 40, 4), np.uint16)
    drawing[:20, :, 3] = 65535  # black on nothing
    shown = levels(png(drawing), 'RGB')
    assert (shown[:20] == 0).all() and (shown[20:] == 255).all()


@pytest.mark.parametrize('kind', ['zTXt', 'tEXt', 'iTXt', 'iCCP'])
def test_a_png_with_megabytes_of_text_or_of_a_color_profile_is_read(kind):
    packed, plain = zlib.compress(bytes(3_000_000)), b'x' * 3_000_000
    data = {
        'zTXt': b'a\0\0' + packed,
        'tEXt': b'a\0' + plain,
        'iTXt': b'a\0\1\0\0\0' + packed,
        'iCCP': b'a\0\0' + packed,
    }
    content = png(RAMPS[16][..., None], more=chunk(kind.encode(), data[kind]))
    assert np.ptp(levels(content)) == 255


def test_what_libtiff_prints_is_not_seen_and_a_damaged_tiff_is_an_error(capfd):
    file = io.BytesIO()
    Image.fromarray(np.uint8(RAMP * 255)).save(file, 'TIFF', compression='tiff_lzw')
    content = bytearray(file.getvalue())
    offset = 8 + content[8:].index(b'\x80')
    content[offset : offset + 50] = bytes(range(50, 100))

    def damaged(_):
        with pytest.raises(OSError):
            levels(bytes(content))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(damaged, range(40)))
    assert capfd.readouterr() == ('', '')
    os.write(2, b'of others')
    assert capfd.readouterr().err == 'of others'
