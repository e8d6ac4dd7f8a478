"""The part of tf.contrib.layers that solutions of the original project use, for old_notebooks: with its defaults.

The layers themselves are those of tf.layers, which tf_keras still contains.
"""

from lesson.quiet import import_tensorflow

tf = import_tensorflow()


def tf_layers():
    """tf.layers. Raises ImportError when tf_keras is not installed."""
    try:
        from tf_keras.api._v1.keras.__internal__.legacy import layers
    except ImportError:
        raise ImportError('the tf.layers of TensorFlow 1 need tf_keras: pip install tf_keras') from None
    return layers


def xavier_initializer(uniform=True, seed=None, dtype=tf.float32):
    return variance_scaling_initializer(1.0, 'FAN_AVG', uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(factor=2.0, mode='FAN_IN', uniform=False, seed=None, dtype=tf.float32):
    distribution = 'uniform' if uniform else 'truncated_normal'
    return tf.variance_scaling_initializer(factor, mode.lower(), distribution, seed, dtype)


def l2_regularizer(scale, scope=None):
    return lambda weights: scale * tf.nn.l2_loss(weights)


def flatten(inputs, outputs_collections=None, scope=None):
    return tf_layers().flatten(inputs, name=scope)


def batch_norm(
    inputs,
    decay=0.999,
    center=True,
    scale=False,
    epsilon=0.001,
    activation_fn=None,
    is_training=True,
    scope=None,
    **more,
):
    """Batch norm. updates_collections=None: the moving averages are updated whenever the result is computed."""
    in_place = more.pop('updates_collections', '') is None
    before = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    outputs = tf_layers().batch_normalization(
        inputs, -1, decay, epsilon, center, scale, training=is_training, name=scope, **more
    )
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


conv2d = convolution2d = _layer('conv2d')
conv2d_transpose = convolution2d_transpose = _layer('conv2d_transpose')
fully_connected = relu = _layer('dense')


def linear(*arguments, **more):
    return fully_connected(*arguments, **{'activation_fn': None, **more})
