"""The exit codes of all commands."""

from ..._errors import ConvergenceError, DeviceError, DiffeliashError, InputError, IntegrityError, StorageError

USAGE, BAD_INPUT, NOT_CONVERGED, STORAGE, INTEGRITY, NO_DEVICE, OTHER = 2, 3, 4, 5, 6, 8, 1
_EXIT_CODES = {
    InputError: BAD_INPUT, ConvergenceError: NOT_CONVERGED, StorageError: STORAGE, IntegrityError: INTEGRITY,
    DeviceError: NO_DEVICE,
}  # fmt: skip


def exit_code_of(error: DiffeliashError) -> int:
    """Return the exit code of an error."""
    return next(code for kind, code in _EXIT_CODES.items() if isinstance(error, kind))
