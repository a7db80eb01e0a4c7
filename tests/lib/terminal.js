// SPDX-License-Identifier: Apache-2.0
// A program on a terminal of a given width, by script(1), and what a person sees there: a small screen that knows the
// sequences our program uses and fails on any other.
//
//     const p = onTerminal("slipway demo", { columns: 80, env });
//     await p.sees(/Build runs/); p.type("\x03"); const { code, screen } = await p.end;
"use strict";
const { spawn } = require("node:child_process");

// Text as it stands on the screen after these bytes; lines that are too long wrap.
function screenOf(bytes, columns) {
    const lines = [""];
    let row = 0, col = 0;
    const put = (c) => {
        if (col === columns) { row++; col = 0; }
        lines[row] ??= "";
        lines[row] = lines[row].padEnd(col).slice(0, col) + c + lines[row].slice(col + 1);
        col++;
    };
    for (const [token] of bytes.matchAll(/\x1b\[[0-9;?]*[A-Za-z]|[^]/gu)) {
        if (token === "\n") { row++; lines[row] ??= ""; }
        else if (token === "\r") col = 0;
        else if (/^\x1b\[\d*(;\d+)*m$/.test(token)) continue;
        else if (token === "\x1b[K") lines[row] = (lines[row] ?? "").slice(0, col);
        else if (token === "\x1b[A") row = Math.max(row - 1, 0);
        else if (token < " ") throw new Error(`an unexpected control: ${JSON.stringify(token)}`);
        else put(token);
    }
    return lines.map((l) => l.trimEnd());
}

function onTerminal(command, { columns = 80, env = process.env, cwd, term = "xterm" } = {}) {
    const child = spawn("script", ["--quiet", "--flush", "--return", "--command", `stty cols ${columns} rows 40; exec ${command}`, "/dev/null"],
        { env: { ...env, TERM: term }, cwd, stdio: ["pipe", "pipe", "inherit"] });
    let bytes = "";
    const waiting = [];
    const screen = () => screenOf(bytes, columns);
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (d) => {
        bytes += d;
        if (waiting.length === 0) return;
        const text = screen().join("\n");
        for (const w of waiting.splice(0)) if (w.pattern.test(text)) w.resolve(text); else waiting.push(w);
    });
    const end = new Promise((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code) => {
            for (const w of waiting) w.reject(new Error(`ended with ${code} and never showed ${w.pattern}:\n${screen().join("\n")}`));
            resolve({ code, bytes, screen: screen() });
        });
    });
    return {
        end,
        type: (text) => { if (child.exitCode === null) child.stdin.write(text); },
        sees: (pattern) => new Promise((resolve, reject) => {
            const text = screen().join("\n");
            if (pattern.test(text)) resolve(text); else waiting.push({ pattern, resolve, reject });
        }),
    };
}

module.exports = { onTerminal, screenOf };
