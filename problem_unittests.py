"""The contract of the six functions: each test runs one of them, watches what it does, and explains what is wrong.

In a notebook: `tests.test_generator(generator)` prints one line, or raises an AssertionError that says what was
observed, why it matters and where to look. On the command line: `pytest problem_unittests.py -k generator`, with
`--notebook other.ipynb` for another notebook.

Each fault has an id, such as 'generator.depends_on_batch', and an entry in the table at the end of this file. The
AssertionError carries the id of the most serious fault as `.fault`, and all of them as `.faults`: {id: text}.

Nothing is imported but TensorFlow, NumPy and the standard library, so the file can be put next to any notebook.
During a test, tiny stubs replace the other functions that the function under test calls.
"""

import configparser
import contextlib
import functools
import inspect
import io
import linecache
import os
import random
import re
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import numpy as np
import tensorflow.compat.v1 as tf

FUNCTIONS = ('model_inputs', 'discriminator', 'generator', 'model_loss', 'model_opt', 'train')


# ---------------------------------------------------------------- how a verdict is reached and told


class _Stop(Exception):
    """Ends a test: after the last fault, further checks would make no sense."""


_report = SimpleNamespace(name='', found={})  # of the running test; found: {id of a fault: values for its texts}
_judges = {}  # name of a function -> what judges it


def _fault(fault, **values):
    """Note a fault or a hint. The first one with an id is kept."""
    _report.found.setdefault(fault, values)


def _stop(fault, **values):
    _fault(fault, **values)
    raise _Stop


def _entry(fault):
    """The id under which the table has a fault: '*.name' stands for all functions."""
    return fault if fault in FAULTS else '*' + fault[fault.index('.') :]


def _text(fault, values):
    """What was seen, why it matters and where to look, a line each."""
    labels = {'seen': '', 'why': '  Why it matters: ', 'look': '  Where to look: ', 'means': '  What it means: '}
    entry, values = FAULTS[_entry(fault)], {'name': _report.name, **values}
    return '\n'.join(label + entry[key].format(**values) for key, label in labels.items() if key in entry)


def judge(name, function):
    """What the test of the function called `name` finds: (faults, hints), each {id: text}, the most serious first.

    A fault makes the function wrong, a hint does not. A function that is an exception is missing for that reason.
    """
    _report.name, _report.found = name, {}
    if isinstance(function, Exception):
        _fault(f'{name}.missing', reason=function)
    elif not callable(function):
        _fault(f'{name}.not_a_function', got=repr(function))
    else:
        with _quiet(), contextlib.suppress(_Stop):
            _judges[name](function)
    order = list(FAULTS)
    found = sorted(_report.found.items(), key=lambda item: order.index(_entry(item[0])))
    texts = {fault: _text(fault, values) for fault, values in found}
    hints = {fault: text for fault, text in texts.items() if FAULTS[_entry(fault)]['kind'] == 'hints'}
    return {fault: text for fault, text in texts.items() if fault not in hints}, hints


def _contract(test):
    """Make a public test of a function that judges: one line when it passes, else a short AssertionError."""
    name = test.__name__.removeprefix('test_')
    _judges[name] = test

    @functools.wraps(test)
    def run(*arguments, **keywords):
        __tracebackhide__ = True
        function = [*arguments, *keywords.values()][0]  # what follows (the original passes tf) is of no use here
        faults, hints = judge(name, function)
        notes = [f'  Hint: {text}' for text in hints.values()]
        if not faults:
            return print('\n'.join([f'{name}: passed', *notes]))
        first, *others = faults.values()
        failure = AssertionError(
            '\n'.join([f'{name}: {first}', *(f'  Also: {text.splitlines()[0]}' for text in others), *notes])
        )
        failure.fault, failure.faults = next(iter(faults)), faults
        raise failure

    return run


@contextlib.contextmanager
def _trying(doing):
    """Make a fault of an exception in the learner's code, which says what was being tried."""
    try:
        yield
    except _Stop:
        raise
    except (Exception, SystemExit) as error:
        text = str(error).strip() or type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        if isinstance(error, tf.errors.OpError):  # its text begins with a traceback of its own
            text = re.sub(r"(?s).*\nNode: '[^']*'\n", '', error.message)
            frames = list(error.op.traceback) if error.op is not None else frames
        if isinstance(error, NotImplementedError) and _is_own(frames[-1]):
            of = '' if frames[-1].name == _report.name else f'{frames[-1].name}, which it needs, is '
            _fault(f'{_report.name}.not_written', of=of)
            raise _Stop from None
        kinds = (kind for kind, entry in FAULTS.items() if re.search(entry.get('error', '(?!)'), text))
        fault = _report.name + next(kinds, '*.raises').lstrip('*')
        _fault(fault, error=type(error).__name__, doing=doing, text=text.splitlines()[0][:300], frames=_frames(frames))
        raise _Stop from None


def _is_own(frame):
    """Whether a frame of a traceback is the learner's code."""
    libraries = (sys.base_prefix, sys.prefix, str(Path(__file__)))
    return not frame.filename.startswith(libraries) and f'{os.sep}site-packages{os.sep}' not in frame.filename


def _frames(frames):
    """The last lines of the learner's own code in a traceback."""
    first = next((i for i, frame in enumerate(frames) if frame.filename == __file__), 0)
    lines = [
        f'\n  in {frame.name}, line {frame.lineno} of {_cell(frame.filename)}: '
        + linecache.getline(frame.filename, frame.lineno).strip()
        for frame in frames[first:]
        if _is_own(frame)
    ]
    return ''.join(lines[-3:])


def _cell(filename):
    """A file name as the learner knows it: IPython's names of cells are paths of temporary files."""
    return 'the cell' if 'ipykernel' in filename or filename.startswith('<ipython') else Path(filename).name


@contextlib.contextmanager
def _quiet():
    """No progress bars, prints or pictures from the function under test; its files go to an empty folder."""
    plt = sys.modules.get('matplotlib.pyplot')
    figures = plt.get_fignums() if plt else []
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.enter_context(warnings.catch_warnings(action='ignore'))
        stack.enter_context(mock.patch.object(sys, 'path', [*sys.path, os.getcwd()]))
        stack.enter_context(mock.patch.dict(os.environ))
        os.environ.pop('TF_CONFIG', None)  # of several machines, each judges by itself
        stack.enter_context(
            contextlib.chdir(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        )
        stack.callback(tf.logging.set_verbosity, tf.logging.get_verbosity())
        tf.logging.set_verbosity(tf.logging.FATAL)
        if 'IPython' in sys.modules:  # as in a notebook
            from IPython.utils.capture import capture_output

            stack.enter_context(capture_output(stdout=False, stderr=False))
        if plt:
            stack.enter_context(mock.patch.object(plt, 'show', lambda *a, **k: None))
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
    """The namespace in which a function finds the others."""
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
    """A session on a new graph, with all random numbers seeded for a while."""
    states = np.random.get_state(), random.getstate()
    np.random.seed(seed)
    random.seed(seed)
    try:
        with tf.Graph().as_default(), contextlib.closing(tf.Session()) as sess:
            tf.set_random_seed(seed)
            yield sess
    finally:
        np.random.set_state(states[0])
        random.setstate(states[1])


def _values(fault, result, count):
    """The results of a function, which have to be so many."""
    if not isinstance(result, (tuple, list)) or len(result) != count:
        _stop(fault, got=_describe(result))
    return result


def _describe(value):
    if isinstance(value, (tuple, list)):
        return str(len(value))
    return 'a tensor' if _is_tensor(value) else repr(value)


def _is_tensor(value):
    return isinstance(value, (tf.Tensor, tf.Variable))


def _shape(tensor):
    """A static shape as a list, or 'unknown'."""
    return 'unknown' if tensor.shape.rank is None else tensor.shape.as_list()


def _ancestors(tensors):
    """The operations that tensors are computed by."""
    ops, seen = [tensor.op for tensor in tensors], set()
    while ops:
        op = ops.pop()
        if op not in seen:
            seen.add(op)
            ops += [x.op for x in op.inputs]
    return seen


def _depends_on(tensor, source):
    return source.op in _ancestors([tensor])


def _names(variables):
    names = [v if isinstance(v, str) else v.op.name for v in variables]
    return ', '.join(names[:4]) + (f' and {len(names) - 4} more' if len(names) > 4 else '')


def _assign(sess, variable, value):
    sess.run(variable.initializer, {variable.initializer.inputs[1]: value})


def _randomize(sess, seed, gain=1.0):
    """Give all trainable variables healthy random values, whatever they start with."""
    rng = np.random.default_rng(seed)
    for variable in tf.trainable_variables():
        shape = variable.shape.as_list()
        value = rng.standard_normal(shape, np.float32)
        if len(shape) > 1:
            value *= np.float32(gain * np.sqrt(2 / np.prod(shape[:-1])))
        else:
            value = sess.run(variable) + 0.1 * value
        _assign(sess, variable, value)


def _without_noise(sess, feed, uniform=0.999, normal=0):
    """feed, and constants in place of the graph's random numbers: dropout keeps all, noise is nothing."""
    noise = [
        op.outputs[0]
        for op in sess.graph.get_operations()
        if re.match(r'(Stateless)?(RandomUniform|RandomStandardNormal|TruncatedNormal|RandomNormal)(V2)?$', op.type)
        and 'nitializer' not in op.name
        and op.outputs[0].dtype.is_floating
    ]
    values = sess.run(noise, feed)
    off = {
        t: np.full_like(v, uniform if 'Uniform' in t.op.type else normal) for t, v in zip(noise, values, strict=True)
    }
    return {**feed, **off}


def _sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, 'float64')))


def _softplus(x):
    return np.logaddexp(0, np.asarray(x, 'float64'))


