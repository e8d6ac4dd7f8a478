"""helper.py against real files and Pillow called by hand (test_download.py: the downloads)."""

import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import helper
from tests.builders import all_files, by_hand, cache_of, colours, digits, idx, write_faces, write_mnist, zip_up
from tests.conftest import no_file_longer_than

ROOT = Path(helper.__file__).parent


# ---------------------------------------------------------------------------------------------- MNIST


@pytest.mark.parametrize('place', ['mnist/train-images-idx3-ubyte', 'train-images-idx3-ubyte'])
@pytest.mark.parametrize('suffix', ['', '.gz'])
def test_mnist_is_read_packed_or_not_from_either_place(tmp_path, capsys, place, suffix):
    images = digits(7)
    path = tmp_path / (place + suffix)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(idx(images)) if suffix else idx(images))
    dataset = helper.open_dataset('mnist', tmp_path)
    np.testing.assert_array_equal(dataset.images, images)
    assert isinstance(dataset.images, np.memmap)
    assert dataset.images.dtype == np.uint8
    assert (dataset.shape, dataset.image_mode, dataset.title) == ((7, 28, 28, 1), 'L', 'unknown IDX images')
    assert f'Using unknown IDX images, not MNIST: 7 images from {path}' in capsys.readouterr().out


@pytest.mark.parametrize(
    'content, message',
    [
        (gzip.compress(idx(digits(5), magic=0x801)), 'magic number is 0x00000801'),
        (gzip.compress(idx(digits(5), count=6)), '6 images take 4,720 bytes, it has 3,936'),
        (gzip.compress(idx(digits(5)) + b'x'), '5 images take 3,936 bytes, it has 3,937'),
        (gzip.compress(idx(digits(0))), 'it is empty'),
        (gzip.compress(idx(np.zeros((5, 32, 32), np.uint8))), '32x32, not 28x28'),
        (gzip.compress(idx(digits(5)))[:-100], 'damaged'),
        (b'\x1f\x8b and then anything', 'damaged'),
        (b'anything', 'magic number'),
        (b'', 'magic number'),
        (b'<html>', 'HTML page'),
    ],
    ids=lambda value: value if isinstance(value, str) else 'content',
)
def test_a_wrong_idx_file_is_named_with_what_is_wrong(tmp_path, content, message):
    path = write_mnist(tmp_path, content)
    with pytest.raises(ValueError, match=message) as error:
        helper.open_dataset('mnist', tmp_path)
    assert str(path) in str(error.value)
    assert 'fetch it again' in str(error.value)
    assert all_files(tmp_path) == ['mnist/train-images-idx3-ubyte.gz']


# --------------------------------------------------------------------------------------------- CelebA


def test_faces_equal_pillow_called_by_hand_to_the_last_bit(tmp_path):
    files = write_faces(tmp_path / 'folder' / 'img_align_celeba', 70)
    (tmp_path / 'zip').mkdir()
    zip_up(files, tmp_path / 'zip' / 'img_align_celeba.zip')
    expected = np.stack([by_hand(file) for file in files])
    for place in ('folder', 'zip'):
        dataset = helper.open_dataset('celeba', tmp_path / place)
        np.testing.assert_array_equal(dataset.images, expected)
        assert (dataset.image_mode, dataset.title) == ('RGB', 'CelebA')
    np.testing.assert_array_equal(helper.get_batch(files, 28, 28, 'RGB', 108), expected)
    assert len(all_files(tmp_path / 'zip')) == 2  # the zip and its cache: nothing is unpacked


