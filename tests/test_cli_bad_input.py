"""The command line, asked wrongly: every command answers every mistake with one sentence and status 2."""

import json

import pytest

from relucirc.cli import COMMANDS, main

BAD_NETWORKS = (
    "", " ", "minimun", "minimum(", "minimum)", "minimum(x)", "minimum(1/2)", "minimum(-1)", "minimum:2:3",
    "minimum(n=)", "minimum(m=3)", "minimum(n=3, n=4)", "hat(0,1,2)", "hat:lower=0", "clip(1,0)", "clip(a,b)",
    "clip(0,1,2,3)",
    "sort:99999999999", "order_statistic(3,7)", "select(0)", "ripple_adder:100000", "no/such.json", ".", "net.txt",
    "empty.json", "-x", "__import__('os')", "minimum:True", "minimum:[2]", "compose(minimum)",
)  # fmt: skip
BAD_FORMULAS = (
    "", "x1 +", "x1*Abs(x2)", "Min(", "foo(x1)", "x1 x2", "|x1", "2x1", "[]", "x1 > 0", "1/0", "x1/x2", "x1**0.5",
    "x1^2", "lambda x: x", "__import__('os').system('x')", "x1.real", "'x1'", "Piecewise()", "Min()", "clip(x1)",
    "median(x1,x2)", "order_statistic(9,x1,x2)", "sin(x1)", "None", "x1 if x2 else x1", "1e999999999", "x1 = x2",
    "Rational(1,0)", "Abs(x1,x2)", "x1 or x2", "[[x1]]", "(x1:=3)", "Min(x1, key=3)", "Min(*[x1])", "empty.json",
)  # fmt: skip
BAD_DOMAINS = (
    "x1", "x1 >", "x1 > 0, x1 < 0", "y > 0", "x1 != 0", "x1 > 0 or x2 > 0", "x1*x2 > 0", "x1 in {}", "x1 in {0, 2}",
    "Abs(x1) > 1", "0", "x1 => 0", "1 > 2", "False", "no/such.json", '{"x1": [0.5, 1]}',
    "[[0, 1], [0, 1]]", "{",
)  # fmt: skip
BAD_BUDGETS = ("soon", "-1", "0", "", "nan", "1e99", "5s")
BAD_TOLERANCES = ("near", "-1", "", "nan", "1/0", "x1", "-1/20")
BAD_COUNTS = ("0", "-1", "1.5", "many", "", "1e3", "99999999999", "\u0663")
BAD_POINTS = (
    "", "3", "3,4,5", "a,b", "x1=3", "x1=3,x1=4", "x1=3,y=2", "x1=3,4", "1/0,2", "nan,1", "=,=", "x1==3,x2=1", "3;4",
    "(3,4", "1e9999999999,2", "x1=,x2=", "0x10,1", "x1:3,x2:4", "[1,2],[3,4]", "1+1,2",
)  # fmt: skip
BAD_SIZES = (
    "",
    "2",
    "2-",
    "2-0-1",
    "a-b",
    "-2-3-1",
    "2--1",
    "2x3x1",
    "1-3-1",
    "2-3-2",
    "2-99999999-1",
    "2-9999999999-1",
)
BAD_PLACES = ("", " ", "no/such/folder/file.json", "/dev/null/file.svg")
BAD_PICTURES = ("", "net.json", "net", "net.svg.txt", "no/such/folder/net.svg", "/dev/null/net.svg")
DECLARED = "(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real) "
BAD_PROPERTIES = (
    "(", "()", "(assert)", "(assert (> X_0", "(declare-const X_0 Real)", DECLARED + "(assert (> X_0 0) (> X_1 0))",
    DECLARED + "(assert (* X_0 X_1))", DECLARED + "(assert (> Z_0 0))", DECLARED + "(assert (> X_0 nan))",
    DECLARED + "(declare-const X_0 Real)",
)  # fmt: skip
TRAIN = ("--seeds", "1", "--steps", "1")
BENCH = ("--points", "10", "--rounds", "1", "--contender", "numpy")


def options(name, values):
    return [(name, value) for value in values]


