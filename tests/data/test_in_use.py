"""What people do with data: start two notebooks at once, bring their own pictures, name things differently."""

import hashlib
import io
import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import helper
from lesson.files import one_process_at_a_time
from tests.builders import all_files, cache_of, colours, digits, idx, write_faces, write_mnist, zip_up
from tests.conftest import remount

pytestmark = pytest.mark.fault
ROOT = Path(helper.__file__).parent


# ------------------------------------------------------------------------------- several processes

OPEN = """
import hashlib, sys, time
import helper
name, data_dir, wait = sys.argv[1:]
print('ready', flush=True)
sys.stdin.readline()
time.sleep(float(wait))
images = helper.open_dataset(name, data_dir, synthetic_count=300).images
print(hashlib.sha256(images.tobytes()).hexdigest(), len(images))
"""


def open_in_processes(name, data_dir, waits, meanwhile=lambda: None):
    """Open a data set in one process for each of waits (seconds): [(what it found, what it did)]."""
    processes = [
        subprocess.Popen(
            [sys.executable, '-c', OPEN, name, data_dir, str(wait)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for wait in waits
    ]
    for process in processes:
        assert process.stdout.readline() == 'ready\n'
    for process in processes:
        process.stdin.write('\n')
        process.stdin.flush()
    meanwhile()
    results = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(waits), results
    return [(printed.splitlines()[-1], errors) for printed, errors in results]


@pytest.mark.slow
@pytest.mark.parametrize('name', ['mnist', 'celeba'])
@pytest.mark.parametrize('seed', range(3))
def test_two_notebooks_on_a_fresh_data_folder_find_the_same_and_nothing_is_drawn_or_prepared_twice(
    tmp_path, name, seed
):
    waits = np.random.default_rng(seed).uniform(0, [0.05, 0.8][seed % 2], 2)
    (one, did), (other, other_did) = open_in_processes(name, tmp_path, waits)
    assert one == other and one.endswith(' 300')
    work = did + other_did
    assert work.count('| 0/300') == (2 if name == 'celeba' else 1)  # drawn once, prepared once
    assert not [file for file in all_files(tmp_path) if 'part' in file or 'lock' in file]


@pytest.mark.slow
@pytest.mark.parametrize('seed', range(3))
def test_two_and_more_notebooks_on_the_same_pictures_prepare_them_once(tmp_path, seed):
    files = write_faces(tmp_path / 'own', 300, (300, 300))
    if seed == 2:  # two zips and a few files
        zip_up(files[:100], tmp_path / 'own' / 'a.zip')
        zip_up(files[100:200], tmp_path / 'own' / 'b.zip')
        for file in files[:200]:
            file.unlink()
    rng = np.random.default_rng(seed)
    results = open_in_processes('own', tmp_path, rng.uniform(0, 0.5, rng.integers(2, 5)))
    assert len({found for found, _ in results}) == 1
    assert sum(errors.count('| 0/300') for _, errors in results) == 1


@pytest.mark.slow
@pytest.mark.parametrize('seed', range(3))
def test_a_picture_that_is_added_while_others_are_prepared_does_no_harm(tmp_path, seed):
    write_faces(tmp_path / 'own', 300, (300, 300))
    rng = np.random.default_rng(seed)

    def add():
        import time

        time.sleep(rng.uniform(0, 0.4))
        colours().save(tmp_path / 'own' / 'new.png')

    results = open_in_processes('own', tmp_path, rng.uniform(0, 0.5, 2), add)
    assert {int(found.split()[1]) for found, _ in results} <= {300, 301}
    assert len(helper.open_dataset('own', tmp_path).images) == 301


def test_a_picture_that_comes_while_another_process_is_waited_for_and_goes_is_in_no_cache_of_the_others(tmp_path):
    own = write_faces(tmp_path / 'own', 3)[0].parent
    pipes = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE, 'stderr': subprocess.DEVNULL, 'text': True}
    with one_process_at_a_time(tmp_path):
        process = subprocess.Popen([sys.executable, '-u', '-c', OPEN, 'own', tmp_path, '0'], cwd=ROOT, **pipes)
        assert process.stdout.readline() == 'ready\n'
        process.stdin.write('\n')
        process.stdin.flush()
        assert process.stdout.readline().startswith('Waiting for another process')
        colours().save(own / '000002 a.png')
    printed, _ = process.communicate(timeout=60)
    assert f'Files in {own} have changed in the meantime: once more' in printed and printed.endswith(' 4\n')
    (own / '000002 a.png').unlink()
    assert len(helper.open_dataset('own', tmp_path).images) == 3


# ------------------------------------------------------------------------------------ zips in a folder


def level(value):
    """The bytes of a picture of one color."""
    return saved(np.full([30, 30, 3], [value, 0, 0], np.uint8), 'PNG')


def write_zips(own):
    """Pictures of the levels 1 to 8, in files and zips, in the order in which they are read."""
    (own / 'deeper').mkdir(parents=True)
    (own / 'a.png').write_bytes(level(1))
    (own / 'c.png').write_bytes(level(4))
    (own / 'deeper' / 'x.png').write_bytes(level(5))
    with zipfile.ZipFile(own / 'b.ZIP', 'w') as archive:
        for name, value in (('y/a.png', 3), ('x.png', 2), ('.h.png', 9), ('__MACOSX/x.png', 9), ('notes.txt', 9)):
            archive.writestr(name, level(value) if value < 9 else b'notes')
    with zipfile.ZipFile(own / 'deeper' / 'z.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        for value in (8, 6, 7):
            archive.writestr(f'{value}.png', level(value))
    zipfile.ZipFile(own / 'empty.zip', 'w').close()


def test_zips_in_a_folder_are_read_like_sub_folders_and_not_unpacked(tmp_path, capsys):
    own = tmp_path / 'own'
    write_zips(own)
    before = all_files(tmp_path)
    images = helper.open_dataset('own', tmp_path).images
    assert images[:, 0, 0, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert f'Left out 1 files in {own} that are not pictures: b.ZIP/notes.txt\n' in capsys.readouterr().out
    assert sorted([*before, cache_of(tmp_path).name]) == all_files(tmp_path)
    with zipfile.ZipFile(own / 'deeper' / 'z.zip', 'a') as archive:
        archive.writestr('9.png', level(9))
        archive.writestr('10.png', level(10)[:60])
    assert helper.open_dataset('own', tmp_path).images[:, 0, 0, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert 'Skipped 1 of 10 pictures' in (printed := capsys.readouterr().out) and ': deeper/z.zip/10.png (' in printed


@pytest.mark.parametrize('name', ['own/deeper/z', 'own/b'])
def test_one_zip_of_ones_own_pictures_is_a_data_set(tmp_path, capsys, name):
    write_zips(tmp_path / 'own')
    path = next((tmp_path / name).parent.glob(f'{Path(name).name}.*'))
    for own in (path, path.relative_to(tmp_path)):
        dataset = helper.open_dataset(own, tmp_path)
        assert dataset.images[:, 0, 0, 0].tolist() == ([6, 7, 8] if name.endswith('z') else [2, 3])
        assert dataset.title == Path(name).name
        assert f': {len(dataset.images)} images from {path}' in capsys.readouterr().out


def flagged(content):
    """A zip with the flag 'encrypted' at all members."""
    for signature, offset in ((b'PK\x03\x04', 6), (b'PK\x01\x02', 8)):
        parts = content.split(signature)
        content = signature.join([parts[0], *(part[: offset - 4] + b'\1' + part[offset - 3 :] for part in parts[1:])])
    return content


@pytest.mark.parametrize(
    ('damage', 'wrong'),
    [
        (
            lambda content: content[:-30],
            r'is not a readable zip \(.*\)\. Put a whole one in its place, or',
        ),
        (lambda content: b'<!DOCTYPE html>', 'is an HTML page, not a zip. Put a whole one in its place'),
        (lambda content: b'', 'is not a readable zip'),
        (
            lambda content: content.replace(b'deep/6', b'../../'),
            r"is refused: '../../.png' in it has a path that leads",
        ),
        (flagged, r"is refused: 'deep/6.png' in it is encrypted: unpack the zip with another program"),
    ],
    ids=['cut', 'html', 'empty', 'path', 'encrypted'],
)
def test_a_bad_zip_among_ones_own_pictures_is_named_before_anything_is_prepared(tmp_path, damage, wrong):
    own = write_faces(tmp_path / 'own', 3)[0].parent
    with zipfile.ZipFile(own / 'z.zip', 'w') as archive:
        archive.writestr('deep/6.png', level(6))
    (own / 'z.zip').write_bytes(damage((own / 'z.zip').read_bytes()))
    before = all_files(tmp_path)
    for name in ('own', 'own/z.zip'):
        with pytest.raises(ValueError, match=rf'own/z\.zip {wrong}'):
            helper.open_dataset(name, tmp_path)
    assert all_files(tmp_path) == before


def test_a_preparation_of_several_zips_resumes_in_the_middle_of_one(tmp_path, monkeypatch):
    files = write_faces(tmp_path / 'own', 300, (30, 30))
    for i in range(3):
        zip_up(files[100 * i : 100 * i + 100], tmp_path / 'own' / f'{i}.zip')
    expected = helper.get_batch(files, 28, 28, 'RGB')
    for file in files:
        file.unlink()
    prepared = []

    def counted(*arguments, **keywords):
        prepared.append(arguments)
        if len(prepared) == 150:
            raise KeyboardInterrupt
        return get_image(*arguments, **keywords)

    get_image, counted.__module__ = helper.get_image, '__main__'  # so it runs in this process
    monkeypatch.setattr(helper, 'get_image', counted)
    with pytest.raises(KeyboardInterrupt):
        helper.open_dataset('own', tmp_path)
    np.testing.assert_array_equal(helper.open_dataset('own', tmp_path).images, expected)
    assert len(prepared) == 150 + 300 - 128  # two blocks of 64 were kept


def test_the_memory_of_a_preparation_does_not_grow_with_the_number_of_zips(tmp_path):
    peaks = []
    for count in (2, 8):
        own = tmp_path / f'own-{count}'
        own.mkdir()
        for i in range(count):
            with zipfile.ZipFile(own / f'{i}.zip', 'w') as archive:
                for k in range(500):
                    archive.writestr(f'{k:04}.png', level(1))
        tracemalloc.start()
        assert len(helper.open_dataset(own.name, tmp_path).images) == 500 * count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 500_000, peaks  # a list of 3,000 names and times alone would take more


# -------------------------------------------------------------------------------------- small sets


def test_a_folder_of_grey_pictures_is_grey_unless_asked_otherwise(tmp_path):
    (tmp_path / 'own').mkdir()
    for i in range(3):
        colours().convert('L').rotate(90 * i).save(tmp_path / 'own' / f'{i}.png')
    dataset = helper.open_dataset('own', tmp_path)
    assert (dataset.shape, dataset.image_mode) == ((3, 28, 28, 1), 'L')
    expected = colours().convert('L').resize((28, 28), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(dataset.images[0, ..., 0], np.asarray(expected))
    assert helper.open_dataset('own', tmp_path, image_mode='RGB').shape == (3, 28, 28, 3)
    colours().save(tmp_path / 'own' / '4.png')
    assert helper.open_dataset('own', tmp_path).shape == (4, 28, 28, 3)
    grey = helper.open_dataset('own', tmp_path, image_mode='L')
    assert grey.shape == (4, 28, 28, 1)
    expected = colours().convert('L').resize((28, 28), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(grey.images[3, ..., 0], np.asarray(expected))


def test_of_many_files_that_are_not_pictures_ten_are_named(tmp_path, capsys):
    write_faces(tmp_path / 'own', 1)
    for i in range(12):
        (tmp_path / 'own' / f'{i:02d}.txt').write_text('no picture')
    helper.open_dataset('own', tmp_path)
    named = ', '.join(f'{i:02d}.txt' for i in range(10))
    assert f'Left out 12 files in {tmp_path / "own"} that are not pictures: {named}, ...\n' in capsys.readouterr().out


@pytest.mark.parametrize('format', ['webp', 'jpg', 'png', 'tif', 'bmp', 'gif'])
def test_grey_pictures_are_grey_in_any_format_and_pale_ones_are_not(tmp_path, format):
    (tmp_path / 'own').mkdir()
    colours().convert('L').convert('RGB').save(tmp_path / 'own' / f'grey.{format}')
    assert helper.open_dataset('own', tmp_path).image_mode == 'L'
    Image.new('RGB', (40, 40), (120, 126, 132)).save(tmp_path / 'own' / f'pale.{format}')
    assert helper.open_dataset('own', tmp_path).image_mode == 'RGB'


@pytest.mark.parametrize('name, mode', [('own', 'rgb'), ('own', 'RGBA'), ('mnist', 'RGB'), ('celeba', 'L'), ('own', 3)])
def test_an_image_mode_that_does_not_fit_is_refused_at_once(tmp_path, name, mode):
    write_faces(tmp_path / 'own', 1)
    with pytest.raises(ValueError, match=f'image_mode is {mode!r}: choose '):
        helper.open_dataset(name, tmp_path, image_mode=mode)


# ------------------------------------------------------------------------------------------ levels


def tiff(bits, sample_format, data, width=40, height=40, **more):
    """A TIFF with one sample per pixel, written by hand (TIFF 6.0); more: photometric, white."""
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: more.get('photometric', 1), 277: 1, 278: height}
    tags |= {279: len(data), 339: sample_format}
    if 'white' in more:
        tags[281] = more['white']
    tags[273] = 8 + 2 + 12 * (len(tags) + 1) + 4
    entries = b''.join(struct.pack('<HHII', tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b'II*\0' + struct.pack('<IH', 8, len(tags)) + entries + bytes(4) + data


RAMP = np.linspace(0, 1, 1600).reshape(40, 40)


def saved(pixels, kind='TIFF'):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def pack_12_bits(values):
    pairs = values.ravel().reshape(-1, 2)
    return b''.join(bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255]) for a, b in pairs.tolist())


@pytest.mark.parametrize(
    'content',
    [
        saved(RAMP.astype(np.float32)),
        saved((RAMP * 255).astype(np.float32)),
        saved((RAMP * 65535).astype(np.float32)),
        saved(np.rint(RAMP * 255).astype(np.int32)),
        saved(np.rint(RAMP * 65535).astype(np.int32)),
        saved(np.rint(RAMP * 65535).astype(np.uint16)),
        saved(np.rint(RAMP * 65535).astype(np.uint16), 'PNG'),
        tiff(12, 1, pack_12_bits(np.rint(RAMP * 4095).astype(int))),
        tiff(16, 1, np.rint(RAMP * 4095).astype('<u2').tobytes(), white=4095),
        tiff(16, 2, np.rint(RAMP * 32767).astype('<i2').tobytes()),
        tiff(16, 1, np.rint((1 - RAMP) * 65535).astype('<u2').tobytes(), photometric=0),
        tiff(32, 1, np.rint(RAMP * 255).astype('<u4').tobytes()),
    ],
    ids=lambda content: hashlib.md5(content).hexdigest()[:6],
)
def test_more_than_8_bits_become_the_same_levels_where_their_range_is_known(content):
    image = helper.get_image(io.BytesIO(content), 40, 40, 'L')
    assert np.abs(image[..., 0] - RAMP * 255).max() <= 1


@pytest.mark.parametrize(
    'content',
    [
        saved(np.rint(RAMP * 4095).astype(np.uint16)),
        saved(np.rint(RAMP * 1023).astype(np.int32)),
        saved((RAMP * 10_000).astype(np.float32)),
        saved((RAMP * 1e9).astype(np.float32)),
        saved((RAMP - 0.5).astype(np.float32)),
        saved(np.where(RAMP < 0.5, RAMP, np.nan).astype(np.float32)),
        tiff(32, 1, np.rint(RAMP * (2**32 - 1)).astype('<u4').tobytes()),
    ],
)
def test_a_picture_whose_white_is_not_known_is_refused_and_not_made_black(content):
    with pytest.raises(ValueError, match=r'its values (reach|run from) .*: save it with 8 bits per channel'):
        helper.get_image(io.BytesIO(content), 40, 40, 'RGB')


def test_dark_pictures_of_8_bits_and_dark_16_bit_pngs_stay_dark():
    for pixels, kind in ((np.uint8(RAMP * 9), 'TIFF'), (np.uint16(RAMP * 9 * 257), 'PNG')):
        assert helper.get_image(io.BytesIO(saved(pixels, kind)), 40, 40, 'L').max() == 9


@pytest.mark.parametrize('kind', ['PNG', 'WebP', 'JPEG'])
def test_a_picture_with_a_bad_exif_block_is_taken(tmp_path, kind):
    own = tmp_path / 'own'
    own.mkdir()
    colours().save(own / f'a.{kind.lower()}', kind, exif=b'Exif\0\0no TIFF file at all', lossless=True)
    image = helper.open_dataset('own', tmp_path).images[0]
    expected = Image.open(own / f'a.{kind.lower()}').convert('RGB').resize((28, 28), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(image, np.asarray(expected))


def test_files_that_are_not_pictures_are_left_out_and_heic_photos_are_named_with_what_to_do(tmp_path, capsys):
    own = write_faces(tmp_path / 'own', 3)[0].parent
    (own / 'film.mp4').write_bytes(b'\0\0\0\x18ftypmp42' + bytes(100))
    (own / 'notes.txt').write_text('notes')
    (own / 'list.csv').write_text('a,b')
    heic = b'\0\0\0\x18ftypheic' + bytes(100)
    (own / 'IMG_1.HEIC').write_bytes(heic)
    (own / 'IMG_2.jpg').write_bytes(heic)
    assert len(helper.open_dataset('own', tmp_path).images) == 3
    left_out, skipped, _ = capsys.readouterr().out.splitlines()
    assert left_out == f'Left out 3 files in {own} that are not pictures: film.mp4, list.csv, notes.txt'
    assert skipped.startswith('Skipped 2 of 5 pictures')
    assert 'IMG_1.HEIC (an HEIC photo, which Pillow does not read: export it as JPEG)' in skipped
    assert 'IMG_2.jpg (an HEIC photo' in skipped


# ------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize('data_dir', ['~/data', '$PICTURES/data', '${PICTURES}/data'])
def test_home_and_variables_in_paths_are_replaced(tmp_path, monkeypatch, data_dir):
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setenv('PICTURES', str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = write_mnist(tmp_path / 'data', idx(digits(5)))
    write_faces(tmp_path / 'data' / 'own', 1)
    before = all_files(tmp_path)
    assert len(helper.open_dataset('mnist', data_dir, cache_dir=f'{data_dir}/cache').images) == 5
    assert len(helper.open_dataset(f'{data_dir}/own', cache_dir=f'{data_dir}/cache').images) == 1
    assert {file for file in all_files(tmp_path) if not file.startswith('data/cache')} == set(before)
    with pytest.raises(ValueError, match='MNIST'):
        helper.download_extract('mnist', data_dir)  # it is there, and is found
    assert path.exists()


@pytest.mark.parametrize('data_dir', ['$NO_SUCH_VARIABLE/data', '~no_such_user/data'])
def test_a_variable_or_user_that_does_not_exist_is_an_error_and_no_folder(tmp_path, monkeypatch, data_dir):
    monkeypatch.chdir(tmp_path)
    for call in (helper.open_dataset, helper.download_extract):
        with pytest.raises(ValueError, match='is not set on this machine: write the whole path') as caught:
            call('mnist', data_dir)
        assert str(caught.value).startswith(f"{data_dir.removesuffix('/data')} in '{data_dir}' is not set")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('number', [0, -1, 1.5, '2', True, None])
def test_counts_and_sizes_that_are_not_whole_numbers_are_refused(tmp_path, number):
    for what in ('synthetic_count', 'image_size'):
        with pytest.raises(ValueError, match=rf'{what} is {number!r}: choose a whole number of at least 1'):
            helper.open_dataset('mnist', tmp_path, **{what: number})


# ------------------------------------------------------------------------------- what data it is


def test_only_mnist_is_called_mnist(tmp_path, capsys, monkeypatch):
    write_mnist(tmp_path, idx(digits(5)))
    assert helper.open_dataset('mnist', tmp_path).title == 'unknown IDX images'
    assert 'Using unknown IDX images, not MNIST: 5 images' in capsys.readouterr().out
    about = helper.DATA_SETS['mnist']._replace(images_md5=hashlib.md5(idx(digits(5))).hexdigest())
    monkeypatch.setitem(helper.DATA_SETS, 'mnist', about)
    for size in (28, 32, 33):
        dataset = helper.open_dataset('mnist', tmp_path, image_size=size)
        assert (dataset.title, dataset.shape) == ('MNIST', (5, size, size, 1))
        margin = (size - 28) // 2
        inner = np.asarray(dataset.images)[:, margin : margin + 28, margin : margin + 28]
        np.testing.assert_array_equal(inner, digits(5))
        assert dataset.images.sum() == inner.sum()


def test_faces_that_are_not_of_celebas_size_are_not_called_celeba(tmp_path):
    write_faces(tmp_path / 'img_align_celeba', 5, (1024, 1024))
    with pytest.raises(ValueError, match=r'1024x1024 pixels, not 178x218'):
        helper.open_dataset('celeba', tmp_path)
    assert helper.open_dataset('img_align_celeba', tmp_path).title == 'img_align_celeba'


# -------------------------------------------------------------------------------------------- zips


@pytest.mark.parametrize('method', [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_with_any_method_that_python_knows_is_read(tmp_path, method):
    files = write_faces(tmp_path / 'faces', 5)
    with zipfile.ZipFile(tmp_path / 'celeba.zip', 'w', method) as archive:
        for file in files:
            archive.write(file, f'img_align_celeba/{file.name}')
    expected = helper.get_batch(files, 28, 28, 'RGB', 108)
    np.testing.assert_array_equal(helper.open_dataset('celeba', tmp_path).images, expected)


@pytest.mark.parametrize('change, reason', [('method', 'packed with deflate64'), ('flag', 'encrypted')])
def test_a_zip_that_python_cannot_unpack_says_so(tmp_path, change, reason):
    path = zip_up(write_faces(tmp_path / 'faces', 5), tmp_path / 'celeba.zip')
    content = bytearray(path.read_bytes())
    for signature, offset in ((b'PK\x03\x04', 0), (b'PK\x01\x02', 2)):
        at = content.find(signature)
        while at >= 0:
            if change == 'method':
                content[at + 8 + offset : at + 10 + offset] = (9).to_bytes(2, 'little')
            else:
                content[at + 6 + offset] |= 1
            at = content.find(signature, at + 1)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf'{reason}: unpack the zip with another program'):
        helper.open_dataset('celeba', tmp_path)


def test_an_archive_with_lists_beside_its_pictures_is_not_damaged(tmp_path, capsys):
    files = write_faces(tmp_path / 'faces', 20)
    with zipfile.ZipFile(tmp_path / 'archive.zip', 'w') as archive:
        for name in ('list_attr_celeba.csv', 'list_bbox_celeba.csv', 'list_eval.csv', 'list_landmarks.csv'):
            archive.writestr(name, 'image_id,x\n' * 1000)
        for file in files:
            archive.write(file, f'img_align_celeba/img_align_celeba/{file.name}')
    dataset = helper.open_dataset('celeba', tmp_path)
    assert (dataset.title, len(dataset.images)) == ('CelebA', 20)
    assert 'Left out 4 files' in capsys.readouterr().out


# ----------------------------------------------------------------------------------------- the cache


def test_our_own_cache_in_a_folder_is_no_picture_of_it(tmp_path, capsys):
    for place in (tmp_path / 'animals', tmp_path / 'animals' / 'cats'):
        place.mkdir()
        colours().save(place / 'a.png')
    helper.open_dataset('animals/cats', tmp_path)
    assert list((tmp_path / 'animals').glob('*.npy'))
    capsys.readouterr()
    assert len(helper.open_dataset('animals', tmp_path).images) == 2
    assert capsys.readouterr().out.count('\n') == 1


def test_data_sets_whose_names_are_alike_keep_their_caches(tmp_path):
    files = write_faces(tmp_path / 'celeba', 3)
    zip_up(files, tmp_path / 'img_align_celeba.zip')
    write_faces(tmp_path / 'img_align_celeba', 2)
    (tmp_path / 'other').mkdir()
    colours().save(tmp_path / 'other' / 'a.png')
    calls = [
        ('celeba', {}),
        (tmp_path / 'celeba', {}),
        (tmp_path / 'img_align_celeba', {}),
        (tmp_path / 'img_align_celeba', {'image_size': 32}),
        (tmp_path / 'img_align_celeba', {'image_mode': 'L'}),
        (tmp_path / 'celeba', {'cache_dir': tmp_path / 'other'}),
        (tmp_path / 'other' / 'celeba', {'cache_dir': tmp_path / 'other'}),
    ]
    write_faces(tmp_path / 'other' / 'celeba', 1)
    for name, options in calls:
        helper.open_dataset(name, tmp_path, **options)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*.npy')}
    assert len(before) == len(calls)
    for name, options in calls:
        helper.open_dataset(name, tmp_path, **options)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*.npy')} == before


def test_pictures_in_a_folder_that_cannot_be_written_are_prepared_in_a_cache_dir(tmpfs, tmp_path):
    disk = tmpfs(2**20)
    files = write_faces(disk / 'own', 3)
    write_mnist(disk, idx(digits(5)))
    remount(disk, 'ro')
    for name in ('own', 'mnist'):
        with pytest.raises(OSError, match=r'cannot be written.*or pass a cache_dir that is'):
            helper.open_dataset(name, disk)
        helper.open_dataset(name, disk, cache_dir=tmp_path / 'cache')
    with pytest.raises(OSError, match=r'no file can be written in .*choose another data_dir, or a cache_dir'):
        helper.open_dataset('celeba', disk, synthetic_count=4)
    assert len(helper.open_dataset('celeba', disk, cache_dir=tmp_path / 'cache', synthetic_count=4).images) == 4
    assert len(list((tmp_path / 'cache').rglob('*.npy'))) == 3
    expected = helper.get_batch(files, 28, 28, 'RGB')
    np.testing.assert_array_equal(helper.open_dataset('own', disk, cache_dir=tmp_path / 'cache').images, expected)


def test_zeros_in_the_middle_of_the_cache_are_noticed(tmp_path):
    files = write_faces(tmp_path / 'own', 30)
    helper.open_dataset('own', tmp_path)
    with open(cache_of(tmp_path), 'r+b') as file:
        file.seek(10_000)
        file.write(bytes(4096))
    images = helper.open_dataset('own', tmp_path).images
    np.testing.assert_array_equal(images, helper.get_batch(files, 28, 28, 'RGB'))


# ------------------------------------------------------------------------------------- near misses


@pytest.mark.parametrize(
    'place',
    [
        'train-images.idx3-ubyte',
        'mnist/train-images.idx3-ubyte.gz',
        'MNIST/raw/train-images-idx3-ubyte',
        'mnist/raw/train-images-idx3-ubyte.gz',
        'train-images-idx3-ubyte/train-images-idx3-ubyte',
        'mnist/train-images.idx3-ubyte/train-images.idx3-ubyte',
    ],
)
def test_mnist_is_found_under_the_names_that_others_give_it(tmp_path, place):
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(idx(digits(6)))
    np.testing.assert_array_equal(helper.open_dataset('mnist', tmp_path).images, digits(6))


@pytest.mark.parametrize(
    'folder', ['img_align_celeba/img_align_celeba', 'celeba/img_align_celeba', 'CelebA/img_align_celeba']
)
def test_celeba_is_found_in_the_folders_that_others_unpack_it_to(tmp_path, folder):
    write_faces(tmp_path / folder, 4)
    assert helper.open_dataset('celeba', tmp_path).shape == (4, 28, 28, 3)


@pytest.mark.parametrize(
    'name, place',
    [
        ('mnist', 'FashionMNIST/raw/train-images-idx3-ubyte'),
        ('mnist', 'mnist.npz'),
        ('celeba', 'archive.zip'),
        ('celeba', 'celeba_hq/1.jpg'),
    ],
)
def test_what_only_looks_like_a_data_set_is_named_and_not_taken(tmp_path, capsys, name, place):
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b'something else')
    assert helper.open_dataset(name, tmp_path, synthetic_count=4).title.startswith('synthetic')
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(f'There is no {helper.DATA_SETS[name].title} at ') and str(tmp_path) in first
    assert Path(place).parts[0] in first


def test_an_empty_folder_of_celebas_name_does_not_stop_a_download(tmp_path, monkeypatch):
    (tmp_path / 'img_align_celeba').mkdir()
    monkeypatch.setitem(helper.DATA_SETS, 'celeba', helper.DATA_SETS['celeba']._replace(urls=()))
    with pytest.raises(OSError, match='could not be downloaded'):
        helper.download_extract('celeba', tmp_path)
    assert helper.open_dataset('celeba', tmp_path, synthetic_count=4).title == 'synthetic faces'


# ---------------------------------------------------------------------------------------- messages


@pytest.mark.parametrize('files', [[], ['a.jpg']])
@pytest.mark.parametrize('name', ['mnist', 'celeba'])
def test_the_original_courses_dataset_call_says_what_to_write_instead(name, files):
    message = rf"In place of helper\.Dataset\('{name}', files\) write helper\.open_dataset\('{name}', data_dir\)"
    with pytest.raises(TypeError, match=message):
        helper.Dataset(name, files)


@pytest.mark.parametrize('name', ['_read32', '_ungzip', '_unzip', 'DLProgress', 'save_image'])
def test_what_only_the_originals_helper_had_says_what_to_use(name):
    with pytest.raises(AttributeError, match=f'helper has no {name}'):
        getattr(helper, name)


def test_an_empty_list_of_files_says_that_the_pattern_fits_no_file():
    with pytest.raises(ValueError, match=r'there are no image files.*pattern fits no file'):
        helper.get_batch([], 28, 28, 'L')


def test_damaged_synthetic_data_is_to_be_deleted_and_not_fetched(tmp_path):
    helper.open_dataset('mnist', tmp_path, 'synthetic', synthetic_count=4)
    (path,) = tmp_path.rglob('train-images*.gz')
    path.write_bytes(b'anything')
    with pytest.raises(ValueError, match='Delete it and run this again: it is made anew'):
        helper.open_dataset('mnist', tmp_path, 'synthetic', synthetic_count=4)


def test_data_that_this_user_may_not_read_says_how_to_make_it_readable(tmp_path, monkeypatch):
    """As root may read everything, the system's answer is injected."""
    write_faces(tmp_path / 'own', 3)

    def denied(path):
        raise PermissionError(13, 'Permission denied', path)

    with monkeypatch.context() as patch, pytest.raises(PermissionError, match=r'own cannot be read.*chmod'):
        patch.setattr(os, 'scandir', denied)
        helper.open_dataset('own', tmp_path)
