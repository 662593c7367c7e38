# SPDX-License-Identifier: Apache-2.0
# Everything a user does with Kerilog. On a fresh machine each target first makes .venv and installs what it needs.

MODEL  ?= models/mnist_cnn.keras
SCHEME ?=
TARGET ?= xc7
DATA   ?=
OUT    ?= build/$(shell name=$$(basename -- $(call quoted,$(MODEL))); printf %s "$${name%.*}")
PART   ?= xc7a100tcsg324-1
CLOCK  ?= 100
JOBS   ?= 2
MINUTES ?= 10
SEED   ?= 2024
COUNT  ?= 1000
PYTHON ?= python3

BIN   := .venv/bin
# what is installed in .venv: for building and judging a design, then for all else, and for TARGET=ecp5
LIGHT := .venv/light
STAMP := .venv/installed
ECP5  := .venv/ecp5
PIP   := $(BIN)/pip install --quiet --disable-pip-version-check --no-input
LOCKED := $(PIP) --no-deps --require-hashes -r
TESTS := $(BIN)/pytest -n $(JOBS)
SCRIPTS := $(wildcard models/*.py examples/*.py benchmarks/*.py benchmarks/hardware/*.py)
# the test files that name no simulator, synthesis, TensorFlow, browser or whole command
SLOW  := simulate|support.designs|support.command|[Kk]eras|tensorflow|verilator|yosys|chromium
FAST  := $(shell grep -LE '$(SLOW)' tests/test_*.py tests/*/test_*.py)
LINTED := setup.py gen tests sim models examples benchmarks
COMPILED := setup.py $(wildcard gen/kerilog/timing/*.py)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help rtl design sim test-fast test test-full prove prove-fast mutate fuzz lint docs synth vivado bench networks train lock clean

help:
	@echo "make rtl        quantize MODEL and generate its Verilog into OUT"
	@echo "make sim        run the cocotb benches of all hardware modules in Icarus"
	@echo "make test-fast  run what needs no simulator, synthesis, TensorFlow or browser"
	@echo "make test       run every test but the long sweeps"
	@echo "make test-full  run every test"
	@echo "make prove      prove the hardware modules that have control, without bounds; prove-fast: 3 minutes"
	@echo "make mutate     change the hardware modules at random and list what no bench and no proof notices"
	@echo "make fuzz       draw networks over all layers and hold their RTL against TensorFlow and the plan"
	@echo "make lint       check the Python and the Verilog"
	@echo "make docs       print docs/layers.md and docs/api.md anew, from the source"
	@echo "make synth      measure the area of OUT with open tools, and its clock for TARGET=ecp5"
	@echo "make vivado     write OUT/vivado, for PART and CLOCK in MHz, and run Vivado if it is on PATH"
	@echo "make networks   build, simulate and measure the networks of docs/networks.md, and write it anew"
	@echo "make bench      measure the hardware, against NNgen, and write docs/performance.md anew"
	@echo "make train      train the default model again"
	@echo "make lock       choose the versions in requirements/ anew; LOCK=--upgrade takes the newest"
	@echo "make clean      remove what was built, but not .venv"
	@echo
	@echo $(call quoted,MODEL=$(MODEL) SCHEME=$(or $(SCHEME),(the default)) TARGET=$(TARGET) DATA=$(or $(DATA),(MNIST for the default model)))
	@echo $(call quoted,OUT=$(OUT) PART=$(PART) CLOCK=$(CLOCK) JOBS=$(JOBS))
	@echo "mutate, fuzz: MINUTES=$(MINUTES) SEED=$(SEED); fuzz: COUNT=$(COUNT)"

# $(call quoted,TEXT): one word for the shell, whatever is in it.
quoted = '$(subst ','\'',$(1))'

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

$(LIGHT): requirements/rtl.txt pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Kerilog needs Python 3.11 or later; give it as make PYTHON=..." >&2; exit 1; }
	@missing=$$($(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv); $(install_missing)
	@echo "Installing the Python packages into .venv (160 MB) ..."
	@$(PYTHON) -m venv .venv
	@$(LOCKED) requirements/rtl.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# mypy is among these packages, so that kerilog is compiled
$(STAMP): $(LIGHT) requirements/test.txt $(COMPILED)
	@echo "Installing what tests and training need into .venv (a minute or two, 2 GB) ..."
	@$(LOCKED) requirements/test.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(ECP5): $(LIGHT) requirements/ecp5.txt
	@$(LOCKED) requirements/ecp5.txt
	@touch $@

rtl: $(LIGHT)
	$(call need,$(ICARUS))
	@$(BIN)/kerilog build -o $(call quoted,$(OUT)) $(if $(SCHEME),--scheme $(SCHEME)) \
	  $(if $(DATA),--data $(call quoted,$(DATA))) -- $(call quoted,$(MODEL))

# A design for the targets that only need one; `make rtl` builds it anew.
design: $(LIGHT)
	@test -f $(call quoted,$(OUT))/manifest.json || $(MAKE) --no-print-directory rtl

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

PROVE = PYTHONPATH=sim $(BIN)/python -m proofs --jobs $(JOBS)
prove: $(STAMP)
	$(call need,$(YOSYS))
	@$(PROVE)

prove-fast: $(STAMP)
	$(call need,$(YOSYS))
	@$(PROVE) --fast --no-bugs

mutate: $(STAMP)
	$(call need,$(ICARUS) $(YOSYS))
	@PYTHONPATH=sim $(BIN)/python -m mutants --jobs $(JOBS) --minutes $(MINUTES) --seed $(SEED)

fuzz: $(STAMP)
	$(call need,$(ICARUS) $(VERILATOR))
	@PYTHONPATH=sim $(BIN)/python -m fuzz --count $(COUNT) --minutes $(MINUTES) --seed $(SEED)

docs: $(STAMP)
	@$(BIN)/python -m kerilog.support
	@$(BIN)/python -m kerilog.reference

lint: $(STAMP)
	$(call need,$(VERILATOR))
	@$(BIN)/ruff check --quiet $(LINTED)
	@$(BIN)/ruff format --check $(LINTED)
	@$(BIN)/mypy --no-error-summary
	@MYPYPATH=gen:benchmarks:benchmarks/hardware:models $(BIN)/mypy --no-error-summary $(SCRIPTS)
	@for module in hw/rtl/*.v; do \
	  verilator --lint-only -Wall -y hw/rtl $(wildcard hw/lint/*.vlt) $$module || exit 1; \
	done
	@for module in hw/formal/*.v; do \
	  verilator --lint-only -Wall -y hw/rtl -y hw/board -y hw/formal $$module || exit 1; \
	done
	@for module in hw/ecp5/*.v; do \
	  verilator --lint-only -Wall -y hw/ecp5 -y hw/rtl -y sim/krl_multiplier $$module || exit 1; \
	done
	@for module in hw/board/*.v; do \
	  verilator --lint-only -Wall -y hw/board $$module || exit 1; \
	done
	@echo "lint: clean"

synth: $(LIGHT) $(if $(filter ecp5,$(TARGET)),$(ECP5)) design
	$(call need,$(YOSYS))
	@$(BIN)/kerilog synth --target $(TARGET) -- $(call quoted,$(OUT))

vivado: design
	@$(BIN)/kerilog vivado --part $(PART) --clock $(CLOCK) -- $(call quoted,$(OUT))

bench: $(STAMP)
	$(call need,$(ICARUS) $(VERILATOR) $(YOSYS))
	-@$(MAKE) --no-print-directory $(ECP5)
	@$(BIN)/python benchmarks/hardware $(if $(DATA),--data $(call quoted,$(DATA)))

networks: $(STAMP)
	$(call need,$(VERILATOR) $(YOSYS))
	@$(BIN)/python benchmarks/tiny.py $(if $(MODELS),--models $(call quoted,$(MODELS)))
	@$(BIN)/python benchmarks/zoo.py
	@$(BIN)/python benchmarks/residual.py
	@$(BIN)/python benchmarks/inception.py

train: $(STAMP)
	@$(BIN)/python models/train_mnist_cnn.py $(if $(DATA),--data $(call quoted,$(DATA)))

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command "make lock" $(LOCK)
lock: $(LIGHT)
	@$(PIP) uv==0.13.9
	@$(BIN)/$(COMPILE) pyproject.toml requirements/build.in -o requirements/test.txt \
	  --extra plots --extra train-cpu --extra data --extra vivado --extra cocotb --extra explore --extra fast \
	  --extra control --extra cluster --extra test
	@$(BIN)/$(COMPILE) pyproject.toml requirements/build.in -o requirements/rtl.txt \
	  --extra data --extra vivado -c requirements/test.txt --overrides requirements/overrides.txt
	@$(BIN)/$(COMPILE) pyproject.toml -o requirements/ecp5.txt --extra ecp5 -c requirements/test.txt

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find gen sim tests models templates hw -name __pycache__ -type d -exec rm -rf {} +
