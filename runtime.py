"""Where a graph runs. Importing this module loads TensorFlow without its start-up messages.

TensorFlow writes some notes (which processor instructions it uses, that there is no graphics card) straight
to file descriptor 2 while it is being imported, before any setting could silence it. A notebook would show
them as an alarming red box. They are held back here, and printed after all if the import fails.
"""

import os
import sys
import tempfile

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')  # fatal errors only; has to be set before the import


def _import_tensorflow_quietly():
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            import tensorflow.compat.v1 as tf
        except BaseException:
            notes.seek(0)
            os.write(stderr, notes.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    tf.logging.set_verbosity(tf.logging.ERROR)  # Python's side: no deprecation notices for the graph API


_import_tensorflow_quietly()
