"""Files of synthetic digits and faces: the data sets' formats, the same bytes from any number of cores, drawn once."""

import gzip
import io
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from contextlib import nullcontext, suppress
from errno import EIO, ENOSPC

import numpy as np
import pytest
from PIL import Image

from lesson.data import synthetic
from lesson.data.idx import labels_beside
from tests.builders import all_files
from tests.data.process import ROOT
from tests.disk import every, every_end

WRITERS = pytest.mark.parametrize('write', [synthetic.write_digits, synthetic.write_faces])


def test_the_digits_file_is_a_gzipped_idx_file_as_mnist_has_it(tmp_path):
    path = tmp_path / 'train-images-idx3-ubyte.gz'
    synthetic.write_digits(path, count=130, seed=3)
    content = gzip.decompress(path.read_bytes())
    images, labels = synthetic.draw_digits(130, seed=3)
    assert content == struct.pack('>4I', 0x803, 130, 28, 28) + images.tobytes()
    assert path.read_bytes()[4:8] == bytes(4), 'the gzip header contains a time'
    synthetic.write_labels(path, count=130, seed=3)
    assert gzip.decompress(path.read_bytes()) == struct.pack('>2I', 0x801, 130) + labels.tobytes()


def test_the_faces_file_is_a_zip_of_jpegs_as_celeba_has_it(tmp_path):
    synthetic.write_faces(tmp_path / 'img_align_celeba.zip', count=130, seed=3)
    with zipfile.ZipFile(tmp_path / 'img_align_celeba.zip') as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f'img_align_celeba/{i:06d}.jpg' for i in range(1, 131)]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for i in (0, 99, 100, 129):
            with Image.open(io.BytesIO(archive.read(f'img_align_celeba/{i + 1:06d}.jpg'))) as face:
                assert (face.format, face.mode, face.size) == ('JPEG', 'RGB', (178, 218))
                drawn = synthetic.draw_face(np.random.default_rng([3, i]))
                assert np.abs(np.asarray(face, float) - np.asarray(drawn, float)).mean() < 4


@WRITERS
def test_the_bytes_depend_on_the_seed_and_not_on_the_number_of_workers(write, tmp_path, monkeypatch):
    write(tmp_path / 'two', count=150, seed=5)
    monkeypatch.setattr(os, 'cpu_count', lambda: 1)
    write(tmp_path / 'one', count=150, seed=5)
    write(tmp_path / 'other', count=150, seed=6)
    assert (tmp_path / 'two').read_bytes() == (tmp_path / 'one').read_bytes()
    assert (tmp_path / 'other').read_bytes() != (tmp_path / 'one').read_bytes()


def test_labels_that_are_missing_are_written_and_a_folder_in_the_way_is_named(tmp_path):
    path = synthetic.ensure('mnist/train-images-idx3-ubyte.gz', 10, tmp_path)
    drawn = path.stat().st_mtime_ns
    labels_beside(path).unlink()
    assert synthetic.ensure('mnist/train-images-idx3-ubyte.gz', 10, tmp_path) == path
    assert labels_beside(path).exists() and path.stat().st_mtime_ns == drawn
    (tmp_path / 'file').mkdir()
    (tmp_path / 'file' / 'synthetic').write_text('in the way')
    with pytest.raises(OSError, match=r'no file can be written in .*synthetic/faces-10-.*choose another data_dir'):
        synthetic.ensure('img_align_celeba.zip', 10, tmp_path / 'file')


DRAW = """
import sys
from pathlib import Path
from tests.data.conftest import grant_to_all
from lesson.data import synthetic
if sys.argv[1] == 'lockless':
    grant_to_all()
synthetic.ensure(sys.argv[2], 300, Path(sys.argv[3]))
"""


@pytest.mark.long
@pytest.mark.parametrize('locks', ['locks', 'lockless'])
@pytest.mark.parametrize('file', ['digits.gz', 'faces.zip'])
def test_two_processes_draw_once_or_without_locks_the_same_file_and_leave_nothing_else(tmp_path, file, locks):
    command = [sys.executable, '-c', DRAW, locks, file, tmp_path]
    processes = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert locks == 'lockless' or ''.join(said).count('| 0/300') == 1
    path = synthetic.ensure(file, 300, tmp_path)
    write = synthetic.write_faces if file == 'faces.zip' else synthetic.write_digits
    write(tmp_path / 'alone', 300)
    assert path.read_bytes() == (tmp_path / 'alone').read_bytes()
    assert not [name for name in all_files(tmp_path) if name.endswith(('.part', '.lock'))]


def digits_next_time(folder):
    path = synthetic.ensure('train-images-idx3-ubyte.gz', 10, folder)
    assert gzip.decompress(path.read_bytes())[16:] == synthetic.draw_digits(10)[0].tobytes()
    assert len(gzip.decompress(labels_beside(path).read_bytes())) == 18


def faces_next_time(folder):
    path = synthetic.ensure('faces.zip', 10, folder)
    with zipfile.ZipFile(path) as archive:
        assert len({archive.read(name) for name in archive.namelist()}) == 10
    synthetic.write_faces(folder / 'alone.zip', 10)
    assert path.read_bytes() == (folder / 'alone.zip').read_bytes()


@pytest.mark.long
@pytest.mark.parametrize('number', [EIO, ENOSPC, None])
@pytest.mark.parametrize(
    ('file', 'right_next_time'),
    [('train-images-idx3-ubyte.gz', digits_next_time), ('faces.zip', faces_next_time)],
)
@pytest.mark.filterwarnings('ignore:.*fork:DeprecationWarning')
def test_whichever_operation_on_the_disk_fails_or_is_the_last_the_next_images_are_right(
    tmp_path, number, file, right_next_time
):
    def draw(disk=None):
        with disk or nullcontext(), suppress(OSError):
            synthetic.ensure(file, 10, tmp_path)

    for last in every(draw, number) if number else every_end(draw):  # noqa: B007
        right_next_time(tmp_path)
        shutil.rmtree(tmp_path / 'synthetic')
    assert last >= 19  # open, the writes of gzip or zip, to the disk and rename; between them the end of the lock
