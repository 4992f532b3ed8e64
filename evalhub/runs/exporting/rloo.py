"""What a script for TRL says of a reward model, and of the answers that it compares."""

from __future__ import annotations

from typing import Any

from evalhub.runs.exporting.spec import JUDGE, Exportable

UNHELD = (
    "Validation: answers are drawn by chance here too; evalhub looks at the likeliest one to each prompt.",
    "Chance: other answers are drawn than evalhub drew, so no step is the same.",
    "max_length: evalhub refuses a prompt that leaves no room for an answer; here it is read.",
)


def reward(spec: Exportable) -> str:
    """The reward model and what it gives answers, as evalhub reads them: at the token that ends an answer."""
    return f'''
judge = AutoModelForSequenceClassification.from_pretrained(
    JUDGE_BASE, num_labels=1, use_safetensors=True, dtype=model.dtype
)
judge = PeftModel.from_pretrained(judge, HERE / "{JUDGE}").eval().requires_grad_(False)
judge.to("cuda" if on_gpu else "cpu")
judge.config.pad_token_id = None  # answers are read one by one
END = tokenizer.eos_token_id


def rewards(prompts, completion_ids, **others):
    """An answer that does not end within its tokens is read as if it did, and loses CUT."""
    found = []
    for prompt, ids in zip(prompts, completion_ids, strict=True):
        before = tokenizer.apply_chat_template(
            prompt, add_generation_prompt=True, return_dict=False, sanitize_control_tokens=True
        )
        ends = list(ids[-1:]) == [END]
        row = torch.tensor([[*before, *ids, *([] if ends else [END])]], device=judge.device)
        with torch.no_grad():
            found.append(float(judge(input_ids=row).logits[0, 0]) - (0.0 if ends else CUT))
    return found

'''


def arguments(spec: Exportable) -> dict[str, Any]:
    """TRL counts answers where evalhub counts prompts."""
    answers = spec.rows_each * spec.asks("n")
    return {
        "per_device_train_batch_size": answers,
        "per_device_eval_batch_size": answers,
        "num_generations": spec.asks("n"),
        "max_completion_length": spec.asks("max_new_tokens"),
        "temperature": 1.0,
        "beta": spec.asks("beta"),
        "disable_dropout": True,
        "chat_template_kwargs": {"sanitize_control_tokens": True},
    }
