"""Wrong implementations of discriminator, each with its fault."""

from tests.contract.proof import Proof


class TestDiscriminator(Proof):
    function = 'discriminator'
