"""All cases."""

from . import discriminator, generator, model_inputs, model_loss, model_opt, train, variants

CASES = [
    *model_inputs.CASES,
    *discriminator.CASES,
    *generator.CASES,
    *model_loss.CASES,
    *model_opt.CASES,
    *train.CASES,
    *variants.CASES,
]