def test_one_broken_face_in_a_hundred_is_skipped_and_more_are_an_error(tmp_path, capsys):
    files = write_faces(tmp_path / 'img_align_celeba', 200)
    for file in files[5:7]:
        file.write_bytes(file.read_bytes()[:300])
    dataset = helper.open_dataset('celeba', tmp_path)
    assert dataset.shape == (198, 28, 28, 3)
    np.testing.assert_array_equal(dataset.images[5], helper.get_image(files[7], 28, 28, 'RGB', 108))
    printed = capsys.readouterr().out
    assert printed.startswith('Skipped 2 of 200 pictures')
    assert '000006.jpg' in printed and '000007.jpg' in printed

    files[7].write_bytes(b'')
    with pytest.raises(ValueError, match=r'3 of 200 pictures in .*img_align_celeba cannot be read'):
        helper.open_dataset('celeba', tmp_path)


def test_a_damaged_member_of_a_zip_is_skipped(tmp_path, capsys):
    path = zip_up(write_faces(tmp_path / 'faces', 120), tmp_path / 'celeba.zip')
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo('img_align_celeba/000050.jpg').header_offset + 300
    content = bytearray(path.read_bytes())
    content[offset : offset + 50] = bytes(50)
    path.write_bytes(content)
    assert helper.open_dataset('celeba', tmp_path).shape == (119, 28, 28, 3)
    assert '000050.jpg' in capsys.readouterr().out


@pytest.mark.parametrize(
    'content, message',
    [(b'<!DOCTYPE html>', 'HTML page, not a zip'), (b'PK\x03\x04 cut off', 'not a readable zip')],
)
def test_a_file_that_is_no_zip_is_named(tmp_path, content, message):
    (tmp_path / 'img_align_celeba.zip').write_bytes(content)
    with pytest.raises(ValueError, match=rf'img_align_celeba\.zip is .*{message}'):
        helper.open_dataset('celeba', tmp_path)


def test_a_missing_folder_says_what_to_put_where(tmp_path):
    expected = rf"'cats': neither {tmp_path / 'cats'} nor cats is a folder\..*put your pictures into it"
    with pytest.raises(FileNotFoundError, match=expected):
        helper.open_dataset('cats', tmp_path)


# --------------------------------------------------------------------------------------- own pictures


def grey_jpeg(path):
    colours().convert('L').save(path, 'JPEG')
    return np.stack([np.asarray(Image.open(path))] * 3, axis=-1)


def a_jpeg_that_is_called_png(path):
    colours().save(path, 'JPEG')
    return np.asarray(Image.open(path))


def palette(path):
    image = colours().quantize(16)
    image.save(path, 'PNG')
    return np.array(image.getpalette()).reshape(-1, 3)[np.asarray(image)]


def palette_with_a_transparent_colour(path):
    image = colours().quantize(16)
    image.save(path, 'PNG', transparency=3)
    pixels = np.array(image.getpalette()).reshape(-1, 3)[np.asarray(image)]
    assert (np.asarray(image) == 3).any()
    return np.where(np.asarray(image)[..., None] == 3, 255, pixels)


def alpha(path):
    image = colours()
    mask = np.tile(np.repeat(np.uint8([0, 255]), 20), (40, 1))
    image.putalpha(Image.fromarray(mask))
    image.save(path, 'PNG')
    return np.where(mask[..., None] == 0, 255, np.asarray(colours()))


def half_alpha_grey(path):
    Image.merge('LA', [Image.new('L', (40, 40), 55), Image.new('L', (40, 40), 51)]).save(path, 'PNG')
    return np.full((40, 40, 3), 215)  # 0.2 * 55 + 0.8 * 255


def cmyk(path):
    colours().convert('CMYK').save(path, 'JPEG', quality=100)
    c, m, y, k = np.moveaxis(255 - np.asarray(Image.open(path)).astype(float), -1, 0)
    return np.rint(np.stack([c * k, m * k, y * k], axis=-1) / 255)


def sixteen_bits(path):
    values = np.linspace(0, 65535, 1600).reshape(40, 40).astype(np.uint16)
    Image.fromarray(values).save(path, 'PNG')
    return np.stack([np.rint(values / 257)] * 3, axis=-1)


