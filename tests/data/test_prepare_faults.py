"""What the preparation survives: kills, full disks, damaged files, archives that were made to do harm."""

import gzip
import linecache
import os
import pickle
import shutil
import signal
import stat
import struct
import sys
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import helper
from tests.builders import all_files, cache_of, colours, digits, idx, write_faces, write_mnist
from tests.conftest import remount
from tests.soak import prepare

pytestmark = pytest.mark.fault
linux = pytest.mark.skipif(sys.platform != 'linux', reason='looks at processes in /proc')


# ---------------------------------------------------------------------------------------------- kills


@pytest.fixture(scope='module')
def faces():
    return prepare.Faces(np.random.default_rng(0))


def start_and_wait_for_blocks(faces, data_dir, count=3):
    faces.write(data_dir)
    process = prepare.start(data_dir)
    end = time.monotonic() + 60
    while len(prepare.prepared_pictures(data_dir)) < count * prepare.PART:
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.002)
    return process


@linux
def test_a_killed_preparation_goes_on_where_it_stopped_and_no_process_outlives_it(tmp_path, faces):
    process = start_and_wait_for_blocks(faces, tmp_path)
    prepare.kill(process)
    assert prepare.outlived_by(process.pid) == []
    assert list(tmp_path.glob('*.npy')) == []
    assert len(prepare.prepared_pictures(tmp_path)) >= 3 * prepare.PART
    assert prepare.finish(faces, tmp_path) == ''


def test_an_interrupted_preparation_goes_on_where_it_stopped(tmp_path, faces):
    process = start_and_wait_for_blocks(faces, tmp_path)
    process.send_signal(signal.SIGINT)
    assert 'KeyboardInterrupt' in process.communicate(timeout=60)[1]
    assert len(prepare.prepared_pictures(tmp_path)) >= 3 * prepare.PART
    assert prepare.finish(faces, tmp_path) == ''


def test_ctrl_c_which_reaches_all_processes_ends_them_at_once_with_one_traceback(tmp_path, faces):
    process = start_and_wait_for_blocks(faces, tmp_path)
    before = len(prepare.prepared_pictures(tmp_path))
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert errors.count('Traceback') == 1 and errors.rstrip().endswith('KeyboardInterrupt')
    assert len(prepare.prepared_pictures(tmp_path)) <= before + 8 * prepare.PART  # what was begun, not the rest
    assert prepare.outlived_by(process.pid) == []


@linux
@pytest.mark.skipif(os.cpu_count() < 2, reason='with one core there is no other process')
def test_a_killed_process_of_the_preparation_is_an_error_that_says_to_go_on(tmp_path, faces):
    process = start_and_wait_for_blocks(faces, tmp_path)
    workers = []
    while not workers:
        assert process.poll() is None
        for pid in prepare.alive(process.pid):
            if 'spawn_main' in Path(f'/proc/{pid}/cmdline').read_text():
                workers.append(pid)
    os.kill(workers[0], signal.SIGKILL)
    errors = process.communicate(timeout=60)[1]
    assert 'RuntimeError: a process that was preparing CelebA was killed' in errors
    assert 'Run this again: it resumes' in errors
    assert prepare.outlived_by(process.pid) == []
    assert prepare.finish(faces, tmp_path) == ''


def test_three_processes_at_the_same_time_end_with_the_right_data(tmp_path, faces):
    faces.write(tmp_path)
    processes = [prepare.start(tmp_path) for _ in range(3)]
    results = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], results
    assert len({printed.splitlines()[-1] for printed, _ in results}) == 1
    np.testing.assert_array_equal(prepare.prepared_faces(tmp_path), faces.images)
    assert len(all_files(tmp_path)) == 2


@linux
def test_kills_and_mutants_at_random_end_with_right_data_or_a_clear_error():
    rows = [*prepare.rows(kills=2, mutants=105)]
    assert sum(times for _, times, _, _ in rows) == 107
    assert [row for row in rows if row[2]] == []


def test_a_block_of_an_unfinished_preparation_is_never_unpickled(tmp_path):
    write_faces(tmp_path / 'own', 3, (30, 30))
    with pytest.raises(KeyboardInterrupt):
        prepare.stop_before_the_end(tmp_path)
    (block,) = tmp_path.glob('*.part/*')
    block.write_bytes(harmful_pickle(tmp_path / 'harm'))
    assert helper.open_dataset('own', tmp_path).shape == (3, 28, 28, 3)
    assert not (tmp_path / 'harm').exists()


# ---------------------------------------------------------------------------------------------- cache


