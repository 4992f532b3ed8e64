"""What people said in Label Studio, Argilla, doccano, Potato and Langfuse."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from evalhub.formats.readers import read_rows, sniff
from evalhub.formats.rows import JudgmentRow, PromptRow, Rejected, Row


def rows_of(*values: Any, name: str) -> list[Row]:
    raw = json.dumps(list(values)).encode()
    assert sniff(io.BytesIO(raw)) == name
    return list(read_rows(io.BytesIO(raw), format=name, kind="judgments"))


def split(rows: list[Row]) -> tuple[list[PromptRow], list[JudgmentRow], list[Rejected]]:
    return (
        [row for row in rows if isinstance(row, PromptRow)],
        [row for row in rows if isinstance(row, JudgmentRow)],
        [row for row in rows if isinstance(row, Rejected)],
    )


def text_of(prompt: PromptRow, name: str) -> str:
    return {each.id: each.content for each in prompt.completions}[name]


PAIR = {"prompt": "Why?", "response_a": "Because.", "response_b": "Dunno."}


def ls_task(data: dict[str, Any], *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    annotation = {
        "id": 11,
        "completed_by": {"id": 3, "email": "z@x.org"},
        "created_at": "2026-01-02T03:04:05.678Z",
        "was_cancelled": False,
        "ground_truth": False,
        "result": list(results),
    }
    return {"id": 1, "data": data, "annotations": [annotation | more], "predictions": []}


def ls(kind: str, value: dict[str, Any], name: str = "q", to: str = "text") -> dict[str, Any]:
    return {"id": "r", "type": kind, "from_name": name, "to_name": to, "value": value}


def test_label_studio_pairwise_is_a_preference_of_its_annotator() -> None:
    result = ls("pairwise", {"selected": "right"}, to="response_a,response_b")
    [prompt], [judgment], [] = split(rows_of(ls_task(PAIR, result), name="label-studio"))
    assert prompt.messages[0].content == "Why?"
    assert text_of(prompt, judgment.preferences[0].choice) == "Dunno."
    assert (judgment.annotator, judgment.source) == ("z@x.org", "imported")
    assert judgment.at is not None
    assert judgment.at.isoformat() == "2026-01-02T03:04:05.678000+00:00"


def test_label_studio_ratings_choices_and_texts_find_their_place() -> None:
    data = {"question": "Why?", "answer": "Because."}
    task = ls_task(
        data,
        ls("rating", {"rating": 4}, "Quality", "answer"),
        ls("choices", {"choices": ["off topic"]}, "kind", "answer"),
        ls("textarea", {"text": ["Because of", "light."]}, "better", "answer"),
        ls("labels", {"start": 0, "end": 7, "text": "Because", "labels": ["Vague"]}, "l", "answer"),
        ls("rectanglelabels", {"x": 1}, "box", "img"),
    )
    [prompt], [judgment], [] = split(rows_of(task, name="label-studio"))
    answer = prompt.completions[0].id
    said = {each.criterion: each.label or each.value for each in judgment.ratings}
    assert said == {"quality": 4, "kind": "off topic"}
    assert (judgment.corrections[0].response, judgment.corrections[0].content) == (
        answer,
        "Because of\nlight.",
    )
    assert (judgment.spans[0].error_type, judgment.spans[0].text) == ("vague", "Because")
    assert judgment.ignored == ("result.rectanglelabels",)


def test_label_studio_text_alone_is_labelled_and_several_choices_are_yeses() -> None:
    task = ls_task(
        {"text": "A mail."},
        ls("choices", {"choices": ["spam"]}, "kind"),
        ls("choices", {"choices": ["rude", "long"]}, "flags"),
    )
    [prompt], [judgment], [] = split(rows_of(task, name="label-studio"))
    assert (prompt.completions, judgment.responses) == ([], [])
    assert [(each.criterion, each.label, each.value) for each in judgment.ratings] == [
        ("kind", "spam", None),
        ("flags-rude", None, 1),
        ("flags-long", None, 1),
    ]


def test_label_studio_chat_of_paragraphs_is_a_conversation() -> None:
    talk = [{"author": "Ann", "text": "Hi"}, {"author": "Bot", "text": "Hello"}]
    task = ls_task({"dialogue": talk}, ls("rating", {"rating": 2}, "tone", "dialogue"))
    [prompt], [judgment], [] = split(rows_of(task, name="label-studio"))
    assert [(each.role, each.content) for each in prompt.messages] == [("user", "Hi")]
    assert judgment.ratings[0].response == prompt.completions[0].id


def turn(role: str, content: str) -> dict[str, Any]:
    return ls("chatmessage", {"chatmessage": {"role": role, "content": content}}, "chat", "chat")


def test_label_studio_chat_goes_on_where_the_task_ends() -> None:
    data = {"chat": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."}]}
    said = [turn("user", "A joke?"), turn("assistant", "No."), turn("user", "Pity.")]
    rated = ls("rating", {"rating": 2}, "funny", "chat")
    [began, talk], [judgment], [] = split(rows_of(ls_task(data, *said, rated), name="label-studio"))
    assert began.group == talk.group  # turns of one conversation stay on one side
    assert [each.content for each in talk.messages] == ["Hello", "Hi.", "A joke?"]
    assert text_of(talk, judgment.ratings[0].response or "") == "No."
    assert (judgment.ratings[0].criterion, judgment.ratings[0].value) == ("funny", 2)


def test_label_studio_chat_that_nobody_rates_is_there_to_be_learnt_from() -> None:
    task = ls_task({"chat": []}, turn("user", "Why?"), turn("assistant", "Because."))
    [talk], [judgment], [] = split(rows_of(task, name="label-studio"))
    assert [each.content for each in talk.messages] == ["Why?"]
    assert (judgment.prompt, judgment.demonstration) == (talk.id, "Because.")
    unanswered = ls_task({"chat": []}, turn("user", "Why?"))
    [], [], [fault] = split(rows_of(unanswered, name="label-studio"))
    assert fault.field == "annotations[0].result"


def test_label_studio_skips_empties_and_predictions_are_told_apart() -> None:
    task = ls_task(PAIR, was_cancelled=True)
    empty = {"id": 12, "result": [], "completed_by": 4}
    bad = {"id": 13, "result": [ls("pairwise", {"selected": "up"})], "completed_by": 5}
    task["annotations"] += [empty, bad, "x"]
    task["predictions"] = [
        {"id": 5, "model_version": "judge-1", "result": [ls("pairwise", {"selected": "left"})]}
    ]
    _, [judgment], faults = split(rows_of(task, name="label-studio"))
    assert (judgment.source, judgment.annotator) == ("model", "judge-1")
    assert [each.field for each in faults] == [
        "annotations[0].was_cancelled",
        "annotations[1].result",
        "annotations[2].result[0].value.selected",
        "annotations[3]",
    ]


def test_label_studio_json_min_is_read_by_its_order() -> None:
    row = PAIR | {"id": 4, "annotator": 2, "annotation_id": 9, "created_at": "2026-01-02T03:04:05Z"}
    row |= {"updated_at": "x", "lead_time": 2.5, "best": "left", "clarity": [{"rating": 3}]}
    [prompt], judgments, [] = split(rows_of(row, name="label-studio-min"))
    assert text_of(prompt, judgments[0].preferences[0].choice) == "Because."
    assert judgments[1].ratings[0].value == 3  # of neither response: it is said of the prompt


ARGILLA = {"instruction": "Why?", "response-1": "Because.", "response-2": "Dunno."}


def test_argilla_v1_answers_are_by_person_and_suggestions_by_a_model() -> None:
    submitted = {
        "user_id": "u1",
        "status": "submitted",
        "values": {
            "preference": {
                "value": [{"rank": 1, "value": "response-2"}, {"rank": 2, "value": "response-1"}]
            },
            "rating-1": {"value": 2},
            "comments": {"value": "Too short."},
        },
    }
    record = {
        "fields": ARGILLA,
        "external_id": "r7",
        "responses": [
            submitted,
            submitted | {"user_id": "u2", "status": "discarded"},
            {"status": "draft"},
        ],
        "suggestions": [{"question_name": "preference", "value": "response-1", "agent": "gpt"}],
    }
    [prompt], [human, model], faults = split(rows_of(record, name="argilla"))
    assert prompt.id == "argilla-r7"
    assert [[text_of(prompt, each) for each in tier] for tier in human.ranking] == [
        ["Dunno."],
        ["Because."],
    ]
    assert text_of(prompt, str(human.ratings[0].response)) == "Because."
    assert human.critique == "comments: Too short."
    assert (model.source, model.annotator) == ("model", "gpt")
    assert text_of(prompt, model.preferences[0].choice) == "Because."
    assert [each.field for each in faults] == ["responses[1].status", "responses[2].status"]


def test_argilla_v2_answers_are_by_question() -> None:
    record = {
        "id": "r8",
        "fields": {"text": "I love it."},
        "responses": {
            "sentiment": [
                {"value": "positive", "user_id": "u1"},
                {"value": "neutral", "user_id": "u2"},
            ],
            "topics": [{"value": ["price", "quality"], "user_id": "u1"}],
            "places": [{"value": [{"label": "Praise", "start": 2, "end": 6}], "user_id": "u2"}],
        },
        "suggestions": {"sentiment": {"value": "positive", "score": 0.9, "agent": "m"}},
        "vectors": {},
        "metadata": {},
    }
    [prompt], judgments, [] = split(rows_of(record, name="argilla"))
    assert prompt.messages[0].content == "I love it."
    assert [each.annotator for each in judgments] == ["u1", "u2", "m"]
    assert next((each.criterion, each.label) for each in judgments[0].ratings) == (
        "sentiment",
        "positive",
    )
    assert [each.criterion for each in judgments[0].ratings][1:] == [
        "topics-price",
        "topics-quality",
    ]
    assert (judgments[1].spans[0].response, judgments[1].spans[0].error_type) == (None, "praise")


def test_argilla_ranks_that_name_nothing_are_refused() -> None:
    value = {"value": [{"rank": 1, "value": "response-9"}, {"rank": 2, "value": "response-1"}]}
    responses = [{"user_id": "u", "status": "submitted", "values": {"preference": value}}]
    _, [], [fault] = split(rows_of({"fields": ARGILLA, "responses": responses}, name="argilla"))
    assert fault.field == "responses[0].preference"


@pytest.mark.parametrize(
    ("said", "labels", "spans"),
    [
        ({"label": ["spam"]}, [("label", "spam")], 0),
        ({"cats": ["a", "b"]}, [("label-a", None), ("label-b", None)], 0),
        ({"label": 1}, [("label", "1")], 0),
        ({"label": [[0, 3, "PER"], [4, 7, "LOC"]]}, [], 2),
        ({"entities": [{"id": 1, "label": "PER", "start_offset": 0, "end_offset": 3}]}, [], 1),
    ],
)
def test_doccano_labels_are_labels_or_spans(
    said: dict[str, Any], labels: list[tuple[str, str | None]], spans: int
) -> None:
    [prompt], [judgment], [] = split(
        rows_of({"id": 5, "text": "Ann saw Oslo"} | said, name="doccano")
    )
    assert prompt.id == "doccano-5"
    assert [(each.criterion, each.label) for each in judgment.ratings] == labels
    assert len(judgment.spans) == spans


def test_doccano_texts_are_demonstrations_and_bare_texts_prompts() -> None:
    long = "Ann has seen the town of Oslo, which lies by the sea in the south of Norway."
    [_], [judgment], [] = split(rows_of({"id": 5, "text": "x", "label": [long]}, name="doccano"))
    assert judgment.demonstration == long
    [_], [], [fault] = split(rows_of({"id": 5, "text": "x", "label": []}, name="doccano"))
    assert fault.field == "label"
    [fault] = rows_of({"text": "x", "label": [[0, "a"]]}, name="doccano")[1:]
    assert isinstance(fault, Rejected)
    assert fault.field == "label[0]"


def test_doccano_csv_is_known_by_its_columns() -> None:
    raw = b"id,text,label,Comments\n1,Hello,spam,odd\n2,Bye,ham#rude,\n"
    assert sniff(io.BytesIO(raw)) == "doccano"
    _, judgments, [] = split(list(read_rows(io.BytesIO(raw), format="doccano", kind="judgments")))
    assert [len(each.ratings) for each in judgments] == [1, 2]
    assert judgments[0].critique == "odd"


def test_potato_rows_are_by_person_and_instance() -> None:
    row = {
        "user_id": "p1",
        "instance_id": "i1",
        "displayed_text": "A mail.",
        "label_annotations": {"kind": {"spam": "true"}, "clarity": {"scale_4": "4"}},
        "span_annotations": [{"start": 0, "end": 1, "annotation": "Article", "span": "A"}],
    }
    [prompt], [judgment], [] = split(rows_of(row, name="potato"))
    assert (prompt.id, judgment.annotator) == ("potato-i1", "p1")
    assert [(each.criterion, each.label or each.value) for each in judgment.ratings] == [
        ("kind", "spam"),
        ("clarity", 4),
    ]
    assert judgment.spans[0].error_type == "article"


@pytest.mark.parametrize(
    ("said", "text", "strength"),
    [
        ({"preference": {"selection": "B"}}, "Dunno.", 1),
        ({"preference": {"scale_value": "-2"}}, "Because.", 2),
        ({"preference": {"scale_value": "0"}}, "tie", 1),
    ],
)
def test_potato_pairs_are_preferences(said: dict[str, Any], text: str, strength: int) -> None:
    row = {"user_id": "p", "id": "i", "prompt": "Why?", "responses": ["Because.", "Dunno."]}
    row |= {"label_annotations": said}
    [prompt], [judgment], [] = split(rows_of(row, name="potato"))
    [preference] = judgment.preferences
    assert preference.strength == strength
    chosen = preference.choice
    assert (chosen if chosen == "tie" else text_of(prompt, chosen)) == text


def test_potato_tables_have_a_column_per_label() -> None:
    raw = b"user\tinstance_id\tdisplayed_text\tkind:::spam\tkind:::ham\np1\ti1\tHi\t\ttrue\n"
    assert sniff(io.BytesIO(raw)) == "potato"
    _, [judgment], [] = split(list(read_rows(io.BytesIO(raw), format="potato", kind="judgments")))
    assert judgment.ratings[0].label == "ham"


def test_langfuse_scores_are_of_people_or_models() -> None:
    scores = [
        {"id": "s1", "name": "helpful", "value": 1, "dataType": "BOOLEAN", "source": "ANNOTATION", "authorUserId": "u1", "comment": "Nice"},
        {"id": "s2", "name": "tone", "value": 0, "stringValue": "rude", "dataType": "CATEGORICAL", "source": "EVAL"},
        {"id": "s3", "name": "score", "value": 0.25, "dataType": "NUMERIC", "source": "EVAL"},
    ]  # fmt: skip
    trace = {
        "id": "t1",
        "input": {"messages": [{"role": "user", "content": "Why?"}]},
        "output": {"role": "assistant", "content": "Because."},
        "scores": scores,
    }
    [prompt], [human, model], [fault] = split(rows_of(trace, name="langfuse"))
    assert (prompt.messages[0].content, prompt.completions[0].content) == ("Why?", "Because.")
    assert (human.annotator, human.ratings[0].value, human.critique) == ("u1", 1, "Nice")
    assert (model.source, model.ratings[0].label) == ("model", "rude")
    assert fault.field == "scores[2].value"


def test_langfuse_scores_alone_name_their_trace() -> None:
    raw = b'"id","trace_id","name","value","data_type","source"\n"s1","t1","q","4","NUMERIC","ANNOTATION"\n'
    assert sniff(io.BytesIO(raw)) == "langfuse-scores"
    [judgment] = read_rows(io.BytesIO(raw), format="langfuse-scores", kind="judgments")
    assert isinstance(judgment, JudgmentRow)
    assert (judgment.prompt, judgment.responses, judgment.ratings[0].value) == ("t1", ["t1"], 4)
