"""An HTTP server on the loopback address, with what a mirror does right and wrong."""

import contextlib
import hashlib
import http.server
import re
import socket
import threading
import time

BLOCK = 2**16


class Server:
    """`asked` lists (method, path, Range), `sent` the bytes of all bodies; on_sent(sent) is called after each block."""

    def __init__(self):
        self.pause = 0  # seconds before each block
        self.answers, self.asked, self.sent, self.on_sent = {}, [], 0, lambda sent: None
        self.closed = threading.Event()
        Handler = type('Handler', (_Handler,), {'mirror': self})
        self.http = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def serve(self, path, body=b'', status=200, *, ranges=True, length=None, send=None, then='cut', to=None):
        """Answer `path`, and return its address.

        ranges: whether a part can be asked for; False ignores the request, 'refused' answers 416; a text is sent as the
            Content-Range of the part, whatever was asked for.
        length: what is announced instead of the body's length, several times if it is a tuple; False: nothing is.
        send: only this many bytes at a time are sent, then the connection is 'cut' or goes 'silent'; 0: it never
            answers, -1: with the header alone. then='never': HEAD is answered, GET never is; 'no HEAD': only GET is.
        to: the address of a redirect.
        """
        self.answers[path] = body, status, ranges, length, send, then, to
        return f'http://127.0.0.1:{self.http.server_port}{path}'

    def failing(self, body):
        """Mirrors of `body` that do not serve it: {what is wrong: (address, pattern of the reason to be given)}."""
        page = self.serve('/page', b'\n<!DOCTYPE html><p>Quota exceeded')
        wrong = bytes(len(body))
        return {
            'forbidden': (self.serve('/403', status=403), '403 Forbidden'),
            'not found': (self.serve('/404', status=404), '404 Not Found'),
            'server error': (self.serve('/500', status=500), '500 Internal Server Error'),
            'time-out': (self.serve('/time-out', body, send=0), 'no answer within 2 seconds'),
            'connection refused': ('http://127.0.0.1:9/refused', 'refused'),
            'unknown host': ('http://no-such-host.invalid/file', 'no-such-host|not known|resolution|no answer'),
            'HTML page': (self.serve('/redirect', status=302, to=page), 'HTML page instead of the file'),
            'nothing': (self.serve('/nothing', length=len(body)), 'sent nothing'),
            'silence': (self.serve('/silent', body, send=-1, then='silent'), 'stalled: no byte for 1 seconds'),
            'wrong checksum': (self.serve('/wrong', wrong), f'MD5 {hashlib.md5(wrong).hexdigest()} instead of'),
            'wrong length': (self.serve('/long', body + b'x'), f'{len(body) + 1:,} bytes instead of {len(body):,}'),
            'stalled': (self.serve('/stall', body, send=1000, then='silent'), 'stalled: no byte for 1 seconds'),
            'short body': (self.serve('/short', body, send=1000), rf'ended after \d,000 of {len(body):,} bytes'),
        }

    def gets(self):
        """The paths that were asked for, and the parts, in order."""
        return [(path, part) for method, path, part in self.asked if method == 'GET']

    def close(self):
        self.closed.set()
        self.http.shutdown()
        self.http.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BLOCK)  # what is sent has nearly arrived

    def do_GET(self):
        body, status, ranges, length, send, then, to = self.mirror.answers[self.path]
        asked = self.headers.get('Range')
        self.mirror.asked.append((self.command, self.path, asked))
        if send == 0 or then == {'GET': 'never', 'HEAD': 'no HEAD'}[self.command]:
            self.mirror.closed.wait()
            return
        start = 0
        if asked and ranges:
            start = int(re.fullmatch(r'bytes=(\d+)-', asked)[1])
            status = 416 if ranges == 'refused' or start >= len(body) else 206
        self.send_response(status)
        if status == 206:
            true = f'bytes {start}-{len(body) - 1}/{len(body)}'
            self.send_header('Content-Range', true if ranges is True else ranges)
        if length is not False:
            for value in length if isinstance(length, tuple) else [(length or len(body)) - start]:
                self.send_header('Content-Length', str(value))
        if to:
            self.send_header('Location', to)
        self.end_headers()
        if self.command == 'HEAD' or status == 416:
            return
        stop = len(body) if send is None else start + send
        with contextlib.suppress(OSError):  # the other side was killed
            for i in range(start, stop, BLOCK):
                time.sleep(self.mirror.pause)
                block = body[i : min(i + BLOCK, stop)]
                self.mirror.sent += len(block)  # before the other side can have it and look here
                self.wfile.write(block)
                self.mirror.on_sent(self.mirror.sent)
            if send is not None and then == 'silent':
                self.mirror.closed.wait()

    do_HEAD = do_GET

    def log_message(self, *_):
        pass
