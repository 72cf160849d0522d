"""The problems of Moré, Garbow and Hillstrom, "Testing Unconstrained Optimization Software", ACM TOMS 7(1), 1981.

Each is a sum of squared residuals r, with the Jacobian J of the residuals by hand: the gradient is 2 J^T r.
The number in front of a name is the paper's.

Where functions, constants and starting points were looked up, as `source` says for each:
- ALG566: OBJFCN, GRDFCN and INITPT of the authors' own testing aids (MINPACK, July 1978; TOMS Algorithm 566);
- LMDER, HYBRJ: the drivers of the same authors for least squares (SSQFCN) and for equations (VECFCN), as they stand in
  test_lmder.f90 and test_hybrj.f90 of github.com/fortran-lang/minpack;
The values of the minima are the paper's, as github.com/jlmelville/funconstrain repeats them. Where it gives no
point, or not enough digits of it, the point was found by minimising the function written here, from its starting
point: that the published value comes out confirms the constants. Jacobians are by hand, from the formulas alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.scenarios import Array, Scenario

ALG566, LMDER, HYBRJ = "TOMS Algorithm 566, OBJFCN", "MINPACK test_lmder, SSQFCN", "MINPACK test_hybrj, VECFCN"

Residuals = Callable[[Any, Any], Any]
Jacobian = Callable[[Array], Any]


def problem(
    name: str,
    start: Any,
    residuals: Residuals,
    jacobian: Jacobian,
    source: str,
    minimum: tuple[Any, float] | None = None,
) -> Scenario:
    """Return the sum of squared residuals as a scenario.

    residuals: over any module, a list of numbers or a vector.  jacobian: over NumPy, one row for each residual.
    """

    def vector(xp: Any, x: Any) -> Any:
        found = residuals(xp, x)
        return xp.stack(found) if isinstance(found, list) else found

    def gradient(x: Array) -> Array:
        return 2 * np.asarray(jacobian(x), dtype=float).T @ vector(np, x)

    published = None if minimum is None else (np.asarray(minimum[0], dtype=float), minimum[1])
    return Scenario(
        name, lambda xp, x: (vector(xp, x) ** 2).sum(), np.asarray(start, dtype=float), gradient, published, source
    )


def _columns(*columns: Any) -> Array:
    return np.stack(np.broadcast_arrays(*columns), axis=1)


# Two variables ---------------------------------------------------------------------------------------

ROSENBROCK = problem(
    "1 Rosenbrock",
    [-1.2, 1.0],
    lambda xp, x: [10 * (x[1] - x[0] ** 2), 1 - x[0]],
    lambda x: [[-20 * x[0], 10], [-1, 0]],
    LMDER,
    ([1, 1], 0.0),
)

FREUDENSTEIN_ROTH = problem(
    "2 Freudenstein and Roth",
    [0.5, -2.0],
    lambda xp, x: [
        -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1],
        -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1],
    ],
    lambda x: [[1, 10 * x[1] - 3 * x[1] ** 2 - 2], [1, 3 * x[1] ** 2 + 2 * x[1] - 14]],
    LMDER,
    ([5, 4], 0.0),
)

POWELL_BADLY_SCALED = problem(
    "3 Powell, badly scaled",
    [0.0, 1.0],
    lambda xp, x: [1e4 * x[0] * x[1] - 1, xp.exp(-x[0]) + xp.exp(-x[1]) - 1.0001],
    lambda x: [[1e4 * x[1], 1e4 * x[0]], [-np.exp(-x[0]), -np.exp(-x[1])]],
    ALG566,
    ([1.098159329699826e-05, 9.106146739866453], 0.0),
)

BROWN_BADLY_SCALED = problem(
    "4 Brown, badly scaled",
    [1.0, 1.0],
    lambda xp, x: [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2],
    lambda x: [[1, 0], [0, 1], [x[1], x[0]]],
    ALG566,
    ([1e6, 2e-6], 0.0),
)

BEALE = problem(
    "5 Beale",
    [1.0, 1.0],
    lambda xp, x: [1.5 - x[0] * (1 - x[1]), 2.25 - x[0] * (1 - x[1] ** 2), 2.625 - x[0] * (1 - x[1] ** 3)],
    lambda x: [[x[1] ** i - 1, i * x[0] * x[1] ** (i - 1)] for i in (1, 2, 3)],
    ALG566,
    ([3, 0.5], 0.0),
)

_TEN = np.arange(1.0, 11.0)

JENNRICH_SAMPSON = problem(
    "6 Jennrich and Sampson",
    [0.3, 0.4],
    lambda xp, x: xp.asarray(2 + 2 * _TEN) - xp.exp(xp.asarray(_TEN) * x[0]) - xp.exp(xp.asarray(_TEN) * x[1]),
    lambda x: _columns(-_TEN * np.exp(_TEN * x[0]), -_TEN * np.exp(_TEN * x[1])),
    LMDER,
    ([0.2578, 0.2578], 124.362),
)

# Three variables -------------------------------------------------------------------------------------


def _helical_jacobian(x: Array) -> list[list[float]]:
    square = x[0] ** 2 + x[1] ** 2
    around, outward = 100 / (2 * np.pi * square), 10 / np.sqrt(square)
    return [[around * x[1], -around * x[0], 10], [outward * x[0], outward * x[1], 0], [0, 0, 1]]


HELICAL_VALLEY = problem(
    "7 helical valley",
    [-1.0, 0.0, 0.0],
    lambda xp, x: [
        10 * (x[2] - 10 * (xp.arctan(x[1] / x[0]) / (2 * np.pi) + xp.where(x[0] > 0, 0.0, 0.5))),
        10 * (xp.sqrt(x[0] ** 2 + x[1] ** 2) - 1),
        x[2],
    ],
    _helical_jacobian,
    ALG566,
    ([1, 0, 0], 0.0),
)

_BARD_Y = np.array([0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39])
_U = np.arange(1.0, 16.0)
_V, _W = 16 - _U, np.minimum(_U, 16 - _U)


def _bard_jacobian(x: Array) -> Array:
    below = (_V * x[1] + _W * x[2]) ** 2
    return _columns(-1.0 + 0 * _U, _U * _V / below, _U * _W / below)


BARD = problem(
    "8 Bard",
    [1.0, 1.0, 1.0],
    lambda xp, x: xp.asarray(_BARD_Y) - (x[0] + xp.asarray(_U) / (xp.asarray(_V) * x[1] + xp.asarray(_W) * x[2])),
    _bard_jacobian,
    LMDER,
    ([0.08241056, 1.133036, 2.343695], 8.214877e-3),
)

_HALF = np.array([0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521])
_GAUSS_Y = np.array([*_HALF, 0.3989, *_HALF[::-1]])
_GAUSS_T = (8 - np.arange(1.0, 16.0)) / 2


def _gauss_jacobian(x: Array) -> Array:
    off = _GAUSS_T - x[2]
    bell = np.exp(-x[1] * off**2 / 2)
    return _columns(bell, -x[0] * bell * off**2 / 2, x[0] * x[1] * bell * off)


GAUSSIAN = problem(
    "9 Gaussian",
    [0.4, 1.0, 0.0],
    lambda xp, x: x[0] * xp.exp(-x[1] * (xp.asarray(_GAUSS_T) - x[2]) ** 2 / 2) - xp.asarray(_GAUSS_Y),
    _gauss_jacobian,
    ALG566,
    ([0.39895613785, 1.00001908449, 0.0], 1.12793e-8),
)

_MEYER_Y = np.array(
    [34780.0, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872]
)
_MEYER_T = 45 + 5 * np.arange(1.0, 17.0)


def _meyer_jacobian(x: Array) -> Array:
    below = _MEYER_T + x[2]
    raised = np.exp(x[1] / below)
    return _columns(raised, x[0] * raised / below, -x[0] * x[1] * raised / below**2)


MEYER = problem(
    "10 Meyer",
    [0.02, 4000.0, 250.0],
    lambda xp, x: x[0] * xp.exp(x[1] / (xp.asarray(_MEYER_T) + x[2])) - xp.asarray(_MEYER_Y),
    _meyer_jacobian,
    LMDER,
    ([0.005609636357163517, 6181.346362746103, 345.2236351634078], 87.9458),
)

_GULF_T = np.arange(1.0, 100.0) / 100
_GULF_Y = 25 + (-50 * np.log(_GULF_T)) ** (2 / 3)


def _gulf_jacobian(x: Array) -> Array:
    gap = np.abs(_GULF_Y - x[1])
    power = gap ** x[2] / x[0]
    outer = -np.exp(-power) * power
    return _columns(-outer / x[0], -outer * x[2] * np.sign(_GULF_Y - x[1]) / gap, outer * np.log(gap))


GULF = problem(
    "11 Gulf research and development",
    [5.0, 2.5, 0.15],
    lambda xp, x: xp.exp(-(xp.abs(xp.asarray(_GULF_Y) - x[1]) ** x[2]) / x[0]) - xp.asarray(_GULF_T),
    _gulf_jacobian,
    ALG566,
    ([50, 25, 1.5], 0.0),
)

_BOX_T = _TEN / 10
_BOX_Y = np.exp(-_BOX_T) - np.exp(-_TEN)

BOX = problem(
    "12 Box, three-dimensional",
    [0.0, 10.0, 20.0],
    lambda xp, x: xp.exp(-xp.asarray(_BOX_T) * x[0]) - xp.exp(-xp.asarray(_BOX_T) * x[1]) - xp.asarray(_BOX_Y) * x[2],
    lambda x: _columns(-_BOX_T * np.exp(-_BOX_T * x[0]), _BOX_T * np.exp(-_BOX_T * x[1]), -_BOX_Y),
    ALG566,
    ([1, 10, 1], 0.0),
)

# Four to eleven variables ----------------------------------------------------------------------------

POWELL_SINGULAR = problem(
    "13 Powell, singular",
    [3.0, -1.0, 0.0, 1.0],
    lambda xp, x: [
        x[0] + 10 * x[1],
        np.sqrt(5) * (x[2] - x[3]),
        (x[1] - 2 * x[2]) ** 2,
        np.sqrt(10) * (x[0] - x[3]) ** 2,
    ],
    lambda x: [
        [1, 10, 0, 0],
        [0, 0, np.sqrt(5), -np.sqrt(5)],
        [0, 2 * (x[1] - 2 * x[2]), -4 * (x[1] - 2 * x[2]), 0],
        [2 * np.sqrt(10) * (x[0] - x[3]), 0, 0, -2 * np.sqrt(10) * (x[0] - x[3])],
    ],
    LMDER,
    ([0, 0, 0, 0], 0.0),
)

WOOD = problem(
    "14 Wood",
    [-3.0, -1.0, -3.0, -1.0],
    lambda xp, x: [
        10 * (x[1] - x[0] ** 2),
        1 - x[0],
        np.sqrt(90) * (x[3] - x[2] ** 2),
        1 - x[2],
        np.sqrt(10) * (x[1] + x[3] - 2),
        (x[1] - x[3]) / np.sqrt(10),
    ],
    lambda x: [
        [-20 * x[0], 10, 0, 0],
        [-1, 0, 0, 0],
        [0, 0, -2 * np.sqrt(90) * x[2], np.sqrt(90)],
        [0, 0, -1, 0],
        [0, np.sqrt(10), 0, np.sqrt(10)],
        [0, 1 / np.sqrt(10), 0, -1 / np.sqrt(10)],
    ],
    ALG566,
    ([1, 1, 1, 1], 0.0),
)

_KOWALIK_Y = np.array([0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246])
_KOWALIK_U = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])


def _kowalik_jacobian(x: Array) -> Array:
    u = _KOWALIK_U
    above, below = u * (u + x[1]), u * (u + x[2]) + x[3]
    return _columns(-above / below, -x[0] * u / below, x[0] * above * u / below**2, x[0] * above / below**2)


def _kowalik(xp: Any, x: Any) -> Any:
    u = xp.asarray(_KOWALIK_U)
    return xp.asarray(_KOWALIK_Y) - x[0] * (u * (u + x[1])) / (u * (u + x[2]) + x[3])


KOWALIK_OSBORNE = problem(
    "15 Kowalik and Osborne",
    [0.25, 0.39, 0.415, 0.39],
    _kowalik,
    _kowalik_jacobian,
    LMDER,
    ([0.192806934113, 0.191282330860, 0.123056505247, 0.136062331572], 3.07505e-4),
)

_DENNIS_T = np.arange(1.0, 21.0) / 5


def _dennis(xp: Any, x: Any) -> Any:
    t = xp.asarray(_DENNIS_T)
    return (x[0] + t * x[1] - xp.exp(t)) ** 2 + (x[2] + xp.sin(t) * x[3] - xp.cos(t)) ** 2


def _dennis_jacobian(x: Array) -> Array:
    t = _DENNIS_T
    one, other = 2 * (x[0] + t * x[1] - np.exp(t)), 2 * (x[2] + np.sin(t) * x[3] - np.cos(t))
    return _columns(one, t * one, other, np.sin(t) * other)


BROWN_DENNIS = problem(
    "16 Brown and Dennis",
    [25.0, 5.0, -5.0, -1.0],
    _dennis,
    _dennis_jacobian,
    ALG566,
    ([-11.594439944, 13.203630055, -0.403439525, 0.236778713], 85822.2),
)

_OSBORNE_1_Y = np.array(
    [
        *(0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628),
        *(0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420),
        *(0.414, 0.411, 0.406),
    ]
)
_OSBORNE_1_T = 10 * np.arange(33.0)


def _osborne_1(xp: Any, x: Any) -> Any:
    t = xp.asarray(_OSBORNE_1_T)
    return xp.asarray(_OSBORNE_1_Y) - (x[0] + x[1] * xp.exp(-t * x[3]) + x[2] * xp.exp(-t * x[4]))


def _osborne_1_jacobian(x: Array) -> Array:
    t = _OSBORNE_1_T
    one, other = np.exp(-t * x[3]), np.exp(-t * x[4])
    return _columns(-1.0 + 0 * t, -one, -other, x[1] * t * one, x[2] * t * other)


OSBORNE_1 = problem(
    "17 Osborne 1",
    [0.5, 1.5, -1.0, 0.01, 0.02],
    _osborne_1,
    _osborne_1_jacobian,
    LMDER,
    ([0.3754100518601, 1.935846875213, -1.464687098735, 0.01286753457248, 0.02212269982855], 5.46489e-5),
)

_BIGGS_T = np.arange(1.0, 14.0) / 10
_BIGGS_Y = np.exp(-_BIGGS_T) - 5 * np.exp(-10 * _BIGGS_T) + 3 * np.exp(-4 * _BIGGS_T)


def _biggs(xp: Any, x: Any) -> Any:
    t = xp.asarray(_BIGGS_T)
    return x[2] * xp.exp(-t * x[0]) - x[3] * xp.exp(-t * x[1]) + x[5] * xp.exp(-t * x[4]) - xp.asarray(_BIGGS_Y)


def _biggs_jacobian(x: Array) -> Array:
    t = _BIGGS_T
    one, two, three = np.exp(-t * x[0]), np.exp(-t * x[1]), np.exp(-t * x[4])
    return _columns(-t * x[2] * one, t * x[3] * two, one, -two, -t * x[5] * three, three)


BIGGS = problem(
    "18 Biggs EXP6", [1.0, 2.0, 1.0, 1.0, 1.0, 1.0], _biggs, _biggs_jacobian, ALG566, ([1, 10, 1, 5, 4, 3], 0.0)
)

_OSBORNE_2_Y = np.array(
    [
        *(1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616),
        *(0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495),
        *(0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672),
        *(0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581),
        *(0.428, 0.292, 0.162, 0.098, 0.054),
    ]
)
_OSBORNE_2_T = np.arange(65.0) / 10


def _osborne_2(xp: Any, x: Any) -> Any:
    t = xp.asarray(_OSBORNE_2_T)
    bells = [x[1 + k] * xp.exp(-((t - x[8 + k]) ** 2) * x[5 + k]) for k in range(3)]
    return xp.asarray(_OSBORNE_2_Y) - (x[0] * xp.exp(-t * x[4]) + bells[0] + bells[1] + bells[2])


def _osborne_2_jacobian(x: Array) -> Array:
    t = _OSBORNE_2_T
    off = [t - x[8 + k] for k in range(3)]
    bells = [np.exp(-(off[k] ** 2) * x[5 + k]) for k in range(3)]
    decay = np.exp(-t * x[4])
    return _columns(
        -decay,
        *(-bells[k] for k in range(3)),
        t * x[0] * decay,
        *(x[1 + k] * off[k] ** 2 * bells[k] for k in range(3)),
        *(-2 * x[1 + k] * x[5 + k] * off[k] * bells[k] for k in range(3)),
    )


OSBORNE_2 = problem(
    "19 Osborne 2",
    [1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5],
    _osborne_2,
    _osborne_2_jacobian,
    LMDER,
    (
        [
            *(1.309977154478, 0.431553794461, 0.633661698787, 0.599430534756, 0.754183225879, 0.904288580397),
            *(1.365811835596, 4.823698811877, 2.398684866208, 4.568874597532, 5.675341470481),
        ],
        4.01377e-2,
    ),
)

# Any number of variables -----------------------------------------------------------------------------

_WATSON_T = np.arange(1.0, 30.0) / 29
_WATSON_N = 6
_WATSON_POWERS = _WATSON_T[:, None] ** np.arange(_WATSON_N)
_WATSON_SLOPES = np.arange(_WATSON_N) * _WATSON_T[:, None] ** np.maximum(np.arange(_WATSON_N) - 1, 0)


def _watson(xp: Any, x: Any) -> Any:
    inner = xp.asarray(_WATSON_SLOPES) @ x - (xp.asarray(_WATSON_POWERS) @ x) ** 2 - 1
    last = xp.stack([x[0], x[1] - x[0] ** 2 - 1])
    return xp.concatenate([inner, last])


def _watson_jacobian(x: Array) -> Array:
    rows = _WATSON_SLOPES - 2 * (_WATSON_POWERS @ x)[:, None] * _WATSON_POWERS
    first, last = np.eye(_WATSON_N)[0], np.eye(_WATSON_N)[1]
    return np.vstack([rows, first, last - 2 * x[0] * first])


WATSON = problem(
    "20 Watson",
    [0.0] * _WATSON_N,
    _watson,
    _watson_jacobian,
    LMDER,
    (
        [-0.01572508614687, 1.012434868803, -0.2329916162798, 1.260430057145, -1.513728886948, 0.9929964187855],
        2.28767e-3,
    ),
)

EXTENDED_ROSENBROCK = problem(
    "21 extended Rosenbrock",
    [-1.2, 1.0] * 5,
    lambda xp, x: xp.concatenate([10 * (x[1::2] - x[0::2] ** 2), 1 - x[0::2]]),
    lambda x: np.vstack(
        [
            [10 * (np.eye(10)[2 * i + 1] - 2 * x[2 * i] * np.eye(10)[2 * i]) for i in range(5)],
            [-np.eye(10)[2 * i] for i in range(5)],
        ]
    ),
    ALG566,
    ([1] * 10, 0.0),
)


def _extended_powell(xp: Any, x: Any) -> Any:
    a, b, c, d = x[0::4], x[1::4], x[2::4], x[3::4]
    return xp.concatenate([a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2])


def _extended_powell_jacobian(x: Array) -> Array:
    count = x.size // 4
    found = np.zeros((x.size, x.size))
    for i in range(count):
        a, b, c, d = 4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3
        found[i, [a, b]] = 1, 10
        found[count + i, [c, d]] = np.sqrt(5), -np.sqrt(5)
        found[2 * count + i, [b, c]] = 2 * (x[b] - 2 * x[c]), -4 * (x[b] - 2 * x[c])
        found[3 * count + i, [a, d]] = 2 * np.sqrt(10) * (x[a] - x[d]), -2 * np.sqrt(10) * (x[a] - x[d])
    return found


EXTENDED_POWELL = problem(
    "22 extended Powell, singular",
    [3.0, -1.0, 0.0, 1.0] * 3,
    _extended_powell,
    _extended_powell_jacobian,
    ALG566,
    ([0] * 12, 0.0),
)

PENALTY_1 = problem(
    "23 penalty I",
    np.arange(1.0, 11.0),
    lambda xp, x: xp.concatenate([np.sqrt(1e-5) * (x - 1), xp.stack([(x**2).sum() - 0.25])]),
    lambda x: np.vstack([np.sqrt(1e-5) * np.eye(10), 2 * x]),
    ALG566,
    ([0.15812230131] * 10, 7.08765e-5),
)

_PENALTY_N = 4
_PENALTY_I = np.arange(2.0, _PENALTY_N + 1)
_PENALTY_Y = np.exp(_PENALTY_I / 10) + np.exp((_PENALTY_I - 1) / 10)
_PENALTY_WEIGHTS = np.arange(_PENALTY_N, 0.0, -1)


def _penalty_2(xp: Any, x: Any) -> Any:
    raised = xp.exp(x / 10)
    return xp.concatenate(
        [
            xp.stack([x[0] - 0.2]),
            np.sqrt(1e-5) * (raised[1:] + raised[:-1] - xp.asarray(_PENALTY_Y)),
            np.sqrt(1e-5) * (raised[1:] - np.exp(-0.1)),
            xp.stack([(xp.asarray(_PENALTY_WEIGHTS) * x**2).sum() - 1]),
        ]
    )


def _penalty_2_jacobian(x: Array) -> Array:
    slope = np.sqrt(1e-5) * np.diag(np.exp(x / 10) / 10)
    return np.vstack([np.eye(_PENALTY_N)[0], slope[1:] + slope[:-1], slope[1:], 2 * _PENALTY_WEIGHTS * x])


PENALTY_2 = problem(
    "24 penalty II",
    [0.5] * _PENALTY_N,
    _penalty_2,
    _penalty_2_jacobian,
    ALG566,
    ([0.1999993333334, 0.1913166872515, 0.4801014968064, 0.5188453984124], 9.37629e-6),
)

_COUNT = np.arange(1.0, 11.0)


def _variably_dimensioned_jacobian(x: Array) -> Array:
    total = (_COUNT * (x - 1)).sum()
    return np.vstack([np.eye(10), _COUNT, 2 * total * _COUNT])


VARIABLY_DIMENSIONED = problem(
    "25 variably dimensioned",
    1 - _COUNT / 10,
    lambda xp, x: xp.concatenate(
        [
            x - 1,
            xp.stack([(xp.asarray(_COUNT) * (x - 1)).sum(), (xp.asarray(_COUNT) * (x - 1)).sum() ** 2]),
        ]
    ),
    _variably_dimensioned_jacobian,
    ALG566,
    ([1] * 10, 0.0),
)

TRIGONOMETRIC = problem(
    "26 trigonometric",
    [0.1] * 10,
    lambda xp, x: 10 - xp.cos(x).sum() + xp.asarray(_COUNT) * (1 - xp.cos(x)) - xp.sin(x),
    lambda x: np.sin(x)[None, :] + np.diag(_COUNT * np.sin(x) - np.cos(x)),
    ALG566,
    ([0] * 10, 0.0),
)


def _almost_linear(xp: Any, x: Any) -> Any:
    product = x[0]
    for place in range(1, 6):
        product = product * x[place]
    return xp.concatenate([x[:-1] + x.sum() - 7, xp.stack([product - 1])])


def _almost_linear_jacobian(x: Array) -> Array:
    others = [np.prod(np.delete(x, place)) for place in range(6)]
    return np.vstack([(np.eye(6) + 1)[:-1], others])


BROWN_ALMOST_LINEAR = problem(
    "27 Brown, almost linear", [0.5] * 6, _almost_linear, _almost_linear_jacobian, LMDER, ([1] * 6, 0.0)
)

_STEP = 1 / 9
_GRID = _STEP * np.arange(1.0, 9.0)

_ROOT = [
    *(-0.05206181499642855, -0.09679144332194009, -0.13272190890043167, -0.15796939485174988),
    *(-0.17007404480245802, -0.1657619445904976, -0.1405787915507358, -0.08830686222190341),
]
"""Of both of the next two problems."""


def _boundary_value(xp: Any, x: Any) -> Any:
    zero = xp.stack([0 * x[0]])
    neighbours = xp.concatenate([zero, x[:-1]]) + xp.concatenate([x[1:], zero])
    return 2 * x - neighbours + _STEP**2 * (x + xp.asarray(_GRID) + 1) ** 3 / 2


DISCRETE_BOUNDARY_VALUE = problem(
    "28 discrete boundary value",
    _GRID * (_GRID - 1),
    _boundary_value,
    lambda x: np.diag(2 + 1.5 * _STEP**2 * (x + _GRID + 1) ** 2) - np.eye(8, k=1) - np.eye(8, k=-1),
    HYBRJ,
    (_ROOT, 0.0),
)

_KERNEL = _STEP / 2 * np.where(_GRID[:, None] >= _GRID, (1 - _GRID[:, None]) * _GRID, _GRID[:, None] * (1 - _GRID))

DISCRETE_INTEGRAL = problem(
    "29 discrete integral equation",
    _GRID * (_GRID - 1),
    lambda xp, x: x + xp.asarray(_KERNEL) @ (x + xp.asarray(_GRID) + 1) ** 3,
    lambda x: np.eye(8) + 3 * _KERNEL * (x + _GRID + 1) ** 2,
    HYBRJ,
    (_ROOT, 0.0),
)


def _broyden_tridiagonal(xp: Any, x: Any) -> Any:
    zero = xp.stack([0 * x[0]])
    return (3 - 2 * x) * x - xp.concatenate([zero, x[:-1]]) - 2 * xp.concatenate([x[1:], zero]) + 1


BROYDEN_TRIDIAGONAL = problem(
    "30 Broyden, tridiagonal",
    [-1.0] * 8,
    _broyden_tridiagonal,
    lambda x: np.diag(3 - 4 * x) - np.eye(8, k=-1) - 2 * np.eye(8, k=1),
    HYBRJ,
    (
        [
            *(-0.5704698369645521, -0.6811405903331909, -0.7004284708169577, -0.7006724537898226),
            *(-0.691736332776106, -0.6657674263517837, -0.5960292391307003, -0.4164109994188798),
        ],
        0.0,
    ),
)

_BAND = sum(np.eye(10, k=-below) for below in range(1, 6)) + np.eye(10, k=1)

BROYDEN_BANDED = problem(
    "31 Broyden, banded",
    [-1.0] * 10,
    lambda xp, x: x * (2 + 5 * x**2) + 1 - xp.asarray(_BAND) @ (x * (1 + x)),
    lambda x: np.diag(2 + 15 * x**2) - _BAND * (1 + 2 * x),
    HYBRJ,
    (
        [
            *(-0.4283028635872503, -0.47659642435629024, -0.5196524636468617, -0.5580993248321809, -0.5925061568294574),
            *(-0.624503682199468, -0.6232394714405911, -0.6213938417965735, -0.6204535966590874, -0.5864692707204351),
        ],
        0.0,
    ),
)

_FULL = np.eye(10, 5) - 2 / 10

LINEAR_FULL_RANK = problem(
    "32 linear, full rank",
    [1.0] * 5,
    lambda xp, x: xp.asarray(_FULL) @ x - 1,
    lambda x: _FULL,
    LMDER,
    ([-1] * 5, 5.0),
)

_RANK_1 = np.outer(np.arange(1.0, 11.0), np.arange(1.0, 6.0))

LINEAR_RANK_1 = problem(
    "33 linear, rank 1",
    [1.0] * 5,
    lambda xp, x: xp.asarray(_RANK_1) @ x - 1,
    lambda x: _RANK_1,
    LMDER,
    ([3 / 21, 0, 0, 0, 0], 90 / 42),
)

_RANK_1_ZEROS = np.outer([*range(9), 0], [0.0, 2.0, 3.0, 4.0, 0.0])

LINEAR_RANK_1_ZEROS = problem(
    "34 linear, rank 1 with zero columns and rows",
    [1.0] * 5,
    lambda xp, x: xp.asarray(_RANK_1_ZEROS) @ x - 1,
    lambda x: _RANK_1_ZEROS,
    LMDER,
    ([0, 3 / 34, 0, 0, 0], 124 / 34),
)

_CHEBYSHEV_N = 7
_INTEGRALS = np.array([0 if i % 2 else -1 / (i**2 - 1) for i in range(1, _CHEBYSHEV_N + 1)])


def _chebyquad(xp: Any, x: Any) -> Any:
    before, now = 1 + 0 * x, 2 * x - 1
    means = []
    for _ in range(_CHEBYSHEV_N):
        means.append(now.mean())
        before, now = now, 2 * (2 * x - 1) * now - before
    return xp.stack(means) - xp.asarray(_INTEGRALS)


def _chebyquad_jacobian(x: Array) -> Array:
    rows, u = [], 2 * x - 1
    before, now, slope_before, slope = 1 + 0 * x, u, 0 * x, 2 + 0 * x
    for _ in range(_CHEBYSHEV_N):
        rows.append(slope / _CHEBYSHEV_N)
        # T' of the next: 4 T + 2 u T' - T' of the one before, by x, as u = 2x - 1.
        before, now, slope_before, slope = now, 2 * u * now - before, slope, 4 * now + 2 * u * slope - slope_before
    return np.array(rows)


CHEBYQUAD = problem(
    "35 Chebyquad",
    np.arange(1.0, _CHEBYSHEV_N + 1) / (_CHEBYSHEV_N + 1),
    _chebyquad,
    _chebyquad_jacobian,
    LMDER,
    (
        [
            *(0.058069149620975494, 0.23517161235742162, 0.3380440947400462, 0.5),
            *(0.6619559052599538, 0.7648283876425783, 0.9419308503790245),
        ],
        0.0,
    ),
)


def problems() -> Iterator[Scenario]:
    """Yield the problems by number, each at its starting point."""
    found = [value for value in globals().values() if isinstance(value, Scenario)]
    yield from sorted(found, key=lambda one: int(one.name.split()[0]))


PROBLEMS = tuple(problems())
