"""The ladder: central differences at steps from a quarter of |x| down to its last bits."""
from __future__ import annotations
from typing import TYPE_CHECKING
from gradlab.numeric.extrapolation import RATIO, ROUNDING, limit
from gradlab.numeric.probing import Probe
if TYPE_CHECKING:
    from gradlab.graph.point import Array

RUNGS = 24

def climb(probe, variable):
    import numpy as np
    x = probe.point[variable].reshape(-1, 1)
    m = x.shape[0]
    scale = np.where(x == 0, 1.0, 2.0 ** np.floor(np.log2(np.where(x == 0, 1.0, np.abs(x)))))
    h = scale * RATIO ** -np.arange(1, RUNGS + 1.0)
    above, below = x + h, x - h
    up, down = above - x, x - below
    fall = probe.along(variable, np.concatenate([above, below], axis=1))
    fp, fm = fall[:, :RUNGS], fall[:, RUNGS:]
    f0 = probe.centre
    D = (fp - fm) / (up + down)
    S = (fp - f0) - (f0 - fm)
    D -= np.where(up!=down, S / (up * down) * (up - down) / 2, 0)
    measured = np.fmax(noise_of(S,2),noise_of(fp-fm,1))[:, None]/2
    floor = ROUNDING * np.fmax(np.abs(fp), np.abs(fm))
    still = (np.where(np.isnan(fp),f0,fp)==f0).all(axis=1)&(np.where(np.isnan(fm),f0,fm)==f0).all(axis=1)
    noise = np.fmax(np.fmax(measured, floor), np.where(still,ROUNDING,0)[:,None])
    return limit(D, (up + down) / 2, noise, (2, 4, 6)), noise



RUN = 3
FINE=11
def noise_of(q, order):
    import numpy as np
    samples = np.abs(q[:, 1:] - q[:, :-1] / RATIO**order)
    k = samples.shape[1]
    with np.errstate(all="ignore"):
        ratio = samples[:, 1:] / samples[:, :-1]
    promised = RATIO ** -(order + 2)
    gradual = (ratio <= 0.125) & (ratio >= promised / 2**8)
    initial = np.logical_and.accumulate(gradual | np.isnan(ratio), axis=1).sum(axis=1)
    runs = gradual[:, 2:] & gradual[:, 1:-1] & gradual[:, :-2]
    last = np.where(runs.any(axis=1), runs.shape[1] - np.argmax(runs[:, ::-1], axis=1) + RUN - 1, 0)
    start = np.maximum(initial, last)
    level = np.arange(k)
    clean = np.where(np.isnan(samples), 0, samples)
    pairs = np.maximum(clean[:, 1:], clean[:, :-1])   # pairs[l] = max(s_l, s_{l+1})
    flat = np.zeros_like(samples, dtype=bool)
    # l with l-2 >= start
    here = (pairs[:, 2:] >= pairs[:, :-2] / 4) & (level[2:-1] - 2 >= start[:, None]) & (pairs[:, :-2]<=64*pairs[:,2:])
    flat[:, 2:-1] |= here
    flat[:, 3:] |= here
    flat[:, :-3] |= here
    flat[:, 1:-2] |= here
    fine = (level >= FINE) & (level>=start[:, None])
    return np.max(np.where(flat | fine, clean, 0), axis=1, initial=0.0)
