"""Reports of training and tuning: one self-contained HTML page each, that opens anywhere and prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from pipeline.train.forgetting import EARLIER_MODEL
from pipeline.train.plots import Series, chart


@dataclass(frozen=True)
class Table:
    """Rows of cells; `best` is the row to point out."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""
    best: int = -1


@dataclass(frozen=True)
class Section:
    """A part of a report. `plots` are SVG made by `plots`, the only text that is not escaped."""

    title: str
    text: str = ""
    plots: Sequence[str] = ()
    table: Table | None = None


@dataclass(frozen=True)
class Kind:
    """What one kind of training is called, what it learns from, and which loss its curves show."""

    title: str
    done: str
    examples: str
    loss: str


FINE_TUNING = Kind(
    "Fine-tuning",
    "fine-tuned",
    "examples",
    "Mean negative log-likelihood of the answers' tokens; the prompt carries no loss.",
)
PRETRAINING = Kind(
    "Continued pre-training",
    "pre-trained further",
    "pieces of text",
    "Mean negative log-likelihood of the next token (causal models) or of the hidden spans (T5); the validation texts "
    "are documents of the training split that were held out whole.",
)


@dataclass(frozen=True)
class Report:
    """A page: title, one sentence that says it all, and sections."""

    title: str
    lead: str
    sections: Sequence[Section] = field(default_factory=tuple)

    def html(self) -> str:
        """Return the page."""
        from jinja2 import Environment

        text = files("pipeline.train").joinpath("templates/report.html.j2").read_text(encoding="utf-8")
        template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)
        return template.render(title=self.title, lead=self.lead, sections=self.sections)


def training_report(
    facts: Mapping[str, Any], curves: Sequence[Mapping[str, float]], kind: Kind = FINE_TUNING
) -> Report:
    """Return the report of one training run: what was learnt, from what, how the losses went."""
    losses = [(p["step"], p["loss"]) for p in curves if "loss" in p]
    validation = [(p["step"], p["validation_loss"]) for p in curves if "validation_loss" in p]
    rates = [(p["step"], p["learning_rate"]) for p in curves if "learning_rate" in p]
    norms = [(p["step"], p["gradient_norm"]) for p in curves if "gradient_norm" in p]
    before, after = facts["initial_validation_loss"], facts["validation_loss"]
    stopped = f" It was stopped early: {facts['stopped']}." if facts.get("stopped") else ""
    lead = (
        f"{facts['base_model']} {kind.done} ({facts['hyperparameters']['method']}) on "
        f"{facts['train_examples']} {kind.examples}: "
        f"validation loss from {before:.3f} to {after:.3f} nats a token, best after step {facts['best_step']} "
        f"of {facts['steps']}.{stopped}"
    )
    return Report(
        kind.title,
        lead,
        [
            Section(
                "Loss",
                kind.loss,
                [chart("Loss", "step", "nats a token", [Series("training", losses), Series("validation", validation)])],
            ),
            Section(
                "Learning rate and gradients",
                plots=[
                    chart("Learning rate", "step", "rate", [Series("learning rate", rates)]),
                    chart("Gradient norm before clipping", "step", "norm", [Series("gradient norm", norms)]),
                ],
            ),
            *_forgotten(facts.get("forgetting")),
            Section("What was set", table=Table(("hyperparameter", "value"), _pairs(facts["hyperparameters"]))),
            Section("What was used", table=Table(("what", "value"), _pairs(_provenance(facts)))),
        ],
    )


def _forgotten(measured: Mapping[str, Any] | None) -> list[Section]:
    if measured is None:
        return []
    table = Table(
        ("nats a token before", "after", "rise"),
        [(round(measured["loss_before"], 4), round(measured["loss_after"], 4), rise(measured))],
    )
    if forgetting_is_known(measured):
        note = (
            "Loss on the test questions of the earlier run, of its model and of this one: a rise was forgotten, a fall "
        )
        return [Section("What was forgotten", f"{note}was learnt on top.", table=table)]
    note = (
        "Loss on the test questions of the earlier run, of the untrained base model and of this one. It says how well "
        "this model answers them, not what it forgot: for that, name the earlier run's model (train.earlier_model)."
    )
    return [Section("Earlier questions: change against the untrained base", note, table=table)]


def forgetting_is_known(measured: Mapping[str, Any] | None) -> bool:
    """Tell whether a score is against the earlier run's model; otherwise it is against the untrained base."""
    return measured is not None and measured.get("compared_with") == EARLIER_MODEL


def rise(measured: Mapping[str, Any] | None) -> str:
    """Return a forgetting score as people read it; a dash where nothing was measured."""
    return "–" if measured is None else f"{100 * measured['score']:+.1f} %"


def _provenance(facts: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "base_model",
        "base_digest",
        "features_digest",
        "prepare_digest",
        "train_examples",
        "validation_examples",
        "train_tokens",
        "trainable_parameters",
        "device",
        "processes",
    )
    return {**{name: facts[name] for name in names if name in facts}, **facts["libraries"]}


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name.replace("_", " "), "–" if value is None else value) for name, value in values.items()]
