"""For few real images: a discriminator that sees each image, real or fake, changed at random.

With a few hundred images a discriminator soon knows all of them by heart, and fakes lose their variety. What it sees
only in ever new variations it cannot memorize; as fakes are changed in the same way, and the generator learns through
the change, it does not learn to make changed images (Zhao et al. 2020, 'Differentiable Augmentation for Data-Efficient
GAN Training', section 3.2).
"""

from lesson.session import tf


def augmented(discriminator):
    """A discriminator(images, reuse=False) that sees a random color, shift and hole of each image.

    images: float32 [batch, height, width, channels] in [-1, 1]; what the discriminator sees may leave that range.
    As in the paper (appendix): brightness by up to 0.5 of the range from -1 to 1, saturation from none to double (of
    three channels), contrast from 0.5 to 1.5, a shift by up to an eighth of the size, and a square of half the size
    that is gray (0).
    """

    def on_changed_images(images, reuse=False):
        return discriminator(_hole(_shift(_color(images))), reuse)

    return on_changed_images


def _one_each(images, low, high):
    """A random number for each image, [batch, 1, 1, 1]."""
    return tf.random_uniform([tf.shape(images)[0], 1, 1, 1], low, high)


def _color(images):
    images += _one_each(images, -0.5, 0.5)
    if images.shape[3] == 3:
        gray = tf.reduce_mean(images, 3, keepdims=True)
        images = gray + (images - gray) * _one_each(images, 0.0, 2.0)
    mean = tf.reduce_mean(images, [1, 2, 3], keepdims=True)
    return mean + (images - mean) * _one_each(images, 0.5, 1.5)


def _shift(images):
    height, width = images.shape[1:3]
    down, right = (
        tf.round(_one_each(images, -size / 8, size / 8))[:, :, 0, 0] for size in map(float, (int(height), int(width)))
    )
    one, zero = tf.ones_like(down), tf.zeros_like(down)
    transforms = tf.concat([one, zero, right, zero, one, down, zero, zero], 1)  # each row: a, b, x, c, d, y, 0, 0
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images, transforms=transforms, output_shape=[height, width], fill_value=0.0, interpolation='NEAREST'
    )


def _hole(images):
    inside = 1.0
    for axis in (1, 2):
        size = int(images.shape[axis])
        places = tf.reshape(tf.range(float(size)), [1, *(-1 if each == axis else 1 for each in (1, 2)), 1])
        inside *= tf.cast(tf.abs(places - _one_each(images, 0.0, float(size))) < size / 4, tf.float32)
    return images * (1 - inside)
