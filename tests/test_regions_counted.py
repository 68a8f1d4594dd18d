"""Regions that are counted and forgotten: as many as a walk that keeps them finds, and a list that is judged."""

import base64
import gzip
import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import sympy

from relucirc import MLP, Box, RelucircError, check, circuits, count_regions, regions
from relucirc.checker import cones
from relucirc.core.journal import JournalWarning

DOMAINS = [
    None,
    Box(-1, 1),
    "x1 <= 1",
    "0 <= x1 <= 1",
    "x1 + x2 == 1",
    "x1 >= 0, x2 >= 0, x1 + x2 <= 1, x1 <= 2",
    "x1 == 0, x2 == 1",
]


def random_net(sizes, seed, most=3):
    rng = np.random.default_rng(seed)
    return MLP.from_arrays(
        [
            (rng.integers(-most, most + 1, (above, below)), rng.integers(-most, most + 1, above))
            for below, above in itertools.pairwise(sizes)
        ]
    )


def float_net(seed):
    rng = np.random.default_rng(seed)
    shapes = ((5, 2), (4, 5), (1, 4))
    return MLP.from_arrays([(rng.normal(size=s).astype("f4"), rng.normal(size=s[0]).astype("f4")) for s in shapes])


SPECIAL = [
    (float_net(0), None),
    (float_net(1), Box(-1, 1)),
    (circuits.maximum(4), None),
    (circuits.minimum(3), "x1 + x2 + x3 == 1, x1 >= 0, x2 >= 0, x3 >= 0"),
    (circuits.sawtooth(4), Box(0, 1)),
    (circuits.absolute(), None),
    (MLP.from_arrays([([[1, 1]], None)]), None),
    (
        MLP.from_arrays([([[1, 1], [0, 0], [2, 2]], [0, 1, 0]), ([[1, 1, -1], [0, 0, 0]], [0, -1]), ([[1, 1]], None)]),
        None,
    ),
]


def counted(net, domain, tmp_path, **options):
    path = tmp_path / "regions.gz"
    found = count_regions(net, domain, certificate=path, **options)
    return found, path


@pytest.mark.parametrize("sizes", [(2, 5, 1), (3, 4, 3, 1), (4, 3, 2, 1), (2, 4, 4, 4, 2)])
@pytest.mark.parametrize("domain", DOMAINS)
def test_as_many_are_counted_as_are_found_and_the_list_is_accepted(sizes, domain, tmp_path):
    for seed in range(2):
        net = random_net(sizes, seed)
        kept = regions(net, domain, compiled=False)
        found, path = counted(net, domain, tmp_path, compiled=False)
        assert (found.regions, found.affine_maps) == (len(kept), len(kept.affine_maps))
        verdict = check(net, None, path, domain)
        assert verdict, verdict
        assert f" {len(kept):,} activation regions" in str(verdict)


@pytest.mark.parametrize(("net", "domain"), SPECIAL)
def test_odd_networks_are_counted_too(net, domain, tmp_path):
    kept = regions(net, domain, compiled=False)
    found, path = counted(net, domain, tmp_path, compiled=False)
    assert (found.regions, found.affine_maps) == (len(kept), len(kept.affine_maps))
    assert check(net, None, path, domain)


