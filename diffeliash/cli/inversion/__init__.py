"""Commands that infer a2F from gap functions or densities of states: `invert` and `predict`."""

from ._invert import invert_command as invert_command
from ._predict import predict_command as predict_command
