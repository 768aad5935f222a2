"""What people and machines are told: as values first, then as text on a terminal or as JSON."""

from .drift import DriftReport, Row, drift_report, plan_rows
from .run import RunReport, run_report

__all__ = ["DriftReport", "Row", "RunReport", "drift_report", "plan_rows", "run_report"]
