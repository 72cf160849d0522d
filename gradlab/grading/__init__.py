"""Grading: exercises whose answers are derived, decisions with a certificate, mistakes that are named."""

from gradlab.grading.code import CodeExercise, CodeGrade
from gradlab.grading.exercises import Exercise
from gradlab.grading.marking import Grade, grade

__all__ = ["CodeExercise", "CodeGrade", "Exercise", "Grade", "grade"]
