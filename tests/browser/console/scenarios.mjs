// What people do with the console, step by step.
import { createServer } from "node:http";
import { enter, find, logIn, logOut, open, press, rest, shows, tab, text, type, until, visitor } from "./browser.mjs";

const at = (url, view, list, more = "") => `${url}/console/${view}?list=${list}${more}`;
const address = (page) => page.evaluate(() => location.pathname + location.search);

/** A site of somebody's own, with what was pasted into it. */
async function withSite(work) {
  let pasted = "";
  const server = createServer((_request, answer) => {
    answer.writeHead(200, { "Content-Type": "text/html" });
    answer.end(`<!doctype html><html lang=en><title>My first page</title>${pasted}<h1>Hello</h1>`);
  });
  await new Promise((up) => server.listen(0, "127.0.0.1", up));
  try {
    return await work(`http://127.0.0.1:${server.address().port}`, (line) => {
      pasted = line;
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** From the login to the pasted tag, the event on the chart, and the visitor's history. */
function way(browser, given, complaints) {
  return withSite(async (site, paste) => {
    const page = await tab(browser, complaints, /\b401\b/);
    await page.goto(`${given.url}/console`);
    await logOut(page);
    await logIn(page, { ...given, password: "wrong" });
    await shows(page, "do not match");
    await logIn(page, given);
    const tag = await tagFor(page, given, site);
    paste(tag);
    const visit = await visitor(browser); // what is refused there is said there too
    const began = Date.now();
    await visit.goto(`${site}/welcome`);
    await until(() => page.$(".first.come"));
    const turned = Date.now() - began;
    const first = await text(page, ".first");
    await page.bringToFront();
    await press(page, "nav a", "Live");
    await shows(page, "Listening");
    await doThings(visit);
    const found = {
      tag,
      turned,
      first,
      live: await liveOf(page),
      ...(await exploredOf(page)),
      person: await personOf(page),
      history: await madeFile(page, ".timeline button", "CSV"),
    };
    return { ...found, violations: await page.evaluate(() => violations) };
  });
}

/** The tag that Set up makes for a site, while it waits for the first event. */
async function tagFor(page, given, site) {
  await page.goto(at(given.url, "setup", given.fresh));
  await shows(page, "Waiting for the first event");
  await type(page, "form[aria-label='Make a public key'] [name=origins]", site);
  await press(page, "button", "Make the tag");
  await shows(page, "shown this once");
  return text(page, "[aria-label='the tag'] code");
}

const doThings = (visit) =>
  visit.evaluate(async () => {
    await footfall.track("add_to_basket", { product: "boots", price: 129 });
    await footfall.track("tried", { isTest: true });
    await footfall.conversion();
    await footfall.identify("newcomer@example.com", { plan: "gold" });
  });

async function liveOf(page) {
  for (const outcome of ["stored", "test", "refused"]) await find(page, `[data-outcome=${outcome}]`);
  return page.$$eval(".arrival", (rows) => rows.map((row) => [row.dataset.outcome, row.innerText]));
}

async function exploredOf(page) {
  await press(page, "nav a", "Explore");
  await shows(page, "add_to_basket");
  await press(page, "th a", "page_view");
  await until(async () => Number(await text(page, ".legend strong")) >= 1, "the event on the chart");
  await press(page, "summary", "As a table");
  const total = await text(page, ".legend strong");
  await press(page, ".tabs a", "Properties");
  await press(page, "th a", "$page_title");
  await shows(page, "My first page", ".bars");
  return { total, values: await text(page, ".bars") };
}

async function personOf(page) {
  await press(page, "nav[aria-label=Views] a", "People");
  await type(page, "[type=search]", "newco");
  await press(page, "th a", "newcomer@example.com");
  await shows(page, "add_to_basket", ".timeline");
  await rest(page);
  return text(page, "main");
}

/** An address with filters on odd names, opened without a session; and the session ends while the page is open. */
async function session(browser, given, complaints) {
  const page = await tab(browser, complaints, /\b401\b/);
  const filter = new URLSearchParams({ filter: given.odd });
  const view = at(given.url, "explore", given.hostile, `&show=list&range=7d&${filter}`);
  await page.goto(view);
  await logOut(page);
  await page.goto(view);
  await logIn(page, given);
  await rest(page);
  const before = await address(page);
  await press(page, ".arrival .line");
  await find(page, ".details");
  const texts = (selector) => page.$$eval(selector, (all) => all.map((one) => one.innerText));
  const shown = { given: view.slice(given.url.length), chips: await texts(".chip"), found: await texts(".arrival") };
  await endSession(page);
  await press(page, ".tabs a", "Over time");
  await find(page, "[name=user]");
  const ended = { address: await address(page), text: await text(page) };
  await logIn(page, given);
  await until(() => page.$(".chart canvas, .empty"));
  const after = await address(page);
  await press(page, ".tabs a", "One by one");
  await find(page, "a[download]");
  await endSession(page);
  await press(page, "a[download]");
  await find(page, "[name=user]");
  return { ...shown, before, ended, after, refused: await text(page) };
}

/** Elsewhere, in another tab, somebody logs out. */
const endSession = (page) =>
  page.evaluate(() =>
    fetch("/console/logout", {
      method: "POST",
      headers: { "X-Footfall-Console": "1", "Content-Type": "application/json" },
      body: "{}",
    }),
  );

/** What is chosen is in the address: it can be shared, and back and forward go through it. */
async function shared(browser, given, complaints) {
  const page = await tab(browser, complaints);
  await page.goto(at(given.url, "explore", given.hostile));
  await enter(page, given);
  await press(page, "th a", "page_view");
  await until(() => page.$(".chart canvas"));
  await page.select(".tools select", "7d");
  await press(page, ".tabs a", "Properties");
  await press(page, "th a", "$page_title");
  await find(page, ".bar");
  await press(page, ".bar");
  await find(page, ".chip");
  const found = { address: await address(page), chip: await text(page, ".chip") };
  const other = await tab(browser, complaints);
  await open(other, given.url + found.address);
  found.opened = {
    chip: await text(other, ".chip"),
    range: await other.$eval(".tools select", (one) => one.value),
    values: !!(await other.$(".bar")),
  };
  await other.goBack().catch(() => {});
  await page.bringToFront();
  const steps = [];
  for (const step of ["goBack", "goBack", "goForward"]) {
    const left = await address(page);
    await page.evaluate((name) => history[name === "goBack" ? "back" : "forward"](), step);
    await until(async () => (await address(page)) !== left, `${step} from ${left}`);
    await rest(page);
    steps.push(await address(page));
  }
  return { ...found, steps };
}

const focused = (page) =>
  page.evaluate(() => ({
    text: document.activeElement.innerText || document.activeElement.name || document.activeElement.ariaLabel || "",
    tag: document.activeElement.localName,
  }));

/** Goes on by the tab key until what has the focus fits. */
async function tabTo(page, fits) {
  for (let steps = 0; steps < 60; steps++) {
    await page.keyboard.press("Tab");
    const now = await focused(page);
    if (fits(now)) return steps;
  }
  throw new Error("not to be reached by the tab key");
}

/** Without a mouse. */
async function keyboard(browser, given, complaints) {
  const page = await tab(browser, complaints);
  await page.goto(at(given.url, "explore", given.hostile));
  await logOut(page);
  await page.goto(at(given.url, "explore", given.hostile));
  await until(() => page.evaluate(() => document.activeElement.name === "user"));
  await page.keyboard.type(given.user);
  await page.keyboard.press("Tab");
  await page.keyboard.type(given.password);
  await page.keyboard.press("Enter");
  await until(() => page.$("header.top"));
  await rest(page);
  await page.keyboard.press("Tab");
  const skip = await focused(page);
  const seen = await page.evaluate(() => document.activeElement.getBoundingClientRect().top >= 0);
  await page.keyboard.press("Enter");
  const skipped = await until(() => page.evaluate(() => document.activeElement.id), "the view to have the focus");
  await tabTo(page, ({ text, tag }) => tag === "a" && text === "page_view");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  await page.keyboard.press("Enter");
  await until(() => page.$(".chart canvas"));
  await tabTo(page, ({ text, tag }) => tag === "button" && text === "Filter");
  await page.keyboard.press("Enter");
  await find(page, "form.adding");
  await tabTo(page, ({ tag }) => tag === "select");
  await page.keyboard.press("Escape");
  await until(async () => !(await page.$("form.adding")));
  const left = await until(async () => [await focused(page)].find(({ tag }) => tag === "button"), "a button's focus");
  return { skip: skip.text, seen, skipped, outline, left };
}

/** Tables as files: what the page makes itself, and what it has the collector send. */
async function files(browser, given, complaints) {
  const page = await tab(browser, complaints);
  await page.goto(at(given.url, "explore", given.hostile));
  await enter(page, given);
  await rest(page);
  const table = await madeFile(page, "main button", "CSV");
  await press(page, ".tabs a", "One by one");
  await find(page, "a[download]");
  const events = await page.evaluate(async () => {
    const answer = await fetch(document.querySelector("a[download]").href);
    return {
      status: answer.status,
      type: answer.headers.get("Content-Type"),
      rows: (await answer.text()).trim().split("\n").length,
    };
  });
  return { table, events };
}

/** The file that a button has the browser keep. */
async function madeFile(page, selector, label) {
  await page.evaluate(() => {
    HTMLAnchorElement.prototype.click = () => {};
    URL.createObjectURL = (blob) => (
      blob.arrayBuffer().then((bytes) => {
        window.file = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      }),
      "#"
    );
  });
  await press(page, selector, label);
  return until(() => page.evaluate(() => window.file));
}

/** Events of bots are left out, until they are asked for. */
async function bots(browser, given, complaints) {
  const page = await tab(browser, complaints);
  await page.goto(at(given.url, "explore", given.hostile, `&event=${given.bot}`));
  await enter(page, given);
  await shows(page, "Nothing in this range");
  await press(page, ".switch input");
  await until(() => page.$(".chart canvas"));
  const counted = await text(page, ".legend strong");
  return { counted, address: await address(page) };
}

/** How soon there is something to see. */
async function paint(browser, given, complaints) {
  const page = await tab(browser, complaints);
  await page.goto(at(given.url, "explore", given.hostile));
  await enter(page, given);
  await open(page, at(given.url, "explore", given.hostile));
  const paints = () => page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  return { first: await until(paints) };
}

export const SCENARIOS = { way, session, shared, keyboard, files, bots, paint };
