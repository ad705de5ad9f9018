"""Addresses of the room."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from chanye.parties import pages

urlpatterns = [
    path("sign-in/", login_not_required(pages.sign_in_page), name="sign-in"),
    path("sign-out/", login_not_required(pages.sign_out_page), name="sign-out"),
    path("organisation/", pages.switch_page, name="switch-organisation"),
    path("tokens/", pages.tokens_page, name="tokens"),
    path("people/", pages.people_page, name="people"),
    path("password/", pages.password_page, name="password"),
    path("", include("chanye.parties.webhooks.urls")),
    path("audit/", pages.audit_page, name="audit"),
]
