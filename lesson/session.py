"""TensorFlow, loaded without its start-up messages; a session, configured for this machine.

TensorFlow writes notes (which processor instructions it uses, that there is no graphics card) straight to file
descriptor 2 while it is imported, before any setting could silence it. A notebook would show them as an alarming red
box. They are held back here, and printed if the import fails. If the process dies of it, the next one prints them.
"""

import os
import platform
import re
import sys
import tempfile
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

MESSAGES = 'lesson-tensorflow-'  # a file in the system's folder for temporary files; then the number of the process

# Read by TensorFlow: only fatal errors are logged, and convolutions are oneDNN's. That is the default only where the
# processor has AVX512-VNNI or newer; with them a training step is about twice as fast (docs/results.md).
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
if platform.machine() in ('x86_64', 'AMD64'):
    os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '1')
# On two cores, oneDNN's operations side by side, each on one core, make a step faster than one after the other on both.
_cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
if _cores == 2 and os.environ.get('TF_ENABLE_ONEDNN_OPTS') == '1':
    os.environ.setdefault('TF_NUM_INTRAOP_THREADS', '1')


@contextmanager
def held_back():
    """Hold back what is written to file descriptor 2, and drop it at the end; after an exception, print it.

    A process that dies in here leaves it in a file, which the next process to enter prints and removes.
    """
    _print_last_words()
    try:
        file, path = tempfile.mkstemp(prefix=f'{MESSAGES}{os.getpid()}-')
    except OSError:  # nothing is held back
        yield
        return
    if sys.stderr:
        sys.stderr.flush()
    stderr = os.dup(2)
    os.dup2(file, 2)
    words = b''
    try:
        yield
    except BaseException:
        words = Path(path).read_bytes()
        raise
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(file)
        with suppress(OSError):
            os.unlink(path)
        os.write(2, words)


def _print_last_words():
    import psutil

    for path in Path(tempfile.gettempdir()).glob(f'{MESSAGES}*'):
        with suppress(OSError, ValueError):  # of a different user
            if not psutil.pid_exists(int(path.name.split('-')[2])):
                words = path.read_text(errors='replace')
                path.unlink()
                print(f'A process died while it loaded TensorFlow, which had said:\n{words}', file=sys.stderr)


with held_back():
    import tensorflow.compat.v1 as tf
tf.logging.set_verbosity(tf.logging.ERROR)  # Python's side: no deprecation notices for the graph API


def open_session(graph, bfloat16: bool | None = None, connect=tf.Session) -> tf.Session:
    """A session on a tf.Graph, its variables initialized; convolutions in bfloat16 (None: where that is faster).

    The graph is finalized: from now on, adding something to it is an error. connect(graph=graph, config=config) makes
    the session, in a cluster one of its servers'.

    bfloat16 is float32 with 8 bits of precision instead of 24. TensorFlow's own graph rewrite casts what goes into
    convolutions and matrix products, and sums in float32; weights, batch norm, losses and Adam stay float32.
    """
    with graph.as_default():
        initialize = tf.global_variables_initializer()
    graph.finalize()
    config = tf.ConfigProto()
    if has_fast_bfloat16() if bfloat16 is None else bfloat16:
        config.graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 = 1  # ON
    sess = connect(graph=graph, config=config)
    sess.run(initialize)
    return sess


def has_fast_bfloat16() -> bool:
    """Whether convolutions are faster in bfloat16: with AMX, or with AMD's AVX512-BF16, on Linux.

    Elsewhere it is emulated, or not worth the conversions (with Intel's AVX512-BF16 a step takes longer than in
    float32). oneDNN has to be allowed to use it: ONEDNN_MAX_CPU_ISA is its own limit.
    """
    cpuinfo = Path('/proc/cpuinfo')
    processor = cpuinfo.read_text() if cpuinfo.exists() else ''
    limit = os.environ.get('ONEDNN_MAX_CPU_ISA', 'ALL').upper()
    if re.search(r'\bamx_bf16\b', processor):
        return bool(re.search('ALL|DEFAULT|AMX', limit))
    native = 'AuthenticAMD' in processor and re.search(r'\bavx512_bf16\b', processor)
    return bool(native and re.search('ALL|DEFAULT|512.*BF16|FP16|AMX|AVX10', limit))


def set_variables(sess, values: dict) -> None:
    """Give variables values: {tf.Variable: array}. It adds nothing to the graph."""
    sess.run([v.initializer for v in values], {v.initializer.inputs[1]: value for v, value in values.items()})


def fingerprints(graph):
    """{name: checksum} of all operations, their constants included."""
    definition = graph.as_graph_def()
    functions = {function.signature.name for function in definition.library.function}  # the branches of a tf.cond

    def checksum(message):  # without the numbers at the end of functions' names, which count all in this process
        unnumbered = re.sub(r'(\w+)_\d+', lambda name: name[1] if name[0] in functions else name[0], str(message))
        return zlib.crc32(unnumbered.encode())

    return {node.name: checksum(node) for node in definition.node} | {
        'functions': sorted(checksum(function) for function in definition.library.function)
    }
