"""PostgreSQL and Redis run by ourselves from wheels, for machines where nobody set up servers.

Standard library and psycopg only: the settings are computed from here, so nothing here may read them.
"""
