"""Wrong implementations of generator."""

from . import wrong

SCOPE = "tf.variable_scope('generator', reuse=not is_train)"
END = 'return tf.tanh(add_bias('
PROJECT = "tf.reshape(dense(z, 4 * 4 * 128, 'project'), [-1, 4, 4, 128])"
NORM1 = "h = tf.nn.leaky_relu(batch_norm_with_averages(h, 'norm1', is_train))"
BLOCK = 'batch_norm_with_averages'
COLLECT = 'tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, average.assign_sub(0.1 * (average - value)))'
INFERENCE = 'tf.nn.fused_batch_norm(x, scale, offset, average_mean, average_variance, is_training=False)[0]'

CASES = [
    wrong(
        'generator',
        'dropout left on at inference',
        'not deterministic with is_train=False',
        {NORM1: f'{NORM1}\n        h = tf.nn.dropout(h, rate=0.5)'},
        classic=True,
    ),
    wrong(
        'generator',
        'dropout with keep_prob left on at inference',
        'not deterministic with is_train=False',
        {PROJECT: f'tf.nn.dropout({PROJECT}, keep_prob=0.8)'},
        classic=True,
    ),
    wrong(
        'generator',
        'dropout before tanh left on at inference',
        'not deterministic with is_train=False',
        {END: 'return tf.tanh(tf.nn.dropout(1.0, rate=0.5) * add_bias('},
        classic=True,
    ),
    wrong(
        'generator',
        'noise added at inference',
        'not deterministic with is_train=False',
        {NORM1: f'{NORM1}\n        h += tf.random_normal(tf.shape(h), stddev=0.1)'},
    ),
    wrong(
        'generator',
        'batch statistics at inference, no averages',
        'keeps no moving averages',
        {
            'def batch_norm_with_averages': """def batch_norm_with_averages(x, name, is_train):
    return batch_norm(x, name)"""
        },
        classic=True,
    ),
    wrong(
        'generator',
        'batch statistics at inference, in spite of averages',
        'an image with is_train=False does not depend on them',
        {INFERENCE: 'tf.nn.fused_batch_norm(x, scale, offset)[0]'},
        within=BLOCK,
        classic=True,
    ),
    wrong(
        'generator',
        'is_train does not reach one batch norm',
        'is_train=False an image depends on the others',
        {"'norm1', is_train": "'norm1', True"},
        classic=True,
    ),
    wrong(
        'generator',
        'is_train does not reach any batch norm',
        'an image with is_train=False does not depend on them',
        {
            "'norm0', is_train": "'norm0', True",
            "'norm1', is_train": "'norm1', True",
            "'norm2', is_train": "'norm2', True",
        },
        classic=True,
    ),
    wrong(
        'generator',
        'moving averages updated outside of the collection',
        'are never updated',
        {COLLECT: 'average.assign_sub(0.1 * (average - value))'},
        within=BLOCK,
        classic=True,
    ),
    wrong(
        'generator', 'moving averages never updated', 'are never updated', {COLLECT: 'pass'}, within=BLOCK, classic=True
    ),
    wrong(
        'generator',
        'update ops in another collection',
        'are never updated',
        {'tf.GraphKeys.UPDATE_OPS': "'updates'"},
        within=BLOCK,
        classic=True,
    ),
    wrong(
        'generator',
        'moving averages updated with the wrong sign',
        'move away from the statistics of the batch',
        {'assign_sub(': 'assign_add('},
        within=BLOCK,
    ),
    wrong(
        'generator',
        'only the mean is updated',
        'average_variance',
        {'average_mean, mean), (average_variance, variance)': 'average_mean, mean),'},
        within=BLOCK,
    ),
    wrong(
        'generator',
        'batch norm by its averages in training, too',
        'does not use the statistics of the batch',
        {'if not is_train:': 'if True:'},
        within=BLOCK,
    ),
    wrong(
        'generator',
        'batch norm with is_train the wrong way round',
        'does not use the statistics of the batch',
        {'if not is_train:': 'if is_train:'},
        within=BLOCK,
    ),
    wrong(
        'generator',
        'averages are updated, and inference uses constants',
        'does not depend on them',
        {
            'average_mean, average_variance, is_training': (
                'tf.zeros_like(mean_of(x)), tf.ones_like(mean_of(x)), is_training'
            ),
            'def weights': '''def mean_of(x):
    return tf.reduce_mean(x, [0, 1, 2])


def weights(shape):
    """The variable 'weights' of the current scope, float32."""
    return tf.get_variable('weights', shape, initializer=tf.random_normal_initializer(stddev=0.02))''',
        },
        within=BLOCK,
    ),
    wrong(
        'generator',
        'the batch is centred by hand at inference',
        'an image depends on the others',
        {NORM1: f'{NORM1}\n        h -= tf.reduce_mean(h, 0)'},
    ),
    wrong(
        'generator',
        'reshape multiplies the images of a batch',
        'gave images of shape [28,',
        {"4 * 4 * 128, 'project')": "4 * 4 * 512, 'project')"},
        classic=True,
    ),
    wrong(
        'generator',
        'reshape mixes the vectors of a batch',
        'mixed',
        {PROJECT: "tf.transpose(tf.reshape(dense(z, 4 * 4 * 128, 'project'), [128, -1, 4, 4]), [1, 2, 3, 0])"},
        classic=True,
    ),
    wrong(
        'generator',
        'z is reshaped for a batch of 64',
        'while drawing 7 images',
        {'dense(z, ': 'dense(tf.reshape(z, [64, z.shape[1]]), '},
    ),
    wrong(
        'generator',
        'the batch reversed',
        'the images of a batch are mixed',
        {'h = tf.reshape(dense(z,': 'h = tf.reshape(dense(z[::-1],'},
    ),
    wrong('generator', 'sigmoid at the end', 'no image has a negative value', {'tf.tanh': 'tf.sigmoid'}),
    wrong('generator', 'ReLU at the end', 'the images leave the range', {'tf.tanh': 'tf.nn.relu'}),
    wrong(
        'generator',
        'tanh brought to [0, 1]',
        'no image has a negative value',
        {END: 'return 0.5 + 0.5 * tf.tanh(add_bias('},
    ),
    wrong('generator', 'nothing at the end', 'the images leave the range', {'tf.tanh': 'tf.identity'}),
    wrong(
        'generator',
        'no tanh at inference',
        'the images leave the range with is_train=False',
        {'tf.tanh': '(tf.tanh if is_train else tf.identity)'},
    ),
    wrong(
        'generator',
        'images brought to [0, 1] at inference',
        'no image has a negative value with is_train=False',
        {'tf.tanh': '(tf.tanh if is_train else tf.sigmoid)'},
    ),
    wrong(
        'generator',
        'images cut at inference',
        'gave images of shape [7, 27, 28, 3] with is_train=False',
        {", 'up3')))": ", 'up3'))[:, 0 if is_train else 1 :])"},
    ),
    wrong('generator', 'tanh times 2', 'the images leave the range', {END: 'return 2 * tf.tanh(add_bias('}),
    wrong(
        'generator',
        'ReLU after tanh',
        'no image has',
        {END: 'return tf.nn.relu(tf.tanh(add_bias(', ", 'up3')))": ", 'up3'))))"},
    ),
    wrong(
        'generator',
        'clipped, not tanh',
        'saturated',
        {END: 'return tf.clip_by_value(1000 * add_bias(', ", 'up3')))": ", 'up3')), -1, 1)"},
    ),
    wrong('generator', 'weights that start at 1', 'saturated at the start', {END: 'return tf.tanh(1000 * add_bias('}),
    wrong(
        'generator',
        '32x32 images',
        'expected [7, 28, 28',
        {
            'conv2d_transpose(h, 7, 64': 'conv2d_transpose(h, 8, 64',
            '(h, 14, 32': '(h, 16, 32',
            '(h, 28, out': '(h, 32, out',
        },
    ),
    wrong('generator', 'always three channels', 'expected [7, 28, 28, 1]', {'28, out_channel_dim,': '28, 3,'}),
    wrong(
        'generator',
        'images flattened',
        'gave images of shape',
        {END: 'return tf.reshape(tf.tanh(add_bias(', ", 'up3')))": ", 'up3'))), [-1, 28 * 28 * out_channel_dim])"},
    ),
    wrong(
        'generator',
        'reuse is not switched on',
        'What it means: The network is called a second time',
        {', reuse=not is_train': ''},
    ),
    wrong(
        'generator',
        'reuse the wrong way round',
        'What it means: A network is asked to reuse',
        {'reuse=not is_train': 'reuse=is_train'},
    ),
    wrong(
        'generator',
        'reuse always on',
        'What it means: A network is asked to reuse',
        {'reuse=not is_train': 'reuse=True'},
    ),
    wrong(
        'generator',
        'inference is another network',
        'created new variables',
        {SCOPE: "tf.variable_scope('generator' if is_train else 'generator/drawing')"},
    ),
    wrong('generator', 'another scope', "outside of the scope 'generator'", {"'generator'": "'gen'"}),
    wrong(
        'generator',
        'last layer outside of the scope',
        "outside of the scope 'generator'",
        {f'        {END}': f"    with tf.variable_scope('last', reuse=not is_train):\n        {END}"},
    ),
    wrong('generator', 'z is not used', 'do not depend on z', {'dense(z, ': 'dense(tf.zeros_like(z), '}),
    wrong(
        'generator',
        'z drawn anew inside',
        'do not depend on z',
        {'dense(z, ': 'dense(tf.random_uniform(tf.shape(z)) + tf.zeros([1, z.shape[1]]), '},
    ),
    wrong('generator', 'half of z is not used', '5 of the 10 numbers in z', {'dense(z, ': 'dense(z[:, ::2], '}),
    wrong('generator', 'one number of z is not used', '1 of the 10 numbers in z', {'dense(z, ': 'dense(z[:, 1:], '}),
    wrong(
        'generator',
        'z of 100 numbers only',
        'while calling generator',
        {'dense(z, ': 'dense(tf.ensure_shape(z, [None, 100]), '},
    ),
    wrong(
        'generator',
        'every image is that of the first vector',
        'different vectors z give the same image',
        {'dense(z, ': 'dense(z[:1] + 0 * z, '},
    ),
    wrong(
        'generator',
        'no convolutions',
        'there is no convolution',
        {
            'def generator': """def generator(z, out_channel_dim, is_train=True):
    with tf.variable_scope('generator', reuse=not is_train):
        h = tf.nn.leaky_relu(dense(z, 128, 'hidden'))
        return tf.tanh(tf.reshape(dense(h, 28 * 28 * out_channel_dim, 'images'), [-1, 28, 28, out_channel_dim]))"""
        },
    ),
    wrong(
        'generator', 'images and logits returned', 'returned 2 things', {END: 'return tf.zeros([]), tf.tanh(add_bias('}
    ),
    wrong('generator', 'nothing returned', 'returned nothing', {f'        {END}': '        tf.tanh(add_bias('}),
    wrong(
        'generator',
        'a layer that nothing follows',
        'no gradient reaches',
        {
            "h = conv2d_transpose(h, 14, 32, 'up2')": (
                "conv2d(h, 7, 'unused')\n        h = conv2d_transpose(h, 14, 32, 'up2')"
            )
        },
    ),
    wrong(
        'generator',
        'a stop_gradient',
        'no gradient reaches',
        {'conv2d_transpose(h, 14, 32': 'conv2d_transpose(tf.stop_gradient(h), 14, 32'},
    ),
    wrong(
        'generator',
        'rounded images',
        'no gradient reaches',
        {END: 'return tf.round(tf.tanh(add_bias(', ", 'up3')))": ", 'up3'))))"},
    ),
]
