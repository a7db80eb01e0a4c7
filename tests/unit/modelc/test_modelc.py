#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_modelc.py MODELC: the compiler's goldens, and models that it must refuse on a stated line. Prints TAP.

Models in models/ must compile to the files in golden/, byte for byte; with --update they are written instead.
Each model in bad/ must fail, with nothing written, and its first complaint must be its line in bad/expected.txt
(a '*' there stands for any words; the fault may be in the model's members/ or operations/ file)."""
import os
import shutil
import subprocess
import sys
import tempfile

from tap import check, finish

HERE = os.path.dirname(os.path.abspath(__file__))
GOOD = [('small', 'models/small.json'), ('small_records', 'models/records/small.json')]


def compile_model(modelc, model, out, name, where=HERE):
    made = {'--header': f'{name}.gen.h', '--source': f'{name}.gen.c'}
    if '/records/' not in model:
        made['--handlers'] = f'{name}_handlers.gen.c'
    made = {option: os.path.join(out, file) for option, file in made.items()}
    done = subprocess.run([modelc, *sum(made.items(), ()), os.path.join(where, model),
                           os.path.join(where, 'models/manifest.json')], capture_output=True, text=True)
    return done, list(made.values())


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


RESOURCES = 'models/resources/small.json'
# What is written instead of what in the good file; the line and the words of the complaint.
BAD_RESOURCES = [
    ('"collection": "things"', '"collection": "thinks"', 6, "no collection 'thinks'"),
    ('"collection": "kept",', '"record": "ThingRecord", "collection": "kept",', 41, "unknown field 'record' of a resource"),
    ('"arn_index": "by_state"', '"arn_index": "by_stage"', 12, "'Thing' has no index 'by_stage'"),
    (', "list": "DescribeThings ListThings"', '', 6, "'DescribeThings' does not name 'Thing': no member of \"named\" or \"names\""),
    ('"show": "DescribeThings", "list": "DescribeThings ListThings", "end": "TouchThing"', '"without": "x"', 5, '\'Thing\': what has records and an ARN has a "list" operation'),
    ('"show": "DescribeThings"', '"show": "DropThing"', 6, "no operation 'DropThing'"),
    ('"put": "PutThing"', '"pot": "PutThing"', 6, "unknown field 'pot' of operations"),
    ('"put": "PutThing"', '"put": ["PutThing"]', 6, 'no names of operations'),
    ('"end": "TouchThing"', '"end": "TouchThing PutThing"', 6, "'PutThing' stands twice"),
    ('"end": "TouchThing"', '"use": "TouchThing"', 6, "'Thing' needs operations that make (or put), show and end it, or \"without\": why there are none"),
    ('"end": "TouchThing"', '"end": "TouchThing", "without": "x"', 6, "'Thing' is made, shown and ended: \"without\" tells why not"),
    ('"operations": {"use": "PutThing", "without": "nothing makes ideas"},', '', 49, "'Idea' needs operations that make (or put), show and end it, or \"without\": why there are none"),
    ('"use": "PutThing"', '"use": "TouchThing"', 50, "'TouchThing' does not name 'Idea': no member of \"named\" or \"names\""),
    ('"parts": {"id": null}, "arn": []', '"parts": {"id": null}, "arn": [], "operations": {"put": "PutThing"}', 42, "'Kept' is CloudFormation's alone: no operation is about it"),
    ('"Max": "{record.state}", "text"', '"Most": "{record.state}", "text"', 8, "no operation takes 'Most'"),
    ('"text": "{arn}"},', '"text": "{nome}"},', 8, "'Thing' has no part 'nome'"),
    (',\n "of_none": {"GetTicket": "tickets are nobody\'s"}', '', 1, "'GetTicket' is no resource's, no tag operation and not \"of_none\""),
    ('"of_none": {"GetTicket"', '"of_none": {"GetTicket TouchThing"', 57, "'TouchThing' is a resource's, or stands twice"),
    ('"of_none": {"GetTicket"', '"of_none": {"GetTicket GetTicket"', 57, "'GetTicket' is a resource's, or stands twice"),
    ('"of_none": {"GetTicket"', '"of_none": {"Ticket"', 57, "no operation 'Ticket'"),
    ('"of_none": {"GetTicket": "tickets are nobody\'s"}', '"of_none": {"GetTicket": ""}', 57, '"of_none" tells why'),
    ('"read": {"at"', '"read": {"operation": "DescribeThings", "at"', 21, "'DescribeThings' is what the resource's operations say"),
    ('"list": null,\n    "delete"', '"list": "ListThings",\n    "delete"', 21, '"list" of a type is null, or what the resource\'s operations say'),
    ('"state": "state"', '"state": "stat"', 12, "ThingRecord has no 'stat'"),
    ('"state": "state"', '"state": "history"', 12, "'history' is of the wrong type"),
    ('"tags": "tags",', '"tags": "history",', 12, "'history' is of the wrong type"),
    ('"id": "{box}/{name:lower}"', '"id": "{bax}/{name}"', 8, "'Thing' has no part 'bax'"),
    ('"id": "{box}/{name:lower}"', '"id": "{box*}/{name*}"', 8, 'two parts of any text'),
    ('"id": "{box}/{name:lower}"', '"id": "{box/x"', 8, "'{' without '}'"),
    ('"named": {"Name": "*"}', '"named": {"Nome": "*"}', 11, "no operation has 'Nome'"),
    ('"named": {"Name": "*"}', '"named": {"Name": "* but Fly"}', 11, "no operation 'Fly'"),
    ('"named": {"Name": "*"}', '"named": {"Name": "* without Name"}', 11, "no operation has 'Name'"),
    ('"named": {"Name": "*"}', '"named": {"Name": "GetTicket"}', 11, "'GetTicket' has no text 'Name'"),
    ('"with": {"name": "Name"}', '"with": {"nam": "Name"}', 51, "'Idea' has no part 'nam'"),
    ('["ThingNotFound", "No', '["ThingLost", "No', 13, "no error 'ThingLost'"),
    ('["ThingNotFound", "No \'{name}\' in {box}"]', '"gone"', 13, 'not [error, text]'),
    ('"hooks": true,', '"hocks": true,', 12, "unknown field 'hocks' of a resource"),
    ('"max": 5, ', '', 3, 'tags need "max"'),
    ('["PutThing.Name"]', '["PutThing.Role"]', 54, "no input has 'PutThing.Role'"),
    ('["PutThing.Name"]', '["PutThing"]', 54, 'not Operation.member'),
    ('"arn_of": "Thing"', '"arn_of": "Thong"', 55, "no resource 'Thong'"),
    ('"in": ["PutThing.Name"]}}', '"on": ["PutThing.Name"]}}', 55, "unknown field 'on' of a condition"),
    ('"passes": {"little.amazonaws.com": ["PutThing.Name"]}', '"passes": {"x": {"in": ["PutThing.Name"]}}', 54, "'x' has no ways"),
    ('"own": true, "replaces"', '"replaces"', 56, 'what "replaces" has "tags" and is "own"'),
    ('{"IPv6Address": "x"}', '{"Nothing": "x"}', 56, '"says" is no text member of the input with its text'),
    ('"service"', '"servise"', 2, "unknown field 'servise' of a service's resources"),
    ('"type": "Little::Small::Thing"', '"type": "Little::Small::Thong"', 18, "no schema of 'Little::Small::Thong': tools/strip-schemas makes it"),
    ('"put": "PutThing", "show"', '"without": "x", "show"', 18, '\'Little::Small::Thing\' needs create, read and delete, its resource "list"'),
    ('"read": {"at"', '"read": {"operation": "DescribeAll", "at"', 21, "no operation 'DescribeAll'"),
    ('{"ClientToken": "x"}', '{"Client": "x"}', 20, "'PutThing' takes no 'Client'"),
    ('{"text": "{arn}"}', '{"text": "{nome}"}', 22, "'Thing' has no part 'nome'"),
    ('{record.state}', '{record.steps.name}', 8, "'Thing' keeps no '{record.steps.name}'"),
    ('"is": {"VPCId"', '"is": {"Nothing"', 21, '"is" is not one member of what read shows with its text'),
    ('"made": "VPCId"', '"made": "VPC"', 20, "create answers no 'VPC'"),
    ('"Name": "name", "Arn"', '"Name": "nome", "Arn"', 24, "'Thing' has no part 'nome'"),
    ('"Counts": {"set"', '"Count": {"set"', 27, "Little::Small::Thing has no property 'Count'"),
    ('"set": "PutThing.Body"', '"set": "PutThing.Bode"', 27, "'PutThing' has no 'Bode'"),
    ('"with": ["Default"]', '"with": ["Fault"]', 31, "Little::Small::Thing has no property 'Fault'"),
    ('"take": "TouchThing", ', '', 31, '"each" needs "put" and "take"'),
    ('"told": "Owner.VPCId"', '"told": "Owner.Text"', 34, "create answers no 'Owner.Text'"),
    ('"put": "Id"', '"put": "Ic"', 35, "Whole has no 'Ic'"),
    ('"delete": "text"', '"delete": "txt"', 36, "delete takes no 'txt'"),
    ('{"get": "VPCId"}', '{"get": null}', 29, "not Operation.member"),
    ('"own": true, "replaces"', '"own": true, "page": 3, "replaces"', 56, '"page" is of an operation that lists tags in pages'),
    ('"end": {"Default"', '"end": {"Default": "", "Word"', 24, '"end" is not one property with the end of its name'),
    ('"end": {"Default"', '"end": {"Fault"', 24, '"end" is not one property with the end of its name'),
    ('"without": "Name"', '"without": "Nome"', 36, "Little::Small::Thing has no property 'Nome'"),
    ('"attributes": {', '"attributes": {"at": "Meta", ', 45, 'read shows no map of attributes'),
    (', "name": "ClientToken"', '', 45, 'a map of attributes, or one text with its "name"'),
    ('"name": "ClientToken"', '"name": "Client"', 45, "'PutThing' has no 'Client'"),
    ('"becomes": {"name"', '"becomes": {"nome"', 51, "'Idea' has no part 'nome'"),
    ('"name": "ClientToken"}}', '"name": "Token"}}', 51, "no input that names 'Idea' has 'Token'"),
    ('"asks": [', '"ask": [', 51, "unknown field 'ask' of what names it"),
    ('"kept": "state"', '"kept": "steps.nome"', 45, "'Kept' keeps no 'steps.nome'"),
    ('"put": "PutThing.Name"', '"put": "PitThing.Name"', 15, "no operation 'PitThing'"),
    ('"put": "PutThing.Name"', '"put": "PutThing.Nome"', 15, "'PutThing.Nome' has no such member"),
    ('"put": "PutThing.Name"', '"put": "PutThing.Meta"', 15, "'PutThing.Meta' is not of the type that is kept"),
    ('"put": "PutThing.Name"', '"put": "PutThing"', 15, '"put" is Operation.member'),
    ('"put": "PutThing.Name"', '"put": "DropThing.Name"', 15, "no operation 'DropThing'"),
    ('"get": "ListThings.NextMarker"', '"get": "DescribeThings.Things"', 15, "'DescribeThings' does not name 'Thing'"),
    ('"get": "ListThings.NextMarker"', '"get": "ListThings"', 15, "'ListThings' shows no member of what is kept"),
    ('"get": "ListThings.NextMarker"', '"get": "ListThings.Names"', 15, "'ListThings.Names' is not of the type that is kept"),
    ('"tags": "tags", "hooks": true', '"tags": "tags"', 15, "'ListThings' names 'Thing' by no text"),
    ('"delete": "TouchThing"', '"delete": "TouchThing.text"', 15, '"delete" is an operation'),
    ('"at": "state", "hooks"', '"at": "stat", "hooks"', 15, "'Thing' keeps no 'stat'"),
    ('"at": "state", "hooks"', '"at": "steps.name", "hooks"', 15, "a list is on the way to 'steps.name'"),
    ('"at": "state", "hooks"', '"hooks"', 15, "'State' is kept nowhere: \"at\""),
    ('"hooks": true, "strict": true', '"hooks": true, "string": true', 15, "unknown field 'string' of a setting"),
    ('"none": ["ThingNotFound", "no state", "Name"], ', '', 15, '"strict" is for a "delete" that fails with "none"'),
    ('["ThingNotFound", "no state"', '["ThingLost", "no state"', 16, "no error 'ThingLost'"),
    ('"Kind": "{record.state}"', '"Kind": "{record.stat}"', 16, "'Thing' keeps no '{record.stat}'"),
    ('"Kind": "{record.state}"', '"ACLs": "{record.state}"', 16, "no output has such a 'ACLs'"),
    ('"VPCId": "{box}/{name}"', '"VPCId": "{box}/{nome}"', 16, "'Thing' has no part 'nome'"),
    ('"get": "ShowThing.Owner", "at": "thing"', '"at": "thing"', 17, "'Owner' is neither put nor shown"),
    ('"get": "ShowThing.Owner"', '"get": "ListThings.NextMarker"', 17, "'ListThings.NextMarker' is not of the type that is kept"),
    ('"get": "ShowThing.Owner", "at": "thing"', '"get": "PutThing.Owner", "at": "thing"', 17, "'PutThing' is another setting's, too"),
    ('"get": "ShowThing.Owner"', '"get": "ShowThing"', 17, '"otherwise" is for a member that "get" shows where there is no "none"'),
    ('[{"ACLs": ["y"]}]', '[{"ACL": ["y"]}]', 17, "Thing has no 'ACL'"),
    ('[{"ACLs": ["y"]}]', '[{"ACLs": "y"}]', 17, 'no Texts'),
    ('"refused": "there is none", ', '', 32, '"unless" is a list of values of what is "refused"'),
    ('"unless": ["x", "{name}"]', '"unless": []', 32, '"unless" is a list of values of what is "refused"'),
    ('"unless": ["x", ', '"unless": [1, ', 32, 'no value of Little::Small::Thing.Nothing'),
    ('"unless": ["x", "{name}"', '"unless": ["x", "{nome}"', 32, "'Thing' has no part 'nome'"),
]


RECORDS = 'models/records/small.json'
# The same of the collections that lie beside records.
BAD_COLLECTIONS = [
    ('"record": "Step"', '"record": "Stop"', 31, "no record 'Stop'"),
    ('"record": "Step"', '"record": "Steps"', 31, "no record 'Steps'"),
    ('"name": "small/step", ', '', 31, '\'steps\' needs "name" and "record"'),
    (', "record": "Step"', '', 31, '\'steps\' needs "name" and "record"'),
    ('"scope": "global"', '"scope": "planet"', 31, "unknown scope 'planet'"),
    ('"scope": "global"', '"scop": "global"', 31, "unknown field 'scop' of a collection"),
    ('"small/step"', '"small/kept"', 31, "'small/kept' is the name of small_kept, too"),
    ('"steps": {"name"', '"kept": {"name"', 31, "duplicate collection 'kept'"),
    ('"steps": {"name"', '"Steps": {"name"', 31, "'Steps' is no name in C"),
    ('["state", "at"]', '["state", "when"]', 27, "ThingRecord has no 'when'"),
    ('"steps.name"', '"steps.nome"', 28, "ThingRecord has no 'steps.nome'"),
    ('"steps.done"', '"requests"', 29, "'requests' has no order"),
    ('"steps.done"', '"thing"', 29, "'thing' has no order"),
    ('["state", "at"]', '[]', 27, "index 'by_state' is of one to 3 members"),
    ('["state", "at"]', '["state", "at", "account", "note"]', 27, "index 'by_state' is of one to 3 members"),
    ('["state", "at"]', '"state"', 27, "index 'by_state' is of one to 3 members"),
    ('"sparse": true', '"spares": true', 29, "unknown field 'spares' of an index"),
    ('"by_done"', '"by_state"', 29, "duplicate index 'by_state'"),
    ('"scope": "global"', '"indexes": ["name"]', 31, '"indexes" are at most 8, by name'),
    ('"scope": "global"', '"indexes": {' + ', '.join(f'"by_{n}": ["name"]' for n in range(9)) + '}', 31,
     '"indexes" are at most 8, by name'),
]


def compile_resources(modelc, resources, out):
    made = [os.path.join(out, f'small_resources.gen.{e}') for e in 'hc']
    done = subprocess.run([modelc, '--header', made[0], '--source', made[1], '--resources', resources,
                           os.path.join(HERE, 'models/small.json'), os.path.join(HERE, 'models/manifest.json')],
                          capture_output=True, text=True)
    return done, made


def golden_resources(modelc, update):
    with tempfile.TemporaryDirectory() as tmp:
        done, made = compile_resources(modelc, os.path.join(HERE, RESOURCES), os.path.join(HERE, 'golden') if update else tmp)
        if done.returncode:
            return done.stderr
        for path in made:
            diff = subprocess.run(['diff', '-u', os.path.join(HERE, 'golden', os.path.basename(path)), path], capture_output=True, text=True)
            if diff.returncode:
                return diff.stdout + diff.stderr
    return None


def bad_resources(modelc, old, new, line, words):
    with open(os.path.join(HERE, RESOURCES)) as f:
        text = f.read()
    if old not in text:
        return f'{old} is not in {RESOURCES}'
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, 'bad.json')
        with open(path, 'w') as f:
            f.write(text.replace(old, new, 1))
        done, made = compile_resources(modelc, path, tmp)
        first = (done.stderr.splitlines() or ['nothing said'])[0]
        if any(os.path.exists(p) for p in made):
            return 'something was written'
    return None if done.returncode == 1 and first == f'{path}:{line}: {words}' else f'expected :{line}: {words}\n     got {first}'


