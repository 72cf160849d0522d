"""Exercises that ask for code: run isolated on fresh inputs, and held against the derived gradient."""

from gradlab.grading.code.exercises import CodeExercise
from gradlab.grading.code.grades import CodeGrade

__all__ = ["CodeExercise", "CodeGrade"]
