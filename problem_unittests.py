"""The contract of the six functions: each test runs one of them, watches what it does, and explains what is wrong.

In a notebook: `tests.test_generator(generator)` prints one line, or raises an AssertionError that says what was
observed, why it matters and where to look. On the command line: `pytest problem_unittests.py -k generator`; for a
different notebook, `--notebook other.ipynb`. During a test, stubs replace the other functions that it calls.

Each fault has an id, such as 'generator.random', which stays when its text changes. The AssertionError has the id of
the most serious one as `.fault`, and `.faults`: {id: text}. Nothing is imported but TensorFlow, NumPy and the standard
library, so the file can be put next to any notebook.
"""

import ast
import contextlib
import difflib
import functools
import html
import inspect
import io
import linecache
import os
import random
import re
import signal
import sys
import tempfile
import textwrap
import threading
import traceback
import warnings
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import numpy as np
import tensorflow.compat.v1 as tf

# ---------------------------------------------------------------- what is wrong, why it matters, where to look

# An entry: its id, what was seen -> why it matters -> where to look; indented lines belong to it. Most serious first.
# '*': of any function. An error: what the text of an exception contains -> what it means, {0} being what the pattern's
# first parentheses have found -> where to look. A || B: A for the lesson's own layers, B for others. A hint: what could
# be better.
_TABLE = r"""
[verdicts]
*.missing: {reason}
*.not_a_function: {got!r}, which the name {name} stands for, is not a function.
*.not_written: {of}not written yet, or its cell was not run since. Replace "raise NotImplementedError", run its cell.
*.raises: an error while {doing}: {error}: {text}{frames}

[errors]
*.dots: Ellipsis|ellipsis
  -> "..." is not code: in a hint it stands for what you have to fill in. -> the line with the three dots
*.variable_exists: a second time, .*Variable (\S+) already exists -> the network is called a second time and creates
  its variables again, such as {0}. -> tf.variable_scope(name, reuse=reuse): there, pass reuse on. Then the second call
  takes the variables of the first.
*.reuse_value: reuse parameter must be -> reuse is neither True nor False.
  -> pass on what the function was given: reuse=reuse in the discriminator, reuse=not is_train in the generator.
*.layer_name: name_or_scope must be|default_name is None then name_or_scope
  -> a layer got something else where its name belongs. -> the order of the arguments; a name is a text, such as 'up1'.
*.same_name: ^calling (?:discriminator|generator) .*Variable (\S+) already exists -> {0} is created twice in one call.
  -> give each layer a name of its own, such as 'conv1' and 'conv2'. What is used twice in the same scope, such as
  add_bias, needs a tf.variable_scope of its own each time.
*.without_reuse: calling model_loss.*Variable discriminator/\S+ already exists
  -> discriminator is called twice, and the second call does not say that it is the same network.
  -> the call on fake images: discriminator(fake, reuse=True)
*.built_twice: Variable (\S+) already exists -> {0} is created twice in one graph.
  -> is a network or a loss built more than once, for example inside a loop?
*.variable_missing: Variable (\S+) does not exist -> {0} is to be reused, but no earlier call has created it.
  -> is reuse on in the first call (in the generator, reuse is `not is_train`), or does a layer have a different name
  in the second one?
*.fed_at_start: ^(?:judging|running a step|calling model_opt).*feed a value for placeholder(?: tensor)? '(\S+)'
  -> variables cannot get their first values without {0}, which is fed at each step only.
  -> the order of the arguments: Adam(learning_rate, beta1)
*.not_fed: feed a value for placeholder(?: tensor)? '(\S+)' -> the placeholder {0} gets no value, but is needed.
  -> the feed_dict of sess.run: it needs an entry for each placeholder, {{{0}: its value}} among them.
*.eager: not compatible with eager execution -> the graph functions need a graph, and eager execution is on.
  -> call tf.disable_eager_execution() right after importing TensorFlow.
*.reset_graph: reset_default_graph -> tf.reset_default_graph() is called inside "with tf.Graph().as_default()", which
  forbids it. -> leave the call out: the graph of the with statement is new anyway.
*.initializer_elsewhere: fetch.*name: "init -> the initializer does not belong to the graph of this session.
  -> Run initializes the variables by itself. Without it: build tf.global_variables_initializer() in the graph, and run
  it once, before the loop.
*.other_graph: must be from the same graph|is not an element of this graph|not from the passed-in graph
  -> a tensor is used that was made outside this function, in a different graph.
  -> does each name stand among the parameters, or on the left of an earlier line in this function? A typo may find what
  a different cell has left behind.
*.feed_dict: Cannot interpret feed_dict|unhashable type -> something that is not a placeholder is used as a key.
  -> in a feed_dict the placeholder is the key and the array is the value: {{input_real: batch}}.
*.overwritten: Argument `?fetch`? = (.{1,40}?) has invalid type
  -> sess.run is asked to compute {0}, which is neither a tensor nor an operation.
  -> has a name got a new meaning? After d_loss, _ = sess.run([d_loss, step]), d_loss is a number, and the next turn of
  the loop asks for it: use different names on the left.
*.fed_a_tensor: The value of a feed cannot be a tf.Tensor -> a tensor is fed, but only numbers can be.
  -> noise: sample it with NumPy. A number: has a placeholder got its name, such as learning_rate?
*.fed_shape: Cannot feed value of shape (\(.*?\)) for Tensor '?(\w+)
  -> {1} is fed with an array of the shape {0}, and is made for a different one.
  -> in the feed_dict: images for input_real, noise for input_z, a number for learning_rate.
*.finalized: Graph is finalized -> something is added to the graph while it is being trained.
  -> build every operation once, before training, also the one that shows images.
*.nothing_to_train: No variables to optimize|No variables provided|No gradients provided
  -> the list of variables that the optimizer may change is empty, or its loss does not depend on them.
  -> var_list: all of tf.trainable_variables() whose name begins with 'discriminator' or 'generator', with its own loss.
*.keras_optimizer: LearningRateSchedule -> an optimizer of Keras takes no placeholder, and builds no graph operation.
  -> Adam(learning_rate, beta1) of the lesson, or tf.train.AdamOptimizer
*.no_truth: as a Python `?bool -> a tensor has no value while the graph is built, so `if`, `and`, `not` cannot ask it.
  -> is_train and reuse are plain True or False; everything else is computed by TensorFlow's functions.
*.setting: SettingError: (.*) -> Run: {0}. -> the order of the settings in Run(...): that of the parameters of train.
*.tf_layers: tf\.layers|not available with Keras 3|has no attribute .*layers -> tf.layers is gone from TensorFlow.
  -> the building blocks on tf.nn. Or install tf_keras, and set TF_USE_LEGACY_KERAS=1 before importing TensorFlow.
*.uninitialized: Could not find (?:variable|resource)|uninitialized -> a variable is used before it has a value.
  -> sess.run(tf.global_variables_initializer()), once, in the session, before anything else.
*.header: (?:calling|running) (\w+) .*: \1\(\) (?:missing|takes|got) -> the parameters of {0} are not those of the
  exercise.{signature} -> its first line; after def it has to be {header}
*.parameters: (?:(\w+)\.__init__|(\w+))\(\) (?:missing|takes|got) -> {0} is called with the wrong arguments.{signature}
  -> the call, or the line that begins with def: how many values, in which order, with which names?
*.parentheses_missing: 'method' object is not|'function' object is not iterable|non-iterable (?:method|function)
  -> a function stands where its result is needed. -> parentheses are missing behind its name, as in run.batches()
*.none: NoneType|got None|None values not supported|Cannot convert .*None to -> there is None where a value is needed.
  -> a function without a return statement returns None, and so do print and list.append.
*.unpacked: values to unpack|cannot unpack|[Ii]terating over a symbolic|not iterable
  -> a call returns a different number of values than there are names on the left of it.
  -> model_inputs returns three; discriminator, model_loss and model_opt return two; generator returns one. data_shape
  has four.
*.unknown_name: NameError: (?:global )?name '(\w+)' is not defined -> nothing is called {0} here.
  -> is it a typo, or has the cell that defines it not been run?
*.too_early: local variable '(\w+)' -> {0} is used before this function gives it a value.
  -> the order of the lines, the spelling of {0}; or does this function give a value to {0}, which is a function further
  up, as in real_loss = real_loss(...)?
*.no_method: (?:Tensor|Optimizer)' object has no attribute '(\w+)' -> in TensorFlow there is no method {0} here.
  -> tensors go into functions: tf.reshape(x, shape), tf.reduce_mean(x). Gradients and step are one operation:
  Adam(...).minimize(loss, var_list=...)
*.unknown_attribute: has no attribute '(\w+)' -> what stands before the dot has nothing that is called {0}.
  -> spelling and capital letters; and is there a tensor where you think there is, and not a tuple or a list?
*.not_callable: object is not callable -> parentheses stand after something that is not a function.
  -> has a name of a function been used for a value, or is there a comma or an operator missing before the parentheses?
*.no_sequence: not subscriptable|Value after \* must be -> something that is no list is used like one.
  -> square brackets or a star behind, or before, a name that stands for something else.
*.shape_or_type: DataType for arg|Dimension (?:value|-\d+) must|TensorShape|elements of \[|'shape' has|for shape:
  -> a shape or a type is not what it has to be. -> the order of the arguments: tf.placeholder(type, shape),
  tf.reshape(x, shape). A shape is a list of whole numbers; None in a placeholder, -1 in a reshape is any size.
*.types_differ: has type (\w+) that does not match type (\w+)|Tensor conversion requested dtype (\w+)
  -> two dtypes meet in one operation, and TensorFlow does not convert by itself. -> the networks compute in float32:
  tf.placeholder(tf.float32, ...), and tf.cast(x, tf.float32) where integers or booleans come in.
*.name_as_operation: The name '\w+' refers to|not in the graph -> a name stands where operations are needed.
  -> tf.get_collection(tf.GraphKeys.UPDATE_OPS) gives the operations of a collection.
*.transposed: out_backprop doesn't match|BackpropInput|conv2d_transpose
  -> a transposed convolution does not fit its input: its result has to be twice as high and wide, or one less.
  -> the order of the sizes in the reshape, [-1, height, width, channels], and of the arguments:
  conv2d_transpose(x, size, filters, name) || tf.layers.conv2d_transpose(x, filters, kernel_size, strides)
*.rank: Shape must be (?:at least )?rank (\d) but is rank (\d)
  -> a layer needs a tensor with {0} dimensions, and gets one with {1}. -> the reshape: a convolution takes
  [batch, height, width, channels]; a dense layer takes [batch, numbers], so between them stands a tf.reshape.
*.sizes_differ: [Rr]eshape|Incompatible shapes|must be broadcastable|Dimensions? must be|be compatible|same shape|evenly
  -> sizes do not fit each other. -> multiply them: in a reshape the numbers must stay as many, and -1 stands for the
  batch, whose size must not be written into the graph. Are height, width and channels what you expect them to be?

[faults]
*.no_variables: has no trainable variables. -> there is nothing to learn. -> layers create weights with tf.get_variable.
*.outside_scope: variables outside the scope '{name}': {names}. -> model_opt finds its variables by this scope; those
  outside are never trained. -> with tf.variable_scope('{name}', reuse=...): around all layers, and no other name.
*.new_variables: the call with {call} created new variables: {names}.
  -> a second {name} with weights of its own is never trained; both calls have to be the same network.
  -> with tf.variable_scope('{name}', reuse=...): reuse must be on in this call. Only what tf.get_variable creates is
  shared: tf.Variable and the layers of tf.keras are new each time.
*.input_unused: what it returns does not depend on its input at all.
  -> a discriminator that says the same of every image has nothing to teach; a generator would make one image only.
  -> the first layer: it takes images in the discriminator, z in the generator; and is that name given something else
  before?
*.no_gradient: no gradient reaches {names}. -> these variables can never be trained.
  -> is every layer fed with the result of the layer before, and is there a stop_gradient, round or argmax?
*.activation_unused: the result of an activation is not used: {names}.{frames} -> the next layer takes what was before
  it, so two layers are no more than one. -> the name on the left of the activation: the next layer has to take it.
*.no_convolution: there is no convolution in it.
  -> a network without convolutions does not know which pixels are neighbors, and learns images badly.
  -> conv2d for the first layers of the discriminator, conv2d_transpose after the first, dense layer of the generator.
*.batch_mixed: the images of a batch are mixed: in another order, the same inputs do not give the same results.
  -> every image and every vector z has to be treated on its own. Mixtures teach nothing, and no error is raised.
  -> the reshape between convolutions and dense layer: the batch must stay the first dimension, without a transpose.
*.norm_not_training: in training, batch norm does not use the statistics of the batch, but its averages: {names}.
  -> these stay at 0 and 1 in training, so it normalizes nothing, and the layers drift.
  -> batch norm's flag: batch_norm_with_averages(x, name, is_train) || training=is_train in the generator, and True in
  the discriminator, since the default is False.
model_inputs.count: expected 3 values, got {got}.
  -> train unpacks three placeholders. -> return input_real, input_z, learning_rate
model_inputs.not_a_placeholder: {which} is not a placeholder, but {got!r}. -> only a placeholder takes a new value at
  every step; anything else is fixed when the graph is built. -> {which} = tf.placeholder(tf.float32, ...), without a
  comma at the end
model_inputs.order: the placeholders are in a different order: ranks {ranks}, expected [4, 2, 0]. -> train takes the
  first for images, the second for z, the third for the learning rate. -> return input_real, input_z, learning_rate
model_inputs.dtype: {which} is {got}, expected float32. -> the networks compute in float32, and TensorFlow does not
  convert on its own. -> {which} = tf.placeholder(tf.float32, ...)
model_inputs.real_shape: input_real has the shape {got}, expected {expected}.
  -> it is the shape of a batch of images, [batch, width, height, channels]; the batch may have any size.
  -> tf.placeholder(tf.float32, [None, image_width, image_height, image_channels])
model_inputs.z_shape: input_z has the shape {got}, expected {expected}. -> one row of z_dim random numbers makes one
  image; the batch may have any size. -> tf.placeholder(tf.float32, [None, z_dim])
model_inputs.rate_shape: learning_rate has the shape {got}, expected [] (a single number).
  -> the optimizer multiplies every step by it. -> tf.placeholder(tf.float32, [])
discriminator.count: expected 2 values, got {got}.
  -> model_loss unpacks the probability and its logit. -> return tf.sigmoid(logits), logits
discriminator.not_tensors: expected 2 tensors, got {got}.
  -> both become part of the graph. -> return tf.sigmoid(logits), logits
discriminator.shape: {n} images gave {which} of shape {got}, expected [{n}, 1].
  -> each image needs one verdict. A wrong size in a reshape makes more or fewer rows of the batch.
  -> the reshape before the last layer: tf.reshape(h, [-1, height * width * channels of h])
discriminator.order: results in the wrong order: the second one is the sigmoid of the first. -> model_loss takes the
  second for the logits, and squeezes it through another sigmoid. -> return tf.sigmoid(logits), logits
discriminator.same_answer: the answer does not depend on the image: {n} different images gave logits from {low:.4f} to
  {high:.4f}. -> a discriminator that says the same of every image has nothing to teach.
  -> is each layer fed with the result of the layer before, and the first one with the images?
discriminator.same_twice: both results are the same: {output:.3f}; the sigmoid of it is {sigmoid:.3f}.
  -> the loss needs numbers without limits (logits), and people read probabilities. -> return tf.sigmoid(logits), logits
discriminator.not_the_sigmoid: the output is not the sigmoid of the logits: {output:.3f} for a logit of {logit:.3f},
  whose sigmoid is {sigmoid:.3f}. -> the loss needs numbers without limits (logits), and people read probabilities.
  -> return tf.sigmoid(logits), logits, where logits come straight out of the last dense layer.
discriminator.reuse_differs: the call with reuse=True gives different answers to the same images. -> real and fake
  images must be judged by the same network. -> tf.variable_scope('discriminator', reuse=reuse), and the same layers.
discriminator.limited_logits: the logits look limited: over four sets of random weights they lie between {low:.2f} and
  {high:.2f}. -> logits are numbers without limits. If an activation function limits them, the sigmoid in the loss is
  the second one, and the discriminator can never be sure. -> no activation function on the last dense layer.
discriminator.linear: the logits are a linear function of the image. -> many layers without an activation between them
  can do no more than one. -> tf.nn.leaky_relu after each convolution, and its result handed on.
discriminator.part_of_the_image: it looks at a part of the image only: {share:.0%} of the pixels of a channel change the
  answer. -> the generator learns nothing about pixels that the discriminator does not see.
  -> the first layer: is it fed with all of images?
generator.not_a_tensor: expected one tensor, got {got}. -> it is the images. -> the return statement
generator.shape: {n} vectors gave images of shape {got}{mode}, expected {expected}.
  -> they have to have the shape of the real images, or the discriminator cannot judge them.
  -> the reshape after the dense layer, the strides of the layers, the last number of filters; and does the return
  statement come after the last layer?
generator.same_image: different vectors z give the same image. -> the generator could make one image only.
  -> is every layer fed with the result of the layer before, and the first one with z?
generator.linear: up to the last tanh, the images are a linear function of z. -> many layers without an activation
  between them can do no more than one. -> tf.nn.leaky_relu after each layer but the last, and its result handed on.
generator.out_of_range: the images leave the range{mode}: from {low:.2f} to {high:.2f}, expected [-1, 1]. -> real images
  have a black and a white; images beyond them are told apart at a glance. -> the last layer ends with tf.tanh.
generator.never_negative: no image has a negative value{mode}: from {low:.2f} to {high:.2f}, expected about -1 to 1.
  -> real images are rescaled to [-1, 1]; half of their range could never be generated.
  -> the last layer ends with tf.tanh, not with a sigmoid or a ReLU.
generator.narrow: the images cannot be black and white: even with large weights, they stay from {low:.2f} to {high:.2f}.
  -> real images fill [-1, 1], so the discriminator knows each fake by its contrast. -> return tf.tanh(...), as it is
generator.saturated: saturated at the start: {share:.0%} of all pixels are beyond 0.99 at once.
  -> there tanh is flat, so no gradient comes through, and training does not begin.
  -> the standard deviation of the initial weights (0.02 is usual), and batch norm before the last layer.
generator.no_averages: batch norm keeps no moving averages of its statistics.
  -> without them, a trained generator cannot make a single image: a batch of one has no statistics.
  -> two variables with trainable=False, for mean and variance, in each batch norm.
generator.averages_still: the moving averages {names} are never updated: no update op of theirs is in the collection.
  -> the losses look perfect without them, and the trained generator makes mush.
  -> the collection tf.GraphKeys.UPDATE_OPS in batch norm (tf.layers fills it when training is on).
generator.averages_unused: the moving averages are updated, but images with is_train=False do not depend on them.
  -> what is learned in training is not used where it is needed. -> at inference, batch norm uses its moving averages.
generator.averages_diverge: the moving averages move away from the statistics of the batch: after 100 updates with the
  same batch, the images with is_train=False are no closer to those in training. -> the trained generator makes mush,
  although all else is right. -> the sign in the update: average = 0.9 * average + 0.1 * statistic of the batch.
generator.random: not deterministic with is_train=False: the same z gave two different images. -> dropout or noise left
  on spoils the images of a trained generator. -> dropout only when is_train, as in rate = 0.5 if is_train else 0.0
generator.depends_on_batch: with is_train=False an image depends on the others in its batch: the same z, alone, gave
  another image. -> it is normalized by the statistics of the batch. Ask for a single image, and you get mush.
  -> at inference, batch norm has to use its moving averages: pass is_train on to every batch norm.
generator.part_of_z: {dead} of the {z_dim} numbers in z do not change the image.
  -> randomness that is not used is variety that cannot be generated. -> the first layer: is it fed with all of z?
model_loss.count: expected 2 values, got {got}. -> train unpacks both losses. -> return d_loss, g_loss
*.not_a_tensor: {which} is {got!r}, expected a scalar tensor.
  -> it is what is minimized. -> the return statement
model_loss.generator_calls: calls generator {times} times ({modes}), expected once, with is_train=True.
  -> one batch of fake images serves both losses; in inference mode batch norm does not learn.
  -> fake = generator(input_z, out_channel_dim)
model_loss.channels: calls generator with {got} channels, expected out_channel_dim, which is {expected}.
  -> digits have one channel and faces three. -> fake = generator(input_z, out_channel_dim)
model_loss.discriminator_calls: calls discriminator on {what}; expected once on real and once on fake images. -> it has
  to judge both kinds, with the same weights. -> discriminator(input_real), then discriminator(fake, reuse=True)
model_loss.no_gradient: no gradient of g_loss reaches the generator. -> the generator learns through the discriminator
  only, and nothing comes through. -> is there a stop_gradient, round or argmax between the two networks?
*.shape: {which} has the shape {got}, expected a single number.
  -> a loss is the mean over the batch. -> tf.reduce_mean around each cross-entropy.
model_loss.order: results in the wrong order: the first is the loss of the generator, the second of the discriminator.
  -> each network would be trained to do what the other one should. -> return d_loss, g_loss
model_loss.label_by_numpy: in {which} the label of {kind} images changes whenever the graph is built: {labels}.
  -> NumPy chooses it once, and then it stays the same for the whole run: not random, just unknown.
  -> a constant, for example 0.9 for real images in d_loss.
*.from_probabilities: {which} is computed from probabilities, not from logits alone.
  -> sigmoid_cross_entropy_with_logits applies a sigmoid by itself. A second one before it squeezes every verdict to
  between 0.5 and 0.73, and the networks hardly learn.
  -> discriminator returns (probability, logits): use the second, as in _, logits = discriminator(...).
*.sum: {which} grows with the size of the batch. -> it is a sum and not a mean, so the learning rate means
  something else for each batch size. -> tf.reduce_mean around each cross-entropy.
*.not_cross_entropy: {which} is not a cross-entropy of the logits.
  -> with another formula, or labels that differ between the images of a batch, the two losses do not belong together.
  -> tf.nn.sigmoid_cross_entropy_with_logits with labels of 0, or from 0.7 to 1.
model_loss.half_missing: d_loss does not contain the loss on {half} images. -> a discriminator that sees one kind only
  says the same of everything. -> d_loss = real_loss(logits of real images) + fake_loss(logits of fake images)
model_loss.labels_swapped: the labels of d_loss are swapped: {real:.2f} for real and {fake:.2f} for fake images.
  -> the discriminator has to say yes to what is real, and no to what is fake.
  -> labels=tf.ones_like(logits) * 0.9 for real images, labels=tf.zeros_like(logits) for fake ones.
model_loss.halves_differ: the two halves of d_loss weigh {real:.2f} (real) and {fake:.2f} (fake), expected the same.
  -> a discriminator that cares more about one kind is unfair to the other.
  -> d_loss = real half + fake half, each a mean.
*.scaled: the loss is {factor:.2f} times the cross-entropy, expected once. -> it is the loss that
  the numbers in papers and in the progress bar mean. -> d_loss = real half + fake half, each a mean.
model_loss.fake_label: in d_loss the label of fake images is {label:.2f}, expected 0.
  -> a discriminator has to say no to what is fake. -> labels=tf.zeros_like(logits)
model_loss.real_label: in d_loss the label of real images is {label:.2f}, expected a constant from 0.7 to 1.
  -> the discriminator has to say yes to what is real; slightly less than 1 makes it a better teacher.
  -> labels=tf.ones_like(logits) * 0.9, or smooth=0.1
model_loss.smoothing_idle: the smoothing has no effect: the label of real images is 1, in spite of a factor inside
  ones_like. -> tf.ones_like(logits * 0.9) has the shape of the logits and is 1 everywhere, whatever they are.
  -> tf.ones_like(logits) * 0.9, or leave the factor out.
model_loss.g_weights: g_loss weighs real images with {real:z.2f} and fake images with {fake:z.2f}, expected 0 and 1.
  -> the generator can only change the fake ones. -> g_loss = real_loss(logits of fake images)
model_loss.g_label_0: in g_loss the label of fake images is 0, expected 1. -> the generator would be trained to have its
  images called fake: the opposite of its objective. -> g_loss = real_loss(logits of fake images): labels of 1
model_loss.g_label_smoothed: in g_loss the label is {label:.2f}, expected 1. -> label smoothing keeps the discriminator
  from being too sure. The generator need not aim for less. -> labels=tf.ones_like(logits) in g_loss.
real_loss.label: the label is {got:.3f} with smooth={smooth}, expected {expected:.3f}. -> real images are to be called
  real, that is 1, or a little less with smoothing. -> labels: tf.fill(tf.shape(logits), 1.0 - smooth)
fake_loss.label: the label is {got:.3f}, expected 0. -> fake images are to be called fake.
  -> labels=tf.zeros_like(logits)
*.arguments_swapped: in {which}, a part is a straight line in the logits: labels and logits have changed places.
  -> without their names, sigmoid_cross_entropy_with_logits takes the labels first.
  -> write both names: sigmoid_cross_entropy_with_logits(logits=..., labels=...)
model_loss.inexact: {which} is {got:.4g} for logits of +-100, expected {expected:.4g}.
  -> the logarithm of a sigmoid that was rounded to 0 or 1 is wrong, and so is its slope.
  -> tf.nn.sigmoid_cross_entropy_with_logits computes it exactly, from the logits.
model_opt.count: expected 2 values, got {got}. -> train unpacks both steps. -> return d_train_opt, g_train_opt
model_opt.order: results or variables in the wrong order: {which} moves the variables of the {other}.
  -> train would run them for the wrong network. -> return d_train_opt, g_train_opt; and is each var_list its own?
model_opt.moves_others: {which} moves variables that are not its own: {names}.
  -> a step of the {own} must not touch anything else: one network would win by spoiling the other.
  -> minimize(..., var_list=variables whose name begins with '{own}')
model_opt.moves_too_few: {which} does not move {names}.
  -> these variables of the {own} would keep their random start forever. -> var_list=all of tf.trainable_variables()
  whose name begins with '{own}'; and is the learning_rate that is fed the one that Adam gets?
model_opt.wrong_loss: {which} minimizes {got}_loss, expected {expected}_loss. -> the {own} would be trained to do what
  the {other} should. -> d_loss for the variables of the discriminator, g_loss for those of the generator.
model_opt.uphill: {which} goes uphill: {variable} moved in the direction of its slope.
  -> the loss would grow with every step. -> minimize the loss itself, not its negative.
model_opt.no_update_ops: neither step runs the update ops in the graph's collection. -> batch norm's moving averages
  would never be updated: the losses look perfect, and the trained generator makes mush. -> with
  tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)): around minimize, not just around AdamOptimizer,
  and this name without quotes.
model_opt.step_size: with learning_rate fed as 0.01, the first step of {which} is {got:.5f}. It should be 0.01:
  Adam's first step is as long as the learning rate.
  -> the fed value has to be in use, and Adam has to be the optimizer. -> tf.train.AdamOptimizer(learning_rate, beta1)
model_opt.rate_not_used: {which} moves although learning_rate is fed as 0. -> the placeholder has no effect: a
  different value is used. -> tf.train.AdamOptimizer(learning_rate, ...) with the learning_rate that was passed.
model_opt.beta1: after a turn of the slope, the second step of {which} is {got:.5f}; with beta1={beta1} it is
  {expected:.5f} (Kingma and Ba 2015, algorithm 1). -> beta1 says for how long Adam remembers its direction; in a GAN
  the usual 0.9 is too long. -> tf.train.AdamOptimizer(learning_rate, beta1=beta1), for both networks.
train.losses_swapped: model_opt gets the loss of the generator in place of that of the discriminator. -> each network is
  trained to do what the other one should. -> d_loss, g_loss = model_loss(...), then model_opt(d_loss, g_loss, ...)
train.not_called: does not call {missing}. -> train combines them. -> model_inputs, then model_loss, then model_opt.
train.sizes: calls model_inputs with {got}, expected {expected} for data_shape {data_shape} and z_dim {z_dim}.
  -> the sizes come from the data. -> _, width, height, channels = data_shape
train.channels: a network is built for {got} channels, expected 1 for data_shape {data_shape}.
  -> gray images have one channel, and colored ones three. -> data_shape[3], for model_loss and show_generator_output
train.batch_size: get_batches is called with batch_size {got}, expected {expected}, as passed to train.
  -> changing this setting would have no effect. -> get_batches(batch_size)
train.batches_unused: {unused} of the {batches} batches of an epoch are never used. -> every batch of every epoch must
  be used. -> for each batch of get_batches(batch_size): run d_train_opt; is a step, or the return, in the wrong loop or
  behind an if?
train.epochs: the batches are used {got:.1f} times, expected {expected}, the epoch_count that was passed to train.
  -> changing this setting would have no effect. get_batches(...) gives one epoch.
  -> for epoch in range(epoch_count): for batch in get_batches(batch_size):
train.stands_still: the {which} makes {steps} steps in {batches} batches, in {parts} of 10 parts of the run.
  -> if one network stands still for long, the other one runs away, and the losses mean nothing.
  -> run both steps in the innermost loop; a condition for one of them has to come true often enough.
train.initialized_again: the variables are initialized again in the middle of training. -> all that was learned until
  then is lost. -> sess.run(tf.global_variables_initializer()) belongs before the loops, once, as does the session.
train.range: real images reach the discriminator in [{low:.2f}, {high:.2f}], fake ones in [-{expected:g}, {expected:g}].
  -> the two kinds can be told apart by their contrast alone, and the generator learns the wrong contrast.
  -> get_batches gives images in [-0.5, 0.5], tanh gives [-1, 1]: feed 2 * batch.
train.part_of_a_batch: the discriminator got {got} of the {expected} images of a batch.
  -> every image of every batch has to be used. -> feed the whole batch that get_batches gives.
train.rate: the learning rate that arrives at the optimizer is {got}, expected {expected}, as passed to train.
  -> changing this setting would have no effect. -> learning_rate in the feed_dict of each step.
train.noise_repeats: the {which} gets only {different} different batches of z for {batches} batches of images.
  -> with noise that repeats, the generator memorizes a few images.
  -> sample new z for each batch, inside the loop, from a generator that is seeded once.
train.noise_size: a batch of {expected} images gets {got} rows of z.
  -> changing this setting would have no effect; one half of d_loss counts for more images than the other.
  -> np.random.uniform(-1, 1, size=(batch_size, z_dim)), with the parameters of train
train.noise_in_a_batch: a batch of {n} images got fewer different rows of z.
  -> images with the same z are the same image. -> np.random.uniform(-1, 1, size=(batch_size, z_dim))
train.beta1: model_opt is given beta1={got!r}, expected {expected}, as passed to train.
  -> changing this setting would have no effect. -> model_opt(d_loss, g_loss, learning_rate, beta1)
train.graph_grows: the graph grows while training: {added} operations in the last {steps} steps.
  -> each step or picture adds operations that are never removed: training slows down and memory fills up.
  -> build every operation once, before the loop, and only run it inside the loop.
train.default_graph: it builds the networks in the graph that was there before.
  -> a second call, for the faces, finds the variables of the first one there, or a graph that is finalized.
  -> with new_graph(...) as graph: around all that is built, and a session on that graph
train.options: the seed that was passed to train does not arrive at Run. -> average=0.995 and checkpoint_dir=... would
  have no effect either. -> Run(..., **options)
train.count: expected 2 values, got {got}. -> the cells below unpack the losses and a function that generates images.
  -> return run.losses, generators.save(run)
train.losses_recorded: the losses that it returns are not those of its steps. -> the curves below would show something
  else. -> d_loss first: d_loss, g_loss, _, _ = sess.run([d_loss, g_loss, ...]), then run.record(d_loss, g_loss)
train.result: it returns {got}, expected losses of the shape [{steps}, 2] and a function. -> the cells below plot the
  losses, and call the function with noise. -> return run.losses, generators.save(run)
train.never_shown: in {batches} batches, no image was shown. -> the losses say little; the pictures tell whether it
  works. -> show_generator_output(...) whenever the number of batches is a multiple of 100.

[hints]
model_inputs.height_first: input_real is {got}, [batch, height, width, channels], expected {expected}: with square
  images it is the same.
model_inputs.rate_float64: learning_rate is float64; the optimizer converts it, but the rest is float32.
*.flag_name: the parameter {expected} of the original is called {got} here: others have to pass it by position.
discriminator.border: {share:.0%} of the pixels of a channel change the answer: with padding='SAME' it is all of them.
generator.half_range: the images stay in [-0.5, 0.5], and not in [-1, 1]: train must not rescale real images then.
model_loss.halved: d_loss is the mean of its two halves, not their sum: it looks smaller than those of others.
train.show_without_run: show_generator_output gets no run, so its rows are not added to the picture of the run.
model_loss.fake_label_smoothed: in d_loss the label of fake images is {label:.2f}; usually it is 0.
model_loss.g_label_below_1: in g_loss the label is {label:.2f} on average; usually it is 1.
train.rate_placeholder: model_opt gets {got!r}, not the placeholder: what is fed for learning_rate has no effect.
train.show_grows: show_generator_output added {added} operations to the graph in {times} calls: build its images once.
train.shown_often: images were shown {times} times in {batches} batches: pictures take time, every 100 is enough.
train.shown_seldom: images were shown {times} times in {batches} batches: every 100, one sees how it goes.
"""


