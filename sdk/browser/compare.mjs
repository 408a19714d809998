// Measures the sizes in README.md: ours as it is served, others' as their npm packages publish them, or bundled and minified
// here where they publish no file for pages. `npm run compare`, by hand: it installs them into a directory that is removed.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const STATIC = fileURLToPath(new URL("../../static/", import.meta.url));
const OURS = ["footfall.js", "footfall-auto.js", "footfall-check.js"];
/** [name, package, version, the file that it publishes for pages, or what is bundled]. */
const OTHERS = [
  ["plausible-tracker", "plausible-tracker", "0.3.9", { bundle: `import p from "plausible-tracker"; window.plausible = p;` }],
  ["Plausible, all features", "@plausible-analytics/tracker", "0.4.6", { bundle: `import * as p from "@plausible-analytics/tracker"; window.plausible = p;` }],
  ["Ackee", "ackee-tracker", "5.1.3", { file: "dist/ackee-tracker.min.js" }],
  ["posthog-js-lite", "posthog-js-lite", "4.12.1", { bundle: `import { PostHog } from "posthog-js-lite"; window.PostHog = PostHog;` }],
  ["Segment", "@segment/analytics-next", "1.84.3", { file: "dist/umd/standalone.js" }],
  ["PostHog", "posthog-js", "1.449.2", { file: "dist/array.js" }],
];

function sizes(bytes) {
  return [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length];
}

async function bundled(directory, contents) {
  const stdin = { contents, resolveDir: directory };
  const { outputFiles } = await build({ stdin, bundle: true, minify: true, format: "iife", target: "es2020", legalComments: "none", write: false });
  return Buffer.from(outputFiles[0].contents);
}

const directory = mkdtempSync(join(tmpdir(), "footfall-compare-"));
try {
  writeFileSync(join(directory, "package.json"), "{}");
  const packages = OTHERS.map(([, name, version]) => `${name}@${version}`);
  execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", ...packages], { cwd: directory, stdio: "inherit" });
  const served = (file) => ["", ".gz", ".br"].map((suffix) => readFileSync(STATIC + file + suffix).length);
  const rows = OURS.map((file) => [`static/${file}`, "as served", ...served(file)]);
  for (const [title, name, version, { file, bundle }] of OTHERS) {
    const bytes = file ? readFileSync(join(directory, "node_modules", name, file)) : await bundled(directory, bundle);
    rows.push([`${title} ${version}`, file ? "as published" : "bundled here", ...sizes(bytes)]);
  }
  for (const row of rows) console.log(row.map((cell) => (typeof cell == "number" ? cell.toLocaleString("en") : cell)).join(" | "));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
