"""Prepared images: whole or not at all, never stale, never damaged; each write fails once, each byte flips once."""

import linecache
import mmap
import os
import shutil
import subprocess
import sys
from errno import EIO, ENODEV, ENOSPC
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import lesson.data.cache as module
from lesson.data.cache import cached_images, code_of, listing
from tests.builders import all_files, cache_of
from tests.conftest import remount
from tests.disk import every, every_end, needs_fork

pytestmark = pytest.mark.fault
ROW = 2, 2, 1
IMAGES = np.arange(24, dtype=np.uint8).reshape(6, *ROW)


def make(images=IMAGES):
    yield from (images[:4], images[4:])


def never():
    raise AssertionError('made again')
    yield


@pytest.fixture
def source(tmp_path):
    (tmp_path / 'own').mkdir()
    return tmp_path / 'own'


def test_images_are_made_once_and_mapped_from_a_npy_file(source):
    for making in (make, never):
        images = cached_images(source, ROW, 'key', making)
        np.testing.assert_array_equal(images, IMAGES)
        assert isinstance(images, np.memmap) and not images.flags.writeable
    assert cache_of(source.parent).name.startswith('own-2x2x1-')
    np.testing.assert_array_equal(np.load(cache_of(source.parent), allow_pickle=False), IMAGES)


def test_what_they_are_made_of_makes_new_ones_which_replace_the_old_and_unfinished(source):
    cached_images(source, ROW, 'key', make)
    old = cache_of(source.parent)
    kept = [old.with_name(name) for name in ('own-2x2x1-notes.npy', f'other-{old.name}', f'{old.name}.txt')]
    for path in (*kept, old.with_name(f'{old.name}.0123abcd.part')):
        path.write_bytes(b'of others, or of a killed process')
    np.testing.assert_array_equal(cached_images(source, ROW, 'another', partial(make, 255 - IMAGES)), 255 - IMAGES)
    (new,) = {path for path in source.parent.iterdir() if path.is_file()} - {*kept}
    assert new != old and all(path.exists() for path in kept)


def test_a_flip_of_any_byte_and_a_cut_anywhere_are_noticed(source):
    cached_images(source, ROW, 'key', make)
    cache = cache_of(source.parent)
    whole = cache.read_bytes()
    assert len(whole) == 128 + 24 + 4
    flipped = [whole[:i] + bytes([whole[i] ^ 1 << i % 8]) + whole[i + 1 :] for i in range(len(whole))]
    cut = [whole[:i] for i in range(len(whole))]
    for damaged in (*flipped, *cut, whole + b'x', whole + whole[128:], bytes(len(whole))):
        cache.write_bytes(damaged)
        np.testing.assert_array_equal(cached_images(source, ROW, 'key', make), IMAGES)
        assert cache.read_bytes() == whole


@pytest.mark.parametrize('number', [ENOSPC, EIO])
def test_whichever_operation_on_the_disk_fails_nothing_is_left_and_the_next_time_it_works(source, number):
    def work(disk):
        try:
            with disk:
                np.testing.assert_array_equal(cached_images(source, ROW, 'key', make), IMAGES)
        except OSError as error:
            assert error.errno == number
            if number == ENOSPC and 'no file can be written in' not in str(error):
                assert f'no space to write {source.parent / "own-2x2x1-"}' in str(error)
                assert 'Make room and try again' in str(error)
            assert {path.name for path in source.parent.iterdir()} <= {'own', '.lock'}

    for last in every(work, number):  # noqa: B007
        np.testing.assert_array_equal(cached_images(source, ROW, 'key', make), IMAGES)
        cache_of(source.parent).unlink()
    assert last >= 8  # open, header, two blocks, checksum, header, to the disk, rename, the lock's end


@needs_fork
@pytest.mark.filterwarnings('ignore:.*fork:DeprecationWarning')
def test_wherever_a_process_ends_the_next_one_has_the_images_and_nothing_unfinished_is_left(source):
    cached_images(source, ROW, 'older', make)
    for last in every_end(lambda: cached_images(source, ROW, 'key', make)):  # noqa: B007
        np.testing.assert_array_equal(cached_images(source, ROW, 'key', make), IMAGES)
        assert list(source.parent.glob('*.part')) == []
        for cache in source.parent.glob('*.npy'):
            cache.unlink()
        cached_images(source, ROW, 'older', make)
    assert last >= 9  # as above, and what is older is removed


def test_without_locks_processes_that_remove_each_others_files_all_get_their_images(source, no_locks):
    for key in ('key', 'another'):

        def making(key=key):
            yield IMAGES[:4]
            if not list(source.parent.glob('*.npy')):
                (part,) = source.parent.glob('*.part')
                cached_images(source, ROW, key, make)  # meanwhile: it takes that for a killed process's file
                assert not part.exists()
            yield IMAGES[4:]

        np.testing.assert_array_equal(cached_images(source, ROW, 'key', making), IMAGES)
        cache_of(source.parent).unlink()


