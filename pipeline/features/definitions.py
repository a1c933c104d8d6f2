"""What Feast knows: the entities, and the views of a feature set with owner, licence and model.

`qa_features` holds the texts and depends on no model. Token features belong to a base model and its template, so their
views carry both in the name (`token_features_<model>_<template>`): the features of two models live side by side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa
from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.data_format import ParquetFormat
from feast.types import Array, Bool, FeastType, Int32, String

from pipeline.features.schema import CREATED_TIME, ENTITY, EVENT_TIME, KEYS, QA, TOKENS, WINDOW

QA_VIEW = "qa_features"
AGES = timedelta(days=36_500)
"""Answers do not expire. Feast takes 0 for "the last year" when it materialises, so this is a number."""
FEAST_TYPES: dict[pa.DataType, FeastType] = {
    pa.string(): String,
    pa.bool_(): Bool,
    pa.int32(): Int32,
    pa.list_(pa.int32()): Array(Int32),
}
QUESTION = Entity(
    name="question",
    join_keys=[ENTITY],
    value_type=ValueType.STRING,
    description="A question of the unified repository; its id is stable over runs and unique over sources",
)
TOKEN_WINDOW = Entity(
    name="token_window",
    join_keys=[WINDOW],
    value_type=ValueType.INT32,
    description="A further window over a long context, numbered from 1 by how well it supports the answer",
)


@dataclass(frozen=True)
class FeatureSet:
    """The features that one run made: where they lie and what they were made for.

    `licence` is one SPDX expression over all rows; `endpoint` is the object store's address where it is not Amazon's.
    `windows` is None where no sliding windows were asked for.
    """

    qa: str
    tokens: str
    windows: str | None
    model: str
    revision: str
    template: str
    owner: str
    licence: str
    endpoint: str | None = None

    @property
    def key(self) -> str:
        """Return the part of a view's name that tells models and templates apart."""
        return _key(self.model, self.template)

    @property
    def tokens_view(self) -> str:
        """Return the name of the token view."""
        return tokens_view(self.model, self.template)

    @property
    def windows_view(self) -> str:
        """Return the name of the view of further windows."""
        return f"token_windows_{self.key}"

    @property
    def sources(self) -> dict[str, str]:
        """Return where each view's data lies."""
        found = {QA_VIEW: self.qa, self.tokens_view: self.tokens}
        return {**found, self.windows_view: self.windows} if self.windows else found


def tokens_view(model: str, template: str) -> str:
    """Return the name of the token view of a base model and a template."""
    return f"token_features_{_key(model, template)}"


def _key(model: str, template: str) -> str:
    # the model's whole name counts: copies of one model by several owners have the same last part
    return re.sub(r"[^a-z0-9]+", "_", f"{model} {template}".lower()).strip("_")


def views(features: FeatureSet) -> list[FeatureView]:
    """Return the feature views of a feature set."""
    made = [
        _view(features, QA_VIEW, QA, [QUESTION], "Questions, answers and contexts as people read them", {}),
        _view(
            features,
            features.tokens_view,
            TOKENS,
            [QUESTION],
            f"Token ids, mask and labels for {features.model}",
            {"base_model": features.model, "revision": features.revision, "template": features.template},
        ),
    ]
    if features.windows:
        made.append(
            _view(
                features,
                features.windows_view,
                TOKENS,
                [QUESTION, TOKEN_WINDOW],
                f"Further windows over long contexts, for {features.model}",
                {"base_model": features.model, "revision": features.revision, "template": features.template},
            )
        )
    return made


def objects(features: FeatureSet) -> list[Entity | FeatureView | FeatureService]:
    """Return everything that has to be registered for a feature set: entities, views and the service over them."""
    made = views(features)
    entities = [QUESTION, TOKEN_WINDOW] if features.windows else [QUESTION]
    service = FeatureService(
        name=f"training_{features.key}",
        features=[view for view in made if view.name != features.windows_view],
        tags=made[1].tags,
        owner=features.owner,
        description=f"What fine-tuning of {features.model} reads",
    )
    return [*entities, *made, service]


def _view(
    features: FeatureSet,
    name: str,
    schema: pa.Schema,
    entities: Sequence[Entity],
    description: str,
    tags: dict[str, str],
) -> FeatureView:
    keys = {entity.join_key for entity in entities}
    hidden = {field.name for field in KEYS} | {WINDOW}
    fields = [field for field in schema if field.name in keys or field.name not in hidden]
    tags = {"licence": features.licence, **tags}
    return FeatureView(
        name=name,
        entities=list(entities),
        ttl=AGES,
        schema=[Field(name=field.name, dtype=FEAST_TYPES[field.type]) for field in fields],
        source=FileSource(
            name=f"{name}_source",
            path=features.sources[name],
            file_format=ParquetFormat(),
            timestamp_field=EVENT_TIME,
            created_timestamp_column=CREATED_TIME,
            s3_endpoint_override=features.endpoint,
            tags=tags,
            owner=features.owner,
        ),
        online=name != features.windows_view,
        description=description,
        tags=tags,
        owner=features.owner,
    )
