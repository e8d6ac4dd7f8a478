"""One file from several mirrors: resumed, verified by its MD5. Knows no data set."""

import glob
import os
import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import chain
from pathlib import Path

from lesson.files import DISK_FULL, make_writable, md5, no_space, one_process_at_a_time
from lesson.progress import progress

ANSWER_WITHIN = 5  # seconds, else the next mirror is asked
STALLED_AFTER = 30  # seconds without a byte, else the next mirror is asked


def download(urls: Sequence[str], target: Path, size: int, checksum: str) -> None:
    """Fetch the file `target` of `size` bytes and MD5 `checksum` from the first of urls that serves it.

    What an interrupted download has fetched stays beside its place as a .part file, and the next call resumes
    there, from whichever mirror. Only one process at a time fetches into a folder; the others wait, and take
    what it has fetched. Where locks do not work, each fetches a file of its own. Raises OSError when the folder cannot
    be written, when the disk is full, and when no mirror serves the file: the message then gives each address with its
    reason, and what to do by hand.
    """
    make_writable(target.parent, 'choose another data_dir')
    with one_process_at_a_time(target.parent, f'Waiting for another process that fetches into {target.parent}'):
        if not target.exists():  # another process may have fetched it meanwhile
            _from_first_that_serves(urls, _own_part(target), target, size, checksum)
        for left in _parts(target):
            with suppress(OSError):
                left.unlink()


def _parts(target):
    """Unfinished downloads of a file, the longest one first."""
    found = target.parent.glob(f'{glob.escape(target.name)}*.part')
    return sorted(found, key=_length, reverse=True)


def _length(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _own_part(target):
    """A new name for what this process fetches. What was fetched before gets it, even if its process still lives:

    that notices it, and fetches a file of its own; what it has written meanwhile makes the checksum wrong.
    """
    own = target.with_name(f'{target.name}.{os.urandom(4).hex()}.part')
    for part in _parts(target):
        with suppress(OSError):  # a different process was quicker
            os.replace(part, own)
            break
    return own


def _from_first_that_serves(urls, part, target, size, checksum):
    reasons = []
    # All are asked at once whether they are there: without a network that takes as long as for a single one.
    present = {url: _in_thread(_ask, url) for url in urls}
    asked = time.monotonic()
    for url in urls:
        try:
            present[url].result(max(0, asked + ANSWER_WITHIN - time.monotonic()))
            return _fetch(url, part, target, size, checksum)
        except Exception as error:  # a mirror can make requests raise nearly anything
            if getattr(error, 'errno', None) in DISK_FULL:
                raise OSError(error.errno, no_space(target, size - _length(part))) from None
            reasons.append(f'  {url}\n    {_reason(error)}')
    raise OSError(
        f'{target.name} could not be downloaded:\n'
        + '\n'.join(reasons)
        + f'\nIf you can get {target.name} ({size:,} bytes, MD5 {checksum}) elsewhere, put it at {target} by hand.'
    )


def _ask(url):
    """Raise an error if no server answers; some answer nothing to HEAD."""
    import requests

    try:
        requests.head(url, timeout=0.4 * ANSWER_WITHIN)
    except requests.RequestException:
        requests.get(url, stream=True, timeout=0.6 * ANSWER_WITHIN).close()


def _in_thread(function, *args, **kwargs):
    """The future of a call. Its waiting time can be limited for certain, looking up the host's address included."""
    future = Future()

    def run():
        try:
            future.set_result(function(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _reason(error):
    """The innermost cause, as requests wraps it three times."""
    while cause := error.__cause__ or (not error.__suppress_context__ and error.__context__):
        error = cause
    return f'no answer within {ANSWER_WITHIN} seconds' if isinstance(error, TimeoutError) else error


def _fetch(url, part, target, size, checksum):
    """Complete the part file from url, verify it, and put it in its place."""
    while True:
        try:
            resumed = _complete(url, part, size)
            found = md5(part)
            if found == checksum:
                os.replace(part, target)
                return
            part.unlink()
        except FileNotFoundError:  # another process has taken it
            if target.exists():
                return
            if not target.parent.exists():
                raise
            continue
        if not resumed:
            raise ValueError(f'wrong checksum: the file there has MD5 {found} instead of {checksum}')
        # Nobody knows which of its bytes are wrong, or from a different file: once more from the start.


def _complete(url, part, size):
    """Fetch from url what the part file lacks, and return whether some of it was there before."""
    import requests

    have = _length(part)
    if have >= size:
        return True
    headers = {'Accept-Encoding': 'identity'}  # a server that unpacks the .gz on its way would change its MD5
    if have:
        headers['Range'] = f'bytes={have}-'
    request = _in_thread(requests.get, url, headers=headers, stream=True, timeout=STALLED_AFTER)
    with request.result(ANSWER_WITHIN) as answer:
        rest = re.fullmatch(rf'bytes {have}-\d+/{size}', answer.headers.get('Content-Range', ''))
        if have and (answer.status_code == 416 or (answer.status_code == 206 and not rest)):
            part.unlink(missing_ok=True)  # its file has a different length
            return _complete(url, part, size)
        chunks, start = _checked(answer, have, size)
        bar = progress(total=size, initial=start, unit='B', unit_scale=True, desc=url.split('/')[2])
        with bar, open(part, 'r+b' if start else 'wb') as file:
            file.seek(start)
            for chunk in chunks:
                file.write(chunk)
                bar.update(len(chunk))
                if file.tell() >= size or not part.exists():  # or another process has taken it
                    return start > 0
            raise ValueError(f'the transfer ended after {file.tell():,} of {size:,} bytes')


def _checked(answer, have, size):
    """(the bytes of an answer in chunks, where they start in the file). ValueError: it is not the file."""
    if answer.status_code not in (200, 206):
        raise ValueError(f'the server answered {answer.status_code} {answer.reason}')
    start = have if answer.status_code == 206 else 0
    chunks = _chunks(answer)
    first = next(chunks, b'')
    if start == 0 and first.lstrip().lower().startswith((b'<!doctype', b'<html', b'<head', b'<?xml')):
        raise ValueError('the server sent an HTML page instead of the file')
    if not first:
        raise ValueError('the server sent nothing')
    announced = set(re.split(r'[\s,]+', answer.headers.get('Content-Length', '').strip()))
    length = start + int(announced.pop()) if len(announced) == 1 and min(announced).isdecimal() else size
    if length != size:
        raise ValueError(f'the file there has {length:,} bytes instead of {size:,}')
    return chain([first], chunks), start


def _chunks(answer):
    """Yield the bytes of an answer until they end, for whatever reason: the caller knows how many there should be."""
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    try:
        yield from answer.raw.stream(2**16, decode_content=False)
    except ReadTimeoutError:
        raise ValueError(f'the transfer stalled: no byte for {STALLED_AFTER} seconds') from None
    except HTTPError:
        return