def test_an_error_or_interrupt_while_images_are_made_passes_and_leaves_nothing(source):
    closed = []

    def ending(error):
        try:
            yield IMAGES
            raise error
        finally:
            closed.append(True)

    for error in (ValueError('broken'), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            cached_images(source, ROW, 'key', partial(ending, error))
        assert all_files(source.parent) == [] and closed.pop()


def test_a_folder_that_cannot_be_written_is_read_or_the_images_go_into_a_cache_dir(tmpfs, tmp_path):
    disk = tmpfs(2**20)
    cached_images(disk / 'own', ROW, 'key', make)
    remount(disk, 'ro')
    np.testing.assert_array_equal(cached_images(disk / 'own', ROW, 'key', never), IMAGES)
    with pytest.raises(OSError, match=rf'no file can be written in {disk} \(Read-only .*pass a cache_dir'):
        cached_images(disk / 'own', ROW, 'another', make)
    cached_images(disk / 'own', ROW, 'another', make, tmp_path / 'cache')
    np.testing.assert_array_equal(cached_images(disk / 'own', ROW, 'another', never, tmp_path / 'cache'), IMAGES)


def test_in_one_cache_dir_sources_of_one_name_and_sizes_are_kept_apart(tmp_path):
    calls = [('a/own', ROW), ('b/own', ROW), ('a/own', (1, 4, 1)), ('a/own.zip', ROW)]
    for making in (make, never):
        for name, row in calls:
            making_them = partial(make, IMAGES.reshape(6, *row)) if making is make else never
            cached = cached_images(tmp_path / name, row, 'key', making_them, tmp_path)
            np.testing.assert_array_equal(cached, IMAGES.reshape(6, *row))
    assert len(all_files(tmp_path)) == len(calls)


def test_a_listing_is_in_order_and_leaves_out_what_is_hidden_ours_or_leads_in_a_circle(source):
    names = ['b.png', 'a.png', 'z/a.png', 'c/deeper/x.png', 'c/y.png', 'c.png', '.hidden/a.png', 'z/.hidden.png']
    for name in (*names, 'own-28x28x3-0123456789ab.npy', 'z/a-28x28x3-0123456789ab.npy.01234567.part'):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(b'12345')
    (source / 'circle').symlink_to(source)
    (source / 'nowhere').symlink_to(source / 'nothing')
    (source / 'link.png').symlink_to(source / 'a.png')
    os.mkfifo(source / 'pipe')
    expected = ['a.png', 'b.png', 'c.png', 'link.png', 'c/y.png', 'c/deeper/x.png', 'z/a.png']
    assert list(listing(source)) == [(name, 5, (source / name).stat().st_mtime_ns) for name in expected]
    assert list(listing(source / 'a.png')) == [('a.png', 5, (source / 'a.png').stat().st_mtime_ns)]


def test_a_folder_to_which_links_lead_is_listed_once_and_no_link_leads_round_in_a_circle(source, tmp_path):
    for name in ('cats/1.png', 'dogs/2.png', 'far/birds/3.png'):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b'12345')
    for link, target in (('a', 'cats'), ('b', 'cats'), ('c', 'far'), ('d', 'own/c'), ('up', '.'), ('top', '/')):
        (source / link).symlink_to(tmp_path / target)
    (tmp_path / 'cats' / 'back').symlink_to(source)
    (tmp_path / 'far' / 'dogs').symlink_to('../dogs')
    (source / 'loop').symlink_to('loop')
    assert [name for name, *_ in listing(source)] == ['a/1.png', 'c/birds/3.png', 'c/dogs/2.png']
    (tmp_path / 'link').symlink_to(source)
    assert [name for name, *_ in listing(tmp_path / 'link')] == ['a/1.png', 'c/birds/3.png', 'c/dogs/2.png']


