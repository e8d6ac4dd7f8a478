"""Wrong implementations of model_opt."""

from . import wrong

ADAM = 'tf.train.AdamOptimizer(learning_rate, beta1)'
COLLECTION = "tf.get_collection(tf.GraphKeys.UPDATE_OPS, 'generator')"
D_STEP = 'd_adam.minimize(d_loss'
D_VARS = "tf.trainable_variables('discriminator')"
G_VARS = "tf.trainable_variables('generator')"

CASES = [
    wrong(
        'model_opt',
        'returned in the wrong order',
        'results in the wrong order',
        {'return d_train_opt, g_train_opt': 'return g_train_opt, d_train_opt'},
        classic=True,
    ),
    wrong(
        'model_opt',
        'no control dependencies',
        'neither step runs the update ops',
        {f'with tf.control_dependencies({COLLECTION}):': 'if True:'},
        classic=True,
    ),
    wrong(
        'model_opt',
        'control dependencies around AdamOptimizer only',
        'neither step runs the update ops',
        {
            f'with tf.control_dependencies({COLLECTION}):': 'if True:',
            f'    g_adam = {ADAM}\n': f'    with tf.control_dependencies({COLLECTION}):\n        g_adam = {ADAM}\n',
        },
        classic=True,
    ),
    wrong(
        'model_opt',
        'control dependencies around the list of variables',
        'neither step runs the update ops',
        {
            f'with tf.control_dependencies({COLLECTION}):\n': (
                f'with tf.control_dependencies({COLLECTION}):\n        variables = {G_VARS}\n    if True:\n'
            ),
            f'var_list={G_VARS}': 'var_list=variables',
        },
        classic=True,
    ),
    wrong(
        'model_opt',
        'update ops of another collection',
        'neither step runs the update ops',
        {'UPDATE_OPS': 'LOSSES'},
        classic=True,
    ),
    wrong(
        'model_opt',
        'update ops of the discriminator only',
        'neither step runs the update ops',
        {"UPDATE_OPS, 'generator'": "UPDATE_OPS, 'discriminator'"},
    ),
    wrong(
        'model_opt',
        'learning rate ignored',
        'with a fed learning_rate of 0.01',
        {
            f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(0.0002, beta1)',
            f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(0.0002, beta1)',
        },
        classic=True,
    ),
    wrong(
        'model_opt',
        'learning rate ignored for the generator',
        'the first step of g_train_opt',
        {f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(0.0002, beta1)'},
        classic=True,
    ),
    wrong(
        'model_opt',
        'learning rate fixed to 0.01',
        'although the fed learning_rate is 0',
        {f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(0.01, beta1)'},
    ),
    wrong(
        'model_opt',
        'learning rate halved for the discriminator',
        'the first step of d_train_opt',
        {f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(learning_rate / 2, beta1)'},
    ),
    wrong(
        'model_opt',
        'beta1 ignored',
        'with beta1=0.5',
        {
            f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(learning_rate)',
            f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(learning_rate)',
        },
    ),
    wrong(
        'model_opt',
        'beta1 fixed to 0.5',
        'with beta1=0.9',
        {
            f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(learning_rate, 0.5)',
            f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(learning_rate, 0.5)',
        },
    ),
    wrong(
        'model_opt',
        'beta1 for the discriminator only',
        'the second step of g_train_opt',
        {f'g_adam = {ADAM}': 'g_adam = tf.train.AdamOptimizer(learning_rate)'},
    ),
    wrong(
        'model_opt',
        'beta1 taken for beta2',
        'the second step',
        {f'd_adam = {ADAM}': 'd_adam = tf.train.AdamOptimizer(learning_rate, beta2=beta1)'},
    ),
    wrong(
        'model_opt',
        'gradient descent',
        'Adam has to be the optimiser',
        {f'd_adam = {ADAM}': 'd_adam = tf.train.GradientDescentOptimizer(learning_rate)'},
    ),
    wrong(
        'model_opt',
        'RMSProp',
        'Adam has to be the optimiser',
        {f'g_adam = {ADAM}': 'g_adam = tf.train.RMSPropOptimizer(learning_rate)'},
    ),
    wrong('model_opt', 'no list of variables', 'moves variables that are not its own', {f', var_list={D_VARS}': ''}),
    wrong(
        'model_opt',
        'the generator moves all variables',
        'g_train_opt moves variables that are not its own',
        {G_VARS: 'tf.trainable_variables()'},
    ),
    wrong(
        'model_opt',
        'lists of variables swapped',
        'results in the wrong order',
        {G_VARS: D_VARS + ' ', D_VARS + ')': G_VARS + ')'},
    ),
    wrong(
        'model_opt',
        'all variables but those of the discriminator',
        'not its own: other/weights',
        {G_VARS: "[v for v in tf.trainable_variables() if 'discriminator' not in v.name]"},
    ),
    wrong(
        'model_opt',
        'variables by the first letter',
        'does not move',
        {D_VARS: "[v for v in tf.trainable_variables() if v.name.startswith('discriminator/conv')]"},
    ),
    wrong('model_opt', 'a half of the variables', 'does not move', {G_VARS: G_VARS + '[:1]'}),
    wrong(
        'model_opt',
        'no variables of that name',
        'while calling model_opt',
        {D_VARS: "tf.trainable_variables('Discriminator')"},
    ),
    wrong(
        'model_opt',
        'variables by a part of their name',
        'not its own',
        {G_VARS: "[v for v in tf.trainable_variables() if 'gen' in v.name or 'weights' in v.name]"},
    ),
    wrong('model_opt', 'the discriminator goes uphill', 'd_train_opt goes uphill', {D_STEP: 'd_adam.minimize(-d_loss'}),
    wrong('model_opt', 'the generator goes uphill', 'g_train_opt goes uphill', {'minimize(g_loss': 'minimize(-g_loss'}),
    wrong(
        'model_opt',
        'one step for both',
        'moves variables that are not its own',
        {'return d_train_opt, g_train_opt': 'both = tf.group(d_train_opt, g_train_opt)\n    return both, both'},
    ),
    wrong(
        'model_opt',
        'the generator minimises d_loss',
        'g_train_opt minimises d_loss',
        {'minimize(g_loss': 'minimize(d_loss'},
    ),
    wrong(
        'model_opt',
        'the discriminator minimises g_loss',
        'd_train_opt minimises g_loss',
        {D_STEP: 'd_adam.minimize(g_loss'},
    ),
    wrong('model_opt', 'both minimise the sum', 'd_train_opt', {D_STEP: 'd_adam.minimize(d_loss - g_loss'}),
    wrong(
        'model_opt',
        'two steps at once',
        'the first step',
        {
            'return d_train_opt': (
                'with tf.control_dependencies([d_train_opt]):\n        d_train_opt = d_adam.minimize(d_loss, var_list='
            )
            + D_VARS
            + ')\n    return d_train_opt'
        },
    ),
    wrong(
        'model_opt',
        'only the step of the discriminator',
        'not two things',
        {'return d_train_opt, g_train_opt': 'return d_train_opt'},
    ),
    wrong(
        'model_opt',
        'optimisers returned',
        'while running a step',
        {'return d_train_opt, g_train_opt': 'return d_adam, g_adam'},
    ),
]
