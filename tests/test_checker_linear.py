"""The checker's affine forms: replacing in many forms at once is replacing in each."""

import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from relucirc.checker import linear
from relucirc.checker.linear import UNIT, replace, replace_all

numbers = st.builds(fmpq, st.integers(-5, 5), st.integers(1, 4)).filter(bool)


def forms(names):
    return st.dictionaries(st.sampled_from(names), numbers, max_size=len(names))


@pytest.mark.parametrize("large", [0, linear.LARGE])
@given(
    st.lists(forms([UNIT, 0, 1, 5, 6, 7]), max_size=6),
    st.dictionaries(st.sampled_from([5, 6, 7]), forms([UNIT, 0, 1, 2, 5]), max_size=3),
)
def test_replacing_in_many_forms_is_replacing_in_each(large, some, values):
    before, linear.LARGE = linear.LARGE, large
    try:
        assert replace_all(some, values) == [replace(form, values) for form in some]
    finally:
        linear.LARGE = before