_PARTS = {
    'faults': ['{}', '  Why it matters: {}', '  Where to look: {}'],
    'errors': ['{}', '  Where to look: {}{{frames}}', "  In Python's words: {{error}} while {{doing}}: {{text}}"],
}


def _read(table):
    faults = {}
    for line in re.sub(r'\n +', ' ', table).strip().splitlines():
        if line.startswith('['):
            kind = line.strip('[]')
        elif line:
            fault, text = line.split(': ', 1)
            error, texts = '(?!)', text.split(' -> ')
            if kind == 'errors':
                error, *texts = [*texts, '']
            parts = zip(_PARTS.get(kind, ['{}']), texts, strict=True)
            faults[fault] = {'kind': kind, 'text': '\n'.join(part.format(text) for part, text in parts), 'error': error}
    return faults


_HEADERS = {
    'model_inputs': 'image_width, image_height, image_channels, z_dim',
    'discriminator': 'images, reuse=False',
    'generator': 'z, out_channel_dim, is_train=True',
    'real_loss': 'logits, smooth=0.0',
    'fake_loss': 'logits',
    'model_loss': 'input_real, input_z, out_channel_dim',
    'model_opt': 'd_loss, g_loss, learning_rate, beta1',
    'train': 'epoch_count, batch_size, z_dim, learning_rate, beta1, '
    'get_batches, data_shape, data_image_mode, **options',
}
FAULTS = _read(_TABLE)  # {id: {'kind': 'faults', 'text': ..., 'error': the pattern of an exception's text}}


