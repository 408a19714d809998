// Builds src/footfall.ts into static/footfall.js. With --check it writes nothing, and fails where the committed file is
// not what the source builds. With --module it makes dist/, for bundlers, instead. Either way the output must run
// under a content security policy that forbids eval.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { constants, brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const source = path("src/footfall.ts");
const target = path("../../static/footfall.js");

const secrets = JSON.parse(readFileSync(path("../secrets.json")));
/** The most the served file may have in brotli, in bytes. The aim is 2560; what delivery and privacy need beyond it goes in. */
const BUDGET = 2585;

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

const isModule = process.argv.includes("--module");

/** Puts the names of secrets into the expression that looks for them. */
const withSecrets = {
  name: "secrets",
  setup({ onLoad }) {
    onLoad({ filter: /src.address\.ts$/ }, ({ path: file }) => ({
      contents: readFileSync(file, "utf8").replace("(SECRETS)", `(${secrets.join("|")})`),
      loader: "ts",
    }));
  },
};
const options = {
  bundle: true,
  target: "es2021",
  charset: "utf8",
  legalComments: "none",
  format: "esm",
  define: { MODULE: String(isModule) },
  plugins: [withSecrets],
};

if (isModule) {
  const outdir = path("dist");
  rmSync(outdir, { recursive: true, force: true });
  // The parts are files of their own, so that a bundler can load them on demand.
  const entryPoints = ["index", "auto", "check"].map((name) => path(`src/${name}.ts`));
  const define = { ...options.define, SECRETS: JSON.stringify(secrets.join("|")) };
  await build({ ...options, define, entryPoints, splitting: true, outdir });
  process.exit();
}
/** Short names, the letters that occur most first: what looks like the rest of the text packs better. */
const LETTERS = "etonrialsdcufhmpgvykwbESTAOIRNLCDxjqzM$_PUBFHGVWYKXJQZ";
const nameOf = (n) => (n < 54 ? LETTERS[n] : LETTERS[n % 54] + nameOf(Math.floor(n / 54) - 1));
const { outputFiles } = await build({ ...options, entryPoints: [source], minify: true, write: false });
const { code } = await minify(outputFiles[0].text, {
  ecma: 2020,
  compress: { passes: 4, toplevel: true, unsafe: true, unsafe_arrows: true, pure_getters: true },
  mangle: { toplevel: true, nth_identifier: { get: nameOf } },
});
// In a block, what `let` names is nobody else's, as in a function, which takes more bytes.
const output = Buffer.from(`{${code.replaceAll("var ", "let ").replace(/;$/, "")}}`);

const forbidden = /\beval\b|\bFunction\b/.exec(output.toString());
if (forbidden) fail(`static/footfall.js would contain \`${forbidden[0]}\`, which strict pages forbid`);
// The collector serves these as they are. A check unpacks them: another release of zlib may pack in other bytes.
const packed = { ".br": brotliCompressSync(output, { params: { [constants.BROTLI_PARAM_LGWIN]: 16 } }), ".gz": gzipSync(output, { level: 9 }) };
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
