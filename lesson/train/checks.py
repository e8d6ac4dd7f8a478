"""Whether settings can be used, and whether a run goes as it should: sentences that say what to do."""

import numbers

import numpy as np

from lesson.progress import SettingError

BLOWN_UP = 10  # d_loss; a discriminator that knows nothing has 1.4
ALIKE = 0.05  # standard deviation over images that are all alike; digits have 0.4, faces 0.5


def whole(least, **settings):
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
            raise SettingError(f'{name} is {value!r}: choose a whole number from {least}')


def number(name, value, allowed, fits):
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not fits(value):
        raise SettingError(f'{name} is {value!r}: choose a number {allowed}')


def batch_size(size, n_images, machines):
    if size > n_images // machines:
        each = f' on each of {machines} machines' if machines > 1 else ''
        raise SettingError(
            f'batch_size is {size:,}{each}, but there are only {n_images:,} images, so an epoch would have no step: '
            f'choose a batch_size from 1 to {n_images // machines:,}'
        )


def trouble(losses, images):
    """What is wrong in the losses [steps, 2] and the images [n, height, width, channels] of a run; None: nothing."""
    d_loss, g_loss = losses.mean(0)
    spread = np.std(images, axis=0).mean()
    if d_loss > BLOWN_UP:
        return (
            f'the losses have blown up (d_loss {d_loss:.1f}, g_loss {g_loss:.1f} over {len(losses)} steps): '
            'the learning rate is probably too high.'
        )
    if d_loss < 0.05 or g_loss > 6:
        return (
            f'the discriminator has won (d_loss {d_loss:.3f}, g_loss {g_loss:.1f} over {len(losses)} steps), so '
            'the generator learns nothing more. Are real images in [-1, 1]? Is the learning rate too high?'
        )
    if len(images) > 1 and spread < ALIKE:
        return (
            f'the generated images are all alike (they differ by {spread:.3f} on a scale from -1 to 1): the generator '
            'has found one that passes. If it lasts, make the discriminator stronger, or let the generator learn more '
            'slowly.'
        )
    return None
