"""Addresses of calls, applications and reviews."""

from __future__ import annotations

from django.urls import path

from chanye.domains.programme.pages import call_editor, funding, funding_form, office, review_desk

urlpatterns = [
    path("programme/", office.programme, name="programme"),
    path("programme/applications/", office.table, name="programme-applications"),
    path("programme/applications/<int:application_id>/", office.application, name="programme-application"),
    path("programme/applications/<int:application_id>/print/", funding.paper, name="programme-paper"),
    path(
        "programme/applications/<int:application_id>/papers/<int:document_id>/<str:name>",
        funding.document,
        name="programme-document",
    ),
    path("programme/calls/new/", call_editor.new_call, name="programme-call-new"),
    path("programme/calls/<int:call_id>/", call_editor.call, name="programme-call"),
    path("programme/reviews/", review_desk.my_reviews, name="programme-reviews"),
    path("programme/reviews/ties/", review_desk.own_ties, name="programme-ties"),
    path("programme/reviews/<int:application_id>/", review_desk.review, name="programme-review"),
    path("programme/funding/", funding.funding, name="funding"),
    path("programme/funding/firm/", funding.firm, name="funding-firm"),
    path("programme/funding/calls/<int:call_id>/", funding.start, name="funding-start"),
    path("programme/funding/<int:application_id>/", funding.application, name="funding-application"),
    path("programme/funding/<int:application_id>/<slug:name>/", funding_form.edit, name="funding-edit"),
]
