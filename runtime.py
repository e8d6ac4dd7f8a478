"""Where a graph runs. Importing this module loads TensorFlow without its start-up messages.

TensorFlow writes some notes (which processor instructions it uses, that there is no graphics card) straight
to file descriptor 2 while it is being imported, before any setting could silence it. A notebook would show
them as an alarming red box. They are held back here, and printed after all if the import fails.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')  # fatal errors only; has to be set before the import


def session(graph, bfloat16=None):
    """A tf.Session on a graph, which computes the convolutions in bfloat16 (None: where that is faster).

    bfloat16 is float32 with 8 bits of precision in place of 24. TensorFlow's own graph rewrite casts what goes into
    convolutions and matrix products, and sums in float32; weights, batch norm, losses and Adam stay float32.
    """
    config = tf.ConfigProto()
    if has_fast_bfloat16() if bfloat16 is None else bfloat16:
        config.graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 = 1  # ON
    return tf.Session(graph=graph, config=config)


def has_fast_bfloat16():
    """Whether the processor multiplies bfloat16 natively (AVX512-BF16 or AMX), and oneDNN may use that; Linux only.

    Elsewhere bfloat16 is emulated, and slower than float32. ONEDNN_MAX_CPU_ISA is oneDNN's own limit.
    """
    cpuinfo = Path('/proc/cpuinfo')
    native = cpuinfo.exists() and re.search(r'\b(avx512_bf16|amx_bf16)\b', cpuinfo.read_text())
    limit = os.environ.get('ONEDNN_MAX_CPU_ISA', 'ALL').upper()
    return bool(native and re.search('ALL|DEFAULT|512.*BF16|FP16|AMX|AVX10', limit))


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
    return tf


tf = _import_tensorflow_quietly()
