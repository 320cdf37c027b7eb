// The site around the booth: shows what peers tell and what the watch says, posts what a finger asks.
// It keeps no state of its own but which card lies open.
const WORDS = {
  unack: "not acknowledged", acked: "acknowledged", rtn_unack: "gone, not acknowledged",
  latched_unack: "gone, waits for acknowledging and reset", latched: "gone, waits for a reset", normal: "normal",
};
const STANDING = {
  evacuate: "Fire: people leave, doors are open", end_visit: "Tampering: visits end", close_booth: "On battery: the booth closes",
};
const KNOBS = {
  delay: "Slow", drop: "Loses", garbage: "Garbage", truncate: "Cut off", late: "Late", wrong_unit: "Wrong unit",
  freeze: "Frozen", drift: "Drifts", flap: "Flaps", reboot: "Restart", clock_skew: "Clock",
};
const SHELF_S = 900;
const STORM_S = 10;
const MOST_BUTTONS = 3;
const UNITS = { degC: "°C", ohm: "Ω" };
const unit = (point) => UNITS[point.unit] || point.unit;
const LOOP = { open: "open: wire cut", short: "short circuit", odd: "odd: tampered" };
const spaced = (word) => String(word).replaceAll("_", " ");

export class SiteView {
  constructor(holder, post, make) {
    this.post = (body) => post("site", body);
    this.make = make;
    this.holder = holder;
    this.cards = new Map();
    this.site = null;
    const $ = (id) => document.getElementById(id);
    this.parts = {
      word: $("site-word"), alarms: $("site-alarms"), hidden: $("site-suppressed"), outputs: $("site-outputs"), told: $("site-told"),
      walk: $("site-walk"), walkDevice: $("walk-device"), storm: $("site-storm"), areas: $("site-areas"), count: $("site-count"),
    };
    this.parts.storm.addEventListener("click", () => this.post({ storm: this.site?.storm_left_s ? 0 : STORM_S }));
    this.parts.walk.addEventListener("click", () => {
      if (this.site?.walk_test) this.post({ do: "end_walk_test" });
      else this.post({ do: "walk_test", devices: [this.parts.walkDevice.value] });
    });
  }

  show(site) {
    this.site = site;
    if (!this.cards.size) this.build();
    for (const device of site.devices) this.showCard(device);
    this.showWatch();
  }

  // -- what the watch says --------------------------------------------------------------------------------------
  showWatch() {
    const { site, parts } = this;
    const announced = site.alarms.filter((one) => one.is_announced);
    const open = site.alarms.filter((one) => one.state !== "normal" && one.state !== "acked");
    const grave = site.standing.map((one) => STANDING[one] || one);
    const text = !site.is_watched ? "The watch over the site is not running."
      : grave.length ? grave.join(". ") + "."
      : announced.length ? `${announced.length} to look at.`
      : open.length ? `Nothing stands; ${open.length} to acknowledge or reset.` : "All is quiet.";
    if (parts.word.textContent !== text) parts.word.textContent = text;
    parts.word.className = "site-word" + (grave.length ? " grave" : site.is_watched && !announced.length ? " calm" : "");
    const count = announced.length ? String(announced.length) : "";
    if (parts.count.textContent !== count) {
      parts.count.textContent = count;
      parts.count.setAttribute("aria-label", count && `${count} alarms`);
    }
    const rank = ["fire", "panic", "intrusion", "fault", "supervisory", "info"];
    const isListed = (one) => !one.covers.includes("suppressed");
    const hidden = site.alarms.length - site.alarms.filter(isListed).length;
    put(parts.hidden, hidden ? `${hidden} more are suppressed: something in their way is lost.` : "");
    const alarms = site.alarms.filter(isListed).sort((a, b) => rank.indexOf(a.severity) - rank.indexOf(b.severity) || a.key.localeCompare(b.key));
    this.renew(parts.alarms, alarms, (one) => this.alarm(one), "No alarm.");
    this.renew(parts.outputs, this.outputs(), (one) => this.output(one), "The booth moves nothing here.");
    this.renew(parts.told, site.told.slice(0, 12), (one) =>
      this.make("li", { textContent: `${one.at.slice(11, 19)} ${spaced(one.act)}: ${one.words || one.rule}` }), "Nobody was told anything.");
    const storm = site.storm_left_s ? `Storm: ${Math.ceil(site.storm_left_s)} s left` : `Storm for ${STORM_S} s`;
    if (parts.storm.textContent !== storm) parts.storm.textContent = storm;
    parts.storm.setAttribute("aria-pressed", String(site.storm_left_s > 0));
    const walk = site.walk_test ? `End walk test (${site.walk_test.devices.join(", ")})` : "Begin walk test";
    if (parts.walk.textContent !== walk) parts.walk.textContent = walk;
    parts.walkDevice.hidden = Boolean(site.walk_test);
  }

