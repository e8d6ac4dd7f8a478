"""TensorFlow is loaded quietly, its last words are kept, and a session computes as fast as it can, and right."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lesson import session
from lesson.session import tf

tf.disable_eager_execution()
ROOT = Path(__file__).parents[1]
WORDS = 'needs AVX, which this processor does not have\n'
RUN = """
from lesson.session import tf
with tf.Graph().as_default(), tf.Session() as sess:
    print(sess.run(tf.constant(3) + tf.constant(4)))
"""


def python(code, temporary, **options):
    """Run Python in the project's folder, with a folder for temporary files of its own."""
    environment = os.environ | {'TMPDIR': str(temporary)}
    options = {'cwd': ROOT, 'env': environment, 'capture_output': True, 'text': True, 'timeout': 100} | options
    return subprocess.run([sys.executable, '-c', code], **options)


def fake_tensorflow(folder, code):
    """Code that loads a tensorflow package, which writes a line to file descriptor 2 and then runs `code`."""
    package = folder / 'tensorflow'
    (package / 'compat').mkdir(parents=True, exist_ok=True)
    (package / '__init__.py').write_text(f'import ctypes, os, signal, sys, time\nos.write(2, {WORDS.encode()})\n{code}')
    (package / 'compat' / '__init__.py').touch()
    real = 'class logging:\n    ERROR = 1\n    set_verbosity = print\nclass Session: pass\nclass Graph: pass'
    (package / 'compat' / 'v1.py').write_text(real)
    return f'import sys; sys.path[:0] = [{str(folder)!r}, {str(ROOT)!r}]\nfrom lesson.session import tf\n'


# ---------------------------------------------------------------- loading TensorFlow


def test_loading_tensorflow_and_running_a_graph_prints_nothing_and_loads_nothing_of_training(tmp_path):
    """TensorFlow 2.19 and 2.20 print a line when a session starts."""
    code = 'import sys\nprint(*(name for name in sys.modules if name.startswith("lesson")))'
    result = python(RUN + code, tmp_path)
    assert result.stdout == '7\nlesson lesson.session\n'
    assert result.stderr == '' or tf.__version__ < '2.21'
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault
@pytest.mark.parametrize(
    ('death', 'code'),
    [('os.abort()', -signal.SIGABRT), ('os.kill(os.getpid(), signal.SIGKILL)', -signal.SIGKILL), ('os._exit(3)', 3)],
)
def test_the_last_words_of_a_process_that_dies_while_it_loads_tensorflow_are_printed_by_the_next(tmp_path, death, code):
    dead = python(fake_tensorflow(tmp_path, death), tmp_path)
    assert (dead.returncode, dead.stderr) == (code, '')
    following = [python(fake_tensorflow(tmp_path, ''), tmp_path) for _ in range(2)]
    assert [each.returncode for each in following] == [0, 0]
    said = f'A process died while it loaded TensorFlow, which had said:\n{WORDS}\n'
    assert [each.stderr for each in following] == [said, '']  # once


@pytest.mark.fault
@pytest.mark.parametrize(
    ('end', 'code'),
    [
        ('sys.exit(4)', 4),
        ('raise KeyboardInterrupt', -signal.SIGINT),
        ('os.write(2, b"x" * 1_000_000); raise MemoryError', 1),
    ],
)
def test_what_is_said_before_an_exception_is_printed_at_once(tmp_path, end, code):
    result = python(fake_tensorflow(tmp_path, end), tmp_path)
    assert result.returncode == code
    assert result.stderr.startswith(WORDS)
    assert result.stderr.count('x') > 1_000_000 or 'x' * 1000 not in result.stderr


def test_what_is_said_afterwards_is_printed_and_other_processes_that_load_it_are_left_alone(tmp_path):
    (tmp_path / f'{session.MESSAGES}{os.getpid()}-abc').write_text('of a process that lives')
    (tmp_path / f'{session.MESSAGES}x').write_text('of something else')
    result = python(fake_tensorflow(tmp_path, '') + 'import os\nos.write(2, b"and now?")', tmp_path)
    assert (result.stderr, result.returncode) == ('and now?', 0)
    assert len([*tmp_path.glob(f'{session.MESSAGES}*')]) == 2


def test_where_no_file_can_be_written_nothing_is_held_back(tmp_path):
    nowhere = 'import tempfile\ntempfile.tempdir = "/nowhere"\n'
    result = python(nowhere + fake_tensorflow(tmp_path, ''), tmp_path)
    assert (result.stderr, result.returncode) == (WORDS, 0)


# ---------------------------------------------------------------- a session


@pytest.mark.parametrize(
    ('vendor', 'flags', 'limit', 'fast'),
    [
        ('AuthenticAMD', 'avx512f avx512_bf16', None, True),
        ('AuthenticAMD', 'avx512f avx512_bf16', 'AVX512_CORE_AMX', True),
        ('AuthenticAMD', 'avx512f avx512_bf16', 'AVX512_CORE', False),
        ('AuthenticAMD', 'avx512f avx512_vnni', None, False),
        ('GenuineIntel', 'avx512f avx512_bf16 amx_bf16 amx_tile', 'DEFAULT', True),
        ('GenuineIntel', 'avx512f avx512_bf16 amx_bf16 amx_tile', 'AVX512_CORE_BF16', False),
        ('GenuineIntel', 'avx512f avx512_bf16', None, False),
        ('', 'neon bf16', None, False),
    ],
)
def test_bfloat16_is_used_where_it_is_faster_and_onednn_may_use_it(tmp_path, monkeypatch, vendor, flags, limit, fast):
    (tmp_path / 'cpuinfo').write_text(f'vendor_id : {vendor}\nflags : fpu {flags}\n')
    monkeypatch.setattr(session, 'Path', lambda path: tmp_path / Path(path).name)
    monkeypatch.delenv('ONEDNN_MAX_CPU_ISA', raising=False)
    if limit:
        monkeypatch.setenv('ONEDNN_MAX_CPU_ISA', limit)
    assert session.has_fast_bfloat16() == fast


@pytest.mark.parametrize(('bfloat16', 'error'), [(False, 1e-6), (True, 1e-2)])
def test_convolutions_are_as_exact_as_their_type(bfloat16, error):
    rng = np.random.default_rng(0)
    images, window = rng.normal(size=(4, 8, 8, 16)), rng.normal(size=(2, 2, 16, 16))
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 8, 8, 16])
        w = tf.get_variable('w', initializer=tf.constant(window, tf.float32))
        y = tf.nn.conv2d(x, w, strides=2, padding='SAME')
        z = tf.nn.conv2d(tf.nn.relu(y), w, strides=2, padding='SAME')
    with session.open_session(graph, bfloat16) as sess:
        computed = sess.run(z, {x: images})

    def convolve(x):
        n = x.shape[1] // 2
        patches = x.reshape(len(x), n, 2, n, 2, -1).transpose(0, 1, 3, 2, 4, 5).reshape(len(x), n, n, -1)
        return patches @ window.reshape(-1, 16)

    expected = convolve(np.maximum(convolve(images), 0))
    assert np.abs(computed - expected).max() < error * np.abs(expected).max()


def test_a_session_has_its_variables_initialized_and_its_graph_finalized_and_they_can_be_set():
    with tf.Graph().as_default() as graph:
        three = tf.get_variable('three', initializer=3.0)
    with session.open_session(graph) as sess:
        assert sess.run(three) == 3
        session.set_variables(sess, {three: 4.0})
        assert sess.run(three) == 4
    with pytest.raises(RuntimeError, match='finalized'), graph.as_default():
        tf.constant(1.0)
