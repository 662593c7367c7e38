# SPDX-License-Identifier: Apache-2.0
"""Samples to calibrate and to test with, from whatever the user has: ``load`` is the entry.

A file per kind of source (``npz``, ``folder``, ``table``, ``mnist``) makes ``Found``, arrays in one layout;
``named`` checks them against the network, scales them (``scaling``) and gives ``NamedData``.
"""

from __future__ import annotations

from kerilog.data.intake import Intake, intakes
from kerilog.data.mnist import SHAPE as MNIST_SHAPE
from kerilog.data.named import NamedData
from kerilog.data.prepare import Prepared, prepare
from kerilog.data.source import Dataset, Request, load, load_dataset

__all__ = [
    "MNIST_SHAPE",
    "Dataset",
    "Intake",
    "NamedData",
    "Prepared",
    "Request",
    "intakes",
    "load",
    "load_dataset",
    "prepare",
]