def _close(a, b, tolerance=0.01):
    return abs(a - b) < tolerance


# ---------------------------------------------------------------- 1. model_inputs


@_contract
def test_model_inputs(model_inputs):
    """Three float32 placeholders of the sizes asked for, with any batch size."""
    for width, height, channels, z_dim in ((28, 20, 1, 100), (12, 16, 3, 7)):
        call = f'model_inputs(image_width={width}, image_height={height}, image_channels={channels}, z_dim={z_dim})'
        with _fresh_graph(), _trying(f'calling {call}'):
            result = model_inputs(width, height, channels, z_dim)
        _judge_inputs(_values('model_inputs.count', result, 3), [None, width, height, channels], [None, z_dim])


def _judge_inputs(result, real_shape, z_shape):
    for name, tensor in zip(('input_real', 'input_z', 'learning_rate'), result, strict=True):
        if not _is_tensor(tensor) or not tensor.op.type.startswith('Placeholder'):
            _stop('model_inputs.not_a_placeholder', which=name, got=repr(tensor))
        if name == 'learning_rate' and tensor.dtype == tf.float64:
            _fault('model_inputs.rate_float64')
        elif tensor.dtype != tf.float32:
            _fault('model_inputs.dtype', which=name, got=tensor.dtype.name)
    ranks = [tensor.shape.rank for tensor in result]
    if sorted(ranks, key=str) == [0, 2, 4] and ranks != [4, 2, 0]:
        _stop('model_inputs.order', ranks=ranks)
    real, z, rate = map(_shape, result)
    batch, width, height, channels = real_shape
    if real == [batch, height, width, channels]:
        _fault('model_inputs.height_first', got=real, expected=real_shape)
    elif real != real_shape:
        _fault('model_inputs.real_shape', got=real, expected=real_shape)
    if z != z_shape:
        _fault('model_inputs.z_shape', got=z, expected=z_shape)
    if rate == 'unknown':
        _fault('model_inputs.rate_of_any_shape')
    elif rate:
        _fault('model_inputs.rate_shape', got=rate)


# ---------------------------------------------------------------- 2. discriminator and 3. generator

_CONVOLUTIONS = ('Conv2D', 'Conv2DBackpropInput', 'DepthwiseConv2dNative', 'Conv3D', '_FusedConv2D')
_ACTIVATIONS = ('LeakyRelu', 'Relu', 'Relu6', 'Elu', 'Selu', 'Maximum', 'Tanh', 'Sigmoid', 'Softplus')
_MIXED = np.array([[1, 0], [0, 1], [0.5, 0.5]])  # two inputs and their mean: what is linear gives the mean


def _flag(function, name, value):
    """([positional], {by name}): how a network gets its flag, which may have another name."""
    parameters = inspect.signature(function).parameters
    by_name = name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    if not by_name and len(parameters) > 1:
        _fault(f'{_report.name}.flag_name', expected=name, got=list(parameters)[-1])
    return ([], {name: value}) if by_name else ([value], {})


def _build_twice(first, second, inputs, source):
    """Build a network by two calls that return lists of tensors, the last one its answer, and judge its graph.

    first and second: (description, call). Returns both results, and the slope of the answer at its input `source`.
    """
    name = _report.name
    with _trying(f'calling {name} with {inputs}{first[0]}'):
        results = [first[1]()]
    variables = tf.global_variables()
    _judge_graph(name, variables, results[0])
    with _trying(f'calling {name} a second time, with {inputs}{second[0]}'):
        results.append(second[1]())
    added = [v for v in tf.global_variables() if v not in variables]
    if added:
        _stop(f'{name}.new_variables', call=second[0].removeprefix(' and'), names=_names(added))
    trained = [v for v in variables if v.trainable]
    slopes = tf.gradients(results[0][-1], trained)
    if missing := [v for v, slope in zip(trained, slopes, strict=True) if slope is None]:
        _fault(f'{name}.no_gradient', names=_names(missing))
    (slope,) = tf.gradients(results[1][-1] ** 2, source)
    if slope is None:
        _stop(f'{name}.input_unused')
    return *results, slope


def _judge_graph(name, variables, results):
    """A network has variables, all of them in its scope, convolutions, and no activation that is not used."""
    if not any(v.trainable for v in variables):
        _stop(f'{name}.no_variables')
    if outside := [v for v in variables if not v.op.name.startswith(f'{name}/')]:
        _fault(f'{name}.outside_scope', names=_names(outside))
    graph = tf.get_default_graph()
    ops = graph.get_operations()
    if not any(op.type in _CONVOLUTIONS for op in ops):
        _fault(f'{name}.no_convolution')
    collected = [x for key in graph.get_all_collection_keys() for x in graph.get_collection(key) if _is_tensor(x)]
    summaries = [op.outputs[0] for op in ops if 'Summary' in op.type and op.outputs]
    used = _ancestors([*results, *collected, *summaries])
    idle = [op for op in ops if op.type in _ACTIVATIONS and op not in used and 'nitializer' not in op.name]
    if idle:
        _fault(f'{name}.activation_unused', names=_names(op.name for op in idle), frames=_frames(idle[0].traceback))


def _judge_norm(sess, output, feed):
    """A network in training mode does not depend on batch norm's moving averages. Returns whether that is so."""
    averages = [v for v in tf.global_variables() if not v.trainable and v.shape.rank == 1]
    before = sess.run(output, feed)
    for variable in averages:
        _assign(sess, variable, np.random.default_rng(0).uniform(0.5, 2, variable.shape.as_list()))
    after = sess.run(output, feed)
    sess.run([v.initializer for v in averages])
    if np.allclose(before, after, atol=1e-3 * np.std(before)):
        return True
    used = _ancestors([output])
    _fault(f'{_report.name}.norm_not_training', names=_names(v for v in averages if v.op in used))


def _judge_order(given, permuted, order, tolerance):
    """Another order of the inputs in a batch gives the same results in that order. Returns whether that is so."""
    if np.abs(permuted - given[order]).max() > tolerance:
        return _fault(f'{_report.name}.batch_mixed')
    return True


