// Builds src/footfall.ts into static/footfall.js. With --check it writes nothing, and fails where the committed file is
// not what the source builds. With --module it makes dist/index.js, for bundlers, instead. Either way the output must run under a content security policy that forbids eval.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const source = fileURLToPath(new URL("src/footfall.ts", import.meta.url));
const target = fileURLToPath(new URL("../../static/footfall.js", import.meta.url));

const secrets = JSON.parse(readFileSync(new URL("../secrets.json", import.meta.url)));
/** The most the served file may have in brotli, in bytes. The aim is 2560; what delivery and privacy need beyond it goes in. */
const BUDGET = 3100;

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

const options = {
  bundle: true,
  target: "es2020",
  legalComments: "none",
  define: { SECRETS: JSON.stringify(secrets.join("|")) },
};

if (process.argv.includes("--module")) {
  const [entry, outfile] = ["src/index.ts", "dist/index.js"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  rmSync(fileURLToPath(new URL("dist", import.meta.url)), { recursive: true, force: true });
  await build({ ...options, entryPoints: [entry], format: "esm", outfile });
  process.exit();
}
const { outputFiles } = await build({ ...options, entryPoints: [source], minify: true, format: "iife", write: false });
const { code } = await minify(outputFiles[0].text, {
  ecma: 2020,
  compress: { passes: 4, unsafe_arrows: true, toplevel: true },
  mangle: { toplevel: true },
});
const output = Buffer.from(`${code}\n`);

const forbidden = /\beval\b|\bFunction\b/.exec(output.toString());
if (forbidden) fail(`static/footfall.js would contain \`${forbidden[0]}\`, which strict pages forbid`);
// The collector serves these as they are. A check unpacks them: another release of zlib may pack in other bytes.
const packed = { ".br": brotliCompressSync(output), ".gz": gzipSync(output, { level: 9 }) };
const unpacked = () => [brotliDecompressSync(readFileSync(target + ".br")), gunzipSync(readFileSync(target + ".gz"))];
const size = packed[".br"].length;
if (size > BUDGET) fail(`static/footfall.js would be ${size} bytes in brotli, over its ${BUDGET}`);
if (!process.argv.includes("--check")) {
  writeFileSync(target, output);
  for (const [suffix, bytes] of Object.entries(packed)) writeFileSync(target + suffix, bytes);
} else if (!output.equals(committed()) || !unpacked().every((bytes) => output.equals(bytes))) {
  fail("static/footfall.js is not what sdk/browser/src builds: run `npm run build` in sdk/browser and commit it");
}
console.log(
  `static/footfall.js: ${output.length} bytes, ${size} in brotli, ${packed[".gz"].length} in gzip`,
);
