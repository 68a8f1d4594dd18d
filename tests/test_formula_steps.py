"""Products and powers of choices in text are read as they are written."""

import pytest
from flint import fmpq

from relucirc.language.function import read_function

CASES = "(3 if 1/2 <= 1 else x)"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"{CASES}**2", 9),
        (f"(2*{CASES})**2", 36),
        (f"{CASES}*{CASES}", 9),
        (f"2*{CASES}*{CASES}*x", 90),
        (f"{CASES}**0", 1),
    ],
)
def test_choices_between_numbers_are_multiplied(text, value):
    assert read_function(text, ["x"]).evaluate([fmpq(5)]) == [value]