# ---------------------------------------------------------------- how a verdict is reached and told

_TENSOR = (tf.Tensor, tf.Variable)
# Of the running test; found: {id of a fault: values for its text}.
_report = SimpleNamespace(name='', function=None, found={})
_judges = {}  # name of a function -> what judges it


class _Stop(BaseException):  # not an Exception, which the learner's code may catch
    """Ends a test: further checks would make no sense."""


class _Again(BaseException):
    """Begins a test again: now one knows more about what the function expects."""


def _fault(fault, **values):
    """Note a fault or a hint, by its id in the table; the first one with an id is kept."""
    assert fault in FAULTS, fault
    _report.found.setdefault(fault, values)


def _expect(holds, fault, **values):
    """Note a fault or a hint unless something holds. Returns whether it does."""
    if not holds:
        _fault(fault, **values)
    return bool(holds)


def _require(holds, fault, **values):
    """Note a fault and end the test unless something holds."""
    if not _expect(holds, fault, **values):
        raise _Stop


def judge(name, function):
    """What the test of the function called `name` finds: (faults, hints), each {id: text}, the most serious first.

    A fault makes the function wrong, a hint does not. A function that is an exception is missing for that reason.
    """
    _report.name, _report.function, _report.found = name, function, {}
    with _quiet(), contextlib.suppress(_Stop), _trying('judging it'):
        _require(not isinstance(function, Exception), '*.missing', reason=function)
        _require(callable(function), '*.not_a_function', got=function)
        _judges[name](function)
    faults, hints, order = {}, {}, [*_report.found]
    errors = [fault for fault in order if FAULTS[fault]['kind'] == 'errors']  # what was seen before may be its cause
    earlier = order[: order.index(errors[0])] if errors else []
    for fault in sorted(order, key=lambda each: (each not in earlier, [*FAULTS].index(each))):
        values = {'name': name, 'groups': (), **_report.found[fault]}
        text = FAULTS[fault]['text'].format(*values['groups'], **values)
        text = re.sub(r'(: [^:]*) \|\| ([^\n]*)', r'\1' if _own_layers(function) else r': \2', text)
        (hints if FAULTS[fault]['kind'] == 'hints' else faults)[fault.replace('*', name)] = text
    return faults, hints


