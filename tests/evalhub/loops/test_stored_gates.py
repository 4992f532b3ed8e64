"""Policies that were stored when a gate had two fields mean what they meant."""

from __future__ import annotations

from importlib import import_module

from evalhub.evaluation.gate import Gate, as_json, read_gate

migration = import_module("evalhub.loops.migrations.0004_gate_as_conditions")


def test_the_defaults_become_the_default_gate() -> None:
    old = {"most_perplexity_ratio": 1.05, "fewest_groups": 5}
    assert read_gate(migration.forwards(old)) == Gate()
    assert as_json(Gate()).keys() == migration.forwards(old).keys()


def test_other_values_are_kept_and_come_back() -> None:
    old = {"most_perplexity_ratio": 1.2, "fewest_groups": 9}
    gate = read_gate(migration.forwards(old))
    assert (gate.not_worse[1].margin, gate.fewest_groups) == (0.2, 9)
    assert migration.backwards(migration.forwards(old)) == old


def test_what_is_written_already_stays() -> None:
    gate = as_json(Gate(fewest_groups=7))
    assert migration.forwards(gate) == gate
