"""Wrong implementations of model_loss."""

from . import wrong

D_LOSS = 'd_loss = real_loss(logits_real, smooth=0.1) + fake_loss(logits_drawn)'
G_LOSS = 'g_loss = real_loss(logits_drawn)'
RESULT = 'return d_loss, g_loss'
LABELS = 'tf.fill(tf.shape(logits), 1.0 - smooth)'

CASES = [
    wrong(
        'model_loss',
        'returned in the wrong order',
        'results in the wrong order',
        {RESULT: 'return g_loss, d_loss'},
        classic=True,
    ),
    wrong(
        'model_loss',
        'the probability of real images taken for logits',
        'd_loss is computed from probabilities',
        {'_, logits_real =': 'logits_real, _ ='},
        classic=True,
    ),
    wrong(
        'model_loss',
        'the probability of drawn images taken for logits',
        'd_loss is computed from probabilities',
        {'_, logits_drawn =': 'logits_drawn, _ ='},
        classic=True,
    ),
    wrong(
        'model_loss',
        'both probabilities taken for logits',
        'd_loss is computed from probabilities',
        {'_, logits_real =': 'logits_real, _ =', '_, logits_drawn =': 'logits_drawn, _ ='},
        classic=True,
    ),
    wrong(
        'model_loss',
        '(sigmoid, logits) of real images taken for logits',
        'd_loss is computed from probabilities',
        {'_, logits_real =': 'logits_real ='},
        classic=True,
    ),
    wrong(
        'model_loss',
        '(sigmoid, logits) of both taken for logits',
        'd_loss is computed from probabilities',
        {'_, logits_real =': 'logits_real =', '_, logits_drawn =': 'logits_drawn ='},
        classic=True,
    ),
    wrong(
        'model_loss',
        'g_loss from probabilities',
        'g_loss is computed from probabilities',
        {G_LOSS: 'g_loss = real_loss(tf.sigmoid(logits_drawn))'},
    ),
    wrong(
        'model_loss',
        'smoothing without effect: ones_like(x * 0.9)',
        'the smoothing has no effect',
        {LABELS: 'tf.ones_like(logits * (1.0 - smooth))'},
        within='real_loss',
        classic=True,
    ),
    wrong(
        'model_loss',
        'smoothing on the label of the generator',
        'in g_loss the label is 0.90',
        {G_LOSS: 'g_loss = real_loss(logits_drawn, smooth=0.1)'},
        classic=True,
    ),
    wrong(
        'model_loss',
        'smoothing on the label of drawn images',
        'in d_loss the label of drawn images is 0.10',
        {'tf.zeros_like(logits)': 'tf.fill(tf.shape(logits), 0.1)'},
        within='fake_loss',
    ),
    wrong(
        'model_loss',
        'label drawn once by NumPy',
        'changes whenever the graph is built',
        {LABELS: 'tf.ones_like(logits) * np.random.uniform(0.7, 1.0)'},
        within='real_loss',
        classic=True,
    ),
    wrong(
        'model_loss',
        'labels drawn once by NumPy for a batch of 64',
        'while computing the losses of a batch of 5',
        {LABELS: "tf.constant(np.random.uniform(0.7, 1.0, [64, 1]), 'float32')"},
        within='real_loss',
        classic=True,
    ),
    wrong(
        'model_loss',
        'labels for a batch of 64',
        'while',
        {'labels=labels': 'labels=tf.ones([64, 1]) * (1.0 - smooth)'},
        within='real_loss',
        classic=True,
    ),
    wrong(
        'model_loss',
        'labels for a batch of 5',
        'while computing the losses of a batch of',
        {LABELS: 'tf.ones([5, 1])'},
        within='real_loss',
    ),
    wrong(
        'model_loss',
        'labels drawn by NumPy for 5 images',
        'while computing the losses of a batch of',
        {LABELS: "tf.constant(np.random.uniform(0.7, 1.0, [5, 1]), 'float32')"},
        within='real_loss',
    ),
    wrong(
        'model_loss',
        'label drawn anew by TensorFlow for each image',
        'constant labels',
        {LABELS: 'tf.random_uniform(tf.shape(logits), 0.7, 1.0)'},
        within='real_loss',
    ),
    wrong(
        'model_loss',
        'label drawn anew by TensorFlow for each step',
        'constant labels',
        {LABELS: 'tf.ones_like(logits) * tf.random_uniform([], 0.7, 1.0)'},
        within='real_loss',
    ),
    wrong('model_loss', 'too much smoothing', 'label of real images is 0.50', {'smooth=0.1': 'smooth=0.5'}),
    wrong('model_loss', 'labels above 1', 'label of real images is 1.10', {'smooth=0.1': 'smooth=-0.1'}),
    wrong(
        'model_loss',
        'labels of d_loss swapped',
        'Are the two labels swapped',
        {D_LOSS: 'd_loss = fake_loss(logits_real) + real_loss(logits_drawn)'},
    ),
    wrong(
        'model_loss',
        'd_loss without the real half',
        'd_loss does not contain the loss on real images',
        {D_LOSS: 'd_loss = fake_loss(logits_drawn)'},
    ),
    wrong(
        'model_loss',
        'd_loss without the drawn half',
        'd_loss does not contain the loss on drawn images',
        {D_LOSS: 'd_loss = real_loss(logits_real, smooth=0.1)'},
    ),
    wrong('model_loss', 'd_loss on real images twice', 'd_loss', {'fake_loss(logits_drawn)': 'fake_loss(logits_real)'}),
    wrong(
        'model_loss',
        'the halves of d_loss weighted differently',
        'weigh 1.00 (real) and 0.50 (drawn)',
        {D_LOSS: 'd_loss = real_loss(logits_real, smooth=0.1) + 0.5 * fake_loss(logits_drawn)'},
    ),
    wrong(
        'model_loss',
        'd_loss times 10',
        'd_loss is 10.00 times',
        {D_LOSS: 'd_loss = 10 * (real_loss(logits_real, smooth=0.1) + fake_loss(logits_drawn))'},
    ),
    wrong('model_loss', 'd_loss negative', 'd_loss', {RESULT: 'return -d_loss, g_loss'}),
    wrong(
        'model_loss',
        'the generator wants its images called drawn',
        'it plays for the other side',
        {G_LOSS: 'g_loss = fake_loss(logits_drawn)'},
    ),
    wrong(
        'model_loss',
        'the generator minimises the negative of the loss of the discriminator',
        'g_loss',
        {G_LOSS: 'g_loss = -fake_loss(logits_drawn)'},
    ),
    wrong(
        'model_loss',
        'g_loss from real images',
        'g_loss weighs real images with 1.00',
        {G_LOSS: 'g_loss = real_loss(logits_real)'},
    ),
    wrong('model_loss', 'g_loss is d_loss', 'g_loss', {RESULT: 'return d_loss, d_loss'}),
    wrong(
        'model_loss',
        'sum in place of mean',
        'grows with the size of the batch',
        {'tf.reduce_mean': 'tf.reduce_sum'},
        within='real_loss',
    ),
    wrong('model_loss', 'no mean at all', 'expected a single number', {'tf.reduce_mean': ''}, within='real_loss'),
    wrong(
        'model_loss',
        'the loss of the first image only',
        'is no cross-entropy',
        {'labels=labels)': 'labels=labels)[0]'},
        within='real_loss',
    ),
    wrong(
        'model_loss',
        'log of a probability, by hand',
        'logits of +-100',
        {
            'tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)': (
                '-(labels * tf.log(tf.sigmoid(logits)) + (1 - labels) * tf.log(1 - tf.sigmoid(logits)))'
            )
        },
        within='fake_loss',
    ),
    wrong(
        'model_loss',
        'log of a clipped probability',
        'logits of +-100',
        {
            'tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)': (
                '-tf.log(1 - tf.sigmoid(logits) + 1e-8)'
            )
        },
        within='fake_loss',
    ),
    wrong(
        'model_loss',
        'squared error in place of cross-entropy',
        'is no cross-entropy',
        {'tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)': '(logits - labels) ** 2'},
        within='real_loss',
    ),
    wrong(
        'model_loss',
        'hinge loss',
        'is no cross-entropy',
        {'tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)': 'tf.nn.relu(1 + logits)'},
        within='fake_loss',
    ),
    wrong(
        'model_loss',
        'generator at inference',
        'expected once, with is_train=True',
        {'generator(input_z, out_channel_dim)': 'generator(input_z, out_channel_dim, is_train=False)'},
    ),
    wrong(
        'model_loss',
        'generator called twice',
        'calls generator 2 times',
        {G_LOSS: f'generator(input_z, out_channel_dim, is_train=False)\n    {G_LOSS}'},
    ),
    wrong(
        'model_loss',
        'always three channels',
        'calls generator with 3 channels',
        {'generator(input_z, out_channel_dim)': 'generator(input_z, 3)'},
    ),
    wrong(
        'model_loss',
        'discriminator without reuse',
        'What it means: The network is called a second time',
        {', reuse=True': ''},
    ),
    wrong(
        'model_loss',
        'discriminator never sees real images',
        'calls discriminator on drawn, drawn',
        {'discriminator(input_real)': 'discriminator(drawn)'},
    ),
    wrong(
        'model_loss',
        'discriminator never sees drawn images',
        'calls discriminator on real, real',
        {'discriminator(drawn, reuse': 'discriminator(input_real, reuse'},
    ),
    wrong(
        'model_loss',
        'a stop_gradient before the discriminator',
        'no gradient of g_loss reaches the generator',
        {'discriminator(drawn, reuse': 'discriminator(tf.stop_gradient(drawn), reuse'},
    ),
    wrong('model_loss', 'only one loss', 'not two things', {RESULT: 'return d_loss + g_loss'}),
    wrong('model_loss', 'losses as NumPy numbers', 'expected a scalar tensor', {RESULT: 'return 0.5, 0.5'}),
]
