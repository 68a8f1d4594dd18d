"""Hostile files for one reader after another, at length: ``python tests/fuzz.py --reader onnx --seconds 600``.

A child process reads files that Hypothesis breaks.  It is killed by the system when one takes over 5 seconds of CPU
time, and cannot have more than 2 GiB beyond what it starts with; the parent keeps the file that it died of, and starts
another.  What is found is printed and kept: another error than a sentence, a crash, a hang, memory, code that ran.

    python tests/fuzz.py --seconds 600 --reader onnx
    python tests/fuzz.py --seconds 60                  each reader for a minute
    python tests/fuzz.py --file found/onnx-1.onnx --reader onnx
"""

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import fuzzing
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

SECONDS_EACH = 5
MEMORY = 2 << 30
"""What a reader may ask for beyond what the process has after its start."""
RESIDENT = 1 << 30
"""What it may really use beyond that."""
RANDOM = (64, 512, 4096)
"""Random bytes behind one file."""


def guard() -> None:
    """Bounds the memory from now on, and lets SIGPROF end the process."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    size = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def child(name: str, seconds: float, seed: int, folder: Path) -> None:
    """Breaks and reads files until the time is over; writes a report after each hundred."""
    reader, watch, tally = fuzzing.READERS[name], fuzzing.Watch(), Counter()
    path, report = folder / f"current{reader.suffix}", folder / "report.json"
    os.chdir(folder)
    for good in fuzzing.seeds_of(name):  # so that everything is imported
        path.write_bytes(good)
        try:
            fuzzing.examine(name, path)
        except AssertionError as error:
            print(f"a seed: {error}", flush=True)
    guard()
    before, worst, findings = resident(), 0.0, []
    source = random.Random(seed)
    wanted = settings(deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))

    @wanted
    @given(st.data())
    def attack(data: st.DataObject) -> None:
        nonlocal worst
        path.write_bytes(data.draw(fuzzing.files(name)))
        start, found = time.process_time(), ""
        signal.setitimer(signal.ITIMER_PROF, SECONDS_EACH)
        watch.on = True
        try:
            tally[fuzzing.examine(name, path)] += 1
        except AssertionError as error:
            found = str(error)
        finally:
            watch.on = False
            signal.setitimer(signal.ITIMER_PROF, 0)
        worst = max(worst, time.process_time() - start)
        found = found or (f"it did {watch.seen[0]}" if watch.seen else "")
        found = found or (f"{(resident() - before) >> 20} MiB" if resident() - before > RESIDENT else "")
        watch.seen.clear()
        if found:
            findings.append(found)
            kept(folder, name, path, found)

    end = time.monotonic() + seconds
    cases = 0
    while time.monotonic() < end:
        attack.hypothesis.fuzz_one_input(source.randbytes(source.choice(RANDOM)))
        cases += 1
        if cases % 20 == 0 or time.monotonic() >= end:
            grown = (resident() - before) >> 20
            data = {"tally": dict(tally), "worst": worst, "grown": grown, "findings": findings}
            report.write_text(json.dumps(data), "utf-8")


def kept(folder: Path, name: str, path: Path, found: str) -> None:
    """Keeps a file that something was found with."""
    number = len(list(folder.glob(f"{name}-*.txt"))) + 1
    (folder / f"{name}-{number}{path.suffix}").write_bytes(path.read_bytes())
    (folder / f"{name}-{number}.txt").write_text(found + "\n", "utf-8")


def fuzz(name: str, seconds: float, seed: int, folder: Path) -> list[str]:
    """Runs children until the time is over; prints what they did, and returns what they found."""
    folder.mkdir(parents=True, exist_ok=True)
    end, tally, worst, grown, findings, runs = time.monotonic() + seconds, Counter(), 0.0, 0, [], 0
    while (left := end - time.monotonic()) > 0 and runs < 50:
        (folder / "report.json").unlink(missing_ok=True)
        command = [sys.executable, __file__, "--child", "--reader", name, "--seconds", str(left)]
        done = subprocess.run([*command, "--seed", str(seed + runs), "--out", str(folder)], check=False)
        runs += 1
        if (folder / "report.json").exists():
            data = json.loads((folder / "report.json").read_text("utf-8"))
            tally.update(data["tally"])
            worst, grown = max(worst, data["worst"]), max(grown, data["grown"])
            findings += data["findings"]
        if done.returncode:
            hung = done.returncode == -signal.SIGPROF
            found = f"over {SECONDS_EACH} s" if hung else f"the process ended with status {done.returncode}"
            findings.append(found)
            for path in folder.glob("current.*"):
                kept(folder, name, path, found)
    cases = ", ".join(f"{count} {what}" for what, count in tally.most_common())
    print(f"{name}: seed {seed}, {sum(tally.values())} files: {cases}; {worst:.1f} s and {grown} MiB at most")
    for found, count in Counter(findings).most_common():
        print(f"{name}: FOUND {count} times: {found}")
    return findings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", choices=[*fuzzing.READERS], action="append", help="only this one; may stand again")
    parser.add_argument("--seconds", type=float, default=60, help="how long for each reader (60)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "fuzz", help="where files are kept")
    parser.add_argument("--file", type=Path, help="read this one file, and say what happened")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    readers = args.reader or [name for name, reader in fuzzing.READERS.items() if reader.is_installed]
    if args.child:
        child(readers[0], args.seconds, args.seed, args.out.resolve())
        return 0
    if args.file:
        print(fuzzing.examine(readers[0], args.file))
        return 0
    found = [fuzz(name, args.seconds, args.seed, args.out / name) for name in readers]
    if any(found):
        print(f"files are kept in {args.out}")
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main())
