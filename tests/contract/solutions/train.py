"""Wrong implementations of train."""

from . import changed, classic

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


def in_plain(case):
    """The same case, with its changes made in PLAIN, not in the notebook's train."""
    train, others = PLAIN, {}
    for old, new in case.changes.items():
        if case.within == 'train' and not old.startswith('def '):
            assert train.count(old) == 1, f'{case.name}: {old!r} has to occur once in PLAIN'
            train = train.replace(old, new)
        else:
            others[old] = new
    return case._replace(changes={'def train': train, **others})


WRONG = {
    'train.initializer_elsewhere: built and run inside the loop': {
        '    sess.run(initialize)\n': '',
        '                losses.append(sess': '                sess.run(tf.global_variables_initializer())\n'
        '                losses.append(sess',
    },
    'train.fed_shape: images and noise swapped in the feed_dict': {
        FEED: '{input_real: z, input_z: 2 * batch, rate: learning_rate}'
    },
    'train.overwritten: a loss that becomes a number': changed(
        {
            f'                {RUN}\n': '                d_loss, g_loss, _, _ = sess.run([d_loss, g_loss, *step[2:]], '
            '{input_real: 2 * batch, input_z: z, rate: learning_rate})\n'
            '                losses.append((d_loss, g_loss))\n'
        }
    ),
    'train.built_twice: model_loss called twice': {STEP: f'model_loss(input_real, input_z, channels)\n        {STEP}'},
    'train.fed_a_tensor: noise from TensorFlow': changed({Z: 'tf.random_uniform([len(batch), z_dim])', FINAL: OPEN}),
    'train.unpacked: one result of model_inputs is left out': {'input_real, input_z, rate =': 'input_real, input_z ='},
    'train.range: real images as they come': classic({'2 * batch': 'batch'}, says='[-0.50, 0.50]'),
    'train.range: real images divided by 255 again': classic({'2 * batch': 'batch / 255 * 2'}),
    'train.range: real images in [0, 1]': classic({'2 * batch': 'batch + 0.5'}, says='[0.00, 1.00]'),
    'train.range: real images in [-2, 0], as if they came in [0, 1]': classic(
        {'2 * batch': '2 * batch - 1'}, says='[-2.00, 0.00]'
    ),
    'train.range: real images as bytes': changed({'2 * batch': '(batch + 0.5) * 255'}, says='[0.00, 255.00]'),
    'train.range: real images times 4': changed({'2 * batch': '4 * batch'}, says='[-2.00, 2.00]'),
    'train.range: real images in the wrong range since the generator is in [-0.5, 0.5]': changed(
        {'return tf.tanh(': 'return 0.5 * tf.tanh('}, within='generator'
    ),
    'train.range: scaled twice, in train and in model_loss': changed(
        {'discriminator(input_real)': 'discriminator(2 * input_real)'}, within='model_loss'
    ),
    'train.not_fed: learning rate not fed': {', rate: learning_rate': ''},
    'train.rate: another learning rate fed': {'rate: learning_rate': 'rate: 0.0002'},
    'train.beta1: beta1 ignored': changed({'rate, beta1)': 'rate, 0.5)'}, says='beta1=0.5'),
    'train.reset_graph: reset_default_graph inside of with tf.Graph()': classic(
        {GRAPH: f'{GRAPH}        tf.reset_default_graph()\n'}
    ),
    'train.feed_dict: feed_dict with key and value swapped': {'input_z: z,': 'z.tobytes(): input_z,'},
    'train.feed_dict: feed_dict with image placeholder and batch swapped': classic(
        {'input_real: 2 * batch': '(2 * batch): input_real'}
    ),
    'train.never_shown: images never shown': classic({EVERY: 'if False:'}),
    'train.finalized: a sampling op added at every display, to a finalized graph': classic(
        {'def sample_images': ADDS_A_SAMPLING_OP}
    ),
    'train.graph_grows: an operation added at every step': classic(
        {FINAL: OPEN, RUN: f'd_loss = d_loss + 0\n                {RUN}'}
    ),
    'train.noise_repeats: a z for all of the training': {
        Z: 'np.random.default_rng(0).uniform(-1, 1, [len(batch), z_dim])'
    },
    'train.noise_repeats: the same z in each epoch': changed(
        {Z: Z.replace('len(losses)', 'len(losses) % 103')}, says='103'
    ),
    'train.noise_in_a_batch: one z for all images of a batch': {Z: f'np.repeat({Z}[:1], len(batch), 0)'},
    'train.noise_repeats: z of zeros': {Z: 'np.zeros([len(batch), z_dim])'},
    'train.initialized_again: variables initialized in each epoch': {
        '    sess.run(initialize)\n': '',
        '            for batch in': '            sess.run(initialize)\n            for batch in',
    },
    'train.part_of_a_batch: the first image of each batch only': {'2 * batch,': '2 * batch[:1],'},
    'train.epochs: one epoch only': changed({'for epoch in range(epoch_count)': 'for epoch in range(1)'}, says='1.0'),
    'train.batches_unused: the first batch of each epoch only': {
        '                bar.update()': '                break'
    },
    'train.batches_unused: every other batch': changed(
        {FOR_BATCH: 'for batch in list(get_batches(batch_size, seed=[seed, epoch]))[::2]:'}, says='51 of the 103'
    ),
    'train.batches_unused: the last batch left out': {
        FOR_BATCH: 'for batch in list(get_batches(batch_size, seed=[seed, epoch]))[:-1]:'
    },
    'train.epochs: batches asked for once for all epochs': changed(
        {
            'for epoch in range(epoch_count)': (
                'batches = get_batches(batch_size)\n        for epoch in range(epoch_count)'
            ),
            'in get_batches(batch_size, seed=[seed, epoch])': 'in batches',
        },
        says='1.0',
    ),
    'train.batches_unused: the first batch forever': {
        FOR_BATCH: 'first = next(get_batches(batch_size))\n            for batch in [first] * 103:'
    },
    'train.batches_unused: nothing is trained': {RUN: 'losses.append((0, 0))'},
    'train.stands_still: only the discriminator is trained': {
        STEP: STEP.replace('*model', 'model').replace('beta1)', 'beta1)[0]')
    },
    'train.stands_still: only the generator is trained': {
        STEP: STEP.replace('*model', 'model').replace('beta1)', 'beta1)[1]')
    },
    'train.stands_still: the generator once per epoch': {
        'sess.run(step,': 'sess.run(step if len(losses) % 103 == 0 else step[:3],'
    },
    'train.sizes: always three channels': {'height, channels, z_dim': 'height, 3, z_dim'},
    'train.sizes: always 100 numbers in z': {'channels, z_dim)\n': 'channels, 100)\n'},
    'train.batch_size: always a batch of 128': changed({'get_batches(batch_size,': 'get_batches(128,'}, says='128'),
    'train.channels: model_loss for three channels': {'input_z, channels)\n        step': 'input_z, 3)\n        step'},
    'train.not_called: model_opt never called': {STEP: 'step = [d_loss, g_loss]'},
    'train.uninitialized: variables never initialized': {'    sess.run(initialize)\n': ''},
    'train.raises: works once only': changed(
        {
            GRAPH: 'with GRAPHS.pop() as graph:\n',
            'def weights': '''GRAPHS = [tf.Graph().as_default()]


def weights(shape, stddev=0.02):
    """The variable 'weights' of the current scope, float32."""
    return tf.get_variable('weights', shape, initializer=tf.random_normal_initializer(stddev=0.02))''',
        },
        says='second time',
    ),
    'train.unknown_name: g_loss is not unpacked': {
        'd_loss, g_loss = model_loss(input_real, input_z, channels)': (
            'd_loss = model_loss(input_real, input_z, channels)'
        )
    },
    'train.unknown_name: a name that does not exist': changed({'2 * batch': '2 * batch_images'}, says='batch_images'),
    'train.losses_swapped: the losses unpacked in the wrong order': classic(
        {'d_loss, g_loss = model_loss': 'g_loss, d_loss = model_loss'}
    ),
    'train.losses_swapped: the losses handed over in the wrong order': {
        'model_opt(d_loss, g_loss,': 'model_opt(g_loss, d_loss,'
    },
    'train.graph_grows: a sampling op added by train at every display': classic(
        {
            FINAL: OPEN,
            SHOW: (
                'with graph.as_default():\n                        generator(input_z, channels, is_train=False)\n'
                f'                    {SHOW}'
            ),
        }
    ),
    'train.epochs: a number of epochs that is not the parameter': classic(
        {'range(epoch_count)': 'range(10)'}, says='10.0'
    ),
    'train.epochs: one epoch too many': changed({'range(epoch_count)': 'range(epoch_count + 1)'}, says='8.0'),
    'train.epochs: every batch twice': {FOR_BATCH: f'for _ in range(2):\n              {FOR_BATCH}'},
    'train.noise_size: z for 64 images, whatever the batch size': classic(
        {Z: Z.replace('len(batch)', '64')}, says='64'
    ),
    'train.fed_shape: 100 numbers in z, whatever z_dim is': classic({Z: Z.replace('z_dim', '100')}),
    'train.noise_repeats: the same z at every step of the generator': changed(
        {
            RUN: f"""first = z if not losses else first
                sess.run(step[2], {FEED})
                losses.append(sess.run([*step[:2], step[3]], {FEED.replace('input_z: z', 'input_z: first')})[:2])"""
        },
        says='generator',
    ),
    'train.stands_still: the generator stands still in the second half': changed(
        {'sess.run(step,': 'sess.run(step if epoch < epoch_count // 2 else step[:3],'}, says='the generator'
    ),
    'train.stands_still: the discriminator is trained in the first epoch only': changed(
        {'sess.run(step,': 'sess.run(step if epoch == 0 else [*step[:2], step[3]],'}, says='the discriminator'
    ),
    'train.stands_still: the generator moves on a condition that never comes true': changed(
        {'sess.run(step,': 'sess.run(step if losses and losses[-1][1] > 100 else step[:3],'},
        says='the generator makes 0 steps',
    ),
    'train.channels: images shown with three channels': {
        SHOW: SHOW.replace('channels', '3'),
        FINAL: OPEN,
        'def sample_images': ADDS_A_SAMPLING_OP,
    },
    'train.never_shown: images shown on a condition that never comes true': {'% 100 == 0': '% 100 == 100'},
    'train.not_written: not written yet': {'def train': 'def train(*arguments):\n    raise NotImplementedError'},
}


