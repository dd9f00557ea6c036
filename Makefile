# Each target is one line of help; CI calls the same targets.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SBOM   ?= build/sbom.cdx.json
UVLOCK := $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --extra apprise --extra embedded --extra fulltext

# What targets that run at the same time print, each in one piece; make on macOS cannot.
GROUPED := $(if $(filter output-sync,$(.FEATURES)),-O)
# All that the benchmark compares judges in machine code, or none of it does.
BENCH_NATIVE := $(if $(shell command -v cargo 2>/dev/null),$(VENV)/.native $(VENV)-bench/.native)
NATIVE_SOURCES := native/pyproject.toml native/Cargo.toml native/Cargo.lock $(wildcard native/src/*.rs)

FAULTS := test-faults-brokers test-faults-workers test-faults-records

.DEFAULT_GOAL := help
.PHONY: help demo test native test-native test-kafka test-faults kafka-jars test-clients test-faults-workers test-faults-brokers test-faults-records test-ops test-terminal test-web soak soak-reload reliability compose-test dashboards lint format bench bench-pipeline bench-resume bench-detect bench-engine bench-scan bench-memory bench-stories bench-ingest bench-feeds audit sbom rules-quality fast-is-reference docs lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.runtime ## replay the seed articles through an embedded broker and watch alerts arrive
	@$(BIN)/redline demo $(ARGS)

test: $(VENV)/.dev ## unit, property, golden and end-to-end tests on the embedded broker
	$(BIN)/python -m pytest -m "not kafka and not ops and not browser and not terminal and not native" $(ARGS)

native: $(VENV)/.native ## read, prefilter and evaluate in machine code, for the environment here (needs Rust 1.83 or newer)

test-native: $(VENV)/.dev $(VENV)/.native ## machine code gives what the Python gives: its own tests, and those of reading and matching
	cd native && cargo fmt --check && cargo clippy --release --locked --quiet -- -D warnings
	$(BIN)/python -m pytest tests/native tests/clean tests/matching $(ARGS)

test-terminal: $(VENV)/.dev ## commands in a real terminal and completion in real shells (Debian: tmux zsh fish)
	$(BIN)/python -m pytest -m terminal tests/cli $(ARGS)

test-web: $(VENV)/.dev ## the page in a real browser (Debian: chromium)
	$(BIN)/python -m pytest -m browser tests/web $(ARGS)

test-kafka: kafka-jars ## end-to-end tests on a real Apache Kafka (needs Java 17 and Maven)
ifdef ARGS
	$(BIN)/python -m pytest -m kafka $(ARGS)
else
	@$(MAKE) --no-print-directory -j2 $(GROUPED) test-clients $(FAULTS)
endif

test-faults: kafka-jars ## its fault tests alone, three at a time: they wait more than they work (FAULT_RESULTS=FILE)
	@$(if $(FAULT_RESULTS),rm -f $(FAULT_RESULTS))
	@$(MAKE) --no-print-directory -j3 $(GROUPED) $(FAULTS)

kafka-jars: $(VENV)/.dev
	@$(BIN)/python -c "from tests.kafka.broker import fetch_jars; fetch_jars()"

test-clients:
	$(BIN)/python -m pytest -m kafka --ignore=tests/faults

test-faults-workers:
	$(BIN)/python -m pytest -m kafka tests/faults/test_worker_faults.py

test-faults-brokers:
	$(BIN)/python -m pytest -m kafka tests/faults/test_broker_faults.py

test-faults-records:
	$(BIN)/python -m pytest -m kafka tests/faults --ignore=tests/faults/test_worker_faults.py --ignore=tests/faults/test_broker_faults.py

test-ops: $(VENV)/.dev ## dashboards and rules against a live Prometheus (Debian: prometheus prometheus-alertmanager)
	$(BIN)/python -m pytest tests/ops $(ARGS)

soak-reload: $(VENV)/.dev ## change the rules of a worker 1,000 times under load (a quarter of an hour)
	REDLINE_SOAK_RELOADS=1000 $(BIN)/python -m pytest -s tests/worker/test_reload_live.py -k many_reloads $(ARGS)

soak: $(VENV)/.dev ## faults for long on a real Apache Kafka: MINUTES=30 SEED=20260703 PART=all|kills|two|brokers|memory|news RATE=100
	$(BIN)/python -u -m tests.faults.soak --minutes $(or $(MINUTES),30) --seed $(or $(SEED),20260703) --part $(or $(PART),all) --rate $(or $(RATE),100)

reliability: $(VENV)/.dev ## write docs/reliability.md from the results in docs/reliability
	$(BIN)/python tools/reliability.py

compose-test: ## docker compose up, killed, scaled, broken and taken down again (needs a Docker engine)
	$(PYTHON) tools/compose_test.py

dashboards: $(VENV)/.dev ## write the Grafana dashboards from ops/grafana
	$(BIN)/python -m ops.grafana

lint: $(VENV)/.dev ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## engine and pipeline speed, beside a raw loop doing the same work
	$(BIN)/python -m bench.pipeline $(ARGS)

bench-pipeline: $(VENV)/.dev $(VENV)-bench/.done $(BENCH_NATIVE) ## worker and driver on a real Kafka beside Faust, Quix Streams, confluent-kafka
	$(BIN)/python -m bench.pipeline --kafka --peers $(VENV)-bench/bin/python $(ARGS)
	$(BIN)/python -m bench.driver --peers $(VENV)-bench/bin/python

bench-resume: $(VENV)/.dev ## where the time goes from kill -9 of a worker to its first article, on a real Kafka
	$(BIN)/python -m bench.resume $(ARGS)

bench-detect: $(VENV)/.dev ## matches a second through detection, memory and time to restore with many keys
	$(BIN)/python -m bench.detect $(ARGS)

bench-engine: $(VENV)/.dev $(VENV)/.bench-engine ## µs an article by stage, then texts a second beside other matchers (DATA="FILE.jsonl.gz …": more texts)
	$(BIN)/python -m bench.engine --field text $(DATA)
	$(BIN)/python -m bench.throughput $(ARGS) $(DATA)

bench-scan: $(VENV)/.dev ## redline scan beside the engine alone, and with more processes
	$(BIN)/python -m bench.scan $(ARGS)

bench-memory: $(VENV)/.dev ## memory of a worker with the shipped rules, and with 10,000
	$(BIN)/python -m bench.manyrules $(ARGS)

bench-ingest: $(VENV)/.dev ## articles a second over HTTP to acknowledged records, beside a bare publisher
	$(BIN)/python -m bench.ingest $(ARGS)

bench-stories: $(VENV)/.dev ## are near-duplicates found, and nothing else; cost of stories (ARGS="DATA.jsonl.gz …")
	$(BIN)/python -m bench.stories $(ARGS)

audit: $(VENV)/.dev ## known vulnerabilities of all locked packages (asks a service on the internet)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements.lock -r requirements-dev.lock

sbom: $(VENV)/.dev ## bill of materials (CycloneDX) of what is installed: build/sbom.cdx.json
	@mkdir -p $(dir $(SBOM))
	@$(BIN)/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible --of JSON -o $(SBOM) requirements.lock
	@echo $(SBOM)

rules-quality: $(VENV)/.dev ## precision and recall of the shipped rules on labelled articles (ARGS=-v: what is wrong or missed)
	$(BIN)/python -m tools.rules_quality $(ARGS)

bench-feeds: $(VENV)/.dev ## processor and memory of 1,000 feeds in which nothing changes
	$(BIN)/python -m bench.feeds $(ARGS)

fast-is-reference: $(VENV)/.dev ## do engine and reference find the same on whole corpora (DATA="FILE.jsonl.gz …", ARGS="--every 10")
	$(BIN)/python -m tools.fast_is_reference $(ARGS) $(DATA)

docs: $(VENV)/.dev ## write the generated reference under docs/reference
	$(BIN)/python tools/reference.py

lock: $(VENV)/.dev ## resolve pyproject.toml again into the lock files
	$(UVLOCK) --group build pyproject.toml -o requirements.lock
	$(UVLOCK) --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(UVLOCK) --group bench pyproject.toml -o requirements-bench.lock
	$(UVLOCK) --group bench-engine -c requirements.lock pyproject.toml -o requirements-bench-engine.lock

clean: ## remove the virtual environments, what was built, and caches
	rm -rf $(VENV) $(VENV)-bench build native/target .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# The environment is made once for each content of the lock files; nothing outside the folder is touched.
$(VENV)/.runtime: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 14) else "Redline needs Python 3.11 to 3.14, and `$(PYTHON)` is %d.%d. Name another one: make demo PYTHON=python3.12" % v)'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv module (Debian and Ubuntu: apt install python3-venv)"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing pinned packages into $(VENV) (once) …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.native: $(VENV)/.runtime $(NATIVE_SOURCES)
	@command -v cargo >/dev/null || { echo "Machine code is made by Rust 1.83 or newer (cargo), see https://rustup.rs. Everything runs without it, in Python."; exit 2; }
	@echo "Compiling native/ and installing it into $(VENV) …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --force-reinstall ./native
	@touch $@

# Stream processors that the benchmark compares with: an environment of its own, because their versions of common
# libraries are not ours.
$(VENV)-bench/.done: requirements-bench.lock
	@test -x $(VENV)-bench/bin/python || $(PYTHON) -m venv $(VENV)-bench
	@echo "Installing what the benchmark compares with into $(VENV)-bench (once) …"
	@$(VENV)-bench/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

$(VENV)-bench/.native: $(VENV)-bench/.done $(NATIVE_SOURCES)
	@echo "Compiling native/ and installing it into $(VENV)-bench …"
	@$(VENV)-bench/bin/python -m pip install -qq --disable-pip-version-check --no-deps --force-reinstall ./native
	@touch $@

# Matchers that the benchmark of the engine compares with; they need nothing else, so they may live beside the tools.
$(VENV)/.bench-engine: requirements-bench-engine.lock $(VENV)/.dev
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-bench-engine.lock
	@touch $@
