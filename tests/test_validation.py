"""The wording of refused values."""

import re

import numpy as np
import pytest

from skensemble._validation import check_choice, check_integer, check_real, must_be


def test_a_refusal_has_its_parts():
    refusal = must_be("M", "an integer of at least 1", 0, "M=5 is the usual choice")
    assert refusal == (
        "M must be an integer of at least 1, got 0 instead: M=5 is the usual choice."
    )
    assert (refusal.parameter, refusal.got) == ("M", "0")


def test_long_values_are_cut():
    message = must_be("x", "short", "a" * 500, "cut it")
    assert message.startswith("x must be short, got 'aaa")
    assert message.endswith("aaa... instead: cut it.")
    assert len(message) < 200


@pytest.mark.parametrize("value", [1, np.int32(3), np.uint8(7)])
def test_integers(value):
    checked = check_integer("n", value, minimum=1, fix="fix")
    assert checked == value
    assert type(checked) is int


@pytest.mark.parametrize("value", [True, 1.0, "1", None, np.bool_(True), [1]])
def test_what_is_no_integer(value):
    message = f"n must be an integer of at least 1, got {value!r} instead: fix."
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        check_integer("n", value, minimum=1, fix="fix")


@pytest.mark.parametrize("value", [-1, 0, float("inf"), float("nan"), np.float32("nan")])
def test_what_is_not_positive(value):
    message = f"a must be a finite number greater than 0, got {value!r} instead: fix."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_real("a", value, positive=True, fix="fix")


def test_zero_is_not_negative():
    assert check_real("a", 0, positive=False, fix="fix") == 0.0
    with pytest.raises(TypeError, match="^a must be a finite number of at least 0, got '0'"):
        check_real("a", "0", positive=False, fix="fix")


def test_choices_do_not_mix_types():
    check_choice("v", 1, (0, 1), fix="fix")
    check_choice("v", np.int64(1), (0, 1), fix="fix")
    check_choice("v", np.str_("a"), ("a", "b"), fix="fix")
    with pytest.raises(ValueError, match="^v must be one of 0, 1, got True instead: fix.$"):
        check_choice("v", True, (0, 1), fix="fix")
