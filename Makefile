# Two commands matter: `make run` shows the whole pipeline at work, `make test` proves it.
PYTHON ?= python3.11
REVIEW ?= wait
VENV := .venv
STAMP := $(VENV)/.installed

.PHONY: help env run stop test end-to-end killed-tasks killed-services production-check faults lint

help: ## show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(STAMP): pyproject.toml constraints.txt deploy/make_env.py
	$(PYTHON) deploy/make_env.py $(VENV)
	@touch $(STAMP)

env: ## make .venv from pyproject.toml and constraints.txt, or set right what is not as they say
	$(PYTHON) deploy/make_env.py $(VENV)
	@touch $(STAMP)

run: $(STAMP) ## run the whole pipeline; REVIEW=wait|approve|reject says who answers the reviews
	$(VENV)/bin/llmops run --review $(REVIEW)

stop: ## end Airflow and every embedded service
	@if [ -x $(VENV)/bin/llmops ]; then $(VENV)/bin/llmops down; fi

test: lint ## linters, types and every test, the end-to-end one last
	$(VENV)/bin/pytest
	$(VENV)/bin/pytest --override-ini addopts= -ra --strict-markers -x tests/end_to_end

end-to-end: $(STAMP) ## only the whole stack with a tiny model, through Airflow, as a person runs it
	$(VENV)/bin/pytest --override-ini addopts= -ra --strict-markers -x -v tests/end_to_end

production-check: $(STAMP) ## PostgreSQL, Redis, Celery, Spark master and workers natively, and the pipeline on them
	$(VENV)/bin/pip install --quiet --constraint constraints.txt --editable ".[production]"
	$(VENV)/bin/pytest --override-ini addopts= -ra --strict-markers -x -s tests/production

faults: $(STAMP) ## inject faults and show the table of what came of each (some minutes)
	$(VENV)/bin/pytest --override-ini addopts= -ra --strict-markers -q tests/faults

killed-tasks: $(STAMP) ## kill every long task of a run once; the same model must be published (about 20 minutes)
	$(VENV)/bin/pytest --override-ini addopts= -ra --strict-markers -x -v tests/end_to_end/killed_tasks.py

killed-services: $(STAMP) ## kill scheduler, object store and model store during a run; it must end all the same (about 10 minutes)
	$(VENV)/bin/pytest --override-ini addopts= -ra --strict-markers -x -v tests/end_to_end/killed_services.py

lint: $(STAMP) ## only the linters and types
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
