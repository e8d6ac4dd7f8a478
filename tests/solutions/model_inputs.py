"""Wrong implementations of model_inputs."""

from . import wrong

SHAPE = '[None, *image_shape]'

CASES = [
    wrong(
        'model_inputs',
        'returned in another order',
        'in another order',
        {'return input_real, input_z': 'return input_z, input_real'},
        classic=True,
    ),
    wrong(
        'model_inputs',
        'width and height swapped',
        'width and height swapped',
        {'[image_width, image_height,': '[image_height, image_width,'},
    ),
    wrong(
        'model_inputs',
        'only two results',
        'returned 2 things',
        {'return input_real, input_z, learning_rate': 'return input_real, input_z'},
    ),
    wrong(
        'model_inputs', 'nothing returned', 'returned nothing', {'return input_real, input_z, learning_rate': 'pass'}
    ),
    wrong('model_inputs', 'batch size fixed to 64', 'input_real has shape [64,', {SHAPE: '[64, *image_shape]'}),
    wrong('model_inputs', 'images without a shape', 'input_real has no shape', {f'{SHAPE}, ': ''}),
    wrong('model_inputs', 'images flattened', 'input_real has shape', {SHAPE: '[None, image_width * image_height]'}),
    wrong(
        'model_inputs',
        'channels fixed to 3',
        'input_real has shape',
        {'image_channels]\n    input_real': '3]\n    input_real'},
    ),
    wrong(
        'model_inputs', '28 pixels, whatever is asked for', 'input_real has', {'[image_width, image_height': '[28, 28'}
    ),
    wrong(
        'model_inputs', 'z of 100 numbers, whatever is asked for', 'input_z has shape', {'[None, z_dim]': '[None, 100]'}
    ),
    wrong('model_inputs', 'z without a batch', 'input_z has shape', {'[None, z_dim]': '[z_dim]'}),
    wrong('model_inputs', 'z without a shape', 'input_z has no shape', {', [None, z_dim]': ''}),
    wrong('model_inputs', 'images of float64', 'float64, expected float32', {f'float32, {SHAPE}': f'float64, {SHAPE}'}),
    wrong('model_inputs', 'images as bytes', 'uint8, expected float32', {f'float32, {SHAPE}': f'uint8, {SHAPE}'}),
    wrong('model_inputs', 'learning rate as a vector', 'learning_rate has shape', {'float32, []': 'float32, [None]'}),
    wrong(
        'model_inputs',
        'learning rate as a constant',
        'learning_rate is no placeholder',
        {"tf.placeholder(tf.float32, [], name='learning_rate')": 'tf.constant(0.0002)'},
    ),
    wrong(
        'model_inputs',
        'z drawn by TensorFlow, not fed',
        'input_z is no placeholder',
        {"tf.placeholder(tf.float32, [None, z_dim], name='input_z')": 'tf.random_uniform([64, z_dim], -1, 1)'},
    ),
]
