"""The words of the terminal: name in its scripts -> text of the language in force. ``{…}`` is filled in there."""

from __future__ import annotations

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    """Return all words of the terminal in the language in force."""
    return _bar() | _work() | _choices() | _sheets() | _queue()


def _bar() -> dict[str, str]:
    return {
        "choose": _("Choose your machine"),
        "who": _("Who are you?"),
        "sign_in_again": _("Sign in again"),
        "online": _("Online"),
        "offline_since": _("Offline since {at}"),
        "all_booked": _("Everything is booked"),
        "n_kept": _("{n} kept here"),
        "n_refused": _("{n} refused: look"),
        "call": _("Call for help"),
        "loading": _("One moment"),
        "never_seen": _("There is no connection, and this tablet has not shown this machine before."),
        "unsafe": _("Keep this page open: without https it cannot be opened again while there is no connection."),
        "said_booked": _("Booked"),
        "said_kept": _("Kept here"),
        "said_refused": _("Refused"),
        "said_lost": _("NOT kept"),
        "said_hint": "",
        "storage_full": _(
            "The storage of this tablet is full: free some, then book again. Write it down until then."
        ),
        "not_kept": _("This tablet cannot keep what you book: write it down, and tell the line leader."),
        "signed_in": _("Hello {name}"),
        "unknown_code": _("{code} is no badge, machine or order here: check the label, or choose by hand."),
    }


def _work() -> dict[str, str]:
    return {
        "stopped_for": _("Stopped"),
        "n_more": _("{n} more"),
        "give_reason": _("Give the reason"),
        "other_reason": _("Another reason"),
        "likely": _("probably"),
        "called": _("{type} was called"),
        "help_comes": _("nobody has come yet"),
        "help_is_here": _("help is here {by}"),
        "help_here": _("Help is here"),
        "call_done": _("Done"),
        "handover_from": _("From {by}, {at}:"),
        "understood": _("Understood"),
        "state_running": _("Running"),
        "state_setup": _("Set-up"),
        "state_paused": _("Paused"),
        "start_run": _("Start production"),
        "start": _("Start"),
        "go_on": _("Go on"),
        "setup": _("Set up"),
        "good": _("good"),
        "finish": _("Finish"),
        "pause": _("Pause"),
        "revision": _("rev."),
        "pcs": _("pcs"),
        "here": _("Here"),
        "scrap": _("Scrap"),
        "rework": _("Rework"),
        "cycle": _("Cycle"),
        "due": _("Due"),
        "lot": _("Lot"),
        "remove": _("Remove"),
        "last": _("Last"),
        "undo": _("Undo"),
        "nothing_yet": _("Nothing booked in the last half hour"),
        "taken_back": _("Taken back, nothing was sent"),
        "on_its_way": _("It is on its way: try again in a moment"),
        "by_machine": _("counted by the machine"),
        "all": _("All"),
        "number": _("Quantity"),
        "counter": _("Counter"),
        "instruction": _("Instruction"),
        "others": _("Other work"),
        "join": _("Join"),
        "leave": _("Leave this work"),
        "at_work": _("At work"),
        "material": _("Material"),
        "used": _("put in"),
        "serials": _("Scan serial numbers"),
        "n_scanned": _("{n} scanned"),
        "handover": _("Hand-over"),
        "n_good": _("{n} good"),
        "n_scrap": _("{n} scrap"),
        "n_rework": _("{n} rework"),
        "n_s": _("{n} s"),
        "n_min": _("{n} min"),
        "n_h_min": _("{h} h {m} min"),
    }


def _choices() -> dict[str, str]:
    return {
        "next": _("What can run next"),
        "back_to": _("Back to {order}"),
        "scan": _("Scan"),
        "no_work": _("Nothing to do here"),
        "no_work_do": _("No released order has work at this machine. Ask the planner, or choose another machine."),
        "is_held": _("On hold: {why}. Ask quality or the line leader."),
        "runs_at": _("Runs at {place}"),
        "waits_for_pieces": _("Waits for pieces of the step before"),
        "choose_do": _("Tap the machine you work at, or scan its label."),
        "no_places": _("There is no machine yet"),
        "no_places_do": _("An engineer adds machines on the page Connections."),
        "back": _("Back"),
        "close": _("Close"),
        "further": _("Next"),
        "version": _("version"),
        "i_confirm": _("I have read it"),
    }


