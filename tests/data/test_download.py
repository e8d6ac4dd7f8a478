"""helper.download_extract against a real HTTP server on the loopback address, real processes and full disks."""

import gzip
import re
import time
from pathlib import Path

import numpy as np
import pytest

import helper
import lesson.download
from tests.builders import write_faces
from tests.conftest import no_file_longer_than, remount
from tests.soak import download

pytestmark = pytest.mark.fault
PLACE = 'mnist/train-images-idx3-ubyte.gz'


@pytest.fixture
def server():
    server = download.Server()
    yield server
    server.close()


@pytest.fixture
def good():
    """An IDX file of 50 digits."""
    images = np.random.default_rng(0).integers(0, 256, (50, 28, 28), np.uint8)
    header = b''.join(size.to_bytes(4, 'big') for size in (0x803, *images.shape))
    return gzip.compress(header + images.tobytes())


@pytest.fixture
def mirrors(monkeypatch, good):
    """Registers addresses for an 'mnist' whose file is `good`."""
    monkeypatch.setattr(lesson.download, 'ANSWER_WITHIN', 3)
    monkeypatch.setattr(lesson.download, 'STALLED_AFTER', 1)

    def register(*urls):
        checksum, images_md5 = download.md5(good), download.md5(gzip.decompress(good))
        about = helper.DATA_SETS['mnist']._replace(
            urls=urls, md5=checksum, images_md5=images_md5, size=len(good), labels=None
        )
        monkeypatch.setitem(helper.DATA_SETS, 'mnist', about)

    return register


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob('*'))


def test_a_download_puts_the_verified_file_in_its_place_once(tmp_path, server, mirrors, good, capsys):
    mirrors(server.serve('/good', good))
    path = helper.download_extract('mnist', tmp_path)
    assert path == tmp_path / PLACE
    assert path.read_bytes() == good
    assert '127.0.0.1' in capsys.readouterr().err, 'the bar does not say where the file comes from'
    assert helper.download_extract('mnist', tmp_path) == path
    assert server.gets() == ['/good']
    assert everything_in(tmp_path) == ['mnist', PLACE]
    assert helper.open_dataset('mnist', tmp_path).shape == (50, 28, 28, 1)


@pytest.mark.parametrize('fault', download.FAULTS, ids=lambda fault: fault.__name__)
def test_nothing_is_lost_when_a_download_is(fault):
    download.trial(fault, seed=0)


def test_the_rest_is_asked_for_on_condition_that_the_file_has_not_changed(tmp_path, server, mirrors, good):
    mirrors(server.serve('/good', good, etag='"1"', send=20_000))
    with pytest.raises(OSError, match=f'ended after 20,000 of {len(good):,} bytes'):
        helper.download_extract('mnist', tmp_path)
    _, part = everything_in(tmp_path)
    assert part.startswith(PLACE) and part.endswith('.part')
    assert (tmp_path / part).read_bytes() == good[:20_000]
    server.serve('/good', good, etag='"1"')
    helper.download_extract('mnist', tmp_path)
    assert server.asked[-1] == ('GET', '/good', 'bytes=20000-', '"1"')
    assert server.sent == len(good)


def test_a_weak_etag_is_no_condition(tmp_path, server, mirrors, good):
    mirrors(*[server.serve('/good', good, etag='W/"1"', send=20_000)] * 2)
    assert helper.download_extract('mnist', tmp_path).read_bytes() == good
    assert server.asked[-1] == ('GET', '/good', 'bytes=20000-', None)


def test_a_mirror_that_refuses_to_send_a_part_is_asked_for_the_whole(tmp_path, server, mirrors, good):
    mirrors(server.serve('/cut', good, send=20_000), server.serve('/good', good, ranges='refused'))
    assert helper.download_extract('mnist', tmp_path).read_bytes() == good
    assert [(path, part) for method, path, part, _ in server.asked if method == 'GET'] == [
        ('/cut', None),
        ('/good', 'bytes=20000-'),
        ('/good', None),
    ]


