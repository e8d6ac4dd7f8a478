"""Right variants, which pass."""

from tests.contract.proof import Proof
from tests.contract.solutions import variants


class TestVariants(Proof):
    cases = variants.CASES
