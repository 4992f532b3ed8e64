"""What prompts begin with alike is found."""

from __future__ import annotations

from training.families import families_of


def told(prompts: list[list[int]], least: int = 2) -> list[tuple[tuple[int, ...], int]]:
    return sorted((each.places, each.shared) for each in families_of(prompts, least=least))


def test_what_begins_alike_is_a_family_and_the_rest_stands_alone() -> None:
    prompts = [[1, 2, 3, 4], [9, 9], [1, 2, 3, 5, 6], [7, 8, 1]]
    assert told(prompts) == [((0, 2), 3), ((1,), 0), ((3,), 0)]


def test_each_keeps_a_token_of_its_own() -> None:
    """Of equal ones, and of one that the others begin with."""
    assert told([[1, 2, 3], [1, 2, 3]]) == [((0, 1), 2)]
    assert told([[1, 2, 3], [1, 2, 3, 4, 5]]) == [((0, 1), 2)]
    assert told([[5], [5]], least=1) == [((0,), 0), ((1,), 0)]


def test_who_shares_little_does_not_spoil_what_others_share() -> None:
    """Three share eight tokens, which spares sixteen; a fourth with three of them would leave nine."""
    long = [1, 2, 3, 4, 5, 6, 7, 8]
    prompts = [[*long, 10], [*long, 11], [*long, 12], [1, 2, 3, 99, 1], [1, 2, 3, 99, 2]]
    assert told(prompts) == [((0, 1, 2), 8), ((3, 4), 4)]


def test_too_little_is_not_worth_it() -> None:
    assert told([[1, 2, 3], [1, 2, 4]], least=3) == [((0,), 0), ((1,), 0)]
    assert families_of([]) == []
