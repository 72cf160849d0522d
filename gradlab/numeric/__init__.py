"""The numeric route: finite differences that know their own error."""

from gradlab.numeric.estimation import estimate
from gradlab.numeric.hessians import estimate_hessian
from gradlab.numeric.jacobians import Jacobian, estimate_jacobian

__all__ = ["Jacobian", "estimate", "estimate_hessian", "estimate_jacobian"]
