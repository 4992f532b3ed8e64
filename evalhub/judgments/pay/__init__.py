"""What work has earned, and what of it is paid: by judgment, from the rates that stood.

The tallies know neither at what minute a rate changed nor what was returned, so each judgment of an hour
that a bound cuts is read, and each that was returned is taken off; all others come from the tallies.
Everything is added up in the database: what comes back is one row for each person and rate.
"""
