"""Downloads from a real HTTP server on the loopback address, in real processes, onto full disks: each fault once."""

import hashlib
import multiprocessing
import os
import re
import socket
import sys
import threading
import time
from errno import EIO, ENOSPC

import numpy as np
import pytest
from urllib3.connection import HTTPConnection

from lesson.data import download as module
from lesson.data.download import download
from tests.conftest import remount
from tests.data.conftest import grant_to_all
from tests.data.server import BLOCK, Server
from tests.disk import every, every_end, needs_fork

pytestmark = pytest.mark.fault
SIZE = 3_000_000
BODY = np.random.default_rng(0).bytes(SIZE)
ABOUT = SIZE, hashlib.md5(BODY).hexdigest()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def target(tmp_path, monkeypatch):
    monkeypatch.setattr(module, 'ANSWER_WITHIN', 2)
    monkeypatch.setattr(module, 'STALLED_AFTER', 1)
    return tmp_path / 'daten übung' / 'file.gz'


def assert_whole(target):
    assert target.read_bytes() == BODY
    assert os.listdir(target.parent) == [target.name]


def test_the_verified_file_is_put_in_its_place_once(server, target, capsys):
    for _ in range(2):
        download([server.serve('/good', BODY)], target, *ABOUT)
        assert_whole(target)
    assert server.gets() == [('/good', None)]
    assert '127.0.0.1' in capsys.readouterr().err, 'the bar does not say where the file comes from'


def _download(*arguments):
    # The loopback is so quick that megabytes could wait here unread, and a kill would lose them.
    HTTPConnection.default_socket_options.append((socket.SOL_SOCKET, socket.SO_RCVBUF, BLOCK))
    sys.stderr = open(os.devnull, 'w')  # noqa: SIM115  (until the process ends)
    download(*arguments)


def start(*arguments, work=_download):
    """A process that downloads."""
    processes = multiprocessing.get_context('spawn')
    process = processes.Process(target=work, args=arguments, daemon=True)
    process.start()
    return process


@pytest.mark.parametrize('share', [0.1, 0.5, 0.9, 1])
def test_a_killed_download_resumes_where_it_stopped(server, target, share):
    url = server.serve('/good', BODY)
    process = start([url], target, *ABOUT)
    server.on_sent = lambda sent: process.kill() if sent >= share * SIZE else None
    process.join()
    assert share == 1 or not target.exists()
    server.on_sent = lambda sent: None
    download([url], target, *ABOUT)
    assert_whole(target)
    assert server.sent - SIZE < 500_000  # what was on its way


def test_of_two_processes_the_second_waits_and_resumes_what_the_killed_one_began(server, target):
    url = server.serve('/good', BODY)
    first = start([url], target, *ABOUT)
    begun, go_on = threading.Event(), threading.Event()
    server.on_sent = lambda sent: (begun.set(), go_on.wait()) if sent > SIZE / 2 else None
    assert begun.wait(60)
    second = start([url], target, *ABOUT)
    second.join(1.5)
    assert second.is_alive() and len(server.gets()) == 1
    first.kill()
    go_on.set()
    second.join()
    assert second.exitcode == 0
    assert_whole(target)
    (_, nothing), (_, part) = server.gets()
    assert nothing is None and int(re.fullmatch(r'bytes=(\d+)-', part)[1]) > SIZE / 4


@pytest.mark.parametrize(
    ('body', 'ranges', 'again'),
    [
        (BODY, True, False),
        (BODY, False, False),
        (BODY, 'refused', True),
        (BODY, f'bytes 0-{SIZE - 1}/{SIZE}', True),
        (BODY, f'bytes 20001-{SIZE - 1}/{SIZE}', True),
        (BODY, f'bytes 20000-{SIZE}/{SIZE + 1}', True),
        (bytes(SIZE), True, True),  # a different file: its checksum tells
    ],
)
def test_the_next_mirror_sends_the_rest_or_all_if_the_part_asked_for_does_not_fit(server, target, body, ranges, again):
    cut, odd = server.serve('/cut', body, send=20_000), server.serve('/odd', BODY, ranges=ranges)
    download([cut, odd, server.serve('/more', BODY)], target, *ABOUT)
    assert_whole(target)
    assert server.gets() == [('/cut', None), ('/odd', 'bytes=20000-'), *[('/odd', None)] * again]


@pytest.mark.parametrize(
    'odd',
    [
        {'then': 'never'},  # it answers HEAD alone
        {'then': 'no HEAD'},
        {'length': False},
        {'length': (SIZE, SIZE)},
        {'length': (f'{SIZE}, {SIZE}',)},
        {'length': ('all',)},
        {'length': (SIZE, SIZE + 1)},
    ],
)
def test_a_mirror_that_answers_oddly_is_taken_or_given_up_in_time(server, target, odd):
    begun = time.monotonic()
    urls = [server.serve('/odd', BODY, **odd), server.serve('/good', BODY)]
    download(urls, target, *ABOUT)
    assert_whole(target)
    assert time.monotonic() - begun < 2 * module.ANSWER_WITHIN
    taken = odd not in ({'then': 'never'}, {'length': (SIZE, SIZE + 1)})
    assert server.gets()[-1][0] == ('/odd' if taken else '/good')


