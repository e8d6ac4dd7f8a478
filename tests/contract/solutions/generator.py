"""Wrong implementations of generator."""

from . import G_LAYERS, KERAS, changed, classic

SCOPE = "tf.variable_scope('generator', reuse=not is_train)"
END = 'return tf.tanh(add_bias('
PROJECT = "tf.reshape(dense(z, 4 * 4 * 128, 'project'), [-1, 4, 4, 128])"
NORM1 = "h = tf.nn.leaky_relu(batch_norm_with_averages(h, 'norm1', is_train))"
NORM2 = "h = tf.nn.leaky_relu(batch_norm_with_averages(h, 'norm2', is_train))"
BLOCK = 'batch_norm_with_averages'
COLLECT = 'tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, average.assign_sub(0.1 * (average - value)))'
INFERENCE = 'tf.nn.fused_batch_norm(x, scale, offset, *averages, is_training=False)[0]'

WRONG = {
    'generator.narrow: tanh times a quarter': {'return tf.tanh(': 'return 0.25 * tf.tanh('},
    'generator.transposed: channels before height and width': {'[-1, 4, 4, 128]': '[-1, 128, 4, 4]'},
    'generator.transposed: size and filters swapped': {"h, 7, 64, 'up1'": "h, 64, 7, 'up1'"},
    'generator.parameters: a convolution that is not transposed': changed(
        {"conv2d_transpose(h, 7, 64, 'up1')": "conv2d(h, 7, 64, 'up1')"}, says='conv2d(x, filters, name)'
    ),
    'generator.sizes_differ: a reshape to other sizes': {'[-1, 4, 4, 128]': '[-1, 5, 5, 128]'},
    'generator.rank: no reshape': {
        "tf.reshape(dense(z, 4 * 4 * 128, 'project'), [-1, 4, 4, 128])": 'dense(z, 2048, "project")'
    },
    'generator.parameters: is_train left out': changed(
        {"batch_norm_with_averages(h, 'norm0', is_train)": "batch_norm_with_averages(h, 'norm0')"},
        says='batch_norm_with_averages(x, name, is_train)',
    ),
    'generator.types_differ: doubles': {'dense(z,': "dense(tf.cast(z, 'float64'),"},
    'generator.random: dropout left on at inference': classic(
        {NORM1: f'{NORM1}\n        h = tf.nn.dropout(h, rate=0.5)'}
    ),
    'generator.random: dropout with keep_prob left on at inference': classic(
        {PROJECT: f'tf.nn.dropout({PROJECT}, keep_prob=0.8)'}
    ),
    'generator.random: dropout before tanh left on at inference': classic(
        {END: 'return tf.tanh(tf.nn.dropout(1.0, rate=0.5) * add_bias('}
    ),
    'generator.random: noise added at inference': {
        NORM1: f'{NORM1}\n        h += tf.random_normal(tf.shape(h), stddev=0.1)'
    },
    'generator.no_averages: batch statistics at inference, no averages': classic(
        {
            'def batch_norm_with_averages': """def batch_norm_with_averages(x, name, is_train):
    return batch_norm(x, name)"""
        }
    ),
    'generator.averages_unused: batch statistics at inference, in spite of averages': classic(
        {INFERENCE: 'tf.nn.fused_batch_norm(x, scale, offset)[0]'}, within=BLOCK
    ),
    'generator.depends_on_batch: is_train does not reach one batch norm': classic(
        {"'norm1', is_train": "'norm1', True"}
    ),
    'generator.averages_unused: is_train does not reach any batch norm': classic(
        {
            "'norm0', is_train": "'norm0', True",
            "'norm1', is_train": "'norm1', True",
            "'norm2', is_train": "'norm2', True",
        }
    ),
    'generator.averages_still: moving averages updated outside of the collection': classic(
        {COLLECT: 'average.assign_sub(0.1 * (average - value))'}, within=BLOCK
    ),
    'generator.averages_still: moving averages never updated': classic({COLLECT: 'pass'}, within=BLOCK),
    'generator.averages_still: update ops in another collection': classic(
        {'tf.GraphKeys.UPDATE_OPS': "'updates'"}, within=BLOCK
    ),
    'generator.averages_diverge: moving averages updated with the wrong sign': changed(
        {'assign_sub(': 'assign_add('}, within=BLOCK
    ),
    'generator.averages_still: only the mean is updated': changed(
        {'average_mean, mean), (average_variance, variance)': 'average_mean, mean),'},
        within=BLOCK,
        says='average_variance',
    ),
    'generator.norm_not_training: batch norm by its averages in training, too': changed(
        {'if not is_train:': 'if True:'}, within=BLOCK
    ),
    'generator.norm_not_training: batch norm with is_train the wrong way round': changed(
        {'if not is_train:': 'if is_train:'}, within=BLOCK
    ),
    'generator.averages_unused: averages are updated, and inference uses constants': changed(
        {
            '*averages, is_training': ('tf.zeros_like(mean_of(x)), tf.ones_like(mean_of(x)), is_training'),
            'def weights': '''def mean_of(x):
    return tf.reduce_mean(x, [0, 1, 2])


def weights(shape, stddev=0.02):
    """The variable 'weights' of the current scope, float32."""
    return tf.get_variable('weights', shape, initializer=tf.random_normal_initializer(stddev=0.02))''',
        },
        within=BLOCK,
    ),
    'generator.depends_on_batch: the batch is centered by hand at inference': {
        NORM1: f'{NORM1}\n        h -= tf.reduce_mean(h, 0)'
    },
    'generator.shape: reshape multiplies the images of a batch': classic(
        {"4 * 4 * 128, 'project')": "4 * 4 * 512, 'project')"}
    ),
    'generator.batch_mixed: reshape mixes the vectors of a batch': classic(
        {PROJECT: "tf.transpose(tf.reshape(dense(z, 4 * 4 * 128, 'project'), [128, -1, 4, 4]), [1, 2, 3, 0])"}
    ),
    'generator.sizes_differ: z is reshaped for a batch of 64': {'dense(z, ': 'dense(tf.reshape(z, [64, z.shape[1]]), '},
    'generator.batch_mixed: the batch reversed': {'h = tf.reshape(dense(z,': 'h = tf.reshape(dense(z[::-1],'},
    'generator.never_negative: sigmoid at the end': {'tf.tanh': 'tf.sigmoid'},
    'generator.out_of_range: ReLU at the end': {'tf.tanh': 'tf.nn.relu'},
    'generator.never_negative: tanh brought to [0, 1]': {END: 'return 0.5 + 0.5 * tf.tanh(add_bias('},
    'generator.out_of_range: nothing at the end': {'tf.tanh': 'tf.identity'},
    'generator.out_of_range: no tanh at inference': changed(
        {'tf.tanh': '(tf.tanh if is_train else tf.identity)'}, says='is_train=False'
    ),
    'generator.never_negative: images brought to [0, 1] at inference': changed(
        {'tf.tanh': '(tf.tanh if is_train else tf.sigmoid)'}, says='is_train=False'
    ),
    'generator.shape: images cut at inference': changed(
        {", 'up3')))": ", 'up3'))[:, 0 if is_train else 1 :])"}, says='[6, 27, 28, 3]'
    ),
    'generator.out_of_range: tanh times 2': {END: 'return 2 * tf.tanh(add_bias('},
    'generator.never_negative: ReLU after tanh': {
        END: 'return tf.nn.relu(tf.tanh(add_bias(',
        ", 'up3')))": ", 'up3'))))",
    },
    'generator.saturated: clipped, not tanh': {
        END: 'return tf.clip_by_value(1000 * add_bias(',
        ", 'up3')))": ", 'up3')), -1, 1)",
    },
    'generator.saturated: weights that start at 1': {END: 'return tf.tanh(1000 * add_bias('},
    'generator.shape: 32x32 images': {
        'conv2d_transpose(h, 7, 64': 'conv2d_transpose(h, 8, 64',
        '(h, 14, 32': '(h, 16, 32',
        '(h, 28, out': '(h, 32, out',
    },
    'generator.shape: always three channels': changed({'28, out_channel_dim,': '28, 3,'}, says='[6, 28, 28, 1]'),
    'generator.shape: images flattened': {
        END: 'return tf.reshape(tf.tanh(add_bias(',
        ", 'up3')))": ", 'up3'))), [-1, 28 * 28 * out_channel_dim])",
    },
    'generator.variable_exists: reuse is not switched on': changed({', reuse=not is_train': ''}, says='second time'),
    'generator.variable_missing: reuse the wrong way round': {'reuse=not is_train': 'reuse=is_train'},
    'generator.variable_missing: reuse always on': {'reuse=not is_train': 'reuse=True'},
    'generator.new_variables: inference is another network': {
        SCOPE: "tf.variable_scope('generator' if is_train else 'generator/inference')"
    },
    'generator.outside_scope: another scope': {"'generator'": "'gen'"},
    'generator.outside_scope: last layer outside of the scope': {
        f'        {END}': f"    with tf.variable_scope('last', reuse=not is_train):\n        {END}"
    },
    'generator.input_unused: z is not used': {'dense(z, ': 'dense(tf.zeros_like(z), '},
    'generator.input_unused: z replaced by noise of its own': {
        'dense(z, ': 'dense(tf.random_uniform(tf.shape(z)) + tf.zeros([1, z.shape[1]]), '
    },
    'generator.part_of_z: half of z is not used': {'dense(z, ': 'dense(z[:, ::2], '},
    'generator.part_of_z: one number of z is not used': {'dense(z, ': 'dense(z[:, 1:], '},
    'generator.raises: z of 100 numbers only': {'dense(z, ': 'dense(tf.ensure_shape(z, [None, 100]), '},
    'generator.same_image: every image is that of the first vector': {'dense(z, ': 'dense(z[:1] + 0 * z, '},
    'generator.no_convolution: no convolutions': {
        'def generator': """def generator(z, out_channel_dim, is_train=True):
    with tf.variable_scope('generator', reuse=not is_train):
        h = tf.nn.leaky_relu(dense(z, 128, 'hidden'))
        return tf.tanh(tf.reshape(dense(h, 28 * 28 * out_channel_dim, 'images'), [-1, 28, 28, out_channel_dim]))"""
    },
    'generator.not_a_tensor: images and logits returned': {END: 'return tf.zeros([]), tf.tanh(add_bias('},
    'generator.not_a_tensor: nothing returned': {f'        {END}': '        tf.tanh(add_bias('},
    'generator.no_gradient: a layer that nothing follows': {
        "h = conv2d_transpose(h, 14, 32, 'up2')": (
            "conv2d(h, 7, 'unused')\n        h = conv2d_transpose(h, 14, 32, 'up2')"
        )
    },
    'generator.input_unused: a stop_gradient': {
        'conv2d_transpose(h, 14, 32': 'conv2d_transpose(tf.stop_gradient(h), 14, 32'
    },
    'generator.input_unused: rounded images': {END: 'return tf.round(tf.tanh(add_bias(', ", 'up3')))": ", 'up3'))))"},
    'generator.norm_not_training: one batch norm by its averages in training, too': changed(
        {"'norm1', is_train": "'norm1', False"}, says='norm1/average_mean'
    ),
    'generator.norm_not_training: tf.layers batch norm without training': classic(
        {'def generator': G_LAYERS.replace(', training=is_train', '')}, environment=KERAS
    ),
    'generator.norm_not_training: one tf.layers batch norm without training': classic(
        {'def generator': G_LAYERS.replace(', training=is_train', '', 1)}, environment=KERAS
    ),
    'generator.activation_unused: the next layer takes what was there before the activation': classic(
        {
            NORM2: "x = batch_norm_with_averages(h, 'norm2', is_train)\n        h = tf.nn.leaky_relu(x)",
            'conv2d_transpose(h, 28': 'conv2d_transpose(x, 28',
        }
    ),
    'generator.activation_unused: the result of an activation is dropped': {
        NORM1: "h = batch_norm_with_averages(h, 'norm1', is_train)\n        tf.maximum(0.2 * h, h)"
    },
    'generator.linear: no activation but the last': {
        f"h = tf.nn.leaky_relu({BLOCK}(h, '{name}', is_train))": f"h = {BLOCK}(h, '{name}', is_train)"
        for name in ('norm0', 'norm1', 'norm2')
    },
    'generator.linear: no activation and no batch norm': {
        'def generator': """def generator(z, out_channel_dim, is_train=True):
    with tf.variable_scope('generator', reuse=not is_train):
        h = tf.reshape(dense(z, 7 * 7 * 32, 'project'), [-1, 7, 7, 32])
        h = conv2d_transpose(h, 14, 16, 'up1')
        return tf.tanh(conv2d_transpose(h, 28, out_channel_dim, 'up2'))"""
    },
    'generator.part_of_z: the first 100 numbers of z only': changed(
        {'dense(z, ': 'dense(z[:, :100], '}, says='31 of the 131'
    ),
    'generator.not_written: not written yet': {
        'def generator': 'def generator(z, out_channel_dim, is_train=True):\n    raise NotImplementedError'
    },
    'generator.not_written: a block is not written yet': changed(
        {'def dense': 'def dense(x, units, name):\n    raise NotImplementedError("soon")'},
        within='dense',
        says='dense, which it needs, is not written yet',
    ),
    'generator.raises: a NumPy function on a tensor': changed(
        {'dense(z, ': 'dense(np.tanh(z), '}, says='NotImplementedError'
    ),
    'generator.norm_not_training: TensorFlow 1: tf.layers batch norm without training': classic(
        {
            'imports': 'import tensorflow as tf\nimport numpy as np\n',
            'def generator': G_LAYERS.replace(', training=is_train', ''),
        }
    ),
}
