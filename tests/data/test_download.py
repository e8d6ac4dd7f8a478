"""Downloads from a real HTTP server on the loopback address, in real processes, onto full disks: each fault once."""

import hashlib
import itertools
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

from lesson import files
from lesson.data import download as module
from lesson.data.download import download
from tests.builders import FailingDisk, end_at, in_a_process
from tests.conftest import no_file_longer_than, remount
from tests.data.conftest import grant_to_all
from tests.data.server import BLOCK, Server

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


def test_every_run_resumes_when_the_server_cuts_each_connection(server, target):
    url = server.serve('/cut', BODY, send=SIZE // 3 + 1)
    for i in (1, 2):
        with pytest.raises(OSError, match=f'ended after {i * (SIZE // 3 + 1):,} of {SIZE:,} bytes'):
            download([url], target, *ABOUT)
    download([url], target, *ABOUT)
    assert_whole(target)
    assert server.sent == SIZE


@pytest.mark.parametrize(
    'ranges',
    [
        False,
        'refused',
        f'bytes 0-{SIZE - 1}/{SIZE}',
        f'bytes 20001-{SIZE - 1}/{SIZE}',
        f'bytes 20000-{SIZE}/{SIZE + 1}',
    ],
)
def test_the_next_mirror_sends_the_rest_or_the_whole_if_it_does_not_send_the_part_asked_for(server, target, ranges):
    urls = [
        server.serve('/cut', BODY, send=20_000),
        server.serve('/odd', BODY, ranges=ranges),
        server.serve('/more', BODY),
    ]
    download(urls, target, *ABOUT)
    assert_whole(target)
    asked = [('/cut', None), ('/odd', 'bytes=20000-')]
    assert server.gets() == (asked if ranges in (True, False) else [*asked, ('/odd', None)])


def test_a_part_of_a_different_file_is_told_by_the_checksum_and_begun_again(server, target):
    urls = [server.serve('/other', bytes(SIZE), send=SIZE // 2), server.serve('/good', BODY)]
    download(urls, target, *ABOUT)
    assert_whole(target)
    assert server.gets() == [('/other', None), ('/good', f'bytes={SIZE // 2}-'), ('/good', None)]


def test_a_mirror_that_is_there_and_never_begins_to_send_is_given_up_in_time(server, target):
    begun = time.monotonic()
    download([server.serve('/mute', BODY, then='never'), server.serve('/good', BODY, length=False)], target, *ABOUT)
    assert_whole(target)
    assert time.monotonic() - begun < 2 * module.ANSWER_WITHIN


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


def test_a_limited_file_length_ends_the_download_and_a_higher_limit_lets_it_resume(server, target):
    urls = [server.serve('/good', BODY), server.serve('/more', BODY)]
    with no_file_longer_than(10_000), pytest.raises(OSError, match=f'no space .*needs {SIZE - 10_000:,} bytes'):
        download(urls, target, *ABOUT)
    download(urls, target, *ABOUT)
    assert_whole(target)
    assert server.gets() == [('/good', None), ('/good', 'bytes=10000-')]


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


def test_a_mirror_that_answers_only_get_is_taken(server, target):
    download([server.serve('/get', BODY, then='no HEAD')], target, *ABOUT)
    assert_whole(target)


@pytest.mark.parametrize('length', [(SIZE, SIZE), ('all',), ('',), (-1,), (f'{SIZE}, {SIZE}',), ('1e6', SIZE)])
def test_content_lengths_that_say_nothing_wrong_do_no_harm(server, target, length):
    download([server.serve('/odd', BODY, length=length)], target, *ABOUT)
    assert_whole(target)


def test_content_lengths_that_contradict_each_other_are_a_reason_to_ask_the_next_mirror(server, target):
    urls = [server.serve('/odd', BODY, length=(SIZE, SIZE + 1))]
    with pytest.raises(OSError, match=r'file.gz could not be downloaded:\n .*/odd\n .*[Cc]ontent-[Ll]ength'):
        download(urls, target, *ABOUT)
    download([*urls, server.serve('/good', BODY)], target, *ABOUT)
    assert_whole(target)


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


def fails_then_works(target, url, i, number):
    """Whether there was an operation number i; with an errno the download says so, and without one the process ends."""
    small = BODY[:200_000]
    about = len(small), hashlib.md5(small).hexdigest()
    if number is None:
        code = in_a_process(end_at, i, lambda: download([url], target, *about), (files, module))
        failed = code == 9
        assert failed or code == 0
    else:
        with FailingDisk(i, number, (files, module)) as disk:
            try:
                download([url], target, *about)
                assert target.read_bytes() == small
            except OSError as error:
                if number == ENOSPC:
                    assert 'no space to write' in str(error)
                assert number == ENOSPC or f'file.gz could not be downloaded:\n  {url}\n' in str(error)
        failed = disk.failed
    download([url], target, *about)
    assert target.read_bytes() == small
    assert {path.name for path in target.parent.iterdir()} <= {target.name, '.lock'}
    target.unlink()
    return failed


@pytest.mark.parametrize('number', [EIO, ENOSPC, None])
def test_whichever_operation_on_the_disk_fails_or_is_the_last_the_next_download_is_right(server, target, number):
    url = server.serve('/good', BODY[:200_000])
    target.parent.mkdir()
    count = next(i for i in itertools.count() if not fails_then_works(target, url, i, number))
    assert count == 7  # open, four writes, rename, the lock's end
    for i in itertools.count():  # where something unfinished is taken over: its renaming comes first
        target.with_name(f'{target.name}.01234567.part').write_bytes(BODY[:100_000])
        if not fails_then_works(target, url, i, number):
            break
    assert i >= 6
