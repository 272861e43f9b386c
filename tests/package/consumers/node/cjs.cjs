const { Presence } = require("mqtt-presence");

import("../events.mjs").then(({ answer }) => console.log(answer(new Presence())));
