"""Reviews as rows. For the room itself."""

from __future__ import annotations

from chanye.domains.programme.models import Review
from chanye.domains.programme.rules.calibration import Given


def given_reviews(call_id: int) -> list[Given]:
    """Return the reviews of a call that count."""
    rows = Review.objects.filter(application__call_id=call_id, state="given", raw__isnull=False)
    return [Given(one[0], one[1], one[2] or 0.0) for one in rows.values_list("application_id", "person_id", "raw")]
