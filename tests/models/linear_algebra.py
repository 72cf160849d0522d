"""Inverses, determinants, Cholesky factors, triangles, norms: regressions and Gaussians with a covariance."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tests.models.model import Model, drawn, modelled


def definite(size: int, seed: int = 0) -> np.ndarray:
    """Return a symmetric positive definite matrix."""
    factor = drawn(size, size, seed=seed)
    return factor @ factor.T + size * np.eye(size)


def regular(size: int, seed: int = 0) -> np.ndarray:
    """Return a matrix that is not symmetric, with a positive determinant."""
    return drawn(size, size, seed=seed) + 3 * np.eye(size)


def gaussian_by_cholesky(S: Any, mu: Any, y: Any) -> Any:
    L = torch.linalg.cholesky(S)
    z = torch.linalg.solve_triangular(L, (y - mu)[:, None], upper=False)
    return 0.5 * (z**2).sum() + torch.log(torch.diag(L)).sum()


def gaussian_by_solving(S: Any, mu: Any, y: Any) -> Any:
    r = y - mu
    return 0.5 * (r @ torch.linalg.solve(S, r)) + 0.5 * torch.linalg.slogdet(S).logabsdet


def ridge_solution(X: Any, y: Any, V: Any, t: Any) -> Any:
    w = torch.linalg.solve(X.T @ X + 3 * torch.eye(3, dtype=torch.float64), X.T @ y)
    return ((V @ w - t) ** 2).mean()


def systems(A: Any, B: Any) -> Any:
    X = torch.linalg.solve(A, B)
    return (X**2).sum() + torch.linalg.solve(A, B.mT, left=False).sum()


def norms(X: Any) -> Any:
    rows = torch.linalg.norm(X, dim=1, keepdim=True)
    return torch.norm(X, 1) + torch.norm(X, p=3) + (X / rows)[0, 0] + torch.linalg.matrix_norm(X)


def triangles(A: Any, B: Any) -> Any:
    U = torch.triu(A) + 4 * torch.eye(3, dtype=torch.float64)
    solved = torch.linalg.solve_triangular(U, B, upper=True) + torch.linalg.solve_triangular(
        A, B, upper=False, unitriangular=True
    )
    return (torch.tril(A, -1) ** 2).sum() + (solved**2).sum()


def by_a_factor(S: Any, B: Any) -> Any:
    L = torch.linalg.cholesky(S)
    return (B * torch.cholesky_solve(B, L)).sum() + torch.cholesky_inverse(L)[0].sum()


def diagonals(A: Any, v: Any) -> Any:
    return torch.trace(torch.diag(v) @ A @ A.T) + (torch.diagonal(A, 1) ** 2).sum()


CODE = [
    ("norms", norms, {"X": (2, 3)}),
    ("cross product", lambda a, b, c: torch.linalg.cross(a, b) @ c, {"a": (3,), "b": (3,), "c": (3,)}),
    ("diagonals", diagonals, {"A": (3, 4), "v": (3,)}),
]
A3, S3 = regular(3), definite(3)
MODELS = [
    Model("log det", lambda A: torch.logdet(A), {"A": regular(3)}),
    Model("inverse trace", lambda A, B: torch.trace(torch.linalg.inv(A) @ B), {"A": A3, "B": drawn(3, 3, seed=5)}),
    Model("quadratic form with an inverse", lambda b, A: b @ torch.inverse(A) @ b, {"b": drawn(3), "A": A3}),
    Model("systems", systems, {"A": A3, "B": drawn(3, 2)}),
    Model("many systems", lambda A, b: torch.linalg.solve(A, b).pow(2).sum(), {"A": np.stack([A3, S3]), "b": drawn(3)}),
    Model("determinant", lambda A: torch.det(A) + torch.linalg.det(A[:2, :2]), {"A": A3}),
    Model("Gaussian by Cholesky", gaussian_by_cholesky, {"S": S3, "mu": drawn(3), "y": drawn(3, seed=3)}),
    Model("Gaussian by solving", gaussian_by_solving, {"S": S3, "mu": drawn(3), "y": drawn(3, seed=3)}),
    Model("by a Cholesky factor", by_a_factor, {"S": S3, "B": drawn(3, 2)}),
    Model("ridge solution", ridge_solution, {"X": drawn(4, 3), "y": drawn(4), "V": drawn(2, 3, seed=1), "t": drawn(2)}),
    Model("triangles", triangles, {"A": drawn(3, 3), "B": drawn(3, 2)}),
    Model("powers of a matrix", lambda A: torch.linalg.matrix_power(A, 3)[0, 1] * A.matrix_power(-2)[1, 0], {"A": A3}),
    *modelled(CODE),
]
