"""Wrong implementations of train, each with its fault."""

from tests.contract.proof import Proof
from tests.contract.solutions import train


class TestTrain(Proof):
    cases = train.CASES
