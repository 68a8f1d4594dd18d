"""Batched evaluation measured beside other tools: :func:`run_benchmark`."""

from relucirc.benchmarking.contenders import CONTENDERS as CONTENDERS
from relucirc.benchmarking.report import Line as Line
from relucirc.benchmarking.report import Report as Report
from relucirc.benchmarking.run import interleaved as interleaved
from relucirc.benchmarking.run import run_benchmark as run_benchmark