def _is_linear(values):
    """Whether each third of n values is the mean of the two before it."""
    first, second, mean = (values[i : len(values) // 3 * 3 : 3] for i in range(3))
    return np.abs(mean - (first + second) / 2).max() < 1e-3 * np.std(values)


@_contract
def test_discriminator(discriminator):
    """n images in; n probabilities and their logits out, each of its own image."""
    for channels, seeds in ((3, 4), (1, 1)):
        with _fresh_graph() as sess:
            _judge_discriminator(discriminator, channels, seeds, sess)


def _judge_discriminator(discriminator, channels, seeds, sess):
    images = tf.placeholder(tf.float32, [None, 28, 28, channels], name='images')

    def call(reuse=None):
        flag, named = _flag(discriminator, 'reuse', reuse) if reuse else ([], {})
        outputs = _values('discriminator.count', discriminator(images, *flag, **named), 2)
        if not all(map(_is_tensor, outputs)):
            _stop('discriminator.not_tensors', got=outputs)
        return outputs

    (output, logits), (_, again), slope = _build_twice(
        ('', call), (' and reuse=True', lambda: call(True)), f'images [batch, 28, 28, {channels}]', images
    )
    rng = np.random.default_rng(0)
    batch = np.einsum('mk,nkhwc->nmhwc', _MIXED, rng.uniform(-1, 1, [4, 2, 28, 28, channels]))
    batch = batch.reshape(12, 28, 28, channels)
    order = rng.permutation(12)
    sess.run(tf.global_variables_initializer())
    seen = []
    for seed in range(seeds):
        _randomize(sess, seed, gain=2.0)
        with _trying('running it on 12 images'):
            feed = _without_noise(sess, {images: batch})
            *answers, used = sess.run([output, logits, again, slope], feed)
            answers.append(sess.run(logits, _without_noise(sess, {images: batch[order]})))
        for which, value in zip(('outputs', 'logits'), answers, strict=False):
            if value.shape[:1] != (12,) or value.size != 12:
                _stop('discriminator.shape', n=12, which=which, got=list(value.shape))
        _judge_answers(*(value.ravel() for value in answers), order)
        seen.append(answers[1])
        share = (np.abs(used).max(0) > 0).mean((0, 1)).min()
    if share < 0.9:
        _fault('discriminator.part_of_the_image' if share < 0.6 else 'discriminator.border', share=share)
    if seeds > 1 and (np.min(seen) >= 0 or np.abs(seen).max() <= 1):
        _fault('discriminator.limited_logits', low=np.min(seen), high=np.max(seen))
    _judge_norm(sess, logits, feed)


def _judge_answers(output, logits, again, permuted, order):
    """What two calls of a discriminator say to n images: arrays [n]."""
    right = np.allclose(_sigmoid(logits), output, atol=1e-3)
    if not right and np.allclose(_sigmoid(output), logits, atol=1e-3):
        _stop('discriminator.order')
    if not right:
        values = {'output': output[0], 'logit': logits[0], 'sigmoid': _sigmoid(logits[0])}
        _fault('discriminator.' + ('same_twice' if np.allclose(logits, output) else 'not_the_sigmoid'), **values)
    if logits.std() < 1e-3 or not np.isfinite(logits).all():
        _stop('discriminator.same_answer', n=len(logits), low=logits.min(), high=logits.max())
    tolerance = 0.05 * logits.std() + 1e-4
    _judge_order(logits, permuted, order, tolerance)
    if np.abs(again - logits).max() > tolerance:
        _fault('discriminator.reuse_differs')
    if _is_linear(logits):
        _fault('discriminator.linear')


@_contract
def test_generator(generator):
    """n vectors in, n images in [-1, 1] out; at inference each image depends on its own vector only."""
    for channels, z_dim in ((3, 131), (1, 10), (5, 7)):
        with _fresh_graph() as sess:
            probe = _Generator(generator, channels, z_dim, sess)
            if z_dim == 131:
                probe.judge_range()
                _randomize(sess, 0)
                probe.judge_training_mode()
                probe.judge_inference()


class _Generator:
    """A learner's generator, built in both modes, on its bench."""

    def __init__(self, generator, channels, z_dim, sess):
        self.sess, self.z = sess, tf.placeholder(tf.float32, [None, z_dim], name='z')

        def call(is_train):
            flag, named = _flag(generator, 'is_train', is_train)
            images = generator(self.z, channels, *flag, **named)
            if not _is_tensor(images):
                _stop('generator.not_a_tensor', got=_describe(images))
            return [images]

        (self.training,), (self.inference,), self.slope = _build_twice(
            ('', lambda: call(True)),
            (' and is_train=False', lambda: call(False)),
            f'z [batch, {z_dim}], out_channel_dim={channels}',
            self.z,
        )
        self.modes = {'': self.training, ' with is_train=False': self.inference}
        pairs = np.random.default_rng(0).uniform(-1, 1, [2, 2, z_dim])
        self.vectors = np.einsum('mk,nkz->nmz', _MIXED, pairs).reshape(6, z_dim)
        sess.run(tf.global_variables_initializer())
        first = {mode: self.run(images) for mode, images in self.modes.items()}
        for mode, images in first.items():
            if images.shape != (6, 28, 28, channels):
                _stop('generator.shape', n=6, mode=mode, got=list(images.shape), expected=[6, 28, 28, channels])
        share = (np.abs(first['']) > 0.99).mean()
        if share > 0.9:
            _fault('generator.saturated', share=share)

    def run(self, images, vectors=None):
        vectors = self.vectors if vectors is None else vectors
        with _trying(f'generating {len(vectors)} images'):
            return self.sess.run(images, self.feed(vectors))

    def feed(self, vectors):
        return _without_noise(self.sess, {self.z: vectors})

    def judge_range(self):
        """The values that images can have."""
        extremes = []
        for seed in range(2):
            _randomize(self.sess, seed, gain=5.0)
            extremes.append([(images.min(), images.max()) for images in map(self.run, self.modes.values())])
        for mode, low, high in zip(self.modes, np.min(extremes, 0)[:, 0], np.max(extremes, 0)[:, 1], strict=True):
            if low < -1.0001 or high > 1.0001:
                _fault('generator.out_of_range', mode=mode, low=low, high=high)
            elif low > -0.05:
                _fault('generator.never_negative', mode=mode, low=low, high=high)

    def judge_training_mode(self):
        """In training, images differ, are no linear function of z, and batch norm uses the statistics of the batch."""
        images = self.run(self.training)
        if images.std(0).mean() < 1e-3 * images.std() or images.std() < 1e-7:
            _stop('generator.same_image')
        inner = np.all(np.abs(images) < 0.99, 0)
        if inner.any() and _is_linear(np.arctanh(images[:, inner])):
            _fault('generator.linear')
        if not _judge_norm(self.sess, self.training, self.feed(self.vectors)):
            return
        averages = [v for v in tf.global_variables() if not v.trainable and v.dtype.base_dtype == tf.float32]
        alone = self.run(self.training, self.vectors[:3])
        if not np.allclose(alone, images[:3], atol=1e-3 * images.std() + 1e-6):
            self._judge_averages(averages)
        elif averages or any(op.type.startswith('FusedBatchNorm') for op in self.sess.graph.get_operations()):
            _fault('generator.norm_not_training', names=_names(averages) or 'none')

    def _judge_averages(self, averages):
        """Batch norm's moving averages are there, are updated, and count at inference."""
        if not averages:
            return _fault('generator.no_averages')
        updates, feed = tf.get_collection(tf.GraphKeys.UPDATE_OPS), self.feed(self.vectors)
        old, old_images = self.sess.run([averages, self.inference], feed)
        self.sess.run([updates, self.training], feed)
        new, new_images, target = self.sess.run([averages, self.inference, self.training], feed)
        still = [v for v, a, b in zip(averages, old, new, strict=True) if np.array_equal(a, b)]
        if still:
            return _fault('generator.averages_still', names=_names(still))
        if np.array_equal(old_images, new_images):
            return _fault('generator.averages_unused')
        start, done = np.abs(old_images - target).mean(), 0
        for count in (5, 100):  # 5 are enough for most, and a run of a large network takes its time
            for _ in range(count - done):
                self.sess.run([updates, self.training.op], feed)
            done, distance = count, np.abs(self.sess.run(self.inference, feed) - target).mean()
            if distance < 0.99 * start:
                return
        if not distance < start:
            _fault('generator.averages_diverge')

    def judge_inference(self):
        """At inference an image depends on its own vector only, on all of it, and on nothing else."""
        order = np.random.default_rng(1).permutation(len(self.vectors))
        feed, run = {self.z: self.vectors}, self.sess.run
        with _trying(f'generating {len(self.vectors)} images with is_train=False'):
            images, slopes = run([self.inference, self.slope], self.feed(self.vectors))
            again = run(self.inference, _without_noise(self.sess, feed, uniform=0.001, normal=1))
            plain = run(self.inference, feed)
        # Threads that add in another order change the last bits, noise changes more.
        if not all(np.allclose(images, other, atol=1e-4, equal_nan=True) for other in (again, plain)):
            return _fault('generator.random')
        tolerance = 0.02 * images.std() + 1e-6
        if _judge_order(images, self.run(self.inference, self.vectors[order]), order, tolerance):
            alone = self.run(self.inference, self.vectors[2:3])
            if np.abs(alone - images[2:3]).max() > tolerance:
                _fault('generator.depends_on_batch')
        if dead := np.sum(np.abs(slopes).max(0) == 0):
            _fault('generator.part_of_z', dead=dead, z_dim=len(slopes[0]))


# ---------------------------------------------------------------- 4. model_loss


class _Networks:
    """Tiny networks: a logit is a pixel of the image, so a test that feeds images sets the logits."""

    def __init__(self, reuse):
        self.generated = []  # (images, out_channel_dim, is_train)
        self.judged = []  # (images, logits)
        self.reuse = reuse  # unless the call says something else

    def generator(self, z, out_channel_dim, *flag, **named):
        is_train = next((v for v in [*flag, *named.values()] if isinstance(v, bool)), named.get('is_train', True))
        with tf.variable_scope('generator', reuse=tf.AUTO_REUSE):
            w = tf.get_variable('w', [], initializer=tf.ones_initializer())
        images = w * tf.reshape(z[:, 0], [-1, 1, 1, 1]) * tf.ones([1, 28, 28, int(out_channel_dim)])
        self.generated.append((images, out_channel_dim, is_train))
        return images

    def discriminator(self, images, *flag, **named):
        given = [named.get('reuse'), *flag, *named.values()]
        reuse = next((v for v in given if v is True or v is tf.AUTO_REUSE), self.reuse)
        with tf.variable_scope('discriminator', reuse=reuse):
            w = tf.get_variable('w', [], initializer=tf.ones_initializer())
        logits = w * tf.reduce_mean(images[:, :1, :1, 0], [1, 2])[:, None]
        self.judged.append((images, logits))
        return tf.sigmoid(logits), logits


def _own_reuse(discriminator):
    """What the learner's discriminator does in a call without `reuse`: False, or AUTO_REUSE."""
    try:
        with _fresh_graph():
            discriminator(tf.zeros([2, 28, 28, 3]))
            created = len(tf.global_variables())
            discriminator(tf.zeros([2, 28, 28, 3]))
            return tf.AUTO_REUSE if len(tf.global_variables()) == created else False
    except Exception:  # it is judged by its own test
        return False


def _build_loss(model_loss, channels, reuse=False):
    """model_loss on tiny networks: (networks, input_real, input_z, result)."""
    networks = _Networks(reuse)
    real = tf.placeholder(tf.float32, [None, 28, 28, channels], name='input_real')
    z = tf.placeholder(tf.float32, [None, 4], name='input_z')
    with _set(_globals(model_loss), generator=networks.generator, discriminator=networks.discriminator):
        return networks, real, z, model_loss(real, z, channels)


@_contract
def test_model_loss(model_loss):
    """Both losses, recomputed in NumPy from logits that the test has chosen."""
    measured, reuse = [], _own_reuse(_globals(model_loss).get('discriminator'))
    for build, channels in enumerate((3, 1, 3)):
        with _fresh_graph(build) as sess:
            with _trying(f'calling model_loss(input_real, input_z, out_channel_dim={channels})'):
                networks, real, z, result = _build_loss(model_loss, channels, reuse)
            losses = _values('model_loss.count', result, 2)
            logits = _judge_calls(networks, z, channels)
            _judge_scalars(losses, z)
            measured.append(_measure_losses(sess, losses, logits, real, z))
    for kind in ('real', 'fake'):
        for which in ('d_loss', 'g_loss'):
            fits = [losses[which] for losses in measured]
            labels = [fit.label[kind] for fit in fits if fit.exact]
            if len(labels) == len(fits) and np.ptp(labels) > 1e-3:
                _stop('model_loss.label_by_numpy', which=which, kind=kind, labels=', '.join(f'{x:.3f}' for x in labels))
    for losses in measured:
        _judge_d_loss(**losses)
        _judge_g_loss(**losses)
        _judge_large_logits(**losses)


def _judge_calls(networks, z, channels):
    """How model_loss calls the networks: (logits of real images, logits of fake images)."""
    modes = [mode for _, _, mode in networks.generated]
    if len(modes) != 1 or modes[0] not in (True, 1):
        text = ', '.join(f'is_train={mode}' for mode in modes) or 'never'
        _stop('model_loss.generator_calls', times=len(modes), modes=text)
    if networks.generated[0][1] != channels:
        _stop('model_loss.channels', got=networks.generated[0][1], expected=channels)
    fake = [_depends_on(logits, z) for _, logits in networks.judged]
    if sorted(fake) != [False, True]:
        what = ', '.join('fake' if is_fake else 'real' for is_fake in fake) or 'nothing'
        _stop('model_loss.discriminator_calls', what=what)
    return [networks.judged[fake.index(kind)][1] for kind in (False, True)]


def _judge_scalars(losses, z):
    for which, loss in zip(('d_loss', 'g_loss'), losses, strict=True):
        if not _is_tensor(loss) or not loss.dtype.is_floating:
            _stop('model_loss.not_a_tensor', which=which, got=repr(loss))
    if _depends_on(losses[1], z) and tf.gradients(losses[1], z)[0] is None:
        _stop('model_loss.no_gradient')


def _measure_losses(sess, losses, logits, real, z):
    """What both losses are made of: {'d_loss': a fit, 'g_loss': a fit, 'large': what large logits give, ...}."""
    channels = real.shape.as_list()[-1]
    sess.run(tf.global_variables_initializer())
    rng = np.random.default_rng(channels)

    def run(r, f):
        """Both losses for logits r of real and f of fake images, and the logits that arrived at the discriminator."""
        images = np.broadcast_to(np.reshape(r, [-1, 1, 1, 1]), [len(r), 28, 28, channels])
        vectors = np.repeat(np.reshape(f, [-1, 1]), 4, 1)
        with _trying(f'computing the losses of a batch of {len(r)}'):
            return sess.run([*losses, *logits], _without_noise(sess, {real: images, z: vectors}, uniform=0.5))

    runs = [run(rng.normal(0, 3, n), rng.normal(0, 3, n)) for n in (5, 5, 1, 8, 8, 3, 5, 2, 6, 4, 7, 9, 1, 2, 3, 4)]
    for which, value in zip(('d_loss', 'g_loss'), runs[0], strict=False):
        if np.shape(value) != ():
            _stop('model_loss.shape', which=which, got=list(np.shape(value)))
    large = run(np.array([100.0, -100.0, 100.0, -100.0]), np.array([-100.0, 100.0, 100.0, -100.0]))
    return {'d_loss': _fit(runs, 0), 'g_loss': _fit(runs, 1), 'large': large, 'idle': _has_idle_factor(sess.graph)}


def _has_idle_factor(graph):
    """Whether labels are made like tf.ones_like(logits * 0.9), which are 1 all the same."""
    for op in graph.get_operations():
        if op.type in ('OnesLike', 'Shape') and op.inputs[0].shape.rank in (0, 1, 2):
            scaled = op.inputs[0].op
            numbers = map(tf.get_static_value, scaled.inputs if scaled.type in ('Mul', 'RealDiv', 'Sub') else ())
            if any(np.size(number) == 1 and number not in (None, 0, 1) for number in numbers):
                return True
    return False


def _terms(real, fake):
    """What the losses are made of: the cross-entropy of a logit x and a label y is softplus(x) - y x."""
    return [_softplus(real).mean(), -real.mean(), _softplus(fake).mean(), -fake.mean()]


def _solve(runs, which, terms):
    """(weight of each term in a loss, whether the terms explain the loss), by least squares."""
    rows = np.array([terms(run[2].astype('float64'), run[3].astype('float64')) for run in runs])
    values = np.array([float(run[which]) for run in runs])
    weights, *_ = np.linalg.lstsq(rows, values, rcond=None)
    return weights, bool(np.abs(rows @ weights - values).max() < 1e-3 * (1 + np.abs(values).max()))


def _fit(runs, which):
    """Weights and labels of the real and of the fake half of a loss; otherwise `wrong`, what it is in their place."""
    (real, real_label, fake, fake_label), exact = _solve(runs, which, _terms)
    wrong = None
    if not exact:
        wrong = 'not_cross_entropy'
        if _solve(runs, which, lambda *logits: [*_terms(*logits), *(len(logits[0]) * t for t in _terms(*logits))])[1]:
            wrong = 'sum'
        if _solve(runs, which, lambda *logits: [*_terms(*logits), *_terms(*map(_sigmoid, logits))])[1]:
            wrong = 'from_probabilities'
    weight = {'real': real, 'fake': fake}
    label = {'real': real_label, 'fake': fake_label}
    label = {kind: label[kind] / weight[kind] if abs(weight[kind]) > 1e-3 else 0.0 for kind in weight}
    return SimpleNamespace(exact=exact, wrong=wrong, weight=weight, label=label)


def _judge_d_loss(d_loss, g_loss, idle, **_):
    weight, label = d_loss.weight, d_loss.label
    if d_loss.exact and g_loss.exact and _close(weight['real'], 0) and not _close(g_loss.weight['real'], 0):
        _stop('model_loss.order')
    if d_loss.wrong:
        return _fault(f'model_loss.{d_loss.wrong}', which='d_loss')
    if halves := [kind for kind in weight if _close(weight[kind], 0)]:
        return _fault('model_loss.half_missing', half=halves[0])
    if not _close(weight['real'], weight['fake']):
        _fault('model_loss.halves_differ', **weight)
    elif not (_close(weight['real'], 1) or _close(weight['real'], 0.5)):
        _fault('model_loss.scaled', factor=weight['real'])
    if label['fake'] > 0.6 and label['real'] < 0.4:
        return _fault('model_loss.labels_swapped', **label)
    if not _close(label['fake'], 0):
        smoothed = 0 < label['fake'] < 0.31
        _fault(f'model_loss.fake_label{"_smoothed" if smoothed else ""}', label=label['fake'])
    if not 0.69 < label['real'] < 1.01:
        _fault('model_loss.real_label', label=label['real'])
    if idle and _close(label['real'], 1):
        _fault('model_loss.smoothing_idle')


def _judge_g_loss(g_loss, **_):
    label = g_loss.label['fake']
    if g_loss.wrong:
        _fault(f'model_loss.{g_loss.wrong}', which='g_loss')
    elif not _close(g_loss.weight['real'], 0) or not _close(g_loss.weight['fake'], 1):
        _fault('model_loss.g_weights', **g_loss.weight)
    elif _close(label, 0):
        _fault('model_loss.g_label_0')
    elif not _close(label, 1):
        _fault('model_loss.g_label_smoothed' if not 0.92 < label < 1 else 'model_loss.g_label_below_1', label=label)


def _judge_large_logits(d_loss, g_loss, large, **_):
    """The losses of logits of +-100: only the exact formula has them."""
    if d_loss.wrong or g_loss.wrong:
        return
    *losses, real, fake = large
    for which, loss, fit in zip(('d_loss', 'g_loss'), losses, (d_loss, g_loss), strict=True):
        halves = {kind: _softplus(x) - fit.label[kind] * x for kind, x in (('real', real), ('fake', fake))}
        expected = sum(fit.weight[kind] * half.mean() for kind, half in halves.items())
        if not np.isfinite(loss) or abs(loss - expected) > 0.01 * abs(expected):
            _fault('model_loss.inexact', which=which, got=loss, expected=expected)


# ---------------------------------------------------------------- 5. model_opt


_SHAPES = {  # of the variables of a model of a GAN
    'discriminator/conv/weights': [2, 3],
    'discriminator/logits/bias': [2],
    'generator/project/weights': [3, 2],
    'generator/up/bias': [2],
    'other/weights': [2],
}


@_contract
def test_model_opt(model_opt):
    """Single steps on losses with a known slope: what moves, by how much, and what does not."""
    for beta1 in (0.5, 0.9):
        with _fresh_graph() as sess:
            bench = _Bench(sess)
            with _trying(f'calling model_opt(d_loss, g_loss, learning_rate, beta1={beta1})'):
                result = model_opt(bench.d_loss, bench.g_loss, bench.rate, beta1)
            steps = _values('model_opt.count', result, 2)
            updated = [_judge_step(bench, own, step, beta1) for own, step in zip(_NETWORKS, steps, strict=True)]
            if not any(updated):
                _fault('model_opt.no_update_ops')


_NETWORKS = ('discriminator', 'generator')


class _Bench:
    """Losses whose slope at each variable is fed, so a step can be compared with the one that it has to be."""

    def __init__(self, sess):
        self.sess = sess
        rng = np.random.default_rng(0)
        slopes = {name: tf.placeholder(tf.float32, shape) for name, shape in _SHAPES.items()}
        variables = {name: tf.get_variable(name, shape) for name, shape in _SHAPES.items()}
        average = tf.get_variable('generator/norm/average', [2], trainable=False)
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, average.assign_add([1.0, 1.0], name='generator/norm/update'))
        self.watched = {**variables, 'generator/norm/average': average}
        # Both losses depend on all variables, as in a GAN; the slope of g_loss is turned in every second number.
        turn = {name: np.resize([1.0, -1.0], shape) for name, shape in _SHAPES.items()}
        self.d_loss = tf.add_n([tf.reduce_sum(slopes[name] * v) for name, v in variables.items()])
        self.g_loss = tf.add_n([tf.reduce_sum(slopes[name] * turn[name] * v) for name, v in variables.items()])
        self.rate = tf.placeholder(tf.float32, [], name='learning_rate')
        up = {name: rng.choice([-1.0, 1.0], s) * rng.uniform(0.5, 2, s) for name, s in _SHAPES.items()}
        self.feed = {slopes[name]: value for name, value in up.items()}
        self.slope = {'d_loss': up, 'g_loss': {name: up[name] * turn[name] for name in up}}

    def move(self, step, rate, sign=1):
        """How far one step moves each of the watched variables that it moves."""
        with _trying('running a step'):
            old = self.sess.run(self.watched)
            self.sess.run(step, {**{slope: sign * value for slope, value in self.feed.items()}, self.rate: rate})
            new = self.sess.run(self.watched)
        return {name: new[name] - old[name] for name in old if np.any(new[name] != old[name])}


def _judge_step(bench, own, step, beta1):
    """One of both steps; returns whether it runs the update ops."""
    which = f'{own[0]}_train_opt'
    (other,) = {*_NETWORKS} - {own}
    bench.sess.run(tf.global_variables_initializer())
    moved = bench.move(step, 0.01)
    updated = moved.pop('generator/norm/average', None) is not None
    mine, theirs = ({name for name in _SHAPES if name.startswith(network)} for network in (own, other))
    if moved.keys() == theirs:
        _stop('model_opt.order', which=which, other=other)
    if moved.keys() - mine:
        _fault('model_opt.moves_others', which=which, own=own, names=_names(sorted(moved.keys() - mine)))
    if mine - moved.keys():
        _fault('model_opt.moves_too_few', which=which, own=own, names=_names(sorted(mine - moved.keys())))
    moved = {name: change for name, change in moved.items() if name in mine}
    _judge_direction(bench, own, other, moved)
    if all(np.allclose(np.abs(change), 0.01, rtol=0.02) for change in moved.values()):
        _judge_beta1(which, moved, bench.move(step, 0.01, sign=-1), beta1)
    else:
        length = np.mean([np.abs(change).mean() for change in moved.values()])
        _fault('model_opt.step_size', which=which, got=length)
    bench.sess.run(tf.global_variables_initializer())
    if bench.move(step, 0.0).keys() - {'generator/norm/average'}:
        _fault('model_opt.rate_not_used', which=which)
    return updated


def _judge_direction(bench, own, other, moved):
    """Each variable moves against the slope of the network's own loss."""
    which = f'{own[0]}_train_opt'
    for name, change in moved.items():
        down, others_down = (-np.sign(bench.slope[f'{network[0]}_loss'][name]) for network in (own, other))
        if np.all(np.sign(change) == others_down):
            _fault('model_opt.wrong_loss', which=which, own=own, other=other, got=other[0], expected=own[0])
        elif not np.all(np.sign(change) == down):
            _fault('model_opt.uphill', which=which, variable=name)


def _judge_beta1(which, first, second, beta1):
    """The step after a turn of the slope, by Adam's formula."""
    expected = 0.01 * (1 - beta1) / (1 + beta1)
    for name, change in first.items():
        got = -(second.get(name, 0) * np.sign(change)).mean()
        if abs(got - expected) > 0.03 * 0.01:
            _fault('model_opt.beta1', which=which, beta1=beta1, got=got, expected=expected)


# ---------------------------------------------------------------- 6. train

_EPOCHS, _BATCHES, _LONG = 7, 103, (3, 1013)  # numbers that no notebook has; the long one: until a picture is shown
_BATCH, _Z, _RATE, _BETA1 = 13, 17, 0.0123, 0.37
_WINDOWS = 10  # in each of so many parts of the training, both networks have to move


class _Recorder(_Networks):
    """Stubs for all that train calls: tiny networks, and steps that write down what reaches them."""

    def __init__(self, reuse, show, epochs, batches):
        super().__init__(reuse)
        self.original_show = show
        self.epochs, self.batches = epochs, batches
        self.shape = (batches * _BATCH, 28, 28, 1)
        self.current = self.uncounted = None  # numbers of batches: the newest, and one that may have been used
        self.used = []  # numbers of the batches in their order, as far as anything was computed with them
        self.d, self.g = [], []  # steps: (position in used, images or None, z, learning rate, number of the step)
        self.shown = set()  # positions in used of the pictures
        self.versions = []  # of the graph at each d step, without what show_generator_output has added
        self.batch_sizes = set()  # that get_batches was asked for
        self.added_by_show = self.evaluations = 0
        self.sizes = self.rate = self.given_rate = self.given_beta1 = self.graph = None

    def get_batches(self, batch_size, *args, **kwargs):
        """Like a data set's: its images carry the number of their batch, and a black and a white, also mirrored."""
        self.batch_sizes.add(batch_size)
        for number in range(self.batches):
            images = np.random.default_rng(number).uniform(-0.5, 0.5, [_BATCH, 28, 28, 1]).astype('float32')
            images[:, 0, :14, 0] = np.where(number >> np.arange(14) & 1, 0.5, -0.5)
            images[:, 1, :2, 0] = -0.5, 0.5
            images[:, :2, 14:] = images[:, :2, 13::-1]
            self.current = number
            yield images
            self.count()
        self.current = None

    def use(self, images=None):
        """Something is computed with a batch, whatever range its images were brought to.

        Without images it is the current batch, unless the other step of the same run, in another thread, has images.
        """
        if images is not None:
            bits = images[0, 0, :14, 0] > (images.min() + images.max()) / 2
            self.current = self.uncounted = int(bits @ (1 << np.arange(14)))
            self.count()
        else:
            self.uncounted = self.current

    def count(self):
        if self.uncounted is not None and self.used[-1:] != [self.uncounted]:
            self.used.append(self.uncounted)
        self.uncounted = None

    def model_inputs(self, image_width, image_height, image_channels, z_dim):
        self.sizes = (image_width, image_height, image_channels, z_dim)
        if self.sizes != (*self.shape[1:], _Z):
            _stop('train.sizes', got=self.sizes, expected=(*self.shape[1:], _Z), data_shape=self.shape, z_dim=_Z)
        real = tf.placeholder(tf.float32, [None, image_width, image_height, image_channels], name='input_real')
        z = tf.placeholder(tf.float32, [None, z_dim], name='input_z')
        self.rate = tf.placeholder(tf.float32, [], name='learning_rate')
        return real, z, self.rate

    def generator(self, z, out_channel_dim, *flag, **named):
        if out_channel_dim != 1:
            _stop('train.channels', got=out_channel_dim, data_shape=self.shape)
        return super().generator(z, out_channel_dim, *flag, **named)

    def model_loss(self, input_real, input_z, out_channel_dim, *args, **kwargs):
        self.inputs = input_real, input_z
        images = self.generator(input_z, out_channel_dim)
        _, real = self.discriminator(input_real)
        _, fake = self.discriminator(images, reuse=True)
        d_loss = tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(fake))
        losses = d_loss, tf.reduce_mean(tf.nn.softplus(-fake))
        self.losses = losses[0] * self._factor((1, 2, 0.1), [input_real]), losses[1] * self._factor((1, 0.1, 4))
        return self.losses

    def _factor(self, turns, tensors=()):
        """The losses take turns at being large and small, for a train whose steps depend on them."""

        def factor(*images):
            self.use(*images)
            self.evaluations += 1
            return np.float32(turns[self.evaluations // 8 % 3])

        return tf.ensure_shape(tf.numpy_function(factor, tensors, tf.float32), [])

    def model_opt(self, d_loss, g_loss, learning_rate, beta1, *args, **kwargs):
        self.graph = tf.get_default_graph()
        self.given_rate, self.given_beta1 = learning_rate, beta1
        if _is_tensor(d_loss) and self.losses[0].op not in (ops := _ancestors([d_loss])) and self.losses[1].op in ops:
            _stop('train.losses_swapped')
        rate = tf.cast(learning_rate, tf.float32)
        real, z = self.inputs
        return self._step(self.d, [real, z, rate]), self._step(self.g, [z, rate])

    def _step(self, steps, tensors):
        def record(*values):
            *images, z, rate, number = (np.array(value) for value in values)
            self.use(*images)
            steps.append((len(self.used), images[0] if images else None, z, float(rate), int(number)))
            if images:
                self.versions.append(self.graph.version - self.added_by_show)
            return np.float32(0)

        name = 'd_steps' if steps is self.d else 'g_steps'
        number = tf.get_variable(name, [], initializer=tf.zeros_initializer(), trainable=False).assign_add(1.0)
        return tf.numpy_function(record, [*tensors, number], tf.float32).op

    def show_generator_output(self, *args, **kwargs):
        self.shown.add(len(self.used))
        if self.original_show and len(self.shown) < 30:  # a picture takes its time
            before = self.graph.version if self.graph else 0
            result = self.original_show(*args, **kwargs)
            self.added_by_show += self.graph.version - before if self.graph else 0
            return result

    def stubs(self, scope):
        """What takes the places of the functions in the namespace of train."""
        names = [*FUNCTIONS[:-1], 'show_generator_output', *(['display'] if callable(scope.get('display')) else [])]
        return {name: getattr(self, name) for name in names}

    def display(self, *args, **kwargs):
        """A picture that is shown in another way: by IPython's display, or plt.show."""
        self.shown.add(len(self.used))


@_contract
def test_train(train):
    """A few hundred tiny batches, with stubs that write down what reaches them."""
    scope = _globals(train)
    expected = _generator_limit(scope.get('generator')) / _real_gain(scope.get('model_loss'))
    reuse, show, size = _own_reuse(scope.get('discriminator')), scope.get('show_generator_output'), (_EPOCHS, _BATCHES)
    for time in ('the first', 'a second'):
        with _fresh_graph():
            recorder = _Recorder(reuse, show, *size)
            trying = _trying(f'running train for {time} time, {size[0]} epochs of {size[1]} batches')
            with _set(scope, **recorder.stubs(scope)), _watch(recorder), trying:
                train(size[0], _BATCH, _Z, _RATE, _BETA1, recorder.get_batches, recorder.shape, 'L')
        _judge_wiring(recorder)
        _judge_batches(recorder)
        _judge_steps(recorder)
        _judge_feeds(recorder)
        low, high = np.mean([images[:, 1, :2, 0].mean(0) for _, images, *_ in recorder.d], 0)
        if not (_close(low, -expected, 0.02) and _close(high, expected, 0.02)):
            _fault('train.range', low=low, high=high, expected=expected)
        _judge_graph_size(recorder)
        if not recorder.shown and size != _LONG:
            size = _LONG
        else:
            _judge_pictures(recorder)


@contextlib.contextmanager
def _watch(recorder):
    """Other pictures than those of show_generator_output count, too; a new graph may be reset; sessions are closed."""
    graph, reset, interactive = tf.get_default_graph(), tf.reset_default_graph, tf.InteractiveSession

    def reset_default_graph():
        if tf.get_default_graph() is not graph or graph.get_operations():
            return reset()
        _fault('train.resets_graph')

    def interactive_session(*args, **kwargs):
        session = interactive(*args, **kwargs)
        stack.callback(session.close)
        return session

    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(tf, 'InteractiveSession', interactive_session))
        if plt := sys.modules.get('matplotlib.pyplot'):
            stack.enter_context(mock.patch.object(plt, 'show', lambda *a, **k: recorder.display()))
        stack.enter_context(mock.patch.object(tf, 'reset_default_graph', reset_default_graph))
        yield


def _generator_limit(generator):
    """The largest value that the learner's generator makes: 1 for tanh; 1 also where that cannot be found out."""
    try:
        with _fresh_graph() as sess:
            images = generator(tf.random_uniform([4, 10], -1, 1, seed=0), 1)
            sess.run(tf.global_variables_initializer())
            _randomize(sess, 0, gain=20.0)
            return 0.5 if 0.4 < np.abs(sess.run(images)).max() < 0.51 else 1.0
    except Exception:  # it is judged by its own test
        return 1.0


def _real_gain(model_loss):
    """By how much the learner's model_loss itself scales real images before they are judged: usually 1."""
    try:
        with _fresh_graph() as sess:
            networks, real, z, _ = _build_loss(model_loss, 1)
            images = next(i for i, logits in networks.judged if not _depends_on(logits, z))
            sess.run(tf.global_variables_initializer())
            feed = _without_noise(sess, {real: np.full([1, 28, 28, 1], 0.5)}, uniform=0.5)
            return float(sess.run(images, feed).mean()) / 0.5
    except Exception:
        return 1.0


def _judge_wiring(recorder):
    """What train passes to the functions that it puts together."""
    if recorder.sizes is None or recorder.given_beta1 is None:
        _stop('train.not_called', missing='model_inputs' if recorder.sizes is None else 'model_opt')
    if not (_is_tensor(recorder.given_rate) and _depends_on(recorder.given_rate, recorder.rate)):
        _fault('train.rate_placeholder', got=repr(recorder.given_rate))
    if recorder.given_beta1 != _BETA1:
        _fault('train.beta1', got=recorder.given_beta1, expected=_BETA1)
    if recorder.batch_sizes - {_BATCH}:
        _fault('train.batch_size', got=sorted(recorder.batch_sizes), expected=_BATCH)


def _judge_batches(recorder):
    """Every batch of every epoch is used, and no more."""
    unused = set(range(recorder.batches)) - set(recorder.used)
    epochs = len(recorder.used) / recorder.batches
    if unused:
        _fault('train.batches_unused', unused=len(unused), batches=recorder.batches)
    elif abs(epochs - recorder.epochs) > 0.5:
        _fault('train.epochs', got=epochs, expected=recorder.epochs)


def _judge_steps(recorder):
    """Both networks keep moving all through the training, and nothing sets them back."""
    for which, steps in (('discriminator', recorder.d), ('generator', recorder.g)):
        parts = {position * _WINDOWS // (len(recorder.used) + 1) for position, *_ in steps}
        if len(parts) < _WINDOWS:
            values = {'which': which, 'steps': len(steps), 'batches': len(recorder.used), 'parts': len(parts)}
            (_fault if steps else _stop)('train.stands_still', **values)
        if steps[-1][4] != len(steps):
            _fault('train.initialized_again')


def _judge_feeds(recorder):
    """What is fed to the steps: whole batches, the learning rate, new noise."""
    fewest = min(len(images) for _, images, *_ in recorder.d)
    if fewest < _BATCH:
        _fault('train.part_of_a_batch', got=fewest, expected=_BATCH)
    rates = {round(step[3], 6) for step in recorder.d + recorder.g}
    if round(recorder.d[0][3], 6) != _RATE or max(rates) > _RATE or min(rates) <= 0:  # it may fall while training
        _fault('train.rate', got=sorted(rates), expected=_RATE)
    for which, steps in (('discriminator', recorder.d), ('generator', recorder.g)):
        different, batches = len({step[2].tobytes() for step in steps}), len({step[0] for step in steps})
        if different < 0.9 * batches:
            _fault('train.noise_repeats', which=which, different=different, batches=batches)
    if rows := [len(step[2]) for step in recorder.d + recorder.g if len(step[2]) % _BATCH and fewest == _BATCH]:
        _fault('train.noise_size', got=rows[0], expected=_BATCH)
    elif min(len(np.unique(step[2], axis=0)) for step in recorder.d) < fewest:
        _fault('train.noise_in_a_batch', n=fewest)


def _judge_graph_size(recorder):
    """The graph does not grow, after what train may have built in its first third."""
    versions = recorder.versions[len(recorder.versions) // 3 :]
    if np.count_nonzero(np.diff(versions)) > 4:
        _fault('train.graph_grows', added=versions[-1] - versions[0], steps=len(versions))
    if recorder.added_by_show and len(recorder.shown) > 2:
        _fault('train.show_grows', added=recorder.added_by_show, times=len(recorder.shown))


def _judge_pictures(recorder):
    times, total = len(recorder.shown), len(recorder.used)
    values = {'times': times, 'batches': total}
    if not times:
        _fault('train.never_shown', **values)
    elif times > total // 20:
        _fault('train.shown_often', **values)
    elif max(np.diff([0, *sorted(recorder.shown), total])) > 150:
        _fault('train.shown_seldom', **values)


# ---------------------------------------------------------------- what is wrong, why it matters, where to look

# verdicts: what was seen. errors: what the text of an exception contains, and what it means. faults: what was seen,
# why it matters, where to look. hints: what could be better. The most serious first; '*': of any function.
_TABLE = """
[verdicts]
*.missing = {reason}
*.not_a_function = {got}, which the name {name} stands for, is not a function.
*.not_written = {of}not written yet. Replace "raise NotImplementedError" by its code, and run its cell and this one.
*.raises = {error} while {doing}: {text}{frames}

[errors]
*.variable_exists = Variable .* already exists
    the network is called a second time and creates its variables again. Open the scope with tf.variable_scope(name, \
reuse=reuse) and pass reuse on: then the second call takes those of the first.
*.variable_missing = Variable .* does not exist
    a network is asked to reuse variables that no earlier call has created. Either reuse is on in the first call (in \
the generator, reuse is `not is_train`), or a layer has another name in the second one.
*.not_fed = feed a value for placeholder
    a placeholder takes part in what is computed, and got no value: it is missing from the feed_dict.
*.eager = not compatible with eager execution
    the graph functions need a graph. Call tf.disable_eager_execution() right after importing TensorFlow.
*.reset_graph = reset_default_graph
    tf.reset_default_graph() must not be called inside "with tf.Graph().as_default()". The graph of the with statement \
is new anyway: leave the call out.
*.feed_dict = Cannot interpret feed_dict|unhashable type
    in a feed_dict the placeholder is the key and the array is the value: {{input_real: batch}}.
*.finalized = Graph is finalized
    something is added to the graph while it is being trained. Build every operation once, before training.
*.tf_layers = tf\\.layers|not available with Keras 3|has no attribute .*layers
    tf.layers is gone from current TensorFlow. Use the building blocks on tf.nn, or install tf_keras and set \
TF_USE_LEGACY_KERAS=1 before TensorFlow is imported.
*.uninitialized = Could not find (variable|resource)|uninitialized
    variables have no value until tf.global_variables_initializer() has been run in the session.
*.sizes_differ = Input to reshape|Incompatible shapes|must be broadcastable
    sizes do not fit. Is a batch size written into the graph (it has to work for any: -1 in a reshape, tf.ones_like in \
place of tf.ones), or are height, width and channels other than expected?
*.parameters = positional argument|unexpected keyword argument
    the parameters differ from those that the function was given.

[faults]
*.no_variables = has no trainable variables.
    there is nothing that it could learn.
    layers create their weights with tf.get_variable.
*.outside_scope = variables outside of the scope '{name}': {names}.
    model_opt finds the variables of the {name} by this scope; those outside are never trained.
    with tf.variable_scope('{name}', reuse=...): around all of the layers, and no other name.
*.new_variables = the call with{call} created new variables: {names}.
    a second {name} with weights of its own is never trained; both calls have to be the same network.
    with tf.variable_scope('{name}', reuse=...): reuse must be on in this call.
*.input_unused = what it returns does not depend on its input at all.
    a discriminator that says the same of every image has nothing to teach; a generator would make one image only.
    the first layer: it takes images in the discriminator, and z in the generator.
*.no_gradient = no gradient reaches {names}.
    these variables can never be trained.
    is every layer fed with the result of the layer before, and is there a stop_gradient, round or argmax?
*.activation_unused = the result of an activation is not used: {names}.{frames}
    the next layer takes what was there before it, so two layers are no more than one.
    the name on the left of the activation: the next layer has to take it.
*.no_convolution = there is no convolution in it.
    a network without convolutions does not know which pixels are neighbors, and learns images badly.
    conv2d for the first layers of the discriminator, conv2d_transpose after the first, dense layer of the generator.
*.batch_mixed = the images of a batch are mixed: in another order, the same inputs do not give the same results.
    every image and every vector z has to be treated on its own. Mixtures teach nothing, and no error is raised.
    the reshape between convolutions and dense layer: the batch must stay the first dimension, without a transpose.
*.norm_not_training = in training, batch norm does not use the statistics of the batch, but its averages: {names}.
    these stay at 0 and 1 in training, so it normalizes nothing, and the layers drift.
    training=True in the discriminator, training=is_train in the generator (in tf.layers the default is False).
model_inputs.count = expected 3 values, got {got}.
    train unpacks three placeholders.
    return input_real, input_z, learning_rate
model_inputs.not_a_placeholder = {which} is not a placeholder, but {got}.
    only a placeholder takes a new value at every step; anything else is fixed when the graph is built.
    {which} = tf.placeholder(tf.float32, ...)
model_inputs.order = the placeholders come in another order: their ranks are {ranks}, expected [4, 2, 0].
    train takes the first for the images, the second for z and the third for the learning rate.
    return input_real, input_z, learning_rate
model_inputs.dtype = {which} is {got}, expected float32.
    the networks compute in float32, and TensorFlow does not convert on its own.
    {which} = tf.placeholder(tf.float32, ...)
model_inputs.real_shape = input_real has the shape {got}, expected {expected}.
    it is the shape of a batch of images, [batch, width, height, channels]; the batch may have any size.
    tf.placeholder(tf.float32, [None, image_width, image_height, image_channels])
model_inputs.z_shape = input_z has the shape {got}, expected {expected}.
    one row of z_dim random numbers makes one image; the batch may have any size.
    tf.placeholder(tf.float32, [None, z_dim])
model_inputs.rate_shape = learning_rate has the shape {got}, expected [] (a single number).
    the optimizer multiplies every step by it.
    tf.placeholder(tf.float32, [])
discriminator.count = expected 2 values, got {got}.
    model_loss unpacks the probability and its logit.
    return tf.sigmoid(logits), logits
discriminator.not_tensors = expected 2 tensors, got {got}.
    both become part of the graph.
    return tf.sigmoid(logits), logits
discriminator.shape = {n} images gave {which} of shape {got}, expected [{n}, 1].
    each image needs one verdict. A wrong size in a reshape makes more or fewer rows of the batch.
    the reshape before the last layer: tf.reshape(h, [-1, height * width * channels of h])
discriminator.order = results in the wrong order: the second one is the sigmoid of the first.
    model_loss takes the second for the logits, and squeezes it through another sigmoid.
    return tf.sigmoid(logits), logits
discriminator.same_answer = the answer does not depend on the image: {n} different images gave logits from {low:.4f} \
to {high:.4f}.
    a discriminator that says the same of every image has nothing to teach.
    is each layer fed with the result of the layer before, and the first one with the images?
discriminator.same_twice = both results are the same: {output:.3f}; the sigmoid of it is {sigmoid:.3f}.
    the loss needs numbers without limits (logits), and people read probabilities.
    return tf.sigmoid(logits), logits
discriminator.not_the_sigmoid = the output is not the sigmoid of the logits: {output:.3f} for a logit of {logit:.3f}, \
whose sigmoid is {sigmoid:.3f}.
    the loss needs numbers without limits (logits), and people read probabilities.
    return tf.sigmoid(logits), logits, where logits come straight out of the last dense layer.
discriminator.reuse_differs = the call with reuse=True gives other answers to the same images.
    real and fake images have to be judged by the same network.
    tf.variable_scope('discriminator', reuse=reuse), and the same layers in both calls.
discriminator.limited_logits = the logits look limited: over four sets of random weights they lie between {low:.2f} \
and {high:.2f}.
    logits are numbers without limits. If an activation function limits them, the sigmoid in the loss is the second \
one, and the discriminator can never be sure.
    no activation function on the last dense layer.
discriminator.linear = the logits are a linear function of the image.
    many layers without an activation between them can do no more than one.
    tf.nn.leaky_relu after each convolution, and its result handed to the next layer.
discriminator.part_of_the_image = it looks at a part of the image only: {share:.0%} of the pixels of a channel change \
the answer.
    the generator learns nothing about pixels that the discriminator does not see.
    the first layer: is it fed with all of images?
generator.not_a_tensor = expected one tensor, got {got}.
    it is the images.
    the return statement
generator.shape = {n} vectors gave images of shape {got}{mode}, expected {expected}.
    they have to have the shape of the real images, or the discriminator cannot judge them.
    the reshape after the dense layer, the strides of the layers, and the last number of filters.
generator.same_image = different vectors z give the same image.
    the generator could make one image only.
    is every layer fed with the result of the layer before, and the first one with z?
generator.linear = up to the last tanh, the images are a linear function of z.
    many layers without an activation between them can do no more than one.
    tf.nn.leaky_relu after each layer but the last, and its result handed to the next layer.
generator.out_of_range = the images leave the range{mode}: from {low:.2f} to {high:.2f}, expected [-1, 1].
    real images have a black and a white; images beyond them are told apart at a glance.
    the last layer ends with tf.tanh.
generator.never_negative = no image has a negative value{mode}: from {low:.2f} to {high:.2f}, expected about -1 to 1.
    real images are rescaled to [-1, 1]; half of their range could never be generated.
    the last layer ends with tf.tanh, not with a sigmoid or a ReLU.
generator.saturated = saturated at the start: {share:.0%} of all pixels are beyond 0.99 at once.
    there tanh is flat, so no gradient comes through, and training does not begin.
    the standard deviation of the initial weights (0.02 is usual), and batch norm before the last layer.
generator.no_averages = batch norm keeps no moving averages of its statistics.
    without them, a trained generator cannot make a single image: a batch of one has no statistics.
    two variables with trainable=False, for mean and variance, in each batch norm.
generator.averages_still = the moving averages {names} are never updated: no update op of theirs is in the collection.
    training looks perfect without them, and the trained generator makes mush.
    the collection tf.GraphKeys.UPDATE_OPS in batch norm (tf.layers fills it when training is on).
generator.averages_unused = the moving averages are updated, but an image with is_train=False does not depend on them.
    what is learned in training is not used where it is needed.
    at inference, batch norm normalizes by its moving averages.
generator.averages_diverge = the moving averages move away from the statistics of the batch: after 100 updates with \
the same batch, the images with is_train=False are no closer to those in training.
    the trained generator makes mush, although all else is right.
    the sign in the update: average = 0.9 * average + 0.1 * statistic of the batch.
generator.random = not deterministic with is_train=False: the same z gave two different images.
    dropout or noise that is left on spoils the images of a trained generator.
    dropout only when is_train: for example rate = 0.5 if is_train else 0.0
generator.depends_on_batch = with is_train=False an image depends on the others in its batch: the same z, alone, gave \
another image.
    it is normalized by the statistics of the batch. Ask for a single image, and you get mush.
    at inference, batch norm has to use its moving averages: pass is_train on to every batch norm.
generator.part_of_z = {dead} of the {z_dim} numbers in z do not change the image.
    randomness that is not used is variety that cannot be generated.
    the first layer: is it fed with all of z?
model_loss.count = expected 2 values, got {got}.
    train unpacks both losses.
    return d_loss, g_loss
model_loss.not_a_tensor = {which} is {got}, expected a scalar tensor.
    it is what is minimized.
    the return statement
model_loss.generator_calls = calls generator {times} times ({modes}), expected once, with is_train=True.
    one batch of fake images serves both losses; in inference mode batch norm does not learn.
    fake = generator(input_z, out_channel_dim)
model_loss.channels = calls generator with {got} channels, expected out_channel_dim, which is {expected}.
    digits have one channel and faces three.
    fake = generator(input_z, out_channel_dim)
model_loss.discriminator_calls = calls discriminator on {what}; expected once on real and once on fake images.
    it has to judge both kinds, with the same weights.
    discriminator(input_real), then discriminator(fake, reuse=True)
model_loss.no_gradient = no gradient of g_loss reaches the generator.
    the generator learns through the discriminator only, and nothing comes through.
    is there a stop_gradient, round or argmax between the two networks?
model_loss.shape = {which} has the shape {got}, expected a single number.
    a loss is the mean over the batch.
    tf.reduce_mean around each cross-entropy.
model_loss.order = results in the wrong order: the first is the loss of the generator, the second of the \
discriminator.
    each network would be trained to do what the other one should.
    return d_loss, g_loss
model_loss.label_by_numpy = in {which} the label of {kind} images changes whenever the graph is built: {labels}.
    NumPy chooses it once, and then it stays the same for all of the training: not random, just unknown.
    a constant, for example 0.9 for real images in d_loss.
model_loss.from_probabilities = {which} is computed from probabilities, not from logits alone.
    sigmoid_cross_entropy_with_logits applies a sigmoid by itself. A second one before it squeezes every verdict to \
between 0.5 and 0.73, and the networks hardly learn.
    discriminator returns (probability, logits): use the second, as in _, logits = discriminator(...).
model_loss.sum = {which} grows with the size of the batch.
    it is a sum and not a mean, so the learning rate means something else for each batch size.
    tf.reduce_mean around each cross-entropy.
model_loss.not_cross_entropy = {which} is not a cross-entropy of the logits.
    with another formula, or labels that differ between the images of a batch, the two losses do not belong together.
    tf.nn.sigmoid_cross_entropy_with_logits with labels of 0, or from 0.7 to 1.
model_loss.half_missing = d_loss does not contain the loss on {half} images.
    a discriminator that sees one kind only says the same of everything.
    d_loss = real_loss(logits of real images) + fake_loss(logits of fake images)
model_loss.labels_swapped = the labels of d_loss are swapped: {real:.2f} for real and {fake:.2f} for fake images.
    the discriminator has to say yes to what is real, and no to what is fake.
    labels=tf.ones_like(logits) * 0.9 for real images, labels=tf.zeros_like(logits) for fake ones.
model_loss.halves_differ = the two halves of d_loss weigh {real:.2f} (real) and {fake:.2f} (fake), expected the same.
    a discriminator that cares more about one kind is unfair to the other.
    d_loss = real half + fake half, each a mean.
model_loss.scaled = d_loss is {factor:.2f} times the sum of its two halves, expected 1 (or 0.5).
    it is the loss that the numbers in papers and in the progress bar mean.
    d_loss = real half + fake half, each a mean.
model_loss.fake_label = in d_loss the label of fake images is {label:.2f}, expected 0.
    a discriminator has to say no to what is fake.
    labels=tf.zeros_like(logits)
model_loss.real_label = in d_loss the label of real images is {label:.2f}, expected a constant from 0.7 to 1.
    the discriminator has to say yes to what is real; slightly less than 1 makes it a better teacher.
    labels=tf.ones_like(logits) * 0.9
model_loss.smoothing_idle = the smoothing has no effect: the label of real images is 1, in spite of a factor inside of \
ones_like.
    tf.ones_like(logits * 0.9) has the shape of the logits and is 1 everywhere, whatever they are.
    tf.ones_like(logits) * 0.9, or leave the factor out.
model_loss.g_weights = g_loss weighs real images with {real:z.2f} and fake images with {fake:z.2f}, expected 0 and 1.
    the generator can only change the fake ones.
    g_loss = real_loss(logits of fake images)
model_loss.g_label_0 = in g_loss the label of fake images is 0, expected 1.
    the generator would be trained to have its images called fake: the opposite of its objective.
    labels=tf.ones_like(logits) in g_loss.
model_loss.g_label_smoothed = in g_loss the label is {label:.2f}, expected 1.
    label smoothing keeps the discriminator from being too sure. The generator has no reason to aim for less.
    labels=tf.ones_like(logits) in g_loss, without smoothing.
model_loss.inexact = {which} is {got:.4g} for logits of +-100, expected {expected:.4g}.
    the logarithm of a sigmoid that was rounded to 0 or 1 is wrong, and so is its slope.
    tf.nn.sigmoid_cross_entropy_with_logits computes it exactly, from the logits.
model_opt.count = expected 2 values, got {got}.
    train unpacks the steps of both networks.
    return d_train_opt, g_train_opt
model_opt.order = results in the wrong order: {which} moves the variables of the {other}.
    train would run them for the wrong network.
    return d_train_opt, g_train_opt
model_opt.moves_others = {which} moves variables that are not its own: {names}.
    a step of the {own} must not touch anything else: the generator would win by spoiling its judge.
    minimize(..., var_list=variables whose name begins with '{own}')
model_opt.moves_too_few = {which} does not move {names}.
    these variables of the {own} would keep their random start forever.
    var_list=all of tf.trainable_variables() whose name begins with '{own}'; and is the fed learning_rate the one that \
Adam gets?
model_opt.wrong_loss = {which} minimizes {got}_loss, expected {expected}_loss.
    the {own} would be trained to do what the {other} should.
    d_loss for the variables of the discriminator, g_loss for those of the generator.
model_opt.uphill = {which} goes uphill: {variable} moved in the direction of its slope.
    the loss would grow with every step.
    minimize the loss itself, not its negative.
model_opt.no_update_ops = neither step runs the update ops in the graph's collection.
    batch norm's moving averages would never be updated: training looks perfect, and the trained generator makes mush.
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)): around minimize, not just around \
AdamOptimizer.
model_opt.step_size = with a fed learning_rate of 0.01 the first step of {which} is {got:.5f}; the first step of Adam \
is as long as the learning rate.
    the fed value has to be in use, and Adam has to be the optimizer.
    tf.train.AdamOptimizer(learning_rate, beta1)
model_opt.rate_not_used = {which} moves although the fed learning_rate is 0.
    the placeholder has no effect: whatever train feeds, another value is used.
    tf.train.AdamOptimizer(learning_rate, ...) with the learning_rate that was passed.
model_opt.beta1 = after a turn of the slope, the second step of {which} is {got:.5f}; with beta1={beta1} it is \
{expected:.5f} (Kingma and Ba 2015, algorithm 1).
    beta1 says for how long Adam remembers its direction; in a GAN the usual 0.9 is too long.
    tf.train.AdamOptimizer(learning_rate, beta1=beta1), for both networks.
train.losses_swapped = model_opt gets the loss of the generator in place of that of the discriminator.
    each network is trained to do what the other one should.
    d_loss, g_loss = model_loss(...), then model_opt(d_loss, g_loss, ...)
train.not_called = does not call {missing}.
    train puts the functions above together.
    model_inputs, then model_loss, then model_opt.
train.sizes = calls model_inputs with {got}, expected {expected} for data_shape {data_shape} and z_dim {z_dim}.
    the sizes come from the data.
    _, width, height, channels = data_shape
train.channels = a network is built for {got} channels, expected 1 for data_shape {data_shape}.
    gray images have one channel, and colored ones three.
    data_shape[3], for model_loss and show_generator_output
train.batch_size = get_batches is called with batch_size {got}, expected {expected}, as passed to train.
    a setting that is ignored misleads whoever changes it.
    get_batches(batch_size)
train.batches_unused = {unused} of the {batches} batches of an epoch are never used.
    every batch of every epoch has to be used.
    for each batch of get_batches(batch_size): run d_train_opt; is a step inside of the wrong loop, or behind an if?
train.epochs = the batches are used {got:.1f} times, expected {expected}, the epoch_count that was passed to train.
    a setting that is ignored misleads whoever changes it. get_batches(...) gives one epoch.
    for epoch in range(epoch_count): for batch in get_batches(batch_size):
train.stands_still = the {which} makes {steps} steps in {batches} batches, in {parts} of 10 parts of the training.
    if one network stands still for long, the other one runs away, and the losses mean nothing.
    run both steps in the innermost loop; a condition for one of them has to come true often enough.
train.initialized_again = the variables are initialized again in the middle of the training.
    all that was learned until then is lost.
    sess.run(tf.global_variables_initializer()) belongs before the loops, once, as does the session.
train.range = real images reach the discriminator in [{low:.2f}, {high:.2f}], fake ones in [-{expected:g}, \
{expected:g}].
    the two kinds can be told apart by their contrast alone, and the generator learns to make gray images.
    get_batches gives images in [-0.5, 0.5], tanh gives [-1, 1]: feed 2 * batch.
train.part_of_a_batch = the discriminator got {got} of the {expected} images of a batch.
    every image of every batch has to be used.
    feed the whole batch that get_batches gives.
train.rate = the learning rate that arrives at the optimizer is {got}, expected {expected}, as passed to train.
    a setting that is ignored misleads whoever changes it.
    learning_rate in the feed_dict of each step.
train.noise_repeats = the {which} gets only {different} different batches of z for {batches} batches of images.
    with noise that repeats, the generator memorizes a few images.
    sample z anew for each batch, inside of the loop, from a generator that is seeded once.
train.noise_size = a batch of {expected} images gets {got} rows of z.
    a setting that is ignored misleads whoever changes it; one half of d_loss counts for more images than the other.
    np.random.uniform(-1, 1, size=(batch_size, z_dim)), with the parameters of train
train.noise_in_a_batch = a batch of {n} images got fewer different rows of z.
    images with the same z are the same image.
    np.random.uniform(-1, 1, size=(batch_size, z_dim))
train.beta1 = model_opt is given beta1={got!r}, expected {expected}, as passed to train.
    a setting that is ignored misleads whoever changes it.
    model_opt(d_loss, g_loss, learning_rate, beta1)
train.graph_grows = the graph grows while training: {added} operations in the last {steps} steps.
    each step or picture adds operations that are never removed: training slows down and memory fills up.
    build every operation once, before the loop, and only run it inside of it.
train.never_shown = in {batches} batches, no image was shown.
    the losses say little; the pictures tell whether it works.
    show_generator_output(...) whenever the number of batches is a multiple of 100.

[hints]
model_inputs.height_first = input_real is {got}, [batch, height, width, channels], expected {expected}: with square \
images it is the same.
model_inputs.rate_float64 = learning_rate is float64; the optimizer converts it, but the rest is float32.
model_inputs.rate_of_any_shape = give learning_rate the shape [], then a list fed by mistake is noticed.
*.flag_name = the parameter {expected} of the original is called {got} here: others have to pass it by position.
discriminator.border = {share:.0%} of the pixels of a channel change the answer: with padding='SAME' it is all of them.
model_loss.fake_label_smoothed = in d_loss the label of fake images is {label:.2f}; usually it is 0.
model_loss.g_label_below_1 = in g_loss the label is {label:.2f} on average; usually it is 1.
train.rate_placeholder = model_opt gets {got}, not the placeholder: what is fed for learning_rate has no effect.
train.resets_graph = tf.reset_default_graph() fails where train is called inside of "with tf.Graph().as_default():".
train.show_grows = show_generator_output has added {added} operations to the graph in {times} calls: it slows down. \
Build its images once.
train.shown_often = images were shown {times} times in {batches} batches: pictures take time, every 100 is enough.
train.shown_seldom = images were shown {times} times in {batches} batches: every 100, one sees how it goes.
"""


def _read_table():
    parser = configparser.ConfigParser(interpolation=None, delimiters=('=',))
    parser.read_string(_TABLE)
    return {
        fault: {'kind': kind, 'seen': parser['verdicts']['*.raises']} | dict(zip(fields, text.split('\n'), strict=True))
        for kind, fields in _FIELDS.items()
        for fault, text in parser[kind].items()
    }


_FIELDS = {'verdicts': ['seen'], 'errors': ['error', 'means'], 'faults': ['seen', 'why', 'look'], 'hints': ['seen']}
FAULTS = _read_table()  # {id: {'kind': 'faults', 'seen': ..., 'why': ..., 'look': ...}}
