"""What code may not do to the process that executes it."""

import os
import subprocess
import sys
import time

import pytest

from lesson.notebook.limited import beside, leave_out, limited, no_sudden_end


def test_what_computes_or_waits_too_long_is_stopped_and_what_is_quick_is_not():
    with limited(60) as stops:
        pass
    assert stops == []
    with pytest.raises(TimeoutError, match='after 0 s of computing'), limited(0) as stops:
        while True:
            pass
    assert stops
    with pytest.raises(TimeoutError, match='for 1 s it had computed nothing, only waited'), limited(60, waiting=1):
        time.sleep(30)


def test_a_child_that_has_computed_and_then_only_waits_is_stopped_as_well():
    code = 'import time\nwhile time.process_time() < 1.5: pass\ntime.sleep(20)'
    with pytest.raises(TimeoutError, match='for 2 s it had computed nothing'), limited(60, waiting=2):
        subprocess.run([sys.executable, '-c', code])


def test_a_sudden_end_is_an_exception_and_afterwards_it_is_one_again():
    end = os._exit
    with pytest.raises(SystemExit), no_sudden_end():
        os._exit(3)
    assert os._exit is end


def test_modules_beside_a_notebook_are_found_and_what_was_changed_is_put_back(tmp_path, monkeypatch):
    (tmp_path / 'mine_beside.py').write_text('value = 3\n')
    path, here, deep = list(sys.path), os.getcwd(), sys.getrecursionlimit()
    with beside(tmp_path / 'a.ipynb'):
        import mine_beside

        sys.setrecursionlimit(deep + 1)
        os.chdir(tmp_path)
    assert mine_beside.value == 3
    assert (sys.path, os.getcwd(), sys.getrecursionlimit()) == (path, here, deep)


def test_a_function_that_is_left_out_is_none_to_the_others():
    scope = {}
    exec('def one(): ...\ndef other():\n    return one', scope)
    leave_out('one', [scope['other']])
    assert scope['other']() is None
