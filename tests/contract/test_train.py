"""Wrong implementations of train, each with its fault, and calls of it that rescale the images themselves."""

import pytest

import problem_unittests
from lesson.notebook.cells import sources
from lesson.notebook.definitions import definitions
from tests.builders import write_notebook
from tests.contract.proof import ROOT, Proof


class TestTrain(Proof):
    function = 'train'


TWICE = """def twice(get_batches):
    def rescaled(*arguments, **options):
        for batch in get_batches(*arguments, **options):
            yield 2 * batch
    return rescaled
data = helper.open_dataset('mnist')
"""
SCALED = 'def scaled(size, **more):\n    return (2 * batch for batch in data.get_batches(size, **more))\n'
CALL = 'with tf.Graph().as_default():\n    losses = train(1, 32, 100, 0.001, 0.0, {}, data.shape, data.image_mode)'
RESCALED = {
    'in the call': CALL.format('twice(data.get_batches)'),
    'by name': 'train(1, 32, 100, 0.001, 0.0, data_shape=data.shape, get_batches=twice(data.get_batches))',
    'in a name of its own': 'batches = twice(data.get_batches)\n' + CALL.format('batches'),
    'in place': 'data.get_batches = twice(data.get_batches)\n' + CALL.format('data.get_batches'),
    'in place, of two data sets': (
        'more = data\ndata.get_batches = twice(data.get_batches)\nmore.get_batches = twice(more.get_batches)\n'
        + CALL.format('data.get_batches')
    ),
    'in a function': SCALED + CALL.format('scaled'),
    'in a lambda': CALL.format('lambda size, **more: (2 * batch for batch in data.get_batches(size, **more))'),
}
PLAIN = CALL.format('data.get_batches')


@pytest.mark.parametrize('call', [*RESCALED.values(), PLAIN], ids=[*RESCALED, 'nowhere'])
@pytest.mark.parametrize('train_rescales', [False, True])
def test_where_images_are_rescaled_does_not_matter_but_that_it_is_done_once(tmp_path, call, train_rescales):
    cells = sources(ROOT / 'dlnd_face_generation.ipynb')
    (number,) = (i for i, cell in enumerate(cells) if cell.startswith('def train('))
    train = cells[number] if train_rescales else cells[number].replace('2 * batch', 'batch')
    path = write_notebook(tmp_path / 'own.ipynb', *cells[:number], train, TWICE + call)
    faults, _ = problem_unittests.judge('train', definitions(path)['train'])
    assert list(faults) == ([] if train_rescales == (call == PLAIN) else ['train.range'])
