"""The form of the annotator's page: what it asks (`asks`), and its fields to and from a submit's
body (`fields`).

Nearly every question is one row of options of which one is chosen, so that the page, the keyboard
and a browser without JavaScript treat them alike. The names of the fields:

    rating.A.factuality        "4", or "none" for "cannot tell"; rating.A.factuality.2 of turn 2;
    reason. and comment.       the same names with another first word: why none, and a remark.
                               "prompt" stands in the place of A where the prompt stands alone
    words.A.remark             the answer to a criterion that is answered in words
    preference                 "A3" … "A1", "tie", "B1" … "B3", "both_bad"
    preference.factuality      the same, on one criterion
    rank.A                     "1" for the best; equal places are ties
    step.A.0                   "right", "wrong" or "unsupported"
    call.A.0                   "both" right, "tool" alone, or "none"
    correction.A, demonstration, critique          text
    spans                      JSON, as a submit says it
"""

from evalhub.judgments.sheet.asks import sheet_of
from evalhub.judgments.sheet.fields import answers_from, body_from, fields_from
from evalhub.judgments.sheet.rows import Ask, Option, Sheet, TextAsk

__all__ = [
    "Ask",
    "Option",
    "Sheet",
    "TextAsk",
    "answers_from",
    "body_from",
    "fields_from",
    "sheet_of",
]
