"""Classes and functions of users, named as `module:name`. This module does not import JAX.

A name is remembered together with the SHA-256 digest of the file that defines it. Code that is named in a file, such as
a checkpoint, is imported only if its source has the digest that the file states.
"""

import difflib
import hashlib
import importlib
import importlib.util
import os
import pathlib
import sys
import types
from typing import Any, NamedTuple

from ._errors import InputError
from ._inputs import LARGEST_INPUT

HINT = "Give MODULE:NAME, where MODULE can be imported from this folder or the Python path, or FILE.py:NAME."
"""How to name a class or function."""


class UserCode(NamedTuple):
    """A class or function of a user.

    Args:
        reference: Its name, as `module:name` or `file.py:name`.
        source_digest: SHA-256 digest of the source file.
        value: The class or function.
    """

    reference: str
    source_digest: str
    value: Any


def is_reference(name: str) -> bool:
    """Whether a name has the form `module:name`."""
    return ":" in name


def load_user_code(reference: str, source_digest: str | None = None) -> UserCode:
    """Import a class or function of a user.

    Args:
        reference: Its name, as `module:name` or `file.py:name`.
        source_digest: The digest that the source must have, checked before anything is imported; any if `None`.

    Raises:
        InputError: There is no such module or name, its import fails, or its source is another one.
    """
    module_name, _, name = reference.rpartition(":")
    if not module_name or not name.isidentifier():
        raise InputError(f"{reference!r:.100} does not name a class or function", hint=HINT)
    source = _source_of(module_name, reference)
    found = _digest(source)
    if source_digest not in (None, found):
        raise InputError(
            f"the source of {reference} is not the one that was used before",
            where=str(source),
            why=f"its digest is {found[:12]}, not {str(source_digest)[:12]}.",
            hint="Restore that version of the file.",
        )
    module = _imported(module_name, source, reference)
    if not hasattr(module, name):
        near = difflib.get_close_matches(name, [each for each in vars(module) if not each.startswith("_")], n=1)
        hint = f"Did you mean {module_name}:{near[0]}?" if near else ""
        raise InputError(f"there is no {name} in {module_name}", where=str(source), hint=hint)
    return UserCode(reference, found, getattr(module, name))


def reference_to(value: Any) -> UserCode | None:
    """The name and digest of a class or function that is already there; `None` if it cannot be imported by a name."""
    module_name, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
    module = sys.modules.get(module_name)
    if module is None or module_name == "__main__" or getattr(module, name, None) is not value:
        return None
    source = getattr(module, "__file__", None)
    if source is None or not os.path.isfile(source):
        return None
    module_name = _FILES.get(module_name, module_name)
    return UserCode(f"{module_name}:{name}", _digest(pathlib.Path(source)), value)


def find_user_code(given: Any) -> UserCode:
    """A class or function that is given by its name or directly; without a name its reference and digest are empty.

    Raises:
        InputError: It is given by a name, and cannot be imported.
    """
    found = load_user_code(given) if isinstance(given, str) else reference_to(given)
    return found or UserCode("", "", given)


_PREFIX = "diffeliash_user_code_"

_FILES: dict[str, str] = {}
"""The files, as they were named, of modules that were imported from files."""


def _source_of(module_name: str, reference: str) -> pathlib.Path:
    """The source file of a module, found without running it."""
    if module_name.endswith(".py"):
        path = pathlib.Path(module_name)
        if not path.is_file():
            raise InputError(f"there is no file {module_name}", where=reference, hint=HINT)
        return path
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    importlib.invalidate_caches()
    try:
        spec = importlib.util.find_spec(module_name)
    except (ImportError, ValueError, AttributeError) as error:
        raise InputError(f"cannot import {module_name}", where=reference, why=f"{error}.", hint=HINT) from error
    if spec is None or spec.origin is None or not os.path.isfile(spec.origin):
        raise InputError(f"there is no module {module_name}", where=reference, hint=HINT)
    return pathlib.Path(spec.origin)


def _digest(path: pathlib.Path) -> str:
    try:
        size = path.stat().st_size
        if size > LARGEST_INPUT:
            raise InputError(f"{path} is too large for a source file.")
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError("cannot read", where=str(path), why=f"{error.strerror}.") from error


def _imported(module_name: str, source: pathlib.Path, reference: str) -> types.ModuleType:
    try:
        if not module_name.endswith(".py"):
            return importlib.import_module(module_name)
        name = f"{_PREFIX}{source.stem}_{_digest(source)[:12]}"
        _FILES[name] = module_name
        if name in sys.modules:
            return sys.modules[name]
        spec = importlib.util.spec_from_file_location(name, source)
        if spec is None or spec.loader is None:
            raise InputError(f"{source} is not a Python file", where=reference)
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module
    except InputError:
        raise
    except Exception as error:  # anything may happen in it
        why = f"{type(error).__name__}: {error}."
        raise InputError(f"the import of {source.name} fails", where=reference, why=why) from error
