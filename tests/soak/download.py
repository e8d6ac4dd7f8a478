"""Downloads with everything that happens to them in a class room, again and again: a part of the soak test.

Each fault is a function that makes one trial with a real HTTP server and real processes, and raises an
AssertionError when the outcome is wrong. test_download.py runs each of them once.
"""

import contextlib
import hashlib
import http.server
import io
import multiprocessing
import os
import re
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
from tqdm import tqdm
from urllib3.connection import HTTPConnection

import helper
import lesson.download

SIZE = 16_000_000
BLOCK = 2**16


class Server:
    """An HTTP server on the loopback address, with what a mirror does right and wrong.

    `asked` lists (method, path, Range, If-Range), `sent` counts the bytes of all bodies, and `on_sent` is called
    with that count after every block.
    """

    def __init__(self):
        self.answers, self.asked, self.sent, self.on_sent = {}, [], 0, lambda sent: None
        self.closed = threading.Event()
        Handler = type('Handler', (_Handler,), {'mirror': self})
        self.http = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
        self.nobody = socket.socket()
        self.nobody.bind(('127.0.0.1', 0))

    def serve(self, path, body=b'', status=200, *, etag=None, ranges=True, length=None, send=None, then='cut', to=None):
        """Answer `path`, and return its address.

        ranges: whether a part can be asked for; False ignores the request, 'refused' answers 416; a text is sent as the
            Content-Range of the part, whatever was asked for.
        length: what is announced instead of the body's length; False announces nothing.
        send: only so many bytes at a time are sent, then the connection is 'cut' or goes 'silent'; 0: it never answers,
            -1: with the header alone. then='never': HEAD is answered, GET never is.
        to: the address of a redirect.
        """
        self.answers[path] = body, status, etag, ranges, length, send, then, to
        return f'http://127.0.0.1:{self.http.server_port}{path}'

    def failing(self, body):
        """Mirrors of `body` that do not serve it: {what is wrong: (address, pattern of the reason to be given)}."""
        page = self.serve('/page', b'\n<!DOCTYPE html><p>Quota exceeded')
        return {
            'forbidden': (self.serve('/403', status=403), '403 Forbidden'),
            'not found': (self.serve('/404', status=404), '404 Not Found'),
            'server error': (self.serve('/500', status=500), '500 Internal Server Error'),
            'time-out': (self.serve('/time-out', body, send=0), 'no answer within 3 seconds'),
            'connection refused': (f'http://127.0.0.1:{self.nobody.getsockname()[1]}/refused', 'refused'),
            'unknown host': ('http://no-such-host.invalid/file', 'no-such-host|not known|resolution|no answer'),
            'HTML page': (self.serve('/redirect', status=302, to=page), 'HTML page instead of the file'),
            'short body': (self.serve('/short', body, send=1000), f'ended after 1,000 of {len(body):,} bytes'),
            'stalled': (self.serve('/stall', body, send=1000, then='silent'), 'stalled: no byte for 1 seconds'),
            'wrong checksum': (self.serve('/wrong', bytes(len(body))), f'MD5 {md5(bytes(len(body)))} instead'),
            'wrong length': (self.serve('/long', body + b'x'), f'{len(body) + 1:,} bytes instead of {len(body):,}'),
        }

    def gets(self):
        """The paths that were asked for, in order."""
        return [path for method, path, *_ in self.asked if method == 'GET']

    def close(self):
        self.closed.set()
        self.http.shutdown()
        self.http.server_close()
        self.nobody.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BLOCK)  # what is sent has nearly arrived

    def do_GET(self):
        body, status, etag, ranges, length, send, then, to = self.mirror.answers[self.path]
        asked, condition = self.headers.get('Range'), self.headers.get('If-Range')
        self.mirror.asked.append((self.command, self.path, asked, condition))
        if send == 0 or (then == 'never' and self.command == 'GET'):
            self.mirror.closed.wait()
            return
        start = 0
        if asked and ranges and condition in (None, etag):
            start = int(re.fullmatch(r'bytes=(\d+)-', asked)[1])
            status = 416 if ranges == 'refused' or start >= len(body) else 206
        self.send_response(status)
        if status == 206:
            true = f'bytes {start}-{len(body) - 1}/{len(body)}'
            self.send_header('Content-Range', true if ranges is True else ranges)
        if length is not False:
            self.send_header('Content-Length', str((length or len(body)) - start))
        if etag:
            self.send_header('ETag', etag)
        if to:
            self.send_header('Location', to)
        self.end_headers()
        if self.command == 'HEAD' or status == 416:
            return
        stop = len(body) if send is None else start + send
        with contextlib.suppress(OSError):  # the other side was killed
            for i in range(start, stop, BLOCK):
                block = body[i : min(i + BLOCK, stop)]
                self.mirror.sent += len(block)  # before the other side can have it and look here
                self.wfile.write(block)
                self.mirror.on_sent(self.mirror.sent)
            if send is not None and then == 'silent':
                self.mirror.closed.wait()

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


