"""The contract of the six functions: each test runs one of them, watches what it does, and explains what is wrong.

In a notebook: `tests.test_generator(generator)` prints one line, or raises an AssertionError that says what was
observed, why it matters and where to look. On the command line: `pytest problem_unittests.py -k generator`, with
`--notebook other.ipynb` for another notebook (both need conftest.py beside this file).

Nothing is imported but TensorFlow, NumPy and the standard library, so the file can be put next to any notebook.
The siblings that a function calls are replaced by small stand-ins for the time of a test.
"""

import ast
import contextlib
import functools
import io
import json
import linecache
import os
import re
import sys
import traceback
import warnings
from pathlib import Path

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import numpy as np
import tensorflow.compat.v1 as tf

FUNCTIONS = ('model_inputs', 'discriminator', 'generator', 'model_loss', 'model_opt', 'train')


# ---------------------------------------------------------------- how a verdict is reached and told


class _Wrong(Exception):
    """What a test has to say about the function under test."""


def _wrong(observed, why, look):
    """Raise _Wrong: the observation can be read alone, then why it matters, and where to look."""
    raise _Wrong(f'{observed}\n  Why it matters: {why}\n  Where to look: {look}')


_EXPLANATIONS = (  # (what the error says, what it usually means)
    (
        r'Variable .* already exists',
        'The network is called a second time and creates its variables again. Open the scope with '
        'tf.variable_scope(name, reuse=reuse) and pass reuse on: then the second call takes those of the first.',
    ),
    (
        r'Variable .* does not exist',
        'A network is asked to reuse variables that no earlier call has created: either reuse is on in the first '
        'call (in the generator, reuse is `not is_train`), or a layer has another name in the second one.',
    ),
    (
        r'feed a value for placeholder',
        'A placeholder takes part in what is computed, and got no value: it is missing from the feed_dict.',
    ),
    (
        r'not compatible with eager execution',
        'The graph functions need a graph: call tf.disable_eager_execution() right after importing TensorFlow.',
    ),
    (
        r'reset_default_graph',
        'tf.reset_default_graph() must not be called inside "with tf.Graph().as_default()". '
        'The graph of the with statement is new anyway: leave the call out.',
    ),
    (
        r'Cannot interpret feed_dict|unhashable type',
        'In a feed_dict the placeholder is the key and the array is the value: {input_real: batch}.',
    ),
    (
        r'Graph is finalized',
        'Something is added to the graph while it is being trained. Build every operation once, before training.',
    ),
    (
        r'tf\.layers|not available with Keras 3|has no attribute .*layers',
        'tf.layers is gone from current TensorFlow. Use the building blocks on tf.nn, or install tf_keras and set '
        'TF_USE_LEGACY_KERAS=1 before TensorFlow is imported.',
    ),
    (
        r'Could not find (variable|resource)|uninitialized',
        'Variables have no value until tf.global_variables_initializer() has been run in the session.',
    ),
    (
        r'Input to reshape|Incompatible shapes|must be broadcastable',
        'Sizes do not fit. Is a batch size written into the graph (it has to work for any: -1 in a reshape, '
        'tf.ones_like in place of tf.ones), or are height, width and channels other than expected?',
    ),
    (
        r'positional argument|unexpected keyword argument',
        'The parameters differ from those that the function was given.',
    ),
)


@contextlib.contextmanager
def _trying(what):
    """Turn an exception from the learner's code into a verdict that says what was being tried."""
    try:
        yield
    except _Wrong:
        raise
    except Exception as error:
        text = str(error).strip() or type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        if isinstance(error, tf.errors.OpError):  # its text begins with a traceback of its own
            text = re.sub(r"(?s).*\nNode: '[^']*'\n", '', error.message)
            frames = list(error.op.traceback) if error.op is not None else frames
        first = next((i for i, frame in enumerate(frames) if frame.filename == __file__), 0)
        lines = [f'{type(error).__name__} while {what}: {text.splitlines()[0][:300]}']
        lines += [
            f'  in {frame.name}, line {frame.lineno} of {_cell(frame.filename)}: '
            + linecache.getline(frame.filename, frame.lineno).strip()
            for frame in frames[first:]
            if not frame.filename.startswith((sys.base_prefix, str(Path(__file__))))
            and f'{os.sep}site-packages{os.sep}' not in frame.filename
        ][-3:]
        for pattern, explanation in _EXPLANATIONS:
            if re.search(pattern, text):
                lines.append(f'  What it means: {explanation}')
                break
        raise _Wrong('\n'.join(lines)) from None


def _cell(filename):
    """A file name as the learner knows it: IPython's names of cells are paths of temporary files."""
    return 'the cell' if 'ipykernel' in filename or filename.startswith('<ipython') else Path(filename).name


def _contract(test):
    """Make a public test of a function that judges: one line when it passes, else a short AssertionError."""
    name = test.__name__.removeprefix('test_')

    @functools.wraps(test)
    def run(*arguments, **keywords):
        __tracebackhide__ = True
        function = [*arguments, *keywords.values()][0]  # what follows (the original passes tf) is of no use here
        verdict = hint = None
        if isinstance(function, Missing):
            verdict = str(function)
        elif not callable(function):
            verdict = f'{name} is {function!r}, not a function.'
        else:
            try:
                with _quiet():
                    hint = test(function)
            except _Wrong as wrong:
                verdict = f'{name}: {wrong}'
        if verdict:
            raise AssertionError(verdict)
        print(f'{name}: passed' + (f' ({hint})' if hint else ''))

    return run


@contextlib.contextmanager
def _quiet():
    """No progress bars, prints or pictures from the function under test."""
    plt = sys.modules.get('matplotlib.pyplot')
    figures = plt.get_fignums() if plt else []
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.enter_context(warnings.catch_warnings(action='ignore'))
        stack.callback(tf.logging.set_verbosity, tf.logging.get_verbosity())
        tf.logging.set_verbosity(tf.logging.FATAL)
        if 'IPython' in sys.modules:  # as in a notebook
            from IPython.utils.capture import capture_output

            stack.enter_context(capture_output(stdout=False, stderr=False))
        if plt:
            stack.enter_context(_set(vars(plt), show=lambda *a, **k: None))
        try:
            yield
        finally:
            for number in plt.get_fignums() if plt else []:
                if number not in figures:
                    plt.close(number)


@contextlib.contextmanager
def _set(scope, **values):
    """Set names in a namespace, and put back what was there."""
    before = {name: scope[name] for name in values if name in scope}
    scope.update(values)
    try:
        yield
    finally:
        for name in values:
            scope.pop(name, None)
        scope.update(before)


def _globals(function):
    """The namespace in which a function finds its siblings."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, '__wrapped__'):
            function = function.__wrapped__
        elif hasattr(function, '__func__'):
            function = function.__func__
        else:
            return getattr(function, '__globals__', {})


@contextlib.contextmanager
def _fresh_graph(seed=0):
    """A new graph, with TensorFlow's and NumPy's random numbers seeded for a while."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        with tf.Graph().as_default() as graph:
            tf.set_random_seed(seed)
            yield graph
    finally:
        np.random.set_state(state)