CALLS = {
    "prove": [
        *((net, "x1") for net in BAD_NETWORKS),
        *(("minimum", formula) for formula in BAD_FORMULAS),
        *(("minimum", "x1", *o) for o in options("--domain", BAD_DOMAINS) + options("--budget", BAD_BUDGETS)),
        *(("minimum", "Min(x1, x2)", *o) for o in options("--certificate", BAD_PLACES)),
    ],
    "check": [
        *((net, "x1", "proof.json") for net in BAD_NETWORKS),
        *(("minimum", formula, "proof.json") for formula in BAD_FORMULAS),
        *(("minimum", "x1", "proof.json", *o) for o in options("--domain", BAD_DOMAINS)),
        *(("minimum", "x1", place) for place in (*BAD_PLACES, ".", "binary.json")),
    ],
    "explain": [
        *((net,) for net in BAD_NETWORKS),
        *(("minimum", *o) for o in options("--budget", BAD_BUDGETS) + options("--tolerance", BAD_TOLERANCES)),
    ],
    "export": [
        *((name, "-o", "net.onnx") for name in BAD_NETWORKS),
        *(("minimum", formula, "-o", "q.smt2") for formula in BAD_FORMULAS),
        *(("minimum", "x1", "-o", "q.smt2", *o) for o in options("--domain", BAD_DOMAINS)),
        *(("minimum", "x1", "-o", "q.smt2", *o) for o in options("--within", BAD_TOLERANCES)),
        *(("minimum", "x1", "-o", "q.vnnlib", *o) for o in options("--version", ("", "2", "3.0", "1"))),
        *(("minimum", *o) for o in options("-o", (*BAD_PLACES, "net.png", "net", ".", "q.vnnlib"))),
        *(("minimum", "x1", *o) for o in options("-o", (*BAD_PLACES, "net.onnx", "net", "."))),
    ],
    "theorem": [
        *((name, "x1", "-o", "t.v") for name in BAD_NETWORKS),
        *(("minimum", formula, "-o", "t.v") for formula in BAD_FORMULAS),
        ("minimum", "Min(x1, x2)"),
        ("minimum", "y <= x1 <", "-o", "t.v"),
    ],
    "snap": [
        *((net,) for net in BAD_NETWORKS),
        *(("minimum", formula) for formula in BAD_FORMULAS),
        *(("minimum", *o) for o in options("--domain", BAD_DOMAINS) + options("--budget", BAD_BUDGETS)),
        *(("minimum", *o) for o in options("--out", (*BAD_PLACES, "net.png", "net", "."))),
    ],
    "regions": [
        *((net,) for net in BAD_NETWORKS),
        *(("minimum", *o) for o in options("--domain", BAD_DOMAINS) + options("--budget", BAD_BUDGETS)),
    ],
    "discover": [
        *((formula,) for formula in BAD_FORMULAS),
        *(("Max(x1, x2)", *o) for o in options("--budget", BAD_BUDGETS) + options("--degree", BAD_COUNTS[:-2])),
        *(("Max(x1, x2)", *o) for o in options("--out", (*BAD_PLACES, "net.png", "net", "."))),
    ],
    "show": [
        *((net,) for net in BAD_NETWORKS),
        *(("minimum", *o) for o in options("--at", BAD_POINTS) + options("--svg", BAD_PICTURES)),
    ],
    "report": [
        *((net, "-o", "page.html") for net in BAD_NETWORKS),
        *(("minimum", formula, "-o", "page.html") for formula in BAD_FORMULAS),
        *(
            ("minimum", "-o", "page.html", *o)
            for o in options("--domain", BAD_DOMAINS) + options("--budget", BAD_BUDGETS)
        ),
        *(("minimum", "x1", "-o", place) for place in (*BAD_PICTURES, "/dev/null/page.html", "page.html.txt")),
        ("minimum", "Min(x1, x2)"),
    ],
    "deviation": [
        *((net, "x1") for net in BAD_NETWORKS),
        *(("minimum", formula) for formula in BAD_FORMULAS),
        *(("minimum", "x1", *o) for o in options("--domain", BAD_DOMAINS) + options("--budget", BAD_BUDGETS)),
        *(("minimum", "x1", "--domain", "0 <= x1, x1 <= 1, x1 == x2", *o) for o in options("--certificate", ("", " "))),
    ],
    "bounds": [
        *((net,) for net in BAD_NETWORKS),
        *(("minimum", *o) for o in options("--domain", BAD_DOMAINS) + options("--budget", BAD_BUDGETS)),
        *(("minimum", "--domain", "0 <= x1 <= 1, x1 == x2", *o) for o in options("--certificate", BAD_PLACES)),
    ],
    "compare": [
        *((net, "minimum") for net in BAD_NETWORKS),
        *(("minimum", other) for other in (*BAD_FORMULAS, "minimum:3")),
        *(("minimum", "x1", *o) for o in options("--domain", BAD_DOMAINS) + options("--budget", BAD_BUDGETS)),
        *(("minimum", "minimum", *o) for o in options("--certificate", BAD_PLACES)),
    ],
    "verify": [
        *((net, "property.vnnlib") for net in BAD_NETWORKS),
        *(
            ("minimum", path)
            for path in ("", "no/such.vnnlib", ".", "empty.json", "binary.json", "net.txt", *BAD_PROPERTIES)
        ),
        *(("minimum", "property.vnnlib", *o) for o in options("--budget", BAD_BUDGETS)),
    ],
    "minimal": [
        *((formula,) for formula in BAD_FORMULAS),
        *(("Min(x1, x2)", *o) for o in options("--domain", BAD_DOMAINS) + options("--budget", BAD_BUDGETS)),
        *(("Abs(x)", *o) for o in options("--hidden-layers", BAD_COUNTS) + options("--certificate", BAD_PLACES)),
        *(("Abs(x)", *o) for o in options("--out", (*BAD_PLACES, "net.png", "net", "."))),
    ],
    "train": [
        *((formula, "--sizes", "2-3-1", *TRAIN) for formula in (*BAD_FORMULAS, "minimun")),
        *(("minimum", *o, *TRAIN) for o in options("--domain", BAD_DOMAINS) + options("--sizes", BAD_SIZES)),
        *(("minimum", *o) for name in ("--seeds", "--steps") for o in options(name, BAD_COUNTS)),
        *(("minimum", "--seed", count, *TRAIN) for count in BAD_COUNTS[1:]),
        *(("minimum", "--regimen", regimen, *TRAIN) for regimen in ("luck", "", "BEST", "prune ")),
        *(("minimum", "--out", place, *TRAIN) for place in ("", "net.txt", "/dev/null/out")),
        ("minimum", "--seeds", "999999999"),
        ("x1 + x2",),
    ],
    "bench": [
        *((net, *BENCH) for net in BAD_NETWORKS),
        *(("minimum", *o) for name in ("--points", "--rounds") for o in options(name, BAD_COUNTS)),
        *(("minimum", *BENCH, *o) for o in options("--contender", ("nobody", "", "numpy,jax"))),
        *(("minimum", *BENCH, *o) for o in options("--plot", BAD_PICTURES)),
        ("minimum", "--points", "999999999"),
    ],
    "circuits": [(word,) for word in (*BAD_NETWORKS, "minimum", "x1")],
}
for calls in CALLS.values():
    calls += [
        (),
        ("--nope",),
        ("--json=1",),
        ("--js",),
        ("-x", "a", "b", "c", "d", "e", "f"),
        ("--budget",),
        ("--domain",),
    ]
