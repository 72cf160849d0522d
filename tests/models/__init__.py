"""Functions with points, one file for each subject: every route is tried on every one of them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.models.model import Model

SUBJECTS = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in ("__init__", "model"))

MODELS: list[Model] = [model for subject in SUBJECTS for model in import_module(f"tests.models.{subject}").MODELS]
