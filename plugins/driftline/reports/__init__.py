"""What people and machines are told: as values first, then as text on a terminal or as JSON."""

from .drift import DriftReport, Row, drift_report
from .plan import PlanDiff, PlanView, plan_diff, plan_rows, plan_view
from .run import RunReport, run_report

__all__ = [
    "DriftReport",
    "PlanDiff",
    "PlanView",
    "Row",
    "RunReport",
    "drift_report",
    "plan_diff",
    "plan_rows",
    "plan_view",
    "run_report",
]
