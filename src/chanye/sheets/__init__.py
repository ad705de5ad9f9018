"""Tables in and out: columns declared once give the list page, its export and its import."""

from chanye.sheets.columns import Column
from chanye.sheets.importing import Import, ImportRow
from chanye.sheets.pages import TYPES, file_response
from chanye.sheets.rows import Rows
from chanye.sheets.sheet import Sheet
from chanye.sheets.view import View

__all__ = ["TYPES", "Column", "Import", "ImportRow", "Rows", "Sheet", "View", "file_response"]
