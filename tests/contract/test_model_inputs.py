"""Wrong implementations of model_inputs, each with its fault."""

from tests.contract.proof import Proof
from tests.contract.solutions import model_inputs


class TestModelInputs(Proof):
    cases = model_inputs.CASES
