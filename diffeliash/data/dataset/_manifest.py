"""The two JSON files of a data set: the manifest with its configuration, and the record of its completion."""

import dataclasses
import hashlib
import json
import pathlib
import reprlib
from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue

from ..._errors import InputError, IntegrityError
from ..._headers import Digest, ShortText, header, parse_header, part_of_header
from ..._inputs import LARGEST_OWN_FILE, read_input
from ..._limits import LARGEST_SHARD
from ..storage import (
    DONE,
    FORMAT_VERSION,
    MANIFEST,
    SHARD_PATTERN,
    STATUS_NAMES,
    UNITS,
    count_shards,
    numerical_environment,
    samples_in_shard,
    software_versions,
)
from ._generate_config import GenerateConfig, StatedConfig

CHECKSUM = "sha256_of_the_rest"
"""Name of the JSON entry with the checksum of all other entries."""


@dataclasses.dataclass(frozen=True)
class Manifest:
    """Content of the manifest: the configuration of a data set and what it is computed with.

    Args:
        config: The configuration, as `GenerateConfig.as_dict` returns it.
        machine: Software and processor, as `numerical_environment` returns them.
        text: Text of the file, of which every shard contains a copy.
    """

    config: dict[str, Any]
    machine: dict[str, Any]
    text: str

    @property
    def n_shards(self) -> int:
        """Number of shards of the finished data set."""
        return count_shards(self.config["num_samples"], self.config["shard_size"])


def _of_every_status(counts: dict[str, int]) -> dict[str, int]:
    if set(counts) != set(STATUS_NAMES):
        raise ValueError(f"must name {', '.join(STATUS_NAMES)}")
    return counts


SampleCounts = Annotated[dict[str, Annotated[int, Field(ge=0, le=LARGEST_SHARD)]], AfterValidator(_of_every_status)]
"""Type of the number of samples of each status of a shard in a header."""


@dataclasses.dataclass(frozen=True)
class ShardSummary:
    """Digest of the content of a shard, and the number of samples of each status."""

    digest: Digest
    counts: SampleCounts


@dataclasses.dataclass(frozen=True, kw_only=True)
class _SealedJson:
    format_version: int
    sha256_of_the_rest: Digest


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _ManifestHeader(_SealedJson):
    config: StatedConfig
    units: dict[ShortText, ShortText]
    status_names: tuple[ShortText, ...]
    machine: dict[ShortText, ShortText]
    versions: dict[ShortText, ShortText]


@part_of_header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _ConfigFields:
    """Checks that the configuration in a manifest has all fields."""

    config: dict[str, JsonValue]

    def __post_init__(self):
        missing = {field.name for field in dataclasses.fields(GenerateConfig)} - set(self.config)
        if missing:
            raise ValueError(f"the configuration lacks {', '.join(sorted(missing))}")


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _DoneHeader(_SealedJson):
    manifest_sha256: Digest
    digest: Digest
    counts: dict[ShortText, int]
    shards: tuple[ShardSummary, ...]


@dataclasses.dataclass(frozen=True)
class CompletionRecord:
    """Content of the file `DONE`, the record that a data set is finished.

    Args:
        shards: Digest and counts of every shard.
        digest: SHA-256 digest of the configuration and the content of all shards.
    """

    shards: tuple[ShardSummary, ...]
    digest: str

    @property
    def counts(self) -> dict[str, int]:
        """Number of samples of each status."""
        return total_counts(self.shards)


def total_counts(shards: Any) -> dict[str, int]:
    """Return the number of samples of each status in some shards."""
    return {name: sum(shard.counts[name] for shard in shards) for name in STATUS_NAMES}


def make_manifest(config: GenerateConfig) -> Manifest:
    """Make the manifest of a new data set."""
    fields = {
        "format_version": FORMAT_VERSION,
        "config": config.as_dict(),
        "units": UNITS,
        "status_names": STATUS_NAMES,
        "machine": numerical_environment(),
        "versions": software_versions(),
    }
    text = sealed_json(fields).decode()
    written = json.loads(text)
    return Manifest(config=written["config"], machine=written["machine"], text=text)


def is_dataset(folder: pathlib.Path) -> bool:
    """Whether a folder holds a manifest or a shard, so that it is a data set or the rest of one."""
    return (folder / MANIFEST).exists() or any(folder.glob(SHARD_PATTERN))


