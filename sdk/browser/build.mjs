// Builds src/footfall.ts into static/footfall.js. With --check it writes nothing, and fails where the committed file is
// not what the source builds. With --module it makes dist/, for bundlers, instead. Either way the output must run
// under a content security policy that forbids eval.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { bundled, LETTERS, named, options, packed, path, secrets } from "./served.mjs";

const target = path("../../static/footfall.js");

/** The most the served file may have in brotli, in bytes. */
const BUDGET = 2560;

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

function committed() {
  try {
    return readFileSync(target);
  } catch {
    return fail("static/footfall.js is missing: run `npm run build` in sdk/browser and commit it");
  }
}

if (process.argv.includes("--module")) {
  const outdir = path("dist");
  rmSync(outdir, { recursive: true, force: true });
  // The parts are files of their own, so that a bundler can load them on demand.
  const entryPoints = ["index", "auto", "check"].map((name) => path(`src/${name}.ts`));
  const define = { MODULE: "true", SECRETS: JSON.stringify(secrets.join("|")) };
  await build({ ...options, define, entryPoints, splitting: true, outdir });
  process.exit();
}
const output = Buffer.from((await named(await bundled(), LETTERS)).code);

const forbidden = /\beval\b|\bFunction\b/.exec(output.toString());
if (forbidden) fail(`static/footfall.js would contain \`${forbidden[0]}\`, which strict pages forbid`);
// The collector serves these as they are. A check unpacks them: another release of zlib may pack in other bytes.
const files = { ".br": packed(output), ".gz": gzipSync(output, { level: 9 }) };
const unpacked = () => [brotliDecompressSync(readFileSync(target + ".br")), gunzipSync(readFileSync(target + ".gz"))];
const size = files[".br"].length;
if (size > BUDGET) {
  fail(`static/footfall.js would be ${size} bytes in brotli, over its ${BUDGET}: \`npm run names\` looks for names that pack better`);
}
if (!process.argv.includes("--check")) {
  writeFileSync(target, output);
  for (const [suffix, bytes] of Object.entries(files)) writeFileSync(target + suffix, bytes);
} else if (!output.equals(committed()) || !unpacked().every((bytes) => output.equals(bytes))) {
  fail("static/footfall.js is not what sdk/browser/src builds: run `npm run build` in sdk/browser and commit it");
}
console.log(
  `static/footfall.js: ${output.length} bytes, ${size} in brotli, ${files[".gz"].length} in gzip`,
);
