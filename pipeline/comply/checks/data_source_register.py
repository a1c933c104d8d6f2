"""Nothing is trained on that nobody answers for."""

from __future__ import annotations

from pipeline.comply import governance
from pipeline.comply.check import Check, Limits, Result, failed, not_applicable, verdict
from pipeline.comply.subject import Subject
from pipeline.errors import SettingsError


class DataSourceRegister(Check):
    """Every source of the rows stands in the register, under the licence that the rows carry."""

    slug = "data_source_register"
    title = "Register of data sources"
    proves = (
        "Every source that rows were collected from is registered with an owner, a lawful basis and a retention time, "
        "and the licence in the register is the one that its rows carry."
    )
    risks = ("supply-chain", "data-and-model-poisoning", "sensitive-information-disclosure")
    severity = "medium"
    remedy = "Register the source in governance/data_sources.yaml, or leave it out of the settings"

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Compare the rows' sources with the register."""
        if not subject.rows.collected:
            return not_applicable("rows from a file come from no source that the pipeline collects")
        try:
            register = governance.load(subject.root).sources
        except SettingsError as problem:
            return failed(problem.what)
        problems = []
        for (name, licence), rows in subject.rows.licences_by_source().items():
            source = register.source(name)
            if source is None:
                problems.append(f"{name} ({rows} rows) is not registered")
            elif source.licence != licence:
                problems.append(f"{name}: {rows} rows carry {licence}, the register says {source.licence}")
        sources = subject.rows.sources()
        return verdict(problems, f"all {len(sources)} sources are registered", {"sources": sources})
