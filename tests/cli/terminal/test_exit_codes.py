import pytest
import typer

from diffeliash._errors import ConvergenceError, DeviceError, InputError, IntegrityError, StorageError
from diffeliash.cli.terminal import finish
from diffeliash.cli.terminal._exit_codes import exit_code_of


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([{"converged": True}, {"converged": False}], 4),
        ([{"converged": True, "ok": False}], 4),
        ([{"converged": False}, {"error": "no such file"}], 3),
    ],
)
def test_the_exit_code_of_results(results, code):
    with pytest.raises(typer.Exit) as ended:
        finish(results)
    assert ended.value.exit_code == code


def test_good_results_end_nothing():
    finish([{"converged": True}, {"converged": True, "ok": True}])


@pytest.mark.parametrize(
    ("kind", "code"),
    [(InputError, 3), (ConvergenceError, 4), (StorageError, 5), (IntegrityError, 6), (DeviceError, 8)],
)
def test_the_exit_code_of_errors(kind, code):
    assert exit_code_of(kind("what")) == code
