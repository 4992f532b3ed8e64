"""What stands where the words of somebody stood who asked to be forgotten."""

TOMBSTONE = "[erased]"
