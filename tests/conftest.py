"""How Hypothesis draws: the same examples in every run, so that a failure is the change's and not the draw's.

``HYPOTHESIS_PROFILE=search pytest`` draws anew, and ten times as many.
"""

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
