"""Right variants, which pass."""

from tests.contract.proof import Proof


class TestVariants(Proof):
    pass
