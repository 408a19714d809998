// Keys and lists, as they are made, changed and ended; and a line to the collector that breaks.
import { connect, createServer } from "node:net";
import { enter, find, open, press, shows, tab, text, type, until } from "./browser.mjs";

const setUp = (url, list) => `${url}/console/setup?list=${list}`;
const rows = (page) => page.$$eval(".key", (all) => all.map((one) => one.innerText));

/** A secret key, shown once; a public one, its origins changed, revoked. */
export async function keys(browser, given, complaints) {
  const page = await tab(browser, complaints);
  await page.goto(setUp(given.url, given.keyless));
  await enter(page, given);
  await shows(page, "for servers");
  const before = (await rows(page)).length;
  await press(page, "button", "Make a key for the app");
  await shows(page, "shown this once");
  const line = await text(page, "[aria-label='the curl line']");
  const secret = /sk_\w+/.exec(line)[0];
  const copied = { line, pasted: await pasted(page, "Copy the curl line") };
  await type(page, "[name=origins]", "not an origin");
  await press(page, "button", "Make the tag");
  await shows(page, "Invalid Origins parameter");
  await type(page, "[name=origins]", "https://one.example.com");
  await press(page, "button", "Make the tag");
  await until(async () => (await rows(page)).length === before + 2);

  await press(page, ".key button", "Edit its pages");
  await until(() => page.evaluate(() => !!document.activeElement.closest("form[aria-label='Edit its pages']")));
  await page.keyboard.press("Escape");
  await until(async () => !(await page.$("form[aria-label='Edit its pages']")));
  await press(page, ".key button", "Edit its pages");
  await type(
    page,
    "form[aria-label='Edit its pages'] [name=origins]",
    "https://two.example.com, https://*.example.org",
  );
  await press(page, "form[aria-label='Edit its pages'] button", "Save");
  await shows(page, "https://*.example.org", ".keys");
  await page.reload();
  await shows(page, "https://*.example.org", ".keys");
  const shown = { secret, again: (await text(page)).includes(secret), keys: await rows(page) };

  const last = await page.$$eval(".key", (all) => all.findIndex((one) => one.innerText.includes("for pages")));
  await press(page, `.key:nth-child(${last + 1}) button`, "Revoke");
  await press(page, "form[aria-label='Revoke the key'] button", "Revoke it");
  await until(async () => (await rows(page)).length === shown.keys.length - 1);
  return { ...shown, copied, left: await rows(page), unlisted: await unlisted(page, given) };
}

/** What a copy button has put on the clipboard. */
async function pasted(page, label) {
  await press(page, `button[aria-label='${label}']`);
  await shows(page, "Copied");
  const field = await find(page, "[name=origins]");
  await field.evaluate((element) => ((element.value = ""), element.focus()));
  await page.keyboard.down("Control");
  await page.keyboard.press("v");
  await page.keyboard.up("Control");
  return until(() => field.evaluate((element) => element.value), "what was copied");
}

/** A key for servers that is of no list, and the first event with it. */
async function unlisted(page, given) {
  await press(page, "main a", "a key without a list");
  await shows(page, "each event names its own, or none");
  const tags = await page.$$eval("[aria-label='the tag']", (all) => all.length);
  await press(page, "button", "Make a key for the app");
  await shows(page, "shown this once");
  const line = await text(page, "[aria-label='the curl line']");
  const key = /sk_\w+/.exec(line)[0];
  await shows(page, key.slice(0, 11), ".keys");
  await track({ ...given, secret: key, keyless: undefined }, `of no list, by ${given.browser}`);
  await find(page, ".first.come", `of no list, by ${given.browser}`);
  return { line, tags };
}

