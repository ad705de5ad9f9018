"""Two firms and the people of one of them."""

import pytest
from pytest_django import Settings

from chanye.parties import actions
from chanye.parties.identity import viewer_for
from chanye.parties.types import SYSTEM, Viewer
from parties.firms import PASSWORD, Firms


@pytest.fixture(autouse=True)
def _quick_hash(settings: Settings) -> None:
    """Do not spend a third of a second on every password of a test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def firms(db: None) -> Firms:
    a = actions.create_organisation(actor=SYSTEM, code="甲", name="甲机械")
    b = actions.create_organisation(actor=SYSTEM, code="b", name="B works")

    def person(organisation: int, role: str) -> Viewer:
        number = actions.create_person(
            actor=SYSTEM,
            organisation_id=organisation,
            username=f"{role}{organisation}",
            name=f"{role} 张",
            role=role,
            password=PASSWORD,
        )
        return viewer_for(number)

    roles = ("admin", "manager", "engineer", "operator")
    return Firms(a, b, *(person(a, role) for role in roles), person(b, "admin"))
