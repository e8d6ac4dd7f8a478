"""helper.py: pictures by Pillow called by hand, batches by the formula, and which data a call opens."""

import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import helper
from lesson.data.known_sets import Labels
from tests.builders import colors, digits, idx, write_faces, write_mnist
from tests.conftest import remount
from tests.data.server import Server

ROOT = Path(helper.__file__).parent
PLACE = 'mnist/train-images-idx3-ubyte.gz'
NAME = 'train-labels-idx1-ubyte.gz'


def kinds():
    """Yield (name, image, format, options, expected pixels; None: those that Pillow reads) of kinds of pictures."""
    image, pixels = colors(), np.asarray(colors())
    palette = image.quantize(16)
    chosen = np.asarray(palette)
    in_palette = np.array(palette.getpalette()).reshape(-1, 3)[chosen]
    mask = np.tile(np.repeat(np.uint8([0, 255]), 20), (40, 1))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise by a quarter
    half = Image.merge('LA', [Image.new('L', (40, 40), 55), Image.new('L', (40, 40), 51)])
    red, blue = (Image.new('RGB', (40, 40), color) for color in ('red', 'blue'))
    yield 'gray', image.convert('L'), 'JPEG', {}, None
    yield 'one bit', image.convert('1'), 'PNG', {}, np.asarray(image.convert('1')) * 255
    yield 'palette', palette, 'PNG', {}, in_palette
    yield 'transparent color', palette, 'PNG', {'transparency': 3}, np.where(chosen[..., None] == 3, 255, in_palette)
    alpha = Image.merge('RGBA', [*image.split(), Image.fromarray(mask)])
    yield 'alpha', alpha, 'PNG', {}, np.where(mask[..., None] == 0, 255, pixels)
    yield 'half transparent', half, 'PNG', {}, np.full((40, 40), 215)  # 0.2 * 55 + 0.8 * 255
    yield 'CMYK', Image.new('CMYK', (40, 40), (0, 255, 255, 0)), 'TIFF', {}, np.asarray(red)
    yield 'turned', image, 'JPEG', {'exif': exif}, 'turned'
    yield 'damaged EXIF', image, 'JPEG', {'exif': b'Exif\0\0no TIFF file at all'}, None
    yield 'animated GIF', red, 'GIF', {'save_all': True, 'append_images': [blue]}, np.asarray(red)
    yield 'wide', colors(40, 91), 'PNG', {}, np.asarray(colors(40, 91))[:, 25:65]
    yield 'one pixel', Image.new('RGB', (1, 1), (7, 8, 9)), 'PNG', {}, np.full((40, 40, 3), (7, 8, 9))


