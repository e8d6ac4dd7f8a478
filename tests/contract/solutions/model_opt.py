"""Wrong implementations of model_opt."""

from . import faults_of

wrong, classic = faults_of('model_opt')

ADAM = 'Adam(learning_rate, beta1)'
COLLECTION = "tf.get_collection(tf.GraphKeys.UPDATE_OPS, 'generator')"
D_STEP = 'd_adam.minimize(d_loss'
D_VARS = "tf.trainable_variables('discriminator')"
G_VARS = "tf.trainable_variables('generator')"

CASES = [
    classic(
        'order', 'returned in the wrong order', {'return d_train_opt, g_train_opt': 'return g_train_opt, d_train_opt'}
    ),
    classic('no_update_ops', 'no control dependencies', {f'with tf.control_dependencies({COLLECTION}):': 'if True:'}),
    classic(
        'no_update_ops',
        'control dependencies around AdamOptimizer only',
        {
            f'with tf.control_dependencies({COLLECTION}):': 'if True:',
            f'    g_adam = {ADAM}\n': f'    with tf.control_dependencies({COLLECTION}):\n        g_adam = {ADAM}\n',
        },
    ),
    classic(
        'no_update_ops',
        'control dependencies around the list of variables',
        {
            f'with tf.control_dependencies({COLLECTION}):\n': (
                f'with tf.control_dependencies({COLLECTION}):\n        variables = {G_VARS}\n    if True:\n'
            ),
            f'var_list={G_VARS}': 'var_list=variables',
        },
    ),
    classic('no_update_ops', 'update ops of another collection', {'UPDATE_OPS': 'LOSSES'}),
    wrong(
        'no_update_ops',
        'update ops of the discriminator only',
        {"UPDATE_OPS, 'generator'": "UPDATE_OPS, 'discriminator'"},
    ),
    classic(
        'step_size',
        'learning rate ignored',
        {
            f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(0.0002, beta1)',
            f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(0.0002, beta1)',
        },
    ),
    classic(
        'step_size',
        'learning rate ignored for the generator',
        {f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(0.0002, beta1)'},
        says='g_train_opt',
    ),
    wrong(
        'rate_not_used',
        'learning rate fixed to 0.01',
        {f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(0.01, beta1)'},
    ),
    wrong(
        'step_size',
        'learning rate halved for the discriminator',
        {f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(learning_rate / 2, beta1)'},
        says='d_train_opt',
    ),
    wrong(
        'beta1',
        'beta1 ignored',
        {
            f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(learning_rate)',
            f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(learning_rate)',
        },
        says='beta1=0.5',
    ),
    wrong(
        'beta1',
        'beta1 fixed to 0.5',
        {
            f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(learning_rate, 0.5)',
            f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(learning_rate, 0.5)',
        },
        says='beta1=0.9',
    ),
    wrong(
        'beta1',
        'beta1 for the discriminator only',
        {f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(learning_rate)'},
        says='g_train_opt',
    ),
    wrong(
        'beta1',
        'beta1 taken for beta2',
        {f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(learning_rate, beta2=beta1)'},
    ),
    wrong(
        'step_size',
        'gradient descent',
        {f'd_adam = {ADAM}': 'd_adam = tf.train.GradientDescentOptimizer(learning_rate)'},
    ),
    wrong('step_size', 'RMSProp', {f'g_adam = {ADAM}': 'g_adam = tf.train.RMSPropOptimizer(learning_rate)'}),
    wrong('moves_others', 'no list of variables', {f', var_list={D_VARS}': ''}),
    wrong(
        'moves_others', 'the generator moves all variables', {G_VARS: 'tf.trainable_variables()'}, says='g_train_opt'
    ),
    wrong('order', 'lists of variables swapped', {G_VARS: D_VARS + ' ', D_VARS + ')': G_VARS + ')'}),
    wrong(
        'moves_others',
        'all variables but those of the discriminator',
        {G_VARS: "[v for v in tf.trainable_variables() if 'discriminator' not in v.name]"},
        says='other/weights',
    ),
    wrong(
        'moves_too_few',
        'variables by the first letter',
        {D_VARS: "[v for v in tf.trainable_variables() if v.name.startswith('discriminator/conv')]"},
    ),
    wrong('moves_too_few', 'a half of the variables', {G_VARS: G_VARS + '[:1]'}),
    wrong('raises', 'no variables of that name', {D_VARS: "tf.trainable_variables('Discriminator')"}),
    wrong(
        'moves_others',
        'variables by a part of their name',
        {G_VARS: "[v for v in tf.trainable_variables() if 'gen' in v.name or 'weights' in v.name]"},
    ),
    wrong('uphill', 'the discriminator goes uphill', {D_STEP: 'd_adam.minimize(-d_loss'}, says='d_train_opt'),
    wrong('uphill', 'the generator goes uphill', {'minimize(g_loss': 'minimize(-g_loss'}, says='g_train_opt'),
    wrong(
        'moves_others',
        'one step for both',
        {'return d_train_opt, g_train_opt': 'both = tf.group(d_train_opt, g_train_opt)\n    return both, both'},
    ),
    wrong('wrong_loss', 'the generator minimizes d_loss', {'minimize(g_loss': 'minimize(d_loss'}, says='g_train_opt'),
    wrong('wrong_loss', 'the discriminator minimizes g_loss', {D_STEP: 'd_adam.minimize(g_loss'}, says='d_train_opt'),
    wrong('uphill', 'both minimize the sum', {D_STEP: 'd_adam.minimize(d_loss - g_loss'}, says='d_train_opt'),
    wrong(
        'step_size',
        'two steps at once',
        {
            'return d_train_opt': (
                'with tf.control_dependencies([d_train_opt]):\n        d_train_opt = d_adam.minimize(d_loss, var_list='
            )
            + D_VARS
            + ')\n    return d_train_opt'
        },
    ),
    wrong('count', 'only the step of the discriminator', {'return d_train_opt, g_train_opt': 'return d_train_opt'}),
    wrong('raises', 'optimizers returned', {'return d_train_opt, g_train_opt': 'return d_adam, g_adam'}),
    wrong(
        'not_written',
        'not written yet',
        {'def model_opt': 'def model_opt(d_loss, g_loss, learning_rate, beta1):\n    raise NotImplementedError'},
    ),
]
