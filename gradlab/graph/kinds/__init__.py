"""The kinds of node, one file each: the class, its rule, its evaluation, its printing."""

from gradlab.graph.kinds.constant import Constant
from gradlab.graph.kinds.contraction import Contraction
from gradlab.graph.kinds.cumulative import Cumulative
from gradlab.graph.kinds.elementwise import Elementwise
from gradlab.graph.kinds.extremum import Extremum, Lead, Winners
from gradlab.graph.kinds.flip import Flip
from gradlab.graph.kinds.gather import Gather, ScatterAdd
from gradlab.graph.kinds.index import Index, Scatter
from gradlab.graph.kinds.let import Let
from gradlab.graph.kinds.linear import Linear
from gradlab.graph.kinds.one_hot import OneHot
from gradlab.graph.kinds.positions import Positions
from gradlab.graph.kinds.roll import Roll
from gradlab.graph.kinds.softmax import LogSumExp, Softmax
from gradlab.graph.kinds.stack import Stack
from gradlab.graph.kinds.variable import Variable

KINDS = (
    Constant,
    Contraction,
    Cumulative,
    Elementwise,
    Extremum,
    Flip,
    Gather,
    Index,
    Lead,
    Let,
    Linear,
    LogSumExp,
    OneHot,
    Positions,
    Roll,
    Scatter,
    ScatterAdd,
    Softmax,
    Stack,
    Variable,
    Winners,
)

__all__ = [
    "KINDS",
    "Constant",
    "Contraction",
    "Cumulative",
    "Elementwise",
    "Extremum",
    "Flip",
    "Gather",
    "Index",
    "Lead",
    "Let",
    "Linear",
    "LogSumExp",
    "OneHot",
    "Positions",
    "Roll",
    "Scatter",
    "ScatterAdd",
    "Softmax",
    "Stack",
    "Variable",
    "Winners",
]
