"""What is done with a submission inside the isolated process: each a module with a function ``run``.

``run(source, arguments, inputs)`` returns raw arrays by name, and remarks that JSON can hold. It stands beside the
submission, which can change anything in its process: what it returns is a stranger's word, and no verdict.
"""
