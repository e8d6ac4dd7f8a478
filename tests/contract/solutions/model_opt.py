"""Wrong implementations of model_opt."""

from . import changed, classic

ADAM = 'Adam(learning_rate, beta1)'
COLLECTION = "tf.get_collection(tf.GraphKeys.UPDATE_OPS, 'generator')"
D_STEP = 'd_adam.minimize(d_loss'
D_VARS = "tf.trainable_variables('discriminator')"
G_VARS = "tf.trainable_variables('generator')"

WRONG = {
    'model_opt.name_as_operation: the name of the collection': {
        "tf.get_collection(tf.GraphKeys.UPDATE_OPS, 'generator')": 'tf.GraphKeys.UPDATE_OPS'
    },
    'model_opt.fed_at_start: beta1 before the learning rate': {
        'd_adam = Adam(learning_rate, beta1)': 'd_adam = Adam(beta1, learning_rate)'
    },
    'model_opt.keras_optimizer: an optimizer of Keras': {
        'd_adam = Adam(learning_rate, beta1)': 'd_adam = tf.keras.optimizers.Adam(learning_rate, beta_1=beta1)'
    },
    'model_opt.nothing_to_train: a loss that does not depend on them': {
        'minimize(d_loss,': 'minimize(tf.constant(1.0),'
    },
    'model_opt.parameters: an argument too many': {
        'd_adam = Adam(learning_rate, beta1)': 'd_adam = Adam(learning_rate, beta1, 1, 2, 3, 4, 5)'
    },
    'model_opt.order: returned in the wrong order': classic(
        {'return d_train_opt, g_train_opt': 'return g_train_opt, d_train_opt'}
    ),
    'model_opt.no_update_ops: no control dependencies': classic(
        {f'with tf.control_dependencies({COLLECTION}):': 'if True:'}
    ),
    'model_opt.no_update_ops: control dependencies around AdamOptimizer only': classic(
        {
            f'with tf.control_dependencies({COLLECTION}):': 'if True:',
            f'    g_adam = {ADAM}\n': f'    with tf.control_dependencies({COLLECTION}):\n        g_adam = {ADAM}\n',
        }
    ),
    'model_opt.no_update_ops: control dependencies around the list of variables': classic(
        {
            f'with tf.control_dependencies({COLLECTION}):\n': (
                f'with tf.control_dependencies({COLLECTION}):\n        variables = {G_VARS}\n    if True:\n'
            ),
            f'var_list={G_VARS}': 'var_list=variables',
        }
    ),
    'model_opt.no_update_ops: update ops of another collection': classic({'UPDATE_OPS': 'LOSSES'}),
    'model_opt.no_update_ops: update ops of the discriminator only': {
        "UPDATE_OPS, 'generator'": "UPDATE_OPS, 'discriminator'"
    },
    'model_opt.step_size: learning rate ignored': classic(
        {
            f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(0.0002, beta1)',
            f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(0.0002, beta1)',
        }
    ),
    'model_opt.step_size: learning rate ignored for the generator': classic(
        {f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(0.0002, beta1)'}, says='g_train_opt'
    ),
    'model_opt.rate_not_used: learning rate fixed to 0.01': {
        f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(0.01, beta1)'
    },
    'model_opt.step_size: learning rate halved for the discriminator': changed(
        {f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(learning_rate / 2, beta1)'}, says='d_train_opt'
    ),
    'model_opt.beta1: beta1 ignored': changed(
        {
            f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(learning_rate)',
            f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(learning_rate)',
        },
        says='beta1=0.5',
    ),
    'model_opt.beta1: beta1 fixed to 0.5': changed(
        {
            f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(learning_rate, 0.5)',
            f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(learning_rate, 0.5)',
        },
        says='beta1=0.9',
    ),
    'model_opt.beta1: beta1 for the discriminator only': changed(
        {f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(learning_rate)'}, says='g_train_opt'
    ),
    'model_opt.beta1: beta1 taken for beta2': {
        f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(learning_rate, beta2=beta1)'
    },
    'model_opt.step_size: gradient descent': {
        f'd_adam = {ADAM}': 'd_adam = tf.train.GradientDescentOptimizer(learning_rate)'
    },
    'model_opt.step_size: RMSProp': {f'g_adam = {ADAM}': 'g_adam = tf.train.RMSPropOptimizer(learning_rate)'},
    'model_opt.moves_others: no list of variables': {f', var_list={D_VARS}': ''},
    'model_opt.moves_others: the generator moves all variables': changed(
        {G_VARS: 'tf.trainable_variables()'}, says='g_train_opt'
    ),
    'model_opt.order: lists of variables swapped': {G_VARS: D_VARS + ' ', D_VARS + ')': G_VARS + ')'},
    'model_opt.moves_others: all variables but those of the discriminator': changed(
        {G_VARS: "[v for v in tf.trainable_variables() if 'discriminator' not in v.name]"}, says='other/weights'
    ),
    'model_opt.moves_too_few: variables by the first letter': {
        D_VARS: "[v for v in tf.trainable_variables() if v.name.startswith('discriminator/conv')]"
    },
    'model_opt.moves_too_few: a half of the variables': {G_VARS: G_VARS + '[:1]'},
    'model_opt.nothing_to_train: no variables of that name': {D_VARS: "tf.trainable_variables('Discriminator')"},
    'model_opt.moves_others: variables by a part of their name': {
        G_VARS: "[v for v in tf.trainable_variables() if 'gen' in v.name or 'weights' in v.name]"
    },
    'model_opt.uphill: the discriminator goes uphill': changed({D_STEP: 'd_adam.minimize(-d_loss'}, says='d_train_opt'),
    'model_opt.uphill: the generator goes uphill': changed({'minimize(g_loss': 'minimize(-g_loss'}, says='g_train_opt'),
    'model_opt.moves_others: one step for both': {
        'return d_train_opt, g_train_opt': 'both = tf.group(d_train_opt, g_train_opt)\n    return both, both'
    },
    'model_opt.wrong_loss: the generator minimizes d_loss': changed(
        {'minimize(g_loss': 'minimize(d_loss'}, says='g_train_opt'
    ),
    'model_opt.wrong_loss: the discriminator minimizes g_loss': changed(
        {D_STEP: 'd_adam.minimize(g_loss'}, says='d_train_opt'
    ),
    'model_opt.uphill: both minimize the sum': changed({D_STEP: 'd_adam.minimize(d_loss - g_loss'}, says='d_train_opt'),
    'model_opt.step_size: two steps at once': {
        'return d_train_opt': (
            'with tf.control_dependencies([d_train_opt]):\n        d_train_opt = d_adam.minimize(d_loss, var_list='
        )
        + D_VARS
        + ')\n    return d_train_opt'
    },
    'model_opt.count: only the step of the discriminator': {'return d_train_opt, g_train_opt': 'return d_train_opt'},
    'model_opt.raises: optimizers returned': {'return d_train_opt, g_train_opt': 'return d_adam, g_adam'},
    'model_opt.not_written: not written yet': {
        'def model_opt': 'def model_opt(d_loss, g_loss, learning_rate, beta1):\n    raise NotImplementedError'
    },
}