def _contract(test):
    """Make a public test from a function that judges: one line when it passes, else a short AssertionError."""
    name = test.__name__.removeprefix('test_')
    _judges[name] = test

    @functools.wraps(test)
    def run(*arguments, **keywords):
        __tracebackhide__ = True
        function = [*arguments, *keywords.values()][0]  # what follows (the original passes tf) is of no use here
        failure = AssertionError()
        try:
            text = f'{name}: still computing after 10 s. An endless loop? The square button ends it.'
            with said_after_ten_seconds(text) if _notebook() else contextlib.nullcontext():
                failure.faults, hints = judge(name, function)
        except KeyboardInterrupt as interruption:
            lines = _frames(traceback.extract_tb(interruption.__traceback__))
            interruption._render_traceback_ = lambda: [f'Interrupted, so nothing is known about {name}.{lines}']
            raise
        notes, newer = [f'  Hint: {text}' for text in hints.values()], newer_definition(name, function)
        if not failure.faults:
            _tell([*(f'{name}: {note}' for note in newer), f'{name}: passed', *notes], good=not newer)
            return
        notes += [f'  {note}' for note in newer]
        failure.fault, (first, *others) = next(iter(failure.faults)), failure.faults.values()
        lines = [line for text in others for line in _shortened(text)]
        if _notebook():
            failure._render_traceback_ = lambda: [f'{name} does not pass yet: see above.']
        failure.args = ('\n'.join(_tell([*f'{name}: {first}'.splitlines(), *lines, *notes], good=False)),)
        raise failure

    return run


def _shortened(text):
    """The first line of a fault that is not the most serious one, and the learner's own code."""
    first, *more = text.splitlines()
    return [f'  Also: {first}', *(line for line in more if line.startswith('  in '))]


def _tell(lines, good):
    """Print a verdict that is good; in a notebook, show each in color. Returns the lines that it has taken up."""
    wrap = functools.partial(textwrap.wrap, width=84, subsequent_indent='    ', break_long_words=False)
    wrapped = [part for line in lines for part in ([line] if line.startswith('  in ') else wrap(line))]
    if _notebook():
        from IPython.display import display

        color, sign = ('#2e7d32', '\u2714 ') if good else ('#c62828', '\u2718 ')
        shown = [sign + lines[0], *lines[1:]]
        first, *more = (f'<div style="margin-left: 4ch; text-indent: -4ch">{html.escape(line)}</div>' for line in shown)
        style = f'border-left: 4px solid {color}; padding-left: 8px; white-space: pre-wrap; word-break: normal'
        page = f'<pre style="{style}; overflow-wrap: anywhere"><b style="color: {color}">{first}</b>'
        display({'text/plain': '\n'.join(wrapped), 'text/html': ''.join([page, *more]) + '</pre>'}, raw=True)
    elif good:
        print('\n'.join(wrapped))
    return wrapped


@contextlib.contextmanager
def said_after_ten_seconds(text):
    """Print a text if what the with statement does takes longer, wherever its own output goes."""
    note = threading.Timer(10, print, [text], {'file': sys.stdout, 'flush': True})
    note.daemon = True
    note.start()
    try:
        yield
    finally:
        note.cancel()


@contextlib.contextmanager
def _trying(doing):
    """Make a fault of an exception in the learner's code, which says what was being tried."""
    try:
        yield
    except (Exception, SystemExit) as error:
        text = str(error).strip() or type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        if isinstance(error, tf.errors.OpError):  # its text begins with a traceback of its own
            text = re.sub(r"(?s).*\nNode: '[^']*'\n", '', error.message)
            if error.op is not None and 'feed a value' not in text:
                frames = list(error.op.traceback)  # where it was built, not where it is run
        if isinstance(error, NotImplementedError) and _is_own(frames[-1].filename):
            name = frames[-1].name
            _fault('*.not_written', of='' if name == _report.name else f'{name}, which it needs, is ')
        else:
            words, values = f'{doing}: {type(error).__name__}: {text}', {'doing': doing, 'frames': _frames(frames)}
            found = ((kind, re.search(entry['error'], words)) for kind, entry in FAULTS.items())
            kind, match = next(((kind, match) for kind, match in found if match), ('*.raises', None))
            groups = [group for group in match.groups() if group] if match else []
            values |= {'groups': groups, 'signature': _signature(groups[:1], error.__traceback__)}
            values['header'] = f'{_report.name}({_HEADERS.get(_report.name)}):'
            _fault(
                kind,
                error=type(error).__name__,
                text=textwrap.shorten(text.splitlines()[0], 200, placeholder=' ...'),
                **values,
            )
        raise _Stop from None


def _signature(names, tb):
    """A sentence on how the function with this name is called, as far as the frames of a traceback know it."""
    known = [{_report.name: _report.function}, vars(tf), vars(tf.nn)]
    while tb:
        known, tb = [tb.tb_frame.f_globals, tb.tb_frame.f_locals, *known], tb.tb_next
    for scope in known if names else ():
        if callable(function := scope.get(names[0])):
            return f' It takes {names[0]}{inspect.signature(function)}.'
    return ''


def _is_own(filename):
    """Whether a file is the learner's code."""
    libraries = (sys.base_prefix, sys.prefix, __file__, os.path.join(os.path.dirname(__file__), 'lesson'))
    return not filename.startswith(libraries) and f'{os.sep}site-packages{os.sep}' not in filename


def _frames(frames):
    """The last lines of the learner's own code in a traceback; to IPython a cell is a temporary file."""
    first = next((i for i, frame in enumerate(frames) if frame.filename == __file__), 0)
    lines = []
    for frame in (frame for frame in frames[first:] if _is_own(frame.filename)):
        where = 'the cell' if re.search('ipykernel|^<ipython', frame.filename) else Path(frame.filename).name
        source = linecache.getline(frame.filename, frame.lineno).strip()
        lines.append(f'\n  in {frame.name}, line {frame.lineno} of {where}: {source}')
    return ''.join(lines[-3:])


class _Nowhere(io.StringIO):
    """Forgets what is written into it, however much."""

    def write(self, text):
        return len(text)


@contextlib.contextmanager
def _quiet():
    """No progress bars, prints or pictures from the function under test; its files go to an empty folder."""
    plt = sys.modules.get('matplotlib.pyplot')
    quiet = contextlib.redirect_stdout(_Nowhere()), contextlib.redirect_stderr(_Nowhere())
    with quiet[0], quiet[1], warnings.catch_warnings(action='ignore'), contextlib.ExitStack() as stack:
        enter = stack.enter_context
        enter(mock.patch.object(sys, 'path', [*sys.path, os.getcwd()]))
        enter(mock.patch.dict(os.environ)).pop('TF_CONFIG', None)  # of several machines, each judges by itself
        enter(contextlib.chdir(enter(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))))
        stack.callback(tf.logging.set_verbosity, tf.logging.get_verbosity())
        tf.logging.set_verbosity(tf.logging.FATAL)
        if 'IPython' in sys.modules:  # as in a notebook
            from IPython.utils.capture import capture_output

            enter(capture_output(stdout=False, stderr=False))
        if plt:
            enter(mock.patch.object(plt, 'show', lambda *a, **k: None))
            before = set(plt.get_fignums())
            stack.callback(lambda: [plt.close(number) for number in {*plt.get_fignums()} - before])
        yield


# ---------------------------------------------------------------- in a notebook: which cell, and what is missing


def _notebook():
    """IPython's shell, if this is a notebook, or None."""
    shell = sys.modules['IPython'].get_ipython() if 'IPython' in sys.modules else None
    return shell if hasattr(shell, 'kernel') else None


def newer_definition(name, function):
    """[a sentence] if a cell of the notebook that ran after the function's own has a newer one, else []."""
    code = getattr(_unwrapped(function), '__code__', None)
    if not (code and _notebook()):
        return []
    cells, source = _notebook().user_ns.get('In', []), ''.join(linecache.getlines(code.co_filename)).strip()
    own = max((i for i, cell in enumerate(cells) if cell.strip() == source), default=len(cells))
    defined = [found for cell in cells[own + 1 :] for found in re.findall(r'^def +(\w+)', cell, re.M)]
    if name in defined:
        return [f'This is an older {name}: the cell with the newer one ended with an error, so correct that first.']
    similar = difflib.get_close_matches(name, set(defined) - {*_judges}, 1, cutoff=0.73)
    return [f'This is an older {name}; a newer cell defines {other}: is that meant?' for other in similar]


def _explain_unwritten(shell):
    """Say in one sentence when a cell needs a function that is not written yet, or what such a cell would define."""
    undefined = {}  # name -> the function that is missing, so that its cell could not define it

    def explain(shell, kind, error, tb, tb_offset=None):
        frame = [*traceback.walk_tb(tb)][-1][0]
        bare = isinstance(error, NotImplementedError) and not error.args and frame.f_globals is shell.user_ns
        function = frame.f_code.co_name if bare else undefined.get(getattr(error, 'name', None))
        if getattr(error, 'name', None) in _judges and not function:
            text = f'{error.name} is not defined: its cell has not run, or ended with an error. Run that first.'
            error._render_traceback_ = lambda: [text]
        if function:
            nodes = ast.walk(ast.parse(shell.user_ns['In'][-1]))
            names = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
            undefined.update((name, function) for name in names if name not in shell.user_ns)
            text = f'{function} is not written yet, or its cell was not run since. This cell needs it: write it first, '
            error.args = (text + 'further up, and run its cell.',)
            error._render_traceback_ = lambda: [str(error)]
        shell.showtraceback((kind, error, tb), tb_offset=tb_offset)

    shell.set_custom_exc((NotImplementedError, NameError), explain)


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


def _unwrapped(function):
    while inner := [getattr(function, name) for name in ('func', '__wrapped__', '__func__') if hasattr(function, name)]:
        function = inner[0]
    return function


def _globals(function):
    """The namespace in which a function finds the others."""
    return getattr(_unwrapped(function), '__globals__', {})


def _own_layers(function):
    """Whether a function uses the lesson's building blocks."""
    return 'batch_norm_with_averages' in _globals(function)


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


def _values(result, count):
    """The results of a function, which have to be this many."""
    _require(isinstance(result, (tuple, list)) and len(result) == count, f'{_report.name}.count', got=_describe(result))
    return result


def _describe(value):
    if isinstance(value, (tuple, list)):
        return str(len(value))
    simple = isinstance(value, (type(None), bool, int, float, str))
    return repr(value) if simple else 'a tensor' if isinstance(value, _TENSOR) else f'one {type(value).__name__}'


def _ancestors(*tensors):
    """The operations that tensors are computed by."""
    ops, seen = {tensor.op for tensor in tensors}, set()
    while ops := ops - seen:
        seen |= ops
        ops = {x.op for op in ops for x in op.inputs}
    return seen


def _names(variables):
    names = [v if isinstance(v, str) else v.op.name for v in variables]
    return ', '.join(names[:4]) + (f' and {len(names) - 4} more' if len(names) > 4 else '')


def _randomize(sess, seed, gain=1.0):
    """Give all trainable variables healthy random values, whatever they start with."""
    rng = np.random.default_rng(seed)
    for variable in tf.trainable_variables():
        shape = variable.shape.as_list()
        value = rng.standard_normal(shape, np.float32)
        scale = np.float32(gain * np.sqrt(2 / np.prod(shape[:-1])))
        value = scale * value if len(shape) > 1 else sess.run(variable) + 0.1 * value
        sess.run(variable.initializer, {variable.initializer.inputs[1]: value})