def returns(line):
    """The lesson's train with a different last line."""
    return {'return run.losses, generators.save(run)': line}


OWN = {  # of the lesson's own train, whose header promises more
    'train.parentheses_missing: no parentheses': {'in run.batches():': 'in run.batches:'},
    'train.losses_recorded: both losses swapped': {
        '            run.record(*sess.run([d_loss, g_loss, d_train_opt, g_train_opt], feed)[:2])': (
            '            run.record(*sess.run([g_loss, d_loss, d_train_opt, g_train_opt], feed)[:2])'
        )
    },
    'train.losses_recorded: losses that were not computed': {
        '            run.record(*sess.run([d_loss, g_loss, d_train_opt, g_train_opt], feed)[:2])': (
            '            sess.run([d_loss, g_loss, d_train_opt, g_train_opt], feed)\n            run.record(0.5, 0.5)'
        )
    },
    'train.result: a function that is not called': returns('return run.losses, generators.save'),
    'train.setting: the learning rate before the batch size': {
        'epoch_count, batch_size, z_dim, learning_rate, beta1, get_batches, data_shape\n    run': (
            'epoch_count, learning_rate, batch_size, z_dim, beta1, get_batches, data_shape\n    run'
        )
    },
    'train.count: it returns nothing': returns(''),
    'train.count: it returns the generator only': returns('return generators.save(run)'),
    'train.result: it returns the generator first': returns('return generators.save(run), run.losses'),
    'train.options: they do not reach the run': {'Run(*settings, **options)': 'Run(*settings)'},
    'train.header: no options': {
        'data_image_mode, **options)': 'data_image_mode)',
        ', **options)\n    _': ')\n    _',
    },
    'train.default_graph: it builds in the graph that is there': changed(
        {'    with new_graph(run.seed) as graph:': '    graph = tf.get_default_graph()\n    if True:'}, within='train'
    ),
}
