"""Who a request is: by session, by token, in the demo; and the pages of the room."""

import pytest
from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from chanye.kernel.time import SECOND
from chanye.parties import actions
from chanye.parties.identity import viewer_for
from chanye.parties.models import AuditEntry, Person
from chanye.parties.sign_in import FIRST_WAIT, FREE_FAILURES, FREE_FAILURES_ADDRESS, LONGEST_WAIT, sign_in, wait_after
from chanye.parties.types import SYSTEM, Viewer
from chanye.web.middleware import viewer_middleware
from parties.firms import PASSWORD, Firms


def _signed_in(viewer: Viewer) -> Client:
    client = Client()
    client.force_login(Person.objects.get(pk=viewer.person_id))
    return client


def test_signing_in_and_out(firms: Firms) -> None:
    client = Client()
    assert client.get("/people/").headers["Location"] == "/sign-in/?next=/people/"
    assert client.get("/sign-in/").status_code == 200
    form = {"username": f"admin{firms.a}", "password": "wrong", "next": "/people/"}
    assert client.post("/sign-in/", form).status_code == 422
    found = client.post("/sign-in/", form | {"password": PASSWORD})
    assert (found.status_code, found.headers["Location"]) == (302, "/people/")
    assert "admin 张" in client.get("/people/").content.decode()
    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert client.get("/people/").status_code == 302


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\x00"])
def test_sign_in_leads_nowhere_else(firms: Firms, onward: str) -> None:
    form = {"username": f"admin{firms.a}", "password": PASSWORD, "next": onward}
    assert Client().post("/sign-in/", form).headers["Location"] == "/"


def test_failed_attempts_slow_down_and_say_how_long(firms: Firms) -> None:
    form = {"username": f"admin{firms.a}", "password": "wrong"}
    client = Client()
    answers = [client.post("/sign-in/", form).content.decode() for _ in range(FREE_FAILURES + 2)]
    assert "14" in answers[-1] or "15" in answers[-1]
    assert client.post("/sign-in/", form | {"password": PASSWORD}).status_code == 422  # right, but too early
    assert Client(REMOTE_ADDR="10.0.0.9").post("/sign-in/", form | {"password": PASSWORD}).status_code == 302
    assert AuditEntry.objects.filter(verb="slow_sign_in").count() == 1


def test_the_wait_doubles_ends_and_is_forgotten(firms: Firms) -> None:
    assert [wait_after(n) for n in range(FREE_FAILURES, FREE_FAILURES + 4)] == [0, 15, 30, 60]
    assert wait_after(10_000) == LONGEST_WAIT
    name = f"admin{firms.a}"

    def attempt(password: str, at: int) -> tuple[bool, int]:
        found = sign_in(username=name, password=password, address="10.0.0.1", now=at * SECOND)
        return found.person_id is not None, found.wait_seconds

    assert [attempt("no", i) for i in range(FREE_FAILURES)] == [(False, 0)] * FREE_FAILURES
    assert attempt("no", 10) == (False, FIRST_WAIT)
    assert attempt(PASSWORD, 11) == (False, FIRST_WAIT - 1)
    assert attempt(PASSWORD, 25) == (True, 0)
    assert attempt("no", 26) == (False, 0)
    assert attempt("nul\x00", 27) == (False, 0)


def test_many_names_from_one_address_slow_down_too(db: None) -> None:
    waits = [
        sign_in(username=f"u{i}", password="x", address="10.0.0.2", now=i).wait_seconds
        for i in range(FREE_FAILURES_ADDRESS + 2)
    ]
    assert waits[:FREE_FAILURES_ADDRESS] == [0] * FREE_FAILURES_ADDRESS
    assert waits[FREE_FAILURES_ADDRESS:] == [FIRST_WAIT, FIRST_WAIT]


def _seen(request: HttpRequest) -> HttpResponse:
    viewer = request.viewer
    return JsonResponse(
        {"person": viewer.person_id, "organisation": viewer.organisation_id, "roles": sorted(viewer.roles)}
    )


def _ask(path: str, method: str = "GET", user: object = None, **meta: str) -> tuple[int, dict[str, object]]:
    from django.contrib.auth.models import AnonymousUser

    request = RequestFactory().generic(method, path, **meta)
    request.user = user or AnonymousUser()
    answer = viewer_middleware(_seen)(request)
    return answer.status_code, __import__("json").loads(answer.content)


