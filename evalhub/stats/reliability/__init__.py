"""What many people's answers say together, and how far each person can be relied on.

Three models, one for each kind of answer: `choices` (Dawid and Skene), `ratings` (severity and spread),
`preferences` (Bradley and Terry with the strength of each rater). Each gives every unit a consensus with
its uncertainty, and every rater their parameters with theirs. Nobody's few answers say much: a rater is
drawn towards the others by about as much as `WEIGHT` answers would.
"""

from evalhub.stats.reliability.choices import Choices, chance_right, dawid_skene, truths
from evalhub.stats.reliability.preferences import Preferences, chances, strengths
from evalhub.stats.reliability.ratings import Ratings, scores, severity_and_spread

__all__ = [
    "Choices",
    "Preferences",
    "Ratings",
    "chance_right",
    "chances",
    "dawid_skene",
    "scores",
    "severity_and_spread",
    "strengths",
    "truths",
]
