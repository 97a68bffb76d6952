# Every command of the project. A machine needs Python 3.11 or newer and make, nothing else.

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

# The services' commands; docker-compose.yml starts the same ones.
MIGRATE := python manage.py migrate
WEB = gunicorn config.wsgi:application --bind $(BIND)
WORKER = celery -A config worker --queues $(QUEUE) --pool prefork --concurrency 2 --without-gossip --without-mingle --loglevel INFO
BEAT := celery -A config beat --loglevel INFO
CONSUMER := python manage.py consume_trades
FLOWER = celery -A config flower --address=$(FLOWER_ADDRESS)

PYTEST := $(BIN)/pytest -q --dist loadfile --no-loadscope-reorder

# mypy's Django plugin reads the settings, which refuse to start without servers; it connects to none.
MYPY := env DATABASE_URL=postgresql://u@localhost/x REDIS_URL=redis://localhost SECRET_KEY=x $(BIN)/mypy

.DEFAULT_GOAL := help
.PHONY: help venv demo up worker beat consumer web flower migrate psql test test-newest test-beside test-oldest lint coverage mutants bench soak chaos clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

venv: .venv/.synced ## Create .venv and install what uv.lock pins, if that changed
	@:

# uv trusts only the authorities it brings along; the system's own are what pip and a company's proxy go by.
CERTIFICATES := $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt)

# Compiled once here: where Python writes no bytecode (PYTHONDONTWRITEBYTECODE, a user without the right), every process
# would compile Django, Celery and pandas again, most of the seconds it takes to start.
.venv/.synced: pyproject.toml uv.lock
	@echo "Installing the pinned packages into .venv (about a minute the first time) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed, and $(PYTHON) is not; name one with make PYTHON=..." >&2; exit 1; }
	@test -x $(BIN)/python -a -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv >/dev/null || \
		{ echo "$(PYTHON) cannot create .venv; on Debian and Ubuntu install python3-venv." >&2; exit 1; }
	@test -w "$$HOME" || export UV_CACHE_DIR=.local/uv-cache PIP_NO_CACHE_DIR=1; \
		unset VIRTUAL_ENV; export $(if $(CERTIFICATES),UV_SYSTEM_CERTS=1) UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never; \
		$(BIN)/pip install -qq --disable-pip-version-check uv==$(UV_VERSION) && \
		$(BIN)/uv sync --frozen --quiet --compile-bytecode
	@touch $@

demo: venv ## Run everything here and report on it [DEMO_SECONDS=60] [CHAIN=quotes.csv]
	@exec $(BIN)/python -m local.launch.demo

up: venv ## Run everything here until Ctrl-C
	@exec $(BIN)/python -m local.launch.up

worker: venv ## Add a worker, to the stack here or to DATABASE_URL and REDIS_URL [QUEUE=default,ingest,backfill]
	@exec env DATABASE_ROLE=warehouse_writer PROCESS_NAME=worker $(BIN)/$(WORKER)

beat: venv ## Run the scheduler alone
	@exec env DATABASE_ROLE=warehouse_writer PROCESS_NAME=beat $(BIN)/$(BEAT)

consumer: venv ## Listen to the live trades of the watchlist
	@exec env DATABASE_ROLE=warehouse_writer PROCESS_NAME=consumer $(BIN)/$(CONSUMER)

web: venv ## Run the web server alone [BIND=127.0.0.1:8000]
	@exec env DATABASE_ROLE=warehouse_web PROCESS_NAME=web GUNICORN_CMD_ARGS=--no-control-socket $(BIN)/$(WEB)

flower: venv ## Watch the workers on port 5555 [FLOWER_ADDRESS=127.0.0.1] [FLOWER_BASIC_AUTH=user:password]
	@exec env PROCESS_NAME=flower $(BIN)/$(FLOWER)

migrate: venv ## Create or update the tables
	@exec env PROCESS_NAME=migrate $(BIN)/$(MIGRATE)

psql: venv ## Ask the warehouse in SQL, the stack here or DATABASE_URL, as the reader [SQL="SELECT 1"]
	@exec $(BIN)/python -m local.launch.psql

lint: venv ## Check style, import contracts and types
	@echo "ruff ..." && $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@echo "import contracts ..." && $(BIN)/lint-imports
	@echo "mypy ..." && $(MYPY)

# Side by side, because many tests wait for other processes. What runs beside the tests on PostgreSQL 18, which are
# shown as they go, is shown when it has ended.
test: venv ## Check everything: lint, and the tests on PostgreSQL 18 and 16
	@$(MAKE) --no-print-directory -j2 test-newest test-beside

test-newest: venv
	@echo "tests on PostgreSQL 18 ..." && $(PYTEST) -n $(TEST_PROCESSES)

test-beside: venv
	@for step in lint test-oldest; do \
		said=$$($(MAKE) --no-print-directory $$step 2>&1) || failed="$$failed $$step"; printf '\n%s\n' "$$said"; \
	done; test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

test-oldest: venv
	@echo "database tests on PostgreSQL 16 ..." && POSTGRES_MAJOR=16 $(PYTEST) -n 1 -m database

coverage: venv ## Run the tests on PostgreSQL 18 and report the branches they take
	@rm -rf .local/coverage && mkdir -p .local/coverage
	@status=0; $(BIN)/coverage run -m pytest -q -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder || status=$$?; \
		$(BIN)/coverage combine --quiet && $(BIN)/coverage html --quiet && $(BIN)/coverage report && exit $$status
	@echo "line by line: .local/coverage/html/index.html"

mutants: venv ## Change a module of quant in small ways; show what no test notices MODULE=quant/FILE.py
	@exec $(BIN)/python -m tests.mutants $(MODULE)

bench: venv ## Measure, as ratios within one run [BENCH=name]
	@exec $(BIN)/python -m tests.bench $(BENCH)

soak: venv ## Live flow at a steady rate for minutes: memory, lag, every row [SOAK_SECONDS=600] [SOAK_RATE=5000]
	@exec env $(if $(SOAK_SECONDS),SOAK_SECONDS=$(SOAK_SECONDS)) $(if $(SOAK_RATE),SOAK_RATE=$(SOAK_RATE)) $(BIN)/python -m tests.bench.flow_soak

chaos: venv ## Live flow through kills and cuts, then row for row [CHAOS_SECONDS=300] [CHAOS_SEED=7]
	@exec env CHAOS_SECONDS=$(CHAOS_SECONDS) CHAOS_SEED=$(CHAOS_SEED) $(BIN)/pytest -q tests/system/test_live_flow.py

clean: ## Remove .venv and caches; the data in .local stays
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
