"""What a judged notebook may use."""

import os

FUNCTION = 60  # seconds that a judged function may compute
DEFINITIONS = 60  # the same until all that a notebook defines is there
SECONDS = 150  # for each function, whatever it does
WAITING = 30  # seconds without computing: it sleeps, or waits for what does not come
MEMORY = 3 * 2**30  # bytes of all its processes
FILES = 100 * 2**20  # bytes of one file, and of all where the folder is a file system of its own
PROCESSES = 20
THREADS = 200 + 10 * os.cpu_count()  # of all processes together; TensorFlow and NumPy have several for each core
MESSAGE = 200_000  # bytes of what the judging process sends
CHARACTERS = 5_000  # of what a learner reads of it
