"""Wrong implementations of train."""

import functools

from . import Case

# What the cases change: a train like the notebook's, without what surrounds its steps.
PLAIN = '''\
def train(epoch_count, batch_size, z_dim, learning_rate, beta1, get_batches, data_shape, data_image_mode, seed=0):
    """Train a new GAN. Returns (losses [steps, 2], generate), where generate(z) makes images in [-1, 1]."""
    n_images, width, height, channels = data_shape
    with new_graph(seed) as graph:
        input_real, input_z, rate = model_inputs(width, height, channels, z_dim)
        d_loss, g_loss = model_loss(input_real, input_z, channels)
        step = [d_loss, g_loss, *model_opt(d_loss, g_loss, rate, beta1)]
        images = sample_images(input_z, channels)
        initialize = tf.global_variables_initializer()
    graph.finalize()
    sess = tf.Session(graph=graph)
    sess.run(initialize)
    losses = []
    with helper.progress(total=epoch_count * (n_images // batch_size), desc='training', unit='batch') as bar:
        for epoch in range(epoch_count):
            for batch in get_batches(batch_size, seed=[seed, epoch]):
                z = np.random.default_rng([seed, len(losses)]).uniform(-1, 1, [len(batch), z_dim])
                losses.append(sess.run(step, {input_real: 2 * batch, input_z: z, rate: learning_rate})[:2])
                bar.set_postfix(d_loss=losses[-1][0], g_loss=losses[-1][1], refresh=False)
                bar.update()
                if len(losses) % 100 == 0:
                    show_generator_output(sess, 6, input_z, channels, data_image_mode)
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
OPEN = '    sess = tf.Session(graph=graph)'  # not finalized
SHOW = 'show_generator_output(sess, 6, input_z, channels, data_image_mode)'
ADDS_A_SAMPLING_OP = """def sample_images(input_z, out_channel_dim):
    with input_z.graph.as_default():
        return generator(input_z, out_channel_dim, is_train=False)"""


def wrong(fault, name, changes, within='train', **more):
    """A case that changes PLAIN, or a different definition."""
    train, others = PLAIN, {}
    for old, new in changes.items():
        if within == 'train' and not old.startswith('def '):
            assert train.count(old) == 1, f'{name}: {old!r} has to occur once in PLAIN'
            train = train.replace(old, new)
        else:
            others[old] = new
    return Case(f'train.{fault}', name, {'def train': train, **others}, within, **more)


classic = functools.partial(wrong, classic=True)

CASES = [
    classic('range', 'real images as they come', {'2 * batch': 'batch'}, says='[-0.50, 0.50]'),
    classic('range', 'real images divided by 255 again', {'2 * batch': 'batch / 255 * 2'}),
    classic('range', 'real images in [0, 1]', {'2 * batch': 'batch + 0.5'}, says='[0.00, 1.00]'),
    classic(
        'range',
        'real images in [-2, 0], as if they came in [0, 1]',
        {'2 * batch': '2 * batch - 1'},
        says='[-2.00, 0.00]',
    ),
    wrong('range', 'real images as bytes', {'2 * batch': '(batch + 0.5) * 255'}, says='[0.00, 255.00]'),
    wrong('range', 'real images times 4', {'2 * batch': '4 * batch'}, says='[-2.00, 2.00]'),
    wrong(
        'range',
        'real images in the wrong range since the generator is in [-0.5, 0.5]',
        {'return tf.tanh(': 'return 0.5 * tf.tanh('},
        within='generator',
    ),
    wrong(
        'range',
        'scaled twice, in train and in model_loss',
        {'discriminator(input_real)': 'discriminator(2 * input_real)'},
        within='model_loss',
    ),
    wrong('not_fed', 'learning rate not fed', {', rate: learning_rate': ''}),
    wrong('rate', 'another learning rate fed', {'rate: learning_rate': 'rate: 0.0002'}),
    wrong('beta1', 'beta1 ignored', {'rate, beta1)': 'rate, 0.5)'}, says='beta1=0.5'),
    classic(
        'reset_graph',
        'reset_default_graph inside of with tf.Graph()',
        {GRAPH: f'{GRAPH}        tf.reset_default_graph()\n'},
    ),
    wrong('feed_dict', 'feed_dict with key and value swapped', {'input_z: z,': 'z.tobytes(): input_z,'}),
    classic(
        'feed_dict',
        'feed_dict with image placeholder and batch swapped',
        {'input_real: 2 * batch': '(2 * batch): input_real'},
    ),
    classic('never_shown', 'images never shown', {EVERY: 'if False:'}),
    classic(
        'finalized',
        'a sampling op added at every display, to a finalized graph',
        {'def sample_images': ADDS_A_SAMPLING_OP},
    ),
    classic(
        'graph_grows',
        'an operation added at every step',
        {FINAL: OPEN, RUN: f'd_loss = d_loss + 0\n                {RUN}'},
    ),
    wrong(
        'noise_repeats',
        'a z for all of the training',
        {Z: 'np.random.default_rng(0).uniform(-1, 1, [len(batch), z_dim])'},
    ),
    wrong('noise_repeats', 'the same z in each epoch', {Z: Z.replace('len(losses)', 'len(losses) % 103')}, says='103'),
    wrong('noise_in_a_batch', 'one z for all images of a batch', {Z: f'np.repeat({Z}[:1], len(batch), 0)'}),
    wrong('noise_repeats', 'z of zeros', {Z: 'np.zeros([len(batch), z_dim])'}),
    wrong(
        'initialized_again',
        'variables initialized in each epoch',
        {
            '    sess.run(initialize)\n': '',
            '            for batch in': '            sess.run(initialize)\n            for batch in',
        },
    ),
    wrong('part_of_a_batch', 'the first image of each batch only', {'2 * batch,': '2 * batch[:1],'}),
    wrong('epochs', 'one epoch only', {'for epoch in range(epoch_count)': 'for epoch in range(1)'}, says='1.0'),
    wrong(
        'batches_unused',
        'the first batch of each epoch only',
        {'                bar.update()': '                break'},
    ),
    wrong(
        'batches_unused',
        'every other batch',
        {FOR_BATCH: 'for batch in list(get_batches(batch_size, seed=[seed, epoch]))[::2]:'},
        says='51 of the 103',
    ),
    wrong(
        'batches_unused',
        'the last batch left out',
        {FOR_BATCH: 'for batch in list(get_batches(batch_size, seed=[seed, epoch]))[:-1]:'},
    ),
    wrong(
        'epochs',
        'batches asked for once for all epochs',
        {
            'for epoch in range(epoch_count)': (
                'batches = get_batches(batch_size)\n        for epoch in range(epoch_count)'
            ),
            'in get_batches(batch_size, seed=[seed, epoch])': 'in batches',
        },
        says='1.0',
    ),
    wrong(
        'batches_unused',
        'the first batch forever',
        {FOR_BATCH: 'first = next(get_batches(batch_size))\n            for batch in [first] * 103:'},
    ),
    wrong('batches_unused', 'nothing is trained', {RUN: 'losses.append((0, 0))'}),
    wrong(
        'stands_still',
        'only the discriminator is trained',
        {STEP: STEP.replace('*model', 'model').replace('beta1)', 'beta1)[0]')},
    ),
    wrong(
        'stands_still',
        'only the generator is trained',
        {STEP: STEP.replace('*model', 'model').replace('beta1)', 'beta1)[1]')},
    ),
    wrong(
        'stands_still',
        'the generator once per epoch',
        {'sess.run(step,': 'sess.run(step if len(losses) % 103 == 0 else step[:3],'},
    ),
    wrong('sizes', 'always three channels', {'height, channels, z_dim': 'height, 3, z_dim'}),
    wrong('sizes', 'always 100 numbers in z', {'channels, z_dim)\n': 'channels, 100)\n'}),
    wrong('batch_size', 'always a batch of 128', {'get_batches(batch_size,': 'get_batches(128,'}, says='128'),
    wrong(
        'channels', 'model_loss for three channels', {'input_z, channels)\n        step': 'input_z, 3)\n        step'}
    ),
    wrong('not_called', 'model_opt never called', {STEP: 'step = [d_loss, g_loss]'}),
    wrong('uninitialized', 'variables never initialized', {'    sess.run(initialize)\n': ''}),
    wrong(
        'raises',
        'works once only',
        {
            GRAPH: 'with GRAPHS.pop() as graph:\n',
            'def weights': '''GRAPHS = [tf.Graph().as_default()]


