# make demo    fill an example photo and draw what the model saw
# make test    everything that must hold before a change goes in
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check docs clean

demo: $(VENV)/core
	$(VENV)/bin/scenefill demo examples/photos/red-car.jpg examples/masks/red-car.png --out out/demo --overwrite

test: check
	$(VENV)/bin/python -m pytest --numprocesses=2 --dist=loadfile --cov=scenefill --cov-report=term:skip-covered

check: $(VENV)/dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

docs: $(VENV)/dev
	$(VENV)/bin/python docs/cli.py > docs/cli.md

clean:
	rm -rf $(VENV) out build dist

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/core: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable . --constraint constraints.txt
	touch $@

$(VENV)/dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable ".[dev]" --constraint constraints.txt
	touch $@ $(VENV)/core