class Harmful:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def harmful_pickle(path):
    """Bytes that create the file `path` when they are unpickled."""
    content = pickle.dumps(Harmful(path))
    pickle.loads(content)
    assert path.exists()
    path.unlink()
    return content


@pytest.mark.parametrize('what', ['image_size', 'crop', 'get_image'])
def test_the_cache_is_made_anew_when_what_makes_it_changes(tmp_path, monkeypatch, what):
    files = write_faces(tmp_path / 'img_align_celeba', 70)
    expected = helper.get_batch(files, 28, 28, 'RGB', 108)
    helper.open_dataset('celeba', tmp_path)
    size, crop = 30 if what == 'image_size' else 28, 60 if what == 'crop' else 108
    if what == 'crop':
        monkeypatch.setitem(helper.DATA_SETS, 'celeba', helper.DATA_SETS['celeba']._replace(crop=60))
    if what == 'get_image':  # as a learner does in a notebook: the processes do not know of it
        monkeypatch.setattr(helper, 'get_image', inverted)
        inverted.__module__ = '__main__'
    for _ in range(2):
        dataset = helper.open_dataset('celeba', tmp_path, image_size=size)
        expected = helper.get_batch(files, size, size, 'RGB', crop)
        np.testing.assert_array_equal(dataset.images, expected)