def weights(shape):
    """The variable 'weights' of the current scope, float32."""
    return tf.get_variable('weights', shape, initializer=tf.random_normal_initializer(stddev=0.02))''',
        },
        says='second time',
    ),
    wrong(
        'raises',
        'results of model_opt swapped with the losses',
        {
            'd_loss, g_loss = model_loss(input_real, input_z, channels)': (
                'd_loss = model_loss(input_real, input_z, channels)'
            )
        },
    ),
    wrong('raises', 'a name that does not exist', {'2 * batch': '2 * batch_images'}, says='NameError'),
    classic(
        'losses_swapped',
        'the losses unpacked in the wrong order',
        {'d_loss, g_loss = model_loss': 'g_loss, d_loss = model_loss'},
    ),
    wrong(
        'losses_swapped',
        'the losses handed over in the wrong order',
        {'model_opt(d_loss, g_loss,': 'model_opt(g_loss, d_loss,'},
    ),
    classic(
        'graph_grows',
        'a sampling op added by train at every display',
        {
            FINAL: OPEN,
            SHOW: (
                'with graph.as_default():\n                        generator(input_z, channels, is_train=False)\n'
                f'                    {SHOW}'
            ),
        },
    ),
    classic('epochs', 'a number of epochs that is not the parameter', {'range(epoch_count)': 'range(10)'}, says='10.0'),
    wrong('epochs', 'one epoch too many', {'range(epoch_count)': 'range(epoch_count + 1)'}, says='8.0'),
    wrong('epochs', 'every batch twice', {FOR_BATCH: f'for _ in range(2):\n              {FOR_BATCH}'}),
    classic('noise_size', 'z for 64 images, whatever the batch size', {Z: Z.replace('len(batch)', '64')}, says='64'),
    classic('raises', '100 numbers in z, whatever z_dim is', {Z: Z.replace('z_dim', '100')}),
    wrong(
        'noise_repeats',
        'the same z at every step of the generator',
        {
            RUN: f"""first = z if not losses else first
                sess.run(step[2], {FEED})
                losses.append(sess.run([*step[:2], step[3]], {FEED.replace('input_z: z', 'input_z: first')})[:2])"""
        },
        says='generator',
    ),
    wrong(
        'stands_still',
        'the generator stands still in the second half',
        {'sess.run(step,': 'sess.run(step if epoch < epoch_count // 2 else step[:3],'},
        says='the generator',
    ),
    wrong(
        'stands_still',
        'the discriminator is trained in the first epoch only',
        {'sess.run(step,': 'sess.run(step if epoch == 0 else [*step[:2], step[3]],'},
        says='the discriminator',
    ),
    wrong(
        'stands_still',
        'the generator moves on a condition that never comes true',
        {'sess.run(step,': 'sess.run(step if losses and losses[-1][1] > 100 else step[:3],'},
        says='the generator makes 0 steps',
    ),
    wrong(
        'channels',
        'images shown with three channels',
        {SHOW: SHOW.replace('channels', '3'), FINAL: OPEN, 'def sample_images': ADDS_A_SAMPLING_OP},
    ),
    wrong('never_shown', 'images shown on a condition that never comes true', {'% 100 == 0': '% 100 == 100'}),
    wrong('not_written', 'not written yet', {'def train': 'def train(*arguments):\n    raise NotImplementedError'}),
]
