"""Short programs of a first course in three styles: each is read rightly or refused, never misread."""

from tests.sources.corpus import in_numpy, in_text, in_torch

PROGRAMS = [*in_text.PROGRAMS, *in_numpy.PROGRAMS, *in_torch.PROGRAMS]