def nested(folder, name, depth):
    """Make folders in folders, and a file in the last one; longer paths than the system takes are made step by step."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        here, outer = os.open(name, os.O_RDONLY, dir_fd=here), here
        os.close(outer)
    os.close(os.open('1.png', os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason='makes the folders by descriptor')
def test_folders_a_thousand_deep_are_listed_or_it_is_said_that_they_are_too_deep(source):
    nested(source, 'a', 1000)
    assert [name for name, *_ in listing(source)] == ['a/' * 1000 + '1.png']
    nested(source, 'folder', 1000)
    try:
        with pytest.raises(OSError, match=r'cannot be read \(File name too long\): make it readable .*, shorten'):
            list(listing(source))
    finally:
        subprocess.run(['rm', '-r', source], check=True)  # rmtree is not made for that


@pytest.mark.parametrize('name', ['猫' * 76, 'x' * 255, 'ü' * 127, 'a b ' * 60])
def test_a_source_of_a_long_name_is_kept_under_a_shorter_one_and_apart_from_others(tmp_path, name):
    for key, images in ((name, IMAGES), (f'{name[:-1]}z', 255 - IMAGES)):
        for cache_dir in (None, tmp_path / 'cache'):
            for making in (partial(make, images), never):
                np.testing.assert_array_equal(cached_images(tmp_path / key, ROW, 'key', making, cache_dir), images)
    assert max(len(os.fsencode(file.name)) for file in tmp_path.rglob('*.npy')) < 143 - len('.01234567.part')
    assert list(listing(tmp_path)) == []


def test_on_a_disk_without_memory_maps_images_are_read(source, monkeypatch):
    def refused(*_, **__):
        raise OSError(ENODEV, 'No such device')

    monkeypatch.setattr(mmap, 'mmap', refused)
    for making in (make, never):
        images = cached_images(source, ROW, 'key', making)
        np.testing.assert_array_equal(images, IMAGES)
        assert not images.flags.writeable


CODES = """
import helper
from lesson.data import idx, prepare, synthetic
from lesson.data.cache import code_of
print(*map(code_of, (helper.get_image, prepare._prepare, idx._images, synthetic._digits, synthetic._jpegs)))
"""
PICTURE, PREPARE, IDX, DIGITS, FACES = range(5)


@pytest.fixture(scope='module')
def project(tmp_path_factory):
    """A copy of the code, and the codes of it in a new process."""
    folder, root = tmp_path_factory.mktemp('project'), Path(module.__file__).parents[2]
    shutil.copy(root / 'helper.py', folder)
    shutil.copytree(root / 'lesson', folder / 'lesson', ignore=shutil.ignore_patterns('__pycache__'))

    def codes():
        environment = {**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'}
        command = [sys.executable, '-c', CODES]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True).stdout.split()

    return folder, codes, codes()


@pytest.mark.parametrize(
    ('file', 'old', 'new', 'changed'),
    [
        ('helper.py', '        left, top = ', '        # A comment.\n        left, top = ', set()),
        ('lesson/data/decode.py', '"""A loaded Pillow image', '"""Another docstring', set()),
        ('helper.py', 'def scale(', 'def rescale(', set()),
        ('helper.py', 'Resampling.BILINEAR', 'Resampling.BICUBIC', {PICTURE}),
        ('lesson/data/decode.py', 'WHITE = 2**16 - 1', 'WHITE = 2**15 - 1', {PICTURE}),
        ('lesson/data/decode.py', '+ 0.5)', '+ 0.4)', {PICTURE}),
        ('lesson/data/prepare.py', "'MPEG', 'EPS'", "'MPEG'", {PREPARE}),
        ('lesson/data/idx.py', 'SIDE = 28', 'SIDE = 27', {IDX}),
        ('lesson/data/idx.py', '>u4', '<u4', {IDX}),
        ('lesson/data/synthetic/digits.py', "'50 0, 51 50, 50 100'", "'50 0, 52 50, 50 100'", {DIGITS}),
        ('lesson/data/synthetic/faces.py', '(84, 54, 42)', '(84, 54, 43)', {FACES}),
        ('lesson/data/synthetic/__init__.py', 'quality=90', 'quality=91', {FACES}),
    ],
)
def test_the_code_of_pixels_changes_with_what_decides_them_and_with_nothing_else(project, file, old, new, changed):
    folder, codes, before = project
    whole = (folder / file).read_text()
    assert whole.count(old) == 1
    (folder / file).write_text(whole.replace(old, new))
    after = codes()
    (folder / file).write_text(whole)
    assert {i for i in range(5) if before[i] != after[i]} == changed


def test_a_function_of_a_notebook_counts_with_what_it_uses():
    def code(body, **scope):
        name = f'<cell {body}>'  # as IPython registers its cells; no file has this name
        source = f'def get_image(file):\n    return {body}\n'
        linecache.cache[name] = len(source), None, source.splitlines(True), name
        scope['__name__'] = '__main__'
        exec(compile(source, name, 'exec'), scope)
        return code_of(scope['get_image'])

    codes = code('file + 1'), code('file + 2'), code('file + shift', shift=1), code('file + shift', shift=2)
    assert len({*codes, code('file + some', some={'a', 'b'})}) == 5
    assert code('file + shift', shift=1, other=2) == codes[2]
    functions = partial(make), partial(make, 1), partial(make, 2), partial(make, a=1), partial(make, a=2)
    assert len({code_of(function) for function in functions}) == len(functions)
    assert code_of(partial(make, a=1, b=2)) == code_of(partial(make, b=2, a=1)) != code_of(make)
