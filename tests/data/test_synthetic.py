"""The synthetic digits and faces: formats, determinism, and that they look like what they stand for."""

import gzip
import io
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lesson.data import synthetic


def read_idx(path):
    """An IDX file taken apart by hand: (magic number, images)."""
    content = gzip.decompress(path.read_bytes())
    magic, count, rows, columns = struct.unpack('>4I', content[:16])
    assert len(content) == 16 + count * rows * columns
    return magic, np.frombuffer(content, np.uint8, offset=16).reshape(count, rows, columns)


def prepared(face):
    """What the project makes of a CelebA picture: the centred 108 x 108, resized to 28 x 28."""
    return np.asarray(face.crop((35, 55, 143, 163)).resize((28, 28), Image.Resampling.BILINEAR))


@pytest.fixture(scope='module')
def digits():
    return synthetic.draw_digits(2500, seed=1)


@pytest.fixture(scope='module')
def faces():
    """400 faces as the networks see them: float [400, 28, 28, 3] in [0, 255]."""
    drawn = [synthetic.draw_face(np.random.default_rng([1, i])) for i in range(400)]
    return np.stack([prepared(face) for face in drawn]).astype(float)


def brightness(images):
    return images @ [0.299, 0.587, 0.114]


# Files


def test_the_digits_file_is_a_gzipped_idx_file_as_mnist_has_it(tmp_path):
    path = tmp_path / 'train-images-idx3-ubyte.gz'
    synthetic.write_digits(path, count=130, seed=3)
    magic, images = read_idx(path)
    assert magic == 0x00000803
    assert np.array_equal(images, synthetic.draw_digits(130, seed=3)[0])
    assert path.read_bytes()[4:8] == bytes(4), 'the gzip header holds a time'
    assert os.listdir(path.parent) == [path.name]


def test_the_faces_file_is_a_zip_of_jpegs_as_celeba_has_it(tmp_path):
    path = tmp_path / 'img_align_celeba.zip'
    synthetic.write_faces(path, count=130, seed=3)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f'img_align_celeba/{i:06d}.jpg' for i in range(1, 131)]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for i in (0, 99, 100, 129):
            with Image.open(io.BytesIO(archive.read(f'img_align_celeba/{i + 1:06d}.jpg'))) as face:
                assert (face.format, face.mode, face.size) == ('JPEG', 'RGB', (178, 218))
                drawn = synthetic.draw_face(np.random.default_rng([3, i]))
                assert np.abs(np.asarray(face, float) - np.asarray(drawn, float)).mean() < 4
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize('write', [synthetic.write_digits, synthetic.write_faces])
def test_the_bytes_depend_on_the_seed_and_not_on_the_number_of_workers(write, tmp_path, monkeypatch):
    write(tmp_path / 'two', count=150, seed=5)
    monkeypatch.setattr(os, 'cpu_count', lambda: 1)
    write(tmp_path / 'one', count=150, seed=5)
    write(tmp_path / 'other', count=150, seed=6)
    assert (tmp_path / 'two').read_bytes() == (tmp_path / 'one').read_bytes()
    assert (tmp_path / 'other').read_bytes() != (tmp_path / 'one').read_bytes()


@pytest.mark.parametrize('write', [synthetic.write_digits, synthetic.write_faces])
def test_an_interrupted_write_leaves_nothing_behind_and_an_older_file_alone(write, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(synthetic, 'draw_digits', interrupted)
    monkeypatch.setattr(synthetic, 'draw_face', interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / 'data', count=20)
    assert os.listdir(tmp_path) == []
    (tmp_path / 'data').write_bytes(b'older')
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / 'data', count=20)
    assert os.listdir(tmp_path) == ['data']
    assert (tmp_path / 'data').read_bytes() == b'older'


def test_the_progress_bar_counts_every_picture(tmp_path, capsys):
    synthetic.write_digits(tmp_path / 'digits', count=130)
    assert '130/130' in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_reported_by_name(tmp_path):
    (tmp_path / 'synthetic').write_text('in the way')
    with pytest.raises(OSError, match=r'no file can be written in .*synthetic/faces-10 .*choose another data_dir'):
        synthetic.ensure('img_align_celeba.zip', 10, tmp_path)


