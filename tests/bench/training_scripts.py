"""Plain TRL scripts to compare ours with, as somebody would write them; run with `python -c`."""

from __future__ import annotations

SFT = """
import json, resource, sys, time
import torch
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

model, rows, held_out, out, threads, batch, epochs, _ = sys.argv[1:]
cpu = not torch.cuda.is_available()
torch.set_num_threads(int(threads))
args = SFTConfig(
    output_dir=out, use_cpu=cpu, bf16=not cpu, activation_checkpointing=False, gradient_checkpointing=None,
    per_device_train_batch_size=int(batch), num_train_epochs=float(epochs), learning_rate=1e-3,
    lr_scheduler_type="cosine", warmup_steps=0.1, max_length=None, logging_steps=1, save_strategy="no", report_to="none",
    disable_tqdm=True, dataloader_pin_memory=False,
    per_device_eval_batch_size=1, seed=0, data_seed=0,
)
data = {name: load_dataset("json", data_files=path, split="train") for name, path in (("train", rows), ("held_out", held_out))}
loaded = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32 if cpu else torch.bfloat16)
trainer = SFTTrainer(
    model=loaded, args=args, train_dataset=data["train"], eval_dataset=data["held_out"],
    processing_class=AutoTokenizer.from_pretrained(model),
    peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
)
begun = time.monotonic()
trainer.train()
if not cpu:
    torch.cuda.synchronize()
seconds = time.monotonic() - begun
trainer.save_model(out + "/adapter")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 if cpu else torch.cuda.max_memory_allocated()
print(json.dumps({"seconds": seconds, "adapter": out + "/adapter", "peak_bytes": peak}))
"""

DPO = """
import json, resource, sys, time
import torch
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer

model, rows, _, out, threads, batch, epochs, way = sys.argv[1:]
cpu = not torch.cuda.is_available()
torch.set_num_threads(int(threads))
tuned = {"activation_checkpointing": False, "gradient_checkpointing": None, "precompute_ref_log_probs": True}
args = DPOConfig(
    output_dir=out, use_cpu=cpu, bf16=not cpu, per_device_train_batch_size=int(batch), num_train_epochs=float(epochs),
    learning_rate=1e-4, loss_type=["sigmoid", "sft"], loss_weights=[1.0, 0.1], lr_scheduler_type="cosine",
    warmup_steps=0.1, max_length=None, logging_steps=1, save_strategy="no", report_to="none", disable_tqdm=True,
    dataloader_pin_memory=False, seed=0, data_seed=0,
    **(tuned if way == "tuned" else {}),
)
loaded = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32 if cpu else torch.bfloat16)
begun = time.monotonic()  # before the trainer is made: it reads the reference there
data = load_dataset("json", data_files=rows, split="train")
trainer = DPOTrainer(
    model=loaded, args=args, train_dataset=data, processing_class=AutoTokenizer.from_pretrained(model),
    peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
)
trainer.train()
if not cpu:
    torch.cuda.synchronize()
seconds = time.monotonic() - begun
last = [row["rewards/margins"] for row in trainer.state.log_history if "rewards/margins" in row][-1]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 if cpu else torch.cuda.max_memory_allocated()
print(json.dumps({"seconds": seconds, "margin": last, "peak_bytes": peak}))
"""
