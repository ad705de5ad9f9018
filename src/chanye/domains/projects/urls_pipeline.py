"""Addresses of the pipeline and the ranking."""

from __future__ import annotations

from django.urls import path

from chanye.domains.projects.pages import pipeline, project, ranking, report

urlpatterns = [
    path("projects/", pipeline.board, name="projects"),
    path("projects/new/", project.edit_project, name="project-new"),
    path("projects/import/", pipeline.project_import, name="project-import"),
    path("projects/oc4ids.json", pipeline.oc4ids_file, name="project-oc4ids"),
    path("projects/<int:project_id>/", project.project_page, name="project"),
    path("projects/<int:project_id>/edit/", project.edit_project, name="project-edit"),
    path("projects/<int:project_id>/change/", project.change_project, name="project-change"),
    path("projects/<int:project_id>/milestones/", project.edit_milestones, name="project-milestones"),
    path("projects/<int:project_id>/report/", report.report_page, name="project-report"),
    path("ranking/", ranking.ranking_page, name="ranking"),
    path("ranking/studio/", ranking.studio, name="ranking-studio"),
    path("ranking/<int:ranking_id>/", ranking.ranking_page, name="ranking-published"),
    path("ranking/<int:ranking_id>/bundle.zip", ranking.bundle, name="ranking-bundle"),
]
