"""Scores of a reward model for the answers of a collection."""
