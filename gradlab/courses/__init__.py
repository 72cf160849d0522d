"""Whole courses: submissions read, graded and kept, and results written for where courses live."""

from gradlab.courses.results import Result, Results
from gradlab.courses.running import Summary, grade_course

__all__ = ["Result", "Results", "Summary", "grade_course"]