def _pair(result, first, second):
    """The two results of a function."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        _wrong(
            f'returned {_describe(result)}, not two things.',
            'the functions that come after it unpack two results.',
            f'the return statement: return {first}, {second}',
        )
    return result


def _describe(value):
    if isinstance(value, (tuple, list)):
        return f'{len(value)} things'
    if value is None:
        return 'nothing'
    return 'one tensor' if _is_tensor(value) else f'one {type(value).__name__}'


def _is_tensor(value):
    return isinstance(value, (tf.Tensor, tf.Variable))


def _depends_on(tensor, source):
    """Whether a tensor is computed from another one."""
    ops, seen = [tensor.op], set()
    while ops:
        op = ops.pop()
        if op not in seen:
            seen.add(op)
            ops += [x.op for x in op.inputs]
    return source.op in seen


def _names(variables):
    names = [v if isinstance(v, str) else v.op.name for v in variables]
    return ', '.join(names[:4]) + (f' and {len(names) - 4} more' if len(names) > 4 else '')


def _randomise(sess, seed, gain=1.0):
    """Give all trainable variables healthy random values, whatever they start with."""
    rng = np.random.default_rng(seed)
    for variable in tf.trainable_variables():
        shape = variable.shape.as_list()
        if len(shape) > 1:
            value = rng.normal(0, gain * np.sqrt(2 / np.prod(shape[:-1])), shape)
        else:
            value = sess.run(variable) + rng.normal(0, 0.1, shape)
        sess.run(variable.initializer, {variable.initializer.inputs[1]: value})


def _without_noise(sess, feed):
    """feed, and what switches off dropout and added noise in the graph for one run: their random numbers."""
    random = [
        op.outputs[0]
        for op in sess.graph.get_operations()
        if re.match(r'(Stateless)?(RandomUniform|RandomStandardNormal|TruncatedNormal|RandomNormal)(V2)?$', op.type)
        and 'nitializer' not in op.name
        and op.outputs[0].dtype.is_floating
    ]
    values = sess.run(random, feed)
    off = {t: np.full_like(v, 0.999 if 'Uniform' in t.op.type else 0) for t, v in zip(random, values, strict=True)}
    return {**feed, **off}


def _sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, 'float64')))


def _softplus(x):
    return np.logaddexp(0, np.asarray(x, 'float64'))


# ---------------------------------------------------------------- 1. model_inputs


@_contract
def test_model_inputs(model_inputs):
    """Three float32 placeholders of the sizes asked for, with any batch size."""
    hint = None
    for width, height, channels, z_dim in ((28, 20, 1, 100), (12, 16, 3, 7)):
        call = f'model_inputs(image_width={width}, image_height={height}, image_channels={channels}, z_dim={z_dim})'
        with _fresh_graph(), _trying(f'calling {call}'):
            result = model_inputs(width, height, channels, z_dim)
            hint = _judge_inputs(result, width, height, channels, z_dim) or hint
    return hint


def _judge_inputs(result, width, height, channels, z_dim):
    look = 'return input_real, input_z, learning_rate'
    if not isinstance(result, (tuple, list)) or len(result) != 3:
        _wrong(f'returned {_describe(result)}, not three.', 'train unpacks three placeholders.', look)
    for name, tensor in zip(('input_real', 'input_z', 'learning_rate'), result, strict=True):
        if not _is_tensor(tensor) or not tensor.op.type.startswith('Placeholder'):
            _wrong(
                f'{name} is no placeholder, but {tensor!r}.',
                'only a placeholder takes a new value at every step; anything else is fixed when the graph is built.',
                f'{name} = tf.placeholder(tf.float32, ...)',
            )
        if tensor.dtype != tf.float32:
            _wrong(
                f'{name} is {tensor.dtype.name}, expected float32.',
                'the networks compute in float32, and TensorFlow does not convert on its own.',
                f'{name} = tf.placeholder(tf.float32, ...)',
            )
    real, z, rate = result
    ranks = [tensor.shape.rank for tensor in result]
    if sorted(ranks, key=str) == sorted([4, 2, 0], key=str) and ranks != [4, 2, 0]:
        _wrong(
            f'the placeholders come in another order: their ranks are {ranks}, expected [4, 2, 0].',
            'train takes the first for the images, the second for z and the third for the learning rate.',
            look,
        )
    expected = [None, width, height, channels]
    why = 'it is the shape of a batch of images, [batch, width, height, channels]; the batch may have any size.'
    where = 'tf.placeholder(tf.float32, [None, image_width, image_height, image_channels])'
    if real.shape.rank is None:
        _wrong(f'input_real has no shape, expected {expected}.', why, where)
    if real.shape.as_list() == [None, height, width, channels]:
        _wrong(
            f'input_real has width and height swapped: {real.shape.as_list()}, expected {expected}.',
            why,
            where,
        )
    if real.shape.as_list() != expected:
        _wrong(f'input_real has shape {real.shape.as_list()}, expected {expected}.', why, where)
    if z.shape.rank is None or z.shape.as_list() != [None, z_dim]:
        observed = 'no shape' if z.shape.rank is None else f'shape {z.shape.as_list()}'
        _wrong(
            f'input_z has {observed}, expected {[None, z_dim]}.',
            'one row of z_dim random numbers makes one image; the batch may have any size.',
            'tf.placeholder(tf.float32, [None, z_dim])',
        )
    if rate.shape.rank not in (0, None):
        _wrong(
            f'learning_rate has shape {rate.shape.as_list()}, expected [] (a single number).',
            'the optimiser multiplies every step by it.',
            'tf.placeholder(tf.float32, [])',
        )
    if rate.shape.rank is None:
        return 'hint: give learning_rate the shape [], then a list fed by mistake is noticed'
    return None


# ---------------------------------------------------------------- 2. discriminator

_CONVOLUTIONS = ('Conv2D', 'Conv2DBackpropInput', 'DepthwiseConv2dNative', 'Conv3D', '_FusedConv2D')


def _judge_variables(name, before):
    """All variables that a network created lie in its scope."""
    created = [v for v in tf.global_variables() if v.op.name not in before]
    outside = [v for v in created if not v.op.name.startswith(f'{name}/')]
    if not [v for v in created if v.trainable]:
        _wrong(
            'has no trainable variables.',
            'there is nothing that it could learn.',
            'layers create their weights with tf.get_variable.',
        )
    if outside:
        _wrong(
            f'variables outside of the scope {name!r}: {_names(outside)}.',
            f'model_opt finds the variables of the {name} by this scope; those outside are never trained.',
            f"with tf.variable_scope('{name}', reuse=...): around all of the layers, and no other name.",
        )


def _judge_reuse(name, before, call):
    added = [v for v in tf.global_variables() if v.op.name not in before]
    if added:
        _wrong(
            f'{call} created new variables: {_names(added)}.',
            f'a second {name} with weights of its own is never trained; both calls have to be the same network.',
            f"with tf.variable_scope('{name}', reuse=...): reuse must be on in this call.",
        )


def _judge_gradients(name, output, variables):
    missing = [v for v, g in zip(variables, tf.gradients(output, variables), strict=True) if g is None]
    if missing:
        _wrong(
            f'no gradient reaches {_names(missing)}.',
            'these variables can never be trained.',
            'is every layer fed with the result of the layer before, and is there a stop_gradient, round or argmax?',
        )


@_contract
def test_discriminator(discriminator):
    """n images in; n probabilities and their logits out, each of its own image."""
    for channels in (3, 1):
        with _fresh_graph(), tf.Session() as sess:
            _judge_discriminator(discriminator, channels, sess)


def _judge_discriminator(discriminator, channels, sess):
    images = tf.placeholder(tf.float32, [None, 28, 28, channels], name='images')
    shape = f'images [batch, 28, 28, {channels}]'
    with _trying(f'calling discriminator with {shape}'):
        result = discriminator(images)
    output, logits = _pair(result, 'tf.sigmoid(logits)', 'logits')
    if not _is_tensor(output) or not _is_tensor(logits):
        _wrong(
            f'returned {output!r} and {logits!r}.',
            'both have to be tensors.',
            'return tf.sigmoid(logits), logits',
        )
    _judge_variables('discriminator', ())
    variables = tf.trainable_variables()
    before = {v.op.name for v in tf.global_variables()}
    if not any(op.type in _CONVOLUTIONS for op in sess.graph.get_operations()):
        _wrong(
            'there is no convolution in it.',
            'a network without convolutions does not know which pixels are neighbours, and learns images badly.',
            'use conv2d for the first layers, and a dense layer only for the last.',
        )
    with _trying(f'calling discriminator a second time, with reuse=True and {shape}'):
        again = discriminator(images, reuse=True)
    _, again = _pair(again, 'tf.sigmoid(logits)', 'logits')
    _judge_reuse('discriminator', before, 'the call with reuse=True')
    _judge_gradients('discriminator', logits, variables)
    (slope,) = tf.gradients(logits**2, images)
    if slope is None:
        _wrong(
            'the answer does not depend on the image.',
            'a discriminator that says the same of every image has nothing to teach.',
            'the first layer takes images.',
        )

    rng = np.random.default_rng(0)
    n = 8
    batch = rng.uniform(-1, 1, [n, 28, 28, channels]) * np.linspace(0.2, 1, n)[:, None, None, None]
    order = rng.permutation(n)
    sess.run(tf.global_variables_initializer())
    seen = []
    for seed in range(4):
        _randomise(sess, seed, gain=2.0)
        with _trying(f'running it on {n} images'):
            feed = _without_noise(sess, {images: batch})
            o, lg, second, s = sess.run([output, logits, again, slope], feed)
            feed = _without_noise(sess, {images: batch[order]})
            permuted = sess.run(logits, feed)
        for name, value in (('outputs', o), ('logits', lg)):
            if value.shape[:1] != (n,) or value.size != n:
                _wrong(
                    f'{n} images gave {name} of shape {list(value.shape)}, expected {[n, 1]}.',
                    'each image needs one verdict. A wrong size in a reshape makes more or fewer rows of the batch.',
                    'the reshape before the last layer: tf.reshape(h, [-1, height * width * channels of h])',
                )
        o, lg, second, permuted = (value.ravel() for value in (o, lg, second, permuted))
        if np.allclose(_sigmoid(o), lg, atol=1e-3) and not np.allclose(_sigmoid(lg), o, atol=1e-3):
            _wrong(
                'results in the wrong order: the second one is the sigmoid of the first.',
                'model_loss takes the second for the logits, and squeezes it through another sigmoid.',
                'return tf.sigmoid(logits), logits',
            )
        if not np.allclose(_sigmoid(lg), o, atol=1e-3):
            same = ' They are the same.' if np.allclose(lg, o) else ''
            _wrong(
                f'the output is not the sigmoid of the logits: {o[0]:.3f} for a logit of {lg[0]:.3f}, '
                f'whose sigmoid is {_sigmoid(lg[0]):.3f}.{same}',
                'the loss needs numbers without limits (logits), and people read probabilities.',
                'return tf.sigmoid(logits), logits, where logits come straight out of the last dense layer.',
            )
        if lg.std() < 1e-3 or not np.isfinite(lg).all():
            _wrong(
                f'the answer does not depend on the image: {n} different images gave logits from {lg.min():.4f} to '
                f'{lg.max():.4f}.',
                'a discriminator that says the same of every image has nothing to teach.',
                'is each layer fed with the result of the layer before, and the first one with the images?',
            )
        if np.abs(permuted - lg[order]).max() > 0.05 * lg.std() + 1e-4:
            _wrong(
                'the images of a batch are mixed: in another order, the same images do not get the same answers.',
                'verdicts on mixtures of images teach the generator nothing, and no error is raised.',
                'the reshape before the last layer: the batch must stay the first dimension, without a transpose.',
            )
        if np.abs(second - lg).max() > 0.05 * lg.std() + 1e-4:
            _wrong(
                'the call with reuse=True gives other answers to the same images.',
                'real and drawn images have to be judged by the same network.',
                "tf.variable_scope('discriminator', reuse=reuse), and the same layers in both calls.",
            )
        seen.append(lg)
        used = (np.abs(s).max(0) > 0).mean((0, 1))
        if used.min() < 0.5:
            _wrong(
                f'it looks at a part of the image only: {used.min():.0%} of the pixels of a channel change the answer.',
                'the generator learns nothing about pixels that the discriminator does not see.',
                'the first layer: is it fed with all of images?',
            )
    seen = np.concatenate(seen)
    if seen.min() >= 0 or np.abs(seen).max() <= 1:
        _wrong(
            f'the logits look limited: over four sets of random weights they lie between {seen.min():.2f} and '
            f'{seen.max():.2f}.',
            'logits are numbers without limits. If an activation function limits them, the sigmoid in the loss is the '
            'second one, and the discriminator can never be sure.',
            'no activation function on the last dense layer.',
        )


# ---------------------------------------------------------------- 3. generator


@_contract
def test_generator(generator):
    """n vectors in, n images in [-1, 1] out; at inference each image depends on its own vector only."""
    for channels in (3, 1, 5):
        with _fresh_graph(), tf.Session() as sess:
            _judge_generator(generator, channels, sess)


def _judge_generator(generator, channels, sess):
    z = tf.placeholder(tf.float32, [None, 10], name='z')
    with _trying(f'calling generator with z [batch, 10] and out_channel_dim={channels}'):
        training = generator(z, channels, is_train=True)
    if not _is_tensor(training):
        _wrong(f'returned {_describe(training)}, not one tensor.', 'it is the images.', 'the return statement')
    _judge_variables('generator', ())
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    variables = tf.trainable_variables()
    averages = [v for v in tf.global_variables() if not v.trainable and v.dtype.base_dtype == tf.float32]
    types = [op.type for op in sess.graph.get_operations()]
    if not any(kind in _CONVOLUTIONS for kind in types):
        _wrong(
            'there is no convolution in it.',
            'a network without convolutions does not know which pixels are neighbours, and draws noise.',
            'use conv2d_transpose after the first, dense layer.',
        )
    before = {v.op.name for v in tf.global_variables()}
    with _trying('calling generator a second time, with is_train=False'):
        drawing = generator(z, channels, is_train=False)
    _judge_reuse('generator', before, 'the call with is_train=False')
    _judge_gradients('generator', training, variables)
    (slope,) = tf.gradients(drawing**2, z)
    if slope is None:
        _wrong('the images do not depend on z.', 'every image would be the same.', 'the first layer takes z.')

    rng = np.random.default_rng(0)
    n = 7
    vectors = rng.uniform(-1, 1, [n, 10])
    order = rng.permutation(n)
    sess.run(tf.global_variables_initializer())

    def run(images, vectors):
        with _trying(f'drawing {len(vectors)} images'):
            return sess.run(images, _without_noise(sess, {z: vectors}))

    first = run(training, vectors)
    for images, mode in ((first, ''), (run(drawing, vectors), ' with is_train=False')):
        if images.shape != (n, 28, 28, channels):
            _wrong(
                f'{n} vectors gave images of shape {list(images.shape)}{mode}, expected {[n, 28, 28, channels]}.',
                'they have to have the shape of the real images, or the discriminator cannot judge them.',
                'the reshape after the dense layer, the strides of the layers, and the last number of filters.',
            )
    if (np.abs(first) > 0.99).mean() > 0.5:
        _wrong(
            f'saturated at the start: {(np.abs(first) > 0.99).mean():.0%} of all pixels are beyond 0.99 at once.',
            'there tanh is flat, so no gradient comes through, and training does not begin.',
            'the standard deviation of the initial weights (0.02 is usual), and batch norm before the last layer.',
        )

    extremes = []
    for seed in range(3):
        _randomise(sess, seed, gain=5.0)
        extremes.append([(images.min(), images.max()) for images in (run(training, vectors), run(drawing, vectors))])
    for i, mode in enumerate(('', ' with is_train=False')):
        low, high = np.min(extremes, 0)[i, 0], np.max(extremes, 0)[i, 1]
        if low < -1.0001 or high > 1.0001:
            _wrong(
                f'the images leave the range{mode}: from {low:.2f} to {high:.2f}, expected [-1, 1].',
                'real images have a black and a white; images beyond them are told apart at a glance.',
                'the last layer ends with tf.tanh.',
            )
        if low > -0.05:
            _wrong(
                f'no image has a negative value{mode}: from {low:.2f} to {high:.2f}, expected about -1 to 1.',
                'real images are brought to [-1, 1]; half of their range could never be drawn.',
                'the last layer ends with tf.tanh, not with a sigmoid or a ReLU.',
            )

    _randomise(sess, 0)
    images = run(training, vectors)
    if images.std(0).mean() < 1e-3 * images.std() or images.std() < 1e-7:
        _wrong(
            'different vectors z give the same image.',
            'the generator could draw one picture only.',
            'is every layer fed with the result of the layer before, and the first one with z?',
        )
    companions = not np.allclose(run(training, vectors[:3]), images[:3], atol=1e-3 * images.std() + 1e-6)
    has_batch_norm = bool(averages) or any(kind.startswith('FusedBatchNorm') for kind in types)
    if has_batch_norm and not companions:
        _wrong(
            'batch norm does not use the statistics of the batch in training mode.',
            'it does not normalise anything then, and its moving averages stay where they start.',
            'is_train has to reach every batch norm (training=is_train, is_training=True).',
        )
    if companions:
        _judge_averages(sess, z, vectors, averages, updates, training, drawing)

    with _trying(f'drawing {n} images with is_train=False'):
        images, again = sess.run(drawing, {z: vectors}), sess.run(drawing, {z: vectors})
        alone, permuted = sess.run(drawing, {z: vectors[2:3]}), sess.run(drawing, {z: vectors[order]})
        slopes = sess.run(slope, {z: vectors})
    if not np.array_equal(images, again):
        _wrong(
            'not deterministic with is_train=False: the same z gave two different images.',
            'dropout or noise that is left on spoils the images that a trained generator draws.',
            'dropout only when is_train: for example rate = 0.5 if is_train else 0.0',
        )
    scale = images.std()
    if np.abs(permuted - images[order]).max() > 0.02 * scale + 1e-6:
        _wrong(
            'the images of a batch are mixed: the same vectors, in another order, do not give the same images.',
            'each vector has to make an image of its own.',
            'the reshape after the dense layer: the batch must stay the first dimension.',
        )
    if np.abs(alone - images[2:3]).max() > 0.02 * scale + 1e-6:
        _wrong(
            'with is_train=False an image depends on the others in its batch: the same z, alone, gave another image.',
            'it is normalised by the statistics of the batch. Ask for a single image, and you get mush.',
            'at inference, batch norm has to use its moving averages: pass is_train on to every batch norm.',
        )
    dead = np.flatnonzero(np.abs(slopes).max(0) == 0)
    if len(dead):
        _wrong(
            f'{len(dead)} of the 10 numbers in z do not change the image.',
            'randomness that is not used is variety that cannot be drawn.',
            'the first layer: is it fed with all of z?',
        )


def _judge_averages(sess, z, vectors, averages, updates, training, drawing):
    """Batch norm's moving averages are there, are updated, and count at inference."""
    where = 'the collection tf.GraphKeys.UPDATE_OPS in batch norm (tf.layers fills it when training is on).'
    if not averages:
        _wrong(
            'batch norm keeps no moving averages of its statistics.',
            'without them, a trained generator cannot draw a single image: its batch has no statistics.',
            'two variables with trainable=False, for mean and variance, in each batch norm.',
        )
    feed = _without_noise(sess, {z: vectors})
    old = sess.run([averages, drawing], feed)
    sess.run([updates, training], feed)
    new = sess.run([averages, drawing], feed)
    still = [v for v, a, b in zip(averages, old[0], new[0], strict=True) if np.array_equal(a, b)]
    if still:
        _wrong(
            f'the moving averages {_names(still)} are never updated: no update op of theirs is in the collection.',
            'training looks perfect without them, and the trained generator draws mush.',
            where,
        )
    if np.array_equal(old[1], new[1]):
        _wrong(
            'the moving averages are updated, but an image with is_train=False does not depend on them.',
            'what is learnt in training is not used where it is needed.',
            'at inference, batch norm normalises by its moving averages.',
        )
    target = sess.run(training, feed)
    for _ in range(100):
        sess.run(updates, feed)
    if not np.abs(sess.run(drawing, feed) - target).mean() < np.abs(old[1] - target).mean():
        _wrong(
            'the moving averages move away from the statistics of the batch: after 100 updates with the same batch, '
            'the images with is_train=False are no closer to those in training.',
            'the trained generator draws mush, although all else is right.',
            'the sign in the update: average = 0.9 * average + 0.1 * statistic of the batch.',
        )


