// What the drivers of the parts that the SDK loads on demand share: pages of an origin of their own, and a browser.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FLAGS, PATIENCE, chromium } from "./chromium.mjs";

const require = createRequire(new URL("../../sdk/browser/package.json", import.meta.url));
const puppeteer = require("puppeteer-core");

function firefox() {
  if (process.env.FIREFOX) return process.env.FIREFOX;
  for (const name of ["firefox-esr", "firefox"]) {
    try {
      return execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
    } catch {
      // The next name, then.
    }
  }
  throw new Error("no Firefox found: install the package firefox-esr, or name one in FIREFOX");
}

/** Names of this machine that are not its loopback's: pages there are no secure ones. */
const DOMAINS = ["www.shop.test", "blog.shop.test"];

export function launch(name, userDataDir, scripts) {
  const acceptInsecureCerts = true; // those of `World.secured`
  if (name == "firefox") {
    const extraPrefsFirefox = { "javascript.enabled": scripts, "network.dns.localDomains": DOMAINS.join(",") };
    return puppeteer.launch({ browser: "firefox", executablePath: firefox(), headless: true, userDataDir, extraPrefsFirefox, acceptInsecureCerts, timeout: PATIENCE });
  }
  const resolving = `--host-resolver-rules=${DOMAINS.map((name) => `MAP ${name} 127.0.0.1`).join(",")}`;
  const args = scripts ? [...FLAGS, resolving] : [...FLAGS, "--blink-settings=scriptEnabled=false"];
  return puppeteer.launch({ executablePath: chromium(), args, userDataDir, pipe: true, acceptInsecureCerts, timeout: PATIENCE });
}

/**
 * Serves what `answer(url)` gives, {type, body, headers}, prints what `work(browser, site)` gives as one line of JSON, and
 * ends both once standard input has ended. `scripts: false` is a browser that runs none.
 */
export async function visit(name, answer, work, { scripts = true } = {}) {
  const server = createServer((incoming, outgoing) => {
    const { type = "text/html; charset=utf-8", body, headers = {} } = answer(new URL(incoming.url, "http://page"));
    outgoing.writeHead(200, { "Content-Type": type, ...headers });
    outgoing.end(body);
  });
  const userDataDir = mkdtempSync(join(tmpdir(), "footfall-pages-"));
  let browser;
  try {
    const site = await new Promise((up) => server.listen(0, "127.0.0.1", () => up(`http://127.0.0.1:${server.address().port}`)));
    browser = await launch(name, userDataDir, scripts);
    console.log(JSON.stringify(await work(browser, site)));
    await new Promise((end) => process.stdin.on("end", end).resume());
  } catch (error) {
    console.error(`${name}: ${error.stack}`);
    process.exitCode = 1;
  } finally {
    await browser?.close();
    server.close();
    server.closeAllConnections();
    rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A page in a session of its own, and what its console and scripts complained of. */
export async function open(browser) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() == "error" && complaints.push(message.text()));
  return { context, page, complaints };
}
