// On the incident a person sees at once who was believed online wrongly, and which event did it.
import { strict as assert } from "node:assert";
import { behind, by, eventually, lanes, record, sample } from "./harness/hand.mjs";
import { onPage } from "./harness/page.mjs";

onPage("names the client that is believed online wrongly, and the record that did it", async (page) => {
  const began = Date.now();
  await sample(page);
  // The title of the worst finding comes first.
  const title = page.locator(".findings .finding").first().locator(".title");
  await title.waitFor();
  const words = await title.innerText();
  const found = /^(\S+) is believed online wrongly: the close of (\S+) was lost\s*record (\d+)$/.exec(words.trim());
  assert.ok(found, `\`${words}\``);
  const [, client, channel, number] = found;

  // Its lane is the first, and differs at the cursor.
  await eventually(() => lanes(page), (shown) => shown[0] === client);
  await eventually(() => behind(page), (table) => table[client]?.believed === "online" && ["open", "unknown"].includes(table[client]?.actual));

  // The count of all clients says so, too: what no event tells is no fact.
  await eventually(() => by(page, "online-at-cursor").innerText(), (words) => words === "1 believed, 0 in fact, 1 unknown");

  // Without a click the inspector shows the client and says why.
  await eventually(() => by(page, "inspected").innerText(), (shown) => shown.endsWith(client));
  await page.getByText("Belief and fact differ here.").waitFor();
  const believed = await by(page, "verdict-believed").innerText();
  assert.match(believed, /online/);
  assert.match(believed, new RegExp(`Channel ${channel} connected at .* and no closing of it has arrived`));
  assert.match(believed, new RegExp(`record ${number}\\b`), "the record that decided");
  assert.match(await by(page, "verdict-actual").innerText(), new RegExp(`Channel ${channel} has no closing in the whole recording`));
  assert.ok(Date.now() - began < 10_000, "within ten seconds");

  // And the record leads to the event.
  await title.click();
  await eventually(() => record(page), (at) => at === Number(number));
  const row = by(page, "events-table").locator(`tr[data-record="${number}"]`);
  await row.waitFor();
  assert.match(await row.innerText(), new RegExp(`${client}[\\s\\S]*${channel}[\\s\\S]*connect[\\s\\S]*Lost close`));
});

onPage("finds what the sample was made of", async (page) => {
  await sample(page);
  await page.locator(".finding").first().waitFor();
  const kinds = await page.locator(".finding").evaluateAll((all) => all.map((one) => one.dataset.kind));
  for (const kind of ["never_closed", "out_of_order", "duplicate", "overlap"]) assert.ok(kinds.includes(kind), `${kind} in ${kinds}`);
});
