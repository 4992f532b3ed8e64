"""A run's settings for somebody else's trainer: a TRL script, an axolotl or a LLaMA-Factory YAML."""
