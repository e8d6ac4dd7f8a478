"""TensorFlow is loaded quietly, but whatever is said before a failure or a death is seen."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).parent.parent
LOAD = 'from lesson import training'


def python(code, cwd=ROOT, **options):
    return subprocess.run([sys.executable, '-c', code], cwd=cwd, capture_output=True, text=True, timeout=60, **options)


def with_fake_tensorflow(folder, code):
    """Code that loads a tensorflow package, which writes a line to file descriptor 2 and then runs `code`."""
    package = folder / 'tensorflow'
    package.mkdir()
    say = 'import ctypes, os, signal, sys, time\nos.write(2, b"needs AVX, which this processor does not have\\n")\n'
    (package / '__init__.py').write_text(say + code)
    (package / 'compat').mkdir()
    (package / 'compat' / '__init__.py').touch()
    (package / 'compat' / 'v1.py').touch()
    return f'import sys; sys.path[:0] = [{str(folder)!r}, {str(ROOT)!r}]\n{LOAD}'


def test_importing_training_and_running_a_graph_prints_nothing():
    code = (
        f'{LOAD}\n'
        'import tensorflow.compat.v1 as tf\n'
        'with tf.Graph().as_default(), tf.Session() as sess:\n'
        '    print(sess.run(tf.constant(3) + tf.constant(4)))\n'
    )
    result = python(code)
    assert (result.stdout, result.stderr) == ('7\n', '')


@pytest.mark.fault
@pytest.mark.parametrize(
    ('death', 'code'),
    [
        ('os.abort()', -signal.SIGABRT),
        ('ctypes.CDLL(None).abort()', -signal.SIGABRT),
        ('ctypes.string_at(0)', -signal.SIGSEGV),
        ('os.kill(os.getpid(), signal.SIGILL)', -signal.SIGILL),
        ('os.kill(os.getpid(), signal.SIGKILL)', -signal.SIGKILL),
        ('os.kill(os.getpid(), signal.SIGTERM)', -signal.SIGTERM),
        ('os._exit(3)', 3),
        ('os._exit(0)', 0),
        ('sys.exit(4)', 4),
        ('raise ImportError("broken")', 1),
        ('raise MemoryError', 1),
        ('raise KeyboardInterrupt', -signal.SIGINT),
        ('os.kill(os.getpid(), signal.SIGINT); time.sleep(9)', -signal.SIGINT),
    ],
)
def test_last_words_before_a_death_while_tensorflow_is_imported_are_seen(tmp_path, death, code):
    result = python(with_fake_tensorflow(tmp_path, death))
    assert result.returncode == code
    assert result.stderr.count('needs AVX, which this processor does not have\n') == 1


@pytest.mark.fault
def test_many_last_words_are_all_seen(tmp_path):
    result = python(with_fake_tensorflow(tmp_path, 'os.write(2, b"x" * 1_000_000); os.abort()'))
    assert len(result.stderr) > 1_000_000


@pytest.mark.fault
def test_an_import_that_fails_shows_its_reason_and_its_notes(tmp_path):
    code = with_fake_tensorflow(tmp_path, 'raise ImportError("broken")')
    result = python(code.replace(LOAD, f'try:\n    {LOAD}\nexcept ImportError as error:\n    print(error)'))
    assert (result.stdout, result.returncode) == ('broken\n', 0)
    assert result.stderr == 'needs AVX, which this processor does not have\n'


def test_notes_of_an_import_that_works_are_dropped_and_its_helper_has_gone(tmp_path):
    code = with_fake_tensorflow(tmp_path, '') + '\n'
    quiet = code.replace(LOAD, 'from lesson.quiet import held_back\nwith held_back():\n    import tensorflow')
    result = python(
        quiet + 'import os\nos.write(2, b"and now?")\ntry:\n    os.wait()\nexcept ChildProcessError:\n    pass'
    )
    assert (result.stderr, result.returncode) == ('and now?', 0)


def test_where_no_process_can_be_started_nothing_is_held_back(tmp_path):
    code = with_fake_tensorflow(tmp_path, '')
    quiet = code.replace(LOAD, 'from lesson.quiet import held_back\nwith held_back():\n    import tensorflow')
    result = python(f'import sys; sys.executable = None\n{quiet}\nsys.executable = "/nowhere"\n{quiet}')
    assert result.returncode == 0
    assert result.stderr == 'needs AVX, which this processor does not have\n'  # an import is made once


@pytest.mark.fault
@pytest.mark.slow
def test_last_words_of_a_kernel_reach_the_terminal_that_it_was_started_from(tmp_path):
    code = with_fake_tensorflow(tmp_path, 'os.abort()')
    with open(tmp_path / 'terminal', 'wb') as terminal:
        manager, client = start_new_kernel(kernel_name='python3', cwd=ROOT, stderr=terminal)
        try:
            client.execute(code)
            until = time.monotonic() + 30
            while manager.is_alive() and time.monotonic() < until:
                time.sleep(0.1)
            time.sleep(0.5)  # for the helper
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    assert 'needs AVX' in (tmp_path / 'terminal').read_text()