def signs_of(path, neurons):
    """The rows of a certificate, and what else it says."""
    head, *lines = gzip.decompress(path.read_bytes()).splitlines()
    rows = []
    for line in lines:
        count, *texts = json.loads(line)
        bits = [np.frombuffer(base64.b64decode(text), np.uint8) for text in texts]
        bits = [np.zeros((count * neurons + 7) // 8, np.uint8) if len(b) == 0 else b for b in bits]
        positive, zero = (np.unpackbits(b, count=count * neurons).reshape(neurons, count).T for b in bits)
        rows += np.where(zero, 0, 2 * positive.astype(int) - 1).tolist()
    return json.loads(head), rows


def packed(rows):
    rows = np.array(rows)
    texts = [base64.b64encode(np.packbits(bits.T).tobytes()).decode() for bits in (rows > 0, rows == 0)]
    return [len(rows), *texts]


def offered(head, rows, part=5):
    """The certificate with other rows, in parts of a few."""
    parts = [packed(rows[i : i + part]) for i in range(0, len(rows), part)]
    return {**head, "regions": len(rows), "signs": parts}


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """A network, a domain, and a list of its regions."""
    net = random_net((2, 5, 3, 1), 4)
    _, path = counted(net, "x1 <= 1", tmp_path_factory.mktemp("listed"), compiled=False)
    return net, "x1 <= 1", *signs_of(path, 8)


@pytest.mark.parametrize("part", [1, 2, 5, 100])
def test_a_list_is_accepted_in_parts_of_any_size(listed, part):
    net, domain, head, rows = listed
    assert len(rows) > 20
    assert check(net, None, offered(head, rows, part), domain)


@pytest.mark.parametrize("part", [1, 3, 100])
def test_a_list_that_lacks_any_region_is_rejected(listed, part):
    net, domain, head, rows = listed
    for i in range(len(rows)):
        verdict = check(net, None, offered(head, rows[:i] + rows[i + 1 :], part), domain)
        assert verdict.accepted is False
        assert "missing" in verdict.reason or "no points" in verdict.reason


@pytest.mark.parametrize("part", [3, 100])
def test_a_list_with_a_region_that_is_none_is_rejected(listed, part):
    net, domain, head, rows = listed
    known = set(map(tuple, rows))
    others = {(*row[:k], sign, *row[k + 1 :]) for row in rows for k in range(8) for sign in (-1, 0, 1)} - known
    for other in sorted(others)[part % 4 :: 4]:
        more = sorted([*rows, list(other)], reverse=True)
        assert check(net, None, offered(head, more, part), domain).accepted is False
        for i in range(0, len(rows), 7):  # instead of another
            assert check(net, None, offered(head, sorted(more[:i] + more[i + 1 :]), part), domain).accepted is False


def test_a_list_that_is_out_of_order_or_says_one_twice_is_rejected(listed):
    net, domain, head, rows = listed
    for i in range(len(rows) - 1):
        swapped = [*rows[:i], rows[i + 1], rows[i], *rows[i + 2 :]]
        verdict = check(net, None, offered(head, swapped, 100 if i % 2 else 5), domain)
        assert verdict.accepted is False
        assert "order" in verdict.reason or (i % 2 == 0 and "missing" in verdict.reason)
        twice = [*rows[: i + 1], rows[i], *rows[i + 1 :]]
        verdict = check(net, None, offered(head, twice, 100 if i % 2 else 5), domain)
        assert verdict.accepted is False
        assert "twice" in verdict.reason or (i % 2 == 0 and "missing" in verdict.reason)


@pytest.mark.parametrize(
    "changed",
    [
        {"regions": 1},
        {"regions": "9"},
        {"first": []},
        {"first": [0, 0]},
        {"first": [99]},
        {"signs": []},
        {"signs": [[0, "", ""]]},
        {"signs": [[1, "AA", ""]]},
        {"signs": [[1, "!!!!", ""]]},
        {"signs": 3},
        {"interior": ["9"]},
        {"pivots": {"v0": []}},
        {"more": 1},
    ],
)
def test_a_certificate_that_says_anything_else_is_rejected(listed, changed):
    net, domain, head, rows = listed
    assert check(net, None, {**offered(head, rows), **changed}, domain).accepted is False


def test_a_list_is_of_one_network_and_one_domain(listed):
    net, domain, head, rows = listed
    certificate = offered(head, rows)
    assert check(random_net((2, 5, 3, 1), 5), None, certificate, domain).accepted is False
    assert check(net, None, certificate, "x1 <= 1/2").accepted is False
    assert check(net, None, certificate, None).accepted is False
    assert check(net, "x1", certificate, domain).accepted is False
    assert check(net, None, certificate, domain, within=1).accepted is False


def test_integers_that_are_too_large_for_machines_are_python_s(listed, monkeypatch):
    net, domain, head, rows = listed
    monkeypatch.setattr(cones, "LIMIT", 20.0)
    assert check(net, None, offered(head, rows), domain)
    assert check(net, None, offered(head, rows[1:]), domain).accepted is False


def test_pieces_are_given_back_where_they_are_too_large_and_the_list_is_the_same(tmp_path, monkeypatch):
    net = random_net((3, 6, 5, 1), 1)
    whole, path = counted(net, Box(-1, 1), tmp_path, compiled=False)
    expected = signs_of(path, 11)
    monkeypatch.setattr("relucirc.measure.regions.counting.MOST", 20)
    small, path = counted(net, Box(-1, 1), tmp_path, compiled=False)
    assert signs_of(path, 11) == expected
    assert (small.regions, small.affine_maps) == (whole.regions, whole.affine_maps)
    assert whole.regions > 60
    with ThreadPoolExecutor(3) as pool:
        journal = tmp_path / "a.journal"
        _, path = counted(net, Box(-1, 1), tmp_path, compiled=False, executor=pool, journal=journal)
        assert signs_of(path, 11) == expected
        assert check(net, None, path, Box(-1, 1), executor=pool)
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) > 10
    journal.write_bytes(b"".join(lines[: len(lines) // 2])[:-3])
    with pytest.warns(JournalWarning, match="cut off"):
        _, path = counted(net, Box(-1, 1), tmp_path, compiled=False, journal=journal)
    assert signs_of(path, 11) == expected


@pytest.mark.slow
def test_compiled_code_counts_the_same(tmp_path):
    pytest.importorskip("numba")
    for net in (random_net((3, 20, 12, 1), 1), float_net(3)):
        plain, path = counted(net, Box(-2, 2), tmp_path, compiled=False)
        expected = path.read_bytes()
        fast, path = counted(net, Box(-2, 2), tmp_path, compiled=True)
        assert (fast.regions, fast.affine_maps) == (plain.regions, plain.affine_maps)
        assert path.read_bytes() == expected


def test_a_budget_that_ends_leaves_no_certificate(tmp_path):
    found, _ = counted(random_net((5, 30, 20, 1), 0), Box(-9, 9), tmp_path, budget=1.0, compiled=False)
    assert found.status == "unknown"
    assert "perhaps not all" in found.reason
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_counted_is_refused(tmp_path):
    with pytest.raises(RelucircError):
        count_regions(circuits.minimum(), certificate=tmp_path / "no" / "such" / "folder.gz")
    with pytest.raises(RelucircError, match="empty"):
        count_regions(circuits.minimum(), "x1 > 1, x1 < 0")


@pytest.mark.parametrize("sizes", [(1, 3, 2, 1), (2, 5, 3, 1), (3, 4, 3, 1), (4, 3, 2, 1)])
def test_volumes_add_up_to_that_of_the_domain(sizes, tmp_path, monkeypatch):
    monkeypatch.setattr("relucirc.measure.regions.counting.MOST", 10)
    for seed in range(3):
        net = random_net(sizes, seed)
        volumes = list(regions(net, Box(-1, 1), compiled=False).volumes)
        assert all(volume > 0 for volume in volumes)
        assert sum(volumes) == 2 ** sizes[0]
        found, _ = counted(net, Box(-1, 1), tmp_path, compiled=False, volumes=True)
        assert (found.volumes.smallest, found.volumes.largest) == (min(volumes), max(volumes))
        assert found.volumes.unbounded == 0
        floors = [next(k for k in range(-99, 99) if volume < sympy.Integer(2) ** (k + 1)) for volume in volumes]
        assert found.volumes.powers == {k: floors.count(k) for k in sorted(set(floors))}


def test_volumes_of_simplices_and_of_what_is_not_bounded(tmp_path):
    cut = MLP.from_arrays([([[1, -1, 0], [0, 1, -1]], None), ([[1, 1]], None)])
    assert set(regions(cut, Box(0, 1)).volumes) == {sympy.Rational(1, 6), sympy.Rational(1, 3)}
    assert list(regions(circuits.minimum()).volumes) == [None] * 4
    found, _ = counted(circuits.minimum(), "x1 <= 1, x2 <= 1, x1 >= -1", tmp_path, volumes=True)
    half = sympy.Rational(1, 2)
    assert (found.volumes.smallest, found.volumes.largest, found.volumes.unbounded) == (half, 3 * half, 1)
    told = {"smallest": "1/2", "largest": "3/2", "unbounded": 1, "powers": {"-1": 2, "0": 1}}
    assert found.to_json()["volumes"] == told
    with pytest.raises(RelucircError, match="interior"):
        count_regions(circuits.minimum(), "x1 == x2", volumes=True)
    with pytest.raises(RelucircError, match="interior"):
        _ = regions(circuits.minimum(), "x1 == x2").volumes
