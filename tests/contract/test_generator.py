"""Wrong implementations of generator, each with its fault."""

from tests.contract.proof import Proof


class TestGenerator(Proof):
    function = 'generator'
