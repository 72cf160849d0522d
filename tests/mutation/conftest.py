collect_ignore_glob = ["*"]  # pytest looks for doctests in every file, and Cosmic Ray is there for `make mutants` only