def test_the_module_needs_neither_tensorflow_nor_the_rest_of_the_project():
    others = {'tensorflow', 'helper', 'lesson.training', 'lesson.score'}
    check = f'import sys; from lesson.data import synthetic; print({others!r} & set(sys.modules))'
    output = subprocess.run(
        [sys.executable, '-c', check],
        cwd=Path(synthetic.__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert output.stdout.strip() == 'set()'


# Digits


def test_a_digit_depends_on_its_number_and_not_on_how_many_are_drawn():
    images, labels = synthetic.draw_digits(35, seed=2)
    assert (images.shape, images.dtype, labels.shape, labels.dtype) == ((35, 28, 28), 'uint8', (35,), 'uint8')
    fewer, fewer_labels = synthetic.draw_digits(13, seed=2)
    later, later_labels = synthetic.draw_digits(22, seed=2, first=13)
    assert np.array_equal(images, np.concatenate([fewer, later]))
    assert np.array_equal(labels, np.concatenate([fewer_labels, later_labels]))
    assert not np.array_equal(images, synthetic.draw_digits(35, seed=4)[0])


def test_the_ten_classes_are_balanced_and_in_no_fixed_order(digits):
    _, labels = digits
    assert np.bincount(labels).tolist() == [250] * 10
    assert len({tuple(row) for row in labels.reshape(-1, 10)}) > 240


def test_digits_are_as_bright_as_those_of_mnist(digits):
    pixels = digits[0] / 255
    assert pixels.mean() == pytest.approx(0.1307, abs=0.01)  # published for MNIST's training images
    assert pixels.std() == pytest.approx(0.3081, abs=0.015)
    assert pixels.max(axis=(1, 2)).min() > 0.7, 'the thinnest strokes are hardly seen'
    means = pixels.mean(axis=(1, 2))
    assert np.percentile(means, 95) > 1.8 * np.percentile(means, 5), 'strokes are all of one width'


def test_digits_lie_in_the_middle_and_fit_the_box_of_mnist(digits):
    images = digits[0].astype(float)
    place = np.arange(28)
    across = (images.sum(1) @ place) / images.sum((1, 2))
    down = (images.sum(2) @ place) / images.sum((1, 2))
    assert np.abs([across.mean() - 13.5, down.mean() - 13.5]).max() < 0.5
    assert np.percentile(np.abs([across - 13.5, down - 13.5]), 99) < 3
    frame = np.concatenate([images[:, [0, -1]].ravel(), images[:, :, [0, -1]].ravel()])
    assert (frame > 128).mean() < 0.001, 'strokes are cut off at the edge'
    heights = (images > 128).any(2).sum(1)
    widths = (images > 128).any(1).sum(1)
    longest = np.maximum(heights, widths)
    assert longest.min() >= 17 and longest.max() <= 22


def test_every_class_is_told_from_the_others_by_its_nearest_neighbours(digits):
    images, labels = digits[0].reshape(2500, -1) / 255, digits[1]
    known, asked = images[:2000], images[2000:]
    distance = (known**2).sum(1) - 2 * asked @ known.T
    nearest = labels[np.argsort(distance, axis=1)[:, :3]]
    guess = np.array([np.bincount(row, minlength=10).argmax() for row in nearest])
    for digit in range(10):
        assert (guess == digit)[labels[2000:] == digit].mean() > 0.9, f'{digit} is taken for another digit'


def test_no_two_digits_are_alike_and_a_class_is_written_in_many_ways(digits):
    images, labels = digits
    assert len(np.unique(images.reshape(2500, -1), axis=0)) == 2500
    for digit in range(10):
        same = images[labels == digit][:60].reshape(60, -1) / 255
        distance = np.sqrt(((same[:, None] - same) ** 2).sum(-1)) + 99 * np.eye(60)
        assert np.median(distance.min(axis=1)) > 2, f'all of class {digit} look the same'


# Faces


def test_a_face_is_a_picture_of_celebas_size_that_its_generator_alone_decides():
    one, same, other = (synthetic.draw_face(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert isinstance(one, Image.Image)
    assert (one.mode, one.size) == ('RGB', (178, 218))
    assert one.tobytes() == same.tobytes() != other.tobytes()


def test_eyes_are_where_celeba_has_them(faces):
    # CelebA aligns its faces: eyes at (69, 111) and (108, 111), about (9, 14) and (19, 14) in 28 x 28.
    light = brightness(faces)
    eyes = light[:, 13:16, [8, 9, 18, 19]].mean((1, 2))
    cheeks = light[:, 18:21, [8, 9, 18, 19]].mean((1, 2))
    nose = light[:, 13:16, 13:15].mean((1, 2))
    assert eyes.mean() < cheeks.mean() - 25
    assert (eyes < cheeks).mean() > 0.9
    assert (eyes < nose).mean() > 0.85
    rows = light.mean(0)[8:20, [8, 9, 18, 19]].mean(1)
    assert 12 <= 8 + rows.argmin() <= 15, 'the darkest row of the face is not the one of the eyes'


def test_mouths_are_redder_than_noses(faces):
    redness = faces[..., 0] - faces[..., 1]
    assert redness[:, 25:27, 11:17].mean() > redness[:, 16:19, 13:15].mean() + 5


def test_the_average_face_is_symmetric_and_skin_coloured(faces):
    average = faces.mean(0)
    left, right = brightness(average)[:, :14].ravel(), brightness(average)[:, :13:-1].ravel()
    assert np.corrcoef(left, right)[0, 1] > 0.95
    red, green, blue = average[10:24, 9:19].mean((0, 1))
    assert red > green + 15 > blue + 15
    corners = brightness(average)[[0, 0, -1, -1], [0, -1, 0, -1]].mean()
    assert brightness(average)[17:21, 8:20].mean() > corners + 10, 'the face does not stand out'


def test_faces_look_left_and_right_and_light_comes_from_both_sides(faces):
    light = brightness(faces)[:, 8:24]
    side = light[:, :, 5:12].mean((1, 2)) - light[:, :, 16:23].mean((1, 2))
    assert (side > 8).mean() > 0.2 and (side < -8).mean() > 0.2


def test_colours_and_contrast_spread_as_wide_as_in_photographs(faces):
    light = brightness(faces)
    skin = light[:, 16:20, 11:17].mean((1, 2))
    hair, background = light[:, :2, 10:18].mean((1, 2)), light[:, 2:10, [0, -1]].mean((1, 2))
    for what in (skin, hair, background):
        low, high = np.percentile(what, [5, 95])
        assert high - low > 90
    assert 110 < light.mean() < 150  # CelebA's crops: about 120, and 59 for the spread within one
    assert 40 < faces.std(axis=(1, 2, 3)).mean() < 70
    assert (faces == 255).all(-1).mean() < 0.03 and (faces == 0).all(-1).mean() < 0.03


def test_no_two_faces_are_alike(faces):
    flat = faces.reshape(len(faces), -1)
    distance = (flat**2).sum(1)[:, None] + (flat**2).sum(1) - 2 * flat @ flat.T
    np.fill_diagonal(distance, np.inf)
    assert np.sqrt(distance.min() / flat.shape[1]) > 8  # grey levels between the two most alike
