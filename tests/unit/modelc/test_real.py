#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_real.py BUILD: what the compiler spares the real build, by what BUILD (a build that is made) has. Prints TAP.

Only what is implemented is generated, and an edit of what is refused compiles little again: the edit is made in a copy of
models/, the commands of the build are run there, and what compiles again is what includes a file that came out otherwise."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tap import check, finish

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / 'models'
MOST_DONE = 2 / 3        # of an API's operations: of what is done nearly whole there is nothing to leave out
MOST_GENERATED = 0.55   # of the lines that whole models would be; 0.47 in November 2026
MOST_OBJECTS = 3        # after an edit of one members file; ssm.gen.c, and the whole models' of the tests


def lines(paths):
    return sum(Path(p).read_bytes().count(b'\n') for p in paths)


def whole_lines(modelc, api, tmp):
    out = [f'{tmp}/{api}.h', f'{tmp}/{api}.c']
    subprocess.run([modelc, '--whole', '--header', out[0], '--source', out[1], MODELS / f'{api}.json', MODELS / 'manifest.json'],
                   check=True)
    return lines(out)


def done(operations):
    all_of = json.loads((MODELS / operations.name).read_text())['operations']
    return len(json.loads(operations.read_text())) / len(all_of)


def generated(build):
    """Of APIs that are done in part, and their handlers; records and resources are not from AWS's models."""
    apis = [p.stem for p in sorted((MODELS / 'operations').glob('*.json')) if done(p) <= MOST_DONE]
    made = lines(build / 'models' / f'{api}{kind}' for api in apis for kind in ('.gen.h', '.gen.c', '_handlers.gen.c'))
    with tempfile.TemporaryDirectory() as tmp, ThreadPoolExecutor(2) as pool:
        whole = sum(pool.map(lambda api: whole_lines(build / 'tools/modelc/modelc', api, tmp), apis))
    share = made / whole
    print(f'# {made} lines of {whole}: {share:.3f}')
    return None if 0 < share <= MOST_GENERATED else f'{share:.3f} of what whole models would be, more than {MOST_GENERATED}'


def ninja(build, *tool):
    return subprocess.run(['ninja', '-C', build, '-t', *tool], capture_output=True, text=True, check=True).stdout


def dependencies(build):
    """Of each output that which the compiler said it read."""
    deps, at = {}, None
    for line in ninja(build, 'deps').splitlines():
        if m := re.match(r'(\S+): #deps', line):
            at = deps.setdefault(m.group(1), set())
        elif line.startswith('    '):
            at.add(line.strip())
    return deps


def generate(build, commands, models, out):
    """The build's own commands on other models; {output: bytes}."""
    (out / 'models').mkdir(parents=True)
    for command in commands:
        words = [re.sub(r'^models/', f'{out}/models/', w) for w in command.split()]
        words = [f'{models}/{os.path.relpath(build / w, MODELS)}' if (build / w).resolve().is_relative_to(MODELS) else w
                 for w in words]
        subprocess.run(words, cwd=build, check=True)
    return {f'models/{p.name}': p.read_bytes() for p in (out / 'models').iterdir() if p.suffix != '.d'}


def edited(build, file, edit):
    """The objects that are compiled again."""
    deps = dependencies(build)
    name = os.path.relpath(MODELS / file, build)
    made = sorted(target for target, read in deps.items() if name in read and target.startswith('models/'))
    commands = sorted({ninja(build, 'commands', '-s', target).strip() for target in made})
    with tempfile.TemporaryDirectory() as tmp:
        models = Path(tmp) / 'copy'
        shutil.copytree(MODELS, models)
        before = generate(build, commands, models, Path(tmp) / 'before')
        text = (models / file).read_text()
        (models / file).write_text(edit(text))
        after = generate(build, commands, models, Path(tmp) / 'after')
    if before != {target: (build / target).read_bytes() for target in before}:
        sys.exit('Bail out! The build is not up to date')
    changed = {target for target in after if after[target] != before[target]}
    return sorted(target for target, read in deps.items() if target.endswith('.o') and read & changed)


def refuse(text):
    members = json.loads(text)
    members['refused']['patterns are not looked at'] = ['PutParameterRequest.AllowedPattern']
    return json.dumps(members)


def few(objects):
    return None if 0 < len(objects) <= MOST_OBJECTS else f'{len(objects)} objects\n' + '\n'.join(objects[:20])


def main():
    build = Path(sys.argv[1]).resolve()
    check('what is not implemented is not generated', generated(build))
    check('a member that is refused compiles its API again, and nothing else', few(edited(build, 'members/ssm.json', refuse)))
    # One that many include, so that the count is known to count.
    many = edited(build, 'ssm.json', lambda text: text.replace('"DataType"', '"KindOfData"'))
    check('a member that is called otherwise compiles all that include it again', None if len(many) > MOST_OBJECTS else f'{many}')
    finish()


main()
