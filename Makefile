# SPDX-License-Identifier: Apache-2.0
# Everything a user does with Kerilog. On a fresh machine each target first makes .venv and installs what it needs.

MODEL  ?= models/mnist_cnn.keras
SCHEME ?=
TARGET ?= xc7
DATA   ?=
OUT    ?= build/$(basename $(notdir $(MODEL)))
PART   ?= xc7a100tcsg324-1
CLOCK  ?= 100
JOBS   ?= 2
PYTHON ?= python3

BIN   := .venv/bin
STAMP := .venv/installed
TESTS := $(BIN)/pytest -n $(JOBS)
SCRIPTS := $(wildcard models/*.py examples/*.py benchmarks/*.py benchmarks/hardware/*.py)
# the test files that name no simulator, synthesis, TensorFlow, browser or whole command
SLOW  := simulate|support.designs|support.command|[Kk]eras|tensorflow|verilator|yosys|chromium
FAST  := $(shell grep -LE '$(SLOW)' tests/test_*.py tests/*/test_*.py)
LINTED := setup.py gen tests sim models examples benchmarks
COMPILED := setup.py $(wildcard gen/kerilog/timing/*.py)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help rtl sim test-fast test test-full lint docs synth vivado bench train clean

help:
	@echo "make rtl        quantize MODEL and generate its Verilog into OUT"
	@echo "make sim        run the cocotb benches of all hardware modules in Icarus"
	@echo "make test-fast  run what needs no simulator, synthesis, TensorFlow or browser"
	@echo "make test       run every test but the long sweeps"
	@echo "make test-full  run every test"
	@echo "make lint       check the Python and the Verilog"
	@echo "make docs       print docs/layers.md and docs/api.md anew, from the source"
	@echo "make synth      measure the area of OUT with open tools, and its clock for TARGET=ecp5"
	@echo "make vivado     write OUT/vivado, for PART and CLOCK in MHz, and run Vivado if it is on PATH"
	@echo "make bench      measure the hardware, against NNgen, and write docs/performance.md anew"
	@echo "make train      train the default model again"
	@echo "make clean      remove what was built, but not .venv"
	@echo
	@echo "MODEL=$(MODEL) SCHEME=$(or $(SCHEME),(the default)) TARGET=$(TARGET) DATA=$(or $(DATA),(MNIST for the default model))"
	@echo "OUT=$(OUT) PART=$(PART) CLOCK=$(CLOCK) JOBS=$(JOBS)"

# $(call need,PROGRAM=PACKAGE ...): install the Debian packages of the programs that are missing.
need = @missing=$$(for pair in $(1); do command -v $${pair%%=*} >/dev/null || echo $${pair\#*=}; done); \
	$(install_missing)

define install_missing
if [ -n "$$missing" ]; then \
  missing=$$(echo $$missing); \
  if [ "$$(id -u)" = 0 ]; then as_root=; \
  elif sudo -n true 2>/dev/null; then as_root="sudo -n"; \
  else as_root=none; fi; \
  if [ "$$as_root" = none ] || ! command -v apt-get >/dev/null; then \
    echo "Missing: $$missing. Install them with your package manager, then run make again." >&2; exit 1; \
  fi; \
  echo "Installing the system packages $$missing ..."; \
  log=$$(mktemp); \
  if ! { $$as_root apt-get -qq update && \
         $$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends $$missing; } \
       >"$$log" 2>&1; then \
    tail -n 5 "$$log" >&2; rm -f "$$log"; \
    echo "apt-get could not install: $$missing. Install them by hand, then run make again." >&2; exit 1; \
  fi; \
  rm -f "$$log"; \
fi
endef

ICARUS := iverilog=iverilog
VERILATOR := verilator=verilator g++=g++
YOSYS := yosys=yosys
TCL := tclsh=tcl
CHROMIUM := chromium=chromium

$(STAMP): pyproject.toml $(COMPILED)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Kerilog needs Python 3.11 or later; give it as make PYTHON=..." >&2; exit 1; }
	@missing=$$($(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv); $(install_missing)
	@echo "Installing the Python packages into .venv (a minute or two, 2 GB) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-input -e '.[test]'
	@touch $@

rtl: $(STAMP)
	$(call need,$(ICARUS))
	@$(BIN)/kerilog build $(MODEL) -o $(OUT) $(if $(SCHEME),--scheme $(SCHEME)) $(if $(DATA),--data $(DATA))

# A design for the targets that only need one; `make rtl` builds it anew.
$(OUT)/manifest.json:
	@$(MAKE) --no-print-directory rtl

sim: $(STAMP)
	$(call need,$(ICARUS))
	@$(TESTS) sim -m "not full"

test-fast: $(STAMP)
	@$(TESTS) $(FAST) -m "not full"

test: $(STAMP)
	$(call need,$(ICARUS) $(VERILATOR) $(YOSYS) $(TCL) $(CHROMIUM))
	@$(TESTS) -m "not full"

test-full: $(STAMP)
	$(call need,$(ICARUS) $(VERILATOR) $(YOSYS) $(TCL) $(CHROMIUM))
	@KERILOG_SEED=$${KERILOG_SEED:-$$($(PYTHON) -c 'import random; print(random.randrange(10**6))')} \
	  $(TESTS) -m "full or not full"

docs: $(STAMP)
	@$(BIN)/python -m kerilog.support
	@$(BIN)/python -m kerilog.reference

lint: $(STAMP)
	$(call need,$(VERILATOR))
	@$(BIN)/ruff check --quiet $(LINTED)
	@$(BIN)/ruff format --check $(LINTED)
	@$(BIN)/mypy --no-error-summary
	@MYPYPATH=gen:benchmarks:benchmarks/hardware $(BIN)/mypy --no-error-summary $(SCRIPTS)
	@for module in hw/rtl/*.v; do \
	  verilator --lint-only -Wall -y hw/rtl $(wildcard hw/lint/*.vlt) $$module || exit 1; \
	done
	@for module in hw/formal/*.v; do \
	  verilator --lint-only -Wall -y hw/rtl -y hw/formal $$module || exit 1; \
	done
	@for module in hw/ecp5/*.v; do \
	  verilator --lint-only -Wall -y hw/ecp5 -y hw/rtl -y sim/krl_multiplier $$module || exit 1; \
	done
	@echo "lint: clean"

synth: $(STAMP) $(OUT)/manifest.json
	$(call need,$(YOSYS))
ifeq ($(TARGET),ecp5)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-input -e '.[ecp5]'
endif
	@$(BIN)/kerilog synth $(OUT) --target $(TARGET)

vivado: $(STAMP) $(OUT)/manifest.json
	@$(BIN)/kerilog vivado $(OUT) --part $(PART) --clock $(CLOCK)

bench: $(STAMP)
	$(call need,$(ICARUS) $(VERILATOR) $(YOSYS))
	-@$(BIN)/pip install --quiet --disable-pip-version-check --no-input -e '.[ecp5]'
	@$(BIN)/python benchmarks/hardware $(if $(DATA),--data $(DATA))

train: $(STAMP)
	@$(BIN)/python models/train_mnist_cnn.py $(if $(DATA),--data $(DATA))

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find gen sim tests models templates hw -name __pycache__ -type d -exec rm -rf {} +