# ---------------------------------------------------------------- 4. model_loss


class _Networks:
    """Stand-ins for generator and discriminator: a logit is a pixel of the image, so the test sets the logits."""

    def __init__(self):
        self.generated = []  # (images, out_channel_dim, is_train)
        self.judged = []  # (images, logits)

    def generator(self, z, out_channel_dim, is_train=True, *args, **kwargs):
        with tf.variable_scope('generator', reuse=tf.AUTO_REUSE):
            w = tf.get_variable('w', [], initializer=tf.ones_initializer())
        images = w * tf.reshape(z[:, 0], [-1, 1, 1, 1]) * tf.ones([1, 28, 28, int(out_channel_dim)])
        self.generated.append((images, out_channel_dim, is_train))
        return images

    def discriminator(self, images, reuse=False, *args, **kwargs):
        with tf.variable_scope('discriminator', reuse=reuse):
            w = tf.get_variable('w', [], initializer=tf.ones_initializer())
        logits = w * tf.reduce_mean(images[:, :1, :1, 0], [1, 2])[:, None]
        self.judged.append((images, logits))
        return tf.sigmoid(logits), logits


def _build_loss(model_loss, channels):
    """model_loss on stand-in networks: (networks, input_real, input_z, result)."""
    networks = _Networks()
    real = tf.placeholder(tf.float32, [None, 28, 28, channels], name='input_real')
    z = tf.placeholder(tf.float32, [None, 4], name='input_z')
    stand_ins = {'generator': networks.generator, 'discriminator': networks.discriminator}
    trying = _trying(f'calling model_loss(input_real, input_z, out_channel_dim={channels})')
    with _set(_globals(model_loss), **stand_ins), trying:
        result = model_loss(real, z, channels)
    return networks, real, z, result


