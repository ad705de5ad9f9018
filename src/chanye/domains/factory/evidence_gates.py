"""The gates a factory can be certified by: digital workshop and smart factory, as queries on what is stored here."""

from __future__ import annotations

from functools import partial

from django.utils.functional import Promise

from chanye.domains.factory.gate_words import GATES, RULES
from chanye.domains.factory.queries import certification
from chanye.evidence.gates import Check, Gate, Outcome, register
from chanye.parties.types import Viewer


def _look(name: str, viewer: Viewer, site_id: int, start: int, end: int) -> Outcome:
    report = certification.gates(viewer, site_id, (start, end))
    found = next(one for one in report.gates if one.name == name)
    checks = tuple(
        Check(
            one.rule.name,
            one.rule.least,
            one.rule.unit,
            one.rule.lower,
            one.rule.ours,
            one.found.value,
            one.found.numerator,
            one.found.denominator,
            one.found.coverage,
            one.state,
        )
        for one in found.criteria
    )
    edition = report.edition
    return Outcome(
        f"factory.{name}", found.state, edition.code, edition.source, report.start, report.end, checks, report.digest
    )


def _word(code: str) -> str | Promise:
    return RULES[code][0] if code in RULES else code


def register_gates() -> None:
    """Declare the gates of a factory; called once when the room starts."""
    for name, label in GATES.items():
        register(Gate(f"factory.{name}", label, partial(_look, name), _word))
