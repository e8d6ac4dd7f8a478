"""Wrong implementations of train."""

from . import Case

# What the cases change: a train like the notebook's, without what surrounds it (checkpoints, averages of weights).
PLAIN = '''\
def train(
    epoch_count, batch_size, z_dim, learning_rate, beta1, get_batches, data_shape, data_image_mode, seed=0, title=''
):
    """Train a new GAN. Returns (losses [steps, 2], generate), where generate(z) draws images in [-1, 1]."""
    n_images, width, height, channels = data_shape
    with new_graph(seed) as graph:
        input_real, input_z, rate = model_inputs(width, height, channels, z_dim)
        d_loss, g_loss = model_loss(input_real, input_z, channels)
        step = [d_loss, g_loss, *model_opt(d_loss, g_loss, rate, beta1)]
        images = sample_images(input_z, channels)
        initialise = tf.global_variables_initializer()
    graph.finalize()
    sess = tf.Session(graph=graph)
    sess.run(initialise)
    losses = []
    with helper.progress(total=epoch_count * (n_images // batch_size), desc='training', unit='batch') as bar:
        for epoch in range(epoch_count):
            for batch in get_batches(batch_size, seed=[seed, epoch]):
                z = np.random.default_rng([seed, len(losses)]).uniform(-1, 1, [len(batch), z_dim])
                losses.append(sess.run(step, {input_real: 2 * batch, input_z: z, rate: learning_rate})[:2])
                bar.set_postfix(d_loss=losses[-1][0], g_loss=losses[-1][1], refresh=False)
                bar.update()
                if len(losses) % 100 == 0:
                    caption = f'{title}, batch {len(losses)}'
                    show_generator_output(sess, 6, input_z, channels, data_image_mode, caption)
    return np.array(losses), lambda z: sess.run(images, {input_z: z})
'''
Z = 'np.random.default_rng([seed, len(losses)]).uniform(-1, 1, [len(batch), z_dim])'
FEED = '{input_real: 2 * batch, input_z: z, rate: learning_rate}'
STEP = 'step = [d_loss, g_loss, *model_opt(d_loss, g_loss, rate, beta1)]'
GRAPH = 'with new_graph(seed) as graph:\n'
RUN = f'losses.append(sess.run(step, {FEED})[:2])'
FOR_BATCH = 'for batch in get_batches(batch_size, seed=[seed, epoch]):'
EVERY = 'if len(losses) % 100 == 0:'
FINAL = '    graph.finalize()\n    sess = tf.Session(graph=graph)'
OPEN = '    sess = tf.Session(graph=graph)'  # not finalised
ADDS_A_SAMPLING_OP = """def sample_images(input_z, out_channel_dim):
    with input_z.graph.as_default():
        return generator(input_z, out_channel_dim, is_train=False)"""


def wrong(fails, name, phrase, changes, within='train', **more):
    """A case that changes PLAIN, or another definition."""
    train, others = PLAIN, {}
    for old, new in changes.items():
        if within == 'train' and not old.startswith('def '):
            assert train.count(old) == 1, f'{name}: {old!r} has to occur once in PLAIN'
            train = train.replace(old, new)
        else:
            others[old] = new
    return Case(name, fails, phrase, {'def train': train, **others}, within, **more)


