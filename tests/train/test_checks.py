"""Settings that cannot be used are refused, and trouble is pointed out, in sentences that say what to do."""

import numpy as np
import pytest

from lesson.train import checks


def test_a_batch_larger_than_the_data_set_is_refused_with_the_largest_that_fits():
    checks.batch_size(30, 30, 1)
    checks.batch_size(15, 30, 2)
    with pytest.raises(ValueError, match=r'batch_size is 31, .* only 30 images.*: choose a batch_size from 1 to 30'):
        checks.batch_size(31, 30, 1)
    with pytest.raises(ValueError, match=r'batch_size is 16 on each of 2 machines, .* from 1 to 15'):
        checks.batch_size(16, 30, 2)


DIFFERENT = np.random.default_rng(0).uniform(-1, 1, [3, 2, 2, 1])


@pytest.mark.parametrize(
    ('losses', 'images', 'expected'),
    [
        ((1.2, 0.9), DIFFERENT, None),
        ((0.001, 5.0), DIFFERENT, 'the discriminator has won (d_loss 0.001, g_loss 5.0 over 300 steps)'),
        ((0.2, 7.0), DIFFERENT, 'the discriminator has won'),
        (
            (28.9, 46.1),
            DIFFERENT,
            'the losses have blown up (d_loss 28.9, g_loss 46.1 over 300 steps): the learning rate',
        ),
        ((1.2, 0.9), 0.01 * DIFFERENT, 'the generated images are all alike (they differ by 0.0'),
        ((1.2, 0.9), DIFFERENT[:1], None),  # one image is not like all others
    ],
)
def test_what_usually_goes_wrong_is_recognized_and_a_run_in_balance_is_not_commented_on(losses, images, expected):
    found = checks.trouble(np.tile(losses, [300, 1]), images)
    assert found is expected or found.startswith(expected)
