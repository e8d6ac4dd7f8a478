"""A function that fits the learner's other functions, and what these do, is judged for what it does itself."""

import time

import pytest

from problem_unittests import FUNCTIONS, judge
from tests.contract.solutions import changed, functions_of, notebooks, sources_of, write_notebook
from tests.contract.solutions.model_loss import D_LOSS
from tests.contract.solutions.variants import OPT_LAYERS, TRAIN

D_RESULT = 'return tf.sigmoid(logits), logits'
TURNED = {'_, logits_real =': 'logits_real, _ =', '_, logits_fake =': 'logits_fake, _ ='}
LOSSES = {'def train': TRAIN.replace('d_loss, g_loss = model_loss', 'g_loss, d_loss = model_loss')}
D_FEED = TRAIN.replace(
    'sess.run(g_opt, feed_dict={input_z: batch_z, input_real: batch_images,', 'sess.run(g_opt, {input_z: batch_z,'
)


def faults(changes, *names):
    """{name: ids of the faults of the function with this name}, of those that have one."""
    scope = functions_of(changed(changes))
    found = {name: [*judge(name, scope[name])[0]] for name in names or FUNCTIONS}
    return {name: ids for name, ids in found.items() if ids}


@pytest.mark.parametrize(
    ('expected', 'changes'),
    [
        ({'model_loss': ['model_loss.order']}, {'return d_loss, g_loss': 'return g_loss, d_loss', **LOSSES}),
        ({'train': ['train.losses_swapped']}, LOSSES),
        ({'model_loss': ['model_loss.order']}, {'return d_loss, g_loss': 'return g_loss, d_loss', 'def train': TRAIN}),
        ({'discriminator': ['discriminator.order']}, {D_RESULT: 'return logits, tf.sigmoid(logits)', **TURNED}),
        (
            {'discriminator': ['discriminator.count']},
            {D_RESULT: 'return logits', '_, logits_real =': 'logits_real =', '_, logits_fake =': 'logits_fake ='},
        ),
        (
            {'discriminator': ['discriminator.order'], 'model_loss': ['model_loss.half_missing']},
            {D_RESULT: 'return logits, tf.sigmoid(logits)', **TURNED, D_LOSS: 'd_loss = fake_loss(logits_fake)'},
        ),
        (
            {'model_inputs': ['model_inputs.order']},
            {
                'return input_real, input_z, learning_rate': 'return input_z, input_real, learning_rate',
                'def train': TRAIN.replace('input_real, input_z, lr =', 'input_z, input_real, lr ='),
            },
        ),
        (
            {'model_opt': ['model_opt.order']},
            {
                'def model_opt': OPT_LAYERS.replace(
                    'return d_train_opt, g_train_opt', 'return g_train_opt, d_train_opt'
                ),
                'def train': D_FEED.replace('d_opt, g_opt =', 'g_opt, d_opt ='),
            },
        ),
        (
            {'model_opt': ['model_opt.wrong_loss']},
            {
                'def model_opt': OPT_LAYERS.replace('(d_loss, g_loss', '(g_loss, d_loss'),
                'def train': TRAIN.replace('model_opt(d_loss, g_loss', 'model_opt(g_loss, d_loss'),
            },
        ),
    ],
)
def test_what_is_turned_on_both_sides_is_one_fault_at_the_function_that_deviates(expected, changes):
    names = {'model_inputs', 'discriminator', 'model_loss', 'model_opt', 'train'}
    assert faults(changes, *[name for name in FUNCTIONS if name in names]) == expected


ENDS = ('while True: pass', 'time.sleep(3600)', 'raise SystemExit', 'os._exit(3)', 'os.kill(os.getpid(), 9)', '1 / 0')


@pytest.mark.long
@pytest.mark.parametrize('ends', ENDS)
@pytest.mark.parametrize('other', ['discriminator', 'generator', 'model_loss'])
def test_a_crash_a_loop_or_a_sleep_in_another_function_is_not_charged_to_this_one(other, ends):
    broken = {f'def {other}': f'import os, time\ndef {other}(*arguments, **named):\n    {ends}'}
    names = [name for name in ('model_loss', 'train') if name != other]
    start = time.perf_counter()
    assert faults(broken, *names) == {}
    if other == 'discriminator':
        expected = {'model_loss': ['model_loss.half_missing']}
        assert faults({**broken, D_LOSS: 'd_loss = fake_loss(logits_fake)'}, 'model_loss') == expected
    assert time.perf_counter() - start < 60


DATA = "import helper\ndata = helper.Dataset('mnist', glob('*.jpg'))\nepochs = 2"
NORMALIZE = """def normalize(get_batches):
    def normalized(batch_size):
        for batch in get_batches(batch_size):
            yield 2 * batch
    return normalized"""
CALL = 'with tf.Graph().as_default():\n    train(epochs, 64, 100, 0.0002, 0.5, {}, data.shape, data.image_mode)'
SCALED = """class Scaled(helper.Dataset):
    def get_batches(self, batch_size):
        for batch in super().get_batches(batch_size):
            yield 2 * batch
data = Scaled('mnist', files)"""
OF_ALL = """old = helper.Dataset.get_batches
helper.Dataset.get_batches = lambda self, n: (2 * batch for batch in old(self, n))"""
SETTINGS = 'settings = epochs, 64, 100, 0.0002, 0.5, normalize(data.get_batches), data.shape, data.image_mode'
LOOP = 'for each in [data]:\n    each.get_batches = normalize(each.get_batches)'
AS_IT_IS = CALL.format('data.get_batches')


@pytest.mark.parametrize(
    ('right', 'cells'),
    [
        (True, [DATA, NORMALIZE, 'data.get_batches = normalize(data.get_batches)', AS_IT_IS]),
        (True, [DATA, NORMALIZE, CALL.format('normalize(data.get_batches)')]),
        (True, [DATA, CALL.format('lambda n: (2 * batch for batch in data.get_batches(n))')]),
        (True, [DATA, SCALED, AS_IT_IS]),
        (True, ['import helper', OF_ALL, DATA, AS_IT_IS]),
        (True, [DATA, NORMALIZE, SETTINGS, 'train(*settings)']),
        (True, [DATA, NORMALIZE, LOOP, AS_IT_IS]),
        (True, [DATA, NORMALIZE, f'def run(data):\n    {SETTINGS}\n    train(*settings)', 'run(data)']),
        (False, [DATA, NORMALIZE, AS_IT_IS]),
        (False, [DATA, NORMALIZE, AS_IT_IS, 'data.get_batches = normalize(data.get_batches)']),
        (False, [DATA, NORMALIZE.replace('2 * batch', 'batch + 0.5'), CALL.format('normalize(data.get_batches)')]),
        (False, []),
    ],
)
def test_images_may_be_rescaled_before_train_as_the_notebooks_own_call_shows(tmp_path, right, cells):
    sources = sources_of(changed({'def train': TRAIN.replace('batch_images * 2', 'batch_images')}))
    write_notebook(tmp_path / 'solution.ipynb', [*sources.values(), *cells])
    train = notebooks.definitions(tmp_path / 'solution.ipynb')['train']
    assert [*judge('train', train)[0]] == ([] if right else ['train.range'])


def test_what_has_been_seen_is_told_though_a_later_line_of_train_raises():
    train = TRAIN.replace('batch_images * 2', 'batch_images').replace(
        '                if steps % 100',
        '                if steps == 60:\n                    nothing()\n                if steps % 100',
    )
    assert faults({'def train': train}, 'train') == {'train': ['train.raises', 'train.range']}
