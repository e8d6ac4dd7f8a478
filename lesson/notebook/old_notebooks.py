"""TensorFlow 1 for notebooks that were written for it: compat.v1, with tf.layers and a part of tf.contrib.layers.

That part is what solutions of the original project use, with its defaults. The layers themselves are those of
tf.layers, which tf_keras still contains.
"""

import ast
import contextlib
import functools
import re
import sys
import types

from lesson.session import tf

import tensorflow  # isort: skip (lesson.session has loaded it quietly)

NOTE = 'written for TensorFlow 1: tf is tensorflow.compat.v1, tf.layers come from tf_keras, tf.contrib is translated'


def is_old(nodes) -> bool:
    """Whether statements use what the module `tensorflow` contained in version 1, and does not contain today."""
    text = '\n'.join(map(ast.unparse, nodes))
    if re.search(r'\btensorflow\.compat\b|\.compat\.v1\b', text):
        return False
    names = [
        'tensorflow',
        *re.findall(r'\btensorflow as (\w+)', text),
        *re.findall(r'^(\w+) = tensorflow$', text, re.M),
    ]
    used = re.findall(rf'\b(?:{"|".join(names)})\.(\w+)|\bfrom tensorflow import (\w+)', text)
    used = {name for pair in used for name in pair}
    return any(name == 'contrib' or (not hasattr(tensorflow, name) and hasattr(tf, name)) for name in used)


def tf_layers():
    """tf.layers. Raises ImportError when tf_keras is not installed."""
    try:
        from tf_keras.api._v1.keras.__internal__.legacy import layers
    except ImportError:
        raise ImportError('the tf.layers of TensorFlow 1 need tf_keras: pip install tf_keras') from None
    return layers


def xavier_initializer(uniform=True, seed=None, dtype=tf.float32):
    return variance_scaling_initializer(1.0, 'FAN_AVG', uniform, seed, dtype)


def variance_scaling_initializer(factor=2.0, mode='FAN_IN', uniform=False, seed=None, dtype=tf.float32):
    distribution = 'uniform' if uniform else 'truncated_normal'
    return tf.variance_scaling_initializer(factor, mode.lower(), distribution, seed, dtype)


def l2_regularizer(scale, scope=None):
    return lambda weights: scale * tf.nn.l2_loss(weights)


def flatten(inputs, outputs_collections=None, scope=None):
    return tf_layers().flatten(inputs, name=scope)


def batch_norm(inputs, decay=0.999, center=True, scale=False, epsilon=0.001, activation_fn=None, **more):
    """Batch norm. updates_collections=None: the moving averages are updated whenever the result is computed."""
    more = {'training': more.pop('is_training', True), 'name': more.pop('scope', None), **more}
    in_place = more.pop('updates_collections', '') is None
    before = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    outputs = tf_layers().batch_normalization(inputs, -1, decay, epsilon, center, scale, **more)
    if in_place:
        updates = [op for op in tf.get_collection(tf.GraphKeys.UPDATE_OPS) if op not in before]
        with tf.control_dependencies(updates):
            outputs = tf.identity(outputs)
    return activation_fn(outputs) if activation_fn else outputs


def _layer(name):
    """A layer of tf.layers with an activation, and batch norm in place of the bias where that is asked for."""

    def layer(inputs, num_outputs, *size, activation_fn=tf.nn.relu, normalizer_fn=None, normalizer_params=None, **more):
        for old, new in (('stride', 'strides'), ('scope', 'name'), ('weights_initializer', 'kernel_initializer')):
            if old in more:
                more[new] = more.pop(old)
        more.setdefault('kernel_initializer', xavier_initializer())
        bias = more.pop('biases_initializer', tf.zeros_initializer())
        if name != 'dense':
            more['padding'] = more.get('padding', 'SAME').lower()
        use_bias = bias is not None and normalizer_fn is None
        make = getattr(tf_layers(), name)
        outputs = make(inputs, num_outputs, *size, use_bias=use_bias, bias_initializer=bias, **more)
        if normalizer_fn:
            outputs = normalizer_fn(outputs, **(normalizer_params or {}))
        return activation_fn(outputs) if activation_fn else outputs

    return layer


class _TensorFlow1(types.ModuleType):
    __path__ = tensorflow.__path__

    def __getattr__(self, name):
        return tf_layers() if name == 'layers' else getattr(tf, name)


_OLD = _TensorFlow1('tensorflow')
_OLD.contrib = types.ModuleType('tensorflow.contrib')
_OLD.contrib.layers = types.ModuleType('tensorflow.contrib.layers')
_conv2d, _conv2d_transpose, _dense = map(_layer, ('conv2d', 'conv2d_transpose', 'dense'))
_BY_NAME = (batch_norm, flatten, l2_regularizer, xavier_initializer, variance_scaling_initializer)
vars(_OLD.contrib.layers).update(
    {function.__name__: function for function in _BY_NAME},
    **{'conv2d': _conv2d, 'convolution2d': _conv2d, 'xavier_initializer_conv2d': xavier_initializer},
    **{'conv2d_transpose': _conv2d_transpose, 'convolution2d_transpose': _conv2d_transpose},
    **{'fully_connected': _dense, 'relu': _dense, 'linear': functools.partial(_dense, activation_fn=None)},
)
_MODULES = {'tensorflow': _OLD, 'tensorflow.contrib': _OLD.contrib, 'tensorflow.contrib.layers': _OLD.contrib.layers}


@contextlib.contextmanager
def imports():
    """Imports of tensorflow and of its parts are those of TensorFlow 1."""
    sys.modules |= _MODULES
    try:
        yield
    finally:
        for name in _MODULES:
            del sys.modules[name]
        sys.modules['tensorflow'] = tensorflow
