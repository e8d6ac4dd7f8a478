"""Wrong implementations of model_inputs."""

from . import changed, classic

SHAPE = '[None, *image_shape]'

WRONG = {
    'model_inputs.order: returned in another order': classic(
        {'return input_real, input_z': 'return input_z, input_real'}
    ),
    'model_inputs.count: only two results': {'return input_real, input_z, learning_rate': 'return input_real, input_z'},
    'model_inputs.count: nothing returned': {'return input_real, input_z, learning_rate': 'pass'},
    'model_inputs.real_shape: batch size fixed to 64': {SHAPE: '[64, *image_shape]'},
    'model_inputs.real_shape: images without a shape': {f'{SHAPE}, ': ''},
    'model_inputs.real_shape: images flattened': {SHAPE: '[None, image_width * image_height]'},
    'model_inputs.real_shape: channels fixed to 3': {'image_channels]\n    input_real': '3]\n    input_real'},
    'model_inputs.real_shape: 28 pixels, whatever is asked for': {'[image_width, image_height': '[28, 28'},
    'model_inputs.z_shape: z of 100 numbers, whatever is asked for': {'[None, z_dim]': '[None, 100]'},
    'model_inputs.z_shape: z without a batch': {'[None, z_dim]': '[z_dim]'},
    'model_inputs.z_shape: z without a shape': {', [None, z_dim]': ''},
    'model_inputs.dtype: images of float64': {f'float32, {SHAPE}': f'float64, {SHAPE}'},
    'model_inputs.dtype: images as bytes': {f'float32, {SHAPE}': f'uint8, {SHAPE}'},
    'model_inputs.rate_shape: learning rate as a vector': {'float32, []': 'float32, [None]'},
    'model_inputs.not_a_placeholder: learning rate as a constant': changed(
        {"tf.placeholder(tf.float32, [], name='learning_rate')": 'tf.constant(0.0002)'}, says='learning_rate'
    ),
    'model_inputs.not_a_placeholder: z made by TensorFlow, not fed': changed(
        {"tf.placeholder(tf.float32, [None, z_dim], name='input_z')": 'tf.random_uniform([64, z_dim], -1, 1)'},
        says='input_z',
    ),
    'model_inputs.dtype: learning rate as a whole number': {
        "tf.float32, [], name='learning_rate'": "tf.int32, [], name='learning_rate'"
    },
    'model_inputs.dtype: z of float64': {'float32, [None, z_dim]': 'float64, [None, z_dim]'},
    'model_inputs.not_written: not written yet': {
        'def model_inputs': 'def model_inputs(w, h, c, z_dim):\n    raise NotImplementedError'
    },
}
