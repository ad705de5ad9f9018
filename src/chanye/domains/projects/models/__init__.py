"""Tables of the projects room."""

from chanye.domains.projects.models.pipeline import Payment, Project, ProjectYear, StageRecord
from chanye.domains.projects.models.profiles import FirmProfile, ScopePeriod
from chanye.domains.projects.models.progress import Baseline, Milestone, Photo, Report
from chanye.domains.projects.models.ranking import Formula, Ranking
from chanye.domains.projects.models.releases import Release
from chanye.domains.projects.models.returns import ClosedMonth, Indicator, MonthlyReturn
from chanye.domains.projects.models.targets import Target

__all__ = [
    "Baseline",
    "ClosedMonth",
    "FirmProfile",
    "Formula",
    "Indicator",
    "Milestone",
    "MonthlyReturn",
    "Payment",
    "Photo",
    "Project",
    "ProjectYear",
    "Ranking",
    "Release",
    "Report",
    "ScopePeriod",
    "StageRecord",
    "Target",
]