/** A list is made, and looked at; its name and zone are changed. */
export async function lists(browser, given, complaints) {
  const page = await tab(browser, complaints);
  await page.goto(setUp(given.url, given.keyless));
  await enter(page, given);
  await press(page, "summary", "Make another list");
  await type(page, "form[aria-label='Make a list'] [name=name]", "<i>News</i>");
  await type(page, "form[aria-label='Make a list'] [name=zone]", "Nowhere/Atlantis");
  await press(page, "button", "Make the list");
  await shows(page, "Invalid TimeZone parameter");
  await type(page, "form[aria-label='Make a list'] [name=zone]", "Asia/Kolkata");
  await press(page, "button", "Make the list");
  await shows(page, "Set up <i>News</i>", "h1");
  const made = await page.evaluate(() => location.search);
  await press(page, "summary", "Name and time zone");
  await type(page, "form[aria-label='Change the list'] [name=name]", "Letters");
  await press(page, "form[aria-label='Change the list'] button", "Save");
  await shows(page, "Set up Letters", "h1");
  await open(page, `${given.url}/console/explore${made}`);
  return {
    made,
    chosen: await page.$eval(".lists select", (one) => one.selectedOptions[0].innerText),
    text: await text(page, "main"),
  };
}

/** Stands between the page and the collector, and can be cut. */
async function withLine(url, work) {
  const { hostname, port } = new URL(url);
  const ends = new Set();
  let cut = false;
  const server = createServer((near) => {
    if (cut) return near.destroy();
    const far = connect(Number(port), hostname);
    for (const end of [near, far])
      (ends.add(end),
        end.on("error", () => {}),
        end.on("close", () => (ends.delete(end), near.destroy(), far.destroy())));
    near.pipe(far).pipe(near);
  });
  await new Promise((up) => server.listen(0, "127.0.0.1", up));
  try {
    return await work(
      `http://127.0.0.1:${server.address().port}`,
      (now) => ((cut = now), cut && ends.forEach((end) => end.destroy())),
    );
  } finally {
    for (const end of ends) end.destroy();
    server.close();
  }
}

const count = (page, name) =>
  page.$$eval(".arrival", (all, wanted) => all.filter((one) => one.innerText.includes(wanted)).length, name);

/** Sends an event as an app does, past the line. */
const track = (given, Event) =>
  fetch(`${given.url}/api/v1/event`, {
    method: "POST",
    headers: { Authorization: `Bearer ${given.secret}`, "Content-Type": "application/json" },
    body: JSON.stringify({ Event, ListID: given.keyless }),
  });

/** Live goes on by itself when the line comes back, shows what came meanwhile, and nothing twice. */
export function interrupted(browser, given, complaints) {
  return withLine(given.url, async (url, cut) => {
    const page = await tab(browser, []); // its console tells of each try
    await page.goto(`${url}/console/arrivals?list=${given.keyless}`);
    await enter(page, given);
    await shows(page, "Listening");
    await track(given, "before");
    await until(() => count(page, "before"));
    cut(true);
    await shows(page, "Interrupted");
    await track(given, "meanwhile");
    cut(false);
    await until(() => count(page, "meanwhile"));
    await shows(page, "Listening");
    const found = { paused: await paused(page, given), filtered: await filtered(page) };
    await unanswered(page, cut);
    complaints.push(...(await page.evaluate(() => violations)));
    return found;
  });
}

/** How many of what came while it was paused are shown before it goes on, and how many of all after. */
async function paused(page, given) {
  await press(page, "button", "Pause");
  await track(given, "after");
  await shows(page, "1 event waiting");
  const meanwhile = await count(page, "after");
  await press(page, "button", "Go on");
  await until(() => count(page, "after"));
  const all = {};
  for (const name of ["before", "meanwhile", "after"]) all[name] = await count(page, name);
  return { meanwhile, all };
}

async function filtered(page) {
  await type(page, "[type=search]", "MEANWHILE");
  await until(async () => !(await count(page, "before")));
  return count(page, "meanwhile");
}

/** A question that is not answered says so, and can be asked again. */
async function unanswered(page, cut) {
  await press(page, "nav a", "Explore");
  await find(page, "th a", "before");
  cut(true);
  await press(page, ".tabs a", "Over time");
  await shows(page, "does not answer");
  cut(false);
  await press(page, "button", "Try again");
  await until(() => page.$(".chart canvas"));
}
