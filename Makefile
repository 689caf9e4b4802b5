# make demo    fill an example photo and draw what the model saw
# make test    everything that must hold before a change goes in
# make nightly what takes hours: EXAMPLES of each property, SECONDS of each fuzzer
PYTHON ?= python3
EXAMPLES ?= 10000
SECONDS ?= 600
VENV := .venv
NIGHTLY := tests/pictures tests/labels tests/models/test_weights.py tests/filling/test_crops.py tests/cli tests/training \
	tests/experiments tests/web/browser/test_lost_service.py
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check docs nightly clean

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
	$(VENV)/bin/python docs/data.py > docs/data.md

nightly: export SCENEFILL_EXAMPLES = $(EXAMPLES)
nightly: $(VENV)/nightly
	$(VENV)/bin/python benchmarks/pillow_files.py --folder out/pillow
	$(VENV)/bin/python benchmarks/parser_fuzz.py --seconds $(SECONDS) --corpus out/pillow
	$(VENV)/bin/python benchmarks/service_fuzz.py --seconds $(SECONDS)
	$(VENV)/bin/python -m pytest --numprocesses=2 -o faulthandler_timeout=0 --hypothesis-profile=nightly -m "hypothesis or nightly" $(NIGHTLY)

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

$(VENV)/nightly: pyproject.toml constraints.txt | $(VENV)/dev
	$(PIP) --editable ".[nightly]" --constraint constraints.txt
	touch $@
