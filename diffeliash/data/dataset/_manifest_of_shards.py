"""Restoring and checking the manifest by its copies in the shards."""

import pathlib
from collections import Counter

from ..._errors import InputError, IntegrityError
from ..storage import MANIFEST, SHARD_PATTERN, read_hdf5
from ._manifest import Manifest, parse_manifest


def manifest_of_shards(folder: pathlib.Path) -> Manifest | None:
    """Return the manifest of which most shards contain a copy, or `None` if no shard has a readable one."""
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
    """Check that the manifest is that of the shards, before shards that do not fit it are replaced.

    This is called where the completion record does not confirm the manifest.

    Raises:
        IntegrityError: Most shards contain another manifest.
    """
    if any(folder.glob(SHARD_PATTERN)) and manifest_of_shards(folder) not in (None, manifest):
        raise IntegrityError(
            "foreign file", where=str(folder / MANIFEST),
            why="most shards belong to another data set than this manifest.",
            hint=f"`diffeliash verify {folder} --repair` restores the manifest from the shards.",
        )  # fmt: skip
