"""Which kernels the model follows."""

import dataclasses

from zonecma.kernel.features import FEATURES
from zonecma.kernel.rules import NEWEST, NOT_REPLAYED, RULES, Rules, rules_for, series_of, why_not_modelled


def test_a_release_names_its_series():
    assert series_of("6.12.117-gt") == "6.12"
    assert series_of("4.7.4") == "4.7"


def test_known_series():
    assert rules_for("6.12.1") is RULES["6.12"]
    assert rules_for("6.1.192") is RULES["6.1"]
    assert rules_for("4.7.4") is None  # machines can be booted under its rules, recordings not replayed


def test_what_is_not_modelled_has_a_reason():
    assert all(reason in why_not_modelled(f"{series}.1") for series, reason in NOT_REPLAYED.items())
    assert "not known" in why_not_modelled("9.9.9")
    assert all(rules_for(f"{series}.1") is None for series in NOT_REPLAYED)


def test_each_series_is_found_by_its_name():
    assert all(rules.series == series for series, rules in RULES.items())
    assert NEWEST.series not in NOT_REPLAYED


def test_every_feature_has_a_bit_of_its_own():
    switches = {field.name for field in dataclasses.fields(Rules) if field.type == "bool"}
    assert switches == set(FEATURES)
    bits = [int(bit) for bit in FEATURES.values()]
    assert sum(bits) == (1 << len(bits)) - 1
