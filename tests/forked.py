"""Processes forked from a server that has TensorFlow loaded, which takes a new Python five seconds.

They have the order of sets and dictionaries in common: compare them with a new Python as well.
"""

import multiprocessing
import os
import sys

_context = multiprocessing.get_context('forkserver' if sys.platform == 'linux' else 'spawn')
_context.set_forkserver_preload(['lesson.training', 'lesson.notebooks'])


def start(main, arguments, out, err, **environment):
    """Start a process that calls main(arguments, as texts); what it prints is appended to two files, or to one."""
    arguments = [str(argument) for argument in arguments]
    process = _context.Process(target=_call, args=(main, arguments, (out, err), environment), daemon=True)
    process.start()
    return process


def ended(process, seconds):
    """The exit code of a process, which has to end within so many seconds."""
    process.join(seconds)
    assert process.exitcode is not None, f'no end within {seconds} s'
    return process.exitcode


def _call(main, arguments, files, environment):
    for descriptor, path in enumerate(files, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    os.environ.update(environment)
    main(arguments)
