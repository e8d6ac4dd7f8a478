"""Right variants of the six functions."""

from . import D_HEAD, D_LAYERS, G_HEAD, G_LAYERS, KERAS, changed

EAGER = 'tf.disable_eager_execution()\n'
NORM2 = "h = tf.nn.leaky_relu(batch_norm(conv2d(h, 64, 'conv2'), 'norm2'))"
NORMAL = 'tf.random_normal_initializer(stddev=stddev)'
ADAM = 'Adam(learning_rate, beta1)'
D_ADAM = f'd_adam = {ADAM}'
UPDATES = "tf.get_collection(tf.GraphKeys.UPDATE_OPS, 'generator')"
D_STEP = "    d_train_opt = d_adam.minimize(d_loss, var_list=tf.trainable_variables('discriminator'))\n"

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


REAL_LABELS = 'tf.fill(tf.shape(logits), 1.0 - smooth)'
SHOW_CALL = '            show_generator_output(sess, 6, input_z, data_shape[3], data_image_mode)'
SHOW = """def show_generator_output(sess, n_images, input_z, out_channel_dim, image_mode):
    example_z = np.random.uniform(-1, 1, size=[n_images, input_z.get_shape().as_list()[-1]])
    samples = sess.run(generator(input_z, out_channel_dim, False), feed_dict={input_z: example_z})
    show(samples, image_mode, 'generated')"""
# As most solutions of the original project are written, in the style of TensorFlow 1.
OLD = {
    'imports': 'import numpy as np\nimport tensorflow as tf\nfrom matplotlib import pyplot\nimport helper\n',
    'def show_generator_output': SHOW.replace(
        "show(samples, image_mode, 'generated')",
        "pyplot.imshow(helper.images_square_grid(samples, image_mode), cmap='gray')\n    pyplot.show()",
    ),
    'def model_loss': LOSS_LAYERS,
    'def model_opt': OPT_LAYERS,
    'def train': TRAIN,
}
CONTRIB_D = (
    D_HEAD
    + """        xavier = tf.contrib.layers.xavier_initializer()
        h = tf.layers.conv2d(images, 16, 5, strides=2, padding='same', kernel_initializer=xavier)
        h = tf.maximum(0.2 * h, h)
        h = tf.contrib.layers.conv2d(h, 32, 5, 2, activation_fn=None)
        h = tf.contrib.layers.batch_norm(h, is_training=True, decay=0.9, scope='norm')
        h = tf.contrib.layers.flatten(tf.maximum(0.2 * h, h))
        logits = tf.layers.dense(h, 1)
        return tf.sigmoid(logits), logits"""
)
CONTRIB_G = (
    G_HEAD
    + """        h = fully_connected(z, 7 * 7 * 64, activation_fn=None)
        h = layers.batch_norm(tf.reshape(h, [-1, 7, 7, 64]), is_training=is_train, updates_collections=None)
        h = tf.nn.relu(h)
        h = layers.conv2d_transpose(
            h, 32, 5, stride=2, activation_fn=tf.nn.relu, normalizer_fn=layers.batch_norm,
            normalizer_params={'is_training': is_train, 'decay': 0.9},
        )
        init = layers.variance_scaling_initializer(mode='FAN_AVG')
        return layers.conv2d_transpose(h, out_channel_dim, 5, 2, activation_fn=tf.tanh, weights_initializer=init)"""
)
G_LAYERLESS = (
    G_HEAD
    + """        h = tf.nn.leaky_relu(tf.reshape(dense(z, 7 * 7 * 32, 'project'), [-1, 7, 7, 32]))
        h = tf.nn.leaky_relu(conv2d_transpose(h, 14, 16, 'up1'))
        return tf.tanh(conv2d_transpose(h, 28, out_channel_dim, 'up2'))"""
)


def trains(old, new, ends='', **more):
    """A right variant of TRAIN."""
    assert TRAIN.count(old) == 1, old
    return changed({'def train': TRAIN.replace(old, new) + ends}, **more)


