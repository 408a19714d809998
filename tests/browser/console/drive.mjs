// Drives the console in a real browser: `node tests/browser/console/drive.mjs BROWSER GIVEN`, where GIVEN is JSON:
//   {"url", "user", "password", "fresh", "keyless": lists without events, "hostile": a list of names and values that are markup,
//    "odd": conditions on its events, "crowded": a list of more than a page, "crowd": a subscriber of it with many visitors,
//    "person": a subscriber of "hostile", "bot": what a bot has done there, "secret": a key,
//    "apart": another collector, of two processes, as {"url", "user", "password", "secret", "keyless": a list, "mongod": a pid}}
// Runs every scenario and prints one line of JSON: {scenario: {…, "complaints": ["…", …]}, …}, or {"failed": "…"} of one.
import { withBrowser } from "./browser.mjs";
import * as pages from "./scenarios.mjs";
import { keys, lists } from "./keys.mjs";
import { interrupted, tabs, troubled } from "./live.mjs";
import { crowded } from "./crowd.mjs";
import { everyView } from "./views.mjs";

const SCENARIOS = { everyView, crowded, keys, lists, interrupted, tabs, troubled, ...pages.SCENARIOS };

async function run(browser, name, given) {
  const complaints = [];
  try {
    return { ...(await SCENARIOS[name](browser, given, complaints)), complaints };
  } catch (fault) {
    const open = await browser.pages();
    const shown = await open
      .at(-1)
      .evaluate(() => `${location}\n${document.body.innerText}`)
      .catch(() => "");
    return { failed: `${fault.stack}\n${complaints.join("\n")}\n--- the page:\n${shown.slice(0, 2_000)}` };
  } finally {
    for (const page of (await browser.pages()).slice(1)) await page.close().catch(() => {});
  }
}

const [name, given, only] = process.argv.slice(2);
try {
  const found = await withBrowser(name, async (browser) => {
    const results = {};
    for (const scenario of Object.keys(SCENARIOS)) {
      if (!only || only.split(",").includes(scenario))
        results[scenario] = await run(browser, scenario, { ...JSON.parse(given), browser: name });
    }
    return results;
  });
  console.log(JSON.stringify(found));
} catch (fault) {
  console.error(`drive: ${fault.stack}`);
  process.exitCode = 1;
}
