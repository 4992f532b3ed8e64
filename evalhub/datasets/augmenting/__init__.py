"""Rows made from rows: never without being asked for, never of what is measured on."""