def bad_collections(modelc, old, new, line, words):
    with open(os.path.join(HERE, RECORDS)) as f:
        text = f.read()
    if old not in text:
        return f'{old} is not in {RECORDS}'
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, 'small.json')
        with open(path, 'w') as f:
            f.write(text.replace(old, new, 1))
        done, made = compile_model(modelc, path, tmp, 'bad')
        first = (done.stderr.splitlines() or ['nothing said'])[0]
        if any(os.path.exists(p) for p in made):
            return 'something was written'
    return None if done.returncode == 1 and first == f'{path}:{line}: {words}' else f'expected :{line}: {words}\n     got {first}'


def unchanged(modelc):
    """What would be the same bytes is not written again; what is another's is."""
    with tempfile.TemporaryDirectory() as tmp:
        _, made = compile_model(modelc, 'models/small.json', tmp, 'small')
        for path in made:
            os.utime(path, (1, 1))
        with open(made[1], 'a') as f:
            f.write('/* edited */')
        os.utime(made[1], (1, 1))
        compile_model(modelc, 'models/small.json', tmp, 'small')
        written = [os.stat(path).st_mtime != 1 for path in made]
    return None if written == [False, True, False] else f'written again: header, source, handlers: {written}'


def edited(modelc, file, old, new, want):
    """What is written again after an edit: nothing that the rest of the build includes, unless it must be."""
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copytree(os.path.join(HERE, 'models'), os.path.join(tmp, 'models'))
        made = {path for name, model in GOOD for path in compile_model(modelc, model, tmp, name, tmp)[1]}
        for path in made:
            os.utime(path, (1, 1))
        path = os.path.join(tmp, 'models', file)
        with open(path) as f:
            text = f.read()
        with open(path, 'w') as f:
            f.write(text.replace(old, new))
        for name, model in GOOD:
            done, _ = compile_model(modelc, model, tmp, name, tmp)
            if done.returncode:
                return done.stderr
        written = {os.path.basename(path) for path in made if os.stat(path).st_mtime != 1}
    return None if written == want else f'written again: {sorted(written)}\nexpected {sorted(want)}'


