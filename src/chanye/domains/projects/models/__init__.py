"""Tables of the projects room."""

from chanye.domains.projects.models.pipeline import Payment, Project, ProjectYear, StageRecord
from chanye.domains.projects.models.progress import Baseline, Milestone, Photo, Report
from chanye.domains.projects.models.ranking import Formula, Ranking

__all__ = [
    "Baseline",
    "Formula",
    "Milestone",
    "Payment",
    "Photo",
    "Project",
    "ProjectYear",
    "Ranking",
    "Report",
    "StageRecord",
]
