from evalhub.common.errors import Conflict, DomainError


class TooManyJobs(DomainError):
    code, http_status = "too_many_jobs", 429


class BadLabel(DomainError):
    code = "bad_label"


class JobEnded(Conflict):
    code = "job_ended"


class JobCancelled(Exception):
    """A person asked to stop; raised by Beat.report inside a handler."""


class LeaseLost(Exception):
    """Another worker has the job now: write nothing more."""


class JobReturned(Exception):
    """The worker is going; the job goes back to the queue and is resumed by the next one."""


class JobPaused(JobReturned):
    """A person holds it: it goes back to the queue, and nobody takes it until they let it go on."""
