"""Grading: exercises whose answers are derived, decisions with a certificate, mistakes that are named."""
