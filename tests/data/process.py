"""A process that prepares pictures so slowly that it can be killed meanwhile; and who outlives it."""

import subprocess
import sys
import time
from pathlib import Path

import helper
from lesson.data.prepare import prepared_images

ROOT = Path(helper.__file__).parent


def slow(file):
    time.sleep(0.003)
    return helper.get_image(file, 28, 28, 'RGB')


def prepare(folder):
    return prepared_images(Path(folder), slow, (28, 28, 3), 'pictures')


def start(folder):
    """A process in a session of its own that prepares the pictures in a folder, and prints how many there are."""
    command = [sys.executable, '-u', '-m', 'tests.data.process', str(folder)]
    pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'text': True}
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True, **pipes)


def started(folder):
    """The same, once it has begun to write."""
    process = start(folder)
    while not any(path.stat().st_size > 128 for path in folder.parent.glob(f'{folder.name}-*.part')):
        assert process.poll() is None
        time.sleep(0.005)
    return process


def alive(session):
    """The processes of a session that are not over."""
    found = []
    for status in Path('/proc').glob('[0-9]*/stat'):
        try:
            state, _, _, sid = status.read_text().rpartition(')')[2].split()[:4]
        except OSError:  # it has just ended
            continue
        if int(sid) == session and state not in 'ZX':
            found.append(int(status.parent.name))
    return found


def outlived_by(session, seconds=10):
    """The processes of a session that are still there after this many seconds, or [] as soon as there is none."""
    end = time.monotonic() + seconds
    while (left := alive(session)) and time.monotonic() < end:
        time.sleep(0.02)
    return left


if __name__ == '__main__':
    from tests.data import process  # not __main__: so that other processes find `slow`

    print(len(process.prepare(sys.argv[1])))
