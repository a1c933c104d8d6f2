"""Vector indexes: there is none, and here is what proves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.comply.check import Check, Limits, Result, failed, not_applicable
from pipeline.comply.sbom import installed
from pipeline.comply.subject import Subject
from pipeline.lake.errors import said
from pipeline.manifest import Manifest
from pipeline.stage import PACKAGE

ENGINES = frozenset(
    {
        *("faiss-cpu", "faiss-gpu", "chromadb", "pinecone", "pinecone-client", "qdrant-client", "weaviate-client"),
        *("pymilvus", "lancedb", "annoy", "hnswlib", "usearch", "pgvector", "sentence-transformers", "llama-index"),
    }
)


class VectorWeaknesses(Check):
    """Proves that no embedding is stored or searched, or fails."""

    slug = "vector_weaknesses"
    title = "Vector and embedding weaknesses"
    proves = (
        "No output of the feature or preparation stage has a column of embedding vectors, and no module of the "
        "pipeline imports a vector index. Passages are found by their words among the company's own rows."
    )
    risks = ("vector-and-embedding-weaknesses",)
    severity = "medium"
    remedy = "A vector index came in: write a check for its access control and for poisoned entries first"

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Look for vectors in the data and for engines in the code."""
        columns = [
            f"{name}: {column}"
            for name in ("prepared", "features", "repository")
            if (manifest := subject.manifest(name)) is not None
            for column in _vectors(subject, manifest)
        ]
        imported = sorted(_imported())
        measured: dict[str, Any] = {
            "vector_columns": len(columns),
            "modules_with_an_index": len(imported),
            "engines_installed": sorted({package.name for package in installed()} & ENGINES),
        }
        evidence = [{"found": found} for found in [*columns, *imported]]
        if evidence:
            return failed("vectors are stored or searched, and nothing checks them", measured, evidence)
        return not_applicable(
            "no embedding is stored or searched: no vector column in the data, no vector index in the code", measured
        )


def _vectors(subject: Subject, manifest: Manifest) -> Iterator[str]:
    """Yield the columns of floating-point lists in a manifest's Parquet files."""
    import pyarrow.parquet as pq
    from pyarrow import types

    assert subject.lake is not None
    for output in manifest.outputs.values():
        first = next((entry.path for entry in output.files if entry.path.endswith(".parquet")), None)
        if first is None:
            continue
        filesystem, path = subject.lake.arrow(f"{output.uri}/{first}")
        with said(f"{output.uri}/{first}"):
            schema = pq.read_schema(path, filesystem=filesystem)
        for field in schema:
            kind = field.type
            is_list = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
            if is_list and types.is_floating(kind.value_type):
                yield field.name


def _imported() -> Iterator[str]:
    """Yield the modules of the pipeline that import a vector index, read from their syntax trees."""
    import ast

    wanted = {name.replace("-cpu", "").replace("-gpu", "").replace("-client", "").replace("-", "_") for name in ENGINES}
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            if any(name.split(".")[0] in wanted for name in names):
                yield file.relative_to(PACKAGE).as_posix()
                break
