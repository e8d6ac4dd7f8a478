"""Wrong implementations of model_inputs, each with its fault."""

from tests.contract.proof import Proof


class TestModelInputs(Proof):
    function = 'model_inputs'
