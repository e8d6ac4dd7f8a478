"""Wrong implementations of model_opt, each with its fault."""

from tests.contract.proof import Proof


class TestModelOpt(Proof):
    function = 'model_opt'
