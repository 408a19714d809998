// What the console's scenarios share: a browser, pages of it that note what goes wrong, and waiting on conditions.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FLAGS, PATIENCE, chromium } from "../chromium.mjs";

const require = createRequire(new URL("../../../sdk/browser/package.json", import.meta.url));
const puppeteer = require("puppeteer-core");
export const AXE = require("axe-core").source;

const VIEWPORT = { width: 1200, height: 800 };
const PLAIN = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";

const STARTS = {
  chromium: () => ({ executablePath: chromium(), args: FLAGS, pipe: true }),
  firefox: () => ({ browser: "firefox", executablePath: process.env.FIREFOX || "/usr/bin/firefox-esr" }),
};

/** Runs `work` with a browser, "chromium" or "firefox", and ends it whatever happens. */
export async function withBrowser(name, work) {
  const userDataDir = mkdtempSync(join(tmpdir(), "footfall-console-"));
  let browser;
  try {
    browser = await puppeteer.launch({ ...STARTS[name](), headless: true, userDataDir, defaultViewport: VIEWPORT, timeout: PATIENCE });
    return await work(browser);
  } finally {
    await browser?.close();
    rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Waits until `holds` gives something true, and gives it back. */
export async function until(holds, what = holds) {
  for (const end = Date.now() + PATIENCE; ;) {
    const found = await holds();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resume) => setTimeout(resume, 25));
  }
}

/**
 * A tab; `complaints` are what its console, its scripts or its content security policy held to be wrong.
 *
 * @param expected what a browser says so itself of answers that the scenario is about: 422 of a wrong entry, 401 of a
 *   wrong login or an ended session
 */
export async function tab(browser, complaints, expected = /\b422\b/) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on("pageerror", (error) => complaints.push(`page: ${error.message}`));
  page.on("dialog", (dialog) => (complaints.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("console", (message) => {
    if (message.type() === "error" && !expected.test(message.text()))
      complaints.push(`console: ${message.text()}`);
  });
  await page.evaluateOnNewDocument(() => {
    window.violations = [];
    addEventListener("securitypolicyviolation", (event) =>
      violations.push(`${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  return page;
}

/** A tab of a visitor whom nothing takes for a program. */
export async function visitor(browser) {
  const page = await tab(browser, []);
  await page.evaluateOnNewDocument(() => Object.defineProperty(Navigator.prototype, "webdriver", { get: () => false }));
  if ((await browser.userAgent()).includes("Headless")) await page.setUserAgent(PLAIN);
  return page;
}

export const text = (page, selector = "body") =>
  page.evaluate((wanted) => document.querySelector(wanted)?.innerText ?? "", selector);

/** Waits until the page, or a part of it, shows a text. */
export const shows = (page, wanted, selector = "body") =>
  until(async () => (await text(page, selector)).includes(wanted), `"${wanted}" in ${selector}`);

/** Waits for an element, of this text where one is given. */
export async function find(page, selector, wanted = "") {
  const of = async () => {
    const all = await page.$$(selector);
    for (const one of all)
      if ((await one.evaluate((element) => element.innerText || element.value || "")).includes(wanted)) return one;
  };
  return until(of, `${selector} "${wanted}"`);
}

/** Clicks it; anew where the page has just put another in its place. */
export async function press(page, selector, wanted) {
  await until(
    async () => {
      const element = await find(page, selector, wanted);
      return element.click().then(
        () => true,
        () => false,
      );
    },
    `a click on ${selector} "${wanted ?? ""}"`,
  );
}

export async function type(page, selector, wanted) {
  const field = await find(page, selector);
  await field.evaluate((element) => element.select());
  await field.type(wanted);
}

export async function logIn(page, { user, password }) {
  await type(page, "[name=user]", user);
  await type(page, "[name=password]", password);
  await press(page, "button", "Log in");
  await until(() => page.evaluate(() => !document.querySelector("[name=user]") || !!document.querySelector(".wrong").innerText));
  const [, wait] = /Please wait (\d+) seconds/.exec(await text(page)) ?? [];
  if (!wait) return;
  await new Promise((resume) => setTimeout(resume, (Number(wait) + 1) * 1_000));
  await logIn(page, { user, password });
}

/** Logs in where that is wanted. */
export async function enter(page, given) {
  await until(() => page.$("[name=user], header.top"));
  if (await page.$("[name=user]")) await logIn(page, given);
}

/** The login, whoever is logged in. */
export async function logOut(page) {
  await until(() => page.$("[name=user], header.top"));
  if (await page.$("header.top")) await press(page, "button", "Log out");
  await find(page, "[name=user]");
}

/** Whether nothing is under way in the view any more. */
export const rest = (page) =>
  until(
    () =>
      page.evaluate(
        () =>
          !!document.querySelector("main h1, main .empty") && !document.querySelector(".skeleton, [aria-busy=true]"),
      ),
    "the view to rest",
  );

/** Opens an address of the console, and waits for its view. */
export async function open(page, url) {
  await page.goto(url, { waitUntil: "load" });
  await rest(page);
}
