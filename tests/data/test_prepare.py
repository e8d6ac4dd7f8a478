"""Pictures in folders and zips: what is taken, skipped, left out; kills, changes and bombs meanwhile."""

import io
import itertools
import os
import shutil
import signal
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import helper
from lesson.data import prepare as module
from lesson.data.cache import listing
from lesson.files import cores
from tests.builders import all_files, by_hand, cache_of, colors, write_faces, zip_up
from tests.data.process import alive, outlived_by, prepare, slow, start, started

pytestmark = pytest.mark.fault
linux = pytest.mark.skipif(sys.platform != 'linux', reason='looks at processes in /proc')


def level(value):
    """The bytes of a picture of one color."""
    file = io.BytesIO()
    Image.new('RGB', (30, 30), (value, 0, 0)).save(file, 'PNG')
    return file.getvalue()


def levels(name, data_dir):
    return helper.open_dataset(name, data_dir, image_mode='RGB').images[:, 0, 0, 0].tolist()


def test_faces_equal_pillow_called_by_hand_to_the_last_bit_in_a_folder_and_in_any_kind_of_zip(tmp_path):
    files = write_faces(tmp_path / 'folder' / 'img_align_celeba', 70)
    expected = np.stack([by_hand(file) for file in files])
    np.testing.assert_array_equal(helper.open_dataset('celeba', tmp_path / 'folder').images, expected)
    np.testing.assert_array_equal(helper.get_batch(files, 28, 28, 'RGB', 108), expected)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        (tmp_path / f'{method}').mkdir()
        zip_up(files[:20], tmp_path / f'{method}' / 'img_align_celeba.zip', method)
        np.testing.assert_array_equal(helper.open_dataset('celeba', tmp_path / f'{method}').images, expected[:20])
        assert len(all_files(tmp_path / f'{method}')) == 2  # the zip and its cache: nothing is unpacked


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
    assert levels('own', tmp_path) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert f'Left out 1 files in {own} that are not pictures: b.ZIP/notes.txt\n' in capsys.readouterr().out
    assert sorted([*before, cache_of(tmp_path).name]) == all_files(tmp_path)
    with zipfile.ZipFile(own / 'deeper' / 'z.zip', 'a') as archive:
        archive.writestr('9.png', level(9))
        archive.writestr('10.png', level(10)[:60])
    assert levels('own', tmp_path) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert levels('own/b.ZIP', tmp_path) == levels(own / 'b.ZIP', tmp_path) == [2, 3]  # a zip alone is a data set, too
    assert 'Left out: 1 of 10 pictures' in (printed := capsys.readouterr().out) and ': deeper/z.zip/10.png (' in printed


@pytest.mark.parametrize(
    'before',
    ['./', '././', '/', '../', 'a/./', 'a//', 'a/../', '.\\', 'a\\', '.\\a\\.\\', '..\\', 'C:\\a\\', 'A: my /'],
)
def test_however_a_zip_spells_its_folders_its_pictures_are_taken_and_hidden_files_are_not(tmp_path, capsys, before):
    with zipfile.ZipFile(tmp_path / 'own.zip', 'w') as archive:
        archive.writestr(before, b'')
        for name, value in (('1.png', 1), ('cats/2.png', 2), ('...3.png', 9), ('._1.png', 9), ('.git/1.png', 9)):
            archive.writestr(before + name, level(value))
            archive.writestr(f'__MACOSX/{before}{name}', level(9))
            archive.writestr(f'./__MACOSX\\{before}{name}', level(9))
        archive.writestr('dogs/3.png', level(3))
    assert sorted(levels('own.zip', tmp_path)) == [1, 2, 3]
    assert 'Left out' not in capsys.readouterr().out


@pytest.mark.parametrize('content', [b'', b'<!DOCTYPE html>', b'PK\x03\x04 cut off'])
@pytest.mark.parametrize('name', ['celeba', 'own', 'own/z.zip'])
def test_a_bad_zip_is_named_with_what_to_do_before_anything_is_prepared(tmp_path, content, name):
    own = write_faces(tmp_path / 'own', 3)[0].parent
    path = tmp_path / 'img_align_celeba.zip' if name == 'celeba' else own / 'z.zip'
    path.write_bytes(content)
    before = all_files(tmp_path)
    instead = 'Delete it and fetch it again' if name == 'celeba' else 'Put a whole one in its place, or take it away'
    with pytest.raises(ValueError, match=rf'{path} is not a readable zip \(.*\)\. {instead}'):
        helper.open_dataset(name, tmp_path)
    assert all_files(tmp_path) == before


