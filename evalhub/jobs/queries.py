from evalhub.jobs.workers import live_workers

__all__ = ["live_workers"]
