"""Every sentence that the scripts of the annotator's page say; the page carries them as JSON."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

WORDS: dict[str, Any] = {  # `Any`: lazy translations
    "safe": _("Safe on the server"),
    "seconds_ago": _(", {n} s ago"),
    "minutes_ago": _(", {n} min ago"),
    "saving": _("Saving"),
    "kept": _("Kept in this browser, will be sent"),
    "kept_n": _("Kept in this browser, will be sent ({n} waiting)"),
    "kept_in_tab": _("Kept in this tab only, will be sent: leave it open"),
    "kept_in_tab_n": _("Kept in this tab only, will be sent: leave it open ({n} waiting)"),
    "unsent": _(
        "The server cannot be reached. What you wrote is kept in this browser: submit it again."
    ),
    "unsent_back": _("This is what you had typed here before. It has not been submitted."),
    "start_anew": _("Start anew"),
    "until_submit": _("Kept in this browser until you submit"),
    "seconds_left": _("({n} s)"),
    "still": _("Still to answer: {titles}."),
    "more": _("{titles} and {n} more"),
    "ready": _("Ready to submit."),
    "clock": _("{judged} judged · {minutes} min active"),
    "signed_out": _("You are signed out. Your work is kept in this browser and will be sent."),
    "sign_in": _("Sign in here"),
    "offline_act": _("You are offline; do that again when you are back."),
    "load_again": _("Load that task again"),
    "refused": _("The judgment before this one was not taken: {why}"),
    "fault": _(
        "evalhub fails on one of your judgments. It is kept in this browser and tried again, the others are "
        "sent: go on, and tell a lead."
    ),
    "turned_away": _(
        "One of your judgments is turned away before evalhub reads it (HTTP {status}). It is kept in this "
        "browser and tried again, the others are sent: go on, and tell a lead."
    ),
    "barred": _(
        "You cannot judge here any more: {why} What you wrote is kept in this browser and tried again; "
        "ask a lead."
    ),
    "lost": _("Others filled the places of a task before this one; what you said is a draft."),
    "time_ran_out": _(
        "Your time for this task ran out. Submit all the same: while it has a place it is yours again."
    ),
    "elsewhere": _("You went on from a task in another tab; here is the next one."),
    "elsewhere_differs": _(
        "You submitted that task in another tab. What you had typed here differs: it is a draft."
    ),
    "to_drafts": _("To your drafts"),
    "here": _("Here"),
    "there": _("Elsewhere"),
    "marks": _("{n} marked"),
    "edit": _("Edit"),
    "copy": _("Copy"),
    "copied": _("Copied"),
    "mark": _("Mark"),
    "link": _("Link as evidence"),
    "remove": _("Remove"),
    "change": _("Change"),
    "picking": _(
        "Choosing a passage: ← → go on, Shift extends, ↑ sentences, ↓ words, Enter takes it, Esc leaves. "
        "“{quote}”"
    ),
    "picked": _("“{quote}”"),
    "picked_in": _("{title}: “{quote}”"),
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
    "answered": _("{title}: {answer}"),
    "asked": _("Question {n} of {count}: {question}"),
    "no_last": _("There is nothing to go back to."),
}
