"""Warnings are errors while a test runs, and only then: other pytest plugins may issue warnings at other times."""

import warnings

import pytest


def test_a_warning_is_an_error():
    with pytest.raises(UserWarning, match="hello"):
        warnings.warn("hello", stacklevel=1)


@pytest.mark.filterwarnings("ignore:hello")
def test_a_test_can_have_its_own_warning_filter():
    warnings.warn("hello", stacklevel=1)


def test_warnings_are_no_errors_while_pytest_is_configured(request):
    assert request.config.getini("filterwarnings") == []