CALLS["bench"].remove(())
CALLS["circuits"].remove(())


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    """A folder with a file that is no network, one that is empty, and a certificate."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.txt").write_text("{}")
    (tmp_path / "empty.json").write_text("{}")
    (tmp_path / "binary.json").write_bytes(bytes(range(256)))
    (tmp_path / "property.vnnlib").write_text(f"{DECLARED}(assert (> X_0 0)) (assert (> Y_0 0))")
    (tmp_path / "proof.json").write_text(json.dumps({"format": "relucirc-certificate-1", "proof": {}}))


PYTHON = (
    "Traceback", "internal error", "lambda", "positional", "keyword argument", "NoneType", "<class", "object at 0x",
    "Errno", "__init__", "unhashable", "Exception", "argparse", "ignored explicit",
)  # fmt: skip
"""What only somebody who reads the code would understand."""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_mistake_is_answered_by_one_sentence(command, capsys, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    assert len(CALLS[command]) >= 30
    for words in CALLS[command]:
        status = main([command, *words])
        out, err = capsys.readouterr()
        asked = (command, *words)
        assert (status, out) == (2, ""), (asked, status, out, err)
        assert err.startswith("relucirc: "), (asked, err)
        assert err.endswith((".\n", ".)\n")), (asked, err)
        assert err.count("\n") == 1, (asked, err)
        assert len(err) < 600, (asked, err)
        said = err.replace(" ".join(words), "").replace("'lambda x: x'", "")
        assert not [word for word in PYTHON if word in said], (asked, err)
        assert "' -" not in err, (asked, err)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_mistake_before_any_command_is_answered_by_one_sentence(capsys):
    for words in ([], ["proof"], ["--nope"], ["PROVE", "minimum", "x1"], [""], ["--json"], ["-1"], ["--version=3"]):
        status = main(words)
        out, err = capsys.readouterr()
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert err.startswith("relucirc: ")
        assert "prove" in err or "COMMAND" in err


def test_a_builtins_parameters_may_be_named(capsys):
    assert main(["prove", "minimum(n=3)", "Min(x1, x2, x3)"]) == 0
    assert main(["prove", "clip(upper=3/2)", "clip(x, 0, 3/2)"]) == 0
    assert main(["prove", "order_statistic:k=1:n=4", "Min(x1, x2, x3, x4)"]) == 0
    assert main(["prove", "hat(0,1,2)", "x"]) == 2
    assert "hat: expected no arguments; got (0, 1, 2)." in capsys.readouterr().err
