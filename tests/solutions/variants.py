"""Right variants of the six functions."""

from . import right

KERAS = {'TF_USE_LEGACY_KERAS': '1'}  # needs tf_keras; has to be set before TensorFlow is imported
EAGER = 'tf.disable_eager_execution()\n'
NORM2 = "h = tf.nn.leaky_relu(batch_norm(conv2d(h, 64, 'conv2'), 'norm2'))"
NORMAL = 'tf.random_normal_initializer(stddev=0.02)'
G_HEAD = """def generator(z, out_channel_dim, is_train=True):
    with tf.variable_scope('generator', reuse=not is_train):
"""
D_HEAD = """def discriminator(images, reuse=False):
    with tf.variable_scope('discriminator', reuse=reuse):
"""
ADAM = 'tf.train.AdamOptimizer(learning_rate, beta1)'
D_ADAM = f'd_adam = {ADAM}'
UPDATES = "tf.get_collection(tf.GraphKeys.UPDATE_OPS, 'generator')"
D_STEP = "    d_train_opt = d_adam.minimize(d_loss, var_list=tf.trainable_variables('discriminator'))\n"

D_LAYERS = (
    D_HEAD
    + """        h = tf.layers.conv2d(images, 16, 5, strides=2, padding='same')
        h = tf.maximum(0.2 * h, h)
        h = tf.layers.conv2d(h, 32, 5, strides=2, padding='same')
        h = tf.layers.batch_normalization(h, training=True)
        h = tf.maximum(0.2 * h, h)
        logits = tf.layers.dense(tf.reshape(h, [-1, 7 * 7 * 32]), 1)
        return tf.sigmoid(logits), logits"""
)
G_LAYERS = (
    G_HEAD
    + """        h = tf.reshape(tf.layers.dense(z, 7 * 7 * 64), [-1, 7, 7, 64])
        h = tf.layers.batch_normalization(h, training=is_train)
        h = tf.maximum(0.2 * h, h)
        h = tf.layers.conv2d_transpose(h, 32, 5, strides=2, padding='same')
        h = tf.layers.batch_normalization(h, training=is_train)
        h = tf.maximum(0.2 * h, h)
        return tf.tanh(tf.layers.conv2d_transpose(h, out_channel_dim, 5, strides=2, padding='same'))"""
)
LOSS_LAYERS = """def model_loss(input_real, input_z, out_channel_dim):
    g_model = generator(input_z, out_channel_dim, is_train=True)
    d_model_real, d_logits_real = discriminator(input_real)
    d_model_fake, d_logits_fake = discriminator(g_model, reuse=True)
    loss = tf.nn.sigmoid_cross_entropy_with_logits
    real = tf.reduce_mean(loss(logits=d_logits_real, labels=tf.ones_like(d_model_real) * 0.9))
    fake = tf.reduce_mean(loss(logits=d_logits_fake, labels=tf.zeros_like(d_model_fake)))
    g_loss = tf.reduce_mean(loss(logits=d_logits_fake, labels=tf.ones_like(d_model_fake)))
    return real + fake, g_loss"""
OPT_LAYERS = """def model_opt(d_loss, g_loss, learning_rate, beta1):
    t_vars = tf.trainable_variables()
    d_vars = [var for var in t_vars if var.name.startswith('discriminator')]
    g_vars = [var for var in t_vars if var.name.startswith('generator')]
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        d_train_opt = tf.train.AdamOptimizer(learning_rate, beta1=beta1).minimize(d_loss, var_list=d_vars)
        g_train_opt = tf.train.AdamOptimizer(learning_rate, beta1=beta1).minimize(g_loss, var_list=g_vars)
    return d_train_opt, g_train_opt"""
# The way in which most solutions of the original project train: in the caller's default graph.
TRAIN = """def train(epoch_count, batch_size, z_dim, learning_rate, beta1, get_batches, data_shape, data_image_mode):
    input_real, input_z, lr = model_inputs(data_shape[1], data_shape[2], data_shape[3], z_dim)
    d_loss, g_loss = model_loss(input_real, input_z, data_shape[3])
    d_opt, g_opt = model_opt(d_loss, g_loss, lr, beta1)
    sample_images(input_z, data_shape[3])
    steps = 0
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for epoch_i in range(epoch_count):
            for batch_images in get_batches(batch_size):
                batch_images = batch_images * 2
                steps += 1
                batch_z = np.random.uniform(-1, 1, size=(batch_size, z_dim))
                feed = {input_real: batch_images, input_z: batch_z, lr: learning_rate}
                sess.run(d_opt, feed_dict=feed)
                sess.run(g_opt, feed_dict={input_z: batch_z, input_real: batch_images, lr: learning_rate})
                if steps % 50 == 0:
                    print('Epoch', epoch_i, d_loss.eval(feed), g_loss.eval({input_z: batch_z}))
                if steps % 100 == 0:
                    show_generator_output(sess, 6, input_z, data_shape[3], data_image_mode)"""
