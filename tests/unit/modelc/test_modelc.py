#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_modelc.py MODELC: the compiler's goldens, and models that it must refuse on a stated line. Prints TAP.

Models in models/ must compile to the files in golden/, byte for byte; with --update they are written instead.
Each model in bad/ must fail, with nothing written, and its first complaint must be its line in bad/expected.txt
(a '*' there stands for any words; the fault may be in the model's members/ file)."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
GOOD = [('small', 'models/small.json'), ('small_records', 'models/records/small.json')]
count = failed = 0


def check(name, problem):
    global count, failed
    count += 1
    failed += bool(problem)
    print(f'{"not ok" if problem else "ok"} {count} - {name}')
    for line in (problem or '').splitlines():
        print(f'# {line}')


def compile_model(modelc, model, out, name):
    header, source = (os.path.join(out, f'{name}.gen.{e}') for e in 'hc')
    done = subprocess.run([modelc, '--header', header, '--source', source, os.path.join(HERE, model),
                           os.path.join(HERE, 'models/manifest.json')], capture_output=True, text=True)
    return done, [header, source]


def golden(modelc, name, model, update):
    with tempfile.TemporaryDirectory() as tmp:
        done, made = compile_model(modelc, model, os.path.join(HERE, 'golden') if update else tmp, name)
        if done.returncode:
            return done.stderr
        for path in made:
            want = os.path.join(HERE, 'golden', os.path.basename(path))
            diff = subprocess.run(['diff', '-u', want, path], capture_output=True, text=True)
            if diff.returncode:
                return diff.stdout + diff.stderr
    return None


def refusal(modelc, expected):
    file, line, words = expected.split(':', 2)
    with tempfile.TemporaryDirectory() as tmp:
        done, made = compile_model(modelc, f'bad/{os.path.basename(file)}', tmp, 'bad')
        first = (done.stderr.splitlines() or ['nothing said'])[0]
        want = f'{os.path.join(HERE, "bad", file)}:{line}:{words}'
        if done.returncode != 1:
            return f'status {done.returncode}\n{first}'
        if any(os.path.exists(p) for p in made):
            return 'something was written'
        if first != want and not (words == ' *' and first.startswith(want[:-1])):
            return f'expected {want}\n     got {first}'
    return None


def main():
    modelc, update = sys.argv[1], '--update' in sys.argv
    for name, model in GOOD:
        check(f'{name} compiles to its golden files', golden(modelc, name, model, update))
    with open(os.path.join(HERE, 'bad/expected.txt')) as f:
        for expected in f.read().splitlines():
            check(f'refuses {os.path.basename(expected.split(".")[0])} on its line', refusal(modelc, expected))
    print(f'1..{count}')
    sys.exit(failed > 0)


main()
