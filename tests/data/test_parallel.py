"""Work on all cores: in order, lazily, and ended with whoever began it."""

import multiprocessing.synchronize
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from errno import EAGAIN, ENOSPC
from functools import partial

import pytest

from lesson.data import parallel
from lesson.data.parallel import on_all_cores
from tests.data.process import ROOT

several = pytest.mark.skipif(parallel.cores() < 2, reason='with one core there is no other process')


def doubled(number, factor=2):
    time.sleep(0.01)
    return os.getpid(), number * factor


def fail_at(bad, number):
    if number == bad:
        raise ZeroDivisionError(number)
    return number


def end_elsewhere(here, number):
    time.sleep(0.02)
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@several
def test_results_come_in_order_from_this_process_and_from_others():
    results = list(on_all_cores(partial(doubled, factor=3), range(200)))
    assert [number for _, number in results] == [3 * i for i in range(200)]
    assert len({pid for pid, _ in results}) > 1 and os.getpid() in {pid for pid, _ in results}


def test_one_part_or_none_starts_no_process():
    assert list(on_all_cores(doubled, [])) == []
    assert list(on_all_cores(doubled, [4])) == [(os.getpid(), 8)]


def test_what_a_notebook_defines_runs_here_as_no_other_process_knows_it():
    def function(number):
        return os.getpid(), number

    function.__module__ = '__main__'
    for work in (function, partial(called, function), partial(called, partial(function))):
        assert {pid for pid, _ in on_all_cores(work, range(9))} == {os.getpid()}


def called(function, number):
    return function(number)


def test_parts_are_read_as_the_work_proceeds():
    read = []
    with closing(on_all_cores(doubled, (read.append(i) or i for i in range(10_000)))) as results:
        for _ in range(5):
            next(results)
    assert len(read) < 500


@pytest.mark.parametrize('bad', [0, 5, 50])
def test_an_error_passes_and_leaves_no_thread(bad):
    threads, results = threading.active_count(), []
    with pytest.raises(ZeroDivisionError), closing(on_all_cores(partial(fail_at, bad), range(100))) as every:
        results.extend(every)
    assert results == list(range(len(results))) and len(results) <= bad
    assert threading.active_count() == threads


@several
def test_a_killed_process_is_an_error_and_no_endless_wait():
    with (
        pytest.raises(BrokenProcessPool),
        closing(on_all_cores(partial(end_elsewhere, os.getpid()), range(999))) as all_,
    ):
        list(all_)


GUARDLESS = """
import helper
print('begun', flush=True)
from tests.data.test_parallel import doubled
from lesson.data.parallel import on_all_cores
print(len(set(pid for pid, _ in on_all_cores(doubled, range(200)))), 'processes')
print(helper.open_dataset('mnist', '.', 'synthetic', 300).shape)
"""


def run_script(folder, code):
    (folder / 'script.py').write_text(code)
    environment = os.environ | {'PYTHONPATH': str(ROOT)}
    command = [sys.executable, '-u', 'script.py']
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


@several
def test_a_script_without_a_main_guard_is_run_once_and_uses_all_cores(tmp_path):
    result = run_script(tmp_path, GUARDLESS)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count('begun') == 1 and '(300, 28, 28, 1)' in result.stdout
    assert '1 processes' not in result.stdout


RERUN = """
import multiprocessing
from tests.data.test_parallel import doubled
from lesson.data.parallel import on_all_cores
print(sum(number for _, number in on_all_cores(doubled, range(9))), flush=True)
def nothing():
    pass
if __name__ == '__main__':
    process = multiprocessing.get_context('spawn').Process(target=nothing)
    process.start()
    process.join()
"""


def test_a_spawned_process_that_runs_such_a_script_again_works_alone(tmp_path):
    result = run_script(tmp_path, RERUN)
    assert (result.stdout, result.stderr) == ('72\n72\n', '')


def of_a_daemon(queue):
    queue.put([number for _, number in on_all_cores(doubled, range(9))])


def test_a_process_that_may_start_none_works_alone():
    spawn = multiprocessing.get_context('spawn')
    queue = spawn.Queue()
    spawn.Process(target=of_a_daemon, args=(queue,), daemon=True).start()
    assert queue.get(timeout=60) == [2 * i for i in range(9)]


REFUSED = {
    'semaphores': (multiprocessing.synchronize._multiprocessing, 'SemLock', OSError(ENOSPC, 'No space left on device')),
    'processes': (multiprocessing.util, 'spawnv_passfds', OSError(EAGAIN, 'Try again')),
    'threads': (threading.Thread, 'start', RuntimeError("can't start new thread")),
}


@several
@pytest.mark.parametrize('what', REFUSED)
def test_where_no_process_can_be_started_this_one_works_alone_and_leaves_none(monkeypatch, what):
    place, name, error = REFUSED[what]

    def refuse(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(place, name, refuse)
        assert list(on_all_cores(doubled, range(9))) == [(os.getpid(), 2 * i) for i in range(9)]
    end = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < end:
        time.sleep(0.02)
    assert multiprocessing.active_children() == []


@several
def test_a_function_that_other_processes_do_not_find_runs_here(tmp_path, monkeypatch):
    (tmp_path / 'only_here.py').write_text('import os\ndef function(number):\n    return os.getpid(), number\n')
    monkeypatch.syspath_prepend(tmp_path)
    import only_here

    (tmp_path / 'only_here.py').unlink()
    shutil.rmtree(tmp_path / '__pycache__', ignore_errors=True)
    slow = partial(slowly, only_here.function)
    assert list(on_all_cores(slow, range(300))) == [(os.getpid(), i) for i in range(300)]


def slowly(function, number):
    time.sleep(0.01)
    return function(number)


@pytest.mark.skipif(not hasattr(os, 'sched_setaffinity'), reason='no affinity here')
def test_only_the_cores_that_this_process_may_use_are_used():
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert {pid for pid, _ in on_all_cores(doubled, range(99))} == {os.getpid()}
    finally:
        os.sched_setaffinity(0, allowed)