def good_file(server, rng, path='/good', etag='"1"', **kwargs):
    """Serves a new file of SIZE bytes; returns what DATA_SETS has to hold for it, and the file."""
    body = rng.bytes(SIZE)
    return {
        'urls': (server.serve(path, body, etag=etag, **kwargs),),
        'md5': md5(body),
        'size': SIZE,
        'labels': None,
    }, body


def md5(body):
    return hashlib.md5(body).hexdigest()


def _download(about, folder):
    helper.DATA_SETS['mnist'] = helper.DATA_SETS['mnist']._replace(**about)
    lesson.download.ANSWER_WITHIN, lesson.download.STALLED_AFTER = 3, 2
    # The loopback is so quick that megabytes could wait here unread, and a kill would lose them.
    HTTPConnection.default_socket_options.append((socket.SOL_SOCKET, socket.SO_RCVBUF, BLOCK))
    tqdm.set_lock(threading.RLock())  # a kill would leave the default one behind, in the system
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            helper.download_extract('mnist', folder)
        except OSError:
            sys.exit(1)


def start_download(about, folder):
    """A process that downloads; its exit code is 0 when it has got the file."""
    processes = multiprocessing.get_context('forkserver')  # a few milliseconds each, and no thread of this process
    processes.set_forkserver_preload(['helper', 'requests'])
    process = processes.Process(target=_download, args=(about, folder), daemon=True)
    process.start()
    return process


def kill_download(server, about, folder, at):
    """Kill a download in the very moment when the server has sent `at` bytes of it."""
    process, before = start_download(about, folder), server.sent
    server.on_sent = lambda sent: process.kill() if sent - before >= at else None
    process.join()
    server.on_sent = lambda sent: None
    assert process.exitcode == -9, process.exitcode
    assert not Path(folder, 'mnist', 'train-images-idx3-ubyte.gz').exists()


def finish_download(about, folder, body):
    """The next run: the file is right, and nothing else is there."""
    process = start_download(about, folder)
    process.join()
    assert process.exitcode == 0, process.exitcode
    assert Path(folder, 'mnist', 'train-images-idx3-ubyte.gz').read_bytes() == body, 'wrong data'
    assert os.listdir(Path(folder, 'mnist')) == ['train-images-idx3-ubyte.gz'], os.listdir(Path(folder, 'mnist'))


# ----------------------------- the faults: each returns the bytes that were sent in vain (per kill), where it should


def killed_at_a_tenth(server, folder, rng, at=0.1):
    """SIGKILL when 10 % were sent: the next run goes on from there"""
    about, body = good_file(server, rng)
    kill_download(server, about, folder, at * SIZE)
    finish_download(about, folder, body)
    return server.sent - SIZE


def killed_at_half(server, folder, rng):
    """SIGKILL when 50 % were sent: the next run goes on from there"""
    return killed_at_a_tenth(server, folder, rng, at=0.5)


def killed_at_nine_tenths(server, folder, rng):
    """SIGKILL when 90 % were sent: the next run goes on from there"""
    return killed_at_a_tenth(server, folder, rng, at=0.9)


def killed_five_times(server, folder, rng):
    """SIGKILL five times, each after a random part of the rest: the next run goes on"""
    about, body = good_file(server, rng)
    for _ in range(5):
        kill_download(server, about, folder, rng.uniform(0, 0.5) * max(0, SIZE - server.sent))
    finish_download(about, folder, body)
    return (server.sent - SIZE) // 5


def killed_at_any_time(server, folder, rng):
    """SIGKILL after a random time, checksum and renaming included: the next run goes on"""
    about, body = good_file(server, rng)
    begun = threading.Event()
    server.on_sent = lambda sent: begun.set()
    process = start_download(about, folder)
    assert begun.wait(60), 'no byte was asked for'
    time.sleep(rng.uniform(0, 0.06))  # from the first byte to the end it takes about 0.05 seconds
    process.kill()
    process.join()
    finish_download(about, folder, body)
    return server.sent - SIZE


