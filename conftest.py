"""Gives the contract tests the functions of a notebook: `pytest problem_unittests.py --notebook other.ipynb`."""

from pathlib import Path

import pytest

import problem_unittests


def pytest_addoption(parser):
    default = Path(__file__).with_name('dlnd_face_generation.ipynb')
    parser.addoption('--notebook', default=default, help='the notebook whose functions are tested')


@pytest.fixture(scope='session')
def definitions(request):
    """All that the notebook defines, by name."""
    return problem_unittests.functions_from_notebook(request.config.getoption('--notebook'))


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
