"""The HTTP API: mounts the routers of the rooms, says who may call, and turns errors into next steps."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer

from chanye.kernel.errors import ChanyeError, ConfigError, DeniedError, TransientError
from chanye.parties.types import Viewer

#: Rooms that bring a ``router``; named, not imported, so that a room may be absent.
ROOMS = (
    "chanye.spine.api",
    "chanye.trace.api",
    "chanye.evidence.api",
    "chanye.domains.factory.api",
    "chanye.domains.programme.api",
    "chanye.domains.projects.api",
    "chanye.scoreboard.api",
    "chanye.connectors.api",
    "chanye.parties.webhooks.api",
)


class SignedIn(HttpBearer):
    """A token as ``Authorization: Bearer``; the viewer middleware has already looked it up.

    A person signed in with a browser may read without a token.
    """

    def __call__(self, request: HttpRequest) -> Viewer | None:
        """Return the viewer if it belongs to an organisation."""
        viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # put there by the viewer middleware
        return viewer if viewer.system or viewer.organisation_id is not None else None

    def authenticate(self, request: HttpRequest, token: str) -> Viewer | None:
        """Unused: the middleware has done it."""
        return None


api = NinjaAPI(
    title="chanye",
    version="1",
    description=(
        "One data spine from the sensor to the scoreboard. Every number says its unit and how much of it is known; "
        "times are microseconds since 1970-01-01T00:00Z."
    ),
    auth=SignedIn(),
    docs_url=None,
    urls_namespace="api",
)

for _room in ROOMS:
    if find_spec(_room):
        api.add_router("", import_module(_room).router)


def _answer(request: HttpRequest, status: int, error: str, what_to_do: str) -> HttpResponse:
    return api.create_response(request, {"error": error, "what_to_do": what_to_do}, status=status)


def _handler(status: int, error: str) -> Callable[[HttpRequest, Any], HttpResponse]:
    def handle(request: HttpRequest, problem: Any) -> HttpResponse:
        return _answer(request, status, error, str(problem))

    return handle


# What may not be seen does not exist, for whoever asks.
api.add_exception_handler(DeniedError, _handler(404, "not_found"))
api.add_exception_handler(ConfigError, _handler(422, "not_possible"))
api.add_exception_handler(TransientError, _handler(503, "try_again"))
api.add_exception_handler(ChanyeError, _handler(400, "refused"))


@api.exception_handler(AuthenticationError)
def _unsigned(request: HttpRequest, problem: Exception) -> HttpResponse:
    response = _answer(request, 401, "not_signed_in", "Send a token as Authorization: Bearer; make one on your page.")
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, problem: ValidationError) -> HttpResponse:
    found = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in problem.errors]
    return _answer(request, 422, "not_valid", "Correct these values and send again: " + "; ".join(found) + ".")


@api.exception_handler(OverflowError)
def _too_large(request: HttpRequest, problem: Exception) -> HttpResponse:
    return _answer(request, 422, "not_valid", "A number is larger than any that is kept: correct it and send again.")


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, problem: HttpError) -> HttpResponse:
    return _answer(request, problem.status_code, "refused", str(problem))