def test_the_cache_is_made_anew_when_a_function_from_a_notebook_changes(tmp_path, monkeypatch):
    files = write_faces(tmp_path / 'own', 3)
    plain = helper.get_batch(files, 28, 28, 'RGB')
    for source, expected in (('255 - image', 255 - plain), ('image // 2', plain // 2)):
        name = f'<ipython-input-{source}>'  # as IPython registers its cells; no file has this name
        code = (
            'def get_image(file, width, height, mode):\n    image = original(file, width, height, mode)\n'
            f'    return {source}\n'
        )
        monkeypatch.setitem(linecache.cache, name, (len(code), None, code.splitlines(True), name))
        scope = {'original': get_image, '__name__': '__main__'}
        exec(compile(code, name, 'exec'), scope)
        monkeypatch.setattr(helper, 'get_image', scope['get_image'])
        np.testing.assert_array_equal(helper.open_dataset('own', tmp_path).images, expected)


get_image = helper.get_image


def inverted(file, width, height, mode, crop=None, picture_size=None):
    return 255 - get_image(file, width, height, mode, crop)


def test_pictures_of_another_size_than_asked_for_are_an_error_and_not_scrambled(tmp_path, monkeypatch):
    write_faces(tmp_path / 'own', 70, (40, 40))
    monkeypatch.setattr(helper, 'get_image', too_large)
    with pytest.raises(TypeError, match=r'made uint8 \(29, 28, 3\) of .*, expected uint8 \(28, 28, 3\)'):
        helper.open_dataset('own', tmp_path)


def too_large(file, width, height, mode):
    return get_image(file, width, height + 1, mode)


def test_a_flip_of_any_byte_of_the_cache_is_noticed(tmp_path):
    write_mnist(tmp_path, idx(digits(9)))
    helper.open_dataset('mnist', tmp_path)
    cache = cache_of(tmp_path)
    whole = cache.read_bytes()
    assert len(whole) == 128 + 9 * 784 + 4
    for place in (*range(128), *range(128, len(whole), 97), *range(len(whole) - 4, len(whole))):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        cache.write_bytes(damaged)
        np.testing.assert_array_equal(helper.open_dataset('mnist', tmp_path).images, digits(9))
        assert cache.read_bytes() == whole


def test_what_a_run_left_that_was_killed_while_it_tidied_up_is_removed_by_the_next(tmp_path):
    write_faces(tmp_path / 'own', 3, (30, 30))
    helper.open_dataset('own', tmp_path)
    cache = cache_of(tmp_path)
    before = all_files(tmp_path)
    cache.with_name(f'{cache.name}.0123abcd.part').write_bytes(b'unfinished')
    blocks = cache.with_name(f'{cache.name}.part')
    blocks.mkdir()
    (blocks / '0-64').write_bytes(b'a block')
    assert helper.open_dataset('own', tmp_path).shape == (3, 28, 28, 3)
    assert all_files(tmp_path) == before
    assert not blocks.exists()


def test_a_cache_is_never_unpickled(tmp_path):
    write_mnist(tmp_path, idx(digits(9)))
    helper.open_dataset('mnist', tmp_path)
    harm = tmp_path / 'harm'
    cache = cache_of(tmp_path)
    with open(cache, 'wb') as file:
        np.lib.format.write_array_header_1_0(file, {'descr': '|O', 'fortran_order': False, 'shape': (1,)})
        file.write(harmful_pickle(harm))
    np.testing.assert_array_equal(helper.open_dataset('mnist', tmp_path).images, digits(9))
    cache.write_bytes(harmful_pickle(harm))
    np.testing.assert_array_equal(helper.open_dataset('mnist', tmp_path).images, digits(9))
    assert not harm.exists()


# --------------------------------------------------------------------------------------------- places


def test_whenever_a_disk_gets_full_nothing_is_left_and_with_more_space_it_works(tmp_path, tmpfs):
    disk = tmpfs(2**20)
    write_faces(disk / 'own', 100, (30, 30))  # prepared: 235,200 bytes, and as much in blocks
    before = all_files(disk)
    fill = disk / 'fill'
    errors = 0
    for space in range(0, 520_000, 40_000):  # too little for a block, for the second one, for the cache, enough
        fill.write_bytes(bytes(shutil.disk_usage(disk).free - space))
        try:
            assert helper.open_dataset('own', disk).shape == (100, 28, 28, 3)
            cache_of(disk).unlink()
        except OSError as error:
            errors += 1
            assert str(disk / 'own-28x28x3-') in str(error)
            assert 'it needs 470,400 bytes' in str(error) and 'Make room and try again' in str(error)
        fill.unlink()
        assert all_files(disk) == before
    assert 3 < errors < 13
    assert helper.open_dataset('own', disk).shape == (100, 28, 28, 3)


def test_a_full_disk_is_named_for_digits_too(tmpfs):
    disk = tmpfs(2**17)
    path = write_mnist(disk, gzip.compress(idx(np.zeros((1000, 28, 28, 1), np.uint8))))
    with pytest.raises(OSError, match=r'no space to write .*mnist/train-images.*28x28x1-.*needs 784,000 bytes'):
        helper.open_dataset('mnist', disk)
    assert all_files(disk) == [str(path.relative_to(disk))]


def test_a_read_only_folder_is_an_error_unless_it_holds_the_prepared_data(tmpfs):
    for prepared in (False, True):
        disk = tmpfs(2**20)
        write_mnist(disk, idx(digits(9)))
        write_faces(disk / 'own', 3, (30, 30))
        if prepared:
            expected = [np.array(helper.open_dataset(name, disk).images) for name in ('mnist', 'own')]
        before = all_files(disk)
        remount(disk, 'ro')
        for i, name in enumerate(('mnist', 'own')):
            if prepared:
                np.testing.assert_array_equal(helper.open_dataset(name, disk).images, expected[i])
            else:
                with pytest.raises(OSError, match=rf'{name}.*-28x28x.*npy cannot be written.*make its folder writable'):
                    helper.open_dataset(name, disk)
        assert all_files(disk) == before


def test_spaces_and_letters_of_all_languages_in_names_do_no_harm(tmp_path, capsys):
    data_dir = tmp_path / 'mes données' / 'Bücher ü 日本 [1] %s {}'
    own = data_dir / 'Gesichter ß 顔 *'
    own.mkdir(parents=True)
    Image.new('L', (30, 30), 1).save(own / 'größe 1.png')
    (own / 'kaputt é.jpg').write_text('no picture')
    (own / os.fsdecode(b'\xff\xfe.jpg')).write_text('no picture')
    write_mnist(data_dir, idx(digits(9)))
    np.testing.assert_array_equal(helper.open_dataset('mnist', data_dir).images, digits(9))
    for _ in range(2):
        assert helper.open_dataset(own.name, data_dir).images[:, 0, 0, 0].tolist() == [1]
    line = next(line for line in capsys.readouterr().out.encode().decode().splitlines() if 'Skipped' in line)
    assert line.startswith('Skipped 2 of 3 pictures') and 'kaputt é.jpg' in line


def test_a_path_that_is_a_file_or_a_folder_against_expectation_is_named(tmp_path):
    (tmp_path / 'file').write_text('a file')
    for call in (helper.open_dataset, helper.download_extract):
        with pytest.raises(NotADirectoryError, match=r'file is a file: choose a folder as data_dir'):
            call('mnist', tmp_path / 'file')
    with pytest.raises(FileNotFoundError, match=r"no folder of pictures '.*file': neither .* is a folder"):
        helper.open_dataset(str(tmp_path / 'file'))
    (tmp_path / 'train-images-idx3-ubyte').mkdir()
    (tmp_path / 'train-images-idx3-ubyte' / 'file').write_text('a file')
    with pytest.raises(IsADirectoryError, match=r'train-images-idx3-ubyte is a folder: put the file'):
        helper.open_dataset('mnist', tmp_path)


@pytest.mark.parametrize('suffix', ['', '.part'])
def test_what_is_in_the_way_of_the_prepared_images_is_named_and_kept(tmp_path, suffix):
    write_faces(tmp_path / 'own', 3, (30, 30))
    helper.open_dataset('own', tmp_path)
    cache = cache_of(tmp_path)
    cache.unlink()
    in_the_way = cache.with_name(cache.name + suffix)
    if suffix:
        in_the_way.write_text('a file where a folder has to be')
    else:
        in_the_way.mkdir()
        (in_the_way / 'notes').write_text('a folder where a file has to be')
    before = all_files(tmp_path)
    with pytest.raises(OSError) as error:
        helper.open_dataset('own', tmp_path)
    assert f'{in_the_way}' in str(error.value) and 'remove what is in its way' in str(error.value)
    assert all_files(tmp_path) == before


# ------------------------------------------------------------------------------------------- pictures


def grey_16_bits(path):
    values = np.full((40, 40), 200 * 257 + 100, np.uint16)  # rounds down to 200
    values[:, 20:] = 9 * 257 + 129  # rounds up to 10
    Image.fromarray(values).save(path, 'PNG')


def animated(path):
    frames = [Image.new('RGB', (40, 40), colour) for colour in ('red', 'blue')]
    frames[0].save(path, 'PNG', save_all=True, append_images=frames[1:])


def declared_png(width, height):
    """A PNG that says how large it is and then ends."""
    header = b'IHDR' + struct.pack('>2I5B', width, height, 8, 2, 0, 0, 0)
    start = b'\x89PNG\r\n\x1a\n' + struct.pack('>I', 13) + header + struct.pack('>I', zlib.crc32(header))
    return start + struct.pack('>I', 100) + b'IDAT'


def test_broken_pictures_are_skipped_and_named_once_and_odd_ones_are_converted(tmp_path, capsys):
    own = tmp_path / 'own'
    own.mkdir()
    colours().save(own / 'a whole.jpg')
    whole = (own / 'a whole.jpg').read_bytes()
    (own / 'b truncated.jpg').write_bytes(whole[: len(whole) // 2])
    (own / 'c empty.jpg').write_bytes(b'')
    (own / 'd text.jpg').write_text('no picture')
    (own / 'e huge.png').write_bytes(declared_png(60_000, 60_000))
    Image.new('1', (8000, 8000)).save(own / 'f large.png')
    Image.new('RGB', (1, 1), (7, 8, 9)).save(own / 'g 1x1.png')
    grey_16_bits(own / 'h 16 bits.png')
    Image.new('CMYK', (40, 40), (0, 255, 255, 0)).save(own / 'i cmyk.tif')
    animated(own / 'j animated.png')
    with open(own / 'k film.jpg', 'wb') as file:
        file.truncate(2**30)  # a gigabyte that takes no space

    images = helper.open_dataset('own', tmp_path).images
    assert len(images) == 5
    assert (images[1] == (7, 8, 9)).all()
    assert images[2, 14, [0, 27]].tolist() == [[200] * 3, [10] * 3]
    assert images[3, 0, 0].tolist() == [255, 0, 0]
    assert images[4, 0, 0].tolist() == [255, 0, 0]
    line, _ = capsys.readouterr().out.splitlines()
    assert line.startswith(f'Skipped 6 of 11 pictures in {own} cannot be read: b truncated.jpg (')
    for words in (
        'c empty.jpg (not a picture)',
        'd text.jpg (not a picture)',
        'e huge.png (Image size (3600000000 pixels) exceeds limit',
        'f large.png (too large: 8000x8000, at most 50,000,000 pixels)',
        'k film.jpg (it has 1,073,741,824 bytes, too many for a picture)',
    ):
        assert words in line
    helper.open_dataset('own', tmp_path)
    assert 'Skipped' not in capsys.readouterr().out


def test_more_than_one_broken_face_in_a_hundred_leaves_nothing_but_an_error(tmp_path, capsys):
    files = write_faces(tmp_path / 'img_align_celeba', 200)
    for file, content in zip(files, (b'', b'no picture', files[2].read_bytes()[:300]), strict=False):
        file.write_bytes(content)
    with pytest.raises(ValueError, match=r'3 of 200 pictures .*000001\.jpg.*000002\.jpg.*000003\.jpg.*fetch it again'):
        helper.open_dataset('celeba', tmp_path)
    assert os.listdir(tmp_path) == ['img_align_celeba']
    Image.new('RGB', (1, 1)).save(files[0])  # readable, but too small for a face
    for file in files[1:3]:
        shutil.copy(files[3], file)
    assert len(helper.open_dataset('celeba', tmp_path).images) == 199
    assert 'Skipped 1 of 200' in (printed := capsys.readouterr().out) and 'it has 1x1 pixels, not 178x218' in printed


# ------------------------------------------------------------------------------------------- archives


def write_zip(path, *members):
    """A zip of (name or ZipInfo, content)."""
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for member, content in members:
            archive.writestr(member, content)


def declare(path, number, size):
    """Write `size` into the list of members as what the given one unpacks to."""
    content = bytearray(path.read_bytes())
    place = -1
    for _ in range(number + 1):
        place = content.index(b'PK\x01\x02', place + 1)
    content[place + 24 : place + 28] = size.to_bytes(4, 'little')
    path.write_bytes(content)


@pytest.mark.parametrize(
    'name', ['../x.jpg', 'a/../../x.jpg', '..', '/etc/x.jpg', 'C:\\x.jpg', 'c:x.jpg', '\\x.jpg', 'a\\..\\x.jpg']
)
def test_a_zip_with_a_path_that_leads_out_of_it_is_refused(tmp_path, name):
    path = tmp_path / 'data' / 'celeba.zip'
    path.parent.mkdir()
    info = zipfile.ZipInfo('placeholder')
    info.filename = name
    write_zip(path, ('a.jpg', b'a'), (info, b'b'))
    with pytest.raises(ValueError) as error:
        helper.open_dataset('celeba', path.parent)
    assert str(error.value) == (
        f'{path} is refused: {name!r} in it has a path that leads out of it. Delete it and fetch it again'
    )
    assert all_files(tmp_path) == ['data/celeba.zip']


@pytest.mark.parametrize('name', ['a..b/c..jpg', 'img/a...jpg', 'ab:c.jpg'])
def test_names_that_only_look_dangerous_are_taken(tmp_path, name):
    colours(218, 178).save(tmp_path / 'face.png')
    write_zip(tmp_path / 'celeba.zip', (name, (tmp_path / 'face.png').read_bytes()))
    assert len(helper.open_dataset('celeba', tmp_path).images) == 1


def test_a_zip_with_a_symbolic_link_is_refused(tmp_path):
    link = zipfile.ZipInfo('link.jpg')
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    write_zip(tmp_path / 'celeba.zip', (link, '/etc/passwd'))
    with pytest.raises(ValueError, match=r"celeba\.zip is refused: 'link\.jpg' in it is a symbolic link"):
        helper.open_dataset('celeba', tmp_path)


def test_a_zip_member_without_a_name_is_no_picture(tmp_path):
    path = tmp_path / 'celeba.zip'
    write_zip(path, ('Q.jpg', b'a'))
    path.write_bytes(path.read_bytes().replace(b'Q.jpg', b'\0.jpg'))  # names end at a zero byte
    with pytest.raises(ValueError, match=r'celeba\.zip contains no pictures'):
        helper.open_dataset('celeba', tmp_path)


def test_a_zip_that_says_it_is_a_bomb_is_refused(tmp_path):
    path = tmp_path / 'celeba.zip'
    write_zip(path, *((f'{i:02d}.jpg', b'a') for i in range(60)))
    declare(path, 7, 200_000_000)
    with pytest.raises(ValueError, match=r'07\.jpg \(it has 200,000,000 bytes, too many for a picture'):
        helper.open_dataset('celeba', tmp_path)
    for i in range(60):
        declare(path, i, 140_000_000)
    with pytest.raises(ValueError, match=r'celeba\.zip is refused: it unpacks to 8,400,000,000 bytes'):
        helper.open_dataset('celeba', tmp_path)


def test_a_bomb_that_says_it_is_small_is_not_unpacked_further_than_it_says(tmp_path):
    path = tmp_path / 'celeba.zip'
    write_zip(path, ('bomb.jpg', bytes(100_000_000)))
    declare(path, 0, 1000)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r'bomb\.jpg \(Bad CRC-32 for file'):
        helper.open_dataset('celeba', tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_digits_that_unpack_to_far_more_than_the_data_set_are_refused(tmp_path):
    path = tmp_path / 'train-images-idx3-ubyte.gz'
    with gzip.open(path, 'wb', 1) as file:
        file.write(struct.pack('>4I', 0x803, 10**6, 28, 28))
        for _ in range(48):
            file.write(bytes(2**24))  # 800 MB in all
    tracemalloc.start()
    with pytest.raises(ValueError, match=r'ubyte\.gz is not an IDX file .*it has more than 268,435,456 bytes'):
        helper.open_dataset('mnist', tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**30
