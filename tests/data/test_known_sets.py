"""Where the known data sets are looked for, and what is not taken for one."""

import pytest

import helper
from lesson.data.known_sets import DATA_SETS, find
from tests.builders import digits, idx, write_faces

MNIST, CELEBA = DATA_SETS['mnist'], DATA_SETS['celeba']


@pytest.mark.parametrize('about', DATA_SETS.values(), ids=DATA_SETS)
def test_each_data_set_is_found_under_each_of_its_names_in_each_of_its_folders(tmp_path, about):
    for i, (folder, name) in enumerate((folder, name) for folder in about.folders for name in about.names):
        for place in (folder, f'{folder}/{name}'):  # as some archives unpack, into a folder of their own name
            data_dir = tmp_path / f'{i} {place.count(name)}'
            path = data_dir / place / name
            path.parent.mkdir(parents=True)
            path.write_bytes(b'img_align_celeba/1.jpg')
            assert find(about, data_dir) == path


def test_what_a_download_brings_comes_first(tmp_path):
    for place in ('train-images-idx3-ubyte', MNIST.file):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(b'')
    assert find(MNIST, tmp_path) == tmp_path / MNIST.file


def test_a_folder_of_pictures_is_celeba_and_an_empty_one_is_nothing(tmp_path):
    (tmp_path / 'img_align_celeba').mkdir()
    assert find(CELEBA, tmp_path) is None
    write_faces(tmp_path / 'celeba' / 'img_align_celeba', 2)
    assert find(CELEBA, tmp_path) == tmp_path / 'celeba' / 'img_align_celeba'


@pytest.mark.parametrize(
    ('about', 'place'),
    [
        (MNIST, 'FashionMNIST/raw/train-images-idx3-ubyte'),
        (MNIST, 'mnist.npz'),
        (CELEBA, 'archive.zip'),  # without a name of CelebA's in it
        (CELEBA, 'celeba_hq/1.jpg'),
    ],
)
def test_what_only_looks_like_a_data_set_is_not_taken(tmp_path, about, place):
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_bytes(b'something else')
    assert find(about, tmp_path) is None


def test_a_data_dir_that_is_a_file_is_named(tmp_path):
    (tmp_path / 'file').write_text('a file')
    for call in (helper.open_dataset, helper.download_extract):
        with pytest.raises(NotADirectoryError, match=r'file is a file: choose a folder as data_dir'):
            call('mnist', tmp_path / 'file')


def test_only_mnist_is_called_mnist_and_only_pictures_of_celebas_size_celeba(tmp_path, capsys):
    path = tmp_path / 'train-images-idx3-ubyte'
    path.write_bytes(idx(digits(5)))
    assert helper.open_dataset('mnist', tmp_path).title == 'unknown IDX images'
    assert f'Using unknown IDX images, not MNIST: 5 images from {path}\n' in capsys.readouterr().out
    write_faces(tmp_path / 'img_align_celeba', 5, (1024, 1024))
    with pytest.raises(ValueError, match=r'1024x1024 pixels, not 178x218'):
        helper.open_dataset('celeba', tmp_path)
    assert helper.open_dataset('img_align_celeba', tmp_path).title == 'img_align_celeba'
