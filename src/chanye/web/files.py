"""Stored files over HTTP: put one in, and see it; members of its organisation only."""

from __future__ import annotations

from typing import BinaryIO, cast

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chanye.kernel.errors import ConfigError, DeniedError
from chanye.spine import actions
from chanye.spine import queries as spine
from chanye.spine.files import KINDS
from chanye.web.pages import viewer_of

# Whatever a file may hold, it runs nothing, loads nothing and is in no page's origin.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@require_safe
def show(request: HttpRequest, file_id: int, name: str) -> HttpResponseBase:
    """Send a stored file; its address always means the same bytes, so a browser asks for them once."""
    viewer = viewer_of(request)
    ref = spine.file(viewer, file_id)
    etag = f'"{ref.sha256}"'
    response: HttpResponseBase = get_conditional_response(request, etag=etag) or FileResponse(
        spine.open_file(viewer, ref), content_type=ref.media_type
    )
    picture = ref.kind == "picture"
    response["Content-Disposition"] = content_disposition_header(not picture, ref.name) or "attachment"
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    response["ETag"] = etag
    if ref.kind != "program":
        request.META.pop("HTTP_ACCEPT_ENCODING", None)  # compressed already: packing again only costs time
    return response


@require_POST
def put(request: HttpRequest) -> HttpResponse:
    """Store the field ``file``, of one of the kinds in ``kind`` (repeatable); answer its number and address."""
    viewer = viewer_of(request)
    if viewer.organisation_id is None:
        raise DeniedError("Files belong to an organisation.")
    upload = request.FILES.get("file")
    kinds = request.POST.getlist("kind") or ["picture"]
    try:
        if upload is None or upload.file is None or not KINDS.keys() >= set(kinds):
            raise ConfigError(_("Send the field file, and kind as picture, program or document."))
        ref = actions.store_file(
            actor=viewer,
            organisation_id=viewer.organisation_id,
            name=upload.name or "",
            data=cast("BinaryIO", upload.file),
            kinds=kinds,
        )
    except ConfigError as error:
        return JsonResponse({"error": "not_possible", "what_to_do": str(error)}, status=422)
    told = {"id": ref.id, "url": reverse("file", args=(ref.id, ref.name)), "name": ref.name, "size": ref.size}
    return JsonResponse(told | {"kind": ref.kind, "media_type": ref.media_type, "sha256": ref.sha256}, status=201)
