"""The three-parameter fit that the tests share: the loss as a torch user writes it, and its data."""

from __future__ import annotations

from gradlab import data

START = [-0.57139085, -0.11943031, -1.26767105]
RIDE = data.load("rollercoaster")
PUBLISHED = data.load("rollercoaster_published")
LARGEST_CURVATURE = 56499.4
"""The largest eigenvalue of the Hessian, 2/n X^T X with the columns t², t, 1; checked in test_diagnosis."""


def f(t, params):
    a, b, c = params
    return a * (t**2) + (b * t) + c


def mse(preds, targets):
    return ((preds - targets) ** 2).mean()


def torch_loss():
    import torch

    time, speed = (torch.tensor(RIDE[name], dtype=torch.float64) for name in ("time", "speed"))

    def loss(params):
        return mse(f(time, params), speed)

    return loss


def numpy_loss():
    import numpy as np

    time, speed = (np.array(RIDE[name]) for name in ("time", "speed"))

    def loss(params):
        return np.mean((f(time, params) - speed) ** 2)

    return loss
