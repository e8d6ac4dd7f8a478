"""Notebooks that were written for TensorFlow 1."""

import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from tests.notebook.conftest import verdict

RIGHT = """def model_inputs(image_width, image_height, image_channels, z_dim):
    shape = [None, image_width, image_height, image_channels]
    real, z = tf.placeholder(tf.float32, shape), tf.placeholder(tf.float32, [None, z_dim])
    return real, z, tf.placeholder(tf.float32, [])"""


@pytest.mark.parametrize('source', ['import tensorflow as tf', 'import tensorflow\ntf = tensorflow'])
def test_a_notebook_of_tensorflow_1_is_judged_and_says_so(define, source):
    scope = define(source, RIGHT)
    assert verdict(scope, 'model_inputs') is None
    assert scope.note.startswith('written for TensorFlow 1')
    assert sys.modules['tensorflow'].__version__.startswith('2.') and 'tensorflow.contrib' not in sys.modules


@pytest.mark.parametrize(
    'source',
    [
        'import tensorflow.compat.v1 as tf',
        'import tensorflow as tf\ntf = tf.compat.v1',
        'from tensorflow.compat import v1 as tf',
        'from tensorflow import compat\ntf = compat.v1',
        'import tensorflow as tensorflow2\nimport tensorflow.compat.v1 as tf\ntensorflow2.random.set_seed(1)',
    ],
)
def test_a_notebook_of_today_is_left_as_it_is(define, source):
    scope = define(source, RIGHT)
    assert verdict(scope, 'model_inputs') is None
    assert scope.note == ''
    assert scope['tf'] is tf


OLD_LAYERS = {
    'tf.layers': 'import tensorflow as tf\nconv2d = tf.layers.conv2d',
    'its import': 'from tensorflow import layers\nconv2d = layers.conv2d',
    'tf.contrib.layers': 'import tensorflow as tf\nconv2d = lambda *a: tf.contrib.layers.conv2d(*a)',
    'the import of a module': 'import tensorflow.contrib.layers as layers\nconv2d = layers.convolution2d',
    'the import of a function': 'from tensorflow.contrib.layers import conv2d',
    'an import in an attempt': 'try:\n    from tensorflow.contrib.layers import conv2d\nexcept ImportError:\n    pass',
}


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('source', OLD_LAYERS.values(), ids=OLD_LAYERS)
def test_the_layers_of_tensorflow_1_work(define, source):
    pytest.importorskip('tf_keras')
    scope = define(source, 'def generator(x):\n    return conv2d(x, 3, 5)')
    with tf.Graph().as_default():
        assert scope['generator'](tf.zeros([2, 8, 8, 1])).shape.as_list()[-1] == 3
        assert len(tf.trainable_variables()) == 2


@pytest.mark.filterwarnings('ignore')
def test_batch_norm_of_contrib_has_its_defaults_and_may_update_its_averages_in_place(define):
    pytest.importorskip('tf_keras')
    scope = define(
        'import tensorflow as tf', 'def generator(x, **how):\n    return tf.contrib.layers.batch_norm(x, **how)'
    )
    x = np.random.default_rng(0).normal(3, 2, [50, 4]).astype('float32')
    for how, updated in (({}, 0), ({'updates_collections': None}, 1), ({'is_training': False}, 0)):
        with tf.Graph().as_default(), tf.Session() as sess:
            y = scope['generator'](tf.constant(x), decay=0.9, **how)
            assert [v.op.name.split('/')[-1] for v in tf.trainable_variables()] == ['beta']
            (average,) = [v for v in tf.global_variables() if 'moving_mean' in v.name]
            sess.run(tf.global_variables_initializer())
            normalized = sess.run(y)
            mean, variance = (x.mean(0), x.var(0)) if how.get('is_training', True) else (0, 1)
            np.testing.assert_allclose(normalized, (x - mean) / np.sqrt(variance + 0.001), atol=1e-4)
            np.testing.assert_allclose(sess.run(average), updated * 0.1 * x.mean(0), atol=1e-4)


def test_the_initializers_of_contrib_have_the_spread_of_their_formula(define):
    scope = define(
        'import tensorflow as tf',
        'def generator(name, **how):\n    return getattr(tf.contrib.layers, name)(**how)([3, 3, 40, 60])',
    )
    fan_in, fan_out = 9 * 40, 9 * 60
    for name, how, variance in (
        ('xavier_initializer', {}, 2 / (fan_in + fan_out)),
        ('xavier_initializer_conv2d', {'uniform': False}, 2 / (fan_in + fan_out)),
        ('variance_scaling_initializer', {}, 2 / fan_in),
        ('variance_scaling_initializer', {'factor': 1.0, 'mode': 'FAN_OUT', 'uniform': True}, 1 / fan_out),
    ):
        with tf.Graph().as_default(), tf.Session() as sess:
            tf.set_random_seed(0)
            assert sess.run(scope['generator'](name, **how)).var() == pytest.approx(variance, rel=0.03)


def test_without_tf_keras_the_message_says_what_is_missing(define, monkeypatch):
    monkeypatch.setitem(sys.modules, 'tf_keras.api._v1.keras.__internal__.legacy', None)
    scope = define(
        'import tensorflow as tf', 'def generator(z, channels, is_train=True):\n    return tf.layers.dense(z, 3)'
    )
    _, text = verdict(scope, 'generator')
    assert 'the tf.layers of TensorFlow 1 need tf_keras: pip install tf_keras' in text
