"""The two text files of a data set: what it is to be, and that it is finished."""

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


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What a data set is to be.

    Args:
        config: Its configuration, as `GenerateConfig.as_dict` gives it.
        machine: What it is computed with, as far as the digits depend on it.
        text: The file; every shard carries a copy.
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
"""Samples of each status in a shard, in a header."""


@dataclasses.dataclass(frozen=True)
class ShardSummary:
    """What one shard holds: digest of its content, and how many samples of each status were drawn."""

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
    """Beside the ranges: no field of the configuration is left out."""

    config: dict[str, JsonValue]

    def __post_init__(self):
        missing = {field.name for field in dataclasses.fields(GenerateConfig)} - set(self.config)
        if missing:
            raise ValueError(f"the configuration has no {', '.join(sorted(missing))}")


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _DoneHeader(_SealedJson):
    manifest_sha256: Digest
    digest: Digest
    counts: dict[ShortText, int]
    shards: tuple[ShardSummary, ...]


@dataclasses.dataclass(frozen=True)
class CompletionRecord:
    """What a finished data set holds.

    Args:
        shards: One summary each.
        digest: Of the configuration and the content of all shards.
    """

    shards: tuple[ShardSummary, ...]
    digest: str

    @property
    def counts(self) -> dict[str, int]:
        """Samples of each status."""
        return total_counts(self.shards)


def total_counts(shards: Any) -> dict[str, int]:
    """Samples of each status in some shards."""
    return {name: sum(shard.counts[name] for shard in shards) for name in STATUS_NAMES}


def make_manifest(config: GenerateConfig) -> Manifest:
    """The manifest of a new data set."""
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
    """Whether there is a manifest or a shard: a data set, however little is left of it."""
    return (folder / MANIFEST).exists() or any(folder.glob(SHARD_PATTERN))


def read_manifest(folder: pathlib.Path) -> Manifest:
    """The manifest of a data set.

    Raises:
        InputError: The folder is no data set, or of another format version.
        IntegrityError: The manifest is damaged, or missing beside shards.
    """
    path = folder / MANIFEST
    if not path.exists() and is_dataset(folder):
        hint = repair_hint(folder)
        raise IntegrityError("damaged data set", where=str(path), why="it is missing, but shards are there.", hint=hint)
    if not path.is_file():
        hint = "Give a folder that `diffeliash generate` wrote."
        raise InputError("not a data set", where=str(folder), why=f"there is no {MANIFEST} in it.", hint=hint)
    return parse_manifest(path, read_input(path, largest=LARGEST_OWN_FILE))


def parse_manifest(path: pathlib.Path, content: bytes) -> Manifest:
    """A manifest from the text of a file or of a shard's copy; for errors see `read_manifest`."""
    fields = _open_json(path, content)
    for schema in (_ConfigFields, _ManifestHeader):
        parse_header(schema, content, str(path), what="damaged data set", hint=repair_hint(path.parent))
    return Manifest(config=fields["config"], machine=fields["machine"], text=content.decode())


def repair_hint(folder: pathlib.Path) -> str:
    """What to do about damage."""
    return f"`diffeliash verify {folder} --repair` makes it again."


def make_completion_record(manifest: Manifest, shards: list[ShardSummary]) -> tuple[CompletionRecord, bytes]:
    """What a finished data set holds, and the file that says so."""
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
    """What a finished data set holds.

    Raises:
        InputError: It is not finished.
        IntegrityError: The file is damaged, or belongs to another manifest.
    """
    path = folder / DONE
    if not path.is_file():
        hint = f"`diffeliash generate {folder} --resume` goes on with it; in Python generate(..., resume=True)."
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
    """SHA-256 of a whole data set from its configuration and the digests of its shards."""
    return hashlib.sha256(json.dumps([config, shards], sort_keys=True).encode()).hexdigest()


def sealed_json(fields: dict[str, Any]) -> bytes:
    """JSON with a checksum over all of it."""
    checksum = hashlib.sha256(json.dumps(fields, indent=2).encode()).hexdigest()
    return (json.dumps(fields | {CHECKSUM: checksum}, indent=2) + "\n").encode()


def _open_json(path: pathlib.Path, content: bytes) -> dict[str, Any]:
    """The fields of sealed JSON; every byte must be as it was written."""
    hint = repair_hint(path.parent)
    try:
        fields = json.loads(content)
        checksum = fields.pop(CHECKSUM, None)
        whole = sealed_json(fields) == content
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise IntegrityError(
            "damaged data set", where=str(path), why="it is not what was written.", hint=hint
        ) from error
    version = fields.get("format_version")
    older = checksum is None and isinstance(version, int)  # before version 3 there was none
    if version != FORMAT_VERSION and (whole or older):
        why = f"version {reprlib.repr(version)}, this reads {FORMAT_VERSION}."
        raise InputError("unknown format", where=str(path), why=why)
    if not whole:
        raise IntegrityError("damaged data set", where=str(path), why="its checksum does not match.", hint=hint)
    return fields
