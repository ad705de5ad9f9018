"""Who may do what: one table from permission to roles, and the questions asked of it.

A permission is ``verb_noun``. It always concerns one organisation: roles held elsewhere count for nothing.
"""

from __future__ import annotations

from typing import get_args

from django.utils.translation import gettext as _

from chanye.kernel.errors import DeniedError
from chanye.parties.types import Role, Viewer

ROLES: frozenset[str] = frozenset(get_args(Role))

#: Everybody who works in the organisation; the public does not.
MEMBERS = ROLES - {"public"}


#: What only the office of a district does: permission -> roles that hold it there, and nowhere else.
OFFICE: dict[str, frozenset[str]] = {
    "read_programme": frozenset({"officer", "reviewer", "finance", "auditor", "manager", "admin"}),
    "run_calls": frozenset({"officer", "manager", "admin"}),
    "check_applications": frozenset({"officer", "admin"}),
    "review_applications": frozenset({"reviewer"}),
    "approve_awards": frozenset({"manager"}),
    "pay_claims": frozenset({"finance"}),
    "verify_claims": frozenset({"officer", "auditor"}),
    "keep_ledger": frozenset({"finance", "manager"}),
    "certify_sites": frozenset({"officer", "manager"}),
    "read_ledger": frozenset({"finance", "auditor", "manager", "admin", "officer"}),
    "read_projects": frozenset({"officer", "reviewer", "finance", "auditor", "manager", "admin"}),
    "edit_projects": frozenset({"officer", "manager", "admin"}),
    "verify_progress": frozenset({"officer", "auditor"}),
    "publish_ranking": frozenset({"officer", "manager"}),
    "set_targets": frozenset({"manager", "officer"}),
    "read_statistics": frozenset({"officer", "auditor", "manager", "admin"}),
    "publish_release": frozenset({"officer", "manager"}),
    "edit_statistics": frozenset({"officer", "manager"}),
    # What single firms reported is a compartment of its own: who checks it sees it, nobody else.
    "handle_returns": frozenset({"officer"}),
}

#: permission -> roles that hold it in their own organisation.
PERMISSIONS: dict[str, frozenset[str]] = {
    "read_organisation": MEMBERS,
    "edit_organisation": frozenset({"admin"}),
    "read_members": MEMBERS,
    "manage_members": frozenset({"manager", "admin"}),
    "grant_admin": frozenset({"admin"}),
    "create_token": frozenset({"engineer", "manager", "admin"}),
    "manage_tokens": frozenset({"admin"}),
    "read_webhooks": frozenset({"engineer", "manager", "auditor", "admin"}),
    "manage_webhooks": frozenset({"engineer", "manager", "admin"}),
    "read_audit": frozenset({"auditor", "manager", "admin"}),
    "read_site": MEMBERS,
    "store_file": MEMBERS - {"auditor"},
    "edit_site": frozenset({"engineer", "manager", "admin"}),
    "read_connection": frozenset({"engineer", "maintenance", "manager", "auditor", "admin"}),
    "edit_connection": frozenset({"engineer", "admin"}),
    "import_data": frozenset({"engineer", "admin"}),
    "edit_calendar": frozenset({"planner", "manager", "engineer", "admin"}),
    "edit_master": frozenset({"planner", "engineer", "quality", "manager", "admin"}),
    "plan_orders": frozenset({"planner", "engineer", "manager", "admin"}),
    "exchange_documents": frozenset({"planner", "engineer", "manager", "admin"}),
    "manage_schemas": frozenset({"admin"}),
    "release_orders": frozenset({"planner", "manager", "admin"}),
    "hold_orders": frozenset({"planner", "quality", "engineer", "manager", "admin"}),
    "close_orders": frozenset({"planner", "manager", "admin"}),
    "settle_entries": frozenset({"planner", "quality", "engineer", "manager", "admin"}),
    "record_inspection": frozenset({"operator", "quality", "engineer", "manager", "admin"}),
    "judge_inspection": frozenset({"quality", "manager", "admin"}),
    "edit_inspection": frozenset({"quality", "engineer", "manager", "admin"}),
    "report_nonconformance": MEMBERS,
    "handle_nonconformance": frozenset({"quality", "engineer", "manager", "admin"}),
    "dispose_nonconformance": frozenset({"quality", "manager", "admin"}),
    "edit_rates": frozenset({"manager", "finance", "admin"}),
    "edit_equipment": frozenset({"engineer", "manager", "admin"}),
    "sign_shift": frozenset({"planner", "manager", "admin"}),
    "report_output": frozenset({"operator", "planner", "quality", "engineer", "manager", "admin"}),
    "request_maintenance": frozenset(
        {"operator", "planner", "quality", "maintenance", "engineer", "manager", "admin"}
    ),
    "work_maintenance": frozenset({"maintenance", "engineer", "admin"}),
    "plan_maintenance": frozenset({"maintenance", "planner", "engineer", "manager", "admin"}),
    "verify_maintenance": frozenset({"operator", "quality", "maintenance", "engineer", "manager", "admin"}),
    "edit_spares": frozenset({"maintenance", "engineer", "manager", "admin"}),
    "edit_energy": frozenset({"engineer", "manager", "admin"}),
    "book_item": frozenset(
        {"operator", "planner", "quality", "engineer", "manager", "warehouse", "dispatcher", "grower", "admin"}
    ),
    "hold_item": frozenset({"quality", "engineer", "manager", "admin"}),
    "call_help": MEMBERS - {"auditor"},
    "answer_call": frozenset({"operator", "maintenance", "planner", "quality", "engineer", "manager", "admin"}),
    # Evidence: of a firm's own upgrades.
    "plan_evidence": frozenset({"engineer", "quality", "manager", "officer", "admin"}),
    "run_evidence": frozenset({"engineer", "quality", "manager", "officer", "auditor", "admin"}),
    "read_evidence": MEMBERS - {"operator", "driver"},
    # The programme, from the side of the firm that applies.
    "read_applications": frozenset({"engineer", "manager", "finance", "auditor", "admin"}),
    "apply_funds": frozenset({"engineer", "manager", "finance", "admin"}),
    "claim_funds": frozenset({"manager", "finance", "admin"}),
    "ask_certification": frozenset({"engineer", "manager", "admin"}),
    "file_returns": frozenset({"manager", "finance", "admin"}),
    **OFFICE,
    "classify_stop": frozenset({"operator", "maintenance", "planner", "engineer", "manager", "admin"}),
}


def may(viewer: Viewer, permission: str, organisation_id: int | None) -> bool:
    """Tell whether the viewer holds a permission in an organisation.

    Raises
    ------
    KeyError
        If the permission is not in the table: a misspelt one must never pass or fail silently.
    """
    roles = PERMISSIONS[permission]
    if viewer.system:
        return True
    if permission in OFFICE and not viewer.office:
        return False
    if organisation_id is None or viewer.organisation_id != organisation_id:
        return False
    return not roles.isdisjoint(viewer.roles)


def require(viewer: Viewer, permission: str, organisation_id: int | None) -> None:
    """Go on only if the viewer holds the permission.

    Raises
    ------
    DeniedError
        Naming the permission and whom to ask.
    """
    if not may(viewer, permission, organisation_id):
        raise DeniedError(
            _("This needs the permission %(permission)s in the organisation: ask its administrator.")
            % {"permission": permission}
        )


def permissions_of(viewer: Viewer) -> frozenset[str]:
    """Return all permissions that the viewer holds in the organisation looked at."""
    return frozenset(name for name in PERMISSIONS if may(viewer, name, viewer.organisation_id))