@_contract
def test_model_loss(model_loss):
    """Both losses, recomputed in NumPy from logits that the test has chosen."""
    measured = []
    for build, channels in enumerate((3, 1, 3)):
        with _fresh_graph(build), tf.Session() as sess:
            measured.append(_measure_loss(model_loss, channels, sess))
    for key, kind in (('real label', 'real'), ('drawn label', 'drawn')):
        for which, name in enumerate(('d_loss', 'g_loss')):
            labels = [losses[which][key] for losses in measured if losses[which]['fits']]
            if len(labels) == len(measured) and np.ptp(labels) > 1e-3:
                _wrong(
                    f'in {name} the label of {kind} images changes whenever the graph is built: '
                    f'{", ".join(f"{label:.3f}" for label in labels)}.',
                    'it is drawn once by NumPy, and then stays the same for all of the training: '
                    'not random, just unknown.',
                    'a constant, for example 0.9 for real images in d_loss.',
                )
    for losses in measured:
        _judge_losses(*losses)


def _measure_loss(model_loss, channels, sess):
    """(fit of d_loss, fit of g_loss, runs, run of large logits, whether a factor of the labels has no effect)."""
    networks, real, z, result = _build_loss(model_loss, channels)
    useless = _has_useless_factor(sess.graph)
    d_loss, g_loss = _pair(result, 'd_loss', 'g_loss')
    if len(networks.generated) != 1 or networks.generated[0][2] not in (True, 1):
        modes = ', '.join(f'is_train={is_train}' for _, _, is_train in networks.generated) or 'never'
        _wrong(
            f'calls generator {len(networks.generated)} times ({modes}), expected once, with is_train=True.',
            'one batch of drawn images serves both losses; in inference mode batch norm does not learn.',
            'drawn = generator(input_z, out_channel_dim)',
        )
    if networks.generated[0][1] != channels:
        _wrong(
            f'calls generator with {networks.generated[0][1]} channels, expected out_channel_dim, which is {channels}.',
            'digits have one channel and faces three.',
            'drawn = generator(input_z, out_channel_dim)',
        )
    drawn = [_depends_on(logits, z) for _, logits in networks.judged]
    if sorted(drawn) != [False, True]:
        what = ', '.join('drawn' if is_drawn else 'real' for is_drawn in drawn) or 'nothing'
        _wrong(
            f'calls discriminator on {what}; expected once on real and once on drawn images.',
            'it has to judge both kinds, with the same weights.',
            'discriminator(input_real), then discriminator(drawn, reuse=True)',
        )
    logits_drawn, logits_real = (networks.judged[drawn.index(kind)][1] for kind in (True, False))
    for name, loss in (('d_loss', d_loss), ('g_loss', g_loss)):
        if not _is_tensor(loss) or not loss.dtype.is_floating:
            _wrong(
                f'{name} is {loss!r}, expected a scalar tensor.',
                'it is what is minimised.',
                'the return statement',
            )
    if _depends_on(g_loss, z) and tf.gradients(g_loss, z)[0] is None:
        _wrong(
            'no gradient of g_loss reaches the generator.',
            'the generator learns through the discriminator only, and nothing comes through.',
            'is there a stop_gradient, round or argmax between the two networks?',
        )

    sess.run(tf.global_variables_initializer())
    rng = np.random.default_rng(channels)

    def run(r, f):
        """Losses for logits r of real and f of drawn images, with the logits that arrived at the discriminator."""
        images = np.broadcast_to(np.reshape(r, [-1, 1, 1, 1]), [len(r), 28, 28, channels])
        vectors = np.repeat(np.reshape(f, [-1, 1]), 4, 1)
        with _trying(f'computing the losses of a batch of {len(r)}'):
            return sess.run([d_loss, g_loss, logits_real, logits_drawn], {real: images, z: vectors})

    runs = [run(rng.normal(0, 3, n), rng.normal(0, 3, n)) for n in (5, 5, 1, 8, 8, 3, 5, 2, 6, 4, 7, 9, 1, 2, 3, 4)]
    for name, value in zip(('d_loss', 'g_loss'), runs[0], strict=False):
        if np.shape(value) != ():
            _wrong(
                f'{name} has shape {list(np.shape(value))}, expected a single number.',
                'a loss is the mean over the batch.',
                'tf.reduce_mean around each cross-entropy.',
            )
    large = run(np.array([100.0, -100.0, 100.0, -100.0]), np.array([-100.0, 100.0, 100.0, -100.0]))
    return _fit(runs, 0), _fit(runs, 1), runs, large, useless


