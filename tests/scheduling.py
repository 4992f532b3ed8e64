"""How xdist shares the tests out: a module stays whole, and what takes long is begun first."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling

# Each on one worker, in this order, ahead of all other modules: they share an instance, or what a crawl
# has learnt, or take long by themselves (xdist keeps modules of few tests for the end).
FIRST = (
    "tests/security/",
    "tests/kills/",
    "tests/ops/",
    "tests/evalhub/demo/test_three_rounds.py",
    "tests/browser/test_circle.py",
    "tests/contract/",
    "tests/evalhub/loops/test_real_round.py",
    "tests/evalhub/remote/test_machine.py",
    "tests/training/test_resume.py",
)

# What `make quick` leaves out besides tests that are marked slow: places of which most tests train, start a
# trainer, crawl every page, go round whole Loops or follow-ups, or try a figure on thousands of drawn tables.
SLOW = (
    "tests/contract/",
    "tests/races/",
    "tests/real/",
    "tests/seam/",
    "tests/security/",
    "tests/training/",
    "tests/evalhub/common/test_identity.py",
    "tests/evalhub/datasets/",
    "tests/evalhub/demo/",
    "tests/evalhub/evaluation/test_trials.py",
    "tests/evalhub/followups/test_following.py",
    "tests/evalhub/judges/",
    "tests/evalhub/judgments/test_pay_by_tallies.py",
    "tests/evalhub/lineage/",
    "tests/evalhub/loops/",
    "tests/evalhub/quality/test_settling.py",
    "tests/evalhub/quality/test_verifying.py",
    "tests/evalhub/remote/",
    "tests/evalhub/reports/",
    "tests/evalhub/runs/test_execution.py",
    "tests/evalhub/runs/test_training_form.py",
    "tests/evalhub/stats/test_betting.py",
    "tests/evalhub/stats/test_bias.py",
    "tests/evalhub/stats/test_clusters.py",
    "tests/evalhub/stats/test_discrimination.py",
    "tests/evalhub/stats/test_growing.py",
    "tests/evalhub/stats/test_properties.py",
    "tests/evalhub/stats/test_reliability.py",
    "tests/evalhub/stats/test_slices.py",
    "tests/evalhub/sweeps/",
    "tests/evalhub/tracking/",
    "tests/evalhub/valuing/",
    "tests/evalhub/web/languages/",
    "tests/ops/",
)


def is_left_out(place: str, expression: str) -> bool:
    """Whether none of a file's or folder's tests would be run: it need not be imported then.

    Args:
        place: from the repository's top, with / between and behind a folder.
        expression: of pytest's -m.
    """
    browser = "not browser" in expression and place.startswith("tests/browser/")
    return browser or ("not slow" in expression and place.startswith(SLOW))


class WholeModules(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return next((place for place in FIRST if module.startswith(place)), module)

    def _assign_work_unit(self, node: Any) -> None:
        for place in reversed(FIRST):
            if place in self.workqueue:
                self.workqueue.move_to_end(place, last=False)
        super()._assign_work_unit(node)
