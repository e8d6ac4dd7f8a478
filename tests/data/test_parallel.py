"""Work on all cores: in order, lazily, and ended with whoever began it."""

import os
import signal
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial

import pytest

from lesson.data.parallel import on_all_cores

several = pytest.mark.skipif(os.cpu_count() < 2, reason='with one core there is no other process')


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