def _has_useless_factor(graph):
    """Whether labels are made like tf.ones_like(logits * 0.9), which are 1 all the same."""
    for op in graph.get_operations():
        if op.type in ('OnesLike', 'Shape') and op.inputs[0].shape.rank in (0, 1, 2):
            scaled = op.inputs[0].op
            numbers = (
                [tf.get_static_value(x) for x in scaled.inputs] if scaled.type in ('Mul', 'RealDiv', 'Sub') else []
            )
            if any(np.size(number) == 1 and number not in (None, 0, 1) for number in numbers):
                return True
    return False


def _judge_losses(d, g, runs, large, useless_factor):
    _judge_d_loss(d, g, runs, useless_factor)
    _judge_g_loss(g, runs)
    real, drawn = large[2], large[3]
    expected = (
        d['real'] * (_softplus(real) - d['real label'] * real + _softplus(drawn)).mean(),
        _softplus(-drawn).mean(),
    )
    for name, value, right in zip(('d_loss', 'g_loss'), large, expected, strict=False):
        if not np.isfinite(value) or abs(value - right) > 0.01 * abs(right):
            _wrong(
                f'{name} is {value:.4g} for logits of +-100, expected {right:.4g}.',
                'the logarithm of a sigmoid that was rounded to 0 or 1 is wrong, and so is its slope.',
                'tf.nn.sigmoid_cross_entropy_with_logits computes it exactly, from the logits.',
            )


def _terms(real, drawn):
    """What the losses are made of: the cross-entropy of a logit x and a label y is softplus(x) - y x."""
    return [_softplus(real).mean(), -real.mean(), _softplus(drawn).mean(), -drawn.mean()]


def _solve(runs, which, terms):
    """(weight of each term in a loss, whether the terms explain the loss), by least squares."""
    rows = np.array([terms(run[2].astype('float64'), run[3].astype('float64')) for run in runs])
    values = np.array([float(run[which]) for run in runs])
    weights, *_ = np.linalg.lstsq(rows, values, rcond=None)
    return weights, bool(np.abs(rows @ weights - values).max() < 1e-3 * (1 + np.abs(values).max()))


def _fit(runs, which):
    """Weights and labels of the real and of the drawn half of a loss."""
    (real, real_label, drawn, drawn_label), fits = _solve(runs, which, _terms)
    return {
        'real': real,
        'real label': real_label / real if abs(real) > 1e-3 else 0.0,
        'drawn': drawn,
        'drawn label': drawn_label / drawn if abs(drawn) > 1e-3 else 0.0,
        'fits': fits,
    }


def _judge_fit(name, which, loss, runs):
    if loss['fits']:
        return
    if _solve(runs, which, lambda *logits: [*_terms(*logits), *_terms(*map(_sigmoid, logits))])[1]:
        _wrong(
            f'{name} is computed from probabilities, not from logits alone.',
            'sigmoid_cross_entropy_with_logits applies a sigmoid by itself. A second one before it squeezes every '
            'verdict to between 0.5 and 0.73, and the networks hardly learn.',
            'discriminator returns (probability, logits): use the second, as in _, logits = discriminator(...).',
        )
    if _solve(runs, which, lambda *logits: [*_terms(*logits), *(len(logits[0]) * t for t in _terms(*logits))])[1]:
        _wrong(
            f'{name} grows with the size of the batch.',
            'it is a sum and not a mean, so the learning rate means something else for each batch size.',
            'tf.reduce_mean around each cross-entropy.',
        )
    _wrong(
        f'{name} is no cross-entropy of the logits with constant labels.',
        'with labels that are random, or different for each image of a batch, or with another formula, the two losses '
        'no longer belong to the same game.',
        'tf.nn.sigmoid_cross_entropy_with_logits with labels of 0, or of one constant between 0.7 and 1.',
    )


def _close(a, b, tolerance=0.01):
    return abs(a - b) < tolerance


def _judge_d_loss(d, g, runs, useless_factor):
    if d['fits'] and g['fits'] and _close(d['real'], 0) and not _close(g['real'], 0):
        _wrong(
            'results in the wrong order: the first is the loss of the generator, the second of the discriminator.',
            'each network would be trained to do what the other one wants.',
            'return d_loss, g_loss',
        )
    _judge_fit('d_loss', 0, d, runs)
    if _close(d['real'], 0) or _close(d['drawn'], 0):
        half = 'real' if _close(d['real'], 0) else 'drawn'
        _wrong(
            f'd_loss does not contain the loss on {half} images.',
            'a discriminator that sees one kind only says the same of everything.',
            'd_loss = real_loss(logits of real images) + fake_loss(logits of drawn images)',
        )
    if not _close(d['real'], d['drawn']):
        _wrong(
            f'the two halves of d_loss weigh {d["real"]:.2f} (real) and {d["drawn"]:.2f} (drawn), expected the same.',
            'a discriminator that cares more about one kind is unfair to the other.',
            'd_loss = real half + fake half, each a mean.',
        )
    if not (_close(d['real'], 1) or _close(d['real'], 0.5)):
        _wrong(
            f'd_loss is {d["real"]:.2f} times the sum of its two halves, expected 1 (or 0.5).',
            'it is the loss that the numbers in papers and in the progress bar mean.',
            'd_loss = real half + fake half, each a mean.',
        )
    if not -0.01 < d['drawn label'] < 0.01:
        extra = ' Are the two labels swapped?' if d['drawn label'] > 0.6 else ''
        _wrong(
            f'in d_loss the label of drawn images is {d["drawn label"]:.2f}, expected 0.{extra}',
            'a discriminator has to say no to what is drawn; smoothing this label tells the generator that its '
            'mistakes are fine.',
            'labels=tf.zeros_like(logits)',
        )
    if not 0.69 < d['real label'] < 1.01:
        extra = ' Are the two labels swapped?' if d['real label'] < 0.4 else ''
        _wrong(
            f'in d_loss the label of real images is {d["real label"]:.2f}, expected a constant from 0.7 to 1.{extra}',
            'the discriminator has to say yes to what is real; slightly less than 1 makes it a better teacher.',
            'labels=tf.ones_like(logits) * 0.9',
        )
    if useless_factor and _close(d['real label'], 1):
        _wrong(
            'the smoothing has no effect: the label of real images is 1, in spite of a factor inside of ones_like.',
            'tf.ones_like(logits * 0.9) has the shape of the logits and is 1 everywhere, whatever they are.',
            'tf.ones_like(logits) * 0.9, or leave the factor out.',
        )


