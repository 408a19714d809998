// Builds src/footfall.ts into static/footfall.js. With --check it writes nothing, and fails where the committed file is
// not what the source builds. Either way the output must run under a content security policy that forbids eval.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const source = fileURLToPath(new URL("src/footfall.ts", import.meta.url));
const target = fileURLToPath(new URL("../../static/footfall.js", import.meta.url));

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

const { outputFiles } = await build({
  entryPoints: [source],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2018",
  legalComments: "none",
  write: false,
});
const output = Buffer.from(outputFiles[0].contents);

const forbidden = /\beval\b|\bFunction\b/.exec(output.toString());
if (forbidden) fail(`static/footfall.js would contain \`${forbidden[0]}\`, which strict pages forbid`);
if (!process.argv.includes("--check")) {
  writeFileSync(target, output);
} else if (!output.equals(committed())) {
  fail("static/footfall.js is not what sdk/browser/src builds: run `npm run build` in sdk/browser and commit it");
}
console.log(
  `static/footfall.js: ${output.length} bytes, ${brotliCompressSync(output).length} in brotli, ${gzipSync(output).length} in gzip`,
);
