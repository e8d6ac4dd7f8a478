"""Processes forked from a server that has TensorFlow loaded, which takes a new Python five seconds.

They have the order of sets in common, and end without Python's own tidying up: compare them with a new Python as well.
"""

import multiprocessing
import os
import subprocess
import sys

_context = multiprocessing.get_context('forkserver' if sys.platform == 'linux' else 'spawn')
_context.set_forkserver_preload(['lesson.train', 'lesson.notebook.definitions', 'lesson.trained.playground', 'helper'])


class Forked:
    """A process that calls main(texts), like a subprocess.Popen; what it prints is appended to the file `output`."""

    def __init__(self, main, arguments, output, **environment):
        arguments = [str(argument) for argument in arguments]
        self._process = _context.Process(target=_call, args=(main, arguments, output, environment), daemon=True)
        self._process.start()
        self.kill = self._process.kill

    def poll(self):
        return self._process.exitcode

    def wait(self, timeout):
        self._process.join(timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return self.poll()


def _call(main, arguments, output, environment):
    for descriptor in (1, 2):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    os.environ.update(environment)
    main(arguments)
