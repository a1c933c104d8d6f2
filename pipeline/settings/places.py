"""Relative paths in the settings: they count from the folder of the settings file, wherever a command is called."""

from __future__ import annotations

from pathlib import Path

from pipeline.settings.root import Settings
from pipeline.settings.sources import TableSourceSettings


def make_absolute(settings: Settings, base: Path) -> None:
    """Make the paths absolute, from the folder `base`. Where that is the working folder, addresses stay as written."""
    settings.state_dir = (base / settings.state_dir).resolve()
    settings.policy_file = (base / settings.policy_file).resolve()
    if base == Path.cwd():
        return
    if settings.lineage.file is not None:
        settings.lineage.file = base / settings.lineage.file.expanduser()
    evaluate = settings.evaluate
    if evaluate.harness_path is not None:
        evaluate.harness_path = base / evaluate.harness_path.expanduser()
    evaluate.benchmarks = [place if ":" in place else _below(base, place) for place in evaluate.benchmarks]
    settings.lake.uri = _below(base, settings.lake.uri)
    for source in settings.collect.sources:
        if isinstance(source, TableSourceSettings):
            source.uri = _below(base, source.uri)
    for model in (settings.model, *settings.select.candidates):
        model.base = _model(base, model.base)


def _below(base: Path, place: str) -> str:
    """Return a path below a folder; what is absolute already, in someone's home or an address stays as it is."""
    return place if "://" in place or place.startswith("~") else str(base / place)


def _model(base: Path, name: str) -> str:
    """Return a base model; it is a folder if it is written like one or there is one of that name."""
    written = name.startswith(("./", "../")) or name in (".", "..")
    return str(base / name) if written or (":" not in name and (base / name).is_dir()) else name
