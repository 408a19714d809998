// Drives the demo page in headless Chromium: `node tests/browser/drive.mjs URL`. Opens the page, waits for the answer to its
// page view, presses its buttons for an event and for a test event, and prints one line of JSON:
//   {"title", "requests": [{"method", "path", "status", "type", "sent", "answer"}, …], "verdicts": ["…", …], "complaints": ["…", …]}
// `requests` are those to /api in the order of their sending, `verdicts` what the page shows of them, and `complaints` what
// the console or the page held to be wrong. Exits 1 with one line where the page does not get that far.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FLAGS, PATIENCE, chromium } from "./chromium.mjs";

const require = createRequire(new URL("../../sdk/browser/package.json", import.meta.url));
const puppeteer = require("puppeteer-core");

/** Notes every request to /api as it leaves, and fills in its status and answer when they come: `coming` is what does. */
function watch(page, requests, complaints) {
  const noted = new Map();
  const coming = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (!pathname.startsWith("/api")) return;
    const type = request.headers()["content-type"];
    const note = { method: request.method(), path: pathname, status: null, type, sent: null, answer: null };
    requests.push(note);
    noted.set(request, note);
    coming.push(request.fetchPostData().then((body) => { note.sent = JSON.parse(body); }, () => {}));
  });
  page.on("response", (response) => {
    const note = noted.get(response.request());
    if (!note) return;
    note.status = response.status();
    coming.push(response.json().then((body) => { note.answer = body; }, () => {}));
  });
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}: ${request.failure()?.errorText}`));
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`page: ${error.message}`));
  return coming;
}

/** Waits until the page shows verdicts on `count` events. */
function verdicts(page, count) {
  return page.waitForFunction(
    (wanted) => document.querySelectorAll("#log [data-verdict]").length >= wanted,
    { timeout: PATIENCE, polling: 50 },
    count,
  );
}

async function visit(browser, address) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  const requests = [];
  const complaints = [];
  const coming = watch(page, requests, complaints);
  await page.goto(address, { waitUntil: "load", timeout: PATIENCE });
  await verdicts(page, 1);
  await page.click("#add-to-basket");
  await verdicts(page, 2);
  await page.click("#send-test");
  await verdicts(page, 3);
  // What is still under way between the browser and this driver comes in.
  await page.waitForNetworkIdle({ idleTime: 250, timeout: PATIENCE });
  await Promise.all(coming);
  const shown = await page.$$eval("#log details", (entries) => entries.map((entry) => entry.dataset.verdict));
  return { title: await page.title(), requests, verdicts: shown.reverse(), complaints };
}

async function main(address) {
  const userDataDir = mkdtempSync(join(tmpdir(), "footfall-browser-"));
  let browser;
  try {
    browser = await puppeteer.launch({ executablePath: chromium(), args: FLAGS, userDataDir, pipe: true, timeout: PATIENCE });
    console.log(JSON.stringify(await visit(browser, address)));
  } finally {
    await browser?.close();
    rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

try {
  await main(process.argv[2]);
} catch (fault) {
  console.error(`drive: ${fault.message}`);
  process.exitCode = 1;
}
