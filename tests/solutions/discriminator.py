"""Wrong implementations of discriminator."""

from . import wrong

SCOPE = "tf.variable_scope('discriminator', reuse=reuse)"
FLAT = 'tf.reshape(h, [-1, 4 * 4 * 128])'
RESULT = 'return tf.sigmoid(logits), logits'
FIRST = 'conv2d(images, 32'

CASES = [
    wrong(
        'discriminator',
        'flatten multiplies the images of a batch',
        'expected [8, 1]',
        {FLAT: 'tf.reshape(h, [-1, 2 * 2 * 128])'},
        classic=True,
    ),
    wrong(
        'discriminator',
        'flatten after a transpose mixes the images of a batch',
        'the images of a batch are mixed',
        {FLAT: 'tf.reshape(tf.transpose(h, [3, 1, 2, 0]), [-1, 4 * 4 * 128])'},
        classic=True,
    ),
    wrong(
        'discriminator',
        'flatten merges two images into one row',
        'expected [8, 1]',
        {FLAT: 'tf.reshape(h, [-1, 2 * 4 * 4 * 128])'},
        classic=True,
    ),
    wrong(
        'discriminator',
        'flatten for a batch of 64',
        'while running it on 8 images',
        {FLAT: 'tf.reshape(h, [64, 4 * 4 * 128])'},
    ),
    wrong(
        'discriminator',
        'returned in the wrong order',
        'results in the wrong order',
        {RESULT: 'return logits, tf.sigmoid(logits)'},
        classic=True,
    ),
    wrong('discriminator', 'logits returned twice', 'They are the same', {RESULT: 'return logits, logits'}),
    wrong(
        'discriminator',
        'probability returned twice',
        'not the sigmoid of the logits',
        {RESULT: 'return tf.sigmoid(logits), tf.sigmoid(logits)'},
    ),
    wrong('discriminator', 'only logits returned', 'not two things', {RESULT: 'return logits'}),
    wrong('discriminator', 'nothing returned', 'returned nothing', {RESULT: 'pass'}),
    wrong(
        'discriminator',
        'a sigmoid on the logits',
        'the logits look limited',
        {"1, 'logits')": "1, 'logits')\n        logits = tf.sigmoid(logits)"},
    ),
    wrong(
        'discriminator',
        'tanh on the logits',
        'the logits look limited',
        {RESULT: f'logits = tf.tanh(logits)\n        {RESULT}'},
    ),
    wrong(
        'discriminator',
        'ReLU on the logits',
        'the logits look limited',
        {RESULT: f'logits = tf.nn.relu(logits)\n        {RESULT}'},
    ),
    wrong(
        'discriminator',
        'softmax in place of sigmoid',
        'not the sigmoid',
        {'tf.sigmoid(logits),': 'tf.nn.softmax(logits),'},
    ),
    wrong(
        'discriminator',
        'reuse is not passed on',
        'What it means: The network is called a second time',
        {', reuse=reuse': ''},
    ),
    wrong(
        'discriminator', 'reuse always on', 'What it means: A network is asked to reuse', {'reuse=reuse': 'reuse=True'}
    ),
    wrong('discriminator', 'another scope', "outside of the scope 'discriminator'", {"('discriminator'": "('disc'"}),
    wrong(
        'discriminator',
        'no scope',
        "outside of the scope 'discriminator'",
        {SCOPE: 'tf.variable_scope(tf.get_variable_scope(), reuse=reuse)'},
    ),
    wrong(
        'discriminator',
        'first layer outside of the scope',
        "outside of the scope 'discriminator'",
        {
            f'    with {SCOPE}': (
                "    with tf.variable_scope('first', reuse=reuse):\n"
                f"        first = {FIRST}, 'conv1')\n"
                f'    with {SCOPE}'
            ),
            f"add_bias({FIRST}, 'conv1'))": 'add_bias(first)',
        },
    ),
    wrong(
        'discriminator',
        'the second call is another network',
        'created new variables',
        {SCOPE: "tf.variable_scope('discriminator/second' if reuse else 'discriminator')"},
    ),
    wrong(
        'discriminator',
        'the second call has a layer with a new name',
        'What it means: A network is asked to reuse',
        {"1, 'logits')": "1, 'logits2' if reuse else 'logits')"},
    ),
    wrong(
        'discriminator',
        'the second call computes something else',
        'reuse=True gives other answers',
        {RESULT: f'logits = logits if reuse else -logits\n        {RESULT}'},
    ),
    wrong(
        'discriminator',
        'sees the first channel only',
        'it looks at a part of the image only',
        {FIRST: 'conv2d(images[..., :1], 32'},
    ),
    wrong(
        'discriminator',
        'sees a quarter of the image',
        'it looks at a part of the image only',
        {FIRST: 'conv2d(images * tf.pad(tf.ones([1, 14, 14, 1]), [[0, 0], [0, 14], [0, 14], [0, 0]]), 32'},
    ),
    wrong(
        'discriminator',
        'three channels only',
        'while',
        {FIRST: 'conv2d(tf.ensure_shape(images, [None, 28, 28, 3]), 32'},
    ),
    wrong(
        'discriminator',
        'one channel only',
        '8 images gave outputs of shape [24, 1]',
        {FIRST: 'conv2d(tf.reshape(images, [-1, 28, 28, 1]), 32'},
    ),
    wrong(
        'discriminator',
        'the image is not used',
        'does not depend on the image',
        {FIRST: 'conv2d(tf.ones_like(images), 32'},
    ),
    wrong(
        'discriminator',
        'no convolutions',
        'there is no convolution',
        {
            'def discriminator': """def discriminator(images, reuse=False):
    with tf.variable_scope('discriminator', reuse=reuse):
        h = tf.reshape(images, [-1, 28 * 28 * images.shape[-1]])
        logits = dense(tf.nn.leaky_relu(dense(h, 64, 'hidden')), 1, 'logits')
        return tf.sigmoid(logits), logits"""
        },
    ),
    wrong(
        'discriminator',
        'a layer that nothing follows',
        'no gradient reaches',
        {
            'h = tf.nn.leaky_relu(batch_norm(conv2d(h, 128': (
                "unused = conv2d(h, 7, 'unused')\n        h = tf.nn.leaky_relu(batch_norm(conv2d(h, 128"
            )
        },
    ),
    wrong('discriminator', 'a stop_gradient', 'no gradient reaches', {FLAT: f'tf.stop_gradient({FLAT})'}),
    wrong('discriminator', 'two numbers per image', 'expected [8, 1]', {"1, 'logits')": "2, 'logits')"}),
    wrong(
        'discriminator',
        'one verdict for the whole batch',
        'expected [8, 1]',
        {RESULT: f'logits = tf.reduce_mean(logits, 0, keepdims=True)\n        {RESULT}'},
    ),
    wrong(
        'discriminator',
        'a verdict on the mean of the batch',
        'does not depend on the image',
        {RESULT: f'logits = tf.reduce_mean(logits) + 0 * logits\n        {RESULT}'},
    ),
    wrong(
        'discriminator',
        'no weights',
        'no trainable variables',
        {
            'def discriminator': """def discriminator(images, reuse=False):
    logits = tf.reduce_mean(tf.nn.conv2d(images, tf.ones([4, 4, images.shape[-1], 1]), 2, 'SAME'), [1, 2])
    return tf.sigmoid(logits), logits"""
        },
    ),
    wrong(
        'discriminator',
        'the batch reversed',
        'images of a batch are mixed',
        {RESULT: f'logits = logits[::-1]\n        {RESULT}'},
    ),
    wrong(
        'discriminator',
        'no parameter reuse',
        'while calling discriminator a second time',
        {'(images, reuse=False)': '(images)', 'reuse=reuse': 'reuse=tf.AUTO_REUSE'},
    ),
]
