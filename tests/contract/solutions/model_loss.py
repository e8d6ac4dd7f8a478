"""Wrong implementations of model_loss."""

from . import changed, classic

D_LOSS = 'd_loss = real_loss(logits_real, smooth=0.1) + fake_loss(logits_fake)'
G_LOSS = 'g_loss = real_loss(logits_fake)'
RESULT = 'return d_loss, g_loss'
LABELS = 'tf.fill(tf.shape(logits), 1.0 - smooth)'

WRONG = {
    'model_loss.reuse_value: the channels as reuse': {
        'discriminator(input_real)': 'discriminator(input_real, out_channel_dim)'
    },
    'model_loss.arguments_swapped: logits and labels without their names': changed(
        {
            'def real_loss': 'def real_loss(logits, smooth=0.0):\n    labels = tf.ones_like(logits) * (1 - smooth)\n'
            '    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits, labels))'
        },
        within='real_loss',
    ),
    'model_loss.from_probabilities: both results of discriminator in one name': {'_, logits_real =': 'logits_real ='},
    'model_loss.none: real_loss returns nothing': changed(
        {'def real_loss': 'def real_loss(logits, smooth=0.0):\n    tf.reduce_mean(logits)'}, within='real_loss'
    ),
    'model_loss.order: returned in the wrong order': classic({RESULT: 'return g_loss, d_loss'}),
    'model_loss.from_probabilities: the probability of real images taken for logits': classic(
        {'_, logits_real =': 'logits_real, _ ='}, says='d_loss'
    ),
    'model_loss.from_probabilities: the probability of fake images taken for logits': classic(
        {'_, logits_fake =': 'logits_fake, _ ='}, says='d_loss'
    ),
    'model_loss.from_probabilities: both probabilities taken for logits': classic(
        {'_, logits_real =': 'logits_real, _ =', '_, logits_fake =': 'logits_fake, _ ='}, says='d_loss'
    ),
    'model_loss.from_probabilities: (sigmoid, logits) of real images taken for logits': classic(
        {'_, logits_real =': 'logits_real ='}, says='d_loss'
    ),
    'model_loss.from_probabilities: (sigmoid, logits) of both taken for logits': classic(
        {'_, logits_real =': 'logits_real =', '_, logits_fake =': 'logits_fake ='}, says='d_loss'
    ),
    'model_loss.from_probabilities: g_loss from probabilities': changed(
        {G_LOSS: 'g_loss = real_loss(tf.sigmoid(logits_fake))'}, says='g_loss'
    ),
    'model_loss.smoothing_idle: smoothing without effect: ones_like(x * 0.9)': classic(
        {LABELS: 'tf.ones_like(logits * (1.0 - smooth))'}, within='real_loss'
    ),
    'model_loss.g_label_smoothed: smoothing on the label of the generator': classic(
        {G_LOSS: 'g_loss = real_loss(logits_fake, smooth=0.1)'}
    ),
    'model_loss.label_by_numpy: label chosen once by NumPy': classic(
        {LABELS: 'tf.ones_like(logits) * np.random.uniform(0.7, 1.0)'}, within='real_loss'
    ),
    'model_loss.sizes_differ: labels chosen once by NumPy for a batch of 64': classic(
        {LABELS: "tf.constant(np.random.uniform(0.7, 1.0, [64, 1]), 'float32')"}, within='real_loss'
    ),
    'model_loss.sizes_differ: labels for a batch of 64': classic(
        {'labels=labels': 'labels=tf.ones([64, 1]) * (1.0 - smooth)'}, within='real_loss'
    ),
    'model_loss.sizes_differ: labels for a batch of 5': changed({LABELS: 'tf.ones([5, 1])'}, within='real_loss'),
    'model_loss.sizes_differ: labels chosen by NumPy for 5 images': changed(
        {LABELS: "tf.constant(np.random.uniform(0.7, 1.0, [5, 1]), 'float32')"}, within='real_loss'
    ),
    'model_loss.real_label: too much smoothing': changed({'smooth=0.1': 'smooth=0.5'}, says='0.50'),
    'model_loss.real_label: labels above 1': changed({'smooth=0.1': 'smooth=-0.1'}, says='1.10'),
    'model_loss.labels_swapped: labels of d_loss swapped': {
        D_LOSS: 'd_loss = fake_loss(logits_real) + real_loss(logits_fake)'
    },
    'model_loss.half_missing: d_loss without the real half': {D_LOSS: 'd_loss = fake_loss(logits_fake)'},
    'model_loss.half_missing: d_loss without the fake half': {D_LOSS: 'd_loss = real_loss(logits_real, smooth=0.1)'},
    'model_loss.half_missing: d_loss on real images twice': {'fake_loss(logits_fake)': 'fake_loss(logits_real)'},
    'model_loss.halves_differ: the halves of d_loss weighted differently': changed(
        {D_LOSS: 'd_loss = real_loss(logits_real, smooth=0.1) + 0.5 * fake_loss(logits_fake)'}, says='1.00'
    ),
    'model_loss.scaled: d_loss times 10': {
        D_LOSS: 'd_loss = 10 * (real_loss(logits_real, smooth=0.1) + fake_loss(logits_fake))'
    },
    'model_loss.scaled: d_loss negative': {RESULT: 'return -d_loss, g_loss'},
    'model_loss.g_label_0: the generator wants its images called fake': {G_LOSS: 'g_loss = fake_loss(logits_fake)'},
    'model_loss.g_weights: the generator minimizes the negative of the loss of the discriminator': {
        G_LOSS: 'g_loss = -fake_loss(logits_fake)'
    },
    'model_loss.g_weights: g_loss from real images': {G_LOSS: 'g_loss = real_loss(logits_real)'},
    'model_loss.g_weights: g_loss is d_loss': {RESULT: 'return d_loss, d_loss'},
    'model_loss.sum: sum in place of mean': changed({'tf.reduce_mean': 'tf.reduce_sum'}, within='real_loss'),
    'model_loss.shape: no mean at all': changed({'tf.reduce_mean': ''}, within='real_loss'),
    'model_loss.not_cross_entropy: the loss of the first image only': changed(
        {'labels=labels)': 'labels=labels)[0]'}, within='real_loss'
    ),
    'model_loss.inexact: log of a probability, by hand': changed(
        {
            'tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)': (
                '-(labels * tf.log(tf.sigmoid(logits)) + (1 - labels) * tf.log(1 - tf.sigmoid(logits)))'
            )
        },
        within='fake_loss',
    ),
    'model_loss.inexact: log of a clipped probability': changed(
        {
            'tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)': (
                '-tf.log(1 - tf.sigmoid(logits) + 1e-8)'
            )
        },
        within='fake_loss',
    ),
    'model_loss.inexact: log of a probability that is at least 1e-6': changed(
        {
            'tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)': (
                '-tf.log(tf.clip_by_value(1 - tf.sigmoid(logits), 1e-6, 1.0))'
            )
        },
        within='fake_loss',
    ),
    'model_loss.not_cross_entropy: squared error in place of cross-entropy': changed(
        {'tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)': '(logits - labels) ** 2'},
        within='real_loss',
    ),
    'model_loss.not_cross_entropy: hinge loss': changed(
        {'tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)': 'tf.nn.relu(1 + logits)'},
        within='fake_loss',
    ),
    'model_loss.generator_calls: generator at inference': changed(
        {'generator(input_z, out_channel_dim)': 'generator(input_z, out_channel_dim, is_train=False)'},
        says='(is_train=False)',
    ),
    'model_loss.generator_calls: generator called twice': {
        G_LOSS: f'generator(input_z, out_channel_dim, is_train=False)\n    {G_LOSS}'
    },
    'model_loss.channels: always three channels': {'generator(input_z, out_channel_dim)': 'generator(input_z, 3)'},
    'model_loss.without_reuse: discriminator without reuse': {', reuse=True': ''},
    'model_loss.discriminator_calls: discriminator never sees real images': changed(
        {'discriminator(input_real)': 'discriminator(fake)'}, says='on fake, fake;'
    ),
    'model_loss.discriminator_calls: discriminator never sees fake images': {
        'discriminator(fake, reuse': 'discriminator(input_real, reuse'
    },
    'model_loss.no_gradient: a stop_gradient before the discriminator': {
        'discriminator(fake, reuse': 'discriminator(tf.stop_gradient(fake), reuse'
    },
    'model_loss.count: only one loss': {RESULT: 'return d_loss + g_loss'},
    'model_loss.not_a_tensor: losses as NumPy numbers': {RESULT: 'return 0.5, 0.5'},
    'model_loss.fake_label: a label of 0.4 for fake images': changed(
        {'tf.zeros_like(logits)': 'tf.fill(tf.shape(logits), 0.4)'}, within='fake_loss', says='0.40'
    ),
    'model_loss.fake_label: a negative label for fake images': changed(
        {'tf.zeros_like(logits)': 'tf.fill(tf.shape(logits), -0.1)'}, within='fake_loss', says='-0.10'
    ),
    'model_loss.real_label: a new random label around a half for each real image': changed(
        {'real_loss(logits_real, smooth=0.1)': 'real_loss(logits_real, smooth=tf.random_uniform([]))'}, says='0.50'
    ),
    'model_loss.real_label: new random labels from 1 to 1.4': changed(
        {'real_loss(logits_real, smooth=0.1)': 'real_loss(logits_real, smooth=-tf.random_uniform([], 0, 0.4))'},
        says='1.20',
    ),
    'model_loss.g_label_smoothed: new random labels around 0.8 for the generator': changed(
        {G_LOSS: 'g_loss = real_loss(logits_fake, smooth=tf.random_uniform([], 0, 0.4))'}, says='0.80'
    ),
    'model_loss.not_written: not written yet': {
        'def model_loss': 'def model_loss(input_real, input_z, out_channel_dim):\n    raise NotImplementedError'
    },
    'model_loss.not_written: real_loss is not written yet': changed(
        {'def real_loss': 'def real_loss(logits, smooth=0.0):\n    raise NotImplementedError'},
        within='real_loss',
        says='real_loss, which it needs, is not written yet',
    ),
}