G_OPT = 'sess.run(g_opt, feed_dict={input_z: batch_z, input_real: batch_images, lr: learning_rate})'
BATCH_Z = 'np.random.uniform(-1, 1, size=(batch_size, z_dim))'


def trains(name, old, new, **more):
    """A right variant of TRAIN."""
    assert TRAIN.count(old) == 1, name
    return right(name, {'def train': TRAIN.replace(old, new)}, **more)


CASES = [
    right('the notebook itself', {}),
    right(
        'tf.layers through tf_keras',
        {
            'def discriminator': D_LAYERS,
            'def generator': G_LAYERS,
            'def model_loss': LOSS_LAYERS,
            'def model_opt': OPT_LAYERS,
            'def train': TRAIN,
        },
        environment=KERAS,
    ),
    right(
        'tf.layers through tf_keras, with disable_v2_behavior',
        {
            EAGER: 'tf.disable_v2_behavior()\n',
            'def discriminator': D_LAYERS,
            'def generator': G_LAYERS,
            'def model_loss': LOSS_LAYERS,
            'def model_opt': OPT_LAYERS,
            'def train': TRAIN,
        },
        environment=KERAS,
    ),
    right(
        'tf.layers with dropout and Xavier',
        {
            'def discriminator': D_LAYERS.replace(
                'logits = tf', 'h = tf.layers.dropout(h, 0.4, training=True)\n        logits = tf'
            ).replace(
                "2, padding='same')\n        h = tf.layers.batch",
                "2, padding='same', kernel_initializer=tf.glorot_uniform_initializer())\n        h = tf.layers.batch",
            ),
            'def generator': G_LAYERS,
        },
        environment=KERAS,
    ),
    right('eager execution not disabled', {EAGER: '\n'}, environment={}),
    right('disable_v2_behavior', {EAGER: 'tf.disable_v2_behavior()\n'}, environment={}),
    right(
        'import tensorflow, then tf = tensorflow.compat.v1',
        {'import tensorflow.compat.v1 as tf\n': 'import tensorflow\ntf = tensorflow.compat.v1\n'},
    ),
    right('Xavier initializer', {NORMAL: 'tf.glorot_uniform_initializer()'}),
    right('truncated normal weights of 0.1', {NORMAL: 'tf.truncated_normal_initializer(stddev=0.1)'}),
    right('He initializer', {NORMAL: 'tf.variance_scaling_initializer(2.0)'}),
    right('orthogonal initializer', {NORMAL: 'tf.orthogonal_initializer()'}),
    right('dropout in the discriminator', {NORM2: f'{NORM2}\n        h = tf.nn.dropout(h, rate=0.5)'}),
    right(
        'keep_prob dropout at the end of the discriminator',
        {
            'dense(tf.reshape(h, [-1, 4 * 4 * 128]), 1': (
                'dense(tf.nn.dropout(tf.reshape(h, [-1, 4 * 4 * 128]), keep_prob=0.7), 1'
            )
        },
    ),
    right(
        'noise on the images in the discriminator',
        {'conv2d(images, 32': 'conv2d(images + tf.random_normal(tf.shape(images), stddev=0.1), 32'},
    ),
    right(
        'discriminator of 2 layers',
        {
            'def discriminator': D_HEAD
            + """        h = tf.nn.leaky_relu(add_bias(conv2d(images, 16, 'conv1')))
        logits = dense(tf.reshape(h, [-1, 14 * 14 * 16]), 1, 'logits')
        return tf.sigmoid(logits), logits"""
        },
    ),
    right(
        'discriminator of 5 layers',
        {
            '        logits = dense(tf.reshape(h, [-1, 4 * 4 * 128])': (
                "        h = tf.nn.leaky_relu(batch_norm(conv2d(h, 128, 'conv4'), 'norm4'))\n"
                "        h = tf.nn.leaky_relu(batch_norm(conv2d(h, 64, 'conv5'), 'norm5'))\n"
                '        logits = dense(tf.reshape(h, [-1, 64])'
            )
        },
    ),
    right(
        'discriminator that ends with a mean over places',
        {'tf.reshape(h, [-1, 4 * 4 * 128])': 'tf.reduce_mean(h, [1, 2])'},
    ),
    right(
        'discriminator with AUTO_REUSE', {"('discriminator', reuse=reuse)": "('discriminator', reuse=tf.AUTO_REUSE)"}
    ),
    right('generator with AUTO_REUSE', {'reuse=not is_train)': 'reuse=tf.AUTO_REUSE)'}),
    right(
        'ReLU in place of leaky ReLU in the generator',
        {
            "tf.nn.leaky_relu(batch_norm_with_averages(h, 'norm1', is_train))": (
                "tf.nn.relu(batch_norm_with_averages(h, 'norm1', is_train))"
            )
        },
    ),
    right(
        'max pooling in the discriminator',
        {
            'def discriminator': D_HEAD
            + """        w = weights([5, 5, images.shape[-1], 16])
        h = tf.nn.relu(tf.nn.conv2d(images, w, 1, 'SAME'))
        h = tf.nn.max_pool(h, 2, 2, 'VALID')
        logits = dense(tf.reshape(h, [-1, 14 * 14 * 16]), 1, 'logits')
        return tf.sigmoid(logits), logits"""
        },
    ),
    right(
        'logits without a sigmoid op of its own',
        {'return tf.sigmoid(logits), logits': 'return 1 / (1 + tf.exp(-logits)), logits'},
    ),
    right(
        'generator without batch norm',
        {
            'def generator': G_HEAD
            + """        h = tf.nn.leaky_relu(tf.reshape(dense(z, 4 * 4 * 64, 'project'), [-1, 4, 4, 64]))
        h = tf.nn.leaky_relu(conv2d_transpose(h, 7, 32, 'up1'))
        h = tf.nn.leaky_relu(conv2d_transpose(h, 14, 16, 'up2'))
        return tf.tanh(conv2d_transpose(h, 28, out_channel_dim, 'up3'))"""
        },
    ),
    right(
        'resize and convolve',
        {
            'def conv2d_transpose': """def conv2d_transpose(x, size, filters, name):
    with tf.variable_scope(name):
        x = tf.image.resize_nearest_neighbor(x, [size, size])
        return tf.nn.conv2d(x, weights([3, 3, x.shape[-1], filters]), 1, 'SAME')"""
        },
    ),
    right(
        'depth to space',
        {
            'def generator': G_HEAD
            + """        h = tf.reshape(dense(z, 7 * 7 * 64, 'project'), [-1, 7, 7, 64])
        h = tf.nn.leaky_relu(batch_norm_with_averages(h, 'norm', is_train))
        with tf.variable_scope('up1'):
            h = tf.nn.depth_to_space(tf.nn.conv2d(h, weights([3, 3, 64, 128]), 1, 'SAME'), 2)
        with tf.variable_scope('up2'):
            h = tf.nn.depth_to_space(tf.nn.conv2d(h, weights([3, 3, 32, 4 * out_channel_dim]), 1, 'SAME'), 2)
        return tf.tanh(h)"""
        },
    ),
    right(
        'dropout in the generator in training only',
        {
            '        h = conv2d_transpose(h, 14': (
                '        h = tf.nn.dropout(h, rate=0.5) if is_train else h\n        h = conv2d_transpose(h, 14'
            )
        },
    ),
    right(
        'dense layer with a ReLU before the reshape',
        {"tf.reshape(dense(z, 4 * 4 * 128, 'project')": "tf.reshape(tf.nn.relu(dense(z, 4 * 4 * 128, 'project'))"},
    ),
    right(
        'generator in [-0.5, 0.5], with images as they come',
        {'return tf.tanh(': 'return 0.5 * tf.tanh(', '2 * batch,': 'batch,'},
    ),
    right(
        'images scaled in model_loss in place of train',
        {'discriminator(input_real)': 'discriminator(2 * input_real)', '2 * batch,': 'batch,'},
    ),
    right(
        'batch norm by moments and assign ops',
        {
            'def batch_norm_with_averages': """def batch_norm_with_averages(x, name, is_train):
    with tf.variable_scope(name):
        scale, offset = channel_variable('scale', x, 1.0), channel_variable('offset', x, 0.0)
        pop_mean = channel_variable('pop_mean', x, 0.0, trainable=False)
        pop_variance = channel_variable('pop_variance', x, 1.0, trainable=False)
    if not is_train:
        return tf.nn.batch_normalization(x, pop_mean, pop_variance, offset, scale, 1e-5)
    mean, variance = tf.nn.moments(x, [0, 1, 2])
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign(pop_mean, 0.9 * pop_mean + 0.1 * mean))
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign(pop_variance, 0.9 * pop_variance + 0.1 * variance))
    return tf.nn.batch_normalization(x, mean, variance, offset, scale, 1e-5)"""
        },
    ),
    right(
        'moving averages updated by control dependencies inside of batch norm as well',
        {
            '    return y': """    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS, average_mean.op.name[:-12])
    with tf.control_dependencies(updates):
        return tf.identity(y)"""
        },
    ),
    right(
        'discriminator with moving averages and update ops',
        {
            NORM2: NORM2.replace(
                "batch_norm(conv2d(h, 64, 'conv2'), 'norm2')",
                "batch_norm_with_averages(conv2d(h, 64, 'conv2'), 'norm2', True)",
            )
        },
    ),
    right(
        'discriminator without batch norm',
        {
            NORM2: "h = tf.nn.leaky_relu(conv2d(h, 64, 'conv2'))",
            "batch_norm(conv2d(h, 128, 'conv3'), 'norm3')": "conv2d(h, 128, 'conv3')",
        },
    ),
    right('no label smoothing', {'smooth=0.1': 'smooth=0.0'}),
    right('label smoothing of 0.3', {'smooth=0.1': 'smooth=0.3'}),
    right(
        'labels by ones_like times 0.9',
        {'tf.fill(tf.shape(logits), 1.0 - smooth)': 'tf.ones_like(logits) * (1.0 - smooth)'},
    ),
    right(
        'd_loss halved',
        {
            'd_loss = real_loss(logits_real, smooth=0.1) + fake_loss(logits_fake)': (
                'd_loss = 0.5 * (real_loss(logits_real, smooth=0.1) + fake_loss(logits_fake))'
            )
        },
    ),
    right(
        'cross-entropy by softplus',
        {
            'def fake_loss': """def fake_loss(logits):
    return tf.reduce_mean(tf.nn.softplus(logits))"""
        },
    ),
    right('update ops with both steps', {'def model_opt': OPT_LAYERS}),
    right(
        'update ops with the step of the discriminator',
        {
            D_STEP: '',
            f'    with tf.control_dependencies({UPDATES}):\n': (
                f'    with tf.control_dependencies({UPDATES}):\n    {D_STEP}    if True:\n'
            ),
        },
    ),
    right(
        'update ops grouped with the step',
        {
            f'with tf.control_dependencies({UPDATES}):': 'if True:',
            '    return d_train_opt, g_train_opt': f'    return d_train_opt, tf.group(g_train_opt, *{UPDATES})',
        },
    ),
    right(
        'gradients computed and applied',
        {
            "d_adam.minimize(d_loss, var_list=tf.trainable_variables('discriminator'))": (
                "d_adam.apply_gradients(d_adam.compute_gradients(d_loss, tf.trainable_variables('discriminator')))"
            )
        },
    ),
    right('normal z', {'rng.uniform(-1, 1, [n, z_dim])': 'rng.normal(0, 1, [n, z_dim])'}),
    right('learning rate without a shape', {'tf.placeholder(tf.float32, [], name': 'tf.placeholder(tf.float32, name'}),
    right(
        'learning rate with a default',
        {"tf.placeholder(tf.float32, [], name='learning_rate')": 'tf.placeholder_with_default(0.0002, [])'},
    ),
    right('the train of the original project', {'def train': TRAIN}),
    trains('the generator is trained twice', G_OPT, f'{G_OPT}\n                {G_OPT}'),
    trains('z of a normal distribution', BATCH_Z, 'np.random.normal(size=(batch_size, z_dim))'),
    trains('new z for the step of the generator', G_OPT, G_OPT.replace('input_z: batch_z', f'input_z: {BATCH_Z}')),
    trains(
        'steps counted from 0 in each epoch',
        '        for epoch_i in range(epoch_count):\n',
        '        for epoch_i in range(epoch_count):\n            steps = 0\n',
    ),
    trains(
        'two steps of the discriminator',
        'sess.run(d_opt, feed_dict=feed)',
        'sess.run(d_opt, feed_dict=feed)\n                sess.run(d_opt, feed_dict=feed)',
    ),
    right(
        'a MonitoredTrainingSession',
        {
            'def train': TRAIN.replace(
                'tf.Session() as sess:\n        sess.run(tf.global_variables_initializer())',
                'tf.train.MonitoredTrainingSession() as sess:',
            ).replace('d_loss.eval(feed), g_loss.eval({input_z: batch_z})', 'sess.run(d_loss, feed)')
        },
    ),
]