def _judge_g_loss(g, runs):
    _judge_fit('g_loss', 1, g, runs)
    if not _close(g['real'], 0) or not _close(g['drawn'], 1):
        _wrong(
            f'g_loss weighs real images with {g["real"]:z.2f} and drawn images with {g["drawn"]:z.2f}, '
            'expected 0 and 1.',
            'the generator can only change what it draws.',
            'g_loss = real_loss(logits of drawn images)',
        )
    if _close(g['drawn label'], 0):
        _wrong(
            'in g_loss the label of drawn images is 0, expected 1.',
            'the generator would want its images to be called drawn: it plays for the other side.',
            'labels=tf.ones_like(logits) in g_loss.',
        )
    if not _close(g['drawn label'], 1):
        _wrong(
            f'in g_loss the label is {g["drawn label"]:.2f}, expected 1.',
            'label smoothing is one-sided: it keeps the discriminator from being too sure of real images. '
            'The generator has no reason to want less than everything.',
            'labels=tf.ones_like(logits) in g_loss, without smoothing.',
        )


# ---------------------------------------------------------------- 5. model_opt


@_contract
def test_model_opt(model_opt):
    """Single steps on losses with a known slope: what moves, by how much, and what does not."""
    for beta1 in (0.5, 0.9):
        with _fresh_graph(), tf.Session() as sess:
            _judge_opt(model_opt, beta1, sess)


def _judge_opt(model_opt, beta1, sess):
    shapes = {
        'discriminator/conv/weights': [2, 3],
        'discriminator/logits/bias': [2],
        'generator/project/weights': [3, 2],
        'generator/up/bias': [2],
        'other/weights': [2],
    }
    slopes = {name: tf.placeholder(tf.float32, shape) for name, shape in shapes.items()}
    variables = {name: tf.get_variable(name, shape) for name, shape in shapes.items()}
    average = tf.get_variable('generator/norm/average', [2], trainable=False)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, average.assign_add([1.0, 1.0], name='generator/norm/update'))
    # Both losses depend on all variables, as in a GAN; the slope of g_loss is turned in every second number.
    turn = {name: np.resize([1.0, -1.0], shape) for name, shape in shapes.items()}
    d_loss = tf.add_n([tf.reduce_sum(slopes[name] * v) for name, v in variables.items()])
    g_loss = tf.add_n([tf.reduce_sum(slopes[name] * turn[name] * v) for name, v in variables.items()])
    rate = tf.placeholder(tf.float32, [], name='learning_rate')
    with _trying(f'calling model_opt(d_loss, g_loss, learning_rate, beta1={beta1})'):
        result = model_opt(d_loss, g_loss, rate, beta1)
    steps = _pair(result, 'd_train_opt', 'g_train_opt')
    watched = {**variables, 'generator/norm/average': average}
    rng = np.random.default_rng(0)
    up = {s: rng.choice([-1.0, 1.0], shapes[name]) * rng.uniform(0.5, 2, shapes[name]) for name, s in slopes.items()}
    down = {placeholder: -slope for placeholder, slope in up.items()}

    def move(step, slope, value):
        """How far one step moves each of the watched variables."""
        with _trying('running a step'):
            old = sess.run(watched)
            sess.run(step, {**slope, rate: value})
            new = sess.run(watched)
        return {name: new[name] - old[name] for name in watched}

    updated = False
    for own, step in zip(('discriminator', 'generator'), steps, strict=True):
        other = 'generator' if own == 'discriminator' else 'discriminator'
        short = f'{own[0]}_train_opt'
        sess.run(tf.global_variables_initializer())
        first = move(step, up, 0.01)
        updated |= bool(first.pop('generator/norm/average').any())
        moved = {name for name, change in first.items() if np.any(change)}
        mine = {name for name in variables if name.startswith(own)}
        theirs = {name for name in variables if name.startswith(other)}
        if moved == theirs:
            _wrong(
                f'results in the wrong order: {short} moves the variables of the {other}.',
                'train would run them for the wrong network.',
                'return d_train_opt, g_train_opt',
            )
        if moved - mine:
            _wrong(
                f'{short} moves variables that are not its own: {_names(sorted(moved - mine))}.',
                f'a step of the {own} must not touch anything else: the generator would win by spoiling its judge.',
                f"minimize(..., var_list=variables whose name begins with '{own}')",
            )
        if mine - moved:
            _wrong(
                f'{short} does not move {_names(sorted(mine - moved))}.',
                f'these variables of the {own} would keep their random start for ever.',
                f"var_list=all of tf.trainable_variables() whose name begins with '{own}'; "
                'and is the fed learning_rate the one that Adam gets?',
            )
        for name in mine:
            slope = up[slopes[name]] * (turn[name] if own == 'generator' else 1)
            if np.all(np.sign(first[name]) == -np.sign(slope * turn[name])):
                _wrong(
                    f'{short} minimises {other[0]}_loss, expected {own[0]}_loss.',
                    f'the {own} would do what the {other} wants.',
                    'd_loss for the variables of the discriminator, g_loss for those of the generator.',
                )
            if not np.all(np.sign(first[name]) == -np.sign(slope)):
                _wrong(
                    f'{short} goes uphill: {name} moved in the direction of its slope.',
                    'the loss would grow with every step.',
                    'minimize the loss itself, not its negative.',
                )
            if not np.allclose(np.abs(first[name]), 0.01, rtol=0.02):
                _wrong(
                    f'with a fed learning_rate of 0.01 the first step of {short} is '
                    f'{np.abs(first[name]).mean():.5f}; the first step of Adam is as long as the learning rate.',
                    'the fed value has to be in use, and Adam has to be the optimiser.',
                    'tf.train.AdamOptimizer(learning_rate, beta1)',
                )
        second = move(step, down, 0.01)
        expected = 0.01 * (1 - beta1) / (1 + beta1)
        for name in mine:
            got = -(second[name] * np.sign(first[name])).mean()
            if abs(got - expected) > 0.03 * 0.01:
                _wrong(
                    f'after a turn of the slope, the second step of {short} is {got:.5f}; with beta1={beta1} it is '
                    f'{expected:.5f} (Kingma and Ba 2015, algorithm 1).',
                    'beta1 says for how long Adam remembers its direction; in a GAN the usual 0.9 is too long.',
                    'tf.train.AdamOptimizer(learning_rate, beta1=beta1), for both networks.',
                )
        sess.run(tf.global_variables_initializer())
        still = move(step, up, 0.0)
        still.pop('generator/norm/average')
        if any(np.any(change) for change in still.values()):
            _wrong(
                f'{short} moves although the fed learning_rate is 0.',
                'the placeholder is dead: whatever train feeds, another value is used.',
                'tf.train.AdamOptimizer(learning_rate, ...) with the learning_rate that was passed.',
            )
    if not updated:
        _wrong(
            "neither step runs the update ops in the graph's collection.",
            "batch norm's moving averages would never be updated: training looks perfect, and the trained generator "
            'draws mush.',
            'with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)): around minimize, '
            'not just around AdamOptimizer.',
        )


# ---------------------------------------------------------------- 6. train


