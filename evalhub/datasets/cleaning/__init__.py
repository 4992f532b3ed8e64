"""Cleaning the rows of a build. Each step has a name and a version, and says what it did to what."""
