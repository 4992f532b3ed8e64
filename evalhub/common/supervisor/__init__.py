"""`manage.py up`: everything one machine needs, started in order and stopped in reverse.

Ours because the usual ones signal all at once, kill after five seconds, and leave their children behind
when they are killed themselves.
"""
