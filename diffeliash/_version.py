"""The version of this program, where every layer can have it."""

__version__ = "0.1.0"
