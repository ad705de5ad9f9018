"""Reviews as rows. For the room itself."""

from __future__ import annotations

from django.utils.translation import gettext as _

from chanye.domains.programme.case_facts import rules_of
from chanye.domains.programme.models import Application, Review
from chanye.domains.programme.rules.calibration import Given, calibrate
from chanye.kernel.errors import ConfigError


def given_reviews(call_id: int) -> list[Given]:
    """Return the reviews of a call that count."""
    rows = Review.objects.filter(application__call_id=call_id, state="given", raw__isnull=False)
    return [Given(one[0], one[1], one[2] or 0.0) for one in rows.values_list("application_id", "person_id", "raw")]


def close_reviews(row: Application) -> None:
    """Go on only if enough reviews are given; then set the calibrated scores of the call's concluded cases.

    Raises
    ------
    ConfigError
        Saying how many reviews are missing.
    """
    given = Review.objects.filter(application=row, round=row.round, state="given").count()
    least = int(rules_of(row).rule("reviews").get("least", 1))
    if given < least:
        raise ConfigError(
            _("%(given)s of %(least)s reviews are given: ask more reviewers or wait.")
            % {"given": given, "least": least}
        )
    scores, _severities = calibrate(given_reviews(row.call_id))
    row.score = scores[row.pk].fair
    for one in Application.objects.filter(call_id=row.call_id, state="reviewed").exclude(pk=row.pk):
        if one.pk in scores and one.score != scores[one.pk].fair:
            Application.objects.filter(pk=one.pk).update(score=scores[one.pk].fair)
