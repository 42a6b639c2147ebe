"""From what a user names (pictures, videos, folders, manifests) to the list of sources to build from."""

import importlib.util
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from av1core.errors import MediaError, said
from av1core.media.clips import RAW_SUFFIXES, RawLayout
from av1core.media.frame_choice import FrameChoice
from av1core.media.photos import PICTURE_SUFFIXES
from av1core.storage import file_name
from av1core.translation import message

VIDEO_SUFFIXES = (".y4m", *RAW_SUFFIXES, ".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v")
"""File names that are taken for videos when a folder is searched; a file that is named is always tried."""

_DISTRIBUTIONS = {"skimage": "scikit-image", "sklearn": "scikit-learn", "PIL": "pillow"}
"""Names to install packages by, where they differ; looking through all metadata takes most of a second."""

_MANIFEST_KEYS = {
    "name", "title", "author", "licence", "url", "group", "package", "file", "frames", "raw", "stream",
}  # fmt: skip

ALL_FRAMES = FrameChoice.parse("all")


@dataclass(frozen=True)
class SourceFile:
    """A picture or video to build from, with its credit.

    origin: how to find the file again, without any machine's paths. group: sources of one scene share it. frames:
    which frames of a video. raw: how a video without a header lies. stream: an AV1 stream of this very video, whose
    trees give the labels; without one the pictures are encoded.
    """

    name: str
    path: Path
    title: str = ""
    author: str = ""
    licence: str = ""
    url: str = ""
    origin: str = ""
    group: str = ""
    frames: FrameChoice = ALL_FRAMES
    raw: RawLayout | None = None
    stream: Path | None = None


def collect(
    arguments: Iterable[str | Path],
    *,
    frames: FrameChoice = ALL_FRAMES,
    raw: RawLayout | None = None,
    stream: Path | None = None,
) -> list[SourceFile]:
    """The sources that files, folders (searched one level deep) and TOML manifests stand for.

    A manifest has [[source]] tables with name, title, author, licence, url, optionally group, frames, raw, stream, and
    `file` beside the manifest, or `package` and `file` inside that installed Python package. frames, raw: of the videos
    that are named without a manifest. stream: of the one source there is. MediaError for anything that cannot be
    found, and for two sources of one name.
    """

    def from_file(path: Path) -> SourceFile:
        name = file_name(path.stem, "picture")
        video = {} if _is_picture(path) else {"frames": frames, "raw": raw}
        return SourceFile(name, path, title=path.stem, origin=path.name, group=name, **video)

    found: list[SourceFile] = []
    for argument in map(Path, arguments):
        if argument.is_dir():
            suffixes = (*PICTURE_SUFFIXES, *VIDEO_SUFFIXES)
            files = sorted(file for file in argument.iterdir() if file.suffix.lower() in suffixes)
            if not files:
                raise MediaError(
                    message(
                        "The folder {folder} has no pictures or videos ({suffixes}).",
                        folder=argument, suffixes=", ".join(suffixes),
                    )
                )  # fmt: skip
            found += map(from_file, files)
        elif not argument.is_file():
            raise MediaError(message("There is no picture, video, folder or manifest at {path}.", path=argument))
        elif argument.suffix.lower() == ".toml":
            found += _from_manifest(argument)
        else:
            found.append(from_file(argument))
    seen: dict[str, SourceFile] = {}
    for source in found:
        other = seen.setdefault(source.name.casefold(), source)  # some file systems ignore case
        if other is not source:
            raise MediaError(
                message(
                    'Two sources are called "{name}": {first} and {second}. Rename one of them.',
                    name=source.name, first=other.path, second=source.path,
                )
            )  # fmt: skip
    if stream is not None:
        if len(found) != 1:
            raise MediaError(f"An AV1 stream belongs to one source, and there are {len(found)}; use a manifest.")
        found = [replace(found[0], stream=_existing(stream, "--stream"))]
    return found


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES


def _from_manifest(manifest: Path) -> list[SourceFile]:
    try:
        content = tomllib.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MediaError(message("{path} is not a manifest: {reason}.", path=manifest, reason=str(error))) from error
    entries = content.get("source")
    if set(content) != {"source"} or not isinstance(entries, list) or not entries:
        raise MediaError(message("{path} must hold [[source]] tables and nothing else.", path=manifest))
    return [_from_entry(manifest, entry, number) for number, entry in enumerate(entries, 1)]


def _from_entry(manifest: Path, entry: dict, number: int) -> SourceFile:
    where = message("{path}, [[source]] number {number}", path=manifest, number=number)
    if unknown := sorted(set(entry) - _MANIFEST_KEYS):
        raise MediaError(
            message(
                '{where}: the key "{key}" is unknown. Known: {known}.',
                where=where, key=unknown[0], known=", ".join(sorted(_MANIFEST_KEYS)),
            )
        )  # fmt: skip
    if wrong := sorted(key for key, value in entry.items() if not isinstance(value, str)):
        raise MediaError(message('{where}: "{key}" must be a text.', where=where, key=wrong[0]))
    for key in ("name", "file"):
        if not entry.get(key):
            raise MediaError(message('{where}: the key "{key}" is missing.', where=where, key=key))
    name, file = entry["name"], entry["file"]
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise MediaError(
            message(
                '{where}: the name "{name}" must be made of letters, digits, "_", "-" and ".".', where=where, name=name
            )
        )
    if package := entry.get("package"):
        path, origin = _inside_package(where, package, file)
    else:
        path, origin = manifest.parent / file, file
    _existing(path, where)
    credit = {key: entry.get(key, "") for key in ("title", "author", "licence", "url")}
    try:
        frames = FrameChoice.parse(entry.get("frames", "all"))
        raw = RawLayout.parse(entry["raw"]) if "raw" in entry else None
    except MediaError as error:
        raise MediaError(message("{where}: {reason}", where=where, reason=said(error))) from error
    stream = _existing(manifest.parent / entry["stream"], where) if "stream" in entry else None
    return SourceFile(
        name, path, origin=origin, group=entry.get("group", name), frames=frames, raw=raw, stream=stream, **credit
    )


def _existing(path: Path, where: str) -> Path:
    if not path.is_file():
        raise MediaError(message("{where}: there is no file {path}.", where=where, path=path))
    return path


def _inside_package(where: str, package: str, file: str) -> tuple[Path, str]:
    """Place of a package's file and how to find it again; importing the package could take seconds."""
    module = package.partition(".")[0]
    distribution = _DISTRIBUTIONS.get(module, module)
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.origin:
        raise MediaError(
            message(
                "{where}: the Python package {package} is not installed; pip install {package}.",
                where=where, package=distribution,
            )
        )  # fmt: skip
    try:
        installed = f"{distribution} {metadata.version(distribution)}"
    except metadata.PackageNotFoundError:
        installed = module
    return Path(spec.origin).parent.joinpath(*package.split(".")[1:], file), f"{installed}: {file}"
