"""What each setting of training does, for the form of a run: words, usual range, where it acts."""

from __future__ import annotations

from dataclasses import dataclass

TRAINING = ("sft", "text", "dpo", "kto", "reward", "rloo")
PAIRED = ("dpo", "reward")
SHARED = ("sft", "text", "dpo", "kto", "reward")  # may have a base that is split among devices

LEARNING, LENGTH, ADAPTER, METHOD, DATA = (
    "Learning", "How long", "Adapter", "Method", "Rows",
)  # fmt: skip


@dataclass(frozen=True)
class Explained:
    """One setting: `usual` is its usual range in words."""

    name: str
    group: str
    does: str
    usual: str
    recipes: tuple[str, ...] = TRAINING
    only_fresh: bool = False  # acts only where a new adapter is put on a base
    only_further: bool = False  # acts only where an adapter is trained further


SETTINGS = (
    Explained(
        "learning_rate", LEARNING,
        "How far each step goes. Too high and the loss jumps or turns into no number; too low and nothing is learnt.",
        "1e-4 to 2e-4 for sft, text and reward, 5e-6 to 2e-5 for dpo, kto and rloo; ten times as much for models below 100 million weights",
    ),
    Explained(
        "batch_size", LEARNING,
        "Rows looked at together, on all devices. Larger ones are steadier and need more memory.",
        "4 to 32, times accumulation",
    ),
    Explained(
        "accumulation", LEARNING,
        "Batches added up to one step: the same step as of a batch so many times as large, in the memory of one.",
        "1; more when memory is short",
    ),
    Explained(
        "devices", LEARNING,
        "Devices of one machine that read each batch together, with a copy of the model on each or, by sharding, a part of it. What is learnt does not depend on it, but for kto, which takes its drift over each device's own rows, and rloo, which draws other answers; the worker must have so many.",
        "1; as many as the worker has when a run takes hours",
    ),
    Explained(
        "sharding", LEARNING,
        "fsdp leaves each device its share of the base's layers, gathered one by one as they are read: for a base that no device holds whole. "
        "What is learnt is the same, more slowly (of kto, what it is with so many devices); it goes with adapters, and not with dora or quantise.",
        "nothing; fsdp with two devices or more where the base does not fit otherwise", recipes=SHARED,
    ),
    Explained(
        "schedule", LEARNING,
        "How the learning rate goes on after warm-up: along a cosine to nothing, straight to nothing, or not at all.",
        "cosine",
    ),
    Explained(
        "warmup", LEARNING,
        "Share of all steps in which the learning rate rises from nothing, so that the first steps do no harm.",
        "0.03 to 0.1",
    ),
    Explained(
        "weight_decay", LEARNING,
        "Pulls the adapter's weights towards nothing at each step, which keeps it near its base.",
        "0 to 0.1; 0.01 is common",
    ),
    Explained(
        "l1", LEARNING,
        "Pulls each weight of the adapter to exactly nothing by the same amount: fewer weights do the work. It acts in the gradient. 0: off.",
        "0; 1e-6 to 1e-4",
    ),
    Explained(
        "l2", LEARNING,
        "Pulls each weight of the adapter towards nothing by its size, in the gradient, where AdamW evens it out; weight_decay acts beside the gradient. 0: off.",
        "0; weight_decay instead",
    ),
    Explained(
        "epochs", LENGTH,
        "How often each row is seen. More than needed and the model learns the rows by heart.",
        "1 to 5; few rows want more",
    ),
    Explained(
        "patience", LENGTH,
        "Early stopping: so many evaluations in a row may be no better than the best; its adapter is kept. Those during the warm-up do not count. 0: no end to it.",
        "2 to 3 where there are validation rows",
    ),
    Explained(
        "evaluate_every", LENGTH,
        "Steps from one look at the validation rows to the next. 0: about ten looks a run.",
        "0, or two to three looks an epoch",
    ),
    Explained(
        "max_steps", LENGTH,
        "An end after so many steps whatever the epochs say. 0: none.",
        "0; 20 to see whether it runs at all",
    ),
    Explained(
        "trains", ADAPTER,
        "adapter puts a few weights beside a base that stays as it is; all changes every weight and makes a base of its own: for models of up to "
        "about a billion weights, with a tenth of the learning rate (1e-5 to 5e-5; ten times as much below 100 million weights). The settings of adapters do nothing then.",
        "adapter", recipes=("sft", "text", "dpo"), only_fresh=True,
    ),
    Explained(
        "lora_rank", ADAPTER,
        "How much the adapter can hold.",
        "8 to 32; 64 and more with rslora", only_fresh=True,
    ),
    Explained(
        "lora_alpha", ADAPTER,
        "How strongly the adapter acts: alpha by rank is its scale.",
        "twice the rank", only_fresh=True,
    ),
    Explained(
        "lora_dropout", ADAPTER,
        "Share of the adapter's inputs left out by chance at each step, against learning rows by heart.",
        "0; 0.05 to 0.1 with few rows", recipes=("sft", "text"), only_fresh=True,
    ),
    Explained(
        "lora_variant", ADAPTER,
        "rslora keeps large ranks steady; dora learns size and direction apart, a little better at half of the speed.",
        "plain", only_fresh=True,
    ),
    Explained(
        "lora_plus", ADAPTER,
        "How many times the learning rate of one half of the adapter is that of the other. 1: the same.",
        "1, or 4 to 16 with half of the learning rate",
    ),
    Explained(
        "target_modules", ADAPTER,
        "Which parts of the model get an adapter: all-linear, or names with commas between.",
        "all-linear", only_fresh=True,
    ),
    Explained(
        "quantise", ADAPTER,
        "nf4 holds the base in 4 bits while an adapter is trained beside it (QLoRA): a quarter of the memory, somewhat slower, a little rougher. "
        "It needs an NVIDIA card and bitsandbytes on the worker.",
        "nothing; nf4 where the base does not fit otherwise",
    ),
    Explained(
        "beta", METHOD,
        "How dear it is to move away from where training began.",
        "0.05 to 0.5; of rloo 0.01 to 0.1", recipes=("dpo", "kto", "rloo"),
    ),
    Explained(
        "n", METHOD,
        "Answers drawn to each prompt of a batch; each is compared with the mean of the others. More are steadier and cost as much more.",
        "4 to 8", recipes=("rloo",),
    ),
    Explained(
        "max_new_tokens", METHOD,
        "Tokens that a drawn answer may have.",
        "as long as good answers are, and a little more", recipes=("rloo",),
    ),
    Explained(
        "cut_penalty", METHOD,
        "Reward that an answer loses which does not end within them; else the model learns to ramble.",
        "0.5 to 2, in the unit of the rewards", recipes=("rloo",),
    ),
    Explained(
        "loss", METHOD,
        "What is summed: sigmoid is DPO; sft beside it keeps chosen answers likely; others are in the help.",
        "sigmoid, sft", recipes=("dpo",),
    ),
    Explained(
        "loss_weights", METHOD, "One weight for each loss, in their order.", "1, 0.1", recipes=("dpo",),
    ),
    Explained(
        "label_smoothing", METHOD,
        "For the loss robust: the share of pairs known to be turned round.",
        "0 to 0.2", recipes=("dpo",),
    ),
    Explained(
        "labels", METHOD,
        "soft counts a split vote as one; hard counts every pair as unanimous.",
        "soft", recipes=PAIRED,
    ),
    Explained(
        "margins", METHOD,
        "rows asks for a gap as large as people's ratings differ; none does not.",
        "rows", recipes=("reward",),
    ),
    Explained(
        "balance", METHOD,
        "classes lets good and bad answers weigh the same in sum; none lets each row.",
        "classes", recipes=("kto",),
    ),
    Explained(
        "kl_to_base", METHOD,
        "Against forgetting: how dear it is to foretell other words than the model did as training began, base or adapter. "
        "It reads each row twice: steps take a quarter to half as long again. 0: nothing is held.",
        "0; 0.1 to 1 where other skills must stay", recipes=("sft",),
    ),
    Explained(
        "ewc", METHOD,
        "Against forgetting: how dear it is to move the weights that the earlier build needs, which is then to be named below. 0: nothing is held.",
        "0; 10 to 1000, by the probe", recipes=("sft",), only_further=True,
    ),
    Explained(
        "distil", METHOD,
        "How dear it is to foretell other words than the teacher, which is then to be named below. Each row is read by the teacher too. 0: nobody teaches.",
        "0; 0.5 to 5", recipes=("sft",),
    ),
    Explained(
        "weights", DATA,
        "rows lets each row count by its own weight (of sft and text each of its tokens; only proportions matter); none lets all count the same.",
        "rows", recipes=("dpo", "kto", "reward", "sft", "text"),
    ),
    Explained(
        "train_share", DATA,
        "Share of the training rows, by whole prompt groups: for a quick look.",
        "1",
    ),
    Explained(
        "max_length", DATA,
        "Tokens a row may have; longer ones are left out, never cut, and documents are read in windows of so many. 0: what the model takes.",
        "0",
    ),
    Explained(
        "allow_dropped", DATA,
        "Why it is right to lose more than 1 % of the rows. Empty: the run refuses to.",
        "empty",
    ),
)  # fmt: skip

NOT_ON_THE_FORM = {
    "threads": "it belongs to the machine, and tells nothing of the model",
    "checkpoint_every": "it changes what a killed worker loses, and nothing else",
}


def settings_for(recipe: str, *, fresh: bool) -> list[Explained]:
    """Those that act on a run of that recipe.

    Args:
        fresh: whether a new adapter is put on a base, and not one trained further.
    """
    return [
        each
        for each in SETTINGS
        if recipe in each.recipes and not (each.only_further if fresh else each.only_fresh)
    ]
