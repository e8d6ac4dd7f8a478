"""Wrong implementations of generator, each with its fault."""

from tests.contract.proof import Proof
from tests.contract.solutions import generator


class TestGenerator(Proof):
    cases = generator.CASES
