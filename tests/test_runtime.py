"""TensorFlow is loaded without its start-up messages, and they are not lost when loading fails."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def python(code, **kwargs):
    return subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, **kwargs)


def test_importing_runtime_and_running_a_graph_prints_nothing():
    code = (
        'import runtime\n'
        'import tensorflow.compat.v1 as tf\n'
        'with tf.Graph().as_default(), tf.Session() as sess:\n'
        '    print(sess.run(tf.constant(3) + tf.constant(4)))\n'
    )
    result = python(code)
    assert (result.stdout, result.stderr) == ('7\n', '')


def test_what_tensorflow_wrote_before_it_failed_to_load_is_shown(tmp_path):
    package = tmp_path / 'tensorflow'
    package.mkdir()
    (package / '__init__.py').write_text('import os\nos.write(2, b"a note from C++\\n")\nraise ImportError("broken")')
    code = f'import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.path.insert(1, "."); import runtime'
    result = python(code)
    assert result.returncode == 1
    assert 'a note from C++' in result.stderr
    assert 'ImportError: broken' in result.stderr