def read_manifest(folder: pathlib.Path) -> Manifest:
    """Read the manifest of a data set.

    Raises:
        InputError: The folder is not a data set, or has another format version.
        IntegrityError: The manifest is damaged, or missing although there are shards.
    """
    path = folder / MANIFEST
    if not path.exists() and is_dataset(folder):
        hint = repair_hint(folder)
        raise IntegrityError("damaged data set", where=str(path), why="it is missing, but there are shards.", hint=hint)
    if not path.is_file():
        hint = "Give a folder that `diffeliash generate` wrote."
        raise InputError("not a data set", where=str(folder), why=f"there is no {MANIFEST} in it.", hint=hint)
    return parse_manifest(path, read_input(path, largest=LARGEST_OWN_FILE))


def parse_manifest(path: pathlib.Path, content: bytes) -> Manifest:
    """Parse the text of a manifest file or of the copy in a shard; for errors see `read_manifest`."""
    fields = _open_json(path, content)
    for schema in (_ConfigFields, _ManifestHeader):
        parse_header(schema, content, str(path), what="damaged data set", hint=repair_hint(path.parent))
    return Manifest(config=fields["config"], machine=fields["machine"], text=content.decode())


def repair_hint(folder: pathlib.Path) -> str:
    """Return the hint of error messages about damaged data sets."""
    return f"`diffeliash verify {folder} --repair` makes it again."


def make_completion_record(manifest: Manifest, shards: list[ShardSummary]) -> tuple[CompletionRecord, bytes]:
    """Make the completion record of a data set, and the content of its file."""
    done = CompletionRecord(tuple(shards), dataset_digest(manifest.config, [shard.digest for shard in shards]))
    fields = {
        "format_version": FORMAT_VERSION,
        "manifest_sha256": hashlib.sha256(manifest.text.encode()).hexdigest(),
        "digest": done.digest,
        "counts": done.counts,
        "shards": [dataclasses.asdict(shard) for shard in shards],
    }
    return done, sealed_json(fields)


def read_completion_record(folder: pathlib.Path, manifest: Manifest) -> CompletionRecord:
    """Read the completion record of a data set.

    Raises:
        InputError: The data set is not finished.
        IntegrityError: The file is damaged, or belongs to another manifest.
    """
    path = folder / DONE
    if not path.is_file():
        hint = f"Finish it by `diffeliash generate {folder} --resume`; in Python generate(..., resume=True)."
        raise InputError("unfinished data set", where=str(folder), why=f"there is no {DONE} in it.", hint=hint)
    content, what, hint = read_input(path, largest=LARGEST_OWN_FILE), "damaged data set", repair_hint(folder)
    _open_json(path, content)
    shards = parse_header(_DoneHeader, content, str(path), what=what, hint=hint).shards
    done, expected = make_completion_record(manifest, list(shards))
    if content != expected or len(shards) != manifest.n_shards:
        raise IntegrityError(what, where=str(path), why="it belongs to another manifest.", hint=hint)
    size = manifest.config["num_samples"], manifest.config["shard_size"]
    for number, shard in enumerate(shards):
        if sum(shard.counts.values()) != samples_in_shard(number, *size):
            why = f"shard {number} has another number of samples than the manifest says."
            raise IntegrityError(what, where=str(path), why=why, hint=hint)
    return done


def dataset_digest(config: dict[str, Any], shards: list[str]) -> str:
    """Return the SHA-256 digest of a data set from its configuration and the digests of its shards."""
    return hashlib.sha256(json.dumps([config, shards], sort_keys=True).encode()).hexdigest()


def sealed_json(fields: dict[str, Any]) -> bytes:
    """Return JSON with a checksum over all of its entries."""
    checksum = hashlib.sha256(json.dumps(fields, indent=2).encode()).hexdigest()
    return (json.dumps(fields | {CHECKSUM: checksum}, indent=2) + "\n").encode()


def _open_json(path: pathlib.Path, content: bytes) -> dict[str, Any]:
    """Parse the JSON of `sealed_json`, of which every byte must be as it was written."""
    hint = repair_hint(path.parent)
    try:
        fields = json.loads(content)
        checksum = fields.pop(CHECKSUM, None)
        whole = sealed_json(fields) == content
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise IntegrityError(
            "damaged data set", where=str(path), why="it is not the JSON text that was written.", hint=hint
        ) from error
    version = fields.get("format_version")
    older = checksum is None and isinstance(version, int)  # versions below 3 had no checksum
    if version != FORMAT_VERSION and (whole or older):
        why = f"it has version {reprlib.repr(version)}, this diffeliash reads version {FORMAT_VERSION}."
        raise InputError("unknown format", where=str(path), why=why)
    if not whole:
        raise IntegrityError("damaged data set", where=str(path), why="its checksum does not match.", hint=hint)
    return fields