def _without_noise(sess, feed, uniform=0.999, normal=0):
    """feed, and constants in place of the graph's random numbers: dropout keeps all, noise is nothing."""
    kinds = r'(Stateless)?(RandomUniform|RandomStandardNormal|TruncatedNormal|RandomNormal)(V2)?$'
    ops = [op for op in sess.graph.get_operations() if re.match(kinds, op.type) and 'nitializer' not in op.name]
    noise = [op.outputs[0] for op in ops if op.outputs[0].dtype.is_floating]
    values = zip(noise, sess.run(noise, feed), strict=True)
    return feed | {t: np.full_like(x, uniform if 'Uniform' in t.op.type else normal) for t, x in values}


def _sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, 'float64')))


def _softplus(x):
    return np.logaddexp(0, np.asarray(x, 'float64'))


def _equals(got, expected):
    """Whether a number has a value; an object of the notebook's, which could equal everything, has none."""
    return type(got).__module__ in ('builtins', 'numpy') and got == expected


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
        for name, tensor in zip(('input_real', 'input_z', 'learning_rate'), _values(result, 3), strict=True):
            fed = isinstance(tensor, _TENSOR) and tensor.op.type.startswith('Placeholder')
            _require(fed, 'model_inputs.not_a_placeholder', which=name, got=tensor)
            double_rate = name == 'learning_rate' and tensor.dtype == tf.float64
            fault = 'model_inputs.rate_float64' if double_rate else 'model_inputs.dtype'
            _expect(tensor.dtype == tf.float32, fault, which=name, got=tensor.dtype.name)
        ranks = [tensor.shape.rank for tensor in result]
        _require(ranks == [4, 2, 0] or sorted(ranks, key=str) != [0, 2, 4], 'model_inputs.order', ranks=ranks)
        real, z, rate = ('unknown' if x.shape.rank is None else x.shape.as_list() for x in result)
        expected, turned = [None, width, height, channels], [None, height, width, channels]
        fault = 'model_inputs.height_first' if real == turned else 'model_inputs.real_shape'
        _expect(real == expected, fault, got=real, expected=expected)
        _expect(z == [None, z_dim], 'model_inputs.z_shape', got=z, expected=[None, z_dim])
        _expect(rate in ([], 'unknown'), 'model_inputs.rate_shape', got=rate)


# ---------------------------------------------------------------- 2. discriminator and 3. generator
_CONVOLUTIONS = ('Conv2D', 'Conv2DBackpropInput', 'DepthwiseConv2dNative', 'Conv3D', '_FusedConv2D')
_ACTIVATIONS = ('LeakyRelu', 'Relu', 'Relu6', 'Elu', 'Selu', 'Maximum', 'Tanh', 'Sigmoid', 'Softplus')
_MIXED = np.array([[1, 0], [0, 1], [0.5, 0.5]])  # two inputs and their mean: what is linear gives the mean


class _Network:
    """A learner's discriminator or generator, built twice by build(again): lists of tensors, the last its answer."""

    def __init__(self, function, sess, source, inputs, again):
        self.function, self.sess, self.source = function, sess, source
        with _trying(f'calling {_report.name} with {inputs}'):
            self.first = self.build(False)
        variables = tf.global_variables()
        self._judge_graph(variables)
        with _trying(f'calling {_report.name} a second time, with {inputs} and {again}'):
            self.second = self.build(True)
        added = [v for v in tf.global_variables() if v not in variables]
        _require(not added, '*.new_variables', call=again, names=_names(added))
        sess.run(tf.global_variables_initializer())
        with _trying(f'running it on {inputs}'):
            sess.run(self.first, self.feed(self.some_inputs()))
        trained = [v for v in variables if v.trainable]
        slopes = tf.gradients(self.first[-1], trained)
        missing = [v for v, slope in zip(trained, slopes, strict=True) if slope is None]
        _expect(not missing, '*.no_gradient', names=_names(missing))
        (self.slope,) = tf.gradients(self.second[-1] ** 2, source)
        _require(self.slope is not None, '*.input_unused')

    def flag(self, name, value):
        """([positional], {by name}): how it gets its flag, which may have another name."""
        parameters = inspect.signature(self.function).parameters
        by_name = name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        if not by_name and len(parameters) > (2 if name == 'is_train' else 1):
            _fault('*.flag_name', expected=name, got=list(parameters)[-1])
        return ([], {name: value}) if by_name else ([value], {})

    def _judge_graph(self, variables):
        """It has variables, all of them in its scope, convolutions, and no activation that is not used."""
        _require(any(v.trainable for v in variables), '*.no_variables')
        outside = [v for v in variables if not v.op.name.startswith(f'{_report.name}/')]
        _expect(not outside, '*.outside_scope', names=_names(outside))
        graph, ops = tf.get_default_graph(), tf.get_default_graph().get_operations()
        _expect(any(op.type in _CONVOLUTIONS for op in ops), '*.no_convolution')
        collected = [x for key in graph.get_all_collection_keys() for x in graph.get_collection(key)]
        collected = [x for x in collected if isinstance(x, _TENSOR)]
        summaries = [op.outputs[0] for op in ops if 'Summary' in op.type and op.outputs]
        used = _ancestors(*self.first, *collected, *summaries)
        idle = [op for op in ops if op.type in _ACTIVATIONS and op not in used and 'nitializer' not in op.name]
        if idle:
            _fault('*.activation_unused', names=_names(op.name for op in idle), frames=_frames(idle[0].traceback))

    def some_inputs(self):
        return np.random.default_rng(0).uniform(-1, 1, [12, *self.source.shape.as_list()[1:]])

    def feed(self, inputs):
        return _without_noise(self.sess, {self.source: inputs})

    def judge_norm(self, output, feed):
        """In training mode, it does not depend on batch norm's moving averages. Returns whether that is so."""
        averages = [v for v in tf.global_variables() if not v.trainable and v.shape.rank == 1]
        before = self.sess.run(output, feed)

        def changes(*variables):
            for variable in variables:
                value = np.random.default_rng(0).uniform(0.5, 2, variable.shape.as_list())
                self.sess.run(variable.initializer, {variable.initializer.inputs[1]: value})
            after = self.sess.run(output, feed)
            self.sess.run([v.initializer for v in variables])
            return not np.allclose(before, after, atol=1e-3 * np.std(before))

        used = [v for v in averages if changes(v)] if changes(*averages) else []
        return _expect(not used, '*.norm_not_training', names=_names(used))


