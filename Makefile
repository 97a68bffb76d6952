# All commands of the project. They need only make and Python 3.11 or newer.

PYTHON ?= python3
QUEUE ?= default,ingest,backfill
BIND ?= 127.0.0.1:8000
FLOWER_ADDRESS ?= 127.0.0.1
BENCH ?=
MODULE ?=
CHAOS_SECONDS ?= 300
CHAOS_SEED ?= 7
TEST_PROCESSES ?= 2

UV_VERSION := 0.13.8
BIN := .venv/bin

# Commands of the services, the same as in docker-compose.yml.
MIGRATE := python manage.py migrate
WEB = gunicorn config.wsgi:application --config python:web.server.settings --bind $(BIND)
WORKER = celery -A config worker --queues $(QUEUE) --pool prefork --concurrency 2 --without-gossip --without-mingle --loglevel INFO
BEAT := celery -A config beat --loglevel INFO
CONSUMER := python manage.py consume_trades
FLOWER = celery -A config flower --address=$(FLOWER_ADDRESS)

PYTEST := $(BIN)/pytest -q --dist loadfile --no-loadscope-reorder

# The Django plugin of mypy imports the settings, which require these variables. No connection is made.
MYPY := env DATABASE_URL=postgresql://u@localhost/x REDIS_URL=redis://localhost SECRET_KEY=x $(BIN)/mypy

.DEFAULT_GOAL := help
.PHONY: help venv demo up worker beat consumer web flower migrate psql test test-newest test-beside test-oldest lint coverage mutants bench soak chaos screenshots clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

venv: .venv/.synced ## Create .venv and install the packages of uv.lock, if it has changed
	@:

CERTIFICATES := $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt)

.venv/.synced: pyproject.toml uv.lock
	@echo "Installing the pinned packages into .venv (about a minute the first time) ..."
	@PYTHON="$(PYTHON)" UV_VERSION="$(UV_VERSION)" CERTIFICATES="$(CERTIFICATES)" sh local/install.sh
	@touch $@

demo: venv ## Start all services on this machine and print a report [DEMO_SECONDS=60] [CHAIN=quotes.csv]
	@exec $(BIN)/python -m local.launch.demo

up: venv ## Start all services on this machine, until Ctrl-C
	@exec $(BIN)/python -m local.launch.up

worker: venv ## Start a worker, for the local stack or DATABASE_URL and REDIS_URL [QUEUE=default,ingest,backfill]
	@exec env DATABASE_ROLE=warehouse_writer PROCESS_NAME=worker $(BIN)/$(WORKER)

beat: venv ## Start the scheduler
	@exec env DATABASE_ROLE=warehouse_writer PROCESS_NAME=beat $(BIN)/$(BEAT)

consumer: venv ## Start the consumer of live trades
	@exec env DATABASE_ROLE=warehouse_writer PROCESS_NAME=consumer $(BIN)/$(CONSUMER)

web: venv ## Start the web server [BIND=127.0.0.1:8000]
	@exec env DATABASE_ROLE=warehouse_web PROCESS_NAME=web GUNICORN_CMD_ARGS=--no-control-socket $(BIN)/$(WEB)

flower: venv ## Start Celery's web interface on port 5555 [FLOWER_ADDRESS=127.0.0.1] [FLOWER_BASIC_AUTH=user:password]
	@exec env PROCESS_NAME=flower $(BIN)/$(FLOWER)

migrate: venv ## Create or update the tables
	@exec env PROCESS_NAME=migrate $(BIN)/$(MIGRATE)

psql: venv ## Ask the warehouse in SQL, the stack here or DATABASE_URL, as the reader [SQL="SELECT 1"]
	@exec $(BIN)/python -m local.launch.psql

lint: venv ## Check style, formatting, import contracts and types
	@echo "ruff ..." && $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@echo "import contracts ..." && $(BIN)/lint-imports
	@echo "mypy ..." && $(MYPY)

# Both run at the same time, because many tests wait for other processes. The output of the tests on PostgreSQL 18 is
# shown immediately, that of the other checks when they end.
test: venv ## Run lint, the tests on PostgreSQL 18, and the database tests on PostgreSQL 16
	@$(MAKE) --no-print-directory -j2 test-newest test-beside

test-newest: venv
	@echo "tests on PostgreSQL 18 ..." && $(PYTEST) -n $(TEST_PROCESSES)

test-beside: venv
	@for step in lint test-oldest; do \
		output=$$($(MAKE) --no-print-directory $$step 2>&1) || failed="$$failed $$step"; printf '\n%s\n' "$$output"; \
	done; test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

test-oldest: venv
	@echo "database tests on PostgreSQL 16 ..." && POSTGRES_MAJOR=16 $(PYTEST) -n 1 -m database

coverage: venv ## Run the tests on PostgreSQL 18 and report branch coverage
	@rm -rf .local/coverage && mkdir -p .local/coverage
	@status=0; $(BIN)/coverage run -m pytest -q -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder || status=$$?; \
		$(BIN)/coverage combine --quiet && $(BIN)/coverage html --quiet && $(BIN)/coverage report && exit $$status
	@echo "line by line: .local/coverage/html/index.html"

mutants: venv ## Mutation tests of a module: print the changes that no test detects MODULE=quant/FILE.py
	@exec $(BIN)/python -m tests.mutants $(MODULE)

bench: venv ## Run the benchmarks [BENCH=name]
	@exec $(BIN)/python -m tests.bench $(BENCH)

soak: venv ## Run live trades at a steady rate; report memory, lag, missing rows [SOAK_SECONDS=600] [SOAK_RATE=5000]
	@exec env $(if $(SOAK_SECONDS),SOAK_SECONDS=$(SOAK_SECONDS)) $(if $(SOAK_RATE),SOAK_RATE=$(SOAK_RATE)) $(BIN)/python -m tests.bench.flow_soak

chaos: venv ## Run live trades with killed processes and cut connections; compare all rows [CHAOS_SECONDS=300] [CHAOS_SEED=7]
	@exec env CHAOS_SECONDS=$(CHAOS_SECONDS) CHAOS_SEED=$(CHAOS_SEED) $(BIN)/pytest -q tests/system/test_live_flow.py

screenshots: venv ## Store pictures of the pages of a running `make demo` in docs/screenshots [ADDRESS=http://127.0.0.1:8000]
	@exec $(BIN)/python -m tests.screenshots $(ADDRESS)

clean: ## Remove .venv and caches, but not the data in .local
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
