"""The small base model of the demo, made from text that we wrote: `python -m training.demo_model OUT_DIR`.

A fresh machine may reach no hub, so the repository carries what this package makes. It learns to answer a
few hundred prompts politely, plainly or curtly in about equal shares; what people prefer is then visible.
"""