def cut_off_again_and_again(server, folder, rng):
    """the server cuts every connection after a third of the file: two runs more go on"""
    about, body = good_file(server, rng, send=SIZE // 3 + 1)
    for _ in range(2):
        process = start_download(about, folder)
        process.join()
        assert process.exitcode == 1, process.exitcode
    finish_download(about, folder, body)
    return server.sent - SIZE


def another_mirror_goes_on(server, folder, rng):
    """the first mirror is cut off at a random byte: the second sends the rest"""
    about, body = good_file(server, rng)
    about['urls'] = (server.serve('/cut', body, send=int(rng.integers(SIZE))), *about['urls'])
    finish_download(about, folder, body)
    return server.sent - SIZE


def no_range_support(server, folder, rng):
    """SIGKILL at a random byte; the server ignores Range: started over"""
    about, body = good_file(server, rng, ranges=False)
    kill_download(server, about, folder, rng.uniform(0, 1) * SIZE)
    sent = server.sent
    finish_download(about, folder, body)
    return server.sent - sent - SIZE


def changed_by_etag(server, folder, rng):
    """SIGKILL at a random byte; then another file with another ETag: started over"""
    about, _ = good_file(server, rng)
    kill_download(server, about, folder, rng.uniform(0, 1) * SIZE)
    about, body = good_file(server, rng, etag='"2"')
    sent = server.sent
    finish_download(about, folder, body)
    return server.sent - sent - SIZE


def changed_without_a_sign(server, folder, rng):
    """SIGKILL at a random byte; then another file, no ETag: the checksum tells, started over"""
    about, _ = good_file(server, rng, etag=None)
    kill_download(server, about, folder, rng.uniform(0, 1) * SIZE)
    about, body = good_file(server, rng, etag=None)
    finish_download(about, folder, body)


def changed_in_length(server, folder, rng):
    """SIGKILL at a random byte; then a longer file there: the next mirror sends the rest"""
    about, body = good_file(server, rng)
    kill_download(server, about, folder, rng.uniform(0.05, 1) * SIZE)  # so that there is something to go on from
    server.serve('/good', body + b'x', etag='"1"')
    about['urls'] = (*about['urls'], server.serve('/other', body))
    finish_download(about, folder, body)
    assert any(path == '/other' and part for _, path, part, _ in server.asked), 'the whole file was fetched'


def two_at_once(server, folder, rng):
    """of two processes the first is killed at a random byte: the second, which waited, goes on"""
    about, body = good_file(server, rng)
    first, second = start_download(about, folder), start_download(about, folder)
    at = rng.uniform(0, 1) * SIZE
    server.on_sent = lambda sent: first.kill() if sent >= at else None
    first.join()
    second.join()
    assert second.exitcode == 0, second.exitcode
    finish_download(about, folder, body)
    return server.sent - SIZE


def mirrors_in_turn(server, folder, rng):
    """one good mirror after all the failing ones of Server.failing, in random order: fetched"""
    about, body = good_file(server, rng)
    failing = [address for address, _ in server.failing(body).values()]
    about['urls'] = (*rng.permutation(failing).tolist(), *about['urls'])
    finish_download(about, folder, body)


FAULTS = (
    killed_at_a_tenth,
    killed_at_half,
    killed_at_nine_tenths,
    killed_five_times,
    killed_at_any_time,
    cut_off_again_and_again,
    another_mirror_goes_on,
    no_range_support,
    changed_by_etag,
    changed_without_a_sign,
    changed_in_length,
    two_at_once,
    mirrors_in_turn,
)


def trial(fault, seed):
    """Make one trial with a server and a folder of its own; returns the bytes sent in vain, under a megabyte."""
    server = Server()
    try:
        with tempfile.TemporaryDirectory(prefix='daten übung ') as folder:
            over = fault(server, folder, np.random.default_rng(seed))
        assert over is None or over < 1_000_000, f'{over:,} bytes too many'
        return over
    finally:
        server.close()


def rows(count):
    """`count` trials of each fault: yield (fault, times, how many went wrong, outcome) of each."""
    for fault in FAULTS:
        problems, over = Counter(), []
        for seed in range(count):
            try:
                over.append(trial(fault, seed))
            except AssertionError as error:
                problems[str(error)] += 1
        most = max((bytes_ for bytes_ in over if bytes_ is not None), default=None)
        told = '' if most is None else f'; at most {most:,} bytes too many'
        wrong = f'; WRONG: {dict(problems)}' if problems else ''
        yield f'download {fault.__name__}'.replace('_', ' '), count, count - len(over), f'{fault.__doc__}{told}{wrong}'
