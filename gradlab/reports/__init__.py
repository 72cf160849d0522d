"""Documents made of records: derivations, gradients, comparisons and descents."""

from gradlab.reports.building import report
from gradlab.reports.document import Report, Section
from gradlab.reports.pictures import Picture

__all__ = ["Picture", "Report", "Section", "report"]