  /** Rebuild a list only when it says something else, and leave the focus where it was. */
  renew(holder, items, build, empty) {
    const shown = JSON.stringify(items);
    if (holder.dataset.shown === shown) return;
    holder.dataset.shown = shown;
    const focused = holder.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    holder.replaceChildren(...(items.length ? items.map(build) : [this.make("li", { className: "empty", textContent: empty })]));
    if (focused) holder.querySelector(`[data-act="${CSS.escape(focused)}"]`)?.focus();
  }

  button(text, act, press, label) {
    const button = this.make("button", { type: "button", className: "small", textContent: text });
    button.dataset.act = act;
    if (label) button.setAttribute("aria-label", label);
    button.addEventListener("click", press);
    return button;
  }

  alarm(one) {
    const acts = [];
    const add = (text, verb, more = {}) => acts.push(this.button(
      text, `${verb} ${one.key}`, () => this.post({ do: verb, key: one.key, ...more }), `${text}${more.for_s ? " for 15 minutes" : ""}: ${one.key}`));
    if (one.state.includes("unack")) add("Acknowledge", "acknowledge");
    if (one.state.startsWith("latched")) add("Reset", "reset");
    if (one.severity !== "fire" && one.state !== "normal") {
      if (one.covers.includes("shelved")) add("Take off the shelf", "unshelve");
      else add("Shelve", "shelve", { for_s: SHELF_S });
    }
    const more = [WORDS[one.state] || one.state, ...one.covers.map(spaced), one.count > 1 ? `${one.count} times` : "",
      one.raised_at.slice(11, 19), one.acked_by ? `by ${one.acked_by}` : "", one.detail].filter(Boolean).join(", ");
    return this.make("li", {},
      this.make("div", { className: "what" },
        this.make("span", { className: `class ${one.severity}`, textContent: one.severity }), this.make("b", { textContent: one.key })),
      this.make("div", { className: "rest" },
        this.make("div", { className: "since", textContent: more }), this.make("div", { className: "acts" }, ...acts)));
  }

  outputs() {
    return this.site.devices.flatMap((device) => device.points.filter((point) => point.kind === "output").map((point) => ({
      key: `${device.name}.${point.name}`, seen: point.seen?.value ?? null, quality: point.seen?.quality ?? "", acts: point.acts,
      isReleased: this.site.released.includes(`${device.name}.${point.name}`),
    })));
  }

  output(one) {
    const say = this.make("span", { className: "say" }, this.make("b", { textContent: one.key }), " ", spaced(one.seen ?? "unknown"));
    if (one.quality && one.quality !== "good") say.append(` (${one.quality})`);
    if (one.isReleased) say.append(" ", this.make("span", { className: "mark-released", textContent: "released until reset" }));
    return this.make("li", {}, say, ...one.acts.map((act) => this.button(act, `${act} ${one.key}`,
      () => this.post({ do: "command", output: one.key, act, ...(act === "water" ? { for_s: 20 } : act === "open" ? { for_s: 5 } : {}) }),
      `Ask the booth: ${act} ${one.key}`)));
  }

  // -- what devices tell ----------------------------------------------------------------------------------------
  build() {
    const { make } = this;
    for (const area of this.site.areas) {
      const cards = make("div", { className: "cards" });
      const devices = this.site.devices.filter((device) => device.area === area);
      cards.append(...devices.map((device) => this.card(device)));
      this.parts.areas.append(make("section", {}, make("h3", { textContent: area }), cards));
    }
    const walked = this.site.devices.filter((device) => device.has_peer && device.points.some((point) => point.kind !== "output"));
    this.parts.walkDevice.replaceChildren(...walked.map((device) => make("option", { value: device.name, textContent: device.name })));
  }

  card(device) {
    const { make } = this;
    const state = make("span", { className: "state" });
    const found = make("p", { className: "found" });
    const points = new Map();
    const card = make("article", { className: "card", id: `device-${device.name}` },
      make("div", { className: "top" }, make("b", { textContent: device.name }), state),
      make("p", { className: "title", textContent: device.title, title: `${device.title}, on link ${device.link}` }));
    card.setAttribute("aria-label", `${device.name}: ${device.title}`);
    for (const point of device.points) {
      const shown = this.point(device, point);
      points.set(point.name, shown);
      card.append(shown.row);
    }
    card.append(found);
    const knobs = this.knobs(device);
    if (knobs) card.append(knobs.details);
    this.cards.set(device.name, { card, state, found, points, knobs });
    return card;
  }

