// Drives the browser SDK: `node tests/browser/sdk.mjs BROWSER GROUP COLLECTOR KEYS [SCENARIO,…]`. Runs the scenarios of
// scenarios/GROUP.mjs, five at a time, and prints one line of JSON: {scenario: {…, "site", "requests", "complaints", "said"}, …}.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch } from "./pages.mjs";
import { World } from "./world.mjs";

const [browserName, group, collector, keys, only] = process.argv.slice(2);
const AT_ONCE = 5;

async function play(browser, run) {
  const world = await new World(await browser.createBrowserContext(), collector, JSON.parse(keys)).open();
  let found;
  try {
    found = await run(world, browserName);
  } catch (error) {
    found = { failed: error.stack };
  }
  const { site, requests, complaints, said } = world;
  await world.close();
  return { ...found, site, requests, complaints, said };
}

async function main() {
  const { scenarios } = await import(`./scenarios/${group}.mjs`);
  const waiting = Object.entries(scenarios).filter(([name]) => !only || only.split(",").includes(name));
  const userDataDir = mkdtempSync(join(tmpdir(), "footfall-sdk-"));
  const browser = await launch(browserName, userDataDir, true);
  const results = {};
  const player = async () => {
    for (let next; (next = waiting.shift()); ) results[next[0]] = await play(browser, next[1]);
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, player));
    console.log(JSON.stringify(results));
  } finally {
    await browser.close();
    rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

try {
  await main();
} catch (error) {
  console.error(`sdk: ${error.stack}`);
  process.exitCode = 1;
}
