"""Wrong implementations of discriminator, each with its fault."""

from tests.contract.proof import Proof
from tests.contract.solutions import discriminator


class TestDiscriminator(Proof):
    cases = discriminator.CASES