def one_bit(path):
    image = colours().convert('1')
    image.save(path, 'PNG')
    return np.stack([np.asarray(image) * 255] * 3, axis=-1)


def turned_by_exif(path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise by a quarter
    colours().save(path, 'JPEG', exif=exif)
    return np.rot90(np.asarray(Image.open(path)), k=-1)


def animation(path):
    frames = [Image.new('RGB', (40, 40), colour) for colour in ('red', 'blue')]
    frames[0].save(path, 'GIF', save_all=True, append_images=frames[1:])
    return np.full((40, 40, 3), (255, 0, 0))


def wide(path):
    colours(40, 91).save(path, 'PNG')
    return np.asarray(colours(40, 91))[:, 25:65]


def tall(path):
    colours(60, 40).save(path, 'PNG')
    return np.asarray(colours(60, 40))[10:50]


KINDS = [
    grey_jpeg,
    a_jpeg_that_is_called_png,
    palette,
    palette_with_a_transparent_colour,
    alpha,
    half_alpha_grey,
    cmyk,
    sixteen_bits,
    one_bit,
    turned_by_exif,
    animation,
    wide,
    tall,
]


@pytest.mark.parametrize('write', KINDS)
def test_any_kind_of_picture_becomes_rgb(tmp_path, write):
    (tmp_path / 'own').mkdir()
    expected = Image.fromarray(write(tmp_path / 'own' / 'picture.png').astype(np.uint8))
    expected = np.asarray(expected.resize((28, 28), Image.Resampling.BILINEAR)).astype(int)
    image = helper.open_dataset('own', tmp_path).images[0]
    tolerance = 1 if write is cmyk else 0  # Pillow multiplies inks in whole numbers
    assert np.abs(image - expected).max() <= tolerance


def test_a_folder_is_read_with_its_sub_folders_and_without_hidden_files(tmp_path):
    own = tmp_path / 'data' / 'own'
    (own / 'deeper').mkdir(parents=True)
    (own / '.hidden').mkdir()
    for place, level in (
        ('b.png', 2),
        ('deeper/a.png', 3),
        ('a.png', 1),
        ('.c.png', 9),
        ('.hidden/d.png', 9),
    ):
        Image.new('RGB', (30, 30), (level, 0, 0)).save(own / place)
    for name, data_dir in (('own', own.parent), (own, 'elsewhere'), (str(own), own.parent)):
        dataset = helper.open_dataset(name, data_dir)
        assert dataset.images[:, 0, 0, 0].tolist() == [1, 2, 3]
        assert dataset.title == 'own'
        assert dataset.image_mode == 'RGB'
    assert len(list(own.parent.glob('own-28x28x3-*.npy'))) == 1


def test_unreadable_pictures_are_skipped_counted_and_ten_of_them_named(tmp_path, capsys, monkeypatch):
    own = tmp_path / 'own'
    own.mkdir()
    for i in range(40):
        Image.new('L', (30, 30), i).save(own / f'{i:02d}.png')
    Image.new('L', (50, 30)).save(own / 'huge.png')
    for i in range(11):
        (own / f'no-{i:02d}.jpg').write_text('no picture')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 1000)  # from there on Pillow only warns, up to twice as many
    dataset = helper.open_dataset('own', tmp_path)
    assert dataset.images[:, 0, 0, 0].tolist() == list(range(40))
    line, _ = capsys.readouterr().out.splitlines()
    assert line.startswith('Skipped 12 of 52 pictures')
    assert 'huge.png' in line and 'no-08.jpg' in line and 'no-09.jpg' not in line


def test_a_folder_without_a_picture_is_an_error(tmp_path):
    (tmp_path / 'own').mkdir()
    with pytest.raises(ValueError, match='own is an empty folder: put pictures'):
        helper.open_dataset('own', tmp_path)
    (tmp_path / 'own' / 'notes.txt').write_text('no picture')
    with pytest.raises(ValueError, match=r'own contains no pictures'):
        helper.open_dataset('own', tmp_path)
    assert all_files(tmp_path) == ['own/notes.txt']


