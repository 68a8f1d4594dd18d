"""Batched evaluation measured beside other tools: :func:`run_benchmark`."""

from relucirc.evaluation.benchmarking.contenders import CONTENDERS as CONTENDERS
from relucirc.evaluation.benchmarking.report import Line as Line
from relucirc.evaluation.benchmarking.report import Report as Report
from relucirc.evaluation.benchmarking.run import interleaved as interleaved
from relucirc.evaluation.benchmarking.run import run_benchmark as run_benchmark
