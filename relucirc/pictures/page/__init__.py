"""Pages to hand around: what was found out about a network as one HTML file that answers questions without a server."""

from relucirc.pictures.page.reporting import Report as Report
from relucirc.pictures.page.reporting import report as report
