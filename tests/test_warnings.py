"""Warnings are errors while tests run, and only then: other plugins of pytest may say what they have to say."""

import warnings

import pytest


def test_a_warning_is_an_error():
    with pytest.raises(UserWarning, match="hello"):
        warnings.warn("hello", stacklevel=1)


@pytest.mark.filterwarnings("ignore:hello")
def test_a_test_may_have_a_filter_of_its_own():
    warnings.warn("hello", stacklevel=1)


def test_not_when_pytest_is_configured(request):
    assert request.config.getini("filterwarnings") == []