def whole(modelc):
    """--whole has what is not implemented, by the names that it will have."""
    with tempfile.TemporaryDirectory() as tmp:
        header = os.path.join(tmp, 'x.h')
        subprocess.run([modelc, '--whole', '--header', header, os.path.join(HERE, 'models/small.json'),
                        os.path.join(HERE, 'models/manifest.json')], check=True)
        with open(header) as f:
            all_lines = f.read().splitlines()
    with open(os.path.join(HERE, 'golden/small.gen.h')) as f:
        gone = [line for line in f.read().splitlines() if line not in all_lines]
    missing = [word for word in ('SMALL_DROP_THING,', 'SMALL_DROP_REASON_OLD', 'struct SmallDropped {') if word not in ' '.join(all_lines)]
    return None if not gone and not missing else f'missing: {gone + missing}'


def depfile(modelc):
    """A records model depends on the manifest, its API, and what that implements and refuses."""
    with tempfile.TemporaryDirectory() as tmp:
        out = [os.path.join(tmp, name) for name in ('x.h', 'x.c', 'x.d')]
        subprocess.run([modelc, '--header', out[0], '--source', out[1], '--depfile', out[2],
                        os.path.join(HERE, 'models/records/small.json'), os.path.join(HERE, 'models/manifest.json')], check=True)
        with open(out[2]) as f:
            targets, files = f.read().split(':')
    want = {os.path.join(HERE, 'models', name) for name in ('manifest.json', 'small.json', 'records/small.json', 'members/small.json', 'operations/small.json')}
    if targets.split() != out[:2]:
        return f'targets: {targets}'
    return None if set(files.split()) == want else f'reads {files.split()}\nexpected {sorted(want)}'


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
    check('declared resources compile to their golden files', golden_resources(modelc, update))
    for old, new, line, words in BAD_RESOURCES:
        check(f'refuses of resources: {words}', bad_resources(modelc, old, new, line, words))
    for old, new, line, words in BAD_COLLECTIONS:
        check(f'refuses of collections: {words}', bad_collections(modelc, old, new, line, words))
    check('leaves a file alone that would be the same', unchanged(modelc))
    check('an edit of what is refused compiles one file again',
          edited(modelc, 'members/small.json', 'nothing is empty here', 'nothing is ever empty', {'small.gen.c'}))
    check("an edit of a handler's flags compiles one file again",
          edited(modelc, 'operations/small.json', '["SW_AUTHORISES"]', '["SW_WRITES"]', {'small_handlers.gen.c'}))
    check('a record more leaves the API as it is',
          edited(modelc, 'records/small.json', '"At": {"type": "timestamp"}', '"At": {"type": "timestamp"}, "B": {"type": "structure", "members": {}}',
                 {'small_records.gen.h', 'small_records.gen.c'}))
    check('can compile what is not implemented, too', whole(modelc))
    check('tells the build which files were read', depfile(modelc))
    finish()


main()
