# `make run` starts the product, `make test` runs everything, `make quick` is for use between edits.

.PHONY: help run test quick drills bench bench-admin e2e abuse chaos soak upgrade docs image fmt setup \
  step-fmt step-deny step-infra step-build step-installer step-docs step-clippy step-rust step-e2e-embedded step-e2e-postgres step-image

help: ## Show the targets
	@grep -E '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /  \1\t/' | expand -t 12

run: ## Porta on this machine: http://localhost:3000, demo application on http://localhost:3001
	cargo run -p porta -- dev

test: setup ## Everything: format, lints, dependencies, tests on both stores, end to end on both stores; says what took how long
	@rm -rf .test/steps e2e/test-results
	@$(MAKE) --no-print-directory --jobs step-fmt step-deny step-infra step-installer step-docs step-clippy step-rust step-e2e-embedded step-e2e-postgres step-image; \
	  status=$$?; node scripts/timings.mjs; exit $$status

# Tests mostly wait for stores and clocks, so two per processor run in parallel.
export RUST_TEST_THREADS ?= $(shell expr 2 '*' $$(getconf _NPROCESSORS_ONLN))

# Incremental compilation is useless in continuous integration, where everything is compiled once.
ifdef CI
export CARGO_INCREMENTAL := 0
endif

# The steps of `make test`. Everything is compiled once, for the tests. Cargo locks its build directory, so clippy
# starts after the Rust tests, and the end-to-end tests get the path of the executable instead of calling cargo. They
# run last, beside clippy, because they mostly wait.
STEP := @scripts/step
BUILT_FOR_TESTS := --locked --workspace
BUILT := PORTA_BIN=$(abspath $(or $(CARGO_TARGET_DIR),target))/debug/porta

step-fmt:
	$(STEP) fmt cargo fmt --all --check
step-deny:
	$(STEP) deny cargo deny --log-level error check bans licenses sources
step-infra:
	$(STEP) infra scripts/lint-infra.sh
step-build:
	$(STEP) build cargo test $(BUILT_FOR_TESTS) --no-run
step-installer: step-build
	$(STEP) installer env PYTHONDONTWRITEBYTECODE=1 .test/lint/bin/python -m unittest discover --quiet --start-directory docker/tests
step-docs: step-build
	$(STEP) docs nice -n 10 scripts/docs.sh
step-clippy: step-rust
	$(STEP) clippy nice -n 19 cargo clippy --workspace --all-targets --locked -- -D warnings
step-rust: step-build
	$(STEP) rust nice -n 10 scripts/with-services.sh cargo test --no-fail-fast $(BUILT_FOR_TESTS)
step-e2e-embedded: step-rust
	$(STEP) e2e-embedded env $(BUILT) scripts/e2e.sh embedded
step-e2e-postgres: step-rust
	$(STEP) e2e-postgres env $(BUILT) scripts/e2e.sh postgres
step-image: step-build
	$(STEP) image scripts/image-tree.sh

quick: ## Format, lints and tests on the embedded store: no services, no browser
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --workspace --locked -- --skip postgres --skip redis --skip smtp::

drills: ## What takes long: every fault, every habit, abuse, chaos, soak, upgrade, planted faults, the whole fuzz test, bench
	scripts/drills.sh

e2e: setup ## End to end over HTTP and in a browser, on both stores
	scripts/e2e.sh embedded postgres

image: ## The image's tree with a static release executable, started without a container engine; tells its size
	scripts/image.sh

abuse: setup ## A minute of each attack on each store; honest people and applications must not notice (ABUSE_SECONDS=60)
	scripts/abuse.sh

chaos: setup ## Ten minutes of mixed load on three instances that are restarted, killed and frozen (CHAOS_MINUTES=10)
	CHAOS_MINUTES=$${CHAOS_MINUTES:-10} scripts/e2e.sh postgres -- chaos/chaos.test.mjs

soak: setup ## Mixed load on each store, half an hour of it judged: memory, descriptors, rows and keys (SOAK_MINUTES=45)
	SOAK_MINUTES=$${SOAK_MINUTES:-45} scripts/e2e.sh embedded postgres -- soak/soak.test.mjs

bench-admin: ## The Admin API with a million people beside ten thousand, into docs/performance.md (half an hour)
	scripts/bench.sh admin

bench: ## Throughput, latency, start-up and memory beside the machine's limits, into docs/performance.md (a quarter of an hour)
	scripts/bench.sh

docs: ## The documentation site into docs/.vitepress/dist; a link to nowhere fails
	scripts/docs.sh

fmt: ## Format the sources
	cargo fmt --all

setup: ## Check (and, where it may, install) what the tests need
	@scripts/setup.sh

upgrade: setup ## Upgrade drill: the first version and this one on one schema, under load (builds the first one from history)
	scripts/upgrade.sh
