"""Gives the contract tests the functions of a notebook: `pytest problem_unittests.py --notebook other.ipynb`."""

import os

import pytest

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')  # before any test module imports TensorFlow


def pytest_addoption(parser):
    parser.addoption('--notebook', help='the notebook whose functions are tested; default: the lesson')


@pytest.fixture(scope='session')
def definitions(pytestconfig):
    """All that the notebook defines, by name."""
    from lesson import notebooks, training  # noqa: F401  (training loads TensorFlow quietly)

    lesson = pytestconfig.rootpath / 'dlnd_face_generation.ipynb'
    return notebooks.definitions(pytestconfig.getoption('--notebook') or lesson)


def _fixture(name):
    @pytest.fixture(name=name)
    def function(definitions):
        return definitions[name]

    return function


model_inputs = _fixture('model_inputs')
discriminator = _fixture('discriminator')
generator = _fixture('generator')
model_loss = _fixture('model_loss')
model_opt = _fixture('model_opt')
train = _fixture('train')
