// Builds what the SDK loads on demand, src/auto.ts and src/check.ts, into static/footfall-auto.js and static/footfall-check.js:
// ES modules, with their brotli and gzip beside them. With --check it writes nothing, and fails where a committed file is not
// what its source builds. Then it writes the sizes of all that is served into README.md; with --check it fails where others
// stand there.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const PARTS = ["auto", "check"];
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const secrets = JSON.parse(readFileSync(path("../secrets.json")));
const options = {
  bundle: true,
  format: "esm",
  target: "es2020",
  charset: "utf8",
  legalComments: "none",
  define: { SECRETS: JSON.stringify(secrets.join("|")) },
};

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

async function built(name) {
  const { outputFiles } = await build({ ...options, entryPoints: [path(`src/${name}.ts`)], minify: true, write: false });
  const { code } = await minify(outputFiles[0].text, {
    ecma: 2020,
    module: true,
    compress: { passes: 3, unsafe_arrows: true },
  });
  return Buffer.from(`${code}\n`);
}

function isCommitted(target, output) {
  try {
    const unpacked = [brotliDecompressSync(readFileSync(`${target}.br`)), gunzipSync(readFileSync(`${target}.gz`))];
    return [readFileSync(target), ...unpacked].every((bytes) => output.equals(bytes));
  } catch {
    return false;
  }
}

for (const name of PARTS) {
  const target = path(`../../static/footfall-${name}.js`);
  const output = await built(name);
  const forbidden = /\beval\b|\bFunction\b/.exec(output.toString());
  if (forbidden) fail(`footfall-${name}.js would contain \`${forbidden[0]}\`, which strict pages forbid`);
  const packed = { "": output, ".br": brotliCompressSync(output), ".gz": gzipSync(output, { level: 9 }) };
  if (!process.argv.includes("--check")) {
    for (const [suffix, bytes] of Object.entries(packed)) writeFileSync(target + suffix, bytes);
  } else if (!isCommitted(target, output)) {
    fail(`static/footfall-${name}.js is not what sdk/browser/src builds: run \`npm run build\` in sdk/browser and commit it`);
  }
  console.log(`static/footfall-${name}.js: ${output.length} bytes, ${packed[".br"].length} in brotli, ${packed[".gz"].length} in gzip`);
}

const readme = path("README.md");
const before = readFileSync(readme, "utf8");
let after = before;
for (const name of ["footfall", ...PARTS.map((part) => `footfall-${part}`)]) {
  const sizes = ["", ".gz", ".br"].map((suffix) => readFileSync(path(`../../static/${name}.js${suffix}`)).length);
  const row = `| \`${name}.js\` | as served | ${sizes.map((size) => size.toLocaleString("en")).join(" | ")} |`;
  after = after.replace(new RegExp(`^\\| \`${name}\\.js\` \\| as served .*$`, "m"), () => row);
}
if (after != before && process.argv.includes("--check")) fail("README.md has other sizes: run `npm run build` in sdk/browser and commit it");
if (after != before) writeFileSync(readme, after);
