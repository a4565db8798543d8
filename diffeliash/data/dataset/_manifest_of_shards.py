"""Which manifest a data set has: every shard carries a copy."""

import pathlib
from collections import Counter

from ..._errors import InputError, IntegrityError
from ..storage import MANIFEST, SHARD_PATTERN, read_hdf5
from ._manifest import Manifest, parse_manifest


def manifest_of_shards(folder: pathlib.Path) -> Manifest | None:
    """The manifest that most of the shards carry."""
    copies = Counter()
    for path in sorted(folder.glob(SHARD_PATTERN)):
        try:
            text = read_hdf5(path, fields=())[1].get("manifest")
            copies[parse_manifest(path, str(text).encode()).text] += 1
        except (InputError, IntegrityError):
            continue
    if not copies:
        return None
    return parse_manifest(folder / MANIFEST, copies.most_common(1)[0][0].encode())


def refuse_foreign_manifest(folder: pathlib.Path, manifest: Manifest) -> None:
    """Do not let shards be replaced by those of a manifest that came here from another data set.

    Where `DONE` fits the manifest, it is the right one; where it does not, the shards decide.

    Raises:
        IntegrityError: Most shards carry another manifest.
    """
    if any(folder.glob(SHARD_PATTERN)) and manifest_of_shards(folder) not in (None, manifest):
        raise IntegrityError(
            "foreign file", where=str(folder / MANIFEST), why="most shards belong to another data set than it says.",
            hint=f"`diffeliash verify {folder} --repair` restores the manifest from the shards.",
        )  # fmt: skip
