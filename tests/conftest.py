"""Full and read-only disks for the tests, and the list of all faults that a test run injected."""

import signal
import subprocess
from collections import defaultdict
from contextlib import contextmanager

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background; processes that tests start would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def signal_handlers_stay():
    """A test that leaves a different handler fails, and not one after it that sends itself a signal and dies of it."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    yield
    left = {number: signal.getsignal(number) for number in before}
    for number, handler in before.items():
        signal.signal(number, handler)
    assert left == before


@pytest.fixture
def tmpfs(tmp_path):
    """A function that mounts a real file system of so many bytes on a new folder, where this user may do that."""
    mounted = []

    def mount(size):
        folder = tmp_path / f'file system {len(mounted)}'
        folder.mkdir()
        try:
            subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', folder], check=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip('this user may not mount a file system')
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(['umount', '--lazy', folder], check=True)


def remount(folder, options):
    subprocess.run(['mount', '-o', f'remount,{options}', folder], check=True)


@contextmanager
def no_file_longer_than(size):
    """What a full disk is to a writer: the write fails with an errno after `size` bytes."""
    resource = pytest.importorskip('resource')
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def pytest_terminal_summary(terminalreporter):
    """One line for each test of a module with `pytestmark = pytest.mark.fault`."""
    runs = defaultdict(list)
    for report in terminalreporter.getreports('passed') + terminalreporter.getreports('failed'):
        if 'fault' in report.keywords and report.when == 'call':
            module, _, name = report.nodeid.partition('::test_')
            runs[module, name.partition('[')[0]].append(report.passed)
    if runs:
        terminalreporter.section('faults injected')
        terminalreporter.line(f'{"times":>6}{"right":>6}  what must hold')
        for (_, name), passed in sorted(runs.items()):
            terminalreporter.line(f'{len(passed):6}{sum(passed):6}  {name.replace("_", " ")}')
        everything = [passed for each in runs.values() for passed in each]
        terminalreporter.line(f'{len(everything):6}{sum(everything):6}  all')
