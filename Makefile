# The front door. `make run` shows the product, `make test` is the whole truth, `make quick` is for between two edits.

.PHONY: help run test quick bench e2e chaos soak upgrade docs image fmt setup

help: ## Show the targets
	@grep -E '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /  \1\t/' | expand -t 12

run: ## Porta on this machine: http://localhost:3000, demo application on http://localhost:3001
	cargo run -p porta -- dev

test: setup ## Everything: format, lints, dependencies, tests on both stores, end to end on both stores
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo deny --log-level error check bans licenses sources
	scripts/lint-infra.sh
	scripts/with-services.sh cargo test --workspace --locked
	scripts/e2e.sh embedded postgres
	scripts/image-tree.sh
	PYTHONDONTWRITEBYTECODE=1 .test/lint/bin/python -m unittest discover --quiet --start-directory docker/tests
	scripts/docs.sh

quick: ## Format, lints and tests that need no services
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test --workspace -- --skip postgres --skip redis --skip smtp::

e2e: setup ## End to end over HTTP and in a browser, on both stores
	scripts/e2e.sh embedded postgres

image: ## The image's tree with a static release executable, started without a container engine; tells its size
	scripts/image.sh

chaos: setup ## Ten minutes of mixed load on three instances that are restarted, killed and frozen (CHAOS_MINUTES=10)
	CHAOS_MINUTES=$${CHAOS_MINUTES:-10} scripts/e2e.sh postgres -- chaos/chaos.test.mjs

soak: setup ## Mixed load on each store, half an hour of it judged: memory, descriptors, rows and keys (SOAK_MINUTES=45)
	SOAK_MINUTES=$${SOAK_MINUTES:-45} scripts/e2e.sh embedded postgres -- soak/soak.test.mjs

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
