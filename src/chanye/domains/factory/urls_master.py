"""Addresses of master data."""

from __future__ import annotations

from django.urls import path

from chanye.domains.factory.pages import documents, holidays, master, product

urlpatterns = [
    path("master/", master.master_home, name="master-home"),
    path("master/programs/", documents.program_list, name="programs"),
    path("master/programs/<int:program_id>/", documents.program_page, name="program"),
    path("master/skills/", documents.skill_matrix, name="skills"),
    path("master/materials/<int:material_id>/", product.material_page, name="material"),
    path("master/revisions/<int:revision_id>/", product.revision_page, name="revision"),
    path(
        "master/revisions/<int:revision_id>/instructions/<int:step>/",
        documents.instruction_form,
        name="instruction-form",
    ),
    path("master/instructions/<int:instruction_id>/", documents.instruction_page, name="instruction"),
    path("master/reasons/starter/", master.starter_reasons, name="starter-reasons"),
    path("master/routings/release/", master.release_drafts, name="release-drafts"),
    path("calendars/<int:calendar_id>/holidays/", holidays.calendar_holidays, name="calendar-holidays"),
    path("master/<slug:name>/", master.book_list, name="master"),
    path("master/<slug:name>/import/", master.book_import, name="master-import"),
    path("master/<slug:name>/new/", master.book_form, name="master-new"),
    path("master/<slug:name>/<int:row_id>/", master.book_form, name="master-row"),
]
