"""Wrong implementations of model_opt, each with its fault."""

from tests.contract.proof import Proof
from tests.contract.solutions import model_opt


class TestModelOpt(Proof):
    cases = model_opt.CASES
