"""Wrong implementations of model_loss, each with its fault."""

from tests.contract.proof import Proof
from tests.contract.solutions import model_loss


class TestModelLoss(Proof):
    cases = model_loss.CASES
