"""Whole files or none, one process at a time, on disks that are full or not to be written."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import filelock
import pytest

from lesson.files import expanded, full_disk_named, make_writable, one_process_at_a_time, whole_file
from tests.conftest import no_file_longer_than, remount
from tests.data.process import ROOT
from tests.disk import every

HOLD = """
import sys
from lesson.files import one_process_at_a_time
with one_process_at_a_time(sys.argv[1], 'waiting'):
    print('in', flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize('sync', [True, False])
def test_whichever_operation_fails_the_file_is_there_whole_or_as_it_was(tmp_path, sync):
    path = tmp_path / 'file'

    def work(disk):
        path.write_bytes(b'older')
        with suppress(OSError), disk, whole_file(path, sync) as file:
            file.write(b'new')
            assert path.read_bytes() == b'older'
            file.write(b'er')
        assert path.read_bytes() == (b'older' if disk.reached else b'newer')
        assert list(tmp_path.iterdir()) == [path]

    assert len(list(every(work))) == 5 + 2 * sync  # open, two writes, flush, to the disk, close, rename


def test_an_interrupt_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), whole_file(tmp_path / 'file') as file:
        file.write(b'new')
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named_and_other_errors_pass(tmp_path):
    path = tmp_path / 'file'
    full = pytest.raises(OSError, match=rf'no space to write {path}: [\d,]+ are free. Make room')
    with no_file_longer_than(1000), full, full_disk_named(path), whole_file(path) as file:
        file.write(bytes(2000))
    with pytest.raises(FileNotFoundError, match='No such file'), full_disk_named(path):
        path.read_bytes()


def hold(folder):
    process = subprocess.Popen(
        [sys.executable, '-c', HOLD, folder], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, process.stdout.readline()


def test_others_wait_until_the_first_leaves_or_is_killed(tmp_path, capsys):
    first, said = hold(tmp_path)
    assert said == 'in\n'
    with pytest.raises(filelock.Timeout), one_process_at_a_time(tmp_path):
        pass
    second, said = hold(tmp_path)
    assert said == 'waiting\n'
    first.kill()
    assert second.stdout.readline() == 'in\n'
    second.communicate('\n')
    with one_process_at_a_time(tmp_path, 'waiting'):
        assert capsys.readouterr().out == ''
    first.communicate()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_entered_and_named(tmpfs):
    disk = tmpfs(2**16)
    make_writable(disk / 'new' / 'deeper', '')
    remount(disk, 'ro')
    begun = time.monotonic()
    with one_process_at_a_time(disk, 'waiting'):
        assert time.monotonic() - begun < 5
    with pytest.raises(OSError, match=rf'no file can be written in {disk} \(Read-only file system\): go elsewhere'):
        make_writable(disk, 'go elsewhere')


def test_paths_are_expanded_and_what_is_not_set_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setenv('PICTURES', 'x')
    monkeypatch.chdir(tmp_path)
    assert expanded('~/a/$PICTURES/${PICTURES}') == tmp_path / 'a' / 'x' / 'x'
    assert expanded(Path('a b')) == Path('a b')
    assert expanded(2024) == Path('2024')
    for path, name in (('$NO_SUCH/a', '$NO_SUCH'), ('a/${NO_SUCH}', '${NO_SUCH}'), ('~no_such/a', '~no_such')):
        with pytest.raises(ValueError) as error:
            expanded(path)
        assert str(error.value) == f'{name} in {path!r} is not set on this machine: write the whole path'
    (tmp_path / '$NO_SUCH').mkdir()  # it is what it is called
    assert expanded('$NO_SUCH') == Path('$NO_SUCH')


SAY = """
from lesson.files import say
say('猫 größe \\udcff 🐈')
"""


@pytest.mark.parametrize(('encoding', 'shown'), [('ascii', rb'\u732b gr\xf6\xdfe'), ('cp1252', b'\\u732b gr\xf6\xdfe')])
def test_what_a_terminal_cannot_show_is_said_with_codes(encoding, shown):
    environment = {**os.environ, 'PYTHONIOENCODING': encoding}
    result = subprocess.run([sys.executable, '-c', SAY], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert result.stdout.strip() == shown + rb' \udcff \U0001f408'