class _Recorder(_Networks):
    """Stand-ins for all siblings of train: tiny networks, and steps that write down what reaches them."""

    def __init__(self):
        super().__init__()
        self.log = []  # ('d', images, z, learning rate, number of the step), ('g', None, ...), ('show',)
        self.versions = []  # (length of the log, version of the graph), at each d step
        self.sizes = self.rate = self.given_rate = self.given_beta1 = self.graph = None

    def model_inputs(self, image_width, image_height, image_channels, z_dim):
        self.sizes = (image_width, image_height, image_channels, z_dim)
        if self.sizes != (28, 28, 1, 6):
            _wrong(
                f'calls model_inputs with {self.sizes}, expected (28, 28, 1, 6) for data_shape '
                f'{_DATA_SHAPE} and z_dim 6.',
                'the sizes come from the data.',
                '_, width, height, channels = data_shape',
            )
        real = tf.placeholder(tf.float32, [None, image_width, image_height, image_channels], name='input_real')
        z = tf.placeholder(tf.float32, [None, z_dim], name='input_z')
        self.rate = tf.placeholder(tf.float32, [], name='learning_rate')
        return real, z, self.rate

    def model_loss(self, input_real, input_z, out_channel_dim, *args, **kwargs):
        self.inputs = input_real, input_z
        drawn = self.generator(input_z, out_channel_dim)
        _, real = self.discriminator(input_real)
        _, fake = self.discriminator(drawn, reuse=True)
        loss = tf.nn.sigmoid_cross_entropy_with_logits
        d_loss = loss(logits=real, labels=tf.ones_like(real)) + loss(logits=fake, labels=tf.zeros_like(fake))
        return tf.reduce_mean(d_loss), tf.reduce_mean(loss(logits=fake, labels=tf.ones_like(fake)))

    def model_opt(self, d_loss, g_loss, learning_rate, beta1, *args, **kwargs):
        self.graph = tf.get_default_graph()
        self.given_rate, self.given_beta1 = learning_rate, beta1
        rate = tf.convert_to_tensor(learning_rate, tf.float32)
        real, z = self.inputs
        return self._step('d', [real, z, rate]), self._step('g', [z, rate])

    def _step(self, kind, tensors):
        def record(*values):
            *images, z, rate, step = (np.array(value) for value in values)
            self.log.append((kind, images[0] if images else None, z, float(rate), int(step)))
            if kind == 'd':
                self.versions.append((len(self.log), self.graph.version))
            return np.float32(0)

        step = tf.get_variable(f'{kind}_steps', [], initializer=tf.zeros_initializer(), trainable=False).assign_add(1.0)
        return tf.numpy_function(record, [*tensors, step], tf.float32).op

    def show(self, original):
        def show_generator_output(*args, **kwargs):
            self.log.append(('show',))
            if original is not None and self.log.count(('show',)) < 30:  # to draw takes its time
                return original(*args, **kwargs)

        return show_generator_output


_EPOCHS, _BATCHES, _BATCH = 2, 250, 4
_DATA_SHAPE = (_BATCHES * _BATCH, 28, 28, 1)


def _numbered_batches(served):
    """A get_batches like the data set's: its images carry the number of their batch in the signs of 8 pixels."""

    def get_batches(batch_size, *args, **kwargs):
        for number in range(_BATCHES):
            served.append(batch_size)
            images = np.random.default_rng(number).uniform(-0.5, 0.5, [_BATCH, 28, 28, 1]).astype('float32')
            images[:, 0, :8, 0] = np.where([number >> bit & 1 for bit in range(8)], 0.5, -0.5)
            images[:, 1, :2, 0] = -0.5, 0.5
            yield images

    return get_batches


def _number_of(images):
    """The number that a batch carries, whatever range it was brought to."""
    pixels = images[0, 0, :8, 0]
    middle = (images.min() + images.max()) / 2
    return sum(1 << bit for bit in range(8) if pixels[bit] > middle)


@_contract
def test_train(train):
    """A few hundred tiny batches, with stand-ins for the siblings that write down what reaches them."""
    scope = _globals(train)
    expected = _generator_limit(scope.get('generator')) / _real_gain(scope.get('model_loss'))
    for time in ('the first', 'a second'):
        recorder, served = _Recorder(), []
        stand_ins = {name: getattr(recorder, name) for name in FUNCTIONS[:-1]}
        stand_ins['show_generator_output'] = recorder.show(scope.get('show_generator_output'))
        trying = _trying(f'running train for {time} time, {_EPOCHS} epochs of {_BATCHES} batches')
        with _set(scope, **stand_ins), _fresh_graph(), _watch_pictures(recorder), trying:
            train(_EPOCHS, _BATCH, 6, 0.0123, 0.45, _numbered_batches(served), _DATA_SHAPE, 'L')
        _judge_wiring(recorder, served)
        _judge_steps(recorder)
        _judge_range(recorder, expected)
        _judge_pictures(recorder)


@contextlib.contextmanager
def _watch_pictures(recorder):
    """Count pictures that are shown without show_generator_output, too."""
    plt = sys.modules.get('matplotlib.pyplot')
    with contextlib.ExitStack() as stack:
        if plt:
            stack.enter_context(_set(vars(plt), show=lambda *a, **k: recorder.log.append(('picture',))))
        yield


def _generator_limit(generator):
    """The largest value that the learner's generator draws: 1 for tanh; 1 also where that cannot be found out."""
    try:
        with _fresh_graph(), tf.Session() as sess:
            images = generator(tf.random_uniform([4, 10], -1, 1, seed=0), 1)
            sess.run(tf.global_variables_initializer())
            _randomise(sess, 0, gain=20.0)
            return 0.5 if 0.4 < np.abs(sess.run(images)).max() < 0.51 else 1.0
    except Exception:  # it is judged by its own test
        return 1.0


def _real_gain(model_loss):
    """By how much the learner's model_loss itself scales real images before they are judged: usually 1."""
    try:
        with _fresh_graph(), tf.Session() as sess:
            networks, real, z, _ = _build_loss(model_loss, 1)
            images = next(i for i, logits in networks.judged if not _depends_on(logits, z))
            sess.run(tf.global_variables_initializer())
            return float(sess.run(images, {real: np.full([1, 28, 28, 1], 0.5)}).max()) / 0.5
    except Exception:
        return 1.0


def _judge_wiring(recorder, served):
    if recorder.sizes is None or recorder.given_beta1 is None:
        missing = 'model_inputs' if recorder.sizes is None else 'model_opt'
        _wrong(
            f'does not call {missing}.',
            'train puts the functions above together.',
            'model_inputs, then model_loss, then model_opt.',
        )
    if len(recorder.generated) == 0 or recorder.generated[0][1] != 1:
        _wrong('does not pass the number of channels to model_loss.', 'grey has one channel.', 'data_shape[3]')
    if not (_is_tensor(recorder.given_rate) and _depends_on(recorder.given_rate, recorder.rate)):
        _wrong(
            f'the learning-rate placeholder is dead: model_opt is given {recorder.given_rate!r}.',
            'then the value in the feed_dict has no effect, and the learning rate cannot be changed while training.',
            'model_opt gets the placeholder that model_inputs returned; the number goes into the feed_dict.',
        )
    if recorder.given_beta1 != 0.45:
        _wrong(
            f'model_opt is given beta1={recorder.given_beta1!r}, expected 0.45, as passed to train.',
            'a setting that is ignored misleads whoever changes it.',
            'model_opt(d_loss, g_loss, learning_rate, beta1)',
        )
    if served and set(served) != {_BATCH}:
        _wrong(
            f'get_batches is called with batch_size {served[0]!r}, expected {_BATCH}, as passed to train.',
            'a setting that is ignored misleads whoever changes it.',
            'get_batches(batch_size)',
        )


