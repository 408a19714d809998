// Keys and lists, as they are made, changed and ended.
import { track } from "./live.mjs";
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
  await type(page, "[name=origins]", "https://typed.example.com");
  await press(page, "button", "Make a key for the app");
  await shows(page, "shown this once");
  const line = await text(page, "[aria-label='the curl line']");
  const secret = /sk_\w+/.exec(line)[0];
  const typed = await page.$eval("[name=origins]", (field) => field.value);
  const focus = await until(() => page.evaluate(() => document.activeElement.ariaLabel), "what has the focus");
  const copied = { line, focus, pasted: await pasted(page, "Copy the curl line") };
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
  return { ...shown, typed, copied, left: await rows(page), unlisted: await unlisted(page, given) };
}

/** What a copy button has put on the clipboard. */
async function pasted(page, label) {
  // It is said for three seconds only: the page itself looks out for it.
  const said = page.waitForFunction(() => document.body.innerText.includes("Copied"));
  await Promise.all([said, press(page, `button[aria-label='${label}']`)]);
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
  await track({ ...given, secret: key, keyless: null }, `of no list, by ${given.browser}`);
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
