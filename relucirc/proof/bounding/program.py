"""The linear program of a node, in floats: only what it proposes counts.

One program serves a node and all below it that decide hinges.  Its columns are the inputs, for every open hinge its
argument and its value, and ``t``, which is maximised below all parts; a decision moves bounds alone, so that HiGHS
goes on from where it was.  Hinges that ranges decide are written out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
from flint import fmpq

from relucirc.core.budget import seconds_left, tick
from relucirc.core.exact import approximate
from relucirc.proof.bounding.evidence import Node, Slopes
from relucirc.proof.bounding.question import relatively, short

INF = highspy.kHighsInf
NOISE = 1e-9
NOTHING = Slopes()
LONGEST = 3600.0
"""Most seconds for one linear program."""
_SOLVER: Any = highspy.Highs.__mro__[1]  # the solver itself: Highs() prints who it is
_OPTIONS = {"output_flag": False, "threads": 1, "presolve": "off", "solver": "simplex"}


@dataclass(frozen=True)
class Solved:
    """What the program says of a node.

    Attributes:
        bound: The largest t; infinite where it is unbounded or not known, -inf where there is no point.
        x: Inputs that attain it, in their units.
        weights: The parts' duals: of which combination the bound is, adding up to 1.
        slopes: Slopes and pushes that give about this bound.
        gaps: By hinge how far its value is above ``max(0, l)``, times what that is worth, where that is positive.
        support: The facts whose duals are not zero.
    """

    bound: float
    x: np.ndarray
    weights: np.ndarray
    slopes: Slopes = NOTHING
    gaps: Mapping[int, float] = field(default_factory=dict)
    support: list[tuple[str, int]] = field(default_factory=list)


class Program:
    """The relaxation of a question on a node, and on all below it that decide hinges.

    Args:
        node: Where it starts; its ranges give the chords.
    """

    def __init__(self, node: Node) -> None:
        self.node, self.question = node, node.question
        self.n = self.question.n
        self.open = [k for k in self.question.used if node.state(k) is None]
        self.place = {k: i for i, k in enumerate(self.open)}
        self.general = [i for i, r in enumerate(self.question.constraints) if len(r.form.terms) != 1]
        self._now: dict[int, bool] = {}
        solver = self.solver = _SOLVER()
        for name, value in _OPTIONS.items():
            solver.setOptionValue(name, value)
        with np.errstate(over="ignore", invalid="ignore"):
            model = self._model()
        self._usable = bool(np.isfinite(self.matrix).all() and np.isfinite(self._constants).all())
        if self._usable:
            solver.passModel(model)

    def _model(self) -> highspy.HighsLp:
        question, n, count = self.question, self.n, len(self.open)
        floats = question.floats
        scale = self.scale = np.array([floats.scale[floats.position[k]] for k in self.open])
        low, high = np.full(count, -INF), np.full(count, INF)
        for i, k in enumerate(self.open):
            below, above = self.node.ranges.get(k, (None, None))
            low[i] = -INF if below is None else approximate(below) / scale[i]
            high[i] = INF if above is None else approximate(above) / scale[i]
        arguments, biases, parts, part_bias = self._written_out()
        width = n + 2 * count + 1
        matrix = np.zeros((3 * count + len(parts) + len(self.general), width))
        row_low, row_high = np.full(len(matrix), -INF), np.full(len(matrix), INF)
        each = np.arange(count)
        matrix[:count, :n], matrix[:count, n + count : -1] = -arguments[:, :n], -arguments[:, n:]  # l - ... = bias
        matrix[each, n + each] = 1.0
        row_low[:count] = row_high[:count] = biases
        matrix[count + each, n + count + each], matrix[count + each, n + each] = 1.0, -1.0  # h >= l
        row_low[count : 2 * count] = 0.0
        bounded = np.flatnonzero((low > -INF) & (high < INF))  # h <= up (l - lo) / (up - lo)
        steep = high[bounded] / (high[bounded] - low[bounded])
        matrix[2 * count + bounded, n + count + bounded], matrix[2 * count + bounded, n + bounded] = 1.0, -steep
        self._chords = np.full(count, INF)
        self._chords[bounded] = row_high[2 * count + bounded] = -steep * low[bounded]
        first = self.first_part = 3 * count
        matrix[first : first + len(parts), :n], matrix[first : first + len(parts), n + count : -1] = (
            parts[:, :n],
            parts[:, n:],
        )
        for j, part in enumerate(question.parts):  # part >= t, or part = 0
            matrix[first + j, -1] = 0.0 if part.op == "==" else -1.0
            row_low[first + j] = -part_bias[j]
            row_high[first + j] = -part_bias[j] if part.op == "==" else INF
        first = self.first_general = first + len(parts)
        for j, i in enumerate(self.general):
            matrix[first + j, :n] = floats.rows[i]
            row_low[first + j] = -floats.row_bias[i]
            row_high[first + j] = -floats.row_bias[i] if question.constraints[i].op == "==" else INF
        self.matrix, self._constants = matrix, np.concatenate([biases, part_bias, floats.row_bias])
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = width, len(matrix)
        lower, upper = np.full(width, -INF), np.full(width, INF)
        for v, (least, most) in enumerate(question.box):
            lower[v] = -INF if least is None else approximate(least[0]) / floats.units[v]
            upper[v] = INF if most is None else approximate(most[0]) / floats.units[v]
        lower[n + count : -1] = 0.0
        cost = np.zeros(width)
        cost[-1] = 1.0
        model.col_cost_, model.col_lower_, model.col_upper_ = cost, lower, upper
        model.row_lower_, model.row_upper_ = row_low, row_high
        model.sense_ = highspy.ObjSense.kMaximize
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        mask = matrix != 0
        model.a_matrix_.start_ = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])
        model.a_matrix_.index_ = np.nonzero(mask)[1]
        model.a_matrix_.value_ = matrix[mask]
        return model

    def _written_out(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The open hinges' arguments, and the parts, over inputs and open hinges."""
        floats, n, count = self.question.floats, self.n, len(self.open)
        every = len(floats.bias)
        values, constants = np.zeros((every, n + count)), np.zeros(every)
        arguments, biases = np.zeros((count, n + count)), np.zeros(count)
        for i, k in enumerate(self.question.used):
            state = self.node.state(k)
            if state is False:
                continue
            below = floats.matrix[i, n : n + i]
            row = below @ values[:i]
            row[:n] += floats.matrix[i, :n]
            bias = floats.bias[i] + below @ constants[:i]
            if state:
                values[i], constants[i] = row, bias
            else:
                arguments[self.place[k]], biases[self.place[k]] = row, bias
                values[i, n + self.place[k]] = 1.0
        parts = floats.parts[:, n:] @ values
        parts[:, :n] += floats.parts[:, :n]
        return arguments, biases, parts, floats.part_bias + floats.parts[:, n:] @ constants

    def _decide(self, decided: Mapping[int, bool]) -> None:
        """Moves the bounds to another node's decisions, so that every dual belongs to one fact.

        Where a hinge is on, ``h = l`` and ``l >= 0`` is all that is said of it; where it is off, ``h = 0`` and
        ``l <= 0``.
        """
        n, count, solver = self.n, len(self.open), self.solver
        for k in self._now.keys() | decided.keys():
            on = decided.get(k)
            if self._now.get(k) is on or k not in self.place:
                continue
            i = self.place[k]
            solver.changeColBounds(n + i, 0.0 if on is True else -INF, 0.0 if on is False else INF)
            solver.changeColBounds(n + count + i, -INF if on is True else 0.0, 0.0 if on is False else INF)
            solver.changeRowBounds(count + i, -INF if on is False else 0.0, 0.0 if on is True else INF)
            solver.changeRowBounds(2 * count + i, -INF, self._chords[i] if on is None else INF)
        self._now = dict(decided)

    def solve(self, node: Node) -> Solved:
        """Solves the relaxation of the program's own node, or of one below; what floats cannot hold has no bound."""
        solver, question = self.solver, self.question
        n, count = self.n, len(self.open)
        nowhere = np.zeros(n), np.zeros(len(question.parts))
        if not self._usable:
            return Solved(INF, *nowhere)
        self._decide(node.decided)
        tick()
        solver.setOptionValue("time_limit", solver.getRunTime() + seconds_left(LONGEST))
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            rows, reduced = self._ray()
            slopes, support = self._proposed(node, rows, reduced)
            return Solved(-INF, *nowhere, slopes, {}, support)
        if status != highspy.HighsModelStatus.kOptimal:
            return Solved(INF, *nowhere)
        solution = solver.getSolution()
        columns, rows, reduced = (np.array(a) for a in (solution.col_value, solution.row_dual, solution.col_dual))
        arguments, values = columns[n : n + count], columns[n + count : n + 2 * count]
        excess = (values - np.maximum(arguments, 0.0)) * (np.abs(rows[2 * count : 3 * count]) + 1e-6)
        gaps = {k: float(excess[i]) for k, i in self.place.items() if k not in node.decided and excess[i] > NOISE}
        weights = np.abs(rows[self.first_part : self.first_part + len(question.parts)])
        slopes, support = self._proposed(node, rows, reduced)
        return Solved(float(columns[-1]) * question.floats.part_unit, columns[:n], weights, slopes, gaps, support)

    def _ray(self) -> tuple[np.ndarray, np.ndarray]:
        """Duals of rows and columns that show a program to have no point: their combination is negative."""
        lp = self.solver.getLp()
        low = np.concatenate([lp.row_lower_, lp.col_lower_])
        high = np.concatenate([lp.row_upper_, lp.col_upper_])
        _, known, ray = self.solver.getDualRay()
        if known:
            ray = np.array(ray) / np.abs(ray).max()
            ray[np.abs(ray) < NOISE] = 0.0
            for rows in (ray, -ray):
                reduced = -rows @ self.matrix
                reduced[np.abs(reduced) < NOISE] = 0.0
                duals = np.concatenate([rows, reduced])
                used = duals != 0
                if (np.where(duals > 0, high, low)[used] * duals[used]).sum() < 0:
                    return rows, reduced
        return np.zeros(len(self.matrix)), np.zeros(self.matrix.shape[1])

    def _proposed(self, node: Node, rows: np.ndarray, reduced: np.ndarray) -> tuple[Slopes, list[tuple[str, int]]]:
        """Reads off the duals: slopes in the question's own scale, and which facts are used."""
        n, count, question = self.n, len(self.open), self.question
        unit, row_units = question.floats.part_unit, question.floats.row_units
        support: list[tuple[str, int]] = []
        for v, (low, high) in enumerate(question.box):
            end = low if reduced[v] < 0 else high
            if abs(reduced[v]) > NOISE and end is not None:
                support.append(("constraint", end[1]))
        lower, pushes, constraints = dict[int, fmpq](), dict[int, fmpq](), dict[int, fmpq]()
        for k, i in self.place.items():
            push = abs(reduced[n + i])
            if k in node.decided:
                if push > NOISE:
                    pushes[k] = relatively(push * unit / self.scale[i])
                    support.append(("active" if node.decided[k] else "inactive", k))
                continue
            line, zero = abs(rows[count + i]), abs(reduced[n + count + i])
            if line + zero > NOISE:
                lower[k] = short(line / (line + zero), 30)
            duals = (("line", line), ("zero", zero), ("chord", abs(rows[2 * count + i])))
            support += [(kind, k) for kind, dual in duals if dual > NOISE]
        for j, i in enumerate(self.general):
            m = abs(rows[self.first_general + j])
            if m > NOISE:
                support.append(("constraint", i))
                if question.constraints[i].op != "==":
                    constraints[i] = relatively(m * unit / row_units[i])
        first = self.first_part
        support += [("part", j) for j in range(len(question.parts)) if abs(rows[first + j]) > NOISE]
        return Slopes(lower, pushes, constraints), support
