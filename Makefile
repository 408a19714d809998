# Two commands matter: `make run` and `make test`. Each does its own set-up.
PYTHON ?= python3
BIN := .venv/bin
RUN_STAMP := .venv/.run
TEST_STAMP := .venv/.test
NODE_STAMP := sdk/browser/node_modules/.stamp

.PHONY: run test setup lint types bundle bundle-check unit faults bench pythons clean

run: $(RUN_STAMP)
	@exec $(BIN)/python -m collector serve --demo $(ARGS)

test: lint types bundle-check unit

setup: $(TEST_STAMP) $(NODE_STAMP)

$(RUN_STAMP): setup.cfg pyproject.toml constraints.txt sdk/python/setup.cfg
	@PYTHON=$(PYTHON) .ci/system run
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[embedded]' -e sdk/python
	@touch $@

$(TEST_STAMP): $(RUN_STAMP)
	@PYTHON=$(PYTHON) .ci/system test
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[embedded,test]'
	@touch $@

$(NODE_STAMP): sdk/browser/package.json sdk/browser/package-lock.json $(TEST_STAMP)
	cd sdk/browser && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

lint: setup
	$(BIN)/ruff check -q . && $(BIN)/ruff format -q --check .

types: setup
	$(BIN)/mypy
	$(BIN)/mypy --config-file sdk/python/mypy.ini sdk/python/footfall
	cd sdk/browser && npm run -s types && npx tsc -p ../../collector/console

bundle: setup
	cd sdk/browser && npm run -s build
	node collector/console/build.mjs

bundle-check: setup
	cd sdk/browser && npm run -s check
	node collector/console/build.mjs --check

unit: setup
	$(BIN)/python -m pytest $(ARGS)

faults: setup
	FAULTS=long $(BIN)/python -m pytest tests/faults tests/browser/test_journey.py -n 0 -s $(ARGS)

pythons: setup
	$(BIN)/python -m tests.sdk.versions $(ARGS)

bench: setup
	$(BIN)/python -m tests.bench $(ARGS)

clean:
	rm -rf .venv sdk/browser/node_modules build dist *.egg-info sdk/python/*.egg-info