def _sheets() -> dict[str, str]:
    return {
        "sheet_number": _("How many good pieces?"),
        "sheet_scrap": _("Report scrap"),
        "sheet_rework": _("Report rework"),
        "sheet_counter": _("Report by the counter"),
        "sheet_stop": _("Why did the machine stop?"),
        "sheet_call": _("What help do you need?"),
        "sheet_who": _("Who are you?"),
        "sheet_handover": _("For the next shift"),
        "sheet_scan": _("Scan a code"),
        "sheet_material": _("Put in material"),
        "sheet_put": _("Put in material"),
        "sheet_ask": _("What is this?"),
        "sheet_serials": _("Serial numbers"),
        "material_do": _("Scan the label of the lot, or tap what you put in."),
        "put_in": _("Put in"),
        "last_put": _("Put in last"),
        "material_again": _("Taken back. Put in what really went in at {at}, or close."),
        "lot_of": _("Lot of {material}"),
        "lot_of_pieces": _("Lot of the pieces reported from now on"),
        "serial_of_piece": _("Serial number of a good piece"),
        "serials_do": _("This product is followed piece by piece: scan the serial number of each good piece."),
        "serial_twice": _("{code} was scanned already: scan the next piece."),
        "serial_enough": _("Only {n} pieces are here: book them first."),
        "sheet_pages": _("Work instruction"),
        "sheet_queue": _("What became of your bookings"),
        "book_good": _("Book {n} good"),
        "good_too": _("good, in the same step"),
        "why_scrap": _("{n} scrap: tap the reason to book"),
        "why_rework": _("{n} to rework: tap the reason to book"),
        "no_reasons": _("No reasons are set up yet: ask the line leader."),
        "no_help": _("No kinds of help are set up yet: ask the line leader."),
        "reading_start": _("Start reading"),
        "reading_end": _("End reading"),
        "counter_do": _("Good pieces are the end reading less the start reading. The next start is this end."),
        "give_number": _("Give a number first"),
        "give_reading": _("The end reading must be larger than the start reading"),
        "who_do": _("Scan your badge, or tap your name."),
        "handover_do": _("What does the next shift have to know?"),
        "leave_note": _("Leave the note"),
        "scan_do": _("Hold a badge, a machine's label, an order or a lot before the camera."),
        "scan_wedge": _("The camera cannot read codes here. Use the hand scanner: it works on every page."),
    }


def _queue() -> dict[str, str]:
    return {
        "offline_do": _(
            "There is no connection. Go on working: all is kept on this tablet and sent when it is back."
        ),
        "sign_in_do": _("The session has ended. What you booked is kept on this tablet and sent after you sign in."),
        "queue_do": _(
            "Refused bookings stay with the line leader until they are settled. Tap when you have seen one."
        ),
        "kept_here": _("kept here, not yet booked"),
        "refused": _("refused"),
        "seen": _("I have seen it"),
        "kind_start": _("Start"),
        "kind_pause": _("Pause"),
        "kind_leave": _("Leave this work"),
        "kind_consume": _("Material"),
        "kind_finish": _("Finish"),
        "kind_output": _("Output"),
        "kind_accept": _("Output counted by the machine"),
        "kind_counter": _("Counter"),
        "kind_correct": _("Undo"),
        "kind_correct_consumption": _("Material taken back"),
        "kind_stop": _("Reason of a stop"),
        "kind_call": _("Call for help"),
        "kind_call_answer": _("Help is here"),
        "kind_call_close": _("Call closed"),
        "kind_confirm": _("Instruction read"),
        "kind_handover": _("Hand-over"),
    }
