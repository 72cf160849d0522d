"""The kinds of node, one file each: the class, its rule, its evaluation, its printing."""

from gradlab.graph.kinds.cholesky import Cholesky
from gradlab.graph.kinds.concatenate import Concatenate
from gradlab.graph.kinds.constant import Constant
from gradlab.graph.kinds.contraction import Contraction
from gradlab.graph.kinds.determinant import Determinant, DeterminantSign, LogDeterminant
from gradlab.graph.kinds.elementwise import Elementwise
from gradlab.graph.kinds.index import Index, Scatter
from gradlab.graph.kinds.inverse import Inverse, Solve
from gradlab.graph.kinds.let import Let
from gradlab.graph.kinds.linear import Linear
from gradlab.graph.kinds.norm import Norm
from gradlab.graph.kinds.one_hot import OneHot
from gradlab.graph.kinds.reshape import Reshape
from gradlab.graph.kinds.softmax import LogSumExp, Softmax
from gradlab.graph.kinds.stack import Stack
from gradlab.graph.kinds.triangle import Triangle
from gradlab.graph.kinds.variable import Variable
from gradlab.graph.kinds.windows import Overlapped, Windows

KINDS = (
    Cholesky,
    Concatenate,
    Constant,
    Contraction,
    Determinant,
    DeterminantSign,
    Elementwise,
    Index,
    Inverse,
    Let,
    Linear,
    LogDeterminant,
    LogSumExp,
    Norm,
    OneHot,
    Overlapped,
    Reshape,
    Scatter,
    Softmax,
    Solve,
    Stack,
    Triangle,
    Variable,
    Windows,
)

__all__ = [
    "KINDS",
    "Cholesky",
    "Concatenate",
    "Constant",
    "Contraction",
    "Determinant",
    "DeterminantSign",
    "Elementwise",
    "Index",
    "Inverse",
    "Let",
    "Linear",
    "LogDeterminant",
    "LogSumExp",
    "Norm",
    "OneHot",
    "Overlapped",
    "Reshape",
    "Scatter",
    "Softmax",
    "Solve",
    "Stack",
    "Triangle",
    "Variable",
    "Windows",
]