def test_a_zip_that_is_cut_off_or_damaged_anywhere_gives_the_right_pictures_or_an_error(tmp_path):
    path = tmp_path / 'own.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        for value in (1, 2):
            archive.writestr(f'{value}.png', level(value))
    whole = path.read_bytes()
    flipped = [whole[:i] + bytes([whole[i] ^ 1 << i % 8]) + whole[i + 1 :] for i in range(0, len(whole), 3)]
    for i, damaged in enumerate((*flipped, *(whole[:i] for i in range(0, len(whole), 9)))):
        path.write_bytes(damaged)
        os.utime(path, (i, i))
        try:
            assert set(levels('own.zip', tmp_path)) <= {1, 2}
        except ValueError as error:
            assert str(path) in str(error)


def declare(path, size):
    """Write `size` into the list of members as what the first one unpacks to."""
    content = bytearray(path.read_bytes())
    place = content.index(b'PK\x01\x02') + 24
    content[place : place + 4] = size.to_bytes(4, 'little')
    path.write_bytes(content)


def test_a_bomb_is_not_unpacked_whether_it_says_so_or_not(tmp_path):
    path = tmp_path / 'own.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('bomb.jpg', bytes(100_000_000))
    for declared, reason in ((200_000_000, 'it has 200,000,000 bytes, too many for a picture'), (1000, 'Bad CRC-32')):
        declare(path, declared)
        tracemalloc.start()
        with pytest.raises(ValueError, match=rf'bomb\.jpg \({reason}'):
            helper.open_dataset('own.zip', tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 10_000_000


def test_the_memory_of_a_preparation_does_not_grow_with_the_number_of_zips(tmp_path):
    peaks = []
    for count in (2, 8):
        own = tmp_path / f'own-{count}'
        own.mkdir()
        for i in range(count):
            with zipfile.ZipFile(own / f'{i}.zip', 'w') as archive:
                for k in range(300):
                    archive.writestr(f'{k:04}.png', level(1))
        tracemalloc.start()
        assert len(helper.open_dataset(own.name, tmp_path, image_size=1).images) == 300 * count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 300_000, peaks  # a list of 1,800 members would take more


def test_broken_pictures_and_other_files_are_left_out_and_named_once_whatever_the_letters_of_names(tmp_path, capsys):
    own = tmp_path / 'mes données' / 'Gesichter ß 顔 * [1] %s {}'
    own.mkdir(parents=True)
    with pytest.raises(ValueError, match='is an empty folder: put pictures'):
        helper.open_dataset(own, tmp_path)
    for name in ('film.mp4', 'notes.mpg', *(f'{i:02d}.txt' for i in range(10))):
        (own / name).write_bytes(b'\0\0\0\x18ftypmp42' + bytes(100))
    with pytest.raises(ValueError, match=r'contains no pictures\. Put pictures'):
        helper.open_dataset(own, tmp_path)
    assert list(own.parent.glob('*.npy')) == []
    capsys.readouterr()
    colors().save(own / 'a größe', 'JPEG')
    whole = (own / 'a größe').read_bytes()
    (own / 'b truncated.jpg').write_bytes(whole[: len(whole) // 2])
    (own / 'c empty.jpg').write_bytes(b'')
    (own / 'd text.jpg').write_text('no picture')
    Image.new('1', (8000, 8000)).save(own / 'e large.png')
    with open(own / 'f film.jpg', 'wb') as file:
        file.truncate(2**30)  # a gigabyte that takes no space
    (own / 'IMG_1.jpg').write_bytes(b'\0\0\0\x18ftypheic' + bytes(100))
    (own / os.fsdecode(b'\xff\xfe.jpg')).write_text('no picture')
    assert len(helper.open_dataset(own, tmp_path).images) == 1
    left_out, line, _ = capsys.readouterr().out.encode().decode().splitlines()
    named = ', '.join(f'{i:02d}.txt' for i in range(10))
    assert left_out == f'Left out 12 files in {own} that are not pictures: {named}, ...'
    assert line.startswith(f'Left out: 7 of 8 pictures in {own} cannot be read: IMG_1.jpg (')
    for words in (
        'IMG_1.jpg (an HEIC photo, which Pillow does not read: export it as JPEG)',
        'b truncated.jpg (',
        'c empty.jpg (not a picture)',
        'd text.jpg (not a picture)',
        'e large.png (too large: 8000x8000, at most 50,000,000 pixels)',
        'f film.jpg (it has 1,073,741,824 bytes, too many for a picture)',
    ):
        assert words in line
    helper.open_dataset(own, tmp_path)
    assert 'Left out' not in capsys.readouterr().out


def test_one_broken_face_in_a_hundred_is_skipped_and_more_are_an_error_that_leaves_nothing(tmp_path, capsys):
    files = write_faces(tmp_path / 'img_align_celeba', 200)
    for file, content in zip(files, (b'', b'no picture', files[2].read_bytes()[:300]), strict=False):
        file.write_bytes(content)
    with pytest.raises(ValueError, match=r'3 of 200 pictures .*000001\.jpg.*000002\.jpg.*000003\.jpg.*fetch it again'):
        helper.open_dataset('celeba', tmp_path)
    assert os.listdir(tmp_path) == ['img_align_celeba']
    Image.new('RGB', (1, 1)).save(files[0])  # readable, but too small for a face
    shutil.copy(files[3], files[1])
    images = helper.open_dataset('celeba', tmp_path).images
    np.testing.assert_array_equal(images[:2], [by_hand(files[1]), by_hand(files[3])])
    assert len(images) == 198
    assert 'Left out: 2 of 200' in (printed := capsys.readouterr().out) and 'it has 1x1 pixels, not 178x218' in printed


def test_another_picture_time_or_setting_makes_other_images(tmp_path):
    own = write_faces(tmp_path / 'own', 1)[0].parent
    for value in (2, 3):  # a new one, and the same name and size with a different time
        (own / '0.png').write_bytes(level(value))
        os.utime(own / '0.png', (value, value))
        assert levels('own', tmp_path)[0] == value
    for size in (28, 30):
        assert helper.open_dataset('own', tmp_path, image_size=size).shape == (2, size, size, 3)


def test_images_of_another_size_than_asked_for_are_an_error_and_not_scrambled(tmp_path):
    own = write_faces(tmp_path / 'own', 70, (40, 40))[0].parent
    with pytest.raises(TypeError, match=r'made uint8 \(28, 28, 3\) from 000001.jpg, expected uint8 \(28, 29, 3\)'):
        module.prepared_images(own, slow, (28, 29, 3), 'own')


@pytest.mark.parametrize('times', [1, 2, 3])
def test_files_that_change_meanwhile_are_looked_at_again_and_given_up_after_three_times(
    tmp_path, capsys, monkeypatch, times
):
    files = write_faces(tmp_path / 'own', 3)
    calls = itertools.count(1)

    def changing(source):
        """Called before each preparation, after which a file is gone, and after it, before which one has come."""
        call, listed = next(calls), list(listing(source))
        if call == 1:
            files[0].unlink()
        elif call % 2 and call <= 2 * times:
            colors().save(source / f'new {call}.png')
        return listed

    monkeypatch.setattr(module, 'listing', changing)
    if times == 3:
        with pytest.raises(OSError, match=r'own kept changing, 3 times: wait until its files are complete'):
            helper.open_dataset('own', tmp_path)
        assert list(tmp_path.glob('*.npy*')) == []
    else:
        assert len(helper.open_dataset('own', tmp_path).images) == 2 + times - 1
    assert capsys.readouterr().out.count(f'Files in {tmp_path / "own"} have changed in the meantime.\n') == times


@pytest.fixture
def own(tmp_path):
    files = write_faces(tmp_path / 'own', 8, (40, 40))
    for i in range(400):
        shutil.copy(files[i % 8], tmp_path / 'own' / f'{i}.jpg')
    return tmp_path / 'own'


def kill_another(process):
    pids = []
    while not pids:
        spawned = [pid for pid in alive(process.pid) if 'spawn_main' in Path(f'/proc/{pid}/cmdline').read_text()]
        pids = [pid for pid in spawned if '_imaging.' in Path(f'/proc/{pid}/maps').read_text()]
    time.sleep(0.5)  # now it has begun to work
    os.kill(pids[0], signal.SIGKILL)


@linux
@pytest.mark.skipif(cores() < 2, reason='with one core there is no other process')
@pytest.mark.parametrize('end', ['kill', 'interrupt', 'interrupt all', 'kill another'])
def test_a_preparation_that_is_ended_leaves_no_process_and_nothing_wrong_and_begins_again(own, end):
    process = started(own)
    if end == 'kill another':
        kill_another(process)
    else:
        (os.killpg if end == 'interrupt all' else os.kill)(process.pid, 9 if end == 'kill' else signal.SIGINT)
    errors = process.communicate(timeout=60)[1].rstrip()
    assert outlived_by(process.pid) == []
    assert errors.count('Traceback') == (end != 'kill')
    if end == 'kill another':
        assert 'RuntimeError: a process that was preparing pictures was killed, probably out of memory. Run' in errors
    elif end != 'kill':
        assert errors.endswith('KeyboardInterrupt')
    assert list(own.parent.glob('*.npy')) == []
    files = sorted(own.iterdir())
    np.testing.assert_array_equal(prepare(own), helper.get_batch(files, 28, 28, 'RGB'))
    assert [path.suffix for path in own.parent.iterdir() if path.is_file()] == ['.npy']


def test_of_three_processes_one_prepares_and_the_others_take_what_it_made(own):
    processes = [start(own) for _ in range(3)]
    results = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], results
    assert {printed.splitlines()[-1] for printed, _ in results} == {'408'}
    assert sum(errors.count('| 0/408') for _, errors in results) == 1
    assert [path.suffix for path in own.parent.iterdir() if path.is_file()] == ['.npy']
