"""All cases."""

from . import discriminator, generator, model_inputs, model_loss, model_opt, named, train, variants

CASES = [
    *named(model_inputs.WRONG | discriminator.WRONG | generator.WRONG | model_loss.WRONG | model_opt.WRONG),
    *map(train.in_plain, named(train.WRONG)),
    *named(train.OWN),
    *named(variants.RIGHT),
]