def _judge_steps(recorder):
    d_steps = [entry for entry in recorder.log if entry[0] == 'd']
    g_steps = [entry for entry in recorder.log if entry[0] == 'g']
    numbers = [_number_of(images) for _, images, *_ in d_steps]
    counts = np.bincount(numbers, minlength=_BATCHES) if numbers else np.zeros(_BATCHES, int)
    if len(d_steps) < _EPOCHS * _BATCHES or counts.min() < _EPOCHS:
        _wrong(
            f'the discriminator made {len(d_steps)} steps in {_EPOCHS} epochs of {_BATCHES} batches; '
            f'{(counts < _EPOCHS).sum()} batches were seen less than {_EPOCHS} times.',
            'every batch of every epoch has to be used.',
            'for each epoch: for each batch of get_batches(batch_size): run d_train_opt; is a step inside of the wrong '
            'loop, or behind an if?',
        )
    if min(len(images) for _, images, *_ in d_steps) < _BATCH:
        _wrong(
            f'the discriminator got {min(len(images) for _, images, *_ in d_steps)} of the {_BATCH} images of a batch.',
            'every image of every batch has to be used.',
            'feed the whole batch that get_batches gives.',
        )
    if len(g_steps) < _EPOCHS * _BATCHES:
        _wrong(
            f'the generator made {len(g_steps)} steps in {_EPOCHS * _BATCHES} batches, discriminator {len(d_steps)}.',
            'both networks have to move at every batch, or one of them runs away.',
            'run g_train_opt for each batch, too; is it inside of the wrong loop, or behind an if?',
        )
    if d_steps[-1][4] != len(d_steps) or g_steps[-1][4] != len(g_steps):
        _wrong(
            'the variables are initialised again in the middle of the training.',
            'all that was learnt until then is lost.',
            'sess.run(tf.global_variables_initializer()) belongs before the loops, once, as does the session.',
        )
    rates = {round(entry[3], 6) for entry in d_steps + g_steps}
    if round(d_steps[0][3], 6) != 0.0123 or max(rates) > 0.0123 or min(rates) <= 0:  # it may fall while training
        _wrong(
            f'the learning rate that arrives at the optimiser is {sorted(rates)}, expected 0.0123, as passed to train.',
            'a setting that is ignored misleads whoever changes it.',
            'learning_rate in the feed_dict of each step.',
        )
    noise = [entry[2] for entry in d_steps]
    different = len({z.tobytes() for z in noise})
    if different < _EPOCHS * _BATCHES:
        _wrong(
            f'only {different} different batches of z in {len(noise)} steps.',
            'with noise that repeats, the generator learns a few pictures by heart.',
            'draw z anew for each batch, inside of the loop, from a generator that is seeded once.',
        )
    if min(len(np.unique(z, axis=0)) for z in noise) < _BATCH:
        _wrong(
            f'a batch of {_BATCH} images got fewer different rows of z.',
            'images with the same z are the same image.',
            'np.random.uniform(-1, 1, size=(batch_size, z_dim))',
        )


def _judge_range(recorder, expected):
    images = [entry[1] for entry in recorder.log if entry[0] == 'd']
    low, high = min(i.min() for i in images), max(i.max() for i in images)
    if not (_close(low, -expected, 0.02) and _close(high, expected, 0.02)):
        _wrong(
            f'real images reach the discriminator in [{low:.2f}, {high:.2f}], the generator draws in '
            f'[{-expected:g}, {expected:g}].',
            'the two kinds can be told apart by their contrast alone, and the generator learns to draw in grey.',
            'get_batches gives images in [-0.5, 0.5], tanh gives [-1, 1]: feed 2 * batch.',
        )


def _judge_pictures(recorder):
    total = _EPOCHS * _BATCHES
    kinds = [entry[0] for entry in recorder.log]
    kind = 'show' if 'show' in kinds else 'picture'
    shown = [kinds[:i].count('d') * total // kinds.count('d') for i, k in enumerate(kinds) if k == kind]
    gaps = np.diff([0, *shown, total])
    if gaps.max() > 150:
        _wrong(
            f'images were shown {len(shown)} times in {total} batches, expected every 100 batches.',
            'the losses say little; the pictures tell whether it works.',
            'show_generator_output(...) whenever the number of batches is a multiple of 100.',
        )
    if len(shown) > total // 20:
        _wrong(
            f'images were shown {len(shown)} times in {total} batches, expected every 100 batches.',
            'drawing takes longer than training then, and nobody looks at so many.',
            'if steps % 100 == 0',
        )
    settled = [version for length, version in recorder.versions if 'show' in kinds[:length] or kind == 'picture']
    if settled and settled[-1] != settled[0]:
        _wrong(
            f'the graph grows while training: {settled[-1] - settled[0]} operations since the first picture.',
            'each picture or step adds operations that are never removed: training slows down and memory fills up.',
            'build the op that draws images once, before the loop, and only run it inside of it.',
        )


# ---------------------------------------------------------------- functions out of a notebook


class Missing:
    """Stands for a name that a notebook does not define, and says why."""

    def __init__(self, reason):
        self._reason = reason

    def __str__(self):
        return self._reason

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        raise ImportError(self._reason)


_HARMLESS_CALLS = re.compile(
    r'(tf|tensorflow)(\.compat\.v1)?\.(disable_|enable_|set_random_seed|logging\.|random\.set_seed)|os\.environ\.|'
    r'warnings\.|sys\.path\.|np\.random\.seed'
)
_PLAIN_CALLS = re.compile(r'(tf|tensorflow|np|numpy|math|functools|os\.environ|os\.path|Path)\.|[a-z]+$')
_LOADING = re.compile(r'load|download|fetch|read|open|extract|get_file|input|print|exec|eval|Session|train$')


def functions_from_notebook(path):
    """What the cells of a notebook define, as a dict: imports, functions, classes, plain values.

    Nothing that downloads, reads, tests or trains is executed. Each of the six functions that is not defined is a
    `Missing` with the reason: no such cell, a syntax error, an error in the definition. Raises OSError or ValueError
    when the file cannot be read as a notebook.
    """
    path = Path(path)
    try:
        cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f'{path} is no notebook: {error!r}') from None
    if str(path.parent.absolute()) not in sys.path:
        sys.path.insert(0, str(path.parent.absolute()))
    namespace = {'__name__': path.stem}
    reasons = {}
    code = [''.join(cell['source']) for cell in cells if cell.get('cell_type') == 'code']
    for number, source in enumerate(code, 1):
        where = f'{path.name}, cell {number}'
        source = _without_magics(source)
        linecache.cache[where] = (len(source), None, source.splitlines(keepends=True), where)
        defined = re.findall(r'^def\s+(\w+)', source, re.M)
        try:
            statements = ast.parse(source, where).body
        except SyntaxError as error:
            for name in defined:
                reasons[name] = f'{name} is not defined: {where} has a syntax error in line {error.lineno}: {error.msg}'
            continue
        for statement in statements:
            if not _defines(statement):
                continue
            try:
                with _quiet():
                    exec(compile(ast.Module([statement], []), where, 'exec'), namespace)
            except Exception as error:
                reason = (
                    f'"{ast.unparse(statement).splitlines()[0]}" in {where} failed: {type(error).__name__}: {error}'
                )
                if isinstance(statement, (ast.Import, ast.ImportFrom)):
                    for alias in statement.names:
                        name = alias.asname or alias.name.split('.')[0]
                        namespace.setdefault(name, Missing(reason))
                elif isinstance(statement, ast.FunctionDef):
                    reasons[statement.name] = f'{statement.name} is not defined: {reason}'
    for name in FUNCTIONS:
        if name not in namespace:
            namespace[name] = Missing(
                reasons.get(name, f'{name} is not defined: no cell of {path.name} has a def {name}')
            )
    return namespace


def _without_magics(source):
    """A cell's source with IPython's magics and shell lines blanked, so that line numbers stay."""
    source = re.sub(r'^%%(time|timeit|capture|prun)\b.*', '', source)
    if source.startswith('%%'):
        return ''
    return re.sub(r'^(\s*)([%!].*|\w+\s*=\s*[%!].*|[\w.]+\?+|\?+[\w.]+)$', r'\1pass', source, flags=re.M)


def _defines(statement):
    """Whether a statement of a notebook only defines something."""
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return True
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return statement.value is not None and _is_plain(statement.value)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return bool(_HARMLESS_CALLS.match(ast.unparse(statement.value.func)))
    if isinstance(statement, ast.If):
        return _is_plain(statement.test) and all(map(_defines, [*statement.body, *statement.orelse]))
    if isinstance(statement, ast.Try):
        handlers = [inner for handler in statement.handlers for inner in handler.body]
        return all(map(_defines, [*statement.body, *handlers, *statement.orelse, *statement.finalbody]))
    return isinstance(statement, ast.Pass)


def _is_plain(expression):
    """Whether an expression calls nothing but TensorFlow, NumPy and built-in functions, and loads nothing."""
    calls = [ast.unparse(node.func) for node in ast.walk(expression) if isinstance(node, ast.Call)]
    return all(_PLAIN_CALLS.match(call) and not _LOADING.search(call.split('.')[-1]) for call in calls)