@pytest.mark.parametrize(
    'told', ['bytes 0-{last}/{size}', 'bytes 20001-{last}/{size}', 'bytes 20000-{size}/{more}', 'none']
)
def test_a_part_that_is_not_the_one_asked_for_is_not_taken(tmp_path, server, mirrors, good, told):
    told = told.format(last=len(good) - 1, size=len(good), more=len(good) + 1)
    mirrors(server.serve('/cut', good, send=20_000), server.serve('/odd', good, ranges=told))
    assert helper.download_extract('mnist', tmp_path).read_bytes() == good
    assert server.gets() == ['/cut', '/odd', '/odd']


def test_a_mirror_that_is_there_and_never_begins_to_send_is_given_up_in_time(tmp_path, server, mirrors, good):
    mirrors(server.serve('/mute', good, then='never'), server.serve('/good', good))
    start = time.monotonic()
    assert helper.download_extract('mnist', tmp_path).read_bytes() == good
    assert time.monotonic() - start < 2 * lesson.download.ANSWER_WITHIN
    assert server.gets() == ['/mute', '/good']


def test_a_file_of_unannounced_length_is_fetched(tmp_path, server, mirrors, good):
    mirrors(server.serve('/good', good, length=False))
    assert helper.download_extract('mnist', tmp_path).read_bytes() == good


def test_an_answer_without_a_byte_leaves_nothing_behind(tmp_path, server, mirrors, good):
    mirrors(server.serve('/empty', length=len(good)), server.serve('/silent', good, send=-1, then='silent'))
    with pytest.raises(OSError, match=r'sent nothing(.|\n)*stalled'):
        helper.download_extract('mnist', tmp_path)
    assert everything_in(tmp_path) == []


def test_the_next_mirror_is_asked_when_one_fails(tmp_path, server, mirrors, good):
    bad = server.serve('/bad', status=503)
    half = server.serve('/half', good, send=1000)
    mirrors(bad, half, server.serve('/good', good), server.serve('/more', good))
    assert helper.download_extract('mnist', tmp_path).read_bytes() == good
    assert server.gets() == ['/bad', '/half', '/good']
    assert server.sent == len(good)
    assert everything_in(tmp_path) == ['mnist', PLACE]


def test_when_all_mirrors_fail_one_error_gives_each_reason_and_nothing_is_left(tmp_path, server, mirrors, good):
    failing = server.failing(good)
    mirrors(*(address for address, _ in failing.values()))
    with pytest.raises(OSError) as error:
        helper.download_extract('mnist', tmp_path / 'data')
    lines = [line.strip() for line in str(error.value).splitlines()]
    assert lines[1:-1:2] == [address for address, _ in failing.values()]
    for (_, pattern), reason in zip(failing.values(), lines[2:-1:2], strict=True):
        assert re.search(pattern, reason), reason
    assert lines[-1].endswith(f'put it at {tmp_path / "data" / PLACE} by hand.')
    assert download.md5(good) in lines[-1]
    assert everything_in(tmp_path) == []


def test_to_be_offline_takes_no_longer_than_a_single_mirror_that_does_not_answer(tmp_path, server, mirrors, good):
    mirrors(*(server.serve(f'/{i}', good, send=0) for i in range(5)))
    start = time.monotonic()
    with pytest.raises(OSError, match='could not be downloaded') as error:
        helper.download_extract('mnist', tmp_path)
    assert time.monotonic() - start < 2 * lesson.download.ANSWER_WITHIN
    assert str(error.value).count('no answer within') == 5
    assert server.gets() == []


def test_the_file_can_be_put_by_hand_where_the_error_says(tmp_path, server, mirrors, good):
    mirrors(server.serve('/404', status=404))
    with pytest.raises(OSError) as error:
        helper.download_extract('mnist', tmp_path / 'data')
    path = Path(re.search('put it at (.*) by hand', str(error.value))[1])
    path.parent.mkdir(parents=True)
    path.write_bytes(good)
    assert helper.download_extract('mnist', tmp_path / 'data') == path
    assert server.gets() == ['/404']


def test_a_wrong_file_that_was_put_by_hand_is_named_and_kept(tmp_path, server, mirrors, good):
    mirrors(server.serve('/good', good))
    (tmp_path / 'mnist').mkdir()
    (tmp_path / PLACE).write_bytes(good[:-1])
    with pytest.raises(ValueError, match=rf'gz is not MNIST: it has {len(good) - 1:,} bytes') as error:
        helper.download_extract('mnist', tmp_path)
    assert str(tmp_path / PLACE) in str(error.value)
    assert (tmp_path / PLACE).read_bytes() == good[:-1]
    assert server.asked == []


