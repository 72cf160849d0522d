"""The kinds of node, one file each: the class, its rule, its evaluation, its printing."""

from gradlab.graph.kinds.constant import Constant
from gradlab.graph.kinds.contraction import Contraction
from gradlab.graph.kinds.elementwise import Elementwise
from gradlab.graph.kinds.frozen import Frozen
from gradlab.graph.kinds.index import Index, Scatter
from gradlab.graph.kinds.let import Let
from gradlab.graph.kinds.linear import Linear
from gradlab.graph.kinds.one_hot import OneHot
from gradlab.graph.kinds.replace import Replace
from gradlab.graph.kinds.softmax import LogSumExp, Softmax
from gradlab.graph.kinds.stack import Stack
from gradlab.graph.kinds.variable import Variable

KINDS = (
    Constant,
    Contraction,
    Elementwise,
    Frozen,
    Index,
    Let,
    Linear,
    LogSumExp,
    OneHot,
    Replace,
    Scatter,
    Softmax,
    Stack,
    Variable,
)

__all__ = [
    "KINDS",
    "Constant",
    "Contraction",
    "Elementwise",
    "Frozen",
    "Index",
    "Let",
    "Linear",
    "LogSumExp",
    "OneHot",
    "Replace",
    "Scatter",
    "Softmax",
    "Stack",
    "Variable",
]
