"""Addresses of agreements, claims and the ledger."""

from __future__ import annotations

from django.urls import path

from chanye.domains.programme.pages import awards, certificates, claims, figures, ledger, portfolio

urlpatterns = [
    path("programme/awards/", awards.agreement_list, name="awards"),
    path("programme/awards/<int:agreement_id>/", awards.agreement_page, name="award"),
    path("programme/awards/<int:agreement_id>/print/", awards.agreement_paper, name="award-paper"),
    path("programme/awards/<int:agreement_id>/files/<int:file_id>/<str:name>", awards.award_file, name="award-file"),
    path("programme/claims/", claims.claim_list, name="award-claims"),
    path("programme/claims/<int:claim_id>/", claims.claim_page, name="award-claim"),
    path("programme/ledger/", ledger.ledger_page, name="ledger"),
    path("programme/ledger/lines/", ledger.ledger_lines, name="ledger-lines"),
    path("programme/ledger/journals/<int:journal_id>/", ledger.journal_page, name="ledger-journal"),
    path("programme/portfolios/", portfolio.portfolios, name="portfolios"),
    path("programme/portfolios/<int:run_id>/", portfolio.portfolio, name="portfolio"),
    path("programme/certificates/", certificates.certificate_list, name="certificates"),
    path("programme/certificates/import/", certificates.certificate_import, name="certificate-import"),
    path("programme/certificates/<int:certificate_id>/", certificates.certificate_page, name="certificate"),
    path("programme/figures/", figures.programme_figures, name="programme-figures"),
]
