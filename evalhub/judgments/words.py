"""Every sentence that the scripts of the annotator's page say; the page carries them as JSON."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

WORDS: dict[str, Any] = {  # `Any`: lazy translations
    "safe": _("Safe on the server"),
    "safe_ago": _("Safe on the server, {seconds} s ago"),
    "saving": _("Saving"),
    "kept": _("Kept in this browser, will be sent"),
    "still": _("Still to answer: {titles}."),
    "more": _("{titles} and {n} more"),
    "ready": _("Ready to submit."),
    "clock": _("{judged} judged · {minutes} min active"),
    "signed_out": _("You are signed out. Your work is kept in this browser and will be sent."),
    "sign_in": _("Sign in in a new tab"),
    "offline_next": _(
        "That is safe in this browser. The next task comes when you are online again."
    ),
    "offline_act": _("You are offline; do that again when you are back."),
    "load_again": _("Load that task again"),
    "refused": _("The judgment before this one was not taken: {why}"),
    "lost": _("The task before this one is no longer yours; what you said is kept as a draft."),
    "edit": _("Edit"),
    "copy": _("Copy"),
    "copied": _("Copied"),
    "mark": _("Mark"),
    "link": _("Link as evidence"),
    "remove": _("Remove"),
    "change": _("Change"),
    "show": _("Show the responses"),
    "hide": _("Hide the responses"),
    "found": _("{n} of {count}"),
    "nothing_found": _("Not in the sources."),
    "evidence": _("Evidence: {title}"),
    "say_what": _("Say what is wrong with the passage, or what the sources say."),
    "flagged": _("The leads see it."),
    "first_error": _("First error"),
    "place": _("Place {n}"),
    "up": _("Move {label} up"),
    "down": _("Move {label} down"),
    "unplaced": _("Not placed yet"),
    "no_last": _("There is nothing to go back to."),
}
