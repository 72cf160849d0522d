"""From a graph to source text, and from there to a fast function."""