RIGHT = {
    'the notebook itself': {},
    'tf.layers through tf_keras': changed(
        {
            'def discriminator': D_LAYERS,
            'def generator': G_LAYERS,
            'def model_loss': LOSS_LAYERS,
            'def model_opt': OPT_LAYERS,
            'def train': TRAIN,
        },
        environment=KERAS,
    ),
    'tf.layers through tf_keras, with disable_v2_behavior': changed(
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
    'tf.layers with dropout and Xavier': changed(
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
    'eager execution not disabled': changed({EAGER: '\n'}, environment={}),
    'disable_v2_behavior': changed({EAGER: 'tf.disable_v2_behavior()\n'}, environment={}),
    'import tensorflow, then tf = tensorflow.compat.v1': {
        'import tensorflow.compat.v1 as tf\n': 'import tensorflow\ntf = tensorflow.compat.v1\n'
    },
    'Xavier initializer': {NORMAL: 'tf.glorot_uniform_initializer()'},
    'truncated normal weights of 0.1': {NORMAL: 'tf.truncated_normal_initializer(stddev=0.1)'},
    'He initializer': {NORMAL: 'tf.variance_scaling_initializer(2.0)'},
    'orthogonal initializer': {NORMAL: 'tf.orthogonal_initializer()'},
    'dropout in the discriminator': {NORM2: f'{NORM2}\n        h = tf.nn.dropout(h, rate=0.5)'},
    'keep_prob dropout at the end of the discriminator': {
        'dense(tf.reshape(h, [-1, 4 * 4 * 128]), 1': (
            'dense(tf.nn.dropout(tf.reshape(h, [-1, 4 * 4 * 128]), keep_prob=0.7), 1'
        )
    },
    'noise on the images in the discriminator': {
        'conv2d(images, 32': 'conv2d(images + tf.random_normal(tf.shape(images), stddev=0.1), 32'
    },
    'discriminator of 2 layers': {
        'def discriminator': D_HEAD
        + """        h = tf.nn.leaky_relu(add_bias(conv2d(images, 16, 'conv1')))
        logits = dense(tf.reshape(h, [-1, 14 * 14 * 16]), 1, 'logits')
        return tf.sigmoid(logits), logits"""
    },
    'discriminator of 5 layers': {
        '        logits = dense(tf.reshape(h, [-1, 4 * 4 * 128])': (
            "        h = tf.nn.leaky_relu(batch_norm(conv2d(h, 128, 'conv4'), 'norm4'))\n"
            "        h = tf.nn.leaky_relu(batch_norm(conv2d(h, 64, 'conv5'), 'norm5'))\n"
            '        logits = dense(tf.reshape(h, [-1, 64])'
        )
    },
    'discriminator that ends with a mean over places': {
        'tf.reshape(h, [-1, 4 * 4 * 128])': 'tf.reduce_mean(h, [1, 2])'
    },
    'discriminator with AUTO_REUSE': {"('discriminator', reuse=reuse)": "('discriminator', reuse=tf.AUTO_REUSE)"},
    'generator with AUTO_REUSE': {'reuse=not is_train)': 'reuse=tf.AUTO_REUSE)'},
    'ReLU in place of leaky ReLU in the generator': {
        "tf.nn.leaky_relu(batch_norm_with_averages(h, 'norm1', is_train))": (
            "tf.nn.relu(batch_norm_with_averages(h, 'norm1', is_train))"
        )
    },
    'max pooling in the discriminator': {
        'def discriminator': D_HEAD
        + """        w = weights([5, 5, images.shape[-1], 16])
        h = tf.nn.relu(tf.nn.conv2d(images, w, 1, 'SAME'))
        h = tf.nn.max_pool(h, 2, 2, 'VALID')
        logits = dense(tf.reshape(h, [-1, 14 * 14 * 16]), 1, 'logits')
        return tf.sigmoid(logits), logits"""
    },
    'logits without a sigmoid op of its own': {
        'return tf.sigmoid(logits), logits': 'return 1 / (1 + tf.exp(-logits)), logits'
    },
    'generator without batch norm': {
        'def generator': G_HEAD
        + """        h = tf.nn.leaky_relu(tf.reshape(dense(z, 4 * 4 * 64, 'project'), [-1, 4, 4, 64]))
        h = tf.nn.leaky_relu(conv2d_transpose(h, 7, 32, 'up1'))
        h = tf.nn.leaky_relu(conv2d_transpose(h, 14, 16, 'up2'))
        return tf.tanh(conv2d_transpose(h, 28, out_channel_dim, 'up3'))"""
    },
    'resize and convolve': {
        'def conv2d_transpose': """def conv2d_transpose(x, size, filters, name):
    with tf.variable_scope(name):
        x = tf.image.resize_nearest_neighbor(x, [size, size])
        return tf.nn.conv2d(x, weights([3, 3, x.shape[-1], filters]), 1, 'SAME')"""
    },
    'depth to space': {
        'def generator': G_HEAD
        + """        h = tf.reshape(dense(z, 7 * 7 * 64, 'project'), [-1, 7, 7, 64])
        h = tf.nn.leaky_relu(batch_norm_with_averages(h, 'norm', is_train))
        with tf.variable_scope('up1'):
            h = tf.nn.depth_to_space(tf.nn.conv2d(h, weights([3, 3, 64, 128]), 1, 'SAME'), 2)
        with tf.variable_scope('up2'):
            h = tf.nn.depth_to_space(tf.nn.conv2d(h, weights([3, 3, 32, 4 * out_channel_dim]), 1, 'SAME'), 2)
        return tf.tanh(h)"""
    },
    'dropout in the generator in training only': {
        '        h = conv2d_transpose(h, 14': (
            '        h = tf.nn.dropout(h, rate=0.5) if is_train else h\n        h = conv2d_transpose(h, 14'
        )
    },
    'dense layer with a ReLU before the reshape': {
        "tf.reshape(dense(z, 4 * 4 * 128, 'project')": "tf.reshape(tf.nn.relu(dense(z, 4 * 4 * 128, 'project'))"
    },
    'generator in [-0.5, 0.5], with images as they come': changed(
        {'return tf.tanh(': 'return 0.5 * tf.tanh(', '2 * batch,': 'batch,'}, hints=('generator.half_range',)
    ),
    'images scaled in model_loss in place of train': {
        'discriminator(input_real)': 'discriminator(2 * input_real)',
        '2 * batch,': 'batch,',
    },
    'batch norm by moments and assign ops': {
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
    'moving averages updated by control dependencies inside of batch norm as well': {
        '    return y': """    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS, average_mean.op.name[:-12])
    with tf.control_dependencies(updates):
        return tf.identity(y)"""
    },
    'discriminator with moving averages and update ops': {
        NORM2: NORM2.replace(
            "batch_norm(conv2d(h, 64, 'conv2'), 'norm2')",
            "batch_norm_with_averages(conv2d(h, 64, 'conv2'), 'norm2', True)",
        )
    },
    'discriminator without batch norm': {
        NORM2: "h = tf.nn.leaky_relu(conv2d(h, 64, 'conv2'))",
        "batch_norm(conv2d(h, 128, 'conv3'), 'norm3')": "conv2d(h, 128, 'conv3')",
    },
    'no label smoothing': {'smooth=0.1': 'smooth=0.0'},
    'label smoothing of 0.3': {'smooth=0.1': 'smooth=0.3'},
    'labels by ones_like times 0.9': {
        'tf.fill(tf.shape(logits), 1.0 - smooth)': 'tf.ones_like(logits) * (1.0 - smooth)'
    },
    'd_loss halved': changed(
        {
            'd_loss = real_loss(logits_real, smooth=0.1) + fake_loss(logits_fake)': (
                'd_loss = 0.5 * (real_loss(logits_real, smooth=0.1) + fake_loss(logits_fake))'
            )
        },
        hints=('model_loss.halved',),
    ),
    'cross-entropy by softplus': {
        'def fake_loss': """def fake_loss(logits):
    return tf.reduce_mean(tf.nn.softplus(logits))"""
    },
    'update ops with both steps': {'def model_opt': OPT_LAYERS},
    'update ops with the step of the discriminator': {
        D_STEP: '',
        f'    with tf.control_dependencies({UPDATES}):\n': (
            f'    with tf.control_dependencies({UPDATES}):\n    {D_STEP}    if True:\n'
        ),
    },
    'update ops grouped with the step': {
        f'with tf.control_dependencies({UPDATES}):': 'if True:',
        '    return d_train_opt, g_train_opt': f'    return d_train_opt, tf.group(g_train_opt, *{UPDATES})',
    },
    'gradients computed and applied': {
        "d_adam.minimize(d_loss, var_list=tf.trainable_variables('discriminator'))": (
            "d_adam.apply_gradients(d_adam.compute_gradients(d_loss, tf.trainable_variables('discriminator')))"
        )
    },
    'normal z': changed({'rng.uniform(-1, 1, [n, z_dim])': 'rng.normal(0, 1, [n, z_dim])'}, within='sample_z'),
    'learning rate without a shape': {'tf.placeholder(tf.float32, [], name': 'tf.placeholder(tf.float32, name'},
    'learning rate with a default': {
        "tf.placeholder(tf.float32, [], name='learning_rate')": 'tf.placeholder_with_default(0.0002, [])'
    },
    'the train of the original project': {'def train': TRAIN},
    'the generator is trained twice': trains(G_OPT, f'{G_OPT}\n                {G_OPT}'),
    'z of a normal distribution': trains(BATCH_Z, 'np.random.normal(size=(batch_size, z_dim))'),
    'new z for the step of the generator': trains(G_OPT, G_OPT.replace('input_z: batch_z', f'input_z: {BATCH_Z}')),
    'steps counted from 0 in each epoch': trains(
        '        for epoch_i in range(epoch_count):\n',
        '        for epoch_i in range(epoch_count):\n            steps = 0\n',
    ),
    'two steps of the discriminator': trains(
        'sess.run(d_opt, feed_dict=feed)',
        'sess.run(d_opt, feed_dict=feed)\n                sess.run(d_opt, feed_dict=feed)',
    ),
    'a MonitoredTrainingSession': {
        'def train': TRAIN.replace(
            'tf.Session() as sess:\n        sess.run(tf.global_variables_initializer())',
            'tf.train.MonitoredTrainingSession() as sess:',
        ).replace('d_loss.eval(feed), g_loss.eval({input_z: batch_z})', 'sess.run(d_loss, feed)')
    },
    'width and height in the order of NumPy': changed(
        {'[image_width, image_height,': '[image_height, image_width,'}, hints=('model_inputs.height_first',)
    ),
    'a learning rate of float64': changed(
        {'tf.placeholder(tf.float32, [], name': 'tf.placeholder(tf.float64, [], name'},
        hints=('model_inputs.rate_float64',),
    ),
    'the flag of the generator under another name': changed(
        {
            'def generator': G_LAYERLESS.replace('is_train', 'training'),
            'generator(input_z, out_channel_dim, is_train=False)': 'generator(input_z, out_channel_dim, False)',
        },
        hints=('generator.flag_name',),
    ),
    'the flag of the generator by its name only': {
        'def generator(z, out_channel_dim, is_train=True)': 'def generator(z, out_channel_dim, *, is_train=True)'
    },
    'the flag of the discriminator under another name': changed(
        {
            'def discriminator(images, reuse=False)': 'def discriminator(images, again=False)',
            "('discriminator', reuse=reuse)": "('discriminator', reuse=again)",
            'discriminator(fake, reuse=True)': 'discriminator(fake, again=True)',
        },
        hints=('discriminator.flag_name',),
    ),
    'a discriminator that reuses by itself, called without reuse': {
        "('discriminator', reuse=reuse)": "('discriminator', reuse=tf.AUTO_REUSE)",
        'discriminator(fake, reuse=True)': 'discriminator(fake)',
    },
    'weights of 0.1 in all layers': {NORMAL: 'tf.random_normal_initializer(stddev=0.1)'},
    'weights of 0.1 in all layers, without batch norm before the last': {
        NORMAL: 'tf.random_normal_initializer(stddev=0.1)',
        "batch_norm_with_averages(h, 'norm2', is_train)": 'h',
    },
    'convolutions with VALID padding': changed(
        {
            "filters]), strides=2, padding='SAME')": "filters]), strides=2, padding='VALID')",
            'dense(tf.reshape(h, [-1, 4 * 4 * 128])': 'dense(tf.reshape(h, [-1, 128])',
        },
        hints=('discriminator.border',),
    ),
    'the activation of each layer kept in a list': {
        NORM2: f'{NORM2}\n        tf.add_to_collection("activations", tf.nn.relu(h))'
    },
    'a summary of an activation': {NORM2: f"{NORM2}\n        tf.summary.histogram('activation', tf.nn.relu(h))"},
    'a new random label for each real image': {
        REAL_LABELS: 'tf.random_uniform(tf.shape(logits), 0.9, 1) if smooth else tf.ones_like(logits)'
    },
    'a new random label from 0.7 to 1.2 for each real image': {
        REAL_LABELS: 'tf.random_uniform(tf.shape(logits), 0.7, 1.2) if smooth else tf.ones_like(logits)'
    },
    'a new random label at every step': {
        REAL_LABELS: 'tf.ones_like(logits) * (tf.random_uniform([], 0.8, 1) if smooth else 1)'
    },
    'labels of real images with normal noise': {
        REAL_LABELS: 'tf.random_normal(tf.shape(logits), 0.9, 0.02) if smooth else tf.ones_like(logits)'
    },
    'new random labels from 0.9 to 1 in both losses': changed(
        {REAL_LABELS: 'tf.random_uniform(tf.shape(logits), 0.9, 1)'}, hints=('model_loss.g_label_below_1',)
    ),
    'a label of 0.1 for fake images': changed(
        {'labels = tf.zeros_like(logits)': 'labels = tf.fill(tf.shape(logits), 0.1)'},
        hints=('model_loss.fake_label_smoothed',),
    ),
    'new random labels from 0 to 0.3 for fake images': changed(
        {'labels = tf.zeros_like(logits)': 'labels = tf.random_uniform(tf.shape(logits), 0, 0.3)'},
        hints=('model_loss.fake_label_smoothed',),
    ),
    'a few labels of real images flipped at random': {
        REAL_LABELS: 'tf.cast(tf.random_uniform(tf.shape(logits)) > (0.05 if smooth else 0), tf.float32)'
    },
    'noise on the images in model_loss': {
        'discriminator(input_real)': 'discriminator(input_real + tf.random_normal(tf.shape(input_real), 0, 0.1))',
        'discriminator(fake,': 'discriminator(fake + tf.random_uniform(tf.shape(fake), -0.1, 0.1),',
    },
    'the show_generator_output of the original project': changed(
        {'def show_generator_output': SHOW, 'def train': TRAIN}, hints=('train.show_grows',)
    ),
    'the learning rate handed over as a number': trains(
        'model_opt(d_loss, g_loss, lr, beta1)',
        'model_opt(d_loss, g_loss, learning_rate, beta1)',
        hints=('train.rate_placeholder',),
    ),
    'a learning rate that falls': trains('lr: learning_rate}\n', 'lr: learning_rate / (1 + epoch_i)}\n'),
    'images shown every 30 batches': trains('steps % 100', 'steps % 30'),
    'images shown every 200 batches': trains('steps % 100', 'steps % 200', hints=('train.shown_seldom',)),
    'images shown every 1000 batches': trains('steps % 100', 'steps % 1000', hints=('train.shown_seldom',)),
    'images shown every 10 batches': trains('steps % 100', 'steps % 10', hints=('train.shown_often',)),
    'images shown at every batch': trains('steps % 100', 'steps % 1', hints=('train.shown_often',)),
    'images shown after each epoch': trains(f'                if steps % 100 == 0:\n        {SHOW_CALL}', SHOW_CALL),
    'images shown by Matplotlib': trains(
        SHOW_CALL.strip(),
        'import matplotlib.pyplot as plt\n'
        '                    plt.imshow(np.zeros([28, 28]))\n'
        '                    plt.show()',
    ),
    'the generator is trained up to five times while its loss is the larger one': trains(
        G_OPT,
        f"""k = 0
                while k < 5 and sess.run(g_loss, feed) > sess.run(d_loss, feed):
                    {G_OPT}
                    k += 1""",
    ),
    'the generator is trained while its loss is large': trains(
        G_OPT,
        f"""while g_loss.eval(feed) > 1.5:
                    {G_OPT}""",
    ),
    'the discriminator is trained only while its loss is not small': trains(
        'sess.run(d_opt, feed_dict=feed)',
        'if d_loss.eval(feed) > 0.5:\n                    sess.run(d_opt, feed_dict=feed)',
    ),
    'the generator is trained every fifth batch': trains(G_OPT, f'if steps % 5 == 0:\n                    {G_OPT}'),
    'both networks by turns': trains(
        f'sess.run(d_opt, feed_dict=feed)\n                {G_OPT}',
        f"""if steps % 2:
                    sess.run(d_opt, feed_dict=feed)
                else:
                    {G_OPT}""",
    ),
    'the generator first': trains(
        f'sess.run(d_opt, feed_dict=feed)\n                {G_OPT}',
        f'{G_OPT}\n                sess.run(d_opt, feed_dict=feed)',
    ),
    'both steps in one run': trains(
        f'sess.run(d_opt, feed_dict=feed)\n                {G_OPT}', 'sess.run([d_opt, g_opt], feed)'
    ),
    'all batches of an epoch in a list': trains('in get_batches(batch_size)', 'in list(get_batches(batch_size))'),
    'a look at the first batch before the training': trains(
        '    steps = 0\n    with tf.Session',
        '    print(next(get_batches(batch_size)).shape)\n    steps = 0\n    with tf.Session',
    ),
    'twice as many vectors z as images': trains(BATCH_Z, BATCH_Z.replace('batch_size', '2 * batch_size')),
    'a saver, a file of samples and a folder': trains(
        'steps = 0\n    with tf.Session',
        "import os\n    os.makedirs('samples', exist_ok=True)\n    open('samples.pkl', 'wb').close()\n"
        '    saver = tf.train.Saver()\n    steps = 0\n    with tf.Session',
        ends="\n            saver.save(sess, './generator.ckpt')",
    ),
    'a session of its own name, never closed': trains(
        'with tf.Session() as sess:', 'sess = tf.InteractiveSession()\n    if True:'
    ),
    'TensorFlow 1 with tf.layers': changed(
        {**OLD, 'def discriminator': D_LAYERS, 'def generator': G_LAYERS}, hints=('train.show_grows',)
    ),
    'TensorFlow 1 with tf.contrib': changed(
        {
            **OLD,
            'imports': OLD['imports']
            + 'from tensorflow.contrib import layers\nfrom tensorflow.contrib.layers import fully_connected\n',
            'def discriminator': CONTRIB_D,
            'def generator': CONTRIB_G,
        },
        hints=('train.show_grows',),
    ),
    'TensorFlow 1 with building blocks on tf.nn': changed(OLD, hints=('train.show_grows',)),
    'noise on real images, which are mirrored at random': trains(
        'batch_images = batch_images * 2\n',
        'batch_images = batch_images * 2 + np.random.normal(0, 0.1, batch_images.shape)\n'
        '                batch_images = batch_images[:, :, :: np.random.choice([-1, 1])]\n',
    ),
    'a row of images that is not added to the picture of the run': changed(
        {'data_image_mode, run)': 'data_image_mode)'}, within='train', hints=('train.show_without_run',)
    ),
}