def test_get_image_gives_the_asked_size_and_mode(tmp_path):
    colours(50, 70).save(tmp_path / 'picture.png')
    with open(tmp_path / 'picture.png', 'rb') as file:
        grey = helper.get_image(file, 20, 10, 'L')
    assert (grey.shape, grey.dtype) == ((10, 20, 1), np.uint8)
    assert helper.get_image(tmp_path / 'picture.png', 20, 10, 'RGB').shape == (10, 20, 3)
    with pytest.raises(ValueError, match='70x50, needs at least 60x60'):
        helper.get_image(tmp_path / 'picture.png', 20, 10, 'L', crop=60)


# ---------------------------------------------------------------------------------------------- cache


def test_the_second_time_only_the_cache_is_read(tmp_path):
    path = zip_up(write_faces(tmp_path / 'faces', 40), tmp_path / 'img_align_celeba.zip')
    first = np.array(helper.open_dataset('celeba', tmp_path).images)
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    written = cache_of(tmp_path).stat().st_mtime_ns
    np.testing.assert_array_equal(helper.open_dataset('celeba', tmp_path).images, first)
    assert cache_of(tmp_path).stat().st_mtime_ns == written
    np.testing.assert_array_equal(np.load(cache_of(tmp_path), allow_pickle=False), first)


def test_another_source_makes_another_cache_and_removes_the_old_one(tmp_path):
    own = tmp_path / 'own'
    own.mkdir()
    (tmp_path / 'own-28x28x3-notes.npy').write_text('not ours')
    Image.new('L', (30, 30), 1).save(own / 'a.png')
    assert helper.open_dataset('own', tmp_path).images[:, 0, 0, 0].tolist() == [1]
    old = next(tmp_path.glob('own-28x28x3-?*[0-9a-f].npy'))
    (tmp_path / f'{old.name}.0123abcd.part').write_text('of a killed process')
    Image.new('L', (30, 30), 2).save(own / 'b.png')
    assert helper.open_dataset('own', tmp_path).images[:, 0, 0, 0].tolist() == [1, 2]
    status = (own / 'b.png').stat()
    Image.new('L', (30, 30), 3).save(own / 'b.png')
    os.utime(own / 'b.png', ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert helper.open_dataset('own', tmp_path).images[:, 0, 0, 0].tolist() == [1, 3]
    assert len(list(tmp_path.glob('own-28x28x3-*'))) == 2
    assert (tmp_path / 'own-28x28x3-notes.npy').exists()


def save_npy(path, array):
    with open(path, 'wb') as file:
        np.save(file, array, allow_pickle=True)


@pytest.mark.parametrize(
    'damage',
    [
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes() + b'x'),
        lambda path: path.write_bytes(bytes(path.stat().st_size)),
        lambda path: path.write_bytes(b''),
        lambda path: save_npy(path, np.array([None])),
        lambda path: save_npy(path, np.zeros((9, 28, 28, 1), np.int8)),
        lambda path: save_npy(path, np.zeros((3, 28, 28, 3), np.uint8)),
    ],
    ids=['short', 'long', 'zeros', 'empty', 'pickle', 'dtype', 'channels'],
)
def test_a_damaged_cache_is_made_anew(tmp_path, damage):
    write_mnist(tmp_path, gzip.compress(idx(digits(9))))
    helper.open_dataset('mnist', tmp_path)
    whole = cache_of(tmp_path).read_bytes()
    damage(cache_of(tmp_path))
    np.testing.assert_array_equal(helper.open_dataset('mnist', tmp_path).images, digits(9))
    assert cache_of(tmp_path).read_bytes() == whole


