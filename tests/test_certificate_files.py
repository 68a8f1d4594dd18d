"""Certificates in files: read as they are checked, and refused in one sentence when something is wrong with them."""

import gzip
import itertools
import json
import random
import re
import tracemalloc

import pytest
from hard import random_network

import relucirc
from relucirc import Box, bounds, check, circuits, prove, save_certificate
from relucirc.checker.boxes import read_parts, read_tree
from relucirc.checker.data import Lines
from relucirc.cli import main
from relucirc.files import certificate_file

NET = random_network((2, 8, 8, 1), 3).exact()
MIXED = "-1 <= x1, x1 <= 1, x1 in integers, -1 <= x2, x2 <= 1"


@pytest.fixture(scope="module")
def certificates():
    """Evidence of one network: on a box, with cells between integers, and as a tolerance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificate_file, "LONG", 0)
        return {
            "box": (None, Box(-1, 1), bounds(NET, Box(-1, 1)).certificate, {}),
            "mixed": (None, MIXED, bounds(NET, MIXED).certificate, {}),
            "within": ("x1", Box(-1, 1), prove(NET, "x1", Box(-1, 1), within=5).certificate, {"within": 5}),
        }


@pytest.fixture(autouse=True)
def short_lists(monkeypatch):
    monkeypatch.setattr(certificate_file, "LONG", 0)


@pytest.mark.parametrize("suffix", ["json", "json.gz"])
@pytest.mark.parametrize("name", ["box", "mixed", "within"])
def test_what_is_written_is_read_and_accepted(name, suffix, certificates, tmp_path):
    formula, domain, certificate, options = certificates[name]
    path = tmp_path / f"proof.{suffix}"
    assert save_certificate(certificate, path) == path.stat().st_size
    assert (path.read_bytes()[:2] == b"\x1f\x8b") is suffix.endswith("gz")
    opened = gzip.open if suffix.endswith("gz") else open
    with opened(path, "rb") as file:
        lines = file.read().splitlines()
        assert len(lines) > 3
        assert max(map(len, lines)) < len(json.dumps(certificate)) / 2
        file.seek(0)
        assert check(NET, formula, file, domain, **options)
        assert not file.closed
    for source in (path, str(path)):
        assert check(NET, formula, source, domain, **options)
    with opened(path, "rt", encoding="utf-8") as file:
        assert check(NET, formula, file, domain, **options)
    assert not check(NET, formula, path, Box(-2, 2), **options)
    assert check(NET, formula, certificate, domain, **options)


def test_an_answer_can_be_saved_and_what_has_no_certificate_cannot(tmp_path):
    path = tmp_path / "proof.json"
    save_certificate(prove(circuits.minimum(), "Min(x1, x2)"), path)
    assert check(circuits.minimum(), "Min(x1, x2)", path)
    for nothing in (prove(circuits.minimum(), "x1"), None, [], "proof"):
        with pytest.raises(relucirc.RelucircError, match="with a certificate"):
            save_certificate(nothing, path)
    path.write_text(json.dumps(prove(circuits.minimum(), "Min(x1, x2)").certificate, indent=2))
    assert check(circuits.minimum(), "Min(x1, x2)", path)


@pytest.mark.parametrize("name", ["box", "mixed"])
def test_a_torn_file_is_refused(name, certificates, tmp_path):
    formula, domain, certificate, options = certificates[name]
    path = tmp_path / "proof.json.gz"
    save_certificate(certificate, path)
    whole, plain = path.read_bytes(), gzip.decompress(path.read_bytes())
    for data, length in itertools.product((whole, plain), (0.99, 0.7, 0.4, 0.1)):
        path.write_bytes(data[: int(length * len(data))])
        assert refused(formula, path, domain, options)
    path.write_bytes(plain[: plain.rindex(b"\n", 0, -1) + 1])
    assert refused(formula, path, domain, options)


def refused(formula, path, domain, options) -> bool:
    """Whether a file is refused in one sentence."""
    found = check(NET, formula, path, domain, **options)
    return not found and "\n" not in str(found)


def test_a_flipped_byte_is_refused(certificates, tmp_path):
    formula, domain, certificate, options = certificates["mixed"]
    path, draw = tmp_path / "proof.json.gz", random.Random(0)
    save_certificate(certificate, path)
    whole = path.read_bytes()
    for _ in range(60):
        place = draw.randrange(10, len(whole) - 8)  # the ten bytes before say when and where it was written
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << draw.randrange(8)]) + whole[place + 1 :])
        assert refused(formula, path, domain, options)


def test_lines_may_not_be_left_out_added_or_exchanged(certificates, tmp_path):
    formula, domain, certificate, options = certificates["box"]
    path = tmp_path / "proof.json"
    save_certificate(certificate, path)
    first, *rest = path.read_text().splitlines(keepends=True)
    broken = {
        "one less": [first, *rest[:-1]],
        "one more": [first, *rest, rest[-1]],
        "an empty one": [first, *rest, "\n"],
        "exchanged": [first, *rest[1:], rest[0]],
        "no list": [first, "[]\n", *rest[1:]],
        "no JSON": [first, "{\n", *rest[1:]],
        "more promised": [first.replace('"lines": ', '"lines": 1', 1), *rest],
        "less promised": [first.replace('"lines": ', '"lines": -', 1), *rest],
        "a length that is text": [first.replace('"lines": ', '"lines": "1", "more": ', 1), *rest],
    }
    lengths = re.sub(r'"lines": \d+', '"lines": "7"', first)
    broken |= {
        "a length that is text alone": [lengths, *rest],
        "the last line torn": [first, *rest[:-1], rest[-1][:-1]],
    }
    for name, lines in broken.items():
        path.write_text("".join(lines))
        assert refused(formula, path, domain, options), name
    path.write_text("".join([first, *rest]))
    assert check(NET, formula, path, domain, **options)


def test_lists_come_in_the_order_of_the_check(certificates, tmp_path):
    formula, domain, certificate, options = certificates["mixed"]
    path = tmp_path / "proof.json"
    save_certificate(certificate, path)
    first, *rest = path.read_text().splitlines(keepends=True)
    turned = json.loads(first, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    path.write_text("".join([json.dumps(turned) + "\n", *rest]))
    assert "not in the order of the check" in str(check(NET, formula, path, domain, **options))


def test_what_a_file_only_may_have_is_no_evidence_in_memory(certificates):
    formula, domain, certificate, _ = certificates["box"]
    trees = certificate["proof"]["bounding"]
    for other in ({"lines": len(trees[0])}, iter(trees[0]), tuple(trees[0])):
        lie = {**certificate, "proof": {**certificate["proof"], "bounding": [other, *trees[1:]]}}
        assert not check(NET, formula, lie, domain)
    read = {**certificate, "proof": {**certificate["proof"], "bounding": [Lines(iter(t)) for t in trees]}}
    assert check(NET, formula, read, domain)
    assert not check(NET, formula, read, domain)  # they are read once


def test_files_that_are_none_are_said_to_be(tmp_path):
    path = tmp_path / "proof.json"
    for nothing in (tmp_path / "nothing.json", tmp_path, "", "x" * 5000):
        found = check(NET, None, nothing)
        assert (found.status, str(found).startswith("rejected: cannot read")) == ("rejected", True)
        assert len(str(found)) < 6000
    for text in ("", "proved", "{", '{"format": '):
        path.write_text(text)
        assert "expected a certificate" in str(check(NET, None, path))
    path.write_bytes(b"\xff\xfe\x00")
    assert refused(None, path, None, {})
    path.write_text("[1]")
    assert not check(NET, "x1", path)
    path.write_text(json.dumps(prove(circuits.minimum(), "Min(x1, x2)").certificate))
    with pytest.raises(relucirc.FormulaError):  # the claim's own error
        check(circuits.minimum(), "Min(x1, x3)", path)
    with pytest.raises(relucirc.DomainError):
        check(circuits.minimum(), "Min(x1, x2)", path, "x1 < 0, x1 > 0")


def test_the_command_line_writes_and_reads_compressed_files(tmp_path, capsys):
    path = str(tmp_path / "proof.json.gz")
    assert main(["bounds", "minimum", "--domain", "x1 <= 1", "--certificate", path]) == 0
    assert f"certificate written to {path}, 1 kB" in capsys.readouterr().out
    assert main(["check", "minimum", path, "--domain", "x1 <= 1"]) == 0
    assert main(["check", "maximum", path, "--domain", "x1 <= 1"]) == 1


def leafy_tree(depth: int, n: int, draw: random.Random) -> str:
    words, pending = [], [0]
    while pending:
        level = pending.pop()
        words += [draw.choice("!~")] if level and draw.random() < 0.7 else []
        if level == depth or draw.random() < 0.1:
            words.append("-0")
        else:
            words.append(str(draw.randrange(n)))
            pending += [level + 1] * 2
    return " ".join(words)


@pytest.mark.parametrize("most", [1, 2, 7, 50])
def test_a_tree_in_parts_is_the_tree(most):
    """Every bound once, on its box, below the same states."""
    draw = random.Random(most)
    for _ in range(20):
        words = leafy_tree(7, 2, draw).split(" ")
        (whole,) = [read_tree(words, 2, 1, [0], 0)]
        parts = list(read_parts(words, 2, 1, [0], 0, most))
        assert len(parts) > 1 or len(whole) <= most + 1
        assert max(len(part) for part in parts) <= most + 2 * 8
        assert bounded(parts) == bounded([whole])


def bounded(parts):
    """The boxes that are bounded, each with the states above it."""
    found = []
    for states in parts:
        pending = [(0, ())]
        while pending:
            i, above = pending.pop()
            state = states[i]
            path = (*above, (state.low, state.high, state.is_new))
            found += [(bound.combination, bound.low, bound.high, path) for bound in state.bounds]
            pending += [(child, path) for child in state.children]
    return sorted(found)


def test_a_long_tree_of_boxes_takes_little_memory():
    words = leafy_tree(13, 2, random.Random(0)).split(" ")
    peaks = []
    for most in (None, 100):
        tracemalloc.start()
        for states in read_parts(words, 2, 1, [0], 0, most):
            del states
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] / 5