  point(device, point) {
    const { make } = this;
    const seen = make("span", { className: "seen" });
    const control = make("span", { className: "control" });
    const set = (value) => this.post({ device: device.name, set: { [point.name]: value } });
    const label = `${device.name} ${spaced(point.name)}`;
    const shown = { seen, buttons: [], select: null, slider: null, value: null };
    if (point.is_settable && point.kind !== "event" && point.choices.length > MOST_BUTTONS) {
      shown.select = make("select", {}, ...point.choices.map((one) => make("option", { value: one, textContent: LOOP[one] || spaced(one) })));
      shown.select.setAttribute("aria-label", `Let ${label} be`);
      shown.select.addEventListener("change", () => set(shown.select.value));
      control.append(shown.select);
    } else if (point.is_settable && point.choices.length) {
      control.setAttribute("role", "group");
      control.setAttribute("aria-label", point.kind === "event" ? `At ${label} happens` : `Let ${label} be`);
      for (const choice of point.choices) {
        const button = make("button", { type: "button", textContent: spaced(choice) });
        button.dataset.value = choice;
        button.addEventListener("click", () => set(choice));
        shown.buttons.push(button);
      }
      control.append(...shown.buttons);
    } else if (point.is_settable) {
      const step = point.high - point.low > 50 ? 1 : 0.1;
      shown.slider = make("input", { type: "range", min: point.low, max: point.high, step });
      shown.slider.setAttribute("aria-label", `Let ${label} be, in ${unit(point)}`);
      shown.value = make("output");
      shown.slider.addEventListener("input", () => { shown.value.textContent = shown.slider.value; });
      shown.slider.addEventListener("change", () => set(Number(shown.slider.value)));
      control.append(shown.slider, shown.value);
    }
    shown.row = make("div", { className: "point" },
      make("span", { className: "name", textContent: spaced(point.name), title: point.name }), seen, control);
    return shown;
  }

  knobs(device) {
    if (!device.knobs.length) return null;
    const { make } = this;
    const summary = make("summary", { textContent: "Make it fail" });
    const selects = new Map();
    const grid = make("div", { className: "knobs" });
    for (const knob of device.knobs) {
      const turn = (value) => this.post({ device: device.name, knob: knob.name, value });
      if (knob.name === "reboot") {
        const button = make("button", { type: "button", textContent: KNOBS.reboot });
        button.setAttribute("aria-label", `Restart ${device.name}`);
        button.addEventListener("click", () => turn(1));
        grid.append(button);
        continue;
      }
      const select = make("select", {}, ...knob.choices.map(([value, word]) => make("option", { value, textContent: word })));
      select.setAttribute("aria-label", `${KNOBS[knob.name] || knob.name}: ${device.name}`);
      select.addEventListener("change", () => turn(Number(select.value)));
      selects.set(knob.name, select);
      grid.append(make("label", {}, KNOBS[knob.name] || spaced(knob.name), select));
    }
    return { details: make("details", {}, summary, grid), summary, selects };
  }

  showCard(device) {
    const { card, state, found, points, knobs } = this.cards.get(device.name);
    const health = device.has_peer ? device.health.state : "not simulated";
    card.dataset.state = health;
    const why = [health, ...device.health.signs.map(spaced), device.health.cause && spaced(device.health.cause)].filter(Boolean);
    state.className = `state ${health.split(" ")[0]}`;
    put(state, [...new Set(why)].join(", "));
    found.hidden = !device.found;
    put(found, device.found);
    for (const point of device.points) this.showPoint(point, points.get(point.name));
    if (!knobs) return;
    const turned = device.knobs.filter((knob) => knob.value);
    put(knobs.summary, turned.length ? `Fails on purpose: ${turned.map((knob) => (KNOBS[knob.name] || knob.name).toLowerCase()).join(", ")}` : "Make it fail");
    knobs.summary.classList.toggle("on", turned.length > 0);
    for (const knob of device.knobs) {
      const select = knobs.selects.get(knob.name);
      if (!select) continue;
      const near = knob.choices.reduce((best, one) => (Math.abs(one[0] - knob.value) < Math.abs(best[0] - knob.value) ? one : best));
      if (document.activeElement !== select) select.value = String(near[0]);
      select.classList.toggle("on", Boolean(knob.value));
    }
  }

  showPoint(point, shown) {
    const { seen, buttons, select, slider, value } = shown;
    const got = point.seen;
    const isNew = got?.value === null || got?.value === undefined;
    const text = point.is_private ? "kept private" : isNew ? (point.kind === "event" ? "no event" : "nothing yet")
      : `${spaced(got.value)}${point.kind === "number" ? ` ${unit(point)}` : ""}`;
    const doubts = got && got.quality !== "good" && got.cause !== "never" && point.kind !== "event";
    const doubt = doubts ? ` ${[got.quality, spaced(got.cause)].filter(Boolean).join(", ")}` : "";
    if (seen.dataset.shown !== text + doubt) {
      seen.dataset.shown = text + doubt;
      seen.replaceChildren(text, ...(doubt ? [this.make("small", { textContent: doubt })] : []));
    }
    seen.classList.toggle("bad", Boolean(doubt) && got.quality === "bad" && !isNew);
    for (const button of buttons) {
      if (point.kind !== "event") button.setAttribute("aria-pressed", String(button.dataset.value === point.set));
    }
    if (select && document.activeElement !== select) select.value = point.set;
    if (slider && document.activeElement !== slider && typeof point.set === "number") {
      slider.value = point.set;
      put(value, String(point.set));
    }
  }
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
