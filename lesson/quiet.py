"""TensorFlow, loaded without its start-up messages, and without losing its last words.

TensorFlow writes notes (which processor instructions it uses, that there is no graphics card) straight to file
descriptor 2 while it is imported, before any setting could silence it. A notebook would show them as an alarming red
box. They are held back here, and printed if the import fails or the process dies of it.
"""

import ctypes
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

# The helper waits for the end of standard input, which comes when the process at its other end dies.
_PRINT_LAST_WORDS = """
import os
os.read(0, 1)
os.lseek(1, 0, os.SEEK_SET)
while words := os.read(1, 65536):
    os.write(2, words)
"""
# SetMinLogLevel of the abseil library in these versions of TensorFlow, as the linker knows it.
_SET_MIN_LOG_LEVEL = {
    '2.19': '_ZN4absl12lts_2023080214SetMinLogLevelENS0_18LogSeverityAtLeastE',
    '2.20': '_ZN4absl12lts_2025012714SetMinLogLevelENS0_18LogSeverityAtLeastE',
}
_FATAL = 3


def import_tensorflow():
    """The module tensorflow.compat.v1. From now on, only fatal errors are logged."""
    prepare()
    with held_back():
        import tensorflow.compat.v1 as tf

        _silence_older(tf)
    tf.logging.set_verbosity(tf.logging.ERROR)  # Python's side: no deprecation notices for the graph API
    return tf


def prepare():
    """Set what TensorFlow reads while it is imported: only fatal errors are logged, and convolutions are oneDNN's.

    TensorFlow uses oneDNN by default only where the processor has AVX512-VNNI or newer. With AVX2 alone, it makes a
    training step about 1.7 times as fast (docs/results.md).
    """
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', str(_FATAL))
    if platform.machine() in ('x86_64', 'AMD64'):
        os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '1')


def _silence_older(tf):
    """TensorFlow 2.19 and 2.20 do not pass TF_CPP_MIN_LOG_LEVEL on to abseil, which prints at each session's start."""
    name = _SET_MIN_LOG_LEVEL.get(tf.__version__[:4])
    if name:
        library = Path(sys.modules['tensorflow'].__file__).with_name('libtensorflow_cc.so.2')
        with suppress(OSError, AttributeError):  # not on this system: then it prints
            getattr(ctypes.CDLL(str(library)), name)(_FATAL)
        with tf.Graph().as_default(), tf.Session() as sess:  # one note comes with the first session, whatever is set
            sess.run(tf.constant(0))


@contextmanager
def held_back():
    """Hold back what is written to file descriptor 2, and drop it at the end; after an exception or a death, print it.

    A process that aborts cannot print anything, so another one waits for that.
    """
    with tempfile.TemporaryFile() as notes:
        try:
            helper = subprocess.Popen(
                [sys.executable, '-I', '-S', '-c', _PRINT_LAST_WORDS],
                stdin=subprocess.PIPE,
                stdout=notes,
                stderr=_terminal(),
                start_new_session=True,  # a Ctrl-C is not for it
            )
        except (OSError, TypeError):  # no other process here: nothing is held back
            helper, stderr = None, None
        else:
            if sys.stderr:
                sys.stderr.flush()
            stderr = os.dup(2)
            os.dup2(notes.fileno(), 2)
        try:
            yield
        except BaseException:
            notes.seek(0)
            words = notes.read()
            raise
        else:
            words = b''
        finally:
            if helper:
                os.dup2(stderr, 2)
                os.close(stderr)
                helper.kill()
                helper.communicate()
                os.write(2, words)


def _terminal():
    """Where a process that outlives this one can print. In a notebook, file descriptor 2 is the kernel's own pipe."""
    with suppress(AttributeError, OSError):
        return sys.stderr.fileno()
    return 2
