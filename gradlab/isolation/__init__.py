"""Isolation: a stranger's code in a process of its own, which returns raw numbers and can do nothing else."""

from gradlab.isolation.probing import available, missing
from gradlab.isolation.records import Level, Limits, Outcome, Status, Task
from gradlab.isolation.sandbox import Sandbox, shared, trusting

__all__ = ["Level", "Limits", "Outcome", "Sandbox", "Status", "Task", "available", "missing", "shared", "trusting"]
