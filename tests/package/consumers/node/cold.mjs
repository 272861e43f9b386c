// Serverless: from the import to the first answer, in milliseconds.
const began = performance.now();
const { Presence } = await import("mqtt-presence");
const presence = new Presence();
presence.push('{"clientId":"a","channelId":"c","eventType":"connect","time":1}');
const online = presence.isOnline("a");
const took = performance.now() - began;
if (!online) throw new Error("the first answer is wrong");
console.log(took);
