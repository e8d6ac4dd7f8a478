"""Gives the contract tests the functions of a notebook: `pytest problem_unittests.py --notebook other.ipynb`."""

import pytest

NOTES = pytest.StashKey[list]()


def pytest_addoption(parser):
    parser.addoption('--notebook', help='the notebook whose functions are tested; default: the lesson')


def pytest_collectstart(collector):  # pytest_collect_file is asked about every file beside the one that is run
    if collector.path.name == 'problem_unittests.py':
        import lesson.session  # noqa: F401 (loads TensorFlow as the lesson does, before that file imports it)


@pytest.fixture(scope='session')
def notebook(pytestconfig):
    """All that the notebook defines, by name."""
    from lesson.notebook.definitions import definitions
    from lesson.notebook.limited import beside

    path = pytestconfig.getoption('--notebook') or pytestconfig.rootpath / 'dlnd_face_generation.ipynb'
    with beside(path):
        scope = definitions(path)
        pytestconfig.stash[NOTES] = [f'{path} is {scope.note}'] if scope.note else []
        yield scope


def _fixture(name):
    return pytest.fixture(lambda notebook: notebook[name], name=name)


model_inputs, discriminator, generator = map(_fixture, ('model_inputs', 'discriminator', 'generator'))
model_loss, model_opt, train = map(_fixture, ('model_loss', 'model_opt', 'train'))


def pytest_terminal_summary(terminalreporter, config):
    """What was done to an old notebook, and the hints for functions that have passed."""
    lines = list(config.stash.get(NOTES, ()))
    for report in terminalreporter.getreports('passed'):
        if 'problem_unittests.py' in report.nodeid:
            name, *hints = report.capstdout.splitlines() or ['']
            lines += [f'{name.partition(":")[0]}: {hint.strip()}' for hint in hints]
    if lines:
        terminalreporter.section('notes')
        for line in lines:
            terminalreporter.line(line)
