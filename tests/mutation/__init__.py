"""How much the tests notice: `python -m tests.mutation` changes gradlab in many places, one after the other.

`docs/project/mutation-testing.md` says how mutants are drawn and what came of it.
"""
