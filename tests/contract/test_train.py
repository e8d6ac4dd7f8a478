"""Wrong implementations of train, each with its fault."""

from tests.contract.proof import Proof


class TestTrain(Proof):
    function = 'train'