@pytest.mark.parametrize(
    ('image', 'kind', 'options', 'expected'), [case[1:] for case in kinds()], ids=[case[0] for case in kinds()]
)
def test_any_kind_of_picture_becomes_rgb(image, kind, options, expected):
    file = io.BytesIO()
    image.save(file, kind, **options)
    if expected is None or isinstance(expected, str):
        expected = np.rot90(np.asarray(Image.open(file)), -1 if expected else 0)
    if expected.ndim == 2:
        expected = np.stack([expected] * 3, axis=-1)
    expected = Image.fromarray(expected.astype(np.uint8)).resize((28, 28), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(helper.get_image(file, 28, 28, 'RGB'), np.asarray(expected))


def test_get_image_gives_the_asked_size_and_mode_or_says_what_does_not_fit(tmp_path):
    path = tmp_path / 'picture.png'
    colors(50, 70).save(path)
    with open(path, 'rb') as file:
        gray = helper.get_image(file, 20, 10, 'L')
    assert (gray.shape, gray.dtype) == ((10, 20, 1), np.uint8)
    assert helper.get_image(path, 20, 10, 'RGB').shape == (10, 20, 3)
    for options, message in (
        ({'mode': 'L', 'crop': 60}, 'too small: 70x50, needs at least 60x60 pixels'),
        ({'mode': 'L', 'picture_size': (70, 70)}, 'it has 70x50 pixels, not 70x70'),
        ({'mode': 'CMYK'}, "mode is 'CMYK': choose 'L' or 'RGB'"),
    ):
        with pytest.raises(ValueError, match=message):
            helper.get_image(path, 20, 10, **options)
    with pytest.raises(ValueError, match=r'there are no image files.*pattern fits no file'):
        helper.get_batch([], 28, 28, 'L')


def test_a_folder_of_ones_own_is_opened_by_name_or_path(tmp_path, capsys):
    write_faces(tmp_path / 'own', 3)
    for name, data_dir in (('own', tmp_path), (tmp_path / 'own', 'elsewhere'), (str(tmp_path / 'own'), tmp_path)):
        dataset = helper.open_dataset(name, data_dir)
        assert (dataset.title, dataset.image_mode, dataset.shape) == ('own', 'RGB', (3, 28, 28, 3))
        assert f'Using own: 3 images from {tmp_path / "own"}\n' in capsys.readouterr().out
    (tmp_path / 'own').rename(tmp_path / '2024')
    assert len(helper.open_dataset(2024, tmp_path).images) == 3
    (tmp_path / 'file').write_text('a file')
    for name in ('cats', 'file'):
        expected = rf"'{name}': neither {tmp_path / name} nor {name} is a folder\..*put your pictures into it"
        with pytest.raises(FileNotFoundError, match=expected):
            helper.open_dataset(name, tmp_path)
    for name in ('x' * 300, 'a/' * 3000, 'a\0b'):
        with pytest.raises(FileNotFoundError, match='no folder of pictures'):
            helper.open_dataset(name, tmp_path)


@pytest.mark.parametrize('kind', ['webp', 'jpg', 'png'])
def test_a_folder_of_gray_pictures_is_gray_unless_one_is_not_or_another_mode_is_asked_for(tmp_path, kind):
    (tmp_path / 'own').mkdir()
    gray = colors().convert('L')
    gray.convert('RGB').save(tmp_path / 'own' / f'gray.{kind}', lossless=True, quality=100)
    dataset = helper.open_dataset('own', tmp_path)
    assert (dataset.shape, dataset.image_mode) == ((1, 28, 28, 1), 'L')
    expected = np.asarray(gray.resize((28, 28), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(dataset.images[0, ..., 0] - expected).max() <= 2
    assert helper.open_dataset('own', tmp_path, image_mode='RGB').shape == (1, 28, 28, 3)
    Image.new('RGB', (40, 40), (120, 126, 132)).save(tmp_path / 'own' / f'pale.{kind}')
    assert helper.open_dataset('own', tmp_path).image_mode == 'RGB'
    assert helper.open_dataset('own', tmp_path, image_mode='L').shape == (2, 28, 28, 1)


@pytest.mark.parametrize(
    ('name', 'options', 'message'),
    [
        ('own', {'image_mode': 'rgb'}, "image_mode is 'rgb': choose 'L' or 'RGB'"),
        ('mnist', {'image_mode': 'RGB'}, "image_mode is 'RGB': choose 'L'"),
        *(
            ('mnist', {what: number}, f'{what} is {number!r}: choose a whole number of at least 1')
            for what, number in (('image_size', 0), ('image_size', '2'), ('synthetic_count', 1.5), ('image_size', True))
        ),
        ('mnist', {'source': 'internet'}, r"'internet': choose 'auto', 'local', 'download' or 'synthetic'"),
        ('mnist', {'data_dir': '$NO_SUCH/data'}, r"^\$NO_SUCH in '\$NO_SUCH/data' is not set on this machine: write"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(tmp_path, monkeypatch, name, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        helper.open_dataset(name, **options)
    assert os.listdir(tmp_path) == []


def test_home_and_variables_in_paths_are_replaced(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setenv('DATA', str(tmp_path / 'data'))
    write_faces(tmp_path / 'data' / 'own', 1)
    for name, data_dir in (('own', '~/data'), ('own', '$DATA'), ('~/data/own', 'elsewhere')):
        assert len(helper.open_dataset(name, data_dir, cache_dir='${DATA}/cache').images) == 1
    assert len(list((tmp_path / 'data' / 'cache').iterdir())) == 1


@pytest.mark.parametrize('encoding', ['ascii', 'cp1252'])
def test_names_that_the_terminal_cannot_show_do_not_end_the_work(tmp_path, encoding):
    own = write_faces(tmp_path / 'größe 猫', 2)[0].parent
    (own / 'kaputt 🐈.png').write_bytes(b'x')
    (own / 'notes 猫').write_bytes(b'x')
    code = f"import helper; print(len(helper.open_dataset('größe 猫', {str(tmp_path)!r}).images))"
    environment = {**os.environ, 'PYTHONIOENCODING': encoding, 'PYTHONUTF8': '0'}
    command = [sys.executable, '-c', code]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    assert result.stdout.split()[-1] == b'2' and rb'kaputt \U0001f408.png' in result.stdout


@pytest.fixture
def mirror(monkeypatch):
    """A server, and the content of an 'mnist' with labels, whose addresses are on it."""
    server = Server()
    images, labels = idx(digits(50)), bytes([0, 0, 8, 1, 0, 0, 0, 50, *range(50)])
    content, packed = gzip.compress(images), gzip.compress(labels)
    about = helper.DATA_SETS['mnist']._replace(
        urls=(server.serve('/train-images-idx3-ubyte.gz', content),),
        md5=hashlib.md5(content).hexdigest(),
        size=len(content),
        images_md5=hashlib.md5(images).hexdigest(),
        labels=Labels(hashlib.md5(packed).hexdigest(), len(packed), hashlib.md5(labels).hexdigest()),
    )
    monkeypatch.setitem(helper.DATA_SETS, 'mnist', about)
    server.serve(f'/{NAME}', packed)
    yield server, content, packed
    server.close()


def test_a_download_brings_digits_and_labels_once_and_is_opened_as_what_it_is(mirror, tmp_path, capsys):
    server, content, _ = mirror
    for _ in range(2):
        dataset = helper.open_dataset('mnist', tmp_path, 'download')
        assert (dataset.title, dataset.labels.tolist()) == ('MNIST', list(range(50)))
        np.testing.assert_array_equal(dataset.images, digits(50))
    assert helper.download_extract('mnist', tmp_path) == tmp_path / PLACE
    assert (tmp_path / PLACE).read_bytes() == content
    assert server.gets() == [('/train-images-idx3-ubyte.gz', None), (f'/{NAME}', None)]
    assert capsys.readouterr().out.startswith(f'Fetching MNIST ({helper.DATA_SETS["mnist"].license})\n')
    assert helper.open_dataset('mnist', tmp_path).title == 'MNIST'
    assert capsys.readouterr().out == f'Using MNIST: 50 images from {tmp_path / PLACE}\n'
    assert not (tmp_path / 'synthetic').exists()


def test_auto_fetches_digits_that_are_missing_and_nothing_else(mirror, tmp_path, capsys):
    server, *_ = mirror
    for _ in range(2):
        assert helper.open_dataset('mnist', tmp_path, 'auto').title == 'MNIST'
    (tmp_path / PLACE).with_name(NAME).unlink()
    assert helper.open_dataset('mnist', tmp_path, 'auto').labels is None  # what is there is used as it is
    assert len(server.gets()) == 2
    assert helper.open_dataset('celeba', tmp_path, 'auto', synthetic_count=16).title == 'synthetic faces'
    assert len(server.gets()) == 2


def test_auto_without_a_network_says_so_in_a_sentence_and_draws_digits(mirror, tmp_path, capsys):
    server, *_ = mirror
    server.serve('/train-images-idx3-ubyte.gz', status=404)
    assert helper.open_dataset('mnist', tmp_path, 'auto', synthetic_count=16).title == 'synthetic digits'
    printed = capsys.readouterr().out
    assert 'MNIST cannot be downloaded: is there a network?\n' in printed and 'http' not in printed


def test_labels_that_cannot_be_had_are_done_without_and_asked_for_the_next_time(mirror, tmp_path, capsys):
    server, _, packed = mirror
    server.serve(f'/{NAME}', status=404)
    data = helper.open_dataset('mnist', tmp_path, 'download')
    assert (data.title, data.labels) == ('MNIST', None)
    assert 'The digits can be used without their labels' in capsys.readouterr().out
    server.serve(f'/{NAME}', packed)
    assert helper.open_dataset('mnist', tmp_path, 'download').labels.tolist() == list(range(50))


def test_a_download_that_fails_says_why_and_how_to_put_the_file_by_hand_and_synthetic_data_are_used(
    mirror, tmp_path, capsys
):
    server, content, _ = mirror
    url = server.serve('/train-images-idx3-ubyte.gz', status=404)
    dataset = helper.open_dataset('mnist', tmp_path, 'download', synthetic_count=16)
    printed = capsys.readouterr().out
    assert dataset.title == 'synthetic digits'
    assert url in printed and '404' in printed and 'Using synthetic digits, not MNIST: 16 images' in printed
    place = Path(re.search('put it at (.*) by hand', printed)[1])
    place.write_bytes(content[:-1])
    with pytest.raises(ValueError, match=rf'{place} is not MNIST: it has {len(content) - 1:,} bytes and MD5 .*again'):
        helper.download_extract('mnist', tmp_path)
    assert place.read_bytes() == content[:-1]
    place.write_bytes(content)
    assert helper.download_extract('mnist', tmp_path) == place


def test_what_is_there_is_not_fetched_and_only_the_two_data_sets_can_be(mirror, tmp_path, tmpfs):
    write_faces(tmp_path / 'img_align_celeba', 1)
    assert helper.download_extract('celeba', tmp_path) == tmp_path / 'img_align_celeba'
    disk = tmpfs('4m')
    (disk / 'mnist').mkdir()
    (disk / PLACE).write_bytes(mirror[1])
    (disk / 'mnist' / NAME).write_bytes(mirror[2])
    remount(disk, 'ro')
    assert helper.download_extract('mnist', disk) == disk / PLACE
    with pytest.raises(ValueError, match=r"no 'cats' to download; choose from mnist, celeba"):
        helper.download_extract('cats', tmp_path)
    assert mirror[0].asked == []


@pytest.mark.parametrize(('name', 'title', 'channels'), [('mnist', 'digits', 1), ('celeba', 'faces', 3)])
def test_without_real_data_synthetic_data_are_drawn_once_and_named(tmp_path, capsys, name, title, channels):
    for _ in range(2):
        dataset = helper.open_dataset(name, tmp_path, synthetic_count=24)
        assert (dataset.title, dataset.shape) == (f'synthetic {title}', (24, 28, 28, channels))
        assert (dataset.labels is None) == (name == 'celeba')
        (path,) = tmp_path.glob(f'synthetic/{title}-24-*/*images*gz' if name == 'mnist' else 'synthetic/*/*.zip')
        real = helper.DATA_SETS[name].title
        assert capsys.readouterr().out == f'Using synthetic {title}, not {real}: 24 images from {path}\n'
        drawn = path.stat().st_mtime_ns
    assert path.stat().st_mtime_ns == drawn
    assert helper.open_dataset(name, tmp_path, synthetic_count=20).shape[0] == 20


def test_synthetic_data_are_drawn_beside_real_data_when_asked_for_and_never_in_place_of_damaged_ones(tmp_path):
    path = write_mnist(tmp_path, b'anything')
    with pytest.raises(ValueError, match='not an IDX file'):
        helper.open_dataset('mnist', tmp_path)
    path.write_bytes(idx(digits(12)))
    dataset = helper.open_dataset('mnist', tmp_path, 'synthetic', synthetic_count=16)
    assert (dataset.title, len(dataset.images)) == ('synthetic digits', 16)
    (drawn,) = tmp_path.glob('synthetic/*/train-images*.gz')
    drawn.write_bytes(b'anything')
    with pytest.raises(ValueError, match='Delete it and run this again: it is made anew'):
        helper.open_dataset('mnist', tmp_path, 'synthetic', synthetic_count=16)


def test_on_a_disk_that_cannot_be_written_all_goes_into_a_cache_dir(tmpfs, tmp_path):
    disk = tmpfs(2**20)
    write_faces(disk / 'own', 3)
    write_mnist(disk, idx(digits(5)))
    remount(disk, 'ro')
    for name, count in (('own', 3), ('mnist', 5), ('celeba', 4)):
        with pytest.raises(OSError, match=r'no file can be written in .*cache_dir'):
            helper.open_dataset(name, disk, synthetic_count=4)
        assert len(helper.open_dataset(name, disk, cache_dir=tmp_path / 'cache', synthetic_count=4).images) == count
    assert len(list((tmp_path / 'cache').rglob('*.npy'))) == 3


@pytest.fixture
def dataset():
    return helper.Dataset(digits(100), 'digits')


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


def test_a_seed_fixes_the_order_and_no_seed_means_a_fresh_one(dataset):
    def order(seed):
        return np.concatenate(list(dataset.get_batches(10, seed))).tobytes()

    assert order(3) == order(3)
    assert order([3, 1]) == order([3, 1])
    assert len({order(3), order(4), order([3, 1]), order(None), order(None)}) == 5


@pytest.mark.parametrize('size', [0, 101, 2.0, None])
def test_a_batch_size_that_does_not_fit_is_refused_at_once(dataset, size):
    with pytest.raises(ValueError, match=f'batch_size is {size}: there are 100 digits, choose 1 to 100'):
        dataset.get_batches(size)
    assert [len(batch) for batch in dataset.get_batches(30)] == [30, 30, 30]  # the last one is incomplete
    assert len([*dataset.get_batches(100)]) == 1


def test_labels_and_mode_of_a_data_set_fit_its_images():
    assert helper.Dataset(digits(12), 'digits').image_mode == 'L'
    assert helper.Dataset(np.zeros((2, 9, 9, 3), np.uint8), 'colors').image_mode == 'RGB'
    with pytest.raises(ValueError, match='11 labels for 12 images'):
        helper.Dataset(digits(12), 'digits', labels=np.zeros(11))
    with pytest.raises(ValueError, match="mode 'RGB' takes"):
        helper.Dataset(digits(12), 'digits', 'RGB')
    with pytest.raises(
        TypeError, match=r"of helper\.Dataset\('mnist', files\) write helper\.open_dataset\('mnist', data"
    ):
        helper.Dataset('mnist', ['a.jpg'])  # as in the original course


@pytest.mark.parametrize('low, high', [(-1, 1), (0, 1), (-3, 5)])
def test_scale_maps_a_fixed_range_whatever_the_images_hold(low, high):
    pixels = np.arange(60, 200, dtype=np.uint8)
    for images in (pixels, (pixels / 255 - 0.5).astype(np.float32), pixels / 255 - 0.5):
        scaled = helper.scale(images, (low, high))
        assert scaled.dtype == np.float32
        np.testing.assert_allclose(scaled, pixels / 255 * (high - low) + low, atol=1e-6)
    assert helper.scale(np.float32([-0.5, 0.5]), (low, high)).tolist() == [low, high]
    assert helper.scale(np.float32([-0.5, 0.5])).tolist() == [-1, 1]
    with pytest.raises(TypeError, match='int64'):
        helper.scale(np.arange(3))


@pytest.mark.parametrize('images', [[-1.0, 1.0], [0.0, 1.0], [-0.52, 0.5], [0.0, np.nan]])
def test_scale_refuses_floats_that_are_scaled_already_or_of_a_different_range(images):
    for dtype in (np.float16, np.float32, np.float64):
        with pytest.raises(
            ValueError, match=r'expected \[-0.5, 0.5\], as from get_batches: if .* leave this scale out'
        ):
            helper.scale(np.array(images, dtype))
    rounded = np.float32([-0.5000001, 0.5000001, 0.502])
    np.testing.assert_allclose(helper.scale(rounded), 2 * rounded, atol=1e-6)


def test_the_grid_has_the_square_root_of_columns_and_clips_to_a_fixed_range():
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), np.uint8)
    assert helper.images_square_grid(images, 'RGB').size == (6 + 1 + 6 + 1 + 6, 4 + 1 + 4)
    values = np.array([-9, -1, -0.5, 0, 0.002, 0.5, 1, 9], np.float32).reshape(8, 1, 1, 1)
    row = np.asarray(helper.images_square_grid(values, 'L', columns=8))
    assert row[0, ::2].tolist() == [0, 0, 64, 128, 128, 191, 255, 255]
    unit = helper.images_square_grid(np.float32([0, 0.2, 1]).reshape(3, 1, 1, 1), 'L', (0, 1), columns=3)
    assert np.asarray(unit)[0, ::2].tolist() == [0, 51, 255]
    for shape, mode in (((2, 28, 28), 'L'), ((2, 9, 9, 3), 'L'), ((0, 28, 28, 1), 'L'), ((1, 2, 2, 4), 'CMYK')):
        with pytest.raises(ValueError, match=f'{re.escape(str(shape))}: mode|{mode}.: choose'):
            helper.images_square_grid(np.zeros(shape, np.uint8), mode)


def test_importing_helper_leaves_tensorflow_alone_and_is_quick():
    late = {'tensorflow', 'requests', 'matplotlib', 'IPython'}
    code = f'import sys, time, helper; print(time.process_time() < 1, sorted({late} & {{*sys.modules}}))'
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == 'True []\n'


def test_about_half_of_the_images_are_mirrored_left_to_right_others_in_each_epoch_and_only_if_asked_for():
    images = np.random.default_rng(0).integers(0, 256, (200, 5, 7, 3), np.uint8)
    plain, mirror = helper.Dataset(images, 'noise'), helper.Dataset(images, 'noise', mirror=True)
    turned = []
    for seed in range(2):
        (before,), (after,), (again,) = (list(each.get_batches(200, seed)) for each in (plain, mirror, mirror))
        same, flipped = (
            np.array([np.array_equal(*pair) for pair in zip(x, after, strict=True)])
            for x in (before, before[:, :, ::-1])
        )
        assert (same ^ flipped).all() and 70 < flipped.sum() < 130
        np.testing.assert_array_equal(after, again)
        turned.append(flipped)
    assert (turned[0] != turned[1]).any()
