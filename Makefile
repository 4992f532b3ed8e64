# Everything a fresh machine with Python 3.11+ and make needs. `make demo` first; `make test` before a commit.

SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.installed
BROWSER := $(VENV)/.browser
TEMPLATES := find templates evalhub -name '*.html'

# 3.11 and 3.12 first: for them the private Redis comes as a wheel
FIND_PYTHON := for each in $$PYTHON python3.11 python3.12 python3.13 python3.14 python3; do \
	if $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$each; exit 0; fi; \
	done; echo "evalhub needs Python 3.11 or newer; set PYTHON to one." >&2; exit 1

# A test or a worker starts in half the time from what was compiled before
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test suite quick test-long lint types style bench demo-model demo-prompts install format messages clean

demo: $(READY)
	$(PY) manage.py up --demo

test: $(READY) $(BROWSER)  # the checks beside the tests, of which two workers leave a part of two cores idle
	$(MAKE) -j 3 types style suite

suite: $(READY) $(BROWSER)
	$(PY) -m pytest -n 3 -m "not long"

quick: $(READY)
	$(PY) -m pytest -n 2 -m "not browser and not slow and not long and not gpu"

test-long: $(READY) $(BROWSER)
	$(PY) -m pytest -m long

lint: $(READY)
	$(MAKE) -j 2 types style

types: $(READY)
	$(VENV)/bin/mypy

style: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	PYTHONPATH=. $(VENV)/bin/lint-imports
	$(TEMPLATES) -exec $(VENV)/bin/djade --check {} +
	$(PY) -W "ignore:Got an error checking a consistent migration history" \
		manage.py makemigrations --check --dry-run

format: $(READY)
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(TEMPLATES) -exec $(VENV)/bin/djade {} +

GERMAN := evalhub/locale/de/LC_MESSAGES/django

messages: $(READY)  # needs GNU gettext (Debian: apt install gettext), which nothing else does: the .mo is committed
	$(PY) manage.py makemessages -l de --no-obsolete --no-wrap --add-location file \
		--ignore 'tests/*' --ignore 'training/*' --ignore 'build/*' --ignore '.venv/*'
	grep -v '^"POT-Creation-Date:' $(GERMAN).po > $(GERMAN).new && mv $(GERMAN).new $(GERMAN).po
	msgfmt --check-format -o $(GERMAN).mo $(GERMAN).po

bench: $(READY)
	@for each in tests/bench/bench_*.py; do \
		module=$$(echo "$${each%.py}" | tr / .); echo "== $$module"; $(PY) -m "$$module" || exit 1; done

demo-model: $(READY)
	$(PY) -m training.demo_model training/assets/demo-model

demo-prompts: $(READY)  # after demo-model: the prompts of the demo, each with answers of that model
	$(PY) -m training.demo_model.answers evalhub/demo/prompts.jsonl

install: $(READY)

$(READY): pyproject.toml constraints.txt
	@python=$$($(FIND_PYTHON)) || exit 1; \
	test -x $(PY) || $$python -m venv $(VENV) || \
		{ echo "venv failed; on Debian: apt install python3-venv" >&2; exit 1; }
	$(PY) -m pip install --quiet -c constraints.txt -e ".[train,dev]"
	@touch $@

$(BROWSER): $(READY)  # the headless shell takes half the processor time of the whole browser
	@has() { command -v $$1 >/dev/null; }; \
	if test -n "$$CHROMIUM" || has chromium-headless-shell; then :; \
	elif test "$$(id -u)" = 0 && has apt-get && apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qy chromium-headless-shell; then :; \
	elif has chromium || has chromium-browser; then :; \
	else $(VENV)/bin/playwright install chromium; fi
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
