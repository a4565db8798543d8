"""The command `train`."""

from ._train import train_command as train_command
