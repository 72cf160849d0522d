"""The kinds of node, one file each: the class, its rule, its evaluation, its printing."""

from gradlab.graph.kinds.cholesky import Cholesky
from gradlab.graph.kinds.concatenate import Concatenate
from gradlab.graph.kinds.constant import Constant
from gradlab.graph.kinds.contraction import Contraction
from gradlab.graph.kinds.cumulative import Cumulative
from gradlab.graph.kinds.determinant import Determinant, DeterminantSign, LogDeterminant
from gradlab.graph.kinds.elementwise import Elementwise
from gradlab.graph.kinds.extremum import Extremum, Lead, Winners
from gradlab.graph.kinds.flip import Flip
from gradlab.graph.kinds.frozen import Frozen
from gradlab.graph.kinds.gather import Gather, ScatterAdd
from gradlab.graph.kinds.index import Index, Scatter
from gradlab.graph.kinds.inverse import Inverse, Solve
from gradlab.graph.kinds.let import Let
from gradlab.graph.kinds.linear import Linear
from gradlab.graph.kinds.norm import Norm
from gradlab.graph.kinds.one_hot import OneHot
from gradlab.graph.kinds.positions import Positions
from gradlab.graph.kinds.replace import Replace
from gradlab.graph.kinds.reshape import Reshape
from gradlab.graph.kinds.roll import Roll
from gradlab.graph.kinds.softmax import LogSumExp, Softmax
from gradlab.graph.kinds.stack import Stack
from gradlab.graph.kinds.standardize import Standardize
from gradlab.graph.kinds.triangle import Triangle
from gradlab.graph.kinds.unevaluated import Derivative, VectorJacobian
from gradlab.graph.kinds.variable import Variable
from gradlab.graph.kinds.variance import Variance
from gradlab.graph.kinds.windows import Overlapped, Windows

KINDS = (
    Cholesky,
    Concatenate,
    Constant,
    Contraction,
    Derivative,
    Determinant,
    DeterminantSign,
    Cumulative,
    Elementwise,
    Extremum,
    Flip,
    Gather,
    Frozen,
    Index,
    Inverse,
    Lead,
    Let,
    Linear,
    LogDeterminant,
    LogSumExp,
    Norm,
    OneHot,
    Overlapped,
    Reshape,
    Positions,
    Roll,
    Replace,
    Scatter,
    ScatterAdd,
    Softmax,
    Solve,
    Stack,
    Standardize,
    Triangle,
    Variable,
    VectorJacobian,
    Windows,
    Variance,
    Winners,
)

__all__ = [
    "KINDS",
    "Cholesky",
    "Concatenate",
    "Constant",
    "Contraction",
    "Cumulative",
    "Derivative",
    "Determinant",
    "DeterminantSign",
    "Elementwise",
    "Extremum",
    "Flip",
    "Frozen",
    "Gather",
    "Index",
    "Inverse",
    "Lead",
    "Let",
    "Linear",
    "LogDeterminant",
    "LogSumExp",
    "Norm",
    "OneHot",
    "Overlapped",
    "Positions",
    "Replace",
    "Reshape",
    "Roll",
    "Scatter",
    "ScatterAdd",
    "Softmax",
    "Solve",
    "Stack",
    "Standardize",
    "Triangle",
    "Variable",
    "Variance",
    "VectorJacobian",
    "Windows",
    "Winners",
]
