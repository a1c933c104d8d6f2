"""The feature repository that the plain `feast` command reads: entities, and the views of everything published.

Views are defined in `pipeline/features/definitions.py`. `qa_features` (texts) exists once; each base model and template
that the pipeline made features for adds a `token_features_…` view (arrays), so several models live side by side. Which
data a view serves is a reference in the lake that the features stage moves: `feast apply` here gives what the
pipeline's own registration gives, and never removes another model's views.
"""

from __future__ import annotations

from pipeline.features.catalogue import published_sets
from pipeline.features.definitions import QUESTION as question
from pipeline.features.definitions import objects
from pipeline.lake import open_lake
from pipeline.settings import load

__all__ = ["question"]

settings = load()
for feature_set in published_sets(settings, open_lake(settings.lake)):
    for item in objects(feature_set):
        # Feast collects what it finds under the names of this module
        globals()[item.name] = item