CASES = [
    wrong(
        'train',
        'real images as they come',
        'reach the discriminator in [-0.50, 0.50], the generator draws in [-1, 1]',
        {'2 * batch': 'batch'},
        classic=True,
    ),
    wrong(
        'train',
        'real images divided by 255 again',
        'real images reach the discriminator in',
        {'2 * batch': 'batch / 255 * 2'},
        classic=True,
    ),
    wrong(
        'train',
        'real images in [0, 1]',
        'real images reach the discriminator in [0.00, 1.00]',
        {'2 * batch': 'batch + 0.5'},
        classic=True,
    ),
    wrong(
        'train',
        'real images in [-2, 0], as if they came in [0, 1]',
        'real images reach the discriminator in [-2.00, 0.00]',
        {'2 * batch': '2 * batch - 1'},
        classic=True,
    ),
    wrong(
        'train',
        'real images as bytes',
        'real images reach the discriminator in [0.00, 255.00]',
        {'2 * batch': '(batch + 0.5) * 255'},
    ),
    wrong(
        'train',
        'real images times 4',
        'real images reach the discriminator in [-2.00, 2.00]',
        {'2 * batch': '4 * batch'},
    ),
    wrong(
        'train',
        'real images in the wrong range since the generator draws in [-0.5, 0.5]',
        'the generator draws in [-0.5, 0.5]',
        {'return tf.tanh(': 'return 0.5 * tf.tanh('},
        within='generator',
    ),
    wrong(
        'train',
        'scaled twice, in train and in model_loss',
        'real images reach the discriminator',
        {'discriminator(input_real)': 'discriminator(2 * input_real)'},
        within='model_loss',
    ),
    wrong(
        'train',
        'learning rate handed over as a number',
        'the learning-rate placeholder is dead',
        {'g_loss, rate, beta1': 'g_loss, learning_rate, beta1'},
        classic=True,
    ),
    wrong('train', 'learning rate not fed', 'What it means: A placeholder takes part', {', rate: learning_rate': ''}),
    wrong(
        'train',
        'another learning rate fed',
        'learning rate that arrives at the optimiser is',
        {'rate: learning_rate': 'rate: 0.0002'},
    ),
    wrong('train', 'beta1 ignored', 'model_opt is given beta1=0.5', {'rate, beta1)': 'rate, 0.5)'}),
    wrong(
        'train',
        'reset_default_graph inside of with tf.Graph()',
        'leave the call out',
        {GRAPH: f'{GRAPH}        tf.reset_default_graph()\n'},
        classic=True,
    ),
    wrong(
        'train',
        'feed_dict with key and value swapped',
        'In a feed_dict the placeholder is the key',
        {'input_z: z,': 'z.tobytes(): input_z,'},
    ),
    wrong(
        'train',
        'feed_dict with image placeholder and batch swapped',
        'In a feed_dict the placeholder is the key',
        {'input_real: 2 * batch': '(2 * batch): input_real'},
        classic=True,
    ),
    wrong('train', 'images never shown', 'images were shown 0 times', {EVERY: 'if False:'}, classic=True),
    wrong('train', 'images shown once per epoch only', 'images were shown 2 times', {'% 100 ==': '% 250 =='}),
    wrong('train', 'images shown at every batch', 'images were shown 500 times', {EVERY: 'if True:'}),
    wrong('train', 'images shown every 10 batches', 'images were shown 50 times', {'% 100 ==': '% 10 =='}),
    wrong(
        'train',
        'a sampling op added at every display',
        'the graph grows while training',
        {FINAL: OPEN, 'def sample_images': ADDS_A_SAMPLING_OP},
        classic=True,
    ),
    wrong(
        'train',
        'a sampling op added at every display, to a finalised graph',
        'What it means: Something is added to the graph',
        {'def sample_images': ADDS_A_SAMPLING_OP},
        classic=True,
    ),
    wrong(
        'train',
        'an operation added at every step',
        'the graph grows while training',
        {FINAL: OPEN, RUN: f'd_loss = d_loss + 0\n                {RUN}'},
        classic=True,
    ),
    wrong(
        'train',
        'a z for all of the training',
        'only 1 different batches of z',
        {Z: 'np.random.default_rng(0).uniform(-1, 1, [len(batch), z_dim])'},
    ),
    wrong(
        'train',
        'the same z in each epoch',
        'only 250 different batches of z',
        {Z: Z.replace('len(losses)', 'len(losses) % 250')},
    ),
    wrong(
        'train',
        'one z for all images of a batch',
        'fewer different rows of z',
        {Z: f'np.repeat({Z}[:1], len(batch), 0)'},
    ),
    wrong('train', 'z of zeros', 'z', {Z: 'np.zeros([len(batch), z_dim])'}),
    wrong(
        'train',
        'variables initialised in each epoch',
        'initialised again in the middle',
        {
            '    sess.run(initialise)\n': '',
            '            for batch in': '            sess.run(initialise)\n            for batch in',
        },
    ),
    wrong(
        'train',
        'the first image of each batch only',
        'got 1 of the 4 images of a batch',
        {'2 * batch,': '2 * batch[:1],'},
    ),
    wrong(
        'train',
        'one epoch only',
        'the discriminator made 250 steps',
        {'for epoch in range(epoch_count)': 'for epoch in range(1)'},
    ),
    wrong(
        'train',
        'the first batch of each epoch only',
        'the discriminator made 2 steps',
        {'                bar.update()': '                break'},
    ),
    wrong(
        'train',
        'every other batch',
        'the discriminator made 250 steps',
        {FOR_BATCH: 'for batch in list(get_batches(batch_size, seed=[seed, epoch]))[::2]:'},
    ),
    wrong(
        'train',
        'the last batch left out',
        'batches were seen less than 2 times',
        {FOR_BATCH: 'for batch in list(get_batches(batch_size, seed=[seed, epoch]))[:-1]:'},
    ),
    wrong(
        'train',
        'batches drawn once for all epochs',
        'the discriminator made 250 steps',
        {
            'for epoch in range(epoch_count)': (
                'batches = get_batches(batch_size)\n        for epoch in range(epoch_count)'
            ),
            'in get_batches(batch_size, seed=[seed, epoch])': 'in batches',
        },
    ),
    wrong(
        'train',
        'the first batch for ever',
        'batches were seen less than 2 times',
        {FOR_BATCH: 'first = next(get_batches(batch_size))\n            for batch in [first] * 250:'},
    ),
    wrong('train', 'nothing is trained', 'the discriminator made 0 steps', {RUN: 'losses.append((0, 0))'}),
    wrong(
        'train',
        'only the discriminator is trained',
        'the generator made 0 steps',
        {STEP: STEP.replace('*model', 'model').replace('beta1)', 'beta1)[0]')},
    ),
    wrong(
        'train',
        'only the generator is trained',
        'the discriminator made 0 steps',
        {STEP: STEP.replace('*model', 'model').replace('beta1)', 'beta1)[1]')},
    ),
    wrong(
        'train',
        'the generator every other batch',
        'the generator made 250 steps',
        {'sess.run(step,': 'sess.run(step if len(losses) % 2 else step[:3],'},
    ),
    wrong(
        'train',
        'the generator once per epoch',
        'the generator made',
        {'sess.run(step,': 'sess.run(step if len(losses) % 250 == 0 else step[:3],'},
    ),
    wrong(
        'train',
        'always three channels',
        'calls model_inputs with (28, 28, 3, 6)',
        {'height, channels, z_dim': 'height, 3, z_dim'},
    ),
    wrong('train', 'always 100 numbers in z', 'calls model_inputs with', {'channels, z_dim)\n': 'channels, 100)\n'}),
    wrong(
        'train',
        'always a batch of 128',
        'get_batches is called with batch_size 128',
        {'get_batches(batch_size,': 'get_batches(128,'},
    ),
    wrong(
        'train',
        'model_loss for three channels',
        'does not pass the number of channels',
        {'input_z, channels)\n        step': 'input_z, 3)\n        step'},
    ),
    wrong('train', 'model_opt never called', 'does not call model_opt', {STEP: 'step = [d_loss, g_loss]'}),
    wrong('train', 'variables never initialised', 'Variables have no value until', {'    sess.run(initialise)\n': ''}),
    wrong(
        'train',
        'works once only',
        'while running train for a second time',
        {
            GRAPH: 'with GRAPHS.pop() as graph:\n',
            'def weights': '''GRAPHS = [tf.Graph().as_default()]


def weights(shape):
    """The variable 'weights' of the current scope, float32."""
    return tf.get_variable('weights', shape, initializer=tf.random_normal_initializer(stddev=0.02))''',
        },
    ),
    wrong(
        'train',
        'results of model_opt swapped with the losses',
        'while running train',
        {
            'd_loss, g_loss = model_loss(input_real, input_z, channels)': (
                'd_loss = model_loss(input_real, input_z, channels)'
            )
        },
    ),
    wrong('train', 'a name that does not exist', 'NameError', {'2 * batch': '2 * batch_images'}),
]