def test_a_full_disk_ends_the_preparation_with_the_space_it_needs_and_leaves_nothing(tmp_path):
    write_faces(tmp_path / 'own', 100, (30, 30))
    threads = threading.active_count()
    with no_file_longer_than(100_000), pytest.raises(OSError) as error:
        helper.open_dataset('own', tmp_path)
    assert re.search(r'no space.*own-28x28.*470,400 bytes', str(error.value))
    assert threading.active_count() == threads  # nothing goes on in the background while the error is kept
    assert [path.name for path in tmp_path.iterdir()] == ['own']
    assert helper.open_dataset('own', tmp_path).shape == (100, 28, 28, 3)


def test_an_interrupted_preparation_leaves_nothing(tmp_path, monkeypatch):
    write_faces(tmp_path / 'own', 30, (30, 30))

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(helper, 'get_image', interrupted)
        helper.open_dataset('own', tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['own']


# -------------------------------------------------------------------------------------------- batches


@pytest.fixture
def dataset(tmp_path):
    write_mnist(tmp_path, gzip.compress(idx(digits(100))))
    return helper.open_dataset('mnist', tmp_path)


def test_batches_are_float32_by_the_formula_and_an_epoch_shows_every_image_once(dataset):
    batches = list(dataset.get_batches(20, seed=1))
    assert [batch.shape for batch in batches] == [(20, 28, 28, 1)] * 5
    assert {batch.dtype for batch in batches} == {np.dtype(np.float32)}
    shown = np.concatenate(batches)
    assert (shown.min(), shown.max()) == (-0.5, 0.5)
    number = {image.tobytes(): i for i, image in enumerate(digits(100))}
    order = [number[np.rint((image + 0.5) * 255).astype(np.uint8).tobytes()] for image in shown]
    assert sorted(order) == list(range(100)) != order
    np.testing.assert_allclose(shown, digits(100)[order] / 255 - 0.5, rtol=0, atol=1e-7)


def test_the_last_incomplete_batch_is_dropped(dataset):
    for count, size in ((100, 30), (99, 50)):  # ten, and all but one of a batch are left over
        batches = helper.Dataset(dataset.images[:count], 'some').get_batches(size)
        assert [len(batch) for batch in batches] == [size] * (count // size)
    assert len(list(dataset.get_batches(100))) == 1


def test_a_seed_fixes_the_order_and_no_seed_means_a_fresh_one(dataset):
    def order(seed):
        return np.concatenate(list(dataset.get_batches(10, seed))).tobytes()

    assert order(3) == order(3)
    assert order([3, 1]) == order([3, 1])
    assert len({order(3), order(4), order([3, 1]), order(None), order(None)}) == 5


@pytest.mark.parametrize('size', [0, -1, 101])
def test_a_batch_size_that_does_not_fit_is_refused_at_once(dataset, size):
    with pytest.raises(ValueError, match=f'batch_size is {size}: there are 100 unknown IDX images, choose 1 to 100'):
        dataset.get_batches(size)


# --------------------------------------------------------------------------------------- open_dataset


def test_local_takes_real_data_and_draws_nothing(tmp_path, capsys, monkeypatch):
    path = write_mnist(tmp_path, gzip.compress(idx(digits(12))))
    about = helper.DATA_SETS['mnist']._replace(images_md5=hashlib.md5(idx(digits(12))).hexdigest())
    monkeypatch.setitem(helper.DATA_SETS, 'mnist', about)
    assert helper.open_dataset('mnist', tmp_path).title == 'MNIST'
    assert capsys.readouterr().out == f'Using MNIST: 12 images from {path}\n'
    assert not (tmp_path / 'synthetic').exists()


@pytest.mark.parametrize(
    'name, title, file, channels',
    [
        ('mnist', 'synthetic digits', 'digits-24/train-images-idx3-ubyte.gz', 1),
        ('celeba', 'synthetic faces', 'faces-24/img_align_celeba.zip', 3),
    ],
)
def test_without_real_data_synthetic_data_are_drawn_once_and_named(tmp_path, capsys, name, title, file, channels):
    path = tmp_path / 'synthetic' / file
    dataset = helper.open_dataset(name, tmp_path, synthetic_count=24)
    assert (dataset.title, dataset.shape) == (title, (24, 28, 28, channels))
    printed = capsys.readouterr().out
    assert printed.count('\n') == 1
    assert title in printed and 'not ' + helper.DATA_SETS[name].title in printed
    assert f'24 images from {path}' in printed
    drawn = path.stat().st_mtime_ns
    helper.open_dataset(name, tmp_path, synthetic_count=24)
    assert path.stat().st_mtime_ns == drawn
    assert helper.open_dataset(name, tmp_path, synthetic_count=20).shape[0] == 20


def test_synthetic_data_are_drawn_on_demand_beside_real_data(tmp_path):
    write_mnist(tmp_path, gzip.compress(idx(digits(12))))
    dataset = helper.open_dataset('mnist', tmp_path, 'synthetic', synthetic_count=16)
    assert (dataset.title, len(dataset.images)) == ('synthetic digits', 16)


def test_damaged_real_data_is_an_error_and_not_replaced_by_synthetic_data(tmp_path):
    write_mnist(tmp_path, b'anything')
    with pytest.raises(ValueError, match='not an IDX file'):
        helper.open_dataset('mnist', tmp_path)


def test_a_folder_of_own_pictures_opens_and_a_missing_one_is_an_error(tmp_path, capsys):
    write_faces(tmp_path / 'own', 3)
    assert helper.open_dataset('own', tmp_path).shape == (3, 28, 28, 3)
    assert f'Using own: 3 images from {tmp_path / "own"}' in capsys.readouterr().out
    with pytest.raises(FileNotFoundError, match='cats'):
        helper.open_dataset('cats', tmp_path)


def test_another_source_is_refused_with_the_three_names(tmp_path):
    with pytest.raises(ValueError, match=r"'internet'.*'local', 'download' or 'synthetic'"):
        helper.open_dataset('mnist', tmp_path, 'internet')


# ----------------------------------------------------------------------------- scale, grid, progress


@pytest.mark.parametrize('low, high', [(-1, 1), (0, 1), (-3, 5)])
def test_scale_maps_a_fixed_range_whatever_the_images_hold(low, high):
    pixels = np.arange(60, 200, dtype=np.uint8)
    expected = pixels / 255 * (high - low) + low
    for images in (pixels, (pixels / 255 - 0.5).astype(np.float32), pixels / 255 - 0.5):
        scaled = helper.scale(images, (low, high))
        assert scaled.dtype == np.float32
        np.testing.assert_allclose(scaled, expected, atol=1e-6)
    ends = helper.scale(np.float32([-0.5, 0.5]), (low, high))
    assert ends.tolist() == [low, high]
    assert helper.scale(np.float32([-0.5, 0.5])).tolist() == [-1, 1]


def test_scale_refuses_other_types():
    with pytest.raises(TypeError, match='int64'):
        helper.scale(np.arange(3))


def test_the_grid_shows_every_image_in_its_cell():
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), np.uint8)
    grid = np.asarray(helper.images_square_grid(images, 'RGB'))
    assert grid.shape == (4 + 1 + 4, 6 + 1 + 6 + 1 + 6, 3)
    for i, image in enumerate(images):
        row, column = divmod(i, 3)
        cell = grid[row * 5 : row * 5 + 4, column * 7 : column * 7 + 6]
        np.testing.assert_array_equal(cell, image)
        cell_mask = np.s_[row * 5 : row * 5 + 4, column * 7 : column * 7 + 6]
        grid = grid.copy()
        grid[cell_mask] = 128
    assert (grid == 128).all()  # the gaps and the cell left over


