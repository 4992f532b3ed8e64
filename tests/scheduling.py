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

# What `make quick` leaves out besides tests that are marked slow: places of which most tests train, crawl
# every page or go round whole Loops.
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
    "tests/evalhub/lineage/",
    "tests/evalhub/loops/",
    "tests/evalhub/reports/",
    "tests/evalhub/sweeps/",
    "tests/evalhub/tracking/",
    "tests/ops/",
)


class WholeModules(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return next((place for place in FIRST if module.startswith(place)), module)

    def _assign_work_unit(self, node: Any) -> None:
        for place in reversed(FIRST):
            if place in self.workqueue:
                self.workqueue.move_to_end(place, last=False)
        super()._assign_work_unit(node)
