# Two commands: `make demo` runs the main job on a recording that ships with zonecma,
# `make test` runs lint, types and tests.  Both install what they need into .venv.

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/pip --quiet --disable-pip-version-check

RECORDER := $(VENV)/bin/python -m recorder

.PHONY: demo test bench fidelity predictions answer bundles wheel recording test-recorder clean

demo: $(VENV)/for-demo
	$(VENV)/bin/zonecma verify
	@echo
	$(VENV)/bin/zonecma compare

test: $(VENV)/for-test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pytest -n auto --maxprocesses 4

bench: $(VENV)/for-test
	$(VENV)/bin/pytest benchmarks --benchmark-only --benchmark-columns=min,median,rounds --benchmark-sort=name

# Writes docs/fidelity.md anew; a test compares it with what the model does.
fidelity: $(VENV)/for-test
	$(VENV)/bin/python -m tools.fidelity

# Writes docs/predictions.md anew: every recorded pair, both ways, 20 seeds each; some minutes.
predictions: $(VENV)/for-test
	$(VENV)/bin/python -m tools.predictions

# Writes the table of docs/bundles.md anew: every recording with and without its snapshots; some minutes.
bundles: $(VENV)/for-test
	$(VENV)/bin/python -m tools.bundles

# Writes docs/why-calls-fail.md anew; some minutes.
answer: $(VENV)/for-test
	$(VENV)/bin/python -m tools.answer

# Builds the wheel, installs it into an empty environment, and lets it say whether it works there.
wheel: $(VENV)/for-test
	rm -rf dist
	$(VENV)/bin/python -m build --outdir dist > dist.log 2>&1 || { cat dist.log; exit 1; }
	@rm dist.log
	@alone=$$(mktemp -d) && trap 'rm -rf "$$alone"' EXIT && $(PYTHON) -m venv "$$alone/venv" && \
	  "$$alone/venv/bin/pip" --quiet --disable-pip-version-check install dist/*.whl && \
	  cd "$$alone" && venv/bin/zonecma diagnose

# make recording NAME=cma96-mix-6.12 OPTIONS='--ram 640 --area 96M --load mix'
recording: $(VENV)/for-recorder
	@test -n '$(NAME)' || { echo "name the recording: make recording NAME=... OPTIONS='...'"; exit 2; }
	$(RECORDER) record $(NAME) $(OPTIONS)

# Builds and boots both kernels; `make test` does neither.
test-recorder: $(VENV)/for-recorder
	$(RECORDER) test

clean:
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "zonecma needs Python 3.11 or newer; name one: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) can't make virtual environments; install them: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/for-demo: pyproject.toml | $(VENV)/bin/pip
	@echo "installing zonecma and its libraries into $(VENV), once"
	$(PIP) install --editable .
	@touch $@

$(VENV)/for-recorder: pyproject.toml | $(VENV)/bin/pip
	@echo "installing zonecma and its recorder's libraries into $(VENV), once"
	$(PIP) install --editable '.[recorder]'
	@touch $@

$(VENV)/for-test: pyproject.toml | $(VENV)/bin/pip
	@echo "installing zonecma and its test tools into $(VENV), once"
	$(PIP) install --editable '.[test]'
	@touch $@
