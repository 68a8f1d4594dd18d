"""The linear program of a node, in floats: only what it proposes counts.

One program serves all nodes of a search.  Its columns are the inputs, for every hinge its argument and its value,
and ``t``, which is maximised below all parts; a decision moves bounds alone, so that HiGHS goes on from where it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import highspy
import numpy as np

from relucirc.proof.bounding.evidence import Node, Slopes
from relucirc.proof.bounding.question import relatively, short

INF = highspy.kHighsInf
NOISE = 1e-9
NOTHING = Slopes()
_SOLVER: type[highspy.Highs] = highspy.Highs.__mro__[1]  # the solver itself: Highs() prints who it is


@dataclass(frozen=True)
class Solved:
    """What the program says of a node.

    Attributes:
        bound: The largest t; infinite where it is unbounded, -inf where there is no point.
        x: Inputs that attain it.
        weights: The parts' duals: of which combination the bound is, adding up to 1.
        slopes: Slopes and pushes that give about this bound.
        support: The facts whose duals are not zero.
        gaps: For every used hinge that is open how far its value is above ``max(0, l)``, times what that is worth.
    """

    bound: float
    x: np.ndarray
    weights: np.ndarray
    slopes: Slopes
    gaps: np.ndarray
    support: "list[tuple[str, int]]" = field(default_factory=list)


class Program:
    """The relaxation of a question on a node, and on all below it that decide hinges.

    Args:
        node: Where it starts; its ranges give the chords.
    """

    def __init__(self, node: Node) -> None:
        self.node, floats = node, node.question.floats
        self.question = question = node.question
        n, used = question.n, question.used
        self.n, self.count = n, len(used)
        self.low, self.high = np.full(len(used), -INF), np.full(len(used), INF)
        for i, k in enumerate(used):
            low, high = node.ranges.get(k, (None, None))
            if low is not None:
                self.low[i] = float(low.p) / float(low.q) / floats.scale[i]
            if high is not None:
                self.high[i] = float(high.p) / float(high.q) / floats.scale[i]
        solver = self.solver = _SOLVER()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("presolve", "off")
        solver.setOptionValue("solver", "simplex")
        solver.passModel(self._model(floats))
        self._now: dict[int, bool] = {}

    def _model(self, floats: "object") -> highspy.HighsLp:
        n, count, question = self.n, self.count, self.question
        parts = len(question.parts)
        width = n + 2 * count + 1  # inputs, arguments, values, t
        lower, upper = np.full(width, -INF), np.full(width, INF)
        for v, (low, high) in enumerate(question.box):
            lower[v] = -INF if low is None else float(low[0].p) / float(low[0].q)
            upper[v] = INF if high is None else float(high[0].p) / float(high[0].q)
        lower[n + count : n + 2 * count] = 0.0
        rows, row_lower, row_upper = [], [], []
        for i in range(count):  # l - (matrix x, h) = bias
            row = np.zeros(width)
            row[:n] = -floats.matrix[i, :n]
            row[n + count : n + 2 * count] = -floats.matrix[i, n:]
            row[n + i] = 1.0
            rows.append(row)
            row_lower.append(floats.bias[i])
            row_upper.append(floats.bias[i])
        for i in range(count):  # h >= l
            row = np.zeros(width)
            row[n + i], row[n + count + i] = -1.0, 1.0
            rows.append(row)
            row_lower.append(0.0)
            row_upper.append(INF)
        for i in range(count):  # (up - lo) h <= up (l - lo), divided by up - lo
            row = np.zeros(width)
            low, high = self.low[i], self.high[i]
            if low < 0 < high and high - low < INF:
                row[n + count + i], row[n + i] = 1.0, -high / (high - low)
                rows.append(row)
                row_upper.append(-high * low / (high - low))
            else:
                rows.append(row)
                row_upper.append(INF)
            row_lower.append(-INF)
        for j, part in enumerate(question.parts):  # part >= t
            row = np.zeros(width)
            row[:n], row[n + count : n + 2 * count] = floats.parts[j, :n], floats.parts[j, n:]
            row[-1] = 0.0 if part.op == "==" else -1.0
            rows.append(row)
            row_lower.append(-floats.part_bias[j])
            row_upper.append(-floats.part_bias[j] if part.op == "==" else INF)
        self.general = [i for i, r in enumerate(question.constraints) if len(r.form.terms) != 1]
        for i in self.general:
            row = np.zeros(width)
            row[:n] = floats.rows[i]
            rows.append(row)
            row_lower.append(-floats.row_bias[i])
            row_upper.append(-floats.row_bias[i] if question.constraints[i].op == "==" else INF)
        self._chords = row_upper[2 * count : 3 * count]
        self.first_part = 3 * count
        self.first_general = 3 * count + parts
        self.matrix = matrix = np.array(rows)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = width, len(rows)
        cost = np.zeros(width)
        cost[-1] = 1.0
        model.col_cost_, model.col_lower_, model.col_upper_ = cost, lower, upper
        model.row_lower_, model.row_upper_ = np.array(row_lower), np.array(row_upper)
        model.sense_ = highspy.ObjSense.kMaximize
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        mask = matrix != 0
        model.a_matrix_.start_ = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])
        model.a_matrix_.index_ = np.nonzero(mask)[1]
        model.a_matrix_.value_ = matrix[mask]
        return model

    def _ray(self) -> tuple[np.ndarray, np.ndarray]:
        """Duals of rows and columns that show a program to have no point: their combination is negative."""
        lp = self.solver.getLp()
        ends = [np.array(e) for e in (lp.row_lower_, lp.row_upper_, lp.col_lower_, lp.col_upper_)]
        _, known, ray = self.solver.getDualRay()
        if known:
            ray = np.array(ray) / np.abs(ray).max()
            ray[np.abs(ray) < NOISE] = 0.0
            for rows in (ray, -ray):
                reduced = -rows @ self.matrix
                reduced[np.abs(reduced) < NOISE] = 0.0
                duals = np.concatenate([rows, reduced])
                low, high = np.concatenate([ends[0], ends[2]]), np.concatenate([ends[1], ends[3]])
                at = np.where(duals > 0, high, low)
                if (at[duals != 0] * duals[duals != 0]).sum() < 0:
                    return rows, reduced
        return np.zeros(len(self.matrix)), np.zeros(self.matrix.shape[1])

    def _decide(self, decided: Mapping[int, bool], supposed: Mapping[int, bool]) -> None:
        """Moves the bounds to another node's decisions, so that every dual belongs to one fact.

        Where a hinge is on, ``h = l`` is all that is said of h, and where it is off, ``h = 0``; which side of zero
        ``l`` is on is said only where it was supposed, since what ranges say follows from other facts.
        """
        n, count, place = self.n, self.count, self.question.floats.position
        for k in self._now.keys() | decided.keys():
            on = decided.get(k)
            if self._now.get(k) is on or k not in place:
                continue
            i = place[k]
            side = supposed.get(k)
            self.solver.changeColBounds(n + i, 0.0 if side is True else -INF, 0.0 if side is False else INF)
            self.solver.changeColBounds(n + count + i, -INF if on is True else 0.0, 0.0 if on is False else INF)
            self.solver.changeRowBounds(count + i, -INF if on is False else 0.0, 0.0 if on is True else INF)
            self.solver.changeRowBounds(2 * count + i, -INF, self._chords[i] if on is None else INF)
        self._now = dict(decided)

    def solve(self, node: Node) -> Solved | None:
        """Solves the relaxation of a node below the program's own; None where HiGHS gives no answer."""
        decided = {k: on for k in self.question.used if (on := node.state(k)) is not None}
        self._decide(decided, node.decided)
        solver = self.solver
        solver.run()
        status = solver.getModelStatus()
        n, count, question = self.n, self.count, self.question
        if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return Solved(INF, np.zeros(n), np.zeros(0), Slopes(), np.zeros(0))
        solution = solver.getSolution()
        if status == highspy.HighsModelStatus.kInfeasible:
            rows, reduced = self._ray()
            slopes, support = self._slopes(decided, node, rows, reduced), self._support(decided, node, rows, reduced)
            return Solved(-INF, np.zeros(n), np.zeros(len(question.parts)), slopes, np.zeros(0), support)
        if status != highspy.HighsModelStatus.kOptimal:
            return None
        columns, rows = np.array(solution.col_value), np.array(solution.row_dual)
        reduced = np.array(solution.col_dual)
        x = columns[:n]
        arguments, values = columns[n : n + count], columns[n + count : n + 2 * count]
        chord = np.abs(rows[2 * count : 3 * count])
        gaps = np.maximum(values - np.maximum(arguments, 0.0), 0.0)
        gaps[[i for i, k in enumerate(self.question.used) if k in decided]] = 0.0
        return Solved(
            float(columns[-1]),
            x,
            np.abs(rows[self.first_part : self.first_part + len(self.question.parts)]),
            self._slopes(decided, node, rows, reduced),
            np.where(gaps > NOISE, gaps * (chord + 1e-6), 0.0),
            self._support(decided, node, rows, reduced),
        )

    def _slopes(self, decided: Mapping[int, bool], node: Node, rows: np.ndarray, reduced: np.ndarray) -> Slopes:
        """Reads slopes and pushes off the duals, in the question's own scale."""
        n, count, question = self.n, self.count, self.question
        line, value = np.abs(rows[count : 2 * count]), np.abs(reduced[n + count : n + 2 * count])
        lower, pushes = {}, {}
        for i, k in enumerate(question.used):
            if k in node.decided:
                push = abs(reduced[n + i])
                if push > NOISE:
                    pushes[k] = relatively(push / question.floats.scale[i])
            elif k not in decided and line[i] + value[i] > NOISE:
                lower[k] = short(line[i] / (line[i] + value[i]), 30)
        constraints = {}
        for j, i in enumerate(self.general):
            m = abs(rows[self.first_general + j])
            if m > NOISE and question.constraints[i].op != "==":
                constraints[i] = relatively(m)
        return Slopes(lower, pushes, constraints)

    def _support(
        self, decided: Mapping[int, bool], node: Node, rows: np.ndarray, reduced: np.ndarray
    ) -> list[tuple[str, int]]:
        """Names the facts whose duals are not zero; what takes a decided hinge away is not among them."""
        n, count, question = self.n, self.count, self.question
        found: list[tuple[str, int]] = []
        for v, (low, high) in enumerate(question.box):
            end = low if reduced[v] < 0 else high
            if abs(reduced[v]) > NOISE and end is not None:
                found.append(("constraint", end[1]))
        for i, k in enumerate(question.used):
            if k in node.decided and abs(reduced[n + i]) > NOISE:
                found.append(("active" if node.decided[k] else "inactive", k))
            if k in decided:
                continue
            duals = (("line", rows[count + i]), ("zero", reduced[n + count + i]), ("chord", rows[2 * count + i]))
            found += [(kind, k) for kind, dual in duals if abs(dual) > NOISE]
        found += [
            ("constraint", i) for j, i in enumerate(self.general) if abs(rows[self.first_general + j]) > NOISE
        ]
        return found + [
            ("part", j) for j in range(len(question.parts)) if abs(rows[self.first_part + j]) > NOISE
        ]