def test_a_token_opens_the_api_and_a_cookie_opens_it_for_reading(firms: Firms) -> None:
    _, secret = actions.create_api_token(actor=firms.engineer, name="line PC")
    mine = {"person": firms.engineer.person_id, "organisation": firms.a, "roles": ["engineer"]}
    for method in ("GET", "POST"):
        assert _ask("/api/x", method, HTTP_AUTHORIZATION=f"Bearer {secret}") == (200, mine)
        assert _ask("/api/x", method, HTTP_AUTHORIZATION="Bearer nonsense")[0] == 401
    assert _ask("/x", HTTP_AUTHORIZATION=f"Bearer {secret}")[1]["person"] is None
    person = Person.objects.get(pk=firms.engineer.person_id)
    assert _ask("/api/x", "GET", person) == (200, mine)
    assert _ask("/api/x", "POST", person)[1]["person"] is None
    assert _ask("/x", "POST", person) == (200, mine)


def test_the_demo_engineer_is_for_this_machine_only(firms: Firms, settings: Settings) -> None:
    number = actions.create_person(
        actor=SYSTEM, organisation_id=firms.a, username="demo", name="示范", role="engineer"
    )
    assert _ask("/x", REMOTE_ADDR="127.0.0.1")[1]["person"] is None
    settings.CHANYE = django_settings.CHANYE.model_copy(update={"demo": True})
    assert _ask("/x", REMOTE_ADDR="127.0.0.1")[1]["person"] == number
    assert _ask("/x", REMOTE_ADDR="::1")[1]["person"] == number
    assert _ask("/api/x", REMOTE_ADDR="127.0.0.1")[1]["person"] == number
    for far in (
        {"REMOTE_ADDR": "10.0.0.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "1.2.3.4"},
        {"REMOTE_ADDR": ""},
    ):
        assert _ask("/x", **far)[1]["person"] is None


def test_pages_of_the_room(firms: Firms) -> None:
    admin = _signed_in(firms.admin)
    for path in ("/people/", "/tokens/", "/audit/", "/organisation/", "/password/", "/audit/?q=张&before=9"):
        assert admin.get(path).status_code == 200, path
    for language in ("en", "zh-hans"):
        assert _signed_in(firms.operator).get("/audit/", headers={"accept-language": language}).status_code == 404


def test_people_are_added_and_roles_taken_on_the_page(firms: Firms) -> None:
    admin = _signed_in(firms.admin)
    new = {"username": "wang", "role": "planner", "name": "王", "password": "a first password"}
    assert "王" in admin.post("/people/", new).content.decode()
    number = Person.objects.get(username="wang").pk
    assert viewer_for(number).roles == {"planner"}
    admin.post("/people/", {"username": "wang", "role": "quality"})
    assert viewer_for(number).roles == {"planner", "quality"}
    admin.post("/people/", {"take": f"{number}:planner"})
    assert viewer_for(number).roles == {"quality"}
    for bad in ("", ":", "9" * 40 + ":x", "²:x", f"{number}:king"):
        assert admin.post("/people/", {"take": bad} if bad else {"username": "\x00"}).status_code == 200


def test_tokens_are_made_and_revoked_on_the_page(firms: Firms) -> None:
    engineer = _signed_in(firms.engineer)
    page = engineer.post("/tokens/", {"name": "线边", "days": "30"}).content.decode()
    assert "chy_" in page
    assert "chy_" not in engineer.get("/tokens/").content.decode()
    number = AuditEntry.objects.get(verb="create_api_token").target.split(":")[1]
    engineer.post("/tokens/", {"revoke": number})
    assert AuditEntry.objects.filter(verb="revoke_api_token").count() == 1
    assert engineer.post("/tokens/", {"revoke": "9" * 30}).status_code == 200


def test_the_password_page_keeps_the_session(firms: Firms) -> None:
    engineer = _signed_in(firms.engineer)
    form = {"old_password": PASSWORD, "password": "an even longer one"}
    assert engineer.post("/password/", form).status_code == 302
    assert engineer.get("/password/").status_code == 200


def test_the_organisation_is_switched_on_the_page(firms: Firms) -> None:
    actions.add_member(
        actor=firms.stranger, organisation_id=firms.b, person_id=firms.engineer.person_id or 0, role="planner"
    )
    engineer = _signed_in(firms.engineer)
    assert engineer.post("/organisation/", {"organisation": str(firms.b)}).status_code == 302
    assert viewer_for(firms.engineer.person_id or 0).organisation_id == firms.b
    assert _signed_in(firms.operator).post("/organisation/", {"organisation": str(firms.b)}).status_code == 404


def test_the_start_page_asks_strangers_to_sign_in_and_brings_them_back(firms: Firms) -> None:
    answer = Client().get("/?all=1")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=%2F%3Fall%3D1")
    lost = Client().get("/machines/999999/?day=2017-02-01")
    assert lost.status_code == 404
    assert b"/sign-in/?next=/machines/999999/%3Fday%3D2017-02-01" in lost.content
    assert b"chanye init" not in Client().get("/sign-in/").content


def test_the_first_visitor_of_all_is_told_how_to_get_in(db: None) -> None:
    assert b"chanye init FIRM --site SITE" in Client().get("/sign-in/").content