def test_a_folder_of_faces_is_not_downloaded_again(tmp_path, server, monkeypatch):
    monkeypatch.setitem(helper.DATA_SETS, 'celeba', helper.DATA_SETS['celeba']._replace(urls=(server.serve('/zip'),)))
    write_faces(tmp_path / 'img_align_celeba', 1)
    assert helper.download_extract('celeba', tmp_path) == tmp_path / 'img_align_celeba'
    assert server.asked == []


def test_only_the_two_data_sets_can_be_downloaded(tmp_path):
    with pytest.raises(ValueError, match=r'cats.*mnist, celeba'):
        helper.download_extract('cats', tmp_path)


def test_a_limited_file_length_ends_the_download_and_a_higher_limit_lets_it_go_on(tmp_path, server, mirrors, good):
    mirrors(server.serve('/good', good), server.serve('/more', good))
    with no_file_longer_than(10_000), pytest.raises(OSError, match=f'no space .*needs {len(good) - 10_000:,} bytes'):
        helper.download_extract('mnist', tmp_path)
    assert server.gets() == ['/good']
    assert helper.download_extract('mnist', tmp_path).read_bytes() == good
    assert ('GET', '/good', 'bytes=10000-', None) in server.asked


def test_a_full_disk_ends_the_download_with_the_space_it_needs_and_room_lets_it_go_on(tmpfs, server):
    about, body = download.good_file(server, np.random.default_rng(0))
    about['urls'] *= 2
    disk = tmpfs('4m')
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(helper.DATA_SETS, 'mnist', helper.DATA_SETS['mnist']._replace(**about))
        with pytest.raises(OSError, match=r'no space to write .*it needs 11,\d+,\d+ bytes, 0 are free'):
            helper.download_extract('mnist', disk)
        assert server.gets() == ['/good']
        remount(disk, 'size=40m')
        assert helper.download_extract('mnist', disk).read_bytes() == body
    assert everything_in(disk) == ['mnist', PLACE]
    assert any((part or '').startswith('bytes=4') for _, _, part, _ in server.asked)


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_asked(tmpfs, server, mirrors, good):
    mirrors(server.serve('/good', good))
    disk = tmpfs('4m')
    (disk / 'mnist').mkdir()
    remount(disk, 'ro')
    with pytest.raises(OSError, match=rf'no file can be written in {disk}.* \(Read-only file system\)'):
        helper.download_extract('mnist', disk)
    assert server.asked == []


def test_a_file_in_a_folder_that_cannot_be_written_is_used(tmpfs, mirrors, good):
    mirrors()
    disk = tmpfs('4m')
    (disk / 'mnist').mkdir()
    (disk / PLACE).write_bytes(good)
    remount(disk, 'ro')
    assert helper.download_extract('mnist', disk) == disk / PLACE


@pytest.mark.parametrize('file', ['data', 'data/deeper', 'data/deeper/mnist'])
def test_a_data_directory_that_is_a_file_is_named(tmp_path, server, mirrors, good, file):
    mirrors(server.serve('/good', good))
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_bytes(b'a file')
    before = everything_in(tmp_path)
    with pytest.raises(OSError, match=rf'{tmp_path / "data"}.*(is a file|File exists|Not a directory).*data_dir'):
        helper.download_extract('mnist', tmp_path / 'data' / 'deeper')
    assert everything_in(tmp_path) == before
    assert server.asked == []


def test_the_real_mirrors_have_ten_seconds_to_answer_and_thirty_between_two_bytes():
    assert (lesson.download.ANSWER_WITHIN, lesson.download.STALLED_AFTER) == (10, 30)


def test_download_fetches_or_says_why_it_cannot(tmp_path, server, mirrors, good, capsys):
    missing = server.serve('/missing', status=404)
    mirrors(missing)
    dataset = helper.open_dataset('mnist', tmp_path, 'download', synthetic_count=16)
    printed = capsys.readouterr().out
    assert dataset.title == 'synthetic digits'
    assert missing in printed and '404' in printed and 'Using synthetic digits' in printed

    mirrors(server.serve('/good', good))
    assert helper.open_dataset('mnist', tmp_path, 'download').shape == (50, 28, 28, 1)
    assert 'Using MNIST: 50 images' in capsys.readouterr().out
