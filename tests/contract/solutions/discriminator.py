"""Wrong implementations of discriminator."""

from . import D_LAYERS, KERAS, changed, classic

SCOPE = "tf.variable_scope('discriminator', reuse=reuse)"
FLAT = 'tf.reshape(h, [-1, 4 * 4 * 128])'
RESULT = 'return tf.sigmoid(logits), logits'
FIRST = 'conv2d(images, 32'
H1 = "h = tf.nn.leaky_relu(add_bias(conv2d(images, 32, 'conv1')))"
H2 = "h = tf.nn.leaky_relu(batch_norm(conv2d(h, 64, 'conv2'), 'norm2'))"
H3 = "h = tf.nn.leaky_relu(batch_norm(conv2d(h, 128, 'conv3'), 'norm3'))"
INERT = "batch_norm_with_averages(conv2d(h, {}, '{}'), '{}', False)"

WRONG = {
    'discriminator.no_method: a method of PyTorch': {
        "dense(tf.reshape(h, [-1, 4 * 4 * 128]), 1, 'logits')": "dense(h.view(-1, 2048), 1, 'logits')"
    },
    'discriminator.reuse_value: the dots of a hint after reuse': {'reuse=reuse)': "reuse='...')"},
    'discriminator.layer_name: filters and name swapped': {"conv2d(h, 64, 'conv2')": "conv2d(h, 'conv2', 64)"},
    'discriminator.no_truth: a condition on the images': {
        '        h = tf.nn.leaky_relu(batch_norm(conv2d(h, 64': """        if tf.reduce_mean(h) > 0:
            h = -h
        h = tf.nn.leaky_relu(batch_norm(conv2d(h, 64"""
    },
    'discriminator.no_sequence: a function in square brackets': {'dense(tf.reshape(h,': 'dense[0](tf.reshape(h,'},
    'discriminator.shape_or_type: a shape as text': {'[-1, 4 * 4 * 128])': "['-1', 2048])"},
    'discriminator.new_variables: weights that are no variables of the scope': {
        "dense(tf.reshape(h, [-1, 4 * 4 * 128]), 1, 'logits')": (
            'tf.reshape(h, [-1, 2048]) @ tf.Variable(tf.ones([2048, 1]))'
        )
    },
    'discriminator.same_name: two layers with one name': changed({"'conv2'": "'conv1'"}, says='conv1/weights'),
    'discriminator.same_name: add_bias twice in a scope': changed(
        {"128, 'conv3')": "128, 'conv3') + add_bias(images[:1, :4, :4, :1])"}, within='discriminator', says='/bias'
    ),
    'discriminator.parameters: the name of a layer is missing': changed(
        {", 64, 'conv2')": ', 64)'}, says='conv2d(x, filters, name)'
    ),
    'discriminator.shape: no reshape before the dense layer': {'tf.reshape(h, [-1, 4 * 4 * 128])': 'h'},
    'discriminator.too_early: a name that gets its value later': changed(
        {'conv2d(images, 32,': 'conv2d(h, 32,'}, says='h is'
    ),
    'discriminator.unknown_name: a typo': changed({'conv2d(images, 32,': 'conv2d(image, 32,'}, says='called image'),
    'discriminator.unknown_attribute: a function that TensorFlow does not have': changed(
        {'return tf.sigmoid(logits)': 'return tf.sigmoyd(logits)'}, says='sigmoyd'
    ),
    'discriminator.not_callable: no comma before a parenthesis': {'conv2d(images, 32,': 'conv2d(images (images), 32,'},
    'discriminator.dots: the dots of a hint': {"conv2d(h, 128, 'conv3')": "conv2d(h, ..., 'conv3')"},
    'discriminator.other_graph: a tensor of a cell above': changed(
        {'conv2d(images, 32,': 'conv2d(outside, 32,', 'reuse=False)': 'reuse=False, outside=tf.zeros([1, 28, 28, 1]))'}
    ),
    'discriminator.shape: flatten multiplies the images of a batch': classic(
        {FLAT: 'tf.reshape(h, [-1, 2 * 2 * 128])'}, says='[12, 1]'
    ),
    'discriminator.batch_mixed: flatten after a transpose mixes the images of a batch': classic(
        {FLAT: 'tf.reshape(tf.transpose(h, [3, 1, 2, 0]), [-1, 4 * 4 * 128])'}
    ),
    'discriminator.shape: flatten merges two images into one row': classic(
        {FLAT: 'tf.reshape(h, [-1, 2 * 4 * 4 * 128])'}, says='[12, 1]'
    ),
    'discriminator.sizes_differ: flatten for a batch of 64': {FLAT: 'tf.reshape(h, [64, 4 * 4 * 128])'},
    'discriminator.order: returned in the wrong order': classic({RESULT: 'return logits, tf.sigmoid(logits)'}),
    'discriminator.same_twice: logits returned twice': {RESULT: 'return logits, logits'},
    'discriminator.same_twice: probability returned twice': {RESULT: 'return tf.sigmoid(logits), tf.sigmoid(logits)'},
    'discriminator.count: only logits returned': {RESULT: 'return logits'},
    'discriminator.count: nothing returned': {RESULT: 'pass'},
    'discriminator.not_tensors: a constant probability': {RESULT: 'return 0.5, logits'},
    'discriminator.limited_logits: a sigmoid on the logits': {
        "1, 'logits')": "1, 'logits')\n        logits = tf.sigmoid(logits)"
    },
    'discriminator.limited_logits: tanh on the logits': {RESULT: f'logits = tf.tanh(logits)\n        {RESULT}'},
    'discriminator.limited_logits: ReLU on the logits': {RESULT: f'logits = tf.nn.relu(logits)\n        {RESULT}'},
    'discriminator.not_the_sigmoid: softmax in place of sigmoid': {'tf.sigmoid(logits),': 'tf.nn.softmax(logits),'},
    'discriminator.variable_exists: reuse is not passed on': changed({', reuse=reuse': ''}, says='second time'),
    'discriminator.variable_missing: reuse always on': {'reuse=reuse': 'reuse=True'},
    'discriminator.outside_scope: another scope': {"('discriminator'": "('disc'"},
    'discriminator.outside_scope: no scope': {SCOPE: 'tf.variable_scope(tf.get_variable_scope(), reuse=reuse)'},
    'discriminator.outside_scope: first layer outside of the scope': {
        f'    with {SCOPE}': (
            f"    with tf.variable_scope('first', reuse=reuse):\n        first = {FIRST}, 'conv1')\n    with {SCOPE}"
        ),
        f"add_bias({FIRST}, 'conv1'))": 'add_bias(first)',
    },
    'discriminator.new_variables: the second call is another network': {
        SCOPE: "tf.variable_scope('discriminator/second' if reuse else 'discriminator')"
    },
    'discriminator.variable_missing: the second call has a layer with a new name': {
        "1, 'logits')": "1, 'logits2' if reuse else 'logits')"
    },
    'discriminator.reuse_differs: the second call computes something else': {
        RESULT: f'logits = logits if reuse else -logits\n        {RESULT}'
    },
    'discriminator.part_of_the_image: sees the first channel only': {FIRST: 'conv2d(images[..., :1], 32'},
    'discriminator.part_of_the_image: sees a quarter of the image': {
        FIRST: 'conv2d(images * tf.pad(tf.ones([1, 14, 14, 1]), [[0, 0], [0, 14], [0, 14], [0, 0]]), 32'
    },
    'discriminator.raises: three channels only': {FIRST: 'conv2d(tf.ensure_shape(images, [None, 28, 28, 3]), 32'},
    'discriminator.shape: one channel only': changed(
        {FIRST: 'conv2d(tf.reshape(images, [-1, 28, 28, 1]), 32'}, says='[36, 1]'
    ),
    'discriminator.input_unused: the image is not used': {FIRST: 'conv2d(tf.ones_like(images), 32'},
    'discriminator.no_convolution: no convolutions': {
        'def discriminator': """def discriminator(images, reuse=False):
    with tf.variable_scope('discriminator', reuse=reuse):
        h = tf.reshape(images, [-1, 28 * 28 * images.shape[-1]])
        logits = dense(tf.nn.leaky_relu(dense(h, 64, 'hidden')), 1, 'logits')
        return tf.sigmoid(logits), logits"""
    },
    'discriminator.no_gradient: a layer that nothing follows': {
        'h = tf.nn.leaky_relu(batch_norm(conv2d(h, 128': (
            "unused = conv2d(h, 7, 'unused')\n        h = tf.nn.leaky_relu(batch_norm(conv2d(h, 128"
        )
    },
    'discriminator.input_unused: a stop_gradient': {FLAT: f'tf.stop_gradient({FLAT})'},
    'discriminator.shape: two numbers per image': changed({"1, 'logits')": "2, 'logits')"}, says='[12, 1]'),
    'discriminator.shape: one verdict for the whole batch': changed(
        {RESULT: f'logits = tf.reduce_mean(logits, 0, keepdims=True)\n        {RESULT}'}, says='[12, 1]'
    ),
    'discriminator.same_answer: a verdict on the mean of the batch': {
        RESULT: f'logits = tf.reduce_mean(logits) + 0 * logits\n        {RESULT}'
    },
    'discriminator.no_variables: no weights': {
        'def discriminator': """def discriminator(images, reuse=False):
    logits = tf.reduce_mean(tf.nn.conv2d(images, tf.ones([4, 4, images.shape[-1], 1]), 2, 'SAME'), [1, 2])
    return tf.sigmoid(logits), logits"""
    },
    'discriminator.batch_mixed: the batch reversed': {RESULT: f'logits = logits[::-1]\n        {RESULT}'},
    'discriminator.header: no parameter reuse': changed(
        {'(images, reuse=False)': '(images)', 'reuse=reuse': 'reuse=tf.AUTO_REUSE'}, says='second time'
    ),
    'discriminator.norm_not_training: batch norm by averages that nothing moves': classic(
        {
            "batch_norm(conv2d(h, 64, 'conv2'), 'norm2')": INERT.format(64, 'conv2', 'norm2'),
            "batch_norm(conv2d(h, 128, 'conv3'), 'norm3')": INERT.format(128, 'conv3', 'norm3'),
        },
        says='norm2/average_mean',
    ),
    'discriminator.norm_not_training: one of two batch norms by averages that nothing moves': changed(
        {"batch_norm(conv2d(h, 128, 'conv3'), 'norm3')": INERT.format(128, 'conv3', 'norm3')}, says='norm3/average_mean'
    ),
    'discriminator.norm_not_training: tf.layers batch norm without training': classic(
        {'def discriminator': D_LAYERS.replace(', training=True', '')}, environment=KERAS
    ),
    'discriminator.norm_not_training: tf.layers batch norm with trainable in place of training': classic(
        {'def discriminator': D_LAYERS.replace('training=True', 'trainable=True')}, environment=KERAS
    ),
    'discriminator.activation_unused: the next layer takes what was there before the activation': classic(
        {
            H2: "x = batch_norm(conv2d(h, 64, 'conv2'), 'norm2')\n        r = tf.nn.leaky_relu(x)",
            'conv2d(h, 128': 'conv2d(x, 128',
        }
    ),
    'discriminator.activation_unused: the result of an activation is dropped': {
        H3: "h = batch_norm(conv2d(h, 128, 'conv3'), 'norm3')\n        tf.maximum(0.2 * h, h)"
    },
    'discriminator.activation_unused: an activation and its dropout are not used': {
        H3: "h = batch_norm(conv2d(h, 128, 'conv3'), 'norm3')\n        tf.nn.dropout(tf.nn.leaky_relu(h), rate=0.3)"
    },
    'discriminator.linear: no activation at all': {
        H1: "h = add_bias(conv2d(images, 32, 'conv1'))",
        H2: "h = batch_norm(conv2d(h, 64, 'conv2'), 'norm2')",
        H3: "h = batch_norm(conv2d(h, 128, 'conv3'), 'norm3')",
    },
    'discriminator.linear: a single layer and a dense one, without an activation': {
        'def discriminator': """def discriminator(images, reuse=False):
    with tf.variable_scope('discriminator', reuse=reuse):
        logits = dense(tf.reshape(conv2d(images, 8, 'conv'), [-1, 14 * 14 * 8]), 1, 'logits')
        return tf.sigmoid(logits), logits"""
    },
    'discriminator.part_of_the_image: sees the upper half of the image': changed(
        {
            FIRST: 'conv2d(images[:, :14], 32',
            'dense(tf.reshape(h, [-1, 4 * 4 * 128])': 'dense(tf.reshape(h, [-1, 2 * 4 * 128])',
        },
        says='50%',
    ),
    'discriminator.part_of_the_image: sees every other column': changed(
        {
            FIRST: 'conv2d(images[:, :, ::2], 32',
            'dense(tf.reshape(h, [-1, 4 * 4 * 128])': 'dense(tf.reshape(h, [-1, 4 * 2 * 128])',
        },
        says='50%',
    ),
    'discriminator.part_of_the_image: sees two of three channels': changed(
        {FIRST: 'conv2d(images[..., :2], 32'}, says='0%'
    ),
    'discriminator.not_written: not written yet': {
        'def discriminator': 'def discriminator(images, reuse=False):\n    raise NotImplementedError'
    },
    'discriminator.norm_not_training: TensorFlow 1: tf.layers batch norm without training': classic(
        {
            'imports': 'import tensorflow as tf\nimport numpy as np\n',
            'def discriminator': D_LAYERS.replace(', training=True', ''),
        }
    ),
}
