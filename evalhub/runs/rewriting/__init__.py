"""Prompts written anew by a model: paraphrased, or translated and back. Each stays in its parent's group."""
