"""Why a model that was approved must not go to production all the same: what happened since, or under another name."""

from __future__ import annotations

from pipeline.audit.trail import Trail
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.publish import alias
from pipeline.publish.erasures import PUBLISHED, affected
from pipeline.publish.recorded import standing, standing_model
from pipeline.publish.store import ModelStore


def compared_with(lake: Lake, evaluation: Manifest) -> str | None:
    """Return the digest of the production model that an evaluation compared with; None when there was none.

    Raises Refused when the manifest of that model is not the one that was read then.
    """
    reference = evaluation.inputs.get("champion")
    if reference is None:
        return None
    manifest = load_manifest(lake, reference.uri)
    if manifest.digest != reference.digest:
        raise Refused(
            "The manifest of the model that this one was compared with is another one by now",
            where=reference.uri,
            remedy="Start a new run; find out who writes to the lake",
        )
    return manifest.output("model").digest


def refuse_other_production(store: ModelStore, trail: Trail, compared: str | None, model: str) -> None:
    """Raise Refused when production holds neither the model that this one was compared with nor this one itself.

    While a run waits for its reviewers another one can publish, and its model may be the better one. It goes by the
    audit trail, and by the store only where the trail knows no publication.
    """
    known = standing(trail, store.repository)
    if known is not None:
        name, present = known.name, standing_model(trail, store.repository)
    else:
        found = store.production()
        if found is None:
            return
        name, present = str(found.get("version")), found.get("model")
    if present not in (compared, model):
        raise Refused(
            f"{name} went to production after this model was evaluated: nobody compared the two",
            where=store.url(),
            remedy="Start a new run: it compares with what is in production now",
        )


def why_not(trail: Trail, repository: str, candidate: Manifest) -> list[str]:
    """Return why a candidate must not be released: its bytes were withdrawn, or a person was erased from its rows."""
    model = candidate.output("model").digest
    withdrawn = why_withdrawn(trail, repository, model)
    references = affected(trail, model, candidate.digest)
    erased = f"it learned from rows of a person whose data was erased since ({', '.join(references)})"
    return ([withdrawn] if withdrawn else []) + ([erased] if references else [])


def why_withdrawn(trail: Trail, repository: str, model: str) -> str | None:
    """Return why a model with these bytes must not be released again, or None.

    The same rows and settings give the same bytes: the night after a rollback brings the model back under a new name.
    """
    left = alias.withdrawn(trail, repository)
    for record in reversed(trail.find(PUBLISHED, subject=model)):
        version = str(record.data.get("version"))
        if record.data.get("repository") == repository and version in left:
            return (
                f"these are the bytes of {version}, which was taken out of production by a rollback: {left[version]} "
                f"(if it is wanted after all: llmops models rollback --to {version})"
            )
    return None