def test_the_grid_clips_to_a_fixed_range_and_rounds():
    values = np.array([-9, -1, -0.5, 0, 0.002, 0.5, 1, 9], np.float32).reshape(8, 1, 1, 1)
    row = np.asarray(helper.images_square_grid(values, 'L', columns=8))
    assert row.tolist() == [[0, 128, 0, 128, 64, 128, 128, 128, 128, 128, 191, 128, 255, 128, 255]]
    unit = helper.images_square_grid(np.float32([0, 0.2, 1]).reshape(3, 1, 1, 1), 'L', (0, 1), columns=3)
    assert np.asarray(unit)[0, ::2].tolist() == [0, 51, 255]


@pytest.mark.parametrize(
    'shape, mode',
    [
        ((28, 28, 3), 'RGB'),
        ((2, 28, 28), 'L'),
        ((2, 28, 28, 1), 'RGB'),
        ((2, 28, 28, 3), 'L'),
        ((0, 28, 28, 1), 'L'),
    ],
)
def test_the_grid_refuses_a_shape_that_does_not_fit_the_mode(shape, mode):
    with pytest.raises(ValueError, match=re.escape(str(shape))):
        helper.images_square_grid(np.zeros(shape, np.uint8), mode)


def test_the_grid_refuses_an_unknown_mode():
    with pytest.raises(ValueError, match='CMYK'):
        helper.images_square_grid(np.zeros((1, 2, 2, 4), np.uint8), 'CMYK')


