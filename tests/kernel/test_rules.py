"""Which kernels the model follows."""

from zonecma.kernel.rules import NOT_MODELLED, RULES, rules_for, series_of, why_not_modelled


def test_a_release_names_its_series():
    assert series_of("6.12.117-gt") == "6.12"
    assert series_of("4.7.4") == "4.7"


def test_known_series():
    assert rules_for("6.12.1") is RULES["6.12"]
    assert rules_for("6.1.192") is None


def test_what_is_not_modelled_has_a_reason():
    assert all(reason in why_not_modelled(f"{series}.1") for series, reason in NOT_MODELLED.items())
    assert "not known" in why_not_modelled("9.9.9")
    assert NOT_MODELLED.keys() < RULES.keys()
