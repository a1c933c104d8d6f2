"""Tasks of EleutherAI's lm-evaluation-harness (GLUE, SuperGLUE, TruthfulQA and hundreds more) on our models.

The harness is an optional extra (`pip install lm-eval`): it brings 22 packages, and its own tasks need their data sets
in reach. Tasks described by files of the user's (`include_path`) need no network.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from pipeline.answering import Answerer


def require_harness() -> None:
    """Raise PipelineError unless the harness is installed: before any model is asked, not after."""
    if importlib.util.find_spec("lm_eval") is None:
        raise PipelineError(
            "Benchmarks of lm-evaluation-harness need the package lm-eval",
            where="evaluate.harness_tasks",
            remedy="pip install lm-eval",
        )


def run_harness(
    answerer: Answerer, tasks: Sequence[str], include_path: Path | None = None, limit: int | None = None, seed: int = 42
) -> dict[str, dict[str, float]]:
    """Run harness tasks and return every numeric metric by task.

    Raises PipelineError when the harness is not installed, a task is not known or its data cannot be reached.
    """
    require_harness()
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(include_path) if include_path else None)
    unknown = [task for task in tasks if task not in manager.all_tasks]
    if unknown:
        raise PipelineError(
            f"lm-evaluation-harness knows no such task: {', '.join(unknown)}",
            remedy="List them with `lm_eval ls tasks`, or name the folder of your own in evaluate.harness_path",
        )
    try:
        result = simple_evaluate(
            model=_adapter(answerer),
            tasks=list(tasks),
            task_manager=manager,
            limit=limit,
            random_seed=seed,
            numpy_random_seed=seed,
            torch_random_seed=seed,
            fewshot_random_seed=seed,
            bootstrap_iters=0,
            log_samples=False,
        )
    except (OSError, ConnectionError) as problem:
        raise PipelineError(
            f"The data of a harness task cannot be reached: {problem}",
            where=", ".join(tasks),
            remedy="Give the data set as local files in a task of your own",
        ) from problem
    return {
        task: {key.split(",")[0]: float(value) for key, value in values.items() if isinstance(value, float)}
        for task, values in result["results"].items()
    }


def _adapter(answerer: Answerer) -> Any:
    """Return a harness model that answers through the pipeline's own way of asking.

    The harness gives plain text contexts: they are asked as questions without a context, so that a model reads them in
    the template that it was taught.
    """
    from lm_eval.api.model import LM

    from pipeline.encoding import Asked

    class PipelineModel(LM):
        def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
            pairs = [request.args for request in requests]
            asked = [Asked(None, context) for context, _ in pairs]
            texts = [continuation.strip() for _, continuation in pairs]
            scores = answerer.log_likelihood(asked, texts)
            contexts = list(dict.fromkeys(asked))
            longest = max((score.tokens for score in scores), default=1)
            written = dict(zip(contexts, answerer.answer(contexts, max_new_tokens=longest), strict=True))
            return [
                (score.total, written[item].startswith(text))
                for score, item, text in zip(scores, asked, texts, strict=True)
            ]

        def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
            texts = [request.args[0] for request in requests]
            return [score.total for score in answerer.log_likelihood([Asked(None, "")] * len(texts), texts)]

        def generate_until(self, requests: list[Any]) -> list[str]:
            results: list[str] = []
            for request in requests:
                context, options = request.args
                tokens = int(options.get("max_gen_toks", 64))
                text = answerer.answer([Asked(None, context)], max_new_tokens=tokens)[0]
                for stop in options.get("until", []):
                    text = text.split(stop)[0] if stop else text
                results.append(text)
            return results

    return PipelineModel()
