"""Wrong implementations of model_loss, each with its fault."""

from tests.contract.proof import Proof


class TestModelLoss(Proof):
    function = 'model_loss'
