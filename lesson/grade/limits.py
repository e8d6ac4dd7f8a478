"""What a judged notebook may use."""

import os

from lesson.files import cores

FUNCTION = 120  # seconds that a judged function may compute; a large generator takes 64
DEFINITIONS = 120  # the same until all that a notebook defines is there
WAITING = 30  # seconds without computing: it sleeps, or waits for what does not come
SECONDS = 240  # for each function, whatever it does, on a machine that has nothing else to do
MEMORY = 3 * 2**30  # bytes of all its processes
FILES = 100 * 2**20  # bytes of one file, and of all where the folder is a file system of its own
PROCESSES = 20
THREADS = 200 + 10 * os.cpu_count()  # of all processes together; TensorFlow and NumPy have several for each core
MESSAGE = 200_000  # bytes of what the judging process sends
CHARACTERS = 5_000  # of what a learner reads of it


def wall() -> float:
    """SECONDS, and more where several wait for each core."""
    load = os.getloadavg()[0] if hasattr(os, 'getloadavg') else 1
    return SECONDS * max(1.0, load / cores())