def test_a_bar_in_a_notebook_is_one_plain_text_output_with_its_last_state():
    nbclient = pytest.importorskip('nbclient')
    from nbformat import v4

    source = (
        'import helper\n'
        'for i in helper.progress(range(3), desc="first", mininterval=0):\n'
        '    pass\n'
        'with helper.progress(total=7, desc="second") as bar:\n'
        '    bar.update(7)\n'
        '    bar.set_postfix(loss="1.0")'
    )
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source)])
    nbclient.NotebookClient(notebook, timeout=60, resources={'metadata': {'path': str(ROOT)}}).execute()
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs] == ['display_data', 'display_data']
    assert [list(output.data) for output in outputs] == [['text/plain'], ['text/plain']]
    first, second = (output.data['text/plain'] for output in outputs)
    assert 'first: 100%' in first and '3/3' in first
    assert 'second: 100%' in second and '7/7' in second and 'loss=1.0' in second


def test_a_bar_outside_a_notebook_is_on_standard_error(capsys):
    assert list(helper.progress([1, 2], desc='bar')) == [1, 2]
    captured = capsys.readouterr()
    assert captured.out == '' and '2/2' in captured.err


def test_importing_helper_is_quick_and_leaves_tensorflow_alone():
    code = (
        'import sys, time\n'
        'start = time.process_time()\n'  # of this process alone: others may use the processor
        'import helper\n'
        'print(time.process_time() - start)\n'
        'print([name for name in ("tensorflow", "requests", "matplotlib", "IPython") if name in sys.modules])'
    )
    runs = [
        subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert all(run.stdout.splitlines()[1] == '[]' for run in runs)
    assert min(float(run.stdout.splitlines()[0]) for run in runs) < 0.5


def test_a_picture_is_the_image_enlarged_below_its_title():
    pixels = np.random.default_rng(0).integers(0, 256, (28, 280, 3), dtype=np.uint8)
    picture = helper.picture(Image.fromarray(pixels), 'ten faces')
    shown = np.asarray(Image.open(io.BytesIO(picture.data)))
    expected = pixels.repeat(2, 0).repeat(2, 1).astype(int)
    assert np.abs(shown[20:, :560] - expected).max() <= 2  # its levels are rounded, which nobody sees
    assert set(np.unique(shown)) <= {*range(0, 256, 5)}
    assert shown[:20].min() < 100 and shown[:20].max() == 255  # dark letters on white
    assert picture.alt == 'ten faces'
    for size, enlarged in ((28, 196), (66, 198), (67, 134), (300, 600)):
        data = helper.picture(Image.new('L', (size, size)), 'x').data
        assert Image.open(io.BytesIO(data)).size == (enlarged, enlarged + 20)