def _is_linear(values):
    """Whether each third of n values is the mean of the two before it."""
    first, second, mean = (values[i : len(values) // 3 * 3 : 3] for i in range(3))
    return np.abs(mean - (first + second) / 2).max() < 1e-3 * np.std(values)


@_contract
def test_discriminator(discriminator):
    """n images in; n probabilities and their logits out, each of its own image."""
    for channels, seeds in ((3, 4), (1, 1)):
        with _fresh_graph() as sess:
            images = tf.placeholder(tf.float32, [None, 28, 28, channels], name='images')
            inputs = f'images [batch, 28, 28, {channels}]'
            _Discriminator(discriminator, sess, images, inputs, 'reuse=True').judge(channels, seeds)


class _Discriminator(_Network):
    def build(self, again):
        flag, named = self.flag('reuse', True) if again else ([], {})
        outputs = _values(self.function(self.source, *flag, **named), 2)
        _require(all(isinstance(output, _TENSOR) for output in outputs), 'discriminator.not_tensors', got=outputs)
        return outputs

    def judge(self, channels, seeds):
        """What it says to 12 images, with random weights from this many seeds."""
        rng, seen = np.random.default_rng(0), []
        batch = np.einsum('mk,nkhwc->nmhwc', _MIXED, rng.uniform(-1, 1, [4, 2, 28, 28, channels]))
        batch, order = batch.reshape(12, 28, 28, channels), rng.permutation(12)
        for seed in range(seeds):
            _randomize(self.sess, seed, gain=2.0)
            with _trying('running it on 12 images'):
                feed = self.feed(batch)
                *answers, used = self.sess.run([*self.first, self.second[1], self.slope], feed)
                answers.append(self.sess.run(self.first[1], self.feed(batch[order])))
            for which, value in zip(('outputs', 'logits'), answers, strict=False):
                one_each = value.shape[:1] == (12,) and value.size == 12
                _require(one_each, 'discriminator.shape', n=12, which=which, got=list(value.shape))
            output, logits, again, permuted = (value.ravel() for value in answers)
            right = np.allclose(_sigmoid(logits), output, atol=1e-3)
            _require(right or not np.allclose(_sigmoid(output), logits, atol=1e-3), 'discriminator.order')
            fault = 'discriminator.same_twice' if np.allclose(logits, output) else 'discriminator.not_the_sigmoid'
            _expect(right, fault, output=output[0], logit=logits[0], sigmoid=_sigmoid(logits[0]))
            varied = logits.std() >= 1e-3 and np.isfinite(logits).all()
            _require(varied, 'discriminator.same_answer', n=len(logits), low=logits.min(), high=logits.max())
            tolerance = 0.05 * logits.std() + 1e-4
            _expect(not np.abs(permuted - logits[order]).max() > tolerance, '*.batch_mixed')
            _expect(not np.abs(again - logits).max() > tolerance, 'discriminator.reuse_differs')
            _expect(not _is_linear(logits), 'discriminator.linear')
            seen.append(logits)
            share = (np.abs(used).max(0) > 0).mean((0, 1)).min()
        fault = 'discriminator.part_of_the_image' if share < 0.6 else 'discriminator.border'
        _expect(share >= 0.9, fault, share=share)
        limited = np.min(seen) >= 0 or np.abs(seen).max() <= 1
        _expect(seeds == 1 or not limited, 'discriminator.limited_logits', low=np.min(seen), high=np.max(seen))
        self.judge_norm(self.first[1], feed)


@_contract
def test_generator(generator):
    """n vectors in, n images in [-1, 1] out; at inference each image depends on its own vector only."""
    for channels, z_dim in ((3, 131), (1, 10), (5, 7)):
        with _fresh_graph() as sess:
            bench = _Generator(generator, channels, z_dim, sess)
            if z_dim == 131:
                bench.judge_range()
                _randomize(sess, 0)
                bench.judge_training_mode()
                bench.judge_inference()


class _Generator(_Network):
    def __init__(self, generator, channels, z_dim, sess):
        self.channels, z = channels, tf.placeholder(tf.float32, [None, z_dim], name='z')
        inputs = f'z [batch, {z_dim}], out_channel_dim={channels}'
        super().__init__(generator, sess, z, inputs, 'is_train=False')
        (self.training,), (self.inference,) = self.first, self.second
        self.modes = {'': self.training, ' with is_train=False': self.inference}
        pairs = np.random.default_rng(0).uniform(-1, 1, [2, 2, z_dim])
        self.vectors = np.einsum('mk,nkz->nmz', _MIXED, pairs).reshape(6, z_dim)
        first = {mode: self.run(images) for mode, images in self.modes.items()}
        for mode, images in first.items():
            got, expected = list(images.shape), [6, 28, 28, channels]
            _require(got == expected, 'generator.shape', n=6, mode=mode, got=got, expected=expected)
        share = (np.abs(first['']) > 0.99).mean()
        _expect(share <= 0.9, 'generator.saturated', share=share)

    def build(self, again):
        flag, named = self.flag('is_train', not again)
        images = self.function(self.source, self.channels, *flag, **named)
        _require(isinstance(images, _TENSOR), 'generator.not_a_tensor', got=_describe(images))
        return [images]

    def run(self, images, vectors=None):
        vectors = self.vectors if vectors is None else vectors
        with _trying(f'generating {len(vectors)} images'):
            return self.sess.run(images, self.feed(vectors))

    def judge_range(self):
        seen = {mode: [] for mode in self.modes}
        for seed in range(2):
            _randomize(self.sess, seed, gain=5.0)
            for mode, images in self.modes.items():
                seen[mode].append(self.run(images))
        for mode, images in seen.items():
            low, high = np.min(images), np.max(images)
            if _expect(low >= -1.0001 and high <= 1.0001, 'generator.out_of_range', mode=mode, low=low, high=high):
                _expect(low <= -0.05, 'generator.never_negative', mode=mode, low=low, high=high)
        low, high = np.min(seen['']), np.max(seen[''])
        half = _close(max(-low, high), 0.5, 0.03)
        fault = 'generator.half_range' if half else 'generator.narrow'
        _expect(max(-low, high) > 0.6 and not half, fault, low=low, high=high)

    def judge_training_mode(self):
        """In training, images differ, are no linear function of z, and batch norm uses the statistics of the batch."""
        images = self.run(self.training)
        _require(not (images.std(0).mean() < 1e-3 * images.std() or images.std() < 1e-7), 'generator.same_image')
        inner = np.all(np.abs(images) < 0.99, 0)
        _expect(not (inner.any() and _is_linear(np.arctanh(images[:, inner]))), 'generator.linear')
        if not self.judge_norm(self.training, self.feed(self.vectors)):
            return
        averages = [v for v in tf.global_variables() if not v.trainable and v.dtype.base_dtype == tf.float32]
        alone = self.run(self.training, self.vectors[:3])
        if not np.allclose(alone, images[:3], atol=1e-3 * images.std() + 1e-6):
            self._judge_averages(averages)
        elif averages or any(op.type.startswith('FusedBatchNorm') for op in self.sess.graph.get_operations()):
            _fault('*.norm_not_training', names=_names(averages) or 'none')

    def _judge_averages(self, averages):
        """Batch norm's moving averages are there, are updated, and count at inference."""
        if not _expect(averages, 'generator.no_averages'):
            return
        updates, feed = tf.get_collection(tf.GraphKeys.UPDATE_OPS), self.feed(self.vectors)
        old, old_images = self.sess.run([averages, self.inference], feed)
        self.sess.run([updates, self.training], feed)
        new, new_images, target = self.sess.run([averages, self.inference, self.training], feed)
        still = [v for v, a, b in zip(averages, old, new, strict=True) if np.array_equal(a, b)]
        unused = np.array_equal(old_images, new_images)
        if still or unused:
            fault = 'generator.averages_still' if still else 'generator.averages_unused'
            return _fault(fault, names=_names(still))
        start = distance = np.abs(old_images - target).mean()
        for count in (5, 95):  # 5 are enough for most, and a run of a large network takes its time
            for _ in range(count if distance >= 0.99 * start else 0):
                self.sess.run([updates, self.training.op], feed)
            distance = np.abs(self.sess.run(self.inference, feed) - target).mean()
        _expect(distance < start, 'generator.averages_diverge')

    def judge_inference(self):
        """At inference an image depends on its own vector only, on all of it, and on nothing else."""
        order = np.random.default_rng(1).permutation(len(self.vectors))
        feed, run = {self.source: self.vectors}, self.sess.run
        with _trying(f'generating {len(self.vectors)} images with is_train=False'):
            images, slopes = run([self.inference, self.slope], self.feed(self.vectors))
            again = run(self.inference, _without_noise(self.sess, feed, uniform=0.001, normal=1))
            plain = run(self.inference, feed)
        # Threads that add in another order change the last bits, noise changes more.
        same = all(np.allclose(images, other, atol=1e-4, equal_nan=True) for other in (again, plain))
        if not _expect(same, 'generator.random'):
            return
        tolerance = 0.02 * images.std() + 1e-6
        permuted = self.run(self.inference, self.vectors[order])
        if _expect(not np.abs(permuted - images[order]).max() > tolerance, '*.batch_mixed'):
            alone = self.run(self.inference, self.vectors[2:3])
            _expect(not np.abs(alone - images[2:3]).max() > tolerance, 'generator.depends_on_batch')
        dead = np.sum(np.abs(slopes).max(0) == 0)
        _expect(not dead, 'generator.part_of_z', dead=dead, z_dim=len(slopes[0]))


# ---------------------------------------------------------------- 4. model_loss


class _Networks:
    """Tiny networks: a logit is a pixel of the image, so a test that feeds images sets the logits."""

    def __init__(self, reuse=False, logits_first=False):
        self.generated, self.judged = [], []  # (images, out_channel_dim, is_train); (images, logits)
        self.reuse, self.logits_first = reuse, logits_first  # reuse: unless the call says something else

    def generator(self, z, out_channel_dim, *flag, **named):
        is_train = next((v for v in [*flag, *named.values()] if isinstance(v, bool)), named.get('is_train', True))
        with tf.variable_scope('generator', reuse=tf.AUTO_REUSE):
            w = tf.get_variable('w', [], initializer=tf.ones_initializer())
        images = w * tf.reshape(z[:, 0], [-1, 1, 1, 1]) * tf.ones([1, 28, 28, int(out_channel_dim)])
        self.generated.append((images, out_channel_dim, is_train))
        return images

    def discriminator(self, images, *flag, **named):
        given = [named.get('reuse'), *flag, *named.values()]
        if not all(v is None or isinstance(v, bool) or v is tf.AUTO_REUSE for v in given):
            raise ValueError('The reuse parameter must be True or False or None.')  # as TensorFlow says it
        reuse = next((v for v in given if v is True or v is tf.AUTO_REUSE), self.reuse)
        with tf.variable_scope('discriminator', reuse=reuse):
            w = tf.get_variable('w', [], initializer=tf.ones_initializer())
        logits = w * tf.reduce_mean(images[:, :1, :1, 0], [1, 2])[:, None]
        self.judged.append((images, logits))
        results = tf.sigmoid(logits), logits
        return results[::-1] if self.logits_first else results


def _own_discriminator(discriminator):
    """(what the learner's does without `reuse`: False, or AUTO_REUSE; whether it returns the logits first)."""
    with contextlib.suppress(Exception, SystemExit), _fresh_graph():  # if it fails, it is judged by its own test
        first, second = discriminator(tf.zeros([2, 28, 28, 3]))
        turned, created = second.op.type == 'Sigmoid' and second.op.inputs[0] is first, len(tf.global_variables())
        with contextlib.suppress(Exception):
            discriminator(tf.zeros([2, 28, 28, 3]))
            return tf.AUTO_REUSE if len(tf.global_variables()) == created else False, turned
        return False, turned
    return False, False


def _build_loss(model_loss, channels, *form):
    """model_loss on tiny networks: (networks, input_real, input_z, result)."""
    networks = _Networks(*form)
    real = tf.placeholder(tf.float32, [None, 28, 28, channels], name='input_real')
    z = tf.placeholder(tf.float32, [None, 4], name='input_z')
    with _set(_globals(model_loss), generator=networks.generator, discriminator=networks.discriminator):
        return networks, real, z, model_loss(real, z, channels)


@_contract
def test_model_loss(model_loss):
    """Both losses, recomputed in NumPy from logits that the test has chosen."""
    reuse, turned = _own_discriminator(_globals(model_loss).get('discriminator'))
    for logits_first in (False, True)[: 1 + turned]:  # it is right as well if it fits the learner's discriminator
        measured = []
        for build, channels in enumerate((3, 1, 3)):
            with _fresh_graph(build) as sess:
                measured.append(_Losses(model_loss, channels, (reuse, logits_first), sess))
        if not any(fit.wrong == '*.from_probabilities' for each in measured for fit in (each.d_loss, each.g_loss)):
            break
    for kind in ('real', 'fake'):
        for which in ('d_loss', 'g_loss'):
            fits = [getattr(losses, which) for losses in measured]
            labels = [fit.label[kind] for fit in fits]
            same = any(fit.wrong for fit in fits) or np.ptp(labels) <= 1e-3
            text = ', '.join(f'{label:.3f}' for label in labels)
            _require(same, 'model_loss.label_by_numpy', which=which, kind=kind, labels=text)
    for losses in measured:
        losses.judge_d_loss()
        losses.judge_g_loss()
        losses.judge_large_logits()


def _require_loss(which, loss):
    fine = isinstance(loss, _TENSOR) and loss.dtype.is_floating
    _require(fine, '*.not_a_tensor', which=which, got=loss)


_SIZES = (5, 5, 1, 8, 8, 3, 5, 2, 6, 4, 7, 9, 1, 2, 3, 4)  # of the batches from which a loss is recognized


class _Losses:
    """What both losses of a learner's model_loss are made of."""

    def __init__(self, model_loss, channels, form, sess):
        with _trying(f'calling model_loss(input_real, input_z, out_channel_dim={channels})'):
            networks, self.real, self.z, result = _build_loss(model_loss, channels, *form)
        self.sess, losses = sess, _values(result, 2)
        self.tensors = [*losses, *self._judge_calls(networks, channels)]
        for which, loss in zip(('d_loss', 'g_loss'), losses, strict=True):
            _require_loss(which, loss)
        cut = self.z.op in _ancestors(losses[1]) and tf.gradients(losses[1], self.z)[0] is None
        _require(not cut, 'model_loss.no_gradient')
        sess.run(tf.global_variables_initializer())
        rng = np.random.default_rng(channels)
        runs = [self._run(rng.normal(0, 3, n), rng.normal(0, 3, n)) for n in _SIZES]
        for which, value in zip(('d_loss', 'g_loss'), runs[0], strict=False):
            _require(np.shape(value) == (), '*.shape', which=which, got=list(np.shape(value)))
        self.large = self._run(np.array([100.0, -100.0, 100.0, -100.0]), np.array([-100.0, 100.0, 100.0, -100.0]))
        self.d_loss, self.g_loss, self.idle = _fit(runs, 0), _fit(runs, 1), _has_idle_factor(sess.graph)

    def _judge_calls(self, networks, channels):
        """How the networks are called: (logits of real images, logits of fake images)."""
        modes = [mode for _, _, mode in networks.generated]
        text = ', '.join(f'is_train={mode}' for mode in modes) or 'never'
        _require(modes in ([True], [1]), 'model_loss.generator_calls', times=len(modes), modes=text)
        got = networks.generated[0][1]
        _require(got == channels, 'model_loss.channels', got=got, expected=channels)
        fake = [self.z.op in _ancestors(logits) for _, logits in networks.judged]
        what = ', '.join('fake' if is_fake else 'real' for is_fake in fake) or 'nothing'
        _require(sorted(fake) == [False, True], 'model_loss.discriminator_calls', what=what)
        return [networks.judged[fake.index(kind)][1] for kind in (False, True)]

    def _run(self, r, f):
        """Both losses for logits r of real and f of fake images, and the logits that arrived at the discriminator."""
        images = np.broadcast_to(np.reshape(r, [-1, 1, 1, 1]), [len(r), *self.real.shape[1:]])
        feed = {self.real: images, self.z: np.repeat(np.reshape(f, [-1, 1]), 4, 1)}
        with _trying(f'computing the losses of a batch of {len(r)}'):
            return self.sess.run(self.tensors, _without_noise(self.sess, feed, uniform=0.5))

    def judge_d_loss(self):
        wrong, weight, label = self.d_loss.wrong, self.d_loss.weight, self.d_loss.label
        swapped = _close(weight['real'], 0) and not _close(self.g_loss.weight['real'], 0)
        _require(wrong or self.g_loss.wrong or not swapped, 'model_loss.order')
        if wrong:
            return _fault(wrong, which='d_loss')
        if halves := [kind for kind in weight if _close(weight[kind], 0)]:
            return _fault('model_loss.half_missing', half=halves[0])
        if _expect(_close(weight['real'], weight['fake']), 'model_loss.halves_differ', **weight):
            fault = 'model_loss.halved' if _close(weight['real'], 0.5) else '*.scaled'
            _expect(_close(weight['real'], 1), fault, factor=weight['real'])
        if label['fake'] > 0.6 and label['real'] < 0.4:
            return _fault('model_loss.labels_swapped', **label)
        fault = 'model_loss.fake_label_smoothed' if 0 < label['fake'] < 0.31 else 'model_loss.fake_label'
        _expect(_close(label['fake'], 0), fault, label=label['fake'])
        _expect(0.69 < label['real'] < 1.01, 'model_loss.real_label', label=label['real'])
        _expect(not (self.idle and _close(label['real'], 1)), 'model_loss.smoothing_idle')

    def judge_g_loss(self):
        g_loss, label = self.g_loss, self.g_loss.label['fake']
        if g_loss.wrong:
            _fault(g_loss.wrong, which='g_loss')
        elif not _close(g_loss.weight['real'], 0) or not _close(g_loss.weight['fake'], 1):
            _fault('model_loss.g_weights', **g_loss.weight)
        elif _close(label, 0) and 'model_loss.labels_swapped' in _report.found:
            return  # the generator wants what the discriminator calls real: one fault, which is told already
        elif _expect(not _close(label, 0), 'model_loss.g_label_0'):
            fault = 'model_loss.g_label_below_1' if 0.92 < label < 1 else 'model_loss.g_label_smoothed'
            _expect(_close(label, 1), fault, label=label)

    def judge_large_logits(self):
        """The losses of logits of +-100: only the exact formula has them."""
        fits, (*losses, real, fake) = (self.d_loss, self.g_loss), self.large
        if any(fit.wrong for fit in fits):
            return
        for which, loss, fit in zip(('d_loss', 'g_loss'), losses, fits, strict=True):
            halves = {kind: _softplus(x) - fit.label[kind] * x for kind, x in (('real', real), ('fake', fake))}
            expected = sum(fit.weight[kind] * half.mean() for kind, half in halves.items())
            exact = np.isfinite(loss) and abs(loss - expected) <= 0.01 * abs(expected)
            _expect(exact, 'model_loss.inexact', which=which, got=loss, expected=expected)


def _has_idle_factor(graph):
    """Whether labels are made like tf.ones_like(logits * 0.9), which are 1 all the same."""
    shaped = [op.inputs[0] for op in graph.get_operations() if op.type in ('OnesLike', 'Shape')]
    scaled = [x.op for x in shaped if x.shape.rank in (0, 1, 2) and x.op.type in ('Mul', 'RealDiv', 'Sub')]
    numbers = [tf.get_static_value(factor) for op in scaled for factor in op.inputs]
    return any(np.size(number) == 1 and number not in (None, 0, 1) for number in numbers)


def _fit(runs, which):
    """By least squares, the weights and labels of both halves of a loss; `wrong`: a fault, or None."""
    logits = [(run[2].astype('float64'), run[3].astype('float64')) for run in runs]
    terms, of_probabilities = (  # the cross-entropy of a logit x and a label y is softplus(x) - y x
        np.array([[_softplus(r).mean(), -r.mean(), _softplus(f).mean(), -f.mean()] for r, f in pairs])
        for pairs in (logits, [(_sigmoid(r), _sigmoid(f)) for r, f in logits])
    )
    values, sizes = np.array([float(run[which]) for run in runs]), np.array([[len(real)] for real, _ in logits])

    def solve(*columns):
        """(weight of each column, whether they explain the loss)."""
        rows = np.hstack(columns)
        weights, *_ = np.linalg.lstsq(rows, values, rcond=None)
        return weights, bool(np.abs(rows @ weights - values).max() < 1e-3 * (1 + np.abs(values).max()))

    (real, real_label, fake, fake_label), exact = solve(terms)
    explanations = {'*.sum': sizes * terms, '*.from_probabilities': of_probabilities}
    wrong = next((fault for fault, more in explanations.items() if solve(terms, more)[1]), '*.not_cross_entropy')
    line, straight = solve(terms, np.ones_like(sizes))  # a half with labels and logits swapped is softplus(y) - y x
    swapped = [_softplus(line[i + 1]) for i in (0, 2) if _close(line[i], 0)]
    if straight and any(_close(line[4], constant) for constant in (*swapped, sum(swapped))):
        wrong = '*.arguments_swapped'
    weight, label = {'real': real, 'fake': fake}, {'real': real_label, 'fake': fake_label}
    label = {kind: label[kind] / weight[kind] if abs(weight[kind]) > 1e-3 else 0.0 for kind in weight}
    return SimpleNamespace(wrong=None if exact else wrong, weight=weight, label=label)


def _judge_half(function, kind, *smooth):
    """real_loss or fake_loss, of batches of several sizes."""
    with _fresh_graph() as sess, _trying(f'calling {_report.name}({", ".join(["logits", *map(str, smooth)])})'):
        logits = tf.placeholder(tf.float32, [None, 1], name='logits')
        loss, rng = function(logits, *smooth), np.random.default_rng(0)
        _require_loss('it', loss)
        feeds = [rng.normal(0, 3, [n, 1]).astype('float32') for n in _SIZES]
        values = [sess.run(loss, {logits: feed}) for feed in feeds]
    _require(np.shape(values[0]) == (), '*.shape', which='it', got=list(np.shape(values[0])))
    fit = _fit(
        [(value, value, feed[:, 0], rng.normal(0, 3, len(feed))) for value, feed in zip(values, feeds, strict=True)], 0
    )
    _require(not fit.wrong, fit.wrong, which='it')
    expected = 1.0 - sum(smooth) if kind == 'real' else 0.0
    got = {'got': fit.label['real'], 'expected': expected, 'smooth': sum(smooth)}
    _expect(_close(got['got'], expected), f'{kind}_loss.label', **got)
    _expect(_close(fit.weight['real'], 1), '*.scaled', factor=fit.weight['real'])


@_contract
def test_real_loss(real_loss):
    """A part of model_loss: the mean cross-entropy against the label 1 - smooth."""
    for smooth in ((), (0.25,)):
        _judge_half(real_loss, 'real', *smooth)


@_contract
def test_fake_loss(fake_loss):
    """A part of model_loss: the mean cross-entropy against the label 0."""
    _judge_half(fake_loss, 'fake')


# ---------------------------------------------------------------- 5. model_opt
_NETWORKS = ('discriminator', 'generator')
_SHAPES = {'discriminator/conv/weights': [2, 3], 'discriminator/logits/bias': [2]}  # of the variables of a GAN
_SHAPES |= {'generator/project/weights': [3, 2], 'generator/up/bias': [2], 'other/weights': [2]}


@_contract
def test_model_opt(model_opt):
    """Single steps on losses with a known slope: what moves, by how much, and what does not."""
    for beta1 in (0.5, 0.9):
        with _fresh_graph() as sess:
            bench = _Bench(sess)
            with _trying(f'calling model_opt(d_loss, g_loss, learning_rate, beta1={beta1})'):
                result = model_opt(bench.d_loss, bench.g_loss, bench.rate, beta1)
            steps = zip(_NETWORKS, _values(result, 2), strict=True)
            updated = [bench.judge_step(own, step, beta1) for own, step in steps]
            _expect(any(updated), 'model_opt.no_update_ops')


class _Bench:
    """Losses whose slope at each variable is fed, so a step can be compared with the one that it has to be."""

    def __init__(self, sess):
        self.sess, rng = sess, np.random.default_rng(0)
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
        self.slope = {'discriminator': up, 'generator': {name: up[name] * turn[name] for name in up}}  # of its loss

    def move(self, step, rate, sign=1):
        """How far one step moves each of the watched variables that it moves."""
        with _trying('running a step'):
            old = self.sess.run(self.watched)
            self.sess.run(step, {**{slope: sign * value for slope, value in self.feed.items()}, self.rate: rate})
            new = self.sess.run(self.watched)
        return {name: new[name] - old[name] for name in old if np.any(new[name] != old[name])}

    def judge_step(self, own, step, beta1):
        """One of both steps; returns whether it runs the update ops."""
        which = f'{own[0]}_train_opt'
        (other,) = {*_NETWORKS} - {own}
        self.sess.run(tf.global_variables_initializer())
        moved = self.move(step, 0.01)
        updated = moved.pop('generator/norm/average', None) is not None
        mine, theirs = ({name for name in _SHAPES if name.startswith(network)} for network in (own, other))
        _require(moved.keys() != theirs, 'model_opt.order', which=which, other=other)
        more, fewer = sorted(moved.keys() - mine), sorted(mine - moved.keys())
        _expect(not more, 'model_opt.moves_others', which=which, own=own, names=_names(more))
        _expect(not fewer, 'model_opt.moves_too_few', which=which, own=own, names=_names(fewer))
        moved = {name: change for name, change in moved.items() if name in mine}
        for name, change in moved.items():
            down, others_down = (-np.sign(self.slope[network][name]) for network in (own, other))
            if np.all(np.sign(change) == others_down):
                _fault('model_opt.wrong_loss', which=which, own=own, other=other, got=other[0], expected=own[0])
            else:
                _expect(np.all(np.sign(change) == down), 'model_opt.uphill', which=which, variable=name)
        if all(np.allclose(np.abs(change), 0.01, rtol=0.02) for change in moved.values()):
            turned, expected = self.move(step, 0.01, sign=-1), 0.01 * (1 - beta1) / (1 + beta1)  # by Adam's formula
            for name, change in moved.items():
                got = -(turned.get(name, 0) * np.sign(change)).mean()
                values = {'which': which, 'beta1': beta1, 'got': got, 'expected': expected}
                _expect(abs(got - expected) <= 0.03 * 0.01, 'model_opt.beta1', **values)
        else:
            _fault('model_opt.step_size', which=which, got=np.mean([np.abs(x).mean() for x in moved.values()]))
        self.sess.run(tf.global_variables_initializer())
        moves = self.move(step, 0.0).keys() - {'generator/norm/average'}
        _expect(not moves, 'model_opt.rate_not_used', which=which)
        return updated


# ---------------------------------------------------------------- 6. train
_EPOCHS, _BATCHES, _LONG = 7, 103, (3, 1013)  # numbers that no notebook has; the long one: until a picture is shown
_BATCH, _Z, _RATE, _BETA1 = 13, 17, 0.0123, 0.37
_SEED = 5
_WINDOWS = 10  # in each of these parts of the run, both networks have to move


def _own_batches(scope, given):
    """(what the notebook's own call of train passes for get_batches, {name: data set}), where a data set has `given`.

    A notebook may rescale its images before train, so its cells are looked through for that.
    """
    cells = scope.get('In')  # Jupyter's list of them
    nodes = [node for cell in cells for node in _outside_functions(cell)] if isinstance(cells, list) else []
    assigned = [node for node in nodes if isinstance(node, ast.Assign) and 'get_batches' in ast.unparse(node.value)]
    calls = [node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'train']
    arguments = [[k.value for k in call.keywords if k.arg == 'get_batches'] + call.args[5:6] for call in calls[:1]]
    if not any(arguments):
        return given, {}
    passed = arguments[0][0]
    wanted = {ast.unparse(node) for node in ast.walk(passed)}
    attributes = [each for node in nodes for each in ast.walk(node) if getattr(each, 'attr', '') == 'get_batches']
    names = {each.value.id for each in attributes if isinstance(each.value, ast.Name)}
    data = {name: SimpleNamespace(get_batches=given) for name in names}
    local = dict(data)
    with contextlib.suppress(Exception), _set(scope, **data):
        for node in assigned:
            if ast.unparse(node.targets[0]) in wanted and calls[0] not in ast.walk(node):
                with contextlib.suppress(Exception):
                    exec(compile(ast.Module([node], []), 'the cell', 'exec'), scope, local)
        own = eval(compile(ast.Expression(passed), 'the cell', 'eval'), scope, local)
        if own is not given and callable(own):
            return own, data
    return given, {}


def _outside_functions(cell):
    """The nodes of a cell's syntax tree that are not part of a function or a class."""
    with contextlib.suppress(SyntaxError, ValueError, TypeError):  # magics, for example
        waiting = [*ast.parse(cell).body]
        while waiting:
            node = waiting.pop(0)
            yield node
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
                waiting += ast.iter_child_nodes(node)


class _Training(_Networks):
    """Stubs for all that train calls: tiny networks, and steps that write down what reaches them."""

    def __init__(self, own, epochs, batches):
        super().__init__(own.reuse)
        self.epochs, self.batches, self.own = epochs, batches, own
        self.shape = (batches * _BATCH, 28, 28, 1)
        self.current = self.uncounted = None  # numbers of batches: the newest, and one that may have been used
        self.used = []  # numbers of the batches in their order, as far as anything was computed with them
        self.d, self.g = [], []  # steps: (position in used, images or None, z, learning rate, number of the step)
        self.shown, self.batch_sizes = set(), set()  # positions in used of the pictures; what get_batches got
        self.versions = []  # of the graph at each d step, without what show_generator_output has added
        self.added_by_show = self.evaluations = 0
        self.computed = set(), set()  # values of d_loss and of g_loss
        self.sizes = self.rate = self.given_rate = self.given_beta1 = self.graph = self.run = None

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
        """Something is computed with a batch, which its images tell; without images it is the current one.

        If the other step of the same run, in another thread, has images, these count.
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
        self.sizes, expected = (image_width, image_height, image_channels, z_dim), (*self.shape[1:], _Z)
        values = {'got': self.sizes, 'expected': expected, 'data_shape': self.shape, 'z_dim': _Z}
        _require(self.sizes == expected, 'train.sizes', **values)
        real = tf.placeholder(tf.float32, [None, image_width, image_height, image_channels], name='input_real')
        z = tf.placeholder(tf.float32, [None, z_dim], name='input_z')
        self.rate = tf.placeholder(tf.float32, [], name='learning_rate')
        return real, z, self.rate

    def generator(self, z, out_channel_dim, *flag, **named):
        _require(_equals(out_channel_dim, 1), 'train.channels', got=out_channel_dim, data_shape=self.shape)
        return super().generator(z, out_channel_dim, *flag, **named)

    def model_loss(self, input_real, input_z, out_channel_dim, *args, **kwargs):
        self.inputs = input_real, input_z
        images = self.generator(input_z, out_channel_dim)
        _, real = self.discriminator(input_real)
        _, fake = self.discriminator(images, reuse=True)
        d_loss = tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(fake))
        losses = d_loss, tf.reduce_mean(tf.nn.softplus(-fake))
        losses = losses[0] * self._factor((1, 2, 0.1), [input_real]), losses[1] * self._factor((1, 0.1, 4))
        self.losses = [self._noted(*each) for each in zip(losses, self.computed, strict=True)]
        return self.losses[::-1] if self.own.turned else self.losses

    def _noted(self, loss, values):
        def note(value):
            values.add(float(value))
            return value

        return tf.ensure_shape(tf.numpy_function(note, [loss], tf.float32), [])

    def _factor(self, turns, tensors=()):
        """The losses take turns at being large and small, for a train whose steps depend on them."""

        def factor(*images):
            self.use(*images)
            self.evaluations += 1
            return np.float32(turns[self.evaluations // 8 % 3])

        return tf.ensure_shape(tf.numpy_function(factor, tensors, tf.float32), [])

    def model_opt(self, d_loss, g_loss, learning_rate, beta1, *args, **kwargs):
        self.graph, self.given_rate, self.given_beta1 = tf.get_default_graph(), learning_rate, beta1
        ops = _ancestors(d_loss) if isinstance(d_loss, _TENSOR) else ()
        swapped = self.losses[1].op in ops and self.losses[0].op not in ops
        if swapped and self.own.g_loss_first and not self.own.turned:
            self.own.turned = True
            raise _Again
        _require(not swapped, 'train.losses_swapped')
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

        number = tf.Variable(0.0, trainable=False).assign_add(1.0)
        return tf.numpy_function(record, [*tensors, number], tf.float32).op

    def show_generator_output(self, *args, **kwargs):
        self.shown.add(len(self.used))
        _expect(self.run is None or self.run in [*args, *kwargs.values()], 'train.show_without_run')
        if self.own.show and len(self.shown) < 30:  # a picture takes its time
            before = self.graph.version if self.graph else 0
            result = self.own.show(*args, **kwargs)
            self.added_by_show += self.graph.version - before if self.graph else 0
            return result

    def display(self, *args, **kwargs):
        """A picture that is shown in another way: by IPython's display, or plt.show."""
        self.shown.add(len(self.used))

    def make_run(self, *args, **kwargs):
        self.run = self.own.run(*args, **kwargs)
        return self.run

    def stubs(self, scope):
        """What takes the places of the functions in the namespace of train."""
        stubs = {name: getattr(self, name) for name in (*FUNCTIONS[:-1], 'show_generator_output')}
        others = {'display': self.display, 'Run': self.make_run}
        return stubs | {name: stub for name, stub in others.items() if callable(scope.get(name))}

    def judge_calls(self):
        """What train passes to the functions that it puts together. It uses every batch of every epoch, and no more."""
        for missing, given in (('model_inputs', self.sizes), ('model_opt', self.given_beta1)):
            _require(given is not None, 'train.not_called', missing=missing)
        rate, beta1, sizes = self.given_rate, self.given_beta1, self.batch_sizes
        _expect(isinstance(rate, _TENSOR) and self.rate.op in _ancestors(rate), 'train.rate_placeholder', got=rate)
        _expect(_equals(beta1, _BETA1), 'train.beta1', got=beta1, expected=_BETA1)
        _expect(all(_equals(size, _BATCH) for size in sizes), 'train.batch_size', got=sorted(sizes), expected=_BATCH)
        unused, epochs = len({*range(self.batches)} - {*self.used}), len(self.used) / self.batches
        if _expect(not unused, 'train.batches_unused', unused=unused, batches=self.batches):
            _expect(abs(epochs - self.epochs) <= 0.5, 'train.epochs', got=epochs, expected=self.epochs)

    def judge_steps(self):
        """Both networks keep moving, fed as they have to be, nothing sets them back, and the graph does not grow."""
        networks = {'discriminator': self.d, 'generator': self.g}
        for which, steps in networks.items():
            parts = len({position * _WINDOWS // (len(self.used) + 1) for position, *_ in steps})
            values = {'which': which, 'steps': len(steps), 'batches': len(self.used), 'parts': parts}
            (_expect if steps else _require)(parts == _WINDOWS, 'train.stands_still', **values)
            _expect(steps[-1][4] == len(steps), 'train.initialized_again')
        fewest = min(len(images) for _, images, *_ in self.d)
        _expect(fewest >= _BATCH, 'train.part_of_a_batch', got=fewest, expected=_BATCH)
        rates = sorted({round(step[3], 6) for step in self.d + self.g})
        falls = round(self.d[0][3], 6) == _RATE == rates[-1] and rates[0] > 0  # it may, while training
        _expect(falls, 'train.rate', got=rates, expected=_RATE)
        for which, steps in networks.items():
            different, batches = len({step[2].tobytes() for step in steps}), len({step[0] for step in steps})
            values = {'which': which, 'different': different, 'batches': batches}
            _expect(different >= 0.9 * batches, 'train.noise_repeats', **values)
        rows = [len(step[2]) for step in self.d + self.g if len(step[2]) % _BATCH and fewest == _BATCH]
        if _expect(not rows, 'train.noise_size', got=[*rows, 0][0], expected=_BATCH):
            different = min(len(np.unique(step[2], axis=0)) for step in self.d)
            _expect(different >= fewest, 'train.noise_in_a_batch', n=fewest)
        self.judge_range()
        versions, times = self.versions[len(self.versions) // 3 :], len(self.shown)  # train may build at its start
        grows = np.count_nonzero(np.diff(versions)) > 4
        _expect(not grows, 'train.graph_grows', added=versions[-1] - versions[0], steps=len(versions))
        _expect(not self.added_by_show or times < 3, 'train.show_grows', added=self.added_by_show, times=times)

    def judge_range(self):
        expected = self.own.expected
        low, high = np.mean([images[:, 1, :2, 0].mean(0) for _, images, *_ in self.d], 0)
        in_range = _close(low, -expected, 0.02) and _close(high, expected, 0.02)
        _expect(in_range, 'train.range', low=low, high=high, expected=expected)

    def judge_result(self, result, outer):
        """What the header in the exercise promises: a graph of its own, settings that arrive, and two results."""
        _expect(self.graph is not outer, 'train.default_graph')
        _expect(self.run is None or self.run.seed == _SEED, 'train.options')
        losses, generate = _values(result, 2)
        steps, got = len(self.used), f'{type(losses).__name__} and {type(generate).__name__}'
        fits = np.shape(losses) == (steps, 2) and callable(generate)
        _require(fits, 'train.result', got=got, steps=steps)
        columns = zip(np.transpose(losses), self.computed, strict=True)
        own = all({*map(float, column)} <= values for column, values in columns)
        _expect(own, 'train.losses_recorded')
        images = None
        with contextlib.suppress(Exception):
            images = generate(np.zeros([2, _Z]))
        _expect(np.shape(images) == (2, 28, 28, 1), 'train.result', got=f'{got} that makes no images', steps=steps)

    def judge_pictures(self):
        times, total = len(self.shown), len(self.used)
        pauses = np.diff([0, *sorted(self.shown), total])
        often, seldom = times > total // 20, not times or max(pauses) > 150
        fault = 'train.shown_often' if often else 'train.shown_seldom' if times else 'train.never_shown'
        _expect(not often and not seldom, fault, times=times, batches=total)


@_contract
def test_train(train):
    """A few hundred tiny batches, with stubs that write down what reaches them."""
    own = _own(_globals(train))
    try:
        _judge_train(train, own)
    except _Again:
        _judge_train(train, own)


def _judge_train(train, own):
    scope, size, own_train = _globals(train), (_EPOCHS, _BATCHES), _unwrapped(train)
    names = getattr(getattr(own_train, '__code__', None), 'co_names', ())
    header = 'options' in inspect.signature(own_train).parameters or 'Run' in names  # that of the exercise
    for time in ('the first', 'a second'):
        with _fresh_graph() as sess:
            training = _Training(own, *size)
            trying = _trying(f'running train for {time} time, {size[0]} epochs of {size[1]} batches')
            get_batches, data = _own_batches(scope, training.get_batches)
            settings = size[0], _BATCH, _Z, _RATE, _BETA1, get_batches, training.shape, 'L'
            try:
                with _set(scope, **training.stubs(scope), **data), _watch(training), trying:
                    result = train(*settings, **({'seed': _SEED} if header else {}))
            except _Stop:
                if training.d:  # what has been seen is told as well
                    training.judge_range()
                raise
        training.judge_calls()
        training.judge_steps()
        if header:
            training.judge_result(result, sess.graph)
        if not training.shown and size != _LONG:
            size = _LONG
        else:
            training.judge_pictures()


@contextlib.contextmanager
def _watch(training):
    """Other pictures than those of show_generator_output count, too; sessions are closed; Ctrl-C ends it at once."""
    interactive, handle = tf.InteractiveSession, signal.signal

    def interactive_session(*args, **kwargs):
        session = interactive(*args, **kwargs)
        stack.callback(session.close)
        return session

    def keep_interrupt(number, handler):
        return signal.getsignal(number) if number == signal.SIGINT else handle(number, handler)

    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(tf, 'InteractiveSession', interactive_session))
        stack.enter_context(mock.patch.object(signal, 'signal', keep_interrupt))
        if plt := sys.modules.get('matplotlib.pyplot'):
            stack.enter_context(mock.patch.object(plt, 'show', lambda *a, **k: training.display()))
        yield


def _generator_limit(generator):
    """The largest value that the learner's generator makes: 1 for tanh; 1 also where that cannot be found out."""
    with contextlib.suppress(Exception, SystemExit), _fresh_graph() as sess:
        images = generator(tf.random_uniform([4, 10], -1, 1, seed=0), 1)
        sess.run(tf.global_variables_initializer())
        _randomize(sess, 0, gain=20.0)
        return 0.5 if 0.4 < np.abs(sess.run(images)).max() < 0.51 else 1.0
    return 1.0


def _own(scope):
    """What a train has to fit: the learner's other functions, and what is in their place in a test."""
    own = SimpleNamespace(show=scope.get('show_generator_output'), run=scope.get('Run'))
    own.g_loss_first = own.turned = False  # whether model_loss returns g_loss first; whether it is to do so in a test
    own.reuse, _ = _own_discriminator(scope.get('discriminator'))
    own.expected = _generator_limit(scope.get('generator'))  # the range of real images
    with contextlib.suppress(Exception, SystemExit), _fresh_graph() as sess:
        networks, real, z, losses = _build_loss(scope.get('model_loss'), 1)
        uses_real = [real.op in _ancestors(loss) for loss in losses]
        own.g_loss_first = uses_real == [False, True]
        images = next(i for i, logits in networks.judged if z.op not in _ancestors(logits))
        sess.run(tf.global_variables_initializer())
        feed = _without_noise(sess, {real: np.full([1, 28, 28, 1], 0.5)}, uniform=0.5)
        own.expected /= float(sess.run(images, feed).mean()) / 0.5  # model_loss may rescale them itself
    return own


test_real_loss.__test__ = test_fake_loss.__test__ = False  # not for pytest: other notebooks need not have these parts
FUNCTIONS = tuple(name for name in _judges if name not in ('real_loss', 'fake_loss'))

if _notebook():
    _explain_unwritten(_notebook())