def test_to_be_offline_takes_no_longer_than_a_single_mirror_that_does_not_answer(server, target):
    begun = time.monotonic()
    with pytest.raises(OSError, match='could not be downloaded') as error:
        download([server.serve(f'/{i}', BODY, send=0) for i in range(5)], target, *ABOUT)
    assert time.monotonic() - begun < 2 * module.ANSWER_WITHIN
    assert str(error.value).count('no answer within') == 5
    assert len(server.gets()) == 5 and server.sent == 0


def test_when_all_mirrors_fail_one_error_gives_each_reason_and_a_good_one_after_them_is_asked(server, target):
    failing = server.failing(BODY)
    urls = [address for address, _ in failing.values()]
    with pytest.raises(OSError) as error:
        download(urls, target, *ABOUT)
    lines = [line.strip() for line in str(error.value).splitlines()]
    assert lines[1:-1:2] == urls
    for (_, pattern), reason in zip(failing.values(), lines[2:-1:2], strict=True):
        assert re.search(pattern, reason), reason
    assert lines[-1] == (
        f'If you can get file.gz ({SIZE:,} bytes, MD5 {ABOUT[1]}) elsewhere, put it at {target} by hand.'
    )
    assert not target.exists()
    download([*urls[:3], server.serve('/good', BODY)], target, *ABOUT)
    assert_whole(target)


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_asked(tmpfs, server, target, tmp_path):
    disk = tmpfs('1m')
    remount(disk, 'ro')
    with pytest.raises(OSError, match=rf'no file can be written in {disk} \(Read-only .*choose another data_dir'):
        download([server.serve('/good', BODY)], disk / 'file.gz', *ABOUT)
    (tmp_path / 'file').write_bytes(b'a file')
    for folder in (tmp_path / 'file', tmp_path / 'file' / 'deeper'):
        with pytest.raises(OSError, match=rf'no file can be written in {folder} \((File exists|Not a directory)\)'):
            download([server.serve('/good', BODY)], folder / 'file.gz', *ABOUT)
    assert server.asked == []


def _lockless(*arguments):
    grant_to_all()
    _download(*arguments)


@pytest.mark.parametrize('begun', [0, 0.2, 0.7])
def test_without_locks_two_processes_both_end_with_the_whole_file_and_leave_nothing_else(server, target, begun):
    server.pause = 0.01
    urls = [server.serve('/good', BODY), server.serve('/more', BODY)]
    go_on = threading.Event()
    server.on_sent = lambda sent: go_on.set() if sent >= begun * SIZE else None
    first = start(urls, target, *ABOUT, work=_lockless)
    assert begun == 0 or go_on.wait(60)
    second = start(urls, target, *ABOUT, work=_lockless)
    for process in (first, second):
        process.join(60)
        assert process.exitcode == 0
    assert_whole(target)


@pytest.fixture
def small(server, target):
    """A small file to fetch, and its mirror."""
    body = BODY[:200_000]
    return body, ([server.serve('/good', body)], target, len(body), hashlib.md5(body).hexdigest())


def right_next_time(small):
    body, (urls, target, *about) = small
    download(urls, target, *about)
    assert target.read_bytes() == body
    assert {path.name for path in target.parent.iterdir()} <= {target.name, '.lock'}
    target.with_name(f'{target.name}.01234567.part').write_bytes(body[: len(body) // 2])  # to be taken over
    target.unlink()


@pytest.mark.parametrize('number', [EIO, ENOSPC])
def test_whichever_operation_on_the_disk_fails_it_is_said_and_the_next_download_is_right(small, number):
    body, arguments = small

    def work(disk):
        try:
            with disk:
                download(*arguments)
            assert arguments[1].read_bytes() == body
        except OSError as error:
            words = (
                'no space to write' if number == ENOSPC else f'file.gz could not be downloaded:\n  {arguments[0][0]}\n'
            )
            assert words in str(error) or 'no file can be written in' in str(error)

    for last in every(work, number):  # noqa: B007
        right_next_time(small)
    assert last >= 6  # open, writes, rename, the lock's end


@needs_fork
@pytest.mark.filterwarnings('ignore:.*fork:DeprecationWarning')
def test_at_whichever_operation_on_the_disk_the_process_ends_the_next_download_is_right(small):
    for last in every_end(lambda: download(*small[1])):  # noqa: B007
        right_next_time(small)
    assert last >= 6
