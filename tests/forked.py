"""Processes forked from a server that has TensorFlow loaded, which takes a new Python five seconds.

They have the order of sets in common, and end without Python's own tidying up: compare them with a new Python as well.
"""

import multiprocessing
import os
import subprocess
import sys

_context = multiprocessing.get_context('forkserver' if sys.platform == 'linux' else 'spawn')
_context.set_forkserver_preload(['lesson.training', 'lesson.notebooks'])


class Forked:
    """A process that calls main(arguments, as texts), used like a subprocess.Popen.

    Its standard output and error are appended to the files out and err, which may be the same.
    """

    def __init__(self, main, arguments, out, err, **environment):
        arguments = [str(argument) for argument in arguments]
        self._process = _context.Process(target=_call, args=(main, arguments, (out, err), environment), daemon=True)
        self._process.start()
        self.pid, self.kill = self._process.pid, self._process.kill

    def poll(self):
        return self._process.exitcode

    def wait(self, timeout):
        self._process.join(timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return self.poll()


def _call(main, arguments, files, environment):
    for descriptor, path in enumerate(files, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    os.environ.update(environment)
    main(arguments)
